// Worker thread: forecasts the batches that it is sent, one after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { forecastBatch, type ForecastSetup, type SeriesBatch } from './forecast-batch.ts'

// The only sender is the pool that started this thread.
const setup = workerData as ForecastSetup

parentPort?.on('message', (batch: SeriesBatch) => {
  const rows = forecastBatch(batch, setup)
  parentPort?.postMessage(
    rows,
    Object.values(rows).map(({ buffer }: Int32Array | Float64Array) => buffer as ArrayBuffer),
  )
})

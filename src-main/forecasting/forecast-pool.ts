// Worker threads that forecast batches; without built code next to it, as in tests of the sources, this thread does.
import { yieldToEventLoop } from '../statistics/yield-to-event-loop.ts'
import { findWorkerFile, WorkerThread } from '../threads/worker-thread.ts'
import { forecastBatch, type ForecastRows, type ForecastSetup, type SeriesBatch } from './forecast-batch.ts'

export interface ForecastPool {
  /** Batches that are worked on at once. */
  readonly size: number
  readonly forecast: (batch: SeriesBatch) => Promise<ForecastRows>
  readonly close: () => Promise<void>
}

export const openForecastPool = (setup: ForecastSetup, threads: number, signal: AbortSignal | undefined): ForecastPool => {
  const file = findWorkerFile('forecast-worker.cjs')
  if (file === undefined) {
    return {
      size: 1,
      forecast: async (batch) => {
        await yieldToEventLoop(signal)
        return forecastBatch(batch, setup)
      },
      close: () => Promise.resolve(),
    }
  }
  const workers = Array.from({ length: threads }, () => new WorkerThread<SeriesBatch, ForecastRows>(file, setup))
  let next = 0
  return {
    // A second batch waits at each thread, so that none idles while rows are stored.
    size: 2 * threads,
    forecast: (batch) => {
      const { series, metric, from, origin, ceiling, values } = batch
      const moved = [series, metric, from, origin, ceiling, values].map(({ buffer }) => buffer as ArrayBuffer)
      return workers[next++ % threads]!.ask(batch, moved)
    },
    close: async () => void (await Promise.all(workers.map((worker) => worker.close()))),
  }
}

// Worker threads that forecast batches; without built code next to it, as in tests of the sources, this thread does.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { yieldToEventLoop } from '../statistics/yield-to-event-loop.ts'
import { forecastBatch, type ForecastRows, type ForecastSetup, type SeriesBatch } from './forecast-batch.ts'

export interface ForecastPool {
  /** Batches that are worked on at once. */
  readonly size: number
  readonly forecast: (batch: SeriesBatch) => Promise<ForecastRows>
  readonly close: () => Promise<void>
}

const workerName = 'forecast-worker.cjs'

/** The worker next to this chunk, or in the folder above. */
const workerFile = (): string | undefined => {
  const folder = dirname(fileURLToPath(import.meta.url))
  return [folder, dirname(folder)].map((candidate) => join(candidate, workerName)).find((path) => existsSync(path))
}

export const openForecastPool = (setup: ForecastSetup, threads: number, signal: AbortSignal | undefined): ForecastPool => {
  const file = workerFile()
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
  const workers = Array.from({ length: threads }, () => new ForecastThread(new Worker(file, { workerData: setup })))
  let next = 0
  return {
    // A second batch waits at each thread, so that none idles while rows are stored.
    size: 2 * threads,
    forecast: (batch) => workers[next++ % threads]!.forecast(batch),
    close: async () => void (await Promise.all(workers.map((worker) => worker.close()))),
  }
}

/** Answers arrive in the order of the batches. */
class ForecastThread {
  readonly #worker: Worker
  readonly #waiting: { readonly resolve: (rows: ForecastRows) => void; readonly reject: (thrown: unknown) => void }[] = []
  #failure: HeadroomError | undefined

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (rows: ForecastRows) => this.#waiting.shift()?.resolve(rows))
    worker.on('error', (cause) => this.#fail(cause))
    worker.on('exit', () => this.#fail(undefined))
  }

  forecast(batch: SeriesBatch): Promise<ForecastRows> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      const { series, metric, from, origin, ceiling, values } = batch
      this.#worker.postMessage(batch, [
        series.buffer,
        metric.buffer,
        from.buffer,
        origin.buffer,
        ceiling.buffer,
        values.buffer,
      ] as ArrayBuffer[])
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #fail(cause: unknown): void {
    this.#failure ??= new HeadroomError('internal', 'A thread that forecasts ended early.', { cause })
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
  }
}

// Threads that draw and measure paths; for a small fleet, or without built code as in tests of the sources, this thread does.
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import { findWorkerFile, WorkerThread } from '../../threads/worker-thread.ts'
import type { PathTask } from './path-batches.ts'
import { PathWork, type PathAnswer, type PathRequest, type PathSetup } from './path-work.ts'

/** Simulated series and windows from which starting threads saves time. */
const minSimulations = 3000

export interface PathPool {
  /** Every thread answers. */
  readonly askAll: (request: PathRequest) => Promise<void>
  /** One thread answers each; the answers come in the order of the requests. */
  readonly askEach: (requests: readonly PathRequest[]) => Promise<PathAnswer[]>
  readonly close: () => Promise<void>
}

/** `simulations`: of series and windows, about. */
export const openPathPool = (setup: PathSetup, simulations: number, threads: number, signal: AbortSignal | undefined): PathPool => {
  const file = threads < 2 || simulations < minSimulations ? undefined : findWorkerFile('path-worker.cjs')
  return file === undefined ? poolOfThisThread(new PathWork(setup), signal) : poolOfThreads(file, setup, threads, signal)
}

export const poolOfThisThread = (work: PathWork, signal: AbortSignal | undefined): PathPool => ({
  askAll: async (request) => void work.answer(request),
  askEach: async (requests) => {
    const answers: PathAnswer[] = []
    for (const request of requests) {
      await yieldToEventLoop(signal)
      answers.push(work.answer(request))
    }
    return answers
  },
  close: () => Promise.resolve(),
})

export const poolOfThreads = (file: string, { task, paths }: PathSetup, threads: number, signal: AbortSignal | undefined): PathPool => {
  const { series, corrections, coverage, grid, config } = task
  const { seriesIds, metrics, thresholds, veryHighThresholds, isPercent, horizonMeans } = series
  const figures: PathTask = {
    series: { seriesIds, metrics, thresholds, veryHighThresholds, isPercent, horizonMeans },
    corrections,
    coverage,
    grid: { granularity: grid.granularity, step: grid.step },
    config: { seed: config.seed, sizing_confidence: config.sizing_confidence },
  }
  const workers = Array.from({ length: threads }, () => new WorkerThread<PathRequest, PathAnswer>(file, { task: figures, paths }))
  return {
    askAll: async (request) => void (await Promise.all(workers.map((worker) => worker.ask(request)))),
    askEach: async (requests) => {
      const answers: PathAnswer[] = []
      let next = 0
      // A thread takes the next request when it has answered; a second one waits there, so that it never idles.
      const serve = async (worker: WorkerThread<PathRequest, PathAnswer>): Promise<void> => {
        while (next < requests.length) {
          const index = next++
          answers[index] = await worker.ask(requests[index]!)
          await yieldToEventLoop(signal)
        }
      }
      await Promise.all([...workers, ...workers].map(serve))
      return answers
    },
    close: async () => void (await Promise.all(workers.map((worker) => worker.close()))),
  }
}

// Threads that draw and measure paths; for a small fleet, or without built code as in tests of the sources, this thread does.
import { findWorkerFile } from '../../threads/worker-thread.ts'
import { poolOfThisThread, poolOfThreads, type ThreadPool } from '../thread-pool.ts'
import { PathWork, type PathAnswer, type PathRequest, type PathSetup, type PathThreadSetup } from './path-work.ts'
import { sendPathTask } from './send-path-task.ts'

/** Simulated series and windows from which starting threads saves time. */
const minSimulations = 3000

export type PathPool = ThreadPool<PathRequest, PathAnswer>

/** `simulations`: of series and windows, about. `maxWorkers`: each takes 40 MB. */
export const openPathPool = (
  setup: PathSetup,
  simulations: number,
  threads: number,
  signal: AbortSignal | undefined,
  maxWorkers = threads,
): PathPool => {
  const file = threads < 2 || simulations < minSimulations ? undefined : findWorkerFile('path-worker.cjs')
  return file === undefined
    ? poolOfThisThread(new PathWork(setup), signal)
    : openPathThreads(file, setup, Math.min(threads, maxWorkers), signal)
}

export const openPathThreads = (file: string, { task, paths }: PathSetup, threads: number, signal: AbortSignal | undefined): PathPool =>
  poolOfThreads<PathRequest, PathAnswer>(file, { task: sendPathTask(task), paths } satisfies PathThreadSetup, threads, signal)

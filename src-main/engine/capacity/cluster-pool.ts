// Threads that compute on the paths of clusters; for few series, or without built code as in tests of the sources, this thread does.
import { availableParallelism } from 'node:os'
import type { Database } from '../../database/database.ts'
import { collectGarbage } from '../../database/result-memory.ts'
import { ReusedArrays, sharedSingles } from '../../threads/shared-arrays.ts'
import { findWorkerFile } from '../../threads/worker-thread.ts'
import { forgetResiduals, JointPaths, measureWindow, type PathWindow } from '../breach/joint-paths.ts'
import { createBatches, loadBatch, pathBatchOf, type SimulationTask } from '../breach/path-batches.ts'
import { sendPathTask } from '../breach/send-path-task.ts'
import type { StepRange } from '../breach/residual-runs.ts'
import { poolOfThisThread, poolOfThreads, type ThreadPool } from '../thread-pool.ts'
import { findWindows } from '../recommendations/check-placement.ts'
import { ClusterWork, type ClusterAnswer, type ClusterRequest, type ClusterSetup, type ClusterThreadSetup } from './cluster-work.ts'

/** Series from which starting threads saves time. */
const minSeries = 1000
/** All of them are in memory, 64 MB each; a larger fleet is read batch by batch in this thread. */
const maxBatches = 4

/** What a thread takes, the demand of a cluster's members above all, as a share of the database's limit. */
const databaseBytesPerThread = 400e6

/** As many as the memory limit leaves room for; none with a tight one or one core. */
export const countClusterThreads = async (database: Database): Promise<number> => {
  const cores = Math.min(database.threads, availableParallelism())
  return cores < 2 ? 0 : Math.min(cores, Math.floor((await database.memoryLimit()) / databaseBytesPerThread))
}

const keyOf = ({ from, to }: StepRange): string => `${from} ${to}`

/** Opens its threads when it is first asked. Close it. */
export class ClusterPool {
  readonly #task: SimulationTask
  readonly #setup: ClusterSetup
  readonly #threads: number
  readonly #signal: AbortSignal | undefined
  readonly #windows = new Map<string, PathWindow>()
  #pool: ThreadPool<ClusterRequest, ClusterAnswer> | undefined
  #range: StepRange | null | undefined

  constructor(task: SimulationTask, setup: ClusterSetup, threads: number, signal: AbortSignal | undefined) {
    this.#task = task
    this.#setup = setup
    this.#threads = threads
    this.#signal = signal
  }

  /** Answers about the paths of a backtest window, or over the horizon, in the order of the requests. */
  async ask(range: StepRange | null, requests: readonly ClusterRequest[]): Promise<ClusterAnswer[]> {
    const pool = (this.#pool ??= this.#open())
    if (range !== this.#range) {
      this.#range = range
      await pool.askAll({ paths: range === null ? null : (this.#windows.get(keyOf(range)) ?? { range, batches: [] }) })
    }
    return pool.askEach(requests)
  }

  async close(): Promise<void> {
    await this.#pool?.close()
  }

  #open(): ThreadPool<ClusterRequest, ClusterAnswer> {
    const task = this.#task
    const batches = createBatches(task)
    const isSmall = task.series.seriesIds.length < minSeries
    const file = this.#threads < 1 || isSmall || batches.length > maxBatches ? undefined : findWorkerFile('cluster-worker.cjs')
    if (file === undefined) {
      const open = (window: { readonly range: StepRange } | null): JointPaths =>
        window === null ? JointPaths.overHorizon(task) : JointPaths.overWindow(task, window.range)
      return poolOfThisThread(new ClusterWork(this.#setup, open, this.#signal), this.#signal)
    }
    forgetResiduals(task)
    collectGarbage()
    const ranges = findWindows(task)
    const forecasts = new ReusedArrays()
    const reused = {
      singles: (name: string, length: number): Float32Array =>
        name === 'predicted' ? forecasts.singles(name, length) : sharedSingles(length),
    }
    const loaded = batches.map((positions) => {
      const { residuals, ...batch } = pathBatchOf(loadBatch(task, positions, reused))
      const windows = ranges.map((range) => measureWindow(task, { ...batch, residuals }, range))
      // Forecasts of the backtest take as much memory as its errors: the array is that of the next batch.
      return { batch: { ...batch, residuals: { ...residuals, predicted: new Float32Array(0) } }, windows }
    })
    ranges.forEach((range, index) => this.#windows.set(keyOf(range), { range, batches: loaded.map(({ windows }) => windows[index]!) }))
    collectGarbage()
    const setup: ClusterThreadSetup = {
      setup: this.#setup,
      loaded: { task: sendPathTask(task), batches: loaded.map(({ batch }) => batch) },
    }
    return poolOfThreads(file, setup, this.#threads, this.#signal)
  }
}

// Opens configuration, staging folder, database and progress for a run, and removes everything after a failure.
import { randomUUID } from 'node:crypto'
import type { AnalysisConfig, AnalysisMethod } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { Database } from '../database/database.ts'
import { watchMemory, type MemoryWatch } from '../database/memory-watch.ts'
import { loadHolidays } from '../forecasts/calendar-tables.ts'
import { createStagingFolder, type StagingFolder } from '../run-folder/staging-folder.ts'
import type { AnalysisRequest, AnalysisResult, AnalysisWork } from './analysis-request.ts'
import { databaseMemory, leastPeakBytes, parseMemoryLimit } from './resource-limits.ts'
import { headroom } from './methods/headroom.ts'
import type { Method } from './methods/method.ts'
import { module05 } from './methods/module05.ts'
import { parseConfig } from '../config/parse-config.ts'
import { createProgressReporter, type ProgressReporter } from './progress.ts'

const methods: Readonly<Record<AnalysisMethod, Method>> = { headroom, module05 }

/** A run in progress. */
export interface Run {
  readonly request: AnalysisRequest
  readonly work: AnalysisWork
  readonly config: AnalysisConfig
  readonly method: Method
  readonly staging: StagingFolder
  readonly database: Database
  readonly progress: ProgressReporter
  readonly runId: string
  readonly spillFolder: string
  readonly startedAt: number
  /** Leaves the arrays of so many series their share of the memory limit. */
  readonly fitDatabase: (series: number, stage?: 'paths' | 'tables') => Promise<void>
}

/** Runs `stages`, which commit the staging folder to `request.out`. Throws HeadroomError; after a failure nothing is left at `out`. */
export const createRun = async (
  request: AnalysisRequest,
  work: AnalysisWork,
  stages: (run: Run) => Promise<AnalysisResult>,
): Promise<AnalysisResult> => {
  const startedAt = performance.now()
  const config = parseConfig(request.config, request.method)
  const method = methods[request.method]
  const staging = await createStagingFolder(request.out)
  const { spillFolder } = staging
  try {
    const limit = parseMemoryLimit(request.memoryLimit)
    let databaseLimit = databaseMemory(limit)
    const database = await Database.open({
      threads: request.threads,
      memoryLimit: databaseLimit,
      spillFolder,
      signal: work.signal,
      whileOpening: preloadHolidays,
    })
    let watch: MemoryWatch | undefined
    try {
      watch = await watchMemory(database, () => databaseLimit, { limit: Math.max(limit, leastPeakBytes) })
      const runId = request.runId ?? randomUUID()
      work.onEvent?.({ type: 'started', run_id: runId, inputs: [...request.inputs] })
      const progress = createProgressReporter(work.onEvent)
      const fitDatabase: Run['fitDatabase'] = async (series, stage) => {
        databaseLimit = databaseMemory(limit, series, stage)
        await database.run(`SET GLOBAL memory_limit = '${databaseLimit}'`)
      }
      return await stages({ request, work, config, method, staging, database, progress, runId, spillFolder, startedAt, fitDatabase })
    } finally {
      await watch?.stop()
      database.close()
    }
  } catch (thrown) {
    throw isDiskFull(thrown)
      ? new HeadroomError('disk-full', 'The disk is full.', { next: 'Free some space and run again.', cause: thrown })
      : thrown
  } finally {
    // Whatever cannot be removed is swept by the next start; it never costs a run or hides why there is none.
    await staging.close().catch(() => undefined)
  }
}

/** Takes as long as opening the database, which another thread does. A failure appears where the holidays are dated. */
const preloadHolidays = (): void => void loadHolidays().catch(() => undefined)

/** The file system's error; DuckDB reports a full disk in its own way. */
const isDiskFull = (thrown: unknown): boolean => (thrown as NodeJS.ErrnoException).code === 'ENOSPC'

// Completes a run from Spark output, by the last steps of any analysis (decision 15).
import { resolve } from 'node:path'
import { escapeGlob, literal, type Database } from '../../database/database.ts'
import { concatenateFiles, findJoinableFiles } from '../../parquet/append-columns.ts'
import type { AnalysisResult, AnalysisWork } from '../analysis-request.ts'
import { completeRun } from '../analyze.ts'
import { createRun } from '../create-run.ts'
import { countSeries, type FleetParts } from '../run-stages.ts'
import { assertDiskSpace, estimateRunBytes } from '../resource-limits.ts'
import type { ForecastFile } from '../../forecasts/forecast-files.ts'
import { assertFileRows, withoutPause, type FlaggedFileWriting } from '../flagged-forecasts/write-flagged-forecasts.ts'
import { findFlaggedFiles, loadSparkOutput } from './load-spark-output.ts'
import { readSparkOutputNotes } from './spark-output.ts'

export interface FinishSparkRequest {
  /** The `stage` folder of a finished Spark job. */
  readonly sparkOutput: string
  /** The run folder to write; it must be missing or empty. */
  readonly out: string
  readonly eventsTable?: string | undefined
  readonly runId?: string | undefined
  readonly threads?: number | undefined
  readonly memoryLimit?: string | undefined
}

/** Like `analyze`, with the settings, forced model and servers table of the Spark plan. */
export const finishSparkRun = (request: FinishSparkRequest, work: AnalysisWork = {}): Promise<AnalysisResult> =>
  completeSparkRun(request, work)

/** `parts`: work of other processes. `selectedRows`: whether these have checked the rows of the selected models. */
export const completeSparkRun = async (
  { sparkOutput, ...request }: FinishSparkRequest,
  work: AnalysisWork,
  parts: FleetParts = {},
  selectedRows: 'unchecked' | 'checked' = 'unchecked',
): Promise<AnalysisResult> => {
  const folder = resolve(sparkOutput)
  const notes = await readSparkOutputNotes(folder)
  const { config, forced_model: model } = notes
  return createRun(
    { ...request, inputs: [folder], method: 'headroom', config, ...(model === null ? {} : { model }) },
    work,
    async (run) => {
      const { database, staging, progress } = run
      progress.start('open')
      await assertDiskSpace(staging.folder, request.out, estimateRunBytes(await findFlaggedFiles(database, folder)))
      const fleet = await loadSparkOutput(database, folder, notes, request.eventsTable, progress, selectedRows)
      await run.fitDatabase(await countSeries(database))
      const startFlaggedFile = (path: string): Promise<FlaggedFileWriting> =>
        startJoining(database, fleet.dataset.files, fleet.validation.rows, path, work.signal)
      return completeRun(run, fleet, startFlaggedFile, parts)
    },
  )
}

/** Joins the shards in order; copies their pages if possible. */
const startJoining = async (
  database: Database,
  flaggedFiles: readonly ForecastFile[],
  rows: number,
  path: string,
  signal: AbortSignal | undefined,
): Promise<FlaggedFileWriting> => {
  const joiningAbort = new AbortController()
  const abort = (): void => joiningAbort.abort()
  signal?.addEventListener('abort', abort)
  const connection = await database.openConnection()
  await connection.trackProgress()
  const paths = flaggedFiles.map((flaggedFile) => flaggedFile.path)
  const write = async (): Promise<string | undefined> => {
    const joinable = await findJoinableFiles(paths)
    const sha256 = joinable === undefined ? undefined : await concatenateFiles(path, joinable, joiningAbort.signal)
    if (joinable === undefined) await connection.run(rewriteSql(paths, path))
    await assertFileRows(connection, path, rows)
    return sha256
  }
  const finished = write().finally(() => {
    signal?.removeEventListener('abort', abort)
    connection.close()
  })
  // Awaited at the end; until then a failure must not count as unhandled.
  finished.catch(() => undefined)
  return {
    ...withoutPause,
    progress: () => connection.progress(),
    finished,
    stop: async () => {
      joiningAbort.abort()
      connection.connection.interrupt()
      await finished.catch(() => undefined)
    },
  }
}

const rewriteSql = (paths: readonly string[], target: string): string => {
  const list = paths.map((path) => literal(escapeGlob(path))).join(', ')
  return `COPY (SELECT * FROM read_parquet([${list}], hive_partitioning = false, union_by_name = true))
          TO ${literal(target)} (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false)`
}

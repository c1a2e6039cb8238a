// The second stage: what a Spark job left becomes a run folder, by the same steps as any analysis (decision 15).
import { resolve } from 'node:path'
import { literal, type Database } from '../../database/database.ts'
import { concatenateFiles, findJoinableFiles } from '../../parquet/append-columns.ts'
import type { AnalysisResult, AnalysisWork } from '../analysis-request.ts'
import { makeRun, type RunRows } from '../analyze.ts'
import { assertDiskSpace, neededBytes } from '../check-disk-space.ts'
import { literalPath, type SourceFile } from '../source-files.ts'
import { assertFlaggedRows, type FlaggedWriting } from '../write-flagged-forecasts.ts'
import { findShards, loadStage } from './load-stage.ts'
import { readStageNotes, type StageNotes } from './stage-folder.ts'

export interface FinishRequest {
  /** The `stage` folder of a finished Spark job. */
  readonly stage: string
  /** Run folder to make; must not exist or be empty. */
  readonly out: string
  readonly eventsTable?: string | undefined
  readonly runId?: string | undefined
  readonly threads?: number | undefined
  readonly memoryLimit?: string | undefined
}

/** As `analyze`; settings, forced model and servers table are those that the stage was planned with. */
export const finishStage = async ({ stage, ...request }: FinishRequest, work: AnalysisWork = {}): Promise<AnalysisResult> => {
  const folder = resolve(stage)
  const notes = await readStageNotes(folder)
  const { config, forced_model: model } = notes
  return makeRun(
    { ...request, inputs: [folder], method: 'headroom', config, ...(model === null ? {} : { model }) },
    work,
    stageRows(folder, notes),
  )
}

const stageRows = (folder: string, notes: StageNotes): RunRows => ({
  assess: async ({ request, draft, database }, progress) => {
    progress.start('open')
    await assertDiskSpace(draft.folder, request.out, neededBytes(await findShards(database, folder)))
    return loadStage(database, folder, notes, request.eventsTable, progress)
  },
  beginFlagged: ({ database, work }, { source, screening }, path) =>
    beginJoining(database, source.files, screening.rows, path, work.signal),
})

/** The shards one after the other: their pages are copied where they can be. */
const beginJoining = async (
  database: Database,
  shards: readonly SourceFile[],
  rows: number,
  path: string,
  signal: AbortSignal | undefined,
): Promise<FlaggedWriting> => {
  const own = new AbortController()
  const abort = (): void => own.abort()
  signal?.addEventListener('abort', abort)
  const beside = await database.connectBeside()
  const paths = shards.map((shard) => shard.path)
  const write = async (): Promise<void> => {
    const joinable = await findJoinableFiles(paths)
    if (joinable !== undefined) await concatenateFiles(path, joinable, own.signal)
    else await beside.run(rewrite(paths, path))
    await assertFlaggedRows(beside, path, rows)
  }
  const finished = write().finally(() => {
    signal?.removeEventListener('abort', abort)
    beside.close()
  })
  // Awaited at the end; until then a failure must not count as unhandled.
  finished.catch(() => undefined)
  return {
    progress: () => beside.progress(),
    finished,
    stop: async () => {
      own.abort()
      beside.connection.interrupt()
      await finished.catch(() => undefined)
    },
  }
}

const rewrite = (paths: readonly string[], target: string): string => {
  const list = paths.map((path) => literal(literalPath(path))).join(', ')
  return `COPY (SELECT * FROM read_parquet([${list}], hive_partitioning = false, union_by_name = true))
          TO ${literal(target)} (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false)`
}

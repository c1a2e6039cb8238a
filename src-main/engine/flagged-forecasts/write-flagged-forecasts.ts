// Writes risk_flagged_forecasts.parquet: every input row and column, unchanged and in order, plus the flags of section 9.
import { basename } from 'node:path'
import { z } from 'zod'
import { escapeGlob, literal, type Database } from '../../database/database.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { appendColumns, findJoinableFiles, type JoinableFiles } from '../../parquet/append-columns.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import { createFlagLists, type FlagLists } from './flag-lists.ts'
import { writeFlagParts } from './flag-parts.ts'
import { findBackgroundFile, openBackgroundWriter, openOwnWriter } from './flag-writers.ts'
import type { ForecastDataset } from '../../forecasts/forecast-dataset.ts'

/** The writing of the file, in parallel with other work. */
export interface FlaggedFileWriting {
  /** Share done, 0..1. */
  readonly progress: () => number
  /** Lets other work go first until `resume`, where the way of writing can wait. */
  readonly pause: () => void
  readonly resume: () => void
  /** Nothing goes first any more. */
  readonly hurry: () => void
  /** Ends when the file is written, with its SHA-256 where the writer knows it. Fails when a row went missing. */
  readonly finished: Promise<string | undefined>
  /** Ends the writing early; `finished` then fails. */
  readonly stop: () => Promise<void>
}

export interface FlaggedTask {
  readonly dataset: ForecastDataset
  readonly calendar: Calendar
  /** Rows of the dataset. */
  readonly rows: number
  /** File to write. */
  readonly path: string
  /** Folder for files that are gone in the end. */
  readonly spillFolder: string
  /** Whether another process may take `backgroundBytes`. */
  readonly hasRoomForProcess: boolean
  /** Whether one connection writes instead of several, to stay within the limit. */
  readonly isMemoryShort: boolean
  readonly signal: AbortSignal | undefined
}

/**
 * Starts to write the file on separate connections; reads `source` and `series_risk`. Copies the pages of the input if its files allow
 * that, and encodes only the flags. Other datasets are rewritten row by row.
 */
export const startFlaggedForecasts = async (database: Database, task: FlaggedTask): Promise<FlaggedFileWriting> => {
  const joinable = await findJoinableFiles(task.dataset.readFiles.map(({ path }) => path))
  const connection = await database.openConnection()
  await connection.trackProgress()
  const writing =
    joinable !== undefined && holdsAllColumns(joinable, task.dataset)
      ? await startJoining(database, joinable, task)
      : startRewriting(connection, task, await createFlagLists(connection, task.dataset))
  const write = async (): Promise<string | undefined> => {
    const sha256 = await writing.finished
    await assertFileRows(connection, task.path, task.rows)
    return sha256
  }
  const finished = write().finally(() => connection.close())
  // Awaited at the end; until then a failure must not count as unhandled.
  finished.catch(() => undefined)
  return {
    progress: writing.progress,
    pause: writing.pause,
    resume: writing.resume,
    hurry: writing.hurry,
    finished,
    stop: async () => {
      writing.stop()
      await finished.catch(() => undefined)
    },
  }
}

/** A way of writing: `finished` ends when the file is there, or when everything that wrote it has ended. */
interface Writing extends Pick<FlaggedFileWriting, 'progress' | 'pause' | 'resume' | 'hurry' | 'finished'> {
  readonly stop: () => void
}

/** For work that cannot wait. */
export const withoutPause: Pick<FlaggedFileWriting, 'pause' | 'resume' | 'hurry'> = {
  pause: () => undefined,
  resume: () => undefined,
  hurry: () => undefined,
}

/** Whether the files hold exactly the dataset's columns: none from paths, and none with DuckDB's row numbers. */
const holdsAllColumns = ({ columns }: JoinableFiles, { schema }: ForecastDataset): boolean =>
  columns.length === schema.length &&
  columns.every((name, index) => name === schema[index]!.column && name.toLowerCase() !== 'file_row_number')

const startJoining = async (
  database: Database,
  joinable: JoinableFiles,
  { dataset, calendar, rows, path, spillFolder, hasRoomForProcess, isMemoryShort, signal }: FlaggedTask,
): Promise<Writing> => {
  const file = hasRoomForProcess ? findBackgroundFile(rows) : undefined
  const writer =
    file === undefined
      ? await openOwnWriter(database, dataset, ...(isMemoryShort ? [1] : []))
      : await openBackgroundWriter(database, dataset, { file, folder: spillFolder })
  const parts = writeFlagParts(writer, joinable, { source: dataset, calendar, folder: spillFolder })
  const write = async (): Promise<string> => {
    try {
      return await appendColumns(path, joinable, parts.paths(), signal)
    } finally {
      await parts.close()
    }
  }
  return { ...parts, finished: write() }
}

/** Without Bloom filters, which DuckDB holds in memory until the end. */
const startRewriting = (database: Database, { dataset, calendar, path }: FlaggedTask, lists: FlagLists): Writing => {
  const write = async (): Promise<undefined> => {
    const servers = lists.allServers ?? (await lists.enumerateServers(database, dataset))
    const flagged = lists.addFlags('source', dataset, calendar, servers, 'source.*')
    await database.run(`COPY (${flagged}) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false)`)
  }
  return { ...withoutPause, progress: () => database.progress(), finished: write(), stop: () => database.connection.interrupt() }
}

/** Throws internal where the file holds another number of rows. */
export const assertFileRows = async (database: Database, path: string, rows: number): Promise<void> => {
  const written = await database.row(
    `SELECT CAST(sum(num_rows) AS DOUBLE) AS rows FROM parquet_file_metadata(${literal(escapeGlob(path))})`,
    z.object({ rows: z.number() }),
  )
  if (written.rows !== rows) {
    throw new HeadroomError('internal', `${basename(path)} holds ${written.rows} rows instead of ${rows}.`, {
      next: 'Was the input replaced while it was read? Run again.',
    })
  }
}

// What writes the flags of a dataset part by part: a process of lower priority, or connections of the engine's own database.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BackgroundDatabase, type Statements } from '../../database/background-database.ts'
import { literal, type Database } from '../../database/database.ts'
import type { ForecastDataset } from '../../forecasts/forecast-dataset.ts'
import { findWorkerFile } from '../../threads/worker-thread.ts'
import { createFlagLists, flagLists, type FlagLists } from './flag-lists.ts'

/** Connections write in parallel, each one part after the other. */
export interface FlagWriter {
  readonly connections: number
  /** Runs what writes a part. */
  readonly write: <T>(connection: number, part: (statements: Statements, lists: FlagLists) => Promise<T>) => Promise<T>
  /** Whether other work goes first without asking it to pause. */
  readonly givesWay: () => boolean
  /** Nothing goes first any more. */
  readonly hurry: () => void
  /** Parts under way that are done, about, in parts. */
  readonly progress: () => number
  readonly interrupt: () => void
  readonly close: () => Promise<void>
}

/** Statements that run in parallel; each occupies one of Node's few worker threads. */
const maxConnections = 3

/** Connections of this database, at most so many: each takes memory that DuckDB does not count. Reads `series_risk`. */
export const openOwnWriter = async (database: Database, dataset: ForecastDataset, atMost = maxConnections): Promise<FlagWriter> => {
  const lists = await createFlagLists(database, dataset)
  const connections = await Promise.all(Array.from({ length: Math.min(database.threads, atMost) }, async () => database.openConnection()))
  for (const connection of connections) await connection.trackProgress()
  return {
    connections: connections.length,
    write: (connection, part) => part(connections[connection]!, lists),
    givesWay: () => false,
    hurry: () => undefined,
    progress: () => Math.max(...connections.map((connection) => connection.progress())),
    interrupt: () => connections.forEach((connection) => connection.connection.interrupt()),
    close: async () => connections.forEach((connection) => connection.close()),
  }
}

/** Bytes that the other process may take: those of its database, and half as many for the program and what DuckDB does not count. */
export const backgroundBytes = 300e6
const backgroundDatabaseBytes = 200e6
/** More would take more memory than its database may use. */
const maxBackgroundThreads = 4
/** Rows from which the process saves more than its start takes. */
const minBackgroundRows = 5_000_000

/** The code of the other process; undefined where it would not pay or cannot be run, as in Electron. */
export const findBackgroundFile = (rows: number): string | undefined =>
  rows < minBackgroundRows || process.versions['electron'] !== undefined ? undefined : findWorkerFile('background-process.cjs')

/**
 * A process of lower priority: this one computes mostly on one thread, and what the processors have left is enough for the flags. Where it
 * fails, this process writes the part again, and all later ones. `folder`: for what it needs of `series_risk`, and for what does not fit
 * into its memory.
 */
export const openBackgroundWriter = async (
  database: Database,
  dataset: ForecastDataset,
  { file, folder }: { readonly file: string; readonly folder: string },
): Promise<FlagWriter> => {
  const results = join(folder, 'flag-results.parquet')
  const columns = ['server_id', 'metric', ...Object.values(flagLists)].join(', ')
  await database.run(`COPY (SELECT ${columns} FROM series_risk) TO ${literal(results)} (FORMAT parquet)`)
  const spillFolder = join(folder, 'flag-process')
  await mkdir(spillFolder)
  const threads = Math.min(database.threads, maxBackgroundThreads)
  const background = new BackgroundDatabase(file, { threads, memoryLimit: `${backgroundDatabaseBytes}B`, spillFolder })
  const connections = Array.from({ length: Math.min(threads, maxConnections) }, (_, index) => background.connection(index))
  const [first] = connections
  const createLists = async (): Promise<FlagLists> => {
    await first!.run(`CREATE TABLE series_risk AS SELECT * FROM read_parquet(${literal(results)})`)
    return createFlagLists(first!, dataset)
  }
  const lists = createLists()
  // Awaited by each part; until then a failure must not count as unhandled.
  lists.catch(() => undefined)
  let own: Promise<FlagWriter> | undefined
  let isInterrupted = false
  return {
    connections: connections.length,
    write: async (connection, part) => {
      if (own === undefined) {
        try {
          return await part(connections[connection]!, await lists)
        } catch (thrown) {
          if (isInterrupted) throw thrown
        }
      }
      own ??= openOwnWriter(database, dataset)
      const writer = await own
      return writer.write(connection % writer.connections, part)
    },
    givesWay: () => own === undefined,
    // Another program may leave a low priority no time at all: what is left is written here.
    hurry: () => void background.close(),
    progress: () => 0,
    interrupt: () => {
      isInterrupted = true
      void background.close()
      own?.then((writer) => writer.interrupt()).catch(() => undefined)
    },
    close: async () => {
      await background.close()
      const writer = await own?.catch(() => undefined)
      await writer?.close()
      await Promise.all([results, spillFolder].map((path) => rm(path, { recursive: true, force: true })))
    },
  }
}

// The database that run folders are queried in: bounded memory, and a temporary folder for what exceeds it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../../database/database.ts'

/** Leaves memory for an analysis in the same process. */
const memoryLimit = '2GB'

export interface QueryDatabase {
  readonly database: Database
  /** Removes the temporary folder too. */
  readonly close: () => Promise<void>
}

export const openQueryDatabase = async (signal?: AbortSignal): Promise<QueryDatabase> => {
  const spillFolder = await mkdtemp(join(tmpdir(), 'headroom-queries-'))
  const removeSpillFolder = (): Promise<void> => rm(spillFolder, { recursive: true, force: true })
  try {
    const database = await Database.open({ memoryLimit, spillFolder, signal })
    return {
      database,
      close: () => {
        database.close()
        return removeSpillFolder()
      },
    }
  } catch (error) {
    await removeSpillFolder()
    throw error
  }
}

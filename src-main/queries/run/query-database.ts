// The database that run folders are queried in: bounded memory, and a temporary folder for what exceeds it.
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { Database } from '../../database/database.ts'
import { makeTemporaryFolder } from '../../run-folder/make-folders.ts'

/** Leaves memory for an analysis in the same process. */
const memoryLimit = '2GB'

export interface QueryDatabase {
  readonly database: Database
  /** Removes the temporary folder too. */
  readonly close: () => Promise<void>
}

export const openQueryDatabase = async (signal?: AbortSignal): Promise<QueryDatabase> => {
  const spillFolder = await makeTemporaryFolder(join(tmpdir(), 'headroom-queries-'))
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

/** A run's files fit every query of the Headroom that wrote them: where one fails, they are others. Throws run-damaged. */
export const readingRun = async <Value>(folder: string, work: () => Promise<Value>): Promise<Value> => {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof HeadroomError) || !cause.isRaw) throw cause
    throw new HeadroomError('run-damaged', `The files of the run in ${folder} do not fit each other.`, {
      next: 'Download or analyse the run again.',
      cause,
      ...(cause.sql === undefined ? {} : { sql: cause.sql }),
    })
  }
}

// The database that run folders are queried in: bounded memory, and a temporary folder for what exceeds it.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { Database } from '../../database/database.ts'
import { makeTemporaryFolder } from '../../run-folder/temporary-folder.ts'

/** For a command, which asks about a whole fleet. */
const defaultMemoryLimit = '2GB'
/** For the window's engine process, whose limit is 1 GB: what views keep of a million servers takes half of it. Their scatter needs more than 300 MB. */
export const windowMemoryLimit = '400MB'

export interface QueryDatabase {
  readonly database: Database
  /** Removes the temporary folder too. */
  readonly close: () => Promise<void>
}

export const openQueryDatabase = async (signal?: AbortSignal, memoryLimit = defaultMemoryLimit): Promise<QueryDatabase> => {
  const { path: spillFolder, remove } = await makeTemporaryFolder('queries')
  try {
    const database = await Database.open({ memoryLimit, spillFolder, signal, tracksProgress: true })
    return {
      database,
      close: () => {
        database.close()
        return remove()
      },
    }
  } catch (error) {
    await remove()
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

// Opens a run folder for queries: of our own straight over its files, of the Python job after computing what it lacks.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { completeConfig } from '../../../src-shared/config/analysis-config.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { Database } from '../../database/database.ts'
import { describeRun } from './describe-run.ts'
import type { OpenRun } from './open-run.ts'
import { readRunContents, type RunContents } from './run-contents.ts'
import { createRunTables } from './run-tables.ts'

/** Queries leave room for an analysis in the same process. */
const memoryLimit = '2GB'

/** The files mark holidays but do not name them. */
const readHolidayNames = async ({ manifest }: RunContents, { extent }: RunOverview): Promise<Map<string, string>> => {
  const { holidayDates } = await import('../../calendar/calendar.ts')
  const config = manifest?.config ?? completeConfig({}, 'headroom')
  const year = (timeMs: number): number => new Date(timeMs).getUTCFullYear()
  const holidays = holidayDates(config, year(extent.startMs), year(extent.endMs))
  return new Map(holidays.map(({ day, name }) => [day, name]))
}

export interface OpenOptions {
  /** Bytes of recommendations that are read whole. */
  readonly maxWholeBytes?: number
}

/** Throws HeadroomError: run-not-found, run-damaged, or what its tables hold against it. */
export const openRunFolder = async (folder: string, { maxWholeBytes }: OpenOptions = {}): Promise<OpenRun> => {
  const contents = await readRunContents(folder, maxWholeBytes)
  const spillFolder = await mkdtemp(join(tmpdir(), 'headroom-queries-'))
  const removeSpill = (): Promise<void> => rm(spillFolder, { recursive: true, force: true })
  const database = await Database.open({ memoryLimit, spillFolder })
  const closeAll = (): void => {
    database.close()
    void removeSpill()
  }
  try {
    if (contents.manifest !== null) await createRunTables(database, folder, contents.manifest)
    else await (await import('../../engine/methods/assess-module05-run.ts')).assessModule05Run(database, folder)
    const overview = await describeRun(database, contents)
    let cachedNames: Promise<Map<string, string>> | undefined
    const holidayNames = (): Promise<Map<string, string>> => (cachedNames ??= readHolidayNames(contents, overview))
    return { contents, database, overview, holidayNames, grids: new Map(), close: closeAll }
  } catch (error) {
    closeAll()
    throw error
  }
}

// Opens a run folder for queries: its tables in a database, and its overview.
import { module05FolderConfig } from '../../../src-shared/config/analysis-config.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { describeRun } from './describe-run.ts'
import type { OpenRun } from './open-run.ts'
import { openQueryDatabase, readingRun } from './query-database.ts'
import { readRunContents, type RunContents } from './run-contents.ts'
import { createRunTables } from './run-tables.ts'
import { openRunZone } from './run-zone.ts'

/** Runs of earlier versions mark holidays but do not name them: the calendar does, which takes longer than the rest of opening. */
const readHolidayNames = async ({ manifest }: RunContents, { extent }: RunOverview): Promise<Map<string, string>> => {
  if (manifest !== null && manifest.holidays !== null) return new Map(manifest.holidays.map(({ day, name }) => [day, name]))
  const { holidayDates } = await import('../../calendar/holidays.ts')
  const config = manifest?.config ?? module05FolderConfig()
  const year = (timeMs: number): number => new Date(timeMs).getUTCFullYear()
  const holidays = holidayDates(config, { firstYear: year(extent.startMs), lastYear: year(extent.endMs) })
  return new Map(holidays.map(({ day, name }) => [day, name]))
}

/** Throws run-not-found, run-damaged, cancelled, and what the tables of a Module 05 folder are rejected for. */
export const openRunFolder = (folder: string, signal?: AbortSignal, memoryLimit?: string): Promise<OpenRun> =>
  readingRun(folder, () => openTables(folder, signal, memoryLimit))

const openTables = async (folder: string, signal?: AbortSignal, memoryLimit?: string): Promise<OpenRun> => {
  const contents = await readRunContents(folder)
  const { database, close } = await openQueryDatabase(signal, memoryLimit)
  try {
    await createRunTables(database, contents)
    const overview = await describeRun(database, contents)
    let cachedNames: Promise<Map<string, string>> | undefined
    const holidayNames = (): Promise<Map<string, string>> => (cachedNames ??= readHolidayNames(contents, overview))
    return { contents, database, overview, zone: openRunZone(overview.timeZone, overview.extent), holidayNames, grids: new Map(), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Opens the run folder for the time of `work`. */
export const withRunFolder = async <Result>(
  folder: string,
  work: (run: OpenRun) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> => {
  const run = await openRunFolder(folder, signal)
  try {
    return await readingRun(folder, () => work(run))
  } finally {
    await run.close()
  }
}

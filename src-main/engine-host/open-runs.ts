// The runs that are open in this process: one database each, queries one after the other, the least recent closed first.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { completeConfig } from '../../src-shared/analysis-config.ts'
import type { RunOverview } from '../../src-shared/run-view.ts'
import { assessPythonRun } from '../engine/assess-python-run.ts'
import { holidayDates } from '../engine/calendar.ts'
import { Database } from '../database/database.ts'
import { describeRun } from '../queries/describe-run.ts'
import type { OpenRun } from '../queries/open-run.ts'
import { readRunContents, type RunContents } from '../queries/run-contents.ts'
import { createRunRelations } from '../queries/run-relations.ts'

const keptOpen = 2
/** Queries leave room for an analysis in the same process. */
const memoryLimit = '2GB'

interface Entry {
  readonly run: Promise<OpenRun>
  /** Ends when the last query asked so far has ended. */
  queue: Promise<unknown>
}

export class OpenRuns {
  readonly #entries = new Map<string, Entry>()

  /** Runs a query on a run, which is opened first where it is not yet. */
  query<Value>(folder: string, work: (run: OpenRun) => Promise<Value>): Promise<Value> {
    const key = resolve(folder)
    const entry = this.#entries.get(key) ?? this.#open(key)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const answer = entry.queue.then(async () => work(await entry.run))
    entry.queue = answer.catch(() => undefined)
    this.#closeLeastRecent()
    return answer
  }

  /** Opens afresh: the folder may hold another run by now. */
  reopen(folder: string): Promise<OpenRun> {
    const key = resolve(folder)
    const known = this.#entries.get(key)
    this.#entries.delete(key)
    if (known !== undefined) close(known)
    return this.query(folder, async (run) => run)
  }

  #open(key: string): Entry {
    const run = openRun(key)
    const entry: Entry = { run, queue: Promise.resolve() }
    run.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    return entry
  }

  #closeLeastRecent(): void {
    for (const [key, entry] of [...this.#entries].slice(0, -keptOpen)) {
      this.#entries.delete(key)
      close(entry)
    }
  }
}

const close = (entry: Entry): void => void entry.queue.then(async () => (await entry.run).close()).catch(() => undefined)

/** The files mark holidays but do not name them. */
const namesOfHolidays = ({ manifest }: RunContents, { extent }: RunOverview): Map<string, string> => {
  const config = manifest?.config ?? completeConfig({}, 'headroom')
  const year = (timeMs: number): number => new Date(timeMs).getUTCFullYear()
  const holidays = holidayDates(config, year(extent.startMs), year(extent.endMs))
  return new Map(holidays.map(({ day, name }) => [day, name]))
}

const openRun = async (folder: string): Promise<OpenRun> => {
  const contents = await readRunContents(folder)
  const spillFolder = await mkdtemp(join(tmpdir(), 'headroom-queries-'))
  const removeSpill = (): Promise<void> => rm(spillFolder, { recursive: true, force: true })
  const database = await Database.open({ memoryLimit, spillFolder })
  const closeAll = (): void => {
    database.close()
    void removeSpill()
  }
  try {
    if (contents.manifest !== null) await createRunRelations(database, folder, contents.manifest)
    else await assessPythonRun(database, folder)
    const overview = await describeRun(database, contents)
    const holidayNames = namesOfHolidays(contents, overview)
    return { contents, database, overview, holidayNames, grids: new Map(), close: closeAll }
  } catch (error) {
    closeAll()
    throw error
  }
}

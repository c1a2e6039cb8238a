// Open runs of this process: one database each, queries in sequence; the least recently used run is closed first.
import { resolve } from 'node:path'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { runMark } from '../run-folder/changed-files.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { readingRun, windowMemoryLimit } from '../queries/run/query-database.ts'
import { openRunFolder } from '../queries/run/open-run-folder.ts'

const maxOpenRuns = 2

interface Entry {
  readonly run: Promise<OpenRun>
  /** Of its files when it was opened. */
  readonly mark: Promise<string>
  /** Ends when the last query asked so far has ended. */
  queue: Promise<unknown>
}

export class OpenRuns {
  readonly #entries = new Map<string, Entry>()

  /** Runs a query on a run, which is opened first where it is not yet. Throws run-damaged where its files were changed since. */
  query<Value>(folder: string, work: (run: OpenRun) => Promise<Value>): Promise<Value> {
    const key = resolve(folder)
    const entry = this.#entries.get(key) ?? this.#open(key)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const result = entry.queue.then(async () => {
      const run = await entry.run
      if ((await runMark(key)) !== (await entry.mark)) throw changedError(folder)
      return readingRun(folder, () => work(run))
    })
    entry.queue = result.catch(() => undefined)
    this.#closeLeastRecent()
    return result
  }

  /** The open run, for data already read from it. Only `query` may use its database. */
  getOpenRun(folder: string): Promise<OpenRun> {
    const entry = this.#entries.get(resolve(folder))
    return entry?.run ?? this.query(folder, async (run) => run)
  }

  /** Opens afresh: the folder may hold another run by now. */
  reopen(folder: string): Promise<OpenRun> {
    const key = resolve(folder)
    const existing = this.#entries.get(key)
    this.#entries.delete(key)
    if (existing !== undefined) close(existing)
    return this.query(folder, async (run) => run)
  }

  #open(key: string): Entry {
    // The mark comes first: what changes while the run is opened counts as changed.
    const mark = runMark(key)
    const run = mark.then(() => openRunFolder(key, undefined, windowMemoryLimit))
    const entry: Entry = { run, mark, queue: Promise.resolve() }
    run.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    return entry
  }

  #closeLeastRecent(): void {
    for (const [key, entry] of [...this.#entries].slice(0, -maxOpenRuns)) {
      this.#entries.delete(key)
      close(entry)
    }
  }
}

const changedError = (folder: string): HeadroomError =>
  new HeadroomError('run-damaged', `The run in ${folder} was changed while it was open.`, { next: 'Open it again.' })

const close = (entry: Entry): void => void entry.queue.then(async () => (await entry.run).close()).catch(() => undefined)

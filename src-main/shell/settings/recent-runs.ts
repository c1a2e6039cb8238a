// Recently opened runs, newest first, with their key figures.
import { access } from 'node:fs/promises'
import { z } from 'zod'
import { recentRunSchema, type RecentRun } from '../../../src-shared/ipc/ipc-contract.ts'
import { isJudgedRun, type RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { readJsonFile, writeJsonFile } from './settings-file.ts'

const maxRecentRuns = 12
const storedSchema = z.array(recentRunSchema.omit({ exists: true }))
type StoredRun = z.infer<typeof storedSchema>[number]

export class RecentRuns {
  readonly #path: string
  /** Changes run in sequence, so that none is lost. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  async list(): Promise<RecentRun[]> {
    await this.#last
    const runs = await readJsonFile<StoredRun[]>(this.#path, storedSchema, [])
    return Promise.all(runs.map(async (run) => ({ ...run, exists: await fileExists(run.folder) })))
  }

  async add(overview: RunOverview): Promise<void> {
    const opened: StoredRun = {
      folder: overview.folder,
      title: overview.title,
      openedAt: new Date().toISOString(),
      analyzedAt: overview.analyzedAt,
      servers: overview.counts.servers,
      atRisk: isJudgedRun(overview) ? overview.counts.atRisk : null,
      underutilized: overview.counts.underutilized,
      savingsMonthlyUsd: overview.savingsMonthlyUsd,
    }
    await this.#change((runs) => [opened, ...runs.filter((run) => run.folder !== opened.folder)].slice(0, maxRecentRuns))
  }

  async remove(folder: string): Promise<RecentRun[]> {
    await this.#change((runs) => runs.filter((run) => run.folder !== folder))
    return this.list()
  }

  #change(change: (runs: StoredRun[]) => StoredRun[]): Promise<void> {
    const next = this.#changeAfter(this.#last, change)
    this.#last = next.catch(() => undefined)
    return next
  }

  async #changeAfter(last: Promise<unknown>, change: (runs: StoredRun[]) => StoredRun[]): Promise<void> {
    await last
    const runs = await readJsonFile<StoredRun[]>(this.#path, storedSchema, [])
    await writeJsonFile(this.#path, change(runs))
  }
}

const fileExists = async (path: string): Promise<boolean> => {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

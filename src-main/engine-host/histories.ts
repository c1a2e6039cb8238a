// The history that the window read last: read again only where one of its runs or decisions has changed, or the day.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { HistoryRequest, HistoryView } from '../../src-shared/ipc/run-history.ts'
import { today } from '../run-folder/today.ts'
import { fileMark, runMark } from '../run-folder/changed-files.ts'
import { decisionsFileName, notesFolder } from '../run-folder/read-run-folder.ts'

interface LastHistory {
  readonly key: string
  readonly view: Promise<HistoryView>
}

export class Histories {
  readonly #read: (request: HistoryRequest) => Promise<HistoryView>
  #last: LastHistory | null = null

  constructor(read: (request: HistoryRequest) => Promise<HistoryView>) {
    this.#read = read
  }

  /** Throws what reading throws; that is tried again. */
  async get(request: HistoryRequest): Promise<HistoryView> {
    const key = JSON.stringify([request.folder, request.fleetOf, today(), await historyMark(request.folder)])
    if (this.#last?.key === key) return this.#last.view
    const last = { key, view: this.#read(request) }
    this.#last = last
    last.view.catch(() => {
      if (this.#last === last) this.#last = null
    })
    return last.view
  }
}

/** Another value whenever a run came, went or changed, or something was decided. */
const historyMark = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name)
  const marks = await Promise.all(
    names.sort().map(async (name) => {
      const run = join(folder, name)
      return [name, await runMark(run), await fileMark(join(run, notesFolder, decisionsFileName))].join('\n')
    }),
  )
  return [...marks, await fileMark(join(folder, decisionsFileName))]
}

// A history in S3, for a command that reads histories: downloaded to a folder that stays, or for the length of the command.
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downloadHistory } from '../../cloud/download/download-history.ts'
import { decisionsFileName } from '../../run-folder/read-run-folder.ts'
import { addMissing } from '../../notes/decisions.ts'
import { say } from '../terminal.ts'
import { withConnection } from './connection.ts'
import { openDecisionObject } from './decision-object.ts'
import type { ConnectionOptions } from './launch-options.ts'
import { makeTemporaryFolder } from '../../run-folder/make-folders.ts'

export interface HistoryOptions extends ConnectionOptions {
  /** Folder that keeps the runs, so that the next time only new ones are downloaded. */
  readonly download?: string
}

/** Runs `read` on the local folder. */
export const withHistoryOfS3 = async <Value>(
  uri: string,
  options: HistoryOptions,
  read: (folder: string) => Promise<Value>,
): Promise<Value> => {
  const temporary = options.download === undefined ? await makeTemporaryFolder(join(tmpdir(), 'headroom-history-')) : null
  const folder = temporary ?? options.download!
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const { notes } = await withConnection(options, {}, (connection, signal) => downloadHistory(connection, uri, folder, { signal }))
    const { lines } = await openDecisionObject(uri, options).read()
    await addMissing(join(folder, decisionsFileName), lines)
    for (const note of notes) say(`Note: ${note}`)
    return await read(folder)
  } finally {
    if (temporary !== null) await rm(temporary, { recursive: true, force: true })
  }
}

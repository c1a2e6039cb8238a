// A history in S3, for a command that reads histories: downloaded to a folder that stays, or for the length of the command.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { downloadHistory } from '../../cloud/download/download-history.ts'
import { decisionsFileName } from '../../run-folder/read-run-folder.ts'
import { addMissing } from '../../notes/decisions.ts'
import { say } from '../terminal.ts'
import { withConnection } from './connection.ts'
import { openDecisionObject } from './decision-object.ts'
import type { ConnectionOptions } from './launch-options.ts'
import { makeTemporaryFolder } from '../../run-folder/temporary-folder.ts'

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
  const temporary = options.download === undefined ? await makeTemporaryFolder('history') : null
  const folder = temporary?.path ?? options.download!
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const { notes } = await withConnection(options, {}, (connection, signal) => downloadHistory(connection, uri, folder, { signal }))
    const { lines } = await openDecisionObject(uri, options).read()
    await addMissing(join(folder, decisionsFileName), lines)
    for (const note of notes) say(`Note: ${note}`)
    return await read(folder)
  } finally {
    await temporary?.remove()
  }
}

// The file of decisions on a disk or share: whole lines added at its end, under a lock, flushed and read back.
import { isUtf8 } from 'node:buffer'
import { constants } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { withFileLock } from '../run-folder/file-lock.ts'
import { cycleFolderName } from '../run-folder/plan-name.ts'
import { decisionsFileName, notesFolder } from '../run-folder/read-run-folder.ts'
import { readRegularBytes } from '../run-folder/regular-file.ts'
import { syncFolder } from '../run-folder/replace-file.ts'
import { parseDecisionLines, toLine, type DecisionLine, type DecisionLines } from './decision-log.ts'

/** The file that the runs of a history share; null where the run belongs to none. */
export const findSharedDecisions = async (run: string): Promise<string | null> => {
  const history = dirname(resolve(run))
  const path = join(history, decisionsFileName)
  const isHistory =
    (await lstat(path).catch(() => null)) !== null ||
    ((await lstat(join(history, cycleFolderName)).catch(() => null))?.isDirectory() ?? false)
  return isHistory ? path : null
}

export const ownDecisionsPath = (run: string): string => join(run, notesFolder, decisionsFileName)

/** None where the file is not there. Throws run-damaged for a folder, pipe or device. */
export const readDecisionFile = async (path: string): Promise<DecisionLines> => parseDecisionLines((await readText(path)) ?? '')

const readText = (path: string): Promise<string | null> =>
  readRegularBytes(path).then(decodeLines, (cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    if (cause instanceof HeadroomError) throw cause
    throw new HeadroomError('run-damaged', `${path} cannot be read.`, { next: 'Check who may read it.', cause })
  })

/** What stands for a line in another encoding: it is no decision, since a name in it would become another one. */
const unreadableLine = '\uFFFD'

const decodeLines = (bytes: Buffer): string =>
  isUtf8(bytes)
    ? bytes.toString('utf8')
    : bytes
        .toString('latin1')
        .split('\n')
        .map((line) => {
          const given = Buffer.from(line, 'latin1')
          return isUtf8(given) ? given.toString('utf8') : unreadableLine
        })
        .join('\n')

/** Windows knows neither of the last two. */
const writeFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)

/**
 * Adds what `makeLines` returns for the decisions that are there. Other processes wait, and see whole lines alone; a line that a crash left
 * unfinished is ended, so that it spoils no other. Throws notes-not-saved, run-damaged.
 */
export const appendToDecisionFile = async (
  path: string,
  makeLines: (existing: readonly DecisionLine[]) => readonly DecisionLine[],
): Promise<void> => {
  const notSaved = (cause?: unknown): HeadroomError =>
    new HeadroomError('notes-not-saved', `The decision cannot be saved in ${path}.`, { next: 'Check that it can be written.', cause })
  try {
    await withFileLock(join(dirname(path), `.${basename(path)}.lock`), async (assertHeld) => {
      if ((await lstat(path).catch(() => null))?.isSymbolicLink() === true)
        throw new HeadroomError('notes-not-saved', `${path} is a link, and decisions are not written through one.`, {
          next: 'Put the file in its place.',
        })
      const text = await readText(path)
      const lines = makeLines(parseDecisionLines(text ?? '').lines)
      if (lines.length === 0) return
      const added = Buffer.from(`${text === null || text === '' || text.endsWith('\n') ? '' : '\n'}${lines.map(toLine).join('')}`)
      await assertHeld()
      const file = await open(path, writeFlags, 0o666)
      try {
        await appendWhole(file, added)
      } finally {
        await file.close()
      }
      if (text === null) await syncFolder(dirname(path))
    })
  } catch (cause) {
    if (cause instanceof HeadroomError) throw cause
    throw notSaved(cause)
  }
}

/** One write; half a write, on a full disk, is taken back. A share that lies about a write is found out by reading. */
const appendWhole = async (file: FileHandle, added: Buffer): Promise<void> => {
  const { size } = await file.stat()
  const { bytesWritten } = await file.write(added)
  if (bytesWritten !== added.length) {
    await file.truncate(size)
    throw new Error(`${bytesWritten} of ${added.length} bytes were written.`)
  }
  await file.sync()
  const stored = Buffer.alloc(added.length)
  const { bytesRead } = await file.read(stored, 0, added.length, size)
  if (bytesRead !== added.length || !stored.equals(added)) throw new Error('The line is not there whole.')
}

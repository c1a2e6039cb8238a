// Folders for the length of some work. Each names its process, so that what a killed one left can be told from what another still uses.
import { lstat, mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { currentOwner, endedWithMachine, isOwnedBy, ownerState, parseOwner, type ProcessMark } from './process-owner.ts'
import { readRegularText } from './regular-file.ts'

/** What folders in the system's temporary folder are for; it stands in their names. */
const purposes = ['queries', 'inspect', 'history', 'sample-of', 'mail'] as const
type Purpose = (typeof purposes)[number]

export interface TemporaryFolder {
  readonly path: string
  readonly remove: () => Promise<void>
}

const prefixOf = (purpose: Purpose): string => join(tmpdir(), `headroom-${purpose}-`)

/** Throws usage. */
export const makeTemporaryFolder = (purpose: Purpose): Promise<TemporaryFolder> => makeFolderNextTo(prefixOf(purpose))

/** A new folder whose name begins so; those that ended processes left under such names are removed first. Throws usage. */
export const makeFolderNextTo = async (prefix: string): Promise<TemporaryFolder> => {
  await removeFoldersOf(prefix)
  try {
    const path = await mkdtemp(prefix)
    await writeFile(join(path, ownerName), JSON.stringify(currentOwner(randomUUID())), { mode: 0o600 })
    return { path, remove: () => removeFolder(path) }
  } catch (cause) {
    if (!unwritable.has(String((cause as NodeJS.ErrnoException).code))) throw cause
    throw new HeadroomError('usage', `The folder ${dirname(prefix)} cannot be written to.`, {
      next: 'Choose a folder that you may write to.',
      cause,
    })
  }
}

/** Removes what processes that have ended left in the system's temporary folder; `ended`: one that has just ended. Never throws. */
export const removeAbandonedFolders = async (ended?: ProcessMark): Promise<void> => {
  for (const purpose of purposes) await removeFoldersOf(prefixOf(purpose), ended)
}

const ownerName = '.owner.json'
/** A file system of the kernel, such as /proc, answers ENOENT. */
const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'])
/** A process names itself right after it has made its folder. */
const unnamedGraceMs = 60_000
/** `mkdtemp` ends a name so. */
const randomEnd = /^[A-Za-z0-9]{6}$/

const removeFoldersOf = async (prefix: string, ended?: ProcessMark): Promise<void> => {
  const begin = basename(prefix)
  for (const name of await readdir(dirname(prefix)).catch((): string[] => [])) {
    if (!name.startsWith(begin) || !randomEnd.test(name.slice(begin.length))) continue
    // What another user or process removes or keeps meanwhile stays as it is.
    await removeIfAbandoned(join(dirname(prefix), name), ended).catch(() => undefined)
  }
}

const removeIfAbandoned = async (path: string, ended: ProcessMark | undefined): Promise<void> => {
  const stats = await lstat(path)
  if (!stats.isDirectory() || stats.uid !== (process.getuid?.() ?? stats.uid)) return
  const owner = parseOwner(await readRegularText(join(path, ownerName)).catch(() => ''))
  if (owner === undefined) {
    // Fails where the folder holds anything.
    if (Date.now() - stats.mtimeMs > unnamedGraceMs) await rmdir(path)
    return
  }
  const state = ownerState(owner)
  const isAbandoned =
    state === 'ended' ||
    (ended !== undefined && isOwnedBy(owner, ended)) ||
    (state === 'unknown' && endedWithMachine(owner, await lastChange(path, stats.mtimeMs)))
  if (isAbandoned) await removeFolder(path)
}

const lastChange = async (path: string, mtimeMs: number): Promise<number> => {
  const changes = (await readdir(path)).map(async (name) => (await lstat(join(path, name))).mtimeMs)
  return Math.max(mtimeMs, ...(await Promise.all(changes)))
}

/** A process that is ending may still be creating a file. */
const removeFolder = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 10 })

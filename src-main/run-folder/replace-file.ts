// Replaces a file in one step: a companion file is written, flushed to the disk and renamed; a crash leaves the old file or the new one.
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Age of a staging file whose process was killed; a younger one may still be written. */
const staleAfterMs = 60 * 60 * 1000
const stagingExtension = '.draft'

const stagingPathFor = (path: string): string => join(dirname(path), `.${basename(path)}.${randomUUID()}${stagingExtension}`)

const activeStagingPaths = new Set<string>()

/** For a process that is about to end: what it was writing goes. */
export const removeActiveStagingFiles = (): void => {
  for (const path of activeStagingPaths) rmSync(path, { force: true })
}

/** `write` makes the file at the path it is given. On failure nothing is changed and nothing stays behind. */
export const replaceFile = async (path: string, write: (stagingPath: string) => Promise<unknown>): Promise<void> => {
  await removeStaleStagingFiles(path).catch(() => undefined)
  const stagingPath = stagingPathFor(path)
  activeStagingPaths.add(stagingPath)
  try {
    await write(stagingPath)
    await syncFile(stagingPath)
    await rename(stagingPath, path)
  } catch (cause) {
    await rm(stagingPath, { force: true }).catch(() => undefined)
    throw cause
  } finally {
    activeStagingPaths.delete(stagingPath)
  }
  await syncFolder(dirname(path))
}

/** `mode`: who may read it. */
export const replaceText = (path: string, content: string | Uint8Array, mode = 0o666): Promise<void> =>
  replaceFile(path, (stagingPath) => writeFile(stagingPath, content, { mode, flag: 'wx' }))

const syncFile = async (path: string): Promise<void> => {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** So that a rename outlives a power cut. Windows cannot open folders, and needs no such thing. */
export const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r').catch(() => null)
  if (folder === null) return
  await folder.sync().catch(() => undefined)
  await folder.close()
}

/** Flushes a file in its final place to the disk. */
export const fsyncFile = syncFile

const removeStaleStagingFiles = async (path: string): Promise<void> => {
  const start = `.${basename(path)}.`
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(start) || !name.endsWith(stagingExtension)) continue
    const stagingPath = join(dirname(path), name)
    if (Date.now() - (await stat(stagingPath)).mtimeMs > staleAfterMs) await rm(stagingPath, { force: true })
  }
}

// Reads regular files only: a pipe would be waited for, a device would never end.
import { constants, createReadStream, type ReadStream } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { HeadroomError } from '../../src-shared/run/errors.ts'

const notRegularError = (path: string): HeadroomError =>
  new HeadroomError('run-damaged', `${path} is not a regular file.`, { next: 'Replace the pipe, device or folder by the file.' })

/** Throws run-damaged for a folder, pipe or device, and what the file system throws. */
const openRegularFile = async (path: string): Promise<FileHandle> => {
  // Without O_NONBLOCK, opening a pipe waits until somebody writes into it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw notRegularError(path)
}

/** Throws run-damaged, and what the file system throws. */
export const readRegularText = async (path: string): Promise<string> => (await readRegularBytes(path)).toString('utf8')

/** Throws run-damaged, and what the file system throws. */
export const readRegularBytes = async (path: string): Promise<Buffer> => {
  const file = await openRegularFile(path)
  try {
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** Throws run-damaged, and what the file system throws. The stream closes the file. */
export const streamRegularFile = async (path: string): Promise<ReadStream> => {
  const file = await openRegularFile(path)
  // A stream allocates as many bytes for each chunk, however small the file.
  return createReadStream(path, { fd: file, highWaterMark: Math.min(1 << 20, Math.max(1 << 12, (await file.stat()).size)) })
}

/** Throws run-damaged where one of the paths is there and is no regular file. */
export const assertRegularFiles = async (paths: readonly string[]): Promise<void> => {
  for (const path of paths) {
    const stats = await stat(path).catch(() => null)
    if (stats !== null && !stats.isFile()) throw notRegularError(path)
  }
}

// A small text file that a user names: a regular file of bounded size, in UTF-8.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { HeadroomError } from '../../src-shared/run/errors.ts'

/** Larger than any configuration, scenario or list of events that people write. */
const maxBytes = 16_000_000

/** Throws what `refuse` makes of a phrase such as "is a folder"; a pipe or a device is never waited for. */
export const readTextFile = async (path: string, createError: (problem: string, cause?: unknown) => HeadroomError): Promise<string> => {
  // Without O_NONBLOCK, opening a pipe waits until somebody writes into it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause: unknown) => {
    throw createError('cannot be read', cause)
  })
  try {
    const status = await file.stat()
    if (!status.isFile()) throw createError(status.isDirectory() ? 'is a folder' : 'is no file')
    if (status.size > maxBytes) throw createError(`is larger than ${maxBytes / 1e6} MB`)
    return await file.readFile('utf8')
  } catch (cause) {
    throw cause instanceof HeadroomError ? cause : createError('cannot be read', cause)
  } finally {
    await file.close()
  }
}

// Makes a folder and those above it, also where the system has no room for folders and says so in an odd way.
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HeadroomError } from '../../src-shared/run/errors.ts'

/** Returns the first folder that was made. Node's `recursive` never ends where the system answers ENOENT, as in /proc. */
export const makeFolders = async (path: string, mode = 0o777): Promise<string | undefined> => {
  if ((await stat(path).catch(() => null)) !== null) return undefined
  const firstCreatedFolder = await makeFolders(dirname(path), mode)
  await tryMakeFolder(path, mode)
  return firstCreatedFolder ?? path
}

/** Throws usage. */
export const makeOutputFolder = async (path: string): Promise<void> => {
  await makeFolders(path).catch((cause: unknown) => {
    throw folderNotMade(path, cause)
  })
}

export const folderNotMade = (path: string, cause: unknown): HeadroomError =>
  new HeadroomError('usage', `The output folder ${path} cannot be made.`, { next: 'Choose a folder that you may write to.', cause })

/** False where it exists. */
export const tryMakeFolder = async (path: string, mode = 0o777): Promise<boolean> => {
  try {
    await mkdir(path, { mode })
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw thrown
  }
}

// Files that a command writes: an existing one is replaced on request only, and the files of a run never.
import { existsSync } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { notesFolder } from './read-run-folder.ts'

/** Throws output-not-empty. `paths`: as the user typed them. */
export const assertNewFiles = async (paths: readonly string[], options: { readonly force?: boolean | undefined }): Promise<void> => {
  for (const path of paths) {
    if (await isPartOfRun(resolve(path))) {
      throw new HeadroomError('output-not-empty', `${path} belongs to a run.`, { next: 'Name a file outside the run folder.' })
    }
    if (options.force !== true && (await lstat(path).catch(() => null)) !== null) {
      throw new HeadroomError('output-not-empty', `${path} exists already.`, { next: 'Name a new file, or replace this one with --force.' })
    }
  }
}

const runFileNames: readonly string[] = Object.values(runFiles)

/** Also where links lead there. */
const isPartOfRun = async (path: string): Promise<boolean> => {
  const target = await realpath(path).catch(async () => join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path)))
  const folder = dirname(target)
  if (basename(folder) === notesFolder) return existsSync(join(dirname(folder), runFiles.manifest))
  return runFileNames.includes(basename(target)) && existsSync(join(folder, runFiles.manifest))
}

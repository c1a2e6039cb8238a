// Files that a command writes: an existing one is replaced on request only, and the files of a run never.
import { existsSync } from 'node:fs'
import { lstat, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { notesFolder } from './read-run-folder.ts'

/** Throws output-not-empty. `paths`: as the user typed them; `inputs`: what the work reads, none of which it may replace. */
export const assertNewFiles = async (
  paths: readonly string[],
  options: { readonly force?: boolean | undefined },
  inputs: readonly string[] = [],
): Promise<void> => {
  for (const path of paths) {
    for (const input of inputs) {
      if (!(await isSameFile(path, input))) continue
      throw new HeadroomError('output-not-empty', `${path} is read by this command.`, { next: 'Name another file with --out.' })
    }
    if (await isPartOfRun(resolve(path))) {
      throw new HeadroomError('output-not-empty', `${path} belongs to a run.`, { next: 'Name a file outside the run folder.' })
    }
    if (options.force !== true && (await lstat(path).catch(() => null)) !== null) {
      throw new HeadroomError('output-not-empty', `${path} exists already.`, { next: 'Name a new file, or replace this one with --force.' })
    }
  }
}

/** Also by links. */
export const isSameFile = async (path: string, other: string): Promise<boolean> => {
  const [a, b] = await Promise.all([path, other].map((name) => stat(name, { bigint: true }).catch(() => null)))
  return a !== null && a !== undefined && b !== null && b !== undefined && a.dev === b.dev && a.ino === b.ino
}

const runFileNames: readonly string[] = Object.values(runFiles)

/** Also where links lead there. */
const isPartOfRun = async (path: string): Promise<boolean> => {
  const target = await realpath(path).catch(async () => join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path)))
  const folder = dirname(target)
  if (basename(folder) === notesFolder) return existsSync(join(dirname(folder), runFiles.manifest))
  return runFileNames.includes(basename(target)) && existsSync(join(folder, runFiles.manifest))
}

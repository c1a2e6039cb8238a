// Says which of the runs that a command read were changed after their analysis.
import { resolve } from 'node:path'
import { describeChangedFiles, findChangedFiles } from '../run-folder/changed-files.ts'
import { readRunFolder } from '../run-folder/read-run-folder.ts'
import { say } from './terminal.ts'

/** Hashes the runs' files while `work` reads them; the warnings follow its output. */
export const withChangeWarnings = async <Value>(runs: readonly string[], work: () => Promise<Value>): Promise<Value> => {
  const sentences = Promise.all(runs.map(describeChanges))
  try {
    return await work()
  } finally {
    for (const sentence of await sentences) if (sentence !== null) say(`Warning: ${sentence}`)
  }
}

/** Null also for what is no run: the command itself refuses it. */
const describeChanges = async (path: string): Promise<string | null> => {
  try {
    const run = await readRunFolder(resolve(path))
    return run.kind === 'headroom' ? describeChangedFiles(path, await findChangedFiles(run.folder, run.manifest.files)) : null
  } catch {
    return null
  }
}

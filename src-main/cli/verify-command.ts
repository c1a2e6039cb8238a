// headroom verify: compares every file of a run with the hash in its manifest.
import { exitCodeOf, HeadroomError } from '../../src-shared/run/errors.ts'
import { findRuns } from '../queries/history/find-runs.ts'
import { verifyRunFolder } from '../run-folder/read-run-folder.ts'
import { jsonText, print } from './terminal.ts'

/** For a folder of runs: the error that names one of them; null for any other failure. */
const describeHistory = async (path: string, cause: unknown): Promise<HeadroomError | null> => {
  if (!(cause instanceof HeadroomError) || cause.code !== 'run-not-found') return null
  const latest = await findRuns(path).then(
    ({ runs }) => runs.at(-1)!.folder,
    () => null,
  )
  if (latest === null) return null
  return new HeadroomError('run-not-found', `${path} is a history, and each of its runs is verified by itself.`, {
    next: `Name one of them: headroom verify ${latest}.`,
    cause,
  })
}

export const runVerify = async (run: string, options: { readonly json?: boolean }): Promise<void> => {
  const { manifest, files } = await verifyRunFolder(run).catch(async (cause: unknown) => {
    throw (await describeHistory(run, cause)) ?? cause
  })
  const failedFiles = files.filter(({ state }) => state !== 'ok')
  if (options.json === true) {
    print(jsonText({ run_id: manifest.run_id, verified: failedFiles.length === 0, files }, 2))
    // A program reads one document, also for a failed check.
    if (failedFiles.length > 0) process.exitCode = exitCodeOf('run-damaged')
    return
  }
  for (const { name, state } of files) print(`${state.padEnd(8)}${name}`)
  if (failedFiles.length > 0) {
    throw new HeadroomError(
      'run-damaged',
      `${failedFiles.length} of ${files.length} files differ from the manifest: ${failedFiles.map(({ name, state }) => `${name} (${state})`).join(', ')}.`,
      { next: 'Download or analyse the run again.' },
    )
  }
  print(`All ${files.length} files agree with the manifest.`)
}

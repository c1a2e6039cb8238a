// What a start asks for: reads the command line of a first or second start.
import { resolve } from 'node:path'
import type { Launch } from '../../src-shared/ipc-contract.ts'

/**
 * `--sample`, a path, or nothing. The runtime's own arguments come along: switches are skipped, and so is the
 * application's folder, which stands in front when the app is not packaged.
 */
export const launchOf = (argv: readonly string[], workingFolder: string, appFolder: string): Launch => {
  const given = argv.slice(1)
  if (given.includes('--sample')) return { kind: 'sample' }
  const path = given
    .filter((argument) => !argument.startsWith('-'))
    .map((argument) => resolve(workingFolder, argument))
    .find((argument) => argument !== appFolder)
  return path === undefined ? { kind: 'start' } : { kind: 'path', path }
}

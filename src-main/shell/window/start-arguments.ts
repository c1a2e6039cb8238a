// What a start asks for: reads the command line of a first or second start, and links.
import { resolve } from 'node:path'
import { deepLinkScheme, parseDeepLink } from '../../../src-shared/ipc/deep-link.ts'
import type { StartRequest } from '../../../src-shared/ipc/ipc-contract.ts'

/**
 * `--sample`, a link, a path, or nothing. The runtime's own arguments come along: switches are skipped, and so is the
 * application's folder, which stands in front when the app is not packaged.
 */
export const parseStartArguments = (argv: readonly string[], workingFolder: string, appFolder: string): StartRequest => {
  const args = argv.slice(1)
  if (args.includes('--sample')) return { kind: 'sample' }
  const link = args.find((argument) => argument.startsWith(`${deepLinkScheme}:`))
  if (link !== undefined) return parseStartLink(link)
  const path = args
    .filter((argument) => !argument.startsWith('-'))
    .map((argument) => resolve(workingFolder, argument))
    .find((argument) => argument !== appFolder)
  return path === undefined ? { kind: 'start' } : { kind: 'path', path }
}

export const parseStartLink = (text: string): StartRequest => {
  const link = parseDeepLink(text)
  return link === null
    ? { kind: 'refused', message: `The link ${text.slice(0, 200)} names no run folder that can be opened.` }
    : { kind: 'link', link }
}

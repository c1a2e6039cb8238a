// headroom cloud preflight: checks everything that a launch needs, without changing anything.
import type { Preflight } from '../../../src-shared/cloud/cloud-job.ts'
import { exitCodes } from '../../../src-shared/run/errors.ts'
import { preflight } from '../../cloud/preflight/preflight.ts'
import { jsonText, print } from '../terminal.ts'
import { withConnection } from './connection.ts'
import { readCloudFile, readLaunchRequest, type LaunchOptions } from './launch-options.ts'

export const runPreflight = async (inputs: readonly string[], options: LaunchOptions): Promise<void> => {
  const request = await readLaunchRequest(inputs, options)
  const found = await withConnection(options, await readCloudFile(options.config), (connection, signal) =>
    preflight(connection, request, { signal }),
  )
  print(options.json === true ? jsonText({ ...found }, 2) : describePreflight(found))
  if (!found.passed) process.exitCode = exitCodes.cloud
}

const checkLabels = { ok: 'ok', warning: 'warning', failed: 'FAILED' } as const

const describePreflight = ({ checks }: Preflight): string =>
  checks
    .map(
      ({ title, state, detail, next }) =>
        `${checkLabels[state].padEnd(8)}${title.padEnd(12)}${detail}${next === undefined ? '' : `\n${' '.repeat(20)}${next}`}`,
    )
    .join('\n')

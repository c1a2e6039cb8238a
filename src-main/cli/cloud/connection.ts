// Connection to AWS for one cloud command, and the runs launched from here.
import { createInterface } from 'node:readline/promises'
import type { CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { toCloudError } from '../../cloud/account/cloud-error.ts'
import { connect, type Connection } from '../../cloud/account/connection.ts'
import { LaunchRecords } from '../../cloud/launch/launch-records.ts'
import { runCancellable, say } from '../terminal.ts'
import { readCloudFolders, type ConnectionOptions } from './launch-options.ts'

export const openLaunchRecords = (): LaunchRecords => new LaunchRecords(readCloudFolders().launchRecords)

/** Interval between two polls of a job, milliseconds; tests shorten it. */
export const pollMs = (): number | undefined => {
  const text = process.env['HEADROOM_POLL_MS'] ?? ''
  return text === '' ? undefined : Number(text)
}

export const askMfaCode = async (device: string): Promise<string> => {
  if (!process.stdin.isTTY)
    throw new HeadroomError('cloud-sign-in', `An MFA code for ${device} is required.`, { next: 'Run the command in a terminal.' })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(`MFA code for ${device}: `)).trim()
  } finally {
    terminal.close()
  }
}

const silencePauseMs = 30_000

/** Names each silent host, at most every half minute. */
const createSilenceReport = (): ((host: string) => void) => {
  const saidAt = new Map<string, number>()
  return (host) => {
    if (Date.now() - (saidAt.get(host) ?? 0) < silencePauseMs) return
    saidAt.set(host, Date.now())
    say(`Waiting for an answer from ${host}`)
  }
}

/** Connects, runs the action so that it can be cancelled, then closes the connection. */
export const withConnection = async <Value>(
  options: ConnectionOptions,
  defaults: { readonly profile?: string | null | undefined; readonly region?: string | undefined },
  action: (connection: Connection, signal: AbortSignal) => Promise<Value>,
): Promise<Value> => {
  const connection = await connect({
    profile: options.profile ?? defaults.profile ?? undefined,
    region: options.region ?? defaults.region,
    allowsProcess: options.allowCredentialProcess,
    askMfaCode,
    onSilence: createSilenceReport(),
    priceFolder: readCloudFolders().prices,
  })
  try {
    return await runCancellable((signal) => action(connection, signal))
  } catch (thrown) {
    throw toCloudError(thrown, { region: connection.region })
  } finally {
    connection.close()
  }
}

/** Profile and region of the launch if the job was launched from here. */
export const connectionOf = (cloudRun: CloudRun | undefined): { profile?: string | null; region?: string } =>
  cloudRun === undefined ? {} : { profile: cloudRun.profile, region: cloudRun.caller.region }

/** The run launched from here under this run ID or job name, if any. */
export const findCloudRun = (name: string): Promise<CloudRun | undefined> =>
  openLaunchRecords()
    .get(name)
    .catch(() => undefined)

/** Says that a list is incomplete because AWS refused part of it. */
export const noteAccessError = (error: HeadroomError | undefined): void => {
  if (error !== undefined) say(`Note: ${error.message} ${error.next ?? ''}`)
}

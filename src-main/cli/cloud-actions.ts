// Actions of `headroom cloud`: preflight, launch, watch, logs, stop, download, jobs, roles, sign-in.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline/promises'
import type { CloudRun } from '../../src-shared/cloud/cloud-job.ts'
import { exitCodes, HeadroomError } from '../../src-shared/run/errors.ts'
import { toCloudError } from '../cloud/account/cloud-error.ts'
import { connect, identifyCaller, type Connection } from '../cloud/account/connection.ts'
import { requireJob, stopJob } from '../cloud/jobs/describe-job.ts'
import type { DownloadedRun } from '../cloud/download/download-run-folder.ts'
import { followJob } from '../cloud/jobs/follow-job.ts'
import { JobLog } from '../cloud/jobs/job-log.ts'
import { validateTables } from '../forecasts/servers-table.ts'
import { planSparkJob, type SparkPlanRequest } from '../engine/spark/plan-spark-job.ts'
import { launchRun } from '../cloud/launch/launch-run.ts'
import { listJobs } from '../cloud/jobs/list-jobs.ts'
import { preflight } from '../cloud/preflight/preflight.ts'
import { signIn } from '../cloud/account/sign-in.ts'
import { listProfiles } from '../cloud/account/shared-config.ts'
import { LaunchRecords } from '../cloud/launch/launch-records.ts'
import { readCloudFile, readCloudFolders, readLaunchRequest, type ConnectionOptions, type LaunchOptions } from './cloud-options.ts'
import { describePreflight, createCloudProgressReport } from './cloud-progress.ts'
import { runCancellable, jsonText, print, say, tableText } from './terminal.ts'
import { downloadEarlierRun, downloadRun } from '../cloud/download/download-run.ts'
import { explainJobEnd } from '../cloud/jobs/job-end.ts'
import { waitForRun } from '../cloud/launch/wait-for-run.ts'
import { resumeRun } from '../cloud/launch/resume-run.ts'
import { listExecutionRoles } from '../cloud/preflight/check-role.ts'

const openLaunchRecords = (): LaunchRecords => new LaunchRecords(readCloudFolders().launchRecords)

/** Interval between two polls of a job, milliseconds; tests shorten it. */
const pollMs = (): number | undefined => {
  const text = process.env['HEADROOM_POLL_MS'] ?? ''
  return text === '' ? undefined : Number(text)
}

const askMfaCode = async (device: string): Promise<string> => {
  if (!process.stdin.isTTY)
    throw new HeadroomError('cloud-sign-in', `An MFA code for ${device} is required.`, { next: 'Run the command in a terminal.' })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(`MFA code for ${device}: `)).trim()
  } finally {
    terminal.close()
  }
}

/** Connects, runs the action so that it can be cancelled, then closes the connection. */
const withConnection = async <Value>(
  options: ConnectionOptions,
  defaults: { readonly profile?: string | null | undefined; readonly region?: string | undefined },
  action: (connection: Connection, signal: AbortSignal) => Promise<Value>,
): Promise<Value> => {
  const connection = await connect({
    profile: options.profile ?? defaults.profile ?? undefined,
    region: options.region ?? defaults.region,
    allowsProcess: options.allowCredentialProcess,
    askMfaCode,
  })
  try {
    return await runCancellable((signal) => action(connection, signal))
  } catch (thrown) {
    throw toCloudError(thrown, { region: connection.region })
  } finally {
    connection.close()
  }
}

/** Profile and region of the launch, where the job was launched from here. */
const connectionOf = (cloudRun: CloudRun | undefined): { profile?: string | null; region?: string } =>
  cloudRun === undefined ? {} : { profile: cloudRun.profile, region: cloudRun.caller.region }

const findCloudRun = (name: string): Promise<CloudRun | undefined> =>
  openLaunchRecords()
    .get(name)
    .catch(() => undefined)

export const runPreflight = async (inputs: readonly string[], options: LaunchOptions): Promise<void> => {
  const request = await readLaunchRequest(inputs, options)
  const found = await withConnection(options, await readCloudFile(options.config), (connection, signal) =>
    preflight(connection, request, { signal }),
  )
  print(options.json === true ? jsonText({ ...found }, 2) : describePreflight(found))
  if (!found.passed) process.exitCode = exitCodes.cloud
}

export interface LaunchCommandOptions extends LaunchOptions {
  readonly resume?: string
  readonly wait?: boolean
  readonly download?: string
  /** Former name of `download`. */
  readonly fetch?: string
  readonly quiet?: boolean
}

export const runLaunch = async (inputs: readonly string[], options: LaunchCommandOptions): Promise<void> => {
  const folder = options.download ?? options.fetch
  if (folder !== undefined && options.wait !== true) {
    throw new HeadroomError('usage', '--download requires --wait.', {
      next: 'Add --wait, or download later with: headroom cloud download.',
    })
  }
  const launchRecords = openLaunchRecords()
  const resumedRun = options.resume === undefined ? undefined : await launchRecords.get(options.resume)
  const request = resumedRun === undefined ? await readLaunchRequest(inputs, options) : resumedRun.request
  const report = createCloudProgressReport(options)
  const connectionDefaults = resumedRun === undefined ? await readCloudFile(options.config) : connectionOf(resumedRun)
  await withConnection(options, connectionDefaults, async (connection, signal) => {
    const work = { signal, onEvent: report.show }
    const caller = await identifyCaller(connection)
    if (resumedRun !== undefined && caller.account !== resumedRun.caller.account) {
      throw new HeadroomError(
        'cloud-setup',
        `The launch belongs to account ${resumedRun.caller.account}, but the credentials to ${caller.account}.`,
        {
          next: 'Choose the profile of that account.',
        },
      )
    }
    if (options.json !== true && options.quiet !== true)
      say(`Caller ${caller.arn} in ${caller.region}${caller.endpoint === null ? '' : ` at ${caller.endpoint}`}`)
    const engine = { plan: (plan: SparkPlanRequest) => planSparkJob(plan, { signal }), checkTables: validateTables }
    const launched =
      resumedRun === undefined
        ? await launchRun({ connection, caller, launchRecords, request, engine }, work)
        : await resumeRun(connection, launchRecords, resumedRun, work)
    if (options.wait !== true) {
      if (options.json !== true) print(launched.jobName)
      if (launched.part === 'spark') say(`Start the engine job after this one with: headroom cloud watch ${launched.runId}`)
      return
    }
    const ended = await waitForRun(connection, launchRecords, launched, { ...work, pollMs: pollMs() })
    if (folder === undefined) return
    const downloaded = await downloadRun(connection, launchRecords, ended, folder, work)
    reportDownload(downloaded, options)
  })
}

const reportDownload = ({ folder, files, verified, refused }: DownloadedRun, options: { readonly json?: boolean }): void => {
  for (const { key, reason } of refused) say(`Left out ${JSON.stringify(key)}: ${reason}.`)
  if (options.json !== true) print(`${files} files${verified ? ', verified' : ''}: ${folder}`)
}

export const runWatch = async (name: string, options: ConnectionOptions): Promise<void> => {
  const cloudRun = await findCloudRun(name)
  const report = createCloudProgressReport(options)
  await withConnection(options, connectionOf(cloudRun), async (connection, signal) => {
    const work = { signal, onEvent: report.show, pollMs: pollMs() }
    if (cloudRun !== undefined) {
      await waitForRun(connection, openLaunchRecords(), cloudRun, work)
      return
    }
    const { state, peakMemoryBytes } = await followJob(connection, name, work)
    const failure = explainJobEnd(state, { region: connection.region, peakMemoryBytes }, Number.POSITIVE_INFINITY)
    if (failure !== undefined) throw failure
  })
}

export const runLogs = async (
  name: string,
  options: ConnectionOptions & { readonly search?: string; readonly follow?: boolean },
): Promise<void> => {
  const cloudRun = await findCloudRun(name)
  const jobName = cloudRun?.jobName ?? name
  const searchText = options.search?.toLowerCase()
  await withConnection(options, connectionOf(cloudRun), async (connection, signal) => {
    const show = ({ host, at, text }: { host: string; at: string; text: string }): void => {
      if (searchText !== undefined && !text.toLowerCase().includes(searchText)) return
      print(options.json === true ? jsonText({ host, at, text }) : `${at} ${host} ${text}`)
    }
    if (options.follow === true) {
      await followJob(connection, jobName, { signal, pollMs: pollMs(), onEvent: (event) => event.type === 'log' && show(event.line) })
      return
    }
    const lines = await new JobLog(connection, jobName).read(signal)
    if (lines.length === 0) await requireJob(connection, jobName, signal)
    for (const line of lines) show(line)
    if (lines.length === 0) say('The log is empty so far.')
  })
}

export const runStop = async (name: string, options: ConnectionOptions): Promise<void> => {
  const cloudRun = await findCloudRun(name)
  const state = await withConnection(options, connectionOf(cloudRun), (connection) => stopJob(connection, cloudRun?.jobName ?? name))
  print(options.json === true ? jsonText({ ...state }, 2) : `${state.name}: ${state.status}`)
}

export const runDownload = async (
  name: string,
  folder: string,
  options: ConnectionOptions & { readonly quiet?: boolean },
): Promise<void> => {
  const cloudRun = name.startsWith('s3://') ? undefined : await findCloudRun(name)
  const report = createCloudProgressReport(options)
  const downloaded = await withConnection(options, connectionOf(cloudRun), (connection, signal) =>
    downloadEarlierRun({ connection, launchRecords: openLaunchRecords(), from: name, folder }, { signal, onEvent: report.show }),
  )
  reportDownload(downloaded, options)
}

export const runJobs = async (options: ConnectionOptions & { readonly all?: boolean }): Promise<void> => {
  const { jobs, accessError } = await withConnection(options, {}, (connection, signal) =>
    listJobs(connection, openLaunchRecords(), { signal, ...(options.all === true ? { nameContains: '' } : {}) }),
  )
  if (accessError !== undefined) say(`Note: ${accessError.message} ${accessError.next ?? ''}`)
  if (options.json === true) print(jsonText({ jobs: jobs.map((job) => ({ ...job })) }, 2))
  else
    print(
      tableText(
        ['job', 'status', 'created', 'run', 'folder'],
        jobs.map((job) => [job.name, job.status, job.createdAt, job.runId ?? 'elsewhere', job.folder ?? '']),
      ),
    )
}

export const runRoles = async (options: ConnectionOptions): Promise<void> => {
  const { roles, accessError } = await withConnection(options, {}, listExecutionRoles)
  if (accessError !== undefined) say(`Note: ${accessError.message} ${accessError.next ?? ''}`)
  if (options.json === true) print(jsonText({ roles: [...roles] }, 2))
  else if (roles.length > 0) print(roles.join('\n'))
}

/** Opens a page in the system's browser. */
const openPage = (url: string): Promise<void> => {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open', url] : process.platform === 'win32' ? ['explorer.exe', url] : ['xdg-open', url]
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true })
    child.once('error', reject)
    child.once('spawn', () => {
      child.unref()
      resolve()
    })
  })
}

export const runSignIn = async (options: ConnectionOptions & { readonly device?: boolean }): Promise<void> => {
  const profile = options.profile ?? process.env['AWS_PROFILE'] ?? 'default'
  await runCancellable((signal) =>
    signIn(profile, { signal, openPage, usesDeviceCode: options.device, showCode: (page, code) => say(`Enter code ${code} at ${page}`) }),
  )
  const caller = await withConnection({ ...options, profile }, {}, (connection) => identifyCaller(connection))
  print(options.json === true ? jsonText({ ...caller }, 2) : `Signed in as ${caller.arn}`)
}

export const runProfiles = async (options: { readonly json?: boolean }): Promise<void> => {
  const profiles = await listProfiles()
  print(options.json === true ? jsonText({ profiles }, 2) : profiles.join('\n'))
}

// headroom cloud: preflight, launch, watch, logs, stop, fetch and jobs, as the command line does them.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline/promises'
import type { Trip } from '../../src-shared/cloud-job.ts'
import { exitCodes, HeadroomError } from '../../src-shared/errors.ts'
import { toCloudError } from '../cloud/advice.ts'
import { connect, identifyCaller, type Connection } from '../cloud/connection.ts'
import { describeJob } from '../cloud/describe-job.ts'
import { fetchEarlier } from '../cloud/fetch-earlier.ts'
import type { FetchedRun } from '../cloud/fetch-run.ts'
import { followJob } from '../cloud/follow-job.ts'
import { explainEnd } from '../cloud/job-end.ts'
import { JobLog } from '../cloud/job-log.ts'
import { checkTables } from '../engine/check-tables.ts'
import { planForecasts, type PlanRequest } from '../engine/spark/plan-forecasts.ts'
import { awaitTrip, fetchTrip, launchTrip, resumeTrip } from '../cloud/launch-trip.ts'
import { listJobs } from '../cloud/list-jobs.ts'
import { listExecutionRoles } from '../cloud/list-roles.ts'
import { preflight } from '../cloud/preflight.ts'
import { signIn } from '../cloud/sign-in.ts'
import { listProfiles } from '../cloud/shared-config.ts'
import { stopJob } from '../cloud/stop-job.ts'
import { TripJournal } from '../cloud/trip-journal.ts'
import { journalFolder, readCloudFile, readLaunchRequest, type ConnectionOptions, type LaunchOptions } from './cloud-options.ts'
import { describePreflight, tripReport } from './cloud-report.ts'
import { cancellable, jsonText, print, say, tableText } from './terminal.ts'

const journal = (): TripJournal => new TripJournal(journalFolder())

/** Between two looks at a job, milliseconds; shorter where tests say so. */
const pollMs = (): number | undefined => {
  const text = process.env['HEADROOM_POLL_MS'] ?? ''
  return text === '' ? undefined : Number(text)
}

const askMfaCode = async (device: string): Promise<string> => {
  if (!process.stdin.isTTY)
    throw new HeadroomError('cloud-sign-in', `A code of the MFA device ${device} is needed.`, { next: 'Run this in a terminal.' })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(`Code of ${device}: `)).trim()
  } finally {
    terminal.close()
  }
}

/** Connects, does the work in a cancellable way, lets the sockets go. */
const connected = async <Value>(
  options: ConnectionOptions,
  known: { readonly profile?: string | null | undefined; readonly region?: string | undefined },
  work: (connection: Connection, signal: AbortSignal) => Promise<Value>,
): Promise<Value> => {
  const connection = await connect({
    profile: options.profile ?? known.profile ?? undefined,
    region: options.region ?? known.region,
    allowsProcess: options.allowCredentialProcess,
    askMfaCode,
  })
  try {
    return await cancellable((signal) => work(connection, signal))
  } catch (thrown) {
    throw toCloudError(thrown, { region: connection.region })
  } finally {
    connection.close()
  }
}

/** Profile and region of the launch, where the job was launched from here. */
const whereOf = (trip: Trip | undefined): { profile?: string | null; region?: string } =>
  trip === undefined ? {} : { profile: trip.profile, region: trip.caller.region }

const findTrip = (name: string): Promise<Trip | undefined> =>
  journal()
    .get(name)
    .catch(() => undefined)

export const runPreflight = async (inputs: readonly string[], options: LaunchOptions): Promise<void> => {
  const request = await readLaunchRequest(inputs, options)
  const found = await connected(options, await readCloudFile(options.config), (connection, signal) =>
    preflight(connection, request, { signal }),
  )
  print(options.json === true ? jsonText({ ...found }, 2) : describePreflight(found))
  if (!found.passed) process.exitCode = exitCodes.cloud
}

export interface LaunchCommandOptions extends LaunchOptions {
  readonly resume?: string
  readonly wait?: boolean
  readonly fetch?: string
  readonly quiet?: boolean
}

export const runLaunch = async (inputs: readonly string[], options: LaunchCommandOptions): Promise<void> => {
  if (options.fetch !== undefined && options.wait !== true) {
    throw new HeadroomError('usage', '--fetch needs --wait.', { next: 'Add --wait, or fetch later with: headroom cloud fetch.' })
  }
  const trips = journal()
  const begun = options.resume === undefined ? undefined : await trips.get(options.resume)
  const request = begun === undefined ? await readLaunchRequest(inputs, options) : begun.request
  const report = tripReport(options)
  const where = begun === undefined ? await readCloudFile(options.config) : whereOf(begun)
  await connected(options, where, async (connection, signal) => {
    const work = { signal, onEvent: report.show }
    const caller = await identifyCaller(connection)
    if (begun !== undefined && caller.account !== begun.caller.account) {
      throw new HeadroomError('cloud-setup', `That launch was made in account ${begun.caller.account}, this is ${caller.account}.`, {
        next: 'Choose its profile.',
      })
    }
    if (options.json !== true && options.quiet !== true)
      say(`As ${caller.arn} in ${caller.region}${caller.endpoint === null ? '' : ` at ${caller.endpoint}`}`)
    const engine = { plan: (plan: PlanRequest) => planForecasts(plan, { signal }), checkTables }
    const launched =
      begun === undefined
        ? await launchTrip({ connection, caller, journal: trips, request, engine }, work)
        : await resumeTrip(connection, trips, begun, work)
    if (options.wait !== true) {
      if (options.json !== true) print(launched.jobName)
      if (launched.part === 'spark') say(`The second stage begins when this one has ended: headroom cloud watch ${launched.runId}`)
      return
    }
    const ended = await awaitTrip(connection, trips, launched, { ...work, pollMs: pollMs() })
    if (options.fetch === undefined) return
    const fetched = await fetchTrip(connection, trips, ended, options.fetch, work)
    reportFetched(fetched, options)
  })
}

const reportFetched = ({ folder, files, verified, refused }: FetchedRun, options: { readonly json?: boolean }): void => {
  for (const { key, reason } of refused) say(`Left out ${JSON.stringify(key)}: ${reason}.`)
  if (options.json !== true) print(`${files} files${verified ? ', all as the manifest says' : ''}: ${folder}`)
}

export const runWatch = async (name: string, options: ConnectionOptions): Promise<void> => {
  const trip = await findTrip(name)
  const report = tripReport(options)
  await connected(options, whereOf(trip), async (connection, signal) => {
    const work = { signal, onEvent: report.show, pollMs: pollMs() }
    if (trip !== undefined) {
      await awaitTrip(connection, journal(), trip, work)
      return
    }
    const { state, peakMemoryBytes } = await followJob(connection, name, work)
    const failure = explainEnd(state, { region: connection.region, peakMemoryBytes }, Number.POSITIVE_INFINITY)
    if (failure !== undefined) throw failure
  })
}

export const runLogs = async (
  name: string,
  options: ConnectionOptions & { readonly search?: string; readonly follow?: boolean },
): Promise<void> => {
  const trip = await findTrip(name)
  const jobName = trip?.jobName ?? name
  const wanted = options.search?.toLowerCase()
  await connected(options, whereOf(trip), async (connection, signal) => {
    const show = ({ host, at, text }: { host: string; at: string; text: string }): void => {
      if (wanted !== undefined && !text.toLowerCase().includes(wanted)) return
      print(options.json === true ? jsonText({ host, at, text }) : `${at} ${host} ${text}`)
    }
    if (options.follow === true) {
      await followJob(connection, jobName, { signal, pollMs: pollMs(), onEvent: (event) => event.type === 'log' && show(event.line) })
      return
    }
    const lines = await new JobLog(connection, jobName).read(signal)
    if (lines.length === 0 && (await describeJob(connection, jobName, signal)) === undefined) {
      throw new HeadroomError('cloud-setup', `There is no processing job ${jobName} in ${connection.region}.`, {
        next: 'List them with: headroom cloud jobs.',
      })
    }
    for (const line of lines) show(line)
    if (lines.length === 0) say('The job has not said anything yet.')
  })
}

export const runStop = async (name: string, options: ConnectionOptions): Promise<void> => {
  const trip = await findTrip(name)
  const state = await connected(options, whereOf(trip), (connection) => stopJob(connection, trip?.jobName ?? name))
  print(options.json === true ? jsonText({ ...state }, 2) : `${state.name}: ${state.status}`)
}

export const runFetch = async (name: string, folder: string, options: ConnectionOptions & { readonly quiet?: boolean }): Promise<void> => {
  const trip = name.startsWith('s3://') ? undefined : await findTrip(name)
  const report = tripReport(options)
  const fetched = await connected(options, whereOf(trip), (connection, signal) =>
    fetchEarlier({ connection, journal: journal(), from: name, folder }, { signal, onEvent: report.show }),
  )
  reportFetched(fetched, options)
}

export const runJobs = async (options: ConnectionOptions & { readonly all?: boolean }): Promise<void> => {
  const { jobs, limited } = await connected(options, {}, (connection, signal) =>
    listJobs(connection, journal(), { signal, ...(options.all === true ? { nameContains: '' } : {}) }),
  )
  if (limited !== undefined) say(`Note: ${limited.message} ${limited.next ?? ''}`)
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
  const { roles, limited } = await connected(options, {}, listExecutionRoles)
  if (limited !== undefined) say(`Note: ${limited.message} ${limited.next ?? ''}`)
  if (options.json === true) print(jsonText({ roles: [...roles] }, 2))
  else if (roles.length > 0) print(roles.join('\n'))
}

/** Opens a page with what the system opens pages with. */
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
  await cancellable((signal) =>
    signIn(profile, { signal, openPage, usesDeviceCode: options.device, showCode: (page, code) => say(`Confirm ${code} at ${page}`) }),
  )
  const caller = await connected({ ...options, profile }, {}, (connection) => identifyCaller(connection))
  print(options.json === true ? jsonText({ ...caller }, 2) : `Signed in as ${caller.arn}`)
}

export const runProfiles = async (options: { readonly json?: boolean }): Promise<void> => {
  const profiles = await listProfiles()
  print(options.json === true ? jsonText({ profiles }, 2) : profiles.join('\n'))
}

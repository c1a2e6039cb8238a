// A launch from click to job: planned, kept on disk, files up, one job submitted; started again, it goes on where it was.
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { CloudCaller, CloudEvent, Trip } from '../../src-shared/cloud-job.ts'
import type { LaunchRequest } from '../../src-shared/cloud-settings.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { toCloudError, typeIn, type FailureContext } from './advice.ts'
import { fittingType } from './check-quota.ts'
import type { Connection } from './connection.ts'
import { fetchRun, type FetchedRun } from './fetch-run.ts'
import { followJob, type FollowWork } from './follow-job.ts'
import { explainEnd } from './job-end.ts'
import { abortable } from './list-objects.ts'
import { regionImage } from './machines.ts'
import { planLaunch, type LaunchPlan } from './plan-launch.ts'
import { submitJob } from './submit-job.ts'
import type { TripJournal } from './trip-journal.ts'
import { uploadFile } from './upload-file.ts'

export interface TripWork {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: CloudEvent) => void) | undefined
}

export interface Launch {
  readonly connection: Connection
  readonly caller: CloudCaller
  readonly journal: TripJournal
  readonly request: LaunchRequest
}

/** Plans, uploads and submits. The trip is in the journal from before the first byte leaves. */
export const launchTrip = async (launch: Launch, work: TripWork = {}): Promise<Trip> => {
  const { connection, caller, journal, request } = launch
  return inCloudTerms(connection, request, work.signal, async () => {
    const plan = await planLaunch(connection, request, work.signal)
    assertAffordable(plan, request)
    const { runId } = request
    const { instanceType, outputUri, mostUsd } = plan
    const jobName = `headroom-${runId}`
    const trip: Trip = {
      version: 1,
      runId,
      jobName,
      stage: 'planned',
      createdAt: new Date().toISOString(),
      profile: connection.profile,
      caller,
      request,
      instanceType,
      outputUri,
      mostUsd,
      job: null,
      incomplete: null,
      folder: null,
    }
    await journal.write(trip)
    work.onEvent?.({ type: 'planned', run_id: runId, job: jobName, instance_type: instanceType, most_usd: mostUsd })
    return bringAndSubmit(connection, journal, trip, plan, work)
  })
}

/** Goes on with a launch that was broken off before its job was submitted; submitted ones are returned as they are. */
export const resumeTrip = async (connection: Connection, journal: TripJournal, trip: Trip, work: TripWork = {}): Promise<Trip> => {
  if (trip.stage !== 'planned' && trip.stage !== 'submitting') return trip
  return inCloudTerms(connection, trip.request, work.signal, async () =>
    bringAndSubmit(connection, journal, trip, await planLaunch(connection, trip.request, work.signal), work),
  )
}

const bringAndSubmit = async (
  connection: Connection,
  journal: TripJournal,
  trip: Trip,
  plan: LaunchPlan,
  { signal, onEvent }: TripWork,
): Promise<Trip> => {
  await bringUp(connection, trip, plan, { signal, onEvent })
  const keep = (changed: Trip): Promise<void> => journal.write(changed)
  const submitted = await submitJob({ connection, trip, keep, job: plan.job, signal })
  const { arn, consoleUrl } = submitted.job!
  onEvent?.({ type: 'submitted', job: submitted.jobName, arn, console_url: consoleUrl })
  return submitted
}

const bringUp = async (
  connection: Connection,
  trip: Trip,
  { uploads, texts }: LaunchPlan,
  { signal, onEvent }: TripWork,
): Promise<void> => {
  const total = uploads.reduce((sum, { bytes }) => sum + bytes, 0)
  let bytes = 0
  let skipped = 0
  for (const upload of uploads) {
    await uploadFile(connection.s3, upload, {
      signal,
      onBytes: (sent, wasThere) => {
        bytes += sent
        if (wasThere) skipped += sent
        onEvent?.({ type: 'upload', file: upload.key.split('/').at(-1) ?? '', bytes, total, skipped })
      },
    })
  }
  const { kmsKeyId } = trip.request.settings
  const encryption = kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: kmsKeyId }
  for (const { bucket, key, text } of texts) {
    await connection.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ...encryption }), abortable(signal))
  }
}

/** Follows the trip's job to its end. Throws unless it completed: cloud-job-failed, cloud-job-stopped or what the reason tells. */
export const awaitTrip = async (connection: Connection, journal: TripJournal, trip: Trip, work: FollowWork = {}): Promise<Trip> => {
  const { state, peakMemoryBytes } = await followJob(connection, trip.jobName, work)
  const ended: Trip = { ...trip, stage: 'ended', job: state }
  await journal.write(ended)
  const failure = explainEnd(state, { ...contextOf(connection, trip.request), peakMemoryBytes }, trip.request.settings.maxRuntimeSeconds)
  if (failure !== undefined) throw failure
  return ended
}

/** Brings the run home; the journal remembers the folder. */
export const fetchTrip = async (
  connection: Connection,
  journal: TripJournal,
  trip: Trip,
  folder: string,
  work: TripWork = {},
): Promise<FetchedRun> => {
  const runId = trip.request.task.kind === 'engine' ? trip.runId : null
  const fetched = await fetchRun(connection, { uri: trip.outputUri, folder, runId }, work).catch(async (thrown: unknown) => {
    if (thrown instanceof HeadroomError && thrown.code === 'cloud-incomplete')
      await journal.write({ ...trip, stage: 'ended', incomplete: thrown.message })
    throw thrown
  })
  await journal.write({ ...trip, stage: 'home', incomplete: null, folder: fetched.folder })
  return fetched
}

const assertAffordable = ({ mostUsd, instanceType }: LaunchPlan, { settings }: LaunchRequest): void => {
  if (mostUsd === null || mostUsd <= settings.costCeilingUsd) return
  throw new HeadroomError(
    'cloud-limit',
    `Its full runtime on ${instanceType} would cost up to ${mostUsd.toFixed(2)} USD (estimate), above the ceiling of ${settings.costCeilingUsd} USD.`,
    { next: 'Shorten the runtime, choose a smaller machine, or raise the ceiling.' },
  )
}

const contextOf = ({ region }: Connection, { settings }: LaunchRequest): FailureContext => {
  const imageUri = regionImage(region)
  const { roleArn, kmsKeyId, instanceType } = settings
  return { region, roleArn, kmsKeyId, instanceType, imageUri }
}

/** Another machine that the account's quota holds, where it was the quota that refused. */
const typeInstead = async (connection: Connection, thrown: unknown): Promise<string | undefined> => {
  if (!(thrown instanceof Error) || thrown.name !== 'ResourceLimitExceeded') return undefined
  const type = typeIn(thrown.message)
  return type === undefined ? undefined : fittingType(connection, type)
}

const inCloudTerms = async <Value>(
  connection: Connection,
  request: LaunchRequest,
  signal: AbortSignal | undefined,
  work: () => Promise<Value>,
): Promise<Value> => {
  try {
    return await work()
  } catch (thrown) {
    if (signal?.aborted === true) {
      throw new HeadroomError('cancelled', `Broken off; what was uploaded is kept.`, {
        next: `Go on with: headroom cloud launch --resume ${request.runId}.`,
      })
    }
    throw toCloudError(thrown, { ...contextOf(connection, request), fittingType: await typeInstead(connection, thrown) })
  }
}

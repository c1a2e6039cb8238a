// A launch from click to job: planned, kept on disk, files up, one job submitted; started again, it goes on where it was.
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { hasEnded, type CloudCaller, type CloudEvent, type Trip, type TripPart } from '../../src-shared/cloud-job.ts'
import type { LaunchRequest } from '../../src-shared/cloud-settings.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { toCloudError, typeIn, type FailureContext } from './advice.ts'
import { describeJob } from './describe-job.ts'
import { fittingType } from './check-quota.ts'
import type { Connection } from './connection.ts'
import { checkTablesOf, type EngineErrands } from './engine-errands.ts'
import { fetchRun, type FetchedRun } from './fetch-run.ts'
import { followJob, type FollowWork } from './follow-job.ts'
import { explainEnd } from './job-end.ts'
import { abortable, listObjects } from './list-objects.ts'
import { regionImage, sparkImage } from './machines.ts'
import { planLaunch, type LaunchPlan } from './plan-launch.ts'
import { sparkTaskOf, stageNotesAddress } from './plan-spark.ts'
import { makeSparkPlan } from './sample-forecasts.ts'
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
  /** Needed for Spark jobs and for tables that go along. */
  readonly engine?: EngineErrands | undefined
}

/** Plans, uploads and submits. The trip is in the journal from before the first byte leaves. */
export const launchTrip = async (launch: Launch, work: TripWork = {}): Promise<Trip> => {
  const { connection, caller, journal, request } = launch
  return inCloudTerms(connection, request, work.signal, async () => {
    const part: TripPart = sparkTaskOf(request) === undefined ? 'whole' : 'spark'
    if (launch.engine !== undefined) {
      await checkTablesOf(request, launch.engine)
      await makeSparkPlan(connection, request, launch.engine.plan, work.signal)
    }
    const plan = await planLaunch(connection, request, part, work.signal)
    assertAffordable(plan, request)
    const { runId } = request
    const { instanceType, outputUri, mostUsd } = plan
    const jobName = jobNameOf(runId, part, 1)
    const trip: Trip = {
      version: 1,
      runId,
      jobName,
      stage: 'planned',
      part,
      attempt: 1,
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

/** Job names are unique for ever: each attempt at a part has one of its own. */
const jobNameOf = (runId: string, part: TripPart, attempt: number): string =>
  `headroom-${runId}${part === 'spark' ? '-spark' : ''}${attempt === 1 ? '' : `-again-${attempt}`}`

/**
 * Goes on with a launch that was broken off before its job was submitted; submitted ones are returned as they are. Of a trip through Spark,
 * a part that failed or was stopped is begun again: what it had finished is not computed anew.
 */
export const resumeTrip = async (connection: Connection, journal: TripJournal, trip: Trip, work: TripWork = {}): Promise<Trip> => {
  const begun = trip.part === 'whole' ? trip : await nextOfParts(connection, journal, trip, work)
  if (begun.stage !== 'planned' && begun.stage !== 'submitting') return begun
  return inCloudTerms(connection, begun.request, work.signal, async () => {
    const plan = await planLaunch(connection, begun.request, begun.part, work.signal)
    return bringAndSubmit(connection, journal, { ...begun, instanceType: plan.instanceType }, plan, work)
  })
}

/** Where a trip through Spark goes on: its part as it is, the next one, or another attempt at it. */
const nextOfParts = async (connection: Connection, journal: TripJournal, trip: Trip, { signal }: TripWork): Promise<Trip> => {
  if (trip.stage !== 'submitted' && trip.stage !== 'ended') return trip
  const state = (await describeJob(connection, trip.jobName, signal))?.state ?? trip.job
  if (state === null || !hasEnded(state.status)) return trip
  if (state.status !== 'Completed') return beginPart(journal, trip, trip.part, trip.attempt + 1)
  return trip.part === 'spark' ? beginFinish(connection, journal, { ...trip, job: state }, signal) : trip
}

const beginPart = async (journal: TripJournal, trip: Trip, part: TripPart, attempt: number): Promise<Trip> => {
  const next: Trip = {
    ...trip,
    part,
    attempt,
    jobName: jobNameOf(trip.runId, part, attempt),
    stage: 'planned',
    job: null,
    incomplete: null,
  }
  await journal.write(next)
  return next
}

/** The second part, once the first has left a whole stage: Completed alone is not believed. */
const beginFinish = async (connection: Connection, journal: TripJournal, trip: Trip, signal: AbortSignal | undefined): Promise<Trip> => {
  const notes = stageNotesAddress(trip.request)
  const found = await listObjects(connection.s3, notes, { most: 1, signal })
  if (found.some(({ key }) => key === notes.key)) return beginPart(journal, trip, 'finish', 1)
  const incomplete = 'The Spark job completed, but left no whole stage for the engine to finish.'
  await journal.write({ ...trip, stage: 'ended', incomplete })
  throw new HeadroomError('cloud-incomplete', incomplete, { next: 'Read the job’s log; launch again.' })
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
  onEvent?.({ type: 'submitted', part: submitted.part, job: submitted.jobName, arn, console_url: consoleUrl })
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

/**
 * Follows the trip's job to its end, and of a trip through Spark the second one after the first. Throws unless all completed:
 * cloud-job-failed, cloud-job-stopped or what the reason tells.
 */
export const awaitTrip = async (connection: Connection, journal: TripJournal, trip: Trip, work: FollowWork = {}): Promise<Trip> => {
  // One that was broken off between its parts goes on here.
  const submitted = trip.part === 'finish' ? await resumeUnsubmitted(connection, journal, trip, work) : trip
  const { state, peakMemoryBytes } = await followJob(connection, submitted.jobName, work)
  const ended: Trip = { ...submitted, stage: 'ended', job: state }
  await journal.write(ended)
  const context = { ...contextOf(connection, submitted.request, submitted.part), peakMemoryBytes }
  const failure = explainEnd(state, context, submitted.request.settings.maxRuntimeSeconds)
  if (failure !== undefined) throw ended.part === 'whole' ? failure : withPart(failure, ended)
  if (ended.part !== 'spark') return ended
  return awaitTrip(connection, journal, await resumeTrip(connection, journal, ended, work), work)
}

const resumeUnsubmitted = async (connection: Connection, journal: TripJournal, trip: Trip, work: TripWork): Promise<Trip> =>
  trip.stage === 'planned' || trip.stage === 'submitting' ? resumeTrip(connection, journal, trip, work) : trip

const partNames = { whole: '', spark: 'Spark stage', finish: 'second stage' } as const

/** Which part it was, and how the trip goes on. */
const withPart = (failure: HeadroomError, { part, runId }: Trip): HeadroomError =>
  new HeadroomError(failure.code, `In the ${partNames[part]}: ${failure.message}`, {
    next: `${failure.next ?? ''} Its complete steps are kept; go on with: headroom cloud launch --resume ${runId} --wait.`.trim(),
    cause: failure,
  })

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

const contextOf = ({ region }: Connection, { settings }: LaunchRequest, part: TripPart = 'whole'): FailureContext => {
  const imageUri = part === 'spark' ? sparkImage(region) : regionImage(region)
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

// A launch from click to job: planned, kept on disk, files up, one job submitted; started again, it goes on where it was.
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { hasEnded, type CloudCaller, type CloudEvent, type CloudRun, type CloudRunPart } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { toCloudError, extractInstanceType, type FailureContext } from '../account/cloud-error.ts'
import { describeJob } from '../jobs/describe-job.ts'
import { findAlternativeType } from '../preflight/check-quota.ts'
import type { Connection } from '../account/connection.ts'
import { checkLaunchTables, type EnginePort } from './engine-port.ts'
import { downloadRunFolder, type DownloadedRun } from '../download/download-run-folder.ts'
import { followJob, type FollowOptions } from '../jobs/follow-job.ts'
import { explainEnd } from '../jobs/job-end.ts'
import { abortable, listObjects } from '../storage/list-objects.ts'
import { scikitLearnImage, sparkImage } from '../jobs/instance-types.ts'
import { planLaunch, type LaunchPlan } from './plan-launch.ts'
import { sparkTaskOf, sparkOutputInfoAddress } from './plan-spark-job.ts'
import { makeSparkPlan } from './make-spark-plan.ts'
import { submitJob } from '../jobs/submit-job.ts'
import type { LaunchRecords } from './launch-records.ts'
import { uploadFile } from '../storage/upload-file.ts'

export interface LaunchOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: CloudEvent) => void) | undefined
}

export interface LaunchContext {
  readonly connection: Connection
  readonly caller: CloudCaller
  readonly launchRecords: LaunchRecords
  readonly request: LaunchRequest
  /** Needed for Spark jobs and for tables that go along. */
  readonly engine?: EnginePort | undefined
}

/** Plans, uploads and submits. The trip is in the journal from before the first byte leaves. */
export const launchRun = async (launch: LaunchContext, work: LaunchOptions = {}): Promise<CloudRun> => {
  const { connection, caller, launchRecords, request } = launch
  return withCloudErrors(connection, request, work.signal, async () => {
    const part: CloudRunPart = sparkTaskOf(request) === undefined ? 'whole' : 'spark'
    if (launch.engine !== undefined) {
      await checkLaunchTables(request, launch.engine)
      await makeSparkPlan(connection, request, launch.engine.plan, work.signal)
    }
    const plan = await planLaunch(connection, request, part, work.signal)
    assertWithinCostLimit(plan, request)
    const { runId } = request
    const { instanceType, outputUri, maxCostUsd: mostUsd } = plan
    const jobName = jobNameOf(runId, part, 1)
    const cloudRun: CloudRun = {
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
    await launchRecords.write(cloudRun)
    work.onEvent?.({ type: 'planned', run_id: runId, job: jobName, instance_type: instanceType, most_usd: mostUsd })
    return uploadAndSubmit(connection, launchRecords, cloudRun, plan, work)
  })
}

/** Job names are unique for ever: each attempt at a part has one of its own. */
const jobNameOf = (runId: string, part: CloudRunPart, attempt: number): string =>
  `headroom-${runId}${part === 'spark' ? '-spark' : ''}${attempt === 1 ? '' : `-again-${attempt}`}`

/**
 * Goes on with a launch that was broken off before its job was submitted; submitted ones are returned as they are. Of a trip through Spark,
 * a part that failed or was stopped is begun again: what it had finished is not computed anew.
 */
export const resumeRun = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  work: LaunchOptions = {},
): Promise<CloudRun> => {
  const current = cloudRun.part === 'whole' ? cloudRun : await advanceRun(connection, launchRecords, cloudRun, work)
  if (current.stage !== 'planned' && current.stage !== 'submitting') return current
  return withCloudErrors(connection, current.request, work.signal, async () => {
    const plan = await planLaunch(connection, current.request, current.part, work.signal)
    return uploadAndSubmit(connection, launchRecords, { ...current, instanceType: plan.instanceType }, plan, work)
  })
}

/** Where a trip through Spark goes on: its part as it is, the next one, or another attempt at it. */
const advanceRun = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  { signal }: LaunchOptions,
): Promise<CloudRun> => {
  if (cloudRun.stage !== 'submitted' && cloudRun.stage !== 'ended') return cloudRun
  const state = (await describeJob(connection, cloudRun.jobName, signal))?.state ?? cloudRun.job
  if (state === null || !hasEnded(state.status)) return cloudRun
  if (state.status !== 'Completed') return planNextJob(launchRecords, cloudRun, cloudRun.part, cloudRun.attempt + 1)
  return cloudRun.part === 'spark' ? planFinishJob(connection, launchRecords, { ...cloudRun, job: state }, signal) : cloudRun
}

const planNextJob = async (launchRecords: LaunchRecords, cloudRun: CloudRun, part: CloudRunPart, attempt: number): Promise<CloudRun> => {
  const next: CloudRun = {
    ...cloudRun,
    part,
    attempt,
    jobName: jobNameOf(cloudRun.runId, part, attempt),
    stage: 'planned',
    job: null,
    incomplete: null,
  }
  await launchRecords.write(next)
  return next
}

/** The second part, once the first has left a whole stage: Completed alone is not believed. */
const planFinishJob = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  signal: AbortSignal | undefined,
): Promise<CloudRun> => {
  const notes = sparkOutputInfoAddress(cloudRun.request)
  const found = await listObjects(connection.s3, notes, { limit: 1, signal })
  if (found.some(({ key }) => key === notes.key)) return planNextJob(launchRecords, cloudRun, 'finish', 1)
  const incomplete = 'The Spark job completed, but left no whole stage for the engine to finish.'
  await launchRecords.write({ ...cloudRun, stage: 'ended', incomplete })
  throw new HeadroomError('cloud-incomplete', incomplete, { next: 'Read the job’s log; launch again.' })
}

const uploadAndSubmit = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  plan: LaunchPlan,
  { signal, onEvent }: LaunchOptions,
): Promise<CloudRun> => {
  await uploadInputs(connection, cloudRun, plan, { signal, onEvent })
  const save = (changed: CloudRun): Promise<void> => launchRecords.write(changed)
  const submitted = await submitJob({ connection, cloudRun, save, job: plan.job, signal })
  const { arn, consoleUrl } = submitted.job!
  onEvent?.({ type: 'submitted', part: submitted.part, job: submitted.jobName, arn, console_url: consoleUrl })
  return submitted
}

const uploadInputs = async (
  connection: Connection,
  cloudRun: CloudRun,
  { uploads, texts }: LaunchPlan,
  { signal, onEvent }: LaunchOptions,
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
  const { kmsKeyId } = cloudRun.request.settings
  const encryption = kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: kmsKeyId }
  for (const { bucket, key, text } of texts) {
    await connection.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ...encryption }), abortable(signal))
  }
}

/**
 * Follows the trip's job to its end, and of a trip through Spark the second one after the first. Throws unless all completed:
 * cloud-job-failed, cloud-job-stopped or what the reason tells.
 */
export const waitForRun = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  work: FollowOptions = {},
): Promise<CloudRun> => {
  // One that was broken off between its parts goes on here.
  const submitted = cloudRun.part === 'finish' ? await resumeUnsubmitted(connection, launchRecords, cloudRun, work) : cloudRun
  const { state, peakMemoryBytes } = await followJob(connection, submitted.jobName, work)
  const ended: CloudRun = { ...submitted, stage: 'ended', job: state }
  await launchRecords.write(ended)
  const context = { ...failureContextOf(connection, submitted.request, submitted.part), peakMemoryBytes }
  const failure = explainEnd(state, context, submitted.request.settings.maxRuntimeSeconds)
  if (failure !== undefined) throw ended.part === 'whole' ? failure : withJobLabel(failure, ended)
  if (ended.part !== 'spark') return ended
  return waitForRun(connection, launchRecords, await resumeRun(connection, launchRecords, ended, work), work)
}

const resumeUnsubmitted = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  work: LaunchOptions,
): Promise<CloudRun> =>
  cloudRun.stage === 'planned' || cloudRun.stage === 'submitting' ? resumeRun(connection, launchRecords, cloudRun, work) : cloudRun

const jobLabels = { whole: '', spark: 'Spark stage', finish: 'second stage' } as const

/** Which part it was, and how the trip goes on. */
const withJobLabel = (failure: HeadroomError, { part, runId }: CloudRun): HeadroomError =>
  new HeadroomError(failure.code, `In the ${jobLabels[part]}: ${failure.message}`, {
    next: `${failure.next ?? ''} Its complete steps are kept; go on with: headroom cloud launch --resume ${runId} --wait.`.trim(),
    cause: failure,
  })

/** Brings the run home; the journal remembers the folder. */
export const downloadRun = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  folder: string,
  work: LaunchOptions = {},
): Promise<DownloadedRun> => {
  const runId = cloudRun.request.task.kind === 'engine' ? cloudRun.runId : null
  const downloaded = await downloadRunFolder(connection, { uri: cloudRun.outputUri, folder, runId }, work).catch(
    async (thrown: unknown) => {
      if (thrown instanceof HeadroomError && thrown.code === 'cloud-incomplete')
        await launchRecords.write({ ...cloudRun, stage: 'ended', incomplete: thrown.message })
      throw thrown
    },
  )
  await launchRecords.write({ ...cloudRun, stage: 'home', incomplete: null, folder: downloaded.folder })
  return downloaded
}

const assertWithinCostLimit = ({ maxCostUsd: mostUsd, instanceType }: LaunchPlan, { settings }: LaunchRequest): void => {
  if (mostUsd === null || mostUsd <= settings.costCeilingUsd) return
  throw new HeadroomError(
    'cloud-limit',
    `Its full runtime on ${instanceType} would cost up to ${mostUsd.toFixed(2)} USD (estimate), above the ceiling of ${settings.costCeilingUsd} USD.`,
    { next: 'Shorten the runtime, choose a smaller machine, or raise the ceiling.' },
  )
}

const failureContextOf = ({ region }: Connection, { settings }: LaunchRequest, part: CloudRunPart = 'whole'): FailureContext => {
  const imageUri = part === 'spark' ? sparkImage(region) : scikitLearnImage(region)
  const { roleArn, kmsKeyId, instanceType } = settings
  return { region, roleArn, kmsKeyId, instanceType, imageUri }
}

/** Another machine that the account's quota holds, where it was the quota that refused. */
const suggestInstanceType = async (connection: Connection, thrown: unknown): Promise<string | undefined> => {
  if (!(thrown instanceof Error) || thrown.name !== 'ResourceLimitExceeded') return undefined
  const type = extractInstanceType(thrown.message)
  return type === undefined ? undefined : findAlternativeType(connection, type)
}

const withCloudErrors = async <Value>(
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
    throw toCloudError(thrown, { ...failureContextOf(connection, request), alternativeType: await suggestInstanceType(connection, thrown) })
  }
}

// Launches a run: planned, recorded on disk, files uploaded, exactly one job submitted.
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { CloudCaller, CloudEvent, CloudRun, CloudRunPart, PreflightCheck } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import type { CapacityTableFiles } from '../../../src-shared/run/capacity-tables.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { consoleUrl } from '../account/aws-pages.ts'
import { toCloudError } from '../account/cloud-error.ts'
import { abortable, expectBucketOwner, type Connection } from '../account/connection.ts'
import { extractInstanceType, type FailureContext } from '../account/failure-rules.ts'
import { findImage } from '../jobs/instance-types.ts'
import { submitJob } from '../jobs/submit-job.ts'
import { assertPassed, preflight } from '../preflight/preflight.ts'
import { findAlternativeType } from '../preflight/check-quota.ts'
import { encryptionFields, uploadFiles, type MultipartUploads } from '../storage/upload-files.ts'
import type { LaunchPlan } from './launch-inputs.ts'
import type { LaunchRecords } from './launch-records.ts'
import { makeSparkPlan, type SparkPlanner } from './make-spark-plan.ts'
import { planLaunch } from './plan-launch.ts'
import { assertWithinCostLimit, partsOf } from './plan-resources.ts'
import { jobNameOf } from './run-names.ts'

/** The port through which a launch uses the engine, so that cloud code does not import it. */
export interface EnginePort {
  /** Plans a Spark job. Throws HeadroomError, also for inputs that an analysis would refuse. */
  readonly plan: SparkPlanner
  /** Throws HeadroomError for tables that an analysis would refuse. */
  readonly checkTables: (tables: {
    readonly serversTable: string | undefined
    readonly eventsTable: string | undefined
    readonly capacityTables: CapacityTableFiles
    readonly config: Readonly<Record<string, unknown>>
  }) => Promise<unknown>
}

export interface LaunchOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: CloudEvent) => void) | undefined
}

export interface LaunchContext {
  readonly connection: Connection
  readonly caller: CloudCaller
  readonly launchRecords: LaunchRecords
  readonly request: LaunchRequest
  /** Required for Spark jobs and for tables. */
  readonly engine?: EnginePort | undefined
  /** Launches without the checks of preflight. */
  readonly skipsChecks?: boolean | undefined
}

/** Checks, plans, uploads and submits. The launch record is written before the first upload. */
export const launchRun = async (context: LaunchContext, options: LaunchOptions = {}): Promise<CloudRun> => {
  const { connection, caller, launchRecords, request, engine, skipsChecks } = context
  return withLaunchErrors({ connection, launchRecords, request, signal: options.signal }, async () => {
    const [part] = partsOf(request)
    expectBucketOwner(connection, request.settings, caller)
    if (skipsChecks !== true) {
      const onCheck = (check: PreflightCheck): void => options.onEvent?.({ type: 'check', check })
      assertPassed(await preflight(connection, request, { signal: options.signal, caller, onCheck }))
    }
    if (engine !== undefined) {
      await checkLaunchTables(request, engine)
      await makeSparkPlan(connection, request, engine.plan, options.signal)
    }
    const plan = await planLaunch(connection, request, part, options.signal)
    assertWithinCostLimit(plan.maxCostUsd, request, connection.prices)
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
      multipartUploads: {},
      mostUsd,
      job: null,
      incomplete: null,
      costs: {},
      folder: null,
    }
    await launchRecords.write(cloudRun)
    options.onEvent?.({ type: 'planned', run_id: runId, job: jobName, instance_type: instanceType, most_usd: mostUsd })
    return uploadAndSubmit(connection, launchRecords, cloudRun, plan, options)
  })
}

/** Validates tables before the upload; the job would refuse them minutes later. */
const checkLaunchTables = async ({ task }: LaunchRequest, { checkTables }: EnginePort): Promise<void> => {
  if (task.kind !== 'engine') return
  const { serversTable, eventsTable, capacityTables = {}, config } = task
  if (serversTable === undefined && eventsTable === undefined && Object.values(capacityTables).length === 0) return
  await checkTables({ serversTable, eventsTable, capacityTables, config })
}

/** Sends what the bucket lacks, then submits the job and records it. */
export const uploadAndSubmit = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  plan: LaunchPlan,
  { signal, onEvent }: LaunchOptions,
): Promise<CloudRun> => {
  await uploadInputs(connection, launchRecords, cloudRun, plan, { signal, onEvent })
  const save = (changed: CloudRun): Promise<void> => launchRecords.write(changed)
  const submitted = await submitJob({ connection, cloudRun: { ...cloudRun, multipartUploads: {} }, save, job: plan.job, signal })
  const { arn, consoleUrl } = submitted.job!
  onEvent?.({ type: 'submitted', part: submitted.part, job: submitted.jobName, arn, console_url: consoleUrl })
  return submitted
}

const uploadInputs = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  { uploads, texts }: LaunchPlan,
  { signal, onEvent }: LaunchOptions,
): Promise<void> => {
  const total = uploads.reduce((sum, { bytes }) => sum + bytes, 0)
  let bytes = 0
  let skipped = 0
  await uploadFiles(connection.s3, uploads, {
    signal,
    multipartUploads: recordedUploads(launchRecords, cloudRun),
    onBytes: (sent, wasStored, { key }) => {
      bytes += sent
      if (wasStored) skipped += sent
      onEvent?.({ type: 'upload', file: key.split('/').at(-1) ?? '', bytes, total, skipped })
    },
  })
  const { kmsKeyId } = cloudRun.request.settings
  for (const { bucket, key, text } of texts) {
    await connection.s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ...encryptionFields(kmsKeyId) }),
      abortable(signal),
    )
  }
}

/** Multipart uploads in the launch record, by which only this launch resumes them. */
const recordedUploads = (launchRecords: LaunchRecords, cloudRun: CloudRun): MultipartUploads => {
  const uploads = new Map(Object.entries(cloudRun.multipartUploads))
  let written = Promise.resolve()
  return {
    find: (key) => uploads.get(key),
    save: (key, uploadId) => {
      uploads.set(key, uploadId)
      written = written.then(() => launchRecords.write({ ...cloudRun, multipartUploads: Object.fromEntries(uploads) }))
      return written
    },
  }
}

/** What an explanation of a failure may name. */
export const failureContextOf = ({ region }: Connection, { settings }: LaunchRequest, part: CloudRunPart = 'whole'): FailureContext => {
  const imageUri = findImage(part === 'spark' ? 'Spark' : 'scikit-learn', region)
  const { roleArn, kmsKeyId, instanceType } = settings
  return { region, roleArn, kmsKeyId, instanceType, imageUri }
}

/** An instance type that the quota allows, if the quota refused the launch. */
const suggestInstanceType = async (connection: Connection, thrown: unknown): Promise<string | undefined> => {
  if (!(thrown instanceof Error) || thrown.name !== 'ResourceLimitExceeded') return undefined
  const type = extractInstanceType(thrown.message)
  return type === undefined ? undefined : findAlternativeType(connection, type)
}

export interface LaunchStep {
  readonly connection: Connection
  readonly launchRecords: LaunchRecords
  readonly request: LaunchRequest
  readonly signal: AbortSignal | undefined
}

/** Runs a step of a launch; what AWS throws becomes an error with a next step, which says how the launch resumes. */
export const withLaunchErrors = async <Value>(
  { connection, launchRecords, request, signal }: LaunchStep,
  action: () => Promise<Value>,
): Promise<Value> => {
  try {
    return await action()
  } catch (thrown) {
    const error =
      signal?.aborted === true
        ? new HeadroomError('cancelled', 'The launch was cancelled; uploaded files stay in the bucket.')
        : toCloudError(thrown, {
            ...failureContextOf(connection, request),
            alternativeType: await suggestInstanceType(connection, thrown),
          })
    const hint = resumeHint(await launchRecords.find(request.runId))
    if (hint === undefined) throw error
    throw new HeadroomError(error.code, error.message, { next: `${error.next ?? ''} ${hint}`.trim(), cause: thrown })
  }
}

/** How an interrupted launch resumes, and which job it may have left behind. Undefined where nothing was begun. */
const resumeHint = (cloudRun: CloudRun | undefined): string | undefined => {
  if (cloudRun === undefined) return undefined
  const { stage, runId, jobName, caller } = cloudRun
  const resume = `Resume it with: headroom cloud launch --resume ${runId}.`
  return stage === 'submitting' ? `The job ${jobName} may run already: ${consoleUrl(caller.region, jobName)} ${resume}` : resume
}

// Resumes a launch: before its job was submitted, between the two jobs of a Spark cluster, or after one of them failed.
import { hasEnded, type CloudRun, type CloudRunPart } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { expectBucketOwner, type Connection } from '../account/connection.ts'
import { describeJob } from '../jobs/describe-job.ts'
import { listObjects } from '../storage/list-objects.ts'
import type { LaunchRecords } from './launch-records.ts'
import { uploadAndSubmit, withLaunchErrors, type LaunchOptions } from './launch-run.ts'
import { planLaunch } from './plan-launch.ts'
import { sparkOutputInfoAddress } from './plan-spark-job.ts'
import { jobNameOf } from './run-names.ts'

/**
 * Resumes an interrupted launch; a submitted job is not changed. In a run on a Spark cluster, a part that failed or was stopped starts
 * again after its last complete step.
 */
export const resumeRun = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  options: LaunchOptions = {},
): Promise<CloudRun> => {
  expectBucketOwner(connection, cloudRun.request.settings, cloudRun.caller)
  const current = cloudRun.part === 'whole' ? cloudRun : await advanceRun(connection, launchRecords, cloudRun, options)
  if (current.stage !== 'planned' && current.stage !== 'submitting') return current
  return withLaunchErrors({ connection, launchRecords, request: current.request, signal: options.signal }, async () => {
    const plan = await planLaunch(connection, current.request, current.part, options.signal)
    return uploadAndSubmit(connection, launchRecords, { ...current, instanceType: plan.instanceType }, plan, options)
  })
}

/** Where a run on a Spark cluster resumes: at the same part, the next one, or another attempt. */
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

/** The second part, once the Spark output is complete; the status Completed alone does not prove it. */
const planFinishJob = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  signal: AbortSignal | undefined,
): Promise<CloudRun> => {
  const info = sparkOutputInfoAddress(cloudRun.request)
  const found = await listObjects(connection.s3, info, { limit: 1, signal })
  if (found.some(({ key }) => key === info.key)) return planNextJob(launchRecords, cloudRun, 'finish', 1)
  const incomplete = 'The Spark job completed, but its output is incomplete.'
  await launchRecords.write({ ...cloudRun, stage: 'ended', incomplete })
  throw new HeadroomError('cloud-incomplete', incomplete, { next: 'Read the job’s log; launch again.' })
}

// Exactly one job per launch: its name is on disk before it is sent, and after any doubtful answer AWS is asked by that name.
import { setTimeout as pause } from 'node:timers/promises'
import { CreateProcessingJobCommand, type CreateProcessingJobCommandInput } from '@aws-sdk/client-sagemaker'
import type { JobState, CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { httpStatusOf } from '../account/cloud-error.ts'
import type { Connection } from '../account/connection.ts'
import { describeJob } from './describe-job.ts'
import { abortable } from '../storage/list-objects.ts'

const maxNames = 5
const maxAttempts = 4
const pauseMs = 300

export interface Submission {
  readonly connection: Connection
  readonly cloudRun: CloudRun
  /** Keeps the trip on disk; called before each new name is sent. */
  readonly save: (cloudRun: CloudRun) => Promise<void>
  readonly job: (jobName: string) => CreateProcessingJobCommandInput
  readonly signal?: AbortSignal | undefined
}

/** The one job of this trip, whether it is made now or was made by an attempt whose answer got lost. */
export const submitJob = async ({ connection, cloudRun, save, job, signal }: Submission): Promise<CloudRun> => {
  // Another attempt may have got through: its answer was lost, or this process was killed before it could write it down.
  if (cloudRun.stage === 'submitting') {
    const found = await findJobOfRun(connection, cloudRun, signal)
    if (found !== undefined) return recordSubmission(cloudRun, found, save)
  }
  for (let suffix = 1; suffix <= maxNames; suffix += 1) {
    const jobName = suffix === 1 ? cloudRun.jobName : `${cloudRun.jobName}-${suffix}`
    const pending: CloudRun = { ...cloudRun, jobName, stage: 'submitting' }
    await save(pending)
    const outcome = await createJob(connection, pending, job(jobName), signal)
    if (outcome !== 'name taken') return recordSubmission(pending, outcome, save)
  }
  throw new HeadroomError('cloud-setup', `Every name for this job is taken, from ${cloudRun.jobName} on.`, { next: 'Launch again.' })
}

const recordSubmission = async (cloudRun: CloudRun, job: JobState, save: Submission['save']): Promise<CloudRun> => {
  const accepted: CloudRun = { ...cloudRun, stage: 'submitted', job }
  await save(accepted)
  return accepted
}

const findJobOfRun = async (connection: Connection, cloudRun: CloudRun, signal: AbortSignal | undefined): Promise<JobState | undefined> => {
  const found = await describeJob(connection, cloudRun.jobName, signal)
  return found !== undefined && found.runId === cloudRun.runId ? found.state : undefined
}

const createJob = async (
  connection: Connection,
  cloudRun: CloudRun,
  input: CreateProcessingJobCommandInput,
  signal: AbortSignal | undefined,
): Promise<JobState | 'name taken'> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.sagemaker.send(new CreateProcessingJobCommand(input), abortable(signal))
      const described = await describeJob(connection, cloudRun.jobName, signal)
      if (described !== undefined) return described.state
    } catch (thrown) {
      // The name is unique for ever, so asking by it tells whether this or an earlier attempt got through.
      const isTaken = thrown instanceof Error && thrown.name === 'ResourceInUse'
      if (!isTaken && !mayHaveSucceeded(thrown)) throw thrown
      const found = await describeJob(connection, cloudRun.jobName, signal)
      if (found !== undefined) return found.runId === cloudRun.runId ? found.state : 'name taken'
      if (attempt === maxAttempts) throw thrown
    }
    await pause(pauseMs * attempt, undefined, signal === undefined ? {} : { signal })
  }
}

/** Whether the service may have done it all the same. */
const mayHaveSucceeded = (thrown: unknown): boolean => {
  if (!(thrown instanceof Error)) return false
  const status = httpStatusOf(thrown)
  if (status !== undefined) return status >= 500 || /Throttl/.test(thrown.name)
  return (
    /ECONN|EPIPE|TIMEDOUT|Timeout|hang up|Networking|aborted/i.test(
      `${thrown.name} ${thrown.message} ${'code' in thrown ? String(thrown.code) : ''}`,
    ) && thrown.name !== 'AbortError'
  )
}

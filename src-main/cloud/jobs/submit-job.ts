// Exactly one job per launch: the name is on disk before it is sent, and after an uncertain response the job is looked up by that name.
import { CreateProcessingJobCommand, type CreateProcessingJobCommandInput } from '@aws-sdk/client-sagemaker'
import type { JobState, CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { httpStatusOf, isConnectionLost, isThrottled } from '../account/cloud-error.ts'
import { abortable, pause, type Connection } from '../account/connection.ts'
import { describeJob } from './describe-job.ts'

const maxNames = 5
const maxAttempts = 4
const pauseMs = 300

export interface Submission {
  readonly connection: Connection
  readonly cloudRun: CloudRun
  /** Saves the launch record; called before each new name is sent. */
  readonly save: (cloudRun: CloudRun) => Promise<void>
  readonly job: (jobName: string) => CreateProcessingJobCommandInput
  readonly signal?: AbortSignal | undefined
}

/** The one job of this part, whether created now or by an earlier attempt whose response was lost. */
export const submitJob = async ({ connection, cloudRun, save, job, signal }: Submission): Promise<CloudRun> => {
  // An earlier attempt may have succeeded: its response was lost, or the process ended before it could save it.
  if (cloudRun.stage === 'submitting') {
    const found = await findJobOfRun(connection, cloudRun, signal)
    if (found !== undefined) return recordSubmission(cloudRun, found, save)
  }
  for (let suffix = 1; suffix <= maxNames; suffix += 1) {
    const jobName = suffix === 1 ? cloudRun.jobName : `${cloudRun.jobName}-${suffix}`
    const pending: CloudRun = { ...cloudRun, jobName, stage: 'submitting' }
    await save(pending)
    const outcome = await createJob(connection, pending, job(jobName), save, signal)
    if (outcome !== 'name taken') return recordSubmission(pending, outcome, save)
  }
  throw new HeadroomError('cloud-setup', `All names for this job are taken, from ${cloudRun.jobName} on.`, { next: 'Launch again.' })
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
  save: Submission['save'],
  signal: AbortSignal | undefined,
): Promise<JobState | 'name taken'> => {
  let isUnclear = false
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.sagemaker.send(new CreateProcessingJobCommand(input), abortable(signal))
      isUnclear = true
      const described = await describeJob(connection, cloudRun.jobName, signal)
      if (described !== undefined) return described.state
    } catch (thrown) {
      // Names are unique, so a lookup shows whether this or an earlier attempt succeeded.
      const isTaken = thrown instanceof Error && thrown.name === 'ResourceInUse'
      if (!isTaken && !mayHaveSucceeded(thrown)) {
        // No job exists, and the record says so.
        if (!isUnclear && httpStatusOf(thrown) !== undefined) await save({ ...cloudRun, stage: 'planned' })
        throw thrown
      }
      isUnclear = true
      const found = await describeJob(connection, cloudRun.jobName, signal)
      if (found !== undefined) return found.runId === cloudRun.runId ? found.state : 'name taken'
      if (attempt === maxAttempts) throw thrown
    }
    await pause(pauseMs * attempt, signal)
  }
}

/** Whether AWS may have created the job although the request failed. */
const mayHaveSucceeded = (thrown: unknown): boolean => {
  const status = httpStatusOf(thrown)
  return status === undefined ? isConnectionLost(thrown) : status >= 500 || isThrottled(thrown)
}

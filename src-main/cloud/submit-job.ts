// Exactly one job per launch: its name is on disk before it is sent, and after any doubtful answer AWS is asked by that name.
import { setTimeout as pause } from 'node:timers/promises'
import { CreateProcessingJobCommand, type CreateProcessingJobCommandInput } from '@aws-sdk/client-sagemaker'
import type { JobState, Trip } from '../../src-shared/cloud-job.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { statusOf } from './advice.ts'
import type { Connection } from './connection.ts'
import { describeJob } from './describe-job.ts'
import { abortable } from './list-objects.ts'

const mostNames = 5
const mostAttempts = 4
const pauseMs = 300

export interface Submission {
  readonly connection: Connection
  readonly trip: Trip
  /** Keeps the trip on disk; called before each new name is sent. */
  readonly keep: (trip: Trip) => Promise<void>
  readonly job: (jobName: string) => CreateProcessingJobCommandInput
  readonly signal?: AbortSignal | undefined
}

/** The one job of this trip, whether it is made now or was made by an attempt whose answer got lost. */
export const submitJob = async ({ connection, trip, keep, job, signal }: Submission): Promise<Trip> => {
  // Another attempt may have got through: its answer was lost, or this process was killed before it could write it down.
  if (trip.stage === 'submitting') {
    const found = await ownJob(connection, trip, signal)
    if (found !== undefined) return accept(trip, found, keep)
  }
  for (let suffix = 1; suffix <= mostNames; suffix += 1) {
    const jobName = suffix === 1 ? trip.jobName : `${trip.jobName}-${suffix}`
    const named: Trip = { ...trip, jobName, stage: 'submitting' }
    await keep(named)
    const made = await sendOnce(connection, named, job(jobName), signal)
    if (made !== 'name taken') return accept(named, made, keep)
  }
  throw new HeadroomError('cloud-setup', `Every name for this job is taken, from ${trip.jobName} on.`, { next: 'Launch again.' })
}

const accept = async (trip: Trip, job: JobState, keep: Submission['keep']): Promise<Trip> => {
  const accepted: Trip = { ...trip, stage: 'submitted', job }
  await keep(accepted)
  return accepted
}

const ownJob = async (connection: Connection, trip: Trip, signal: AbortSignal | undefined): Promise<JobState | undefined> => {
  const found = await describeJob(connection, trip.jobName, signal)
  return found !== undefined && found.runId === trip.runId ? found.state : undefined
}

const sendOnce = async (
  connection: Connection,
  trip: Trip,
  input: CreateProcessingJobCommandInput,
  signal: AbortSignal | undefined,
): Promise<JobState | 'name taken'> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.sagemaker.send(new CreateProcessingJobCommand(input), abortable(signal))
      const described = await describeJob(connection, trip.jobName, signal)
      if (described !== undefined) return described.state
    } catch (thrown) {
      // The name is unique for ever, so asking by it tells whether this or an earlier attempt got through.
      const isTaken = thrown instanceof Error && thrown.name === 'ResourceInUse'
      if (!isTaken && !isDoubtful(thrown)) throw thrown
      const found = await describeJob(connection, trip.jobName, signal)
      if (found !== undefined) return found.runId === trip.runId ? found.state : 'name taken'
      if (attempt === mostAttempts) throw thrown
    }
    await pause(pauseMs * attempt, undefined, signal === undefined ? {} : { signal })
  }
}

/** Whether the service may have done it all the same. */
const isDoubtful = (thrown: unknown): boolean => {
  if (!(thrown instanceof Error)) return false
  const status = statusOf(thrown)
  if (status !== undefined) return status >= 500 || /Throttl/.test(thrown.name)
  return (
    /ECONN|EPIPE|TIMEDOUT|Timeout|hang up|Networking|aborted/i.test(
      `${thrown.name} ${thrown.message} ${'code' in thrown ? String(thrown.code) : ''}`,
    ) && thrown.name !== 'AbortError'
  )
}

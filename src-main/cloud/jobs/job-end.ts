// How a job ended, judged: only Completed is success; a job past its runtime ends as Stopped without a word.
import { hasEnded, type JobState } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { explainJobFailure, type FailureContext } from '../account/cloud-error.ts'
import { findInstanceType, findLargerInstanceType } from './instance-types.ts'

/** Seconds before the limit from which a silent stop counts as caused by it. */
const toleranceSeconds = 5

/** Undefined for a job that completed or still runs. */
export const explainEnd = (state: JobState, context: FailureContext, maxRuntimeSeconds: number): HeadroomError | undefined => {
  if (!hasEnded(state.status) || state.status === 'Completed') return undefined
  if (state.status === 'Stopped') return explainStop(state, maxRuntimeSeconds)
  const type = state.instanceType ?? context.instanceType
  const instance = type === undefined ? undefined : findInstanceType(type)
  const larger = type === undefined ? undefined : findLargerInstanceType(type)
  return explainJobFailure(state.failureReason, state.exitMessage, {
    ...context,
    instanceType: type,
    memoryGb: instance?.memoryGb,
    largerType: larger?.type,
  })
}

const explainStop = ({ startedAt, endedAt }: JobState, maxRuntimeSeconds: number): HeadroomError => {
  const seconds = startedAt === null || endedAt === null ? 0 : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000
  return seconds >= maxRuntimeSeconds - toleranceSeconds
    ? new HeadroomError('cloud-job-stopped', `The job reached its greatest runtime of ${maxRuntimeSeconds} seconds and was stopped.`, {
        next: 'Launch again with a longer runtime or a larger machine.',
      })
    : new HeadroomError('cloud-job-stopped', 'The job was stopped before its end.', { next: 'Launch again when you want it.' })
}

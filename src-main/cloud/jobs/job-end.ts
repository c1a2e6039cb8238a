// How a job ended, and what it cost: only Completed is success, and a job that reaches its max runtime ends as Stopped without a reason.
import { hasEnded, type JobState } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { explainJobFailure } from '../account/cloud-error.ts'
import type { Connection } from '../account/connection.ts'
import { costUsd } from '../account/price-list.ts'
import { findInstanceType, findLargerInstanceType } from './instance-types.ts'
import type { FailureContext } from '../account/failure-rules.ts'

/** A stop within these seconds before the limit counts as caused by it. */
const toleranceSeconds = 5

/** Undefined for a job that completed or still runs. */
export const explainJobEnd = (state: JobState, context: FailureContext, maxRuntimeSeconds: number): HeadroomError | undefined => {
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
    ? new HeadroomError('cloud-job-stopped', `The job reached its max runtime of ${maxRuntimeSeconds} seconds and was stopped.`, {
        next: 'Launch again with a longer max runtime or a larger instance type.',
      })
    : new HeadroomError('cloud-job-stopped', 'The job was stopped before it completed.', { next: 'Launch again if you need the run.' })
}

/** USD from its start to its end at today's prices; null for a job without them, or on a type without a price. */
export const jobCostUsd = (
  { prices }: Pick<Connection, 'prices'>,
  { instanceType: type, instances: count, volumeGb, startedAt, endedAt }: JobState,
): number | null => {
  if (type === null || count === null || volumeGb === null || startedAt === null || endedAt === null) return null
  return costUsd(prices, { type, count, volumeGb, seconds: (Date.parse(endedAt) - Date.parse(startedAt)) / 1000 })
}

// Follows the jobs of a run to their end.
import { costOfRun, type CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Connection } from '../account/connection.ts'
import { followJob, type FollowOptions } from '../jobs/follow-job.ts'
import { explainJobEnd, jobCostUsd } from '../jobs/job-end.ts'
import { listObjects, parseS3Address } from '../storage/list-objects.ts'
import type { LaunchRecords } from './launch-records.ts'
import { failureContextOf, type LaunchOptions } from './launch-run.ts'
import { resumeRun } from './resume-run.ts'

/** Follows the job to its end, and on a Spark cluster also the second job. Throws unless all completed: cloud-job-failed,
 * cloud-job-stopped or what SageMaker's reason means. */
export const waitForRun = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  options: FollowOptions = {},
): Promise<CloudRun> => {
  // A run that was interrupted between its parts resumes here.
  const submitted = cloudRun.part === 'finish' ? await resumeUnsubmitted(connection, launchRecords, cloudRun, options) : cloudRun
  const { state, peakMemoryBytes } = await followJob(connection, submitted.jobName, options)
  const usd = jobCostUsd(connection, state)
  const costs = usd === null ? submitted.costs : { ...submitted.costs, [state.name]: usd }
  const ended: CloudRun = { ...submitted, stage: 'ended', job: state, costs }
  await launchRecords.write(ended)
  const totalUsd = costOfRun(ended)
  if (totalUsd !== null) options.onEvent?.({ type: 'cost', usd: totalUsd, most_usd: ended.mostUsd })
  const context = { ...failureContextOf(connection, submitted.request, submitted.part), peakMemoryBytes }
  const failure = explainJobEnd(state, context, submitted.request.settings.maxRuntimeSeconds)
  if (failure !== undefined) throw ended.part === 'whole' ? failure : withJobLabel(failure, ended)
  if (ended.part !== 'spark') return assertModuleOutput(connection, launchRecords, ended, options.signal)
  return waitForRun(connection, launchRecords, await resumeRun(connection, launchRecords, ended, options), options)
}

/** A module that completes without writing has not done its work. The engine's output is verified by its manifest. */
const assertModuleOutput = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  ended: CloudRun,
  signal: AbortSignal | undefined,
): Promise<CloudRun> => {
  if (ended.request.task.kind !== 'python-module') return ended
  const [object] = await listObjects(connection.s3, parseS3Address(ended.outputUri), { limit: 1, signal })
  if (object !== undefined) return ended
  const incomplete = `The module completed, but wrote nothing to ${ended.outputUri}.`
  await launchRecords.write({ ...ended, incomplete })
  throw new HeadroomError('cloud-incomplete', incomplete, {
    next: 'Read the job’s log. The module must write into the folder of --output_data_path.',
  })
}

const resumeUnsubmitted = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  options: LaunchOptions,
): Promise<CloudRun> =>
  cloudRun.stage === 'planned' || cloudRun.stage === 'submitting' ? resumeRun(connection, launchRecords, cloudRun, options) : cloudRun

const jobLabels = { whole: 'job', spark: 'Spark job', finish: 'engine job' } as const

/** Names the job that failed, and how the run resumes. */
const withJobLabel = (failure: HeadroomError, { part, runId }: CloudRun): HeadroomError =>
  new HeadroomError(failure.code, `In the ${jobLabels[part]}: ${failure.message}`, {
    next: `${failure.next ?? ''} Complete steps are kept; resume with: headroom cloud launch --resume ${runId} --wait.`.trim(),
    cause: failure,
  })

// One processing job of the account: its state as SageMaker describes it, and how it is stopped.
import { DescribeProcessingJobCommand, StopProcessingJobCommand, type DescribeProcessingJobCommandOutput } from '@aws-sdk/client-sagemaker'
import type { JobState } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { consoleUrl } from '../account/aws-pages.ts'
import { toCloudError } from '../account/cloud-error.ts'
import { abortable, type Connection } from '../account/connection.ts'

export interface DescribedJob {
  readonly state: JobState
  /** The run ID in its environment; undefined for jobs of other programs. */
  readonly runId: string | undefined
  readonly request: DescribeProcessingJobCommandOutput
}

/** Undefined if the account has no job of this name in this region. */
export const describeJob = async (connection: Connection, name: string, signal?: AbortSignal): Promise<DescribedJob | undefined> => {
  try {
    const request = await connection.sagemaker.send(new DescribeProcessingJobCommand({ ProcessingJobName: name }), abortable(signal))
    return { state: toJobState(request, connection.region), runId: request.Environment?.['HEADROOM_RUN_ID'], request }
  } catch (thrown) {
    const isMissing = thrown instanceof Error && (thrown.name === 'ResourceNotFound' || /could not find/i.test(thrown.message))
    if (isMissing) return undefined
    throw thrown
  }
}

/** Throws cloud-setup if the account has no job of this name in this region. */
export const requireJob = async (connection: Connection, name: string, signal?: AbortSignal): Promise<DescribedJob> => {
  const job = await describeJob(connection, name, signal)
  if (job !== undefined) return job
  throw new HeadroomError('cloud-setup', `There is no processing job ${name} in ${connection.region}.`, {
    next: 'List jobs with: headroom cloud jobs.',
  })
}

/** Does nothing for a job that has ended or is stopping. */
export const stopJob = async (connection: Connection, name: string): Promise<JobState> => {
  try {
    const { state } = await requireJob(connection, name)
    if (state.status !== 'InProgress') return state
    await connection.sagemaker.send(new StopProcessingJobCommand({ ProcessingJobName: name }))
    return (await describeJob(connection, name))?.state ?? state
  } catch (thrown) {
    throw toCloudError(thrown, { region: connection.region })
  }
}

const toIsoString = (date: Date | undefined): string | null => date?.toISOString() ?? null

const toJobState = (job: DescribeProcessingJobCommandOutput, region: string): JobState => {
  const cluster = job.ProcessingResources?.ClusterConfig
  return {
    name: job.ProcessingJobName ?? '',
    arn: job.ProcessingJobArn ?? '',
    status: job.ProcessingJobStatus ?? 'InProgress',
    createdAt: toIsoString(job.CreationTime) ?? '',
    startedAt: toIsoString(job.ProcessingStartTime),
    endedAt: toIsoString(job.ProcessingEndTime),
    instanceType: cluster?.SelectedInstanceType ?? cluster?.InstanceType ?? null,
    instances: cluster?.SelectedInstanceCount ?? cluster?.InstanceCount ?? null,
    volumeGb: cluster?.VolumeSizeInGB ?? null,
    failureReason: job.FailureReason ?? null,
    exitMessage: job.ExitMessage ?? null,
    outputUri: job.ProcessingOutputConfig?.Outputs?.[0]?.S3Output?.S3Uri ?? '',
    consoleUrl: consoleUrl(region, job.ProcessingJobName ?? ''),
  }
}

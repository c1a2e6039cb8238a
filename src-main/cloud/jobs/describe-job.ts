// A processing job as SageMaker describes it, in our own words.
import { DescribeProcessingJobCommand, type DescribeProcessingJobCommandOutput } from '@aws-sdk/client-sagemaker'
import type { JobState } from '../../../src-shared/cloud/cloud-job.ts'
import type { Connection } from '../account/connection.ts'
import { abortable } from '../storage/list-objects.ts'

export interface DescribedJob {
  readonly state: JobState
  /** The run id that the job was launched with; undefined for jobs of others. */
  readonly runId: string | undefined
  readonly request: DescribeProcessingJobCommandOutput
}

/** Undefined where the account has no job of this name in this region. */
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

const toIsoString = (date: Date | undefined): string | null => date?.toISOString() ?? null

const toJobState = (job: DescribeProcessingJobCommandOutput, region: string): JobState => ({
  name: job.ProcessingJobName ?? '',
  arn: job.ProcessingJobArn ?? '',
  status: job.ProcessingJobStatus ?? 'InProgress',
  createdAt: toIsoString(job.CreationTime) ?? '',
  startedAt: toIsoString(job.ProcessingStartTime),
  endedAt: toIsoString(job.ProcessingEndTime),
  instanceType: job.ProcessingResources?.ClusterConfig?.InstanceType ?? null,
  failureReason: job.FailureReason ?? null,
  exitMessage: job.ExitMessage ?? null,
  outputUri: job.ProcessingOutputConfig?.Outputs?.[0]?.S3Output?.S3Uri ?? '',
  consoleUrl: consoleUrl(region, job.ProcessingJobName ?? ''),
})

export const consoleUrl = (region: string, name: string): string => {
  const domain = region.startsWith('cn-') ? 'amazonaws.cn' : region.startsWith('us-gov-') ? 'amazonaws-us-gov.com' : 'aws.amazon.com'
  return `https://${region}.console.${domain}/sagemaker/home?region=${region}#/processing-jobs/${name}`
}

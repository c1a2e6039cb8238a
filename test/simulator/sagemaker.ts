// SageMaker's processing jobs as JSON 1.1: create, describe, list, stop.
import type { Account, ProcessingJob } from './account.ts'
import { checkProcessingRequest } from './processing-limits.ts'
import { jsonResponse, ServiceError, textOf, type Fields, type ServiceResponse } from './wire.ts'

/** Starts the work of a job; tests of the protocol replace it. */
export type JobRunner = (job: ProcessingJob, name: string) => Promise<void>

export const handleSageMaker = (account: Account, operation: string, input: Fields, run: JobRunner, now: Date): ServiceResponse => {
  switch (operation) {
    case 'CreateProcessingJob':
      return createJob(account, input, run, now)
    case 'DescribeProcessingJob':
      return jsonResponse(describeJob(findJob(account, input)))
    case 'ListProcessingJobs':
      return listJobs(account, input)
    case 'StopProcessingJob':
      return stopJob(findJob(account, input))
    default:
      throw new ServiceError('UnknownOperationException', `The operation ${operation} is not simulated.`, 404)
  }
}

const createJob = (account: Account, input: Fields, run: JobRunner, now: Date): ServiceResponse => {
  const name = textOf(input, 'ProcessingJobName')
  checkProcessingRequest(account, input)
  if (account.jobs.has(name)) {
    throw new ServiceError(
      'ResourceInUse',
      `Job name must be unique within an AWS account and region, and a processing job with this name already exists (arn:aws:sagemaker:${account.region}:${account.id}:processing-job/${name})`,
    )
  }
  const arn = `arn:aws:sagemaker:${account.region}:${account.id}:processing-job/${name}`
  const job: ProcessingJob = { request: input, arn, createdAt: now, status: 'InProgress', stop: () => undefined, ended: Promise.resolve() }
  account.jobs.set(name, job)
  job.ended = run(job, name)
  return jsonResponse({ ProcessingJobArn: arn })
}

const findJob = (account: Account, input: Fields): ProcessingJob => {
  const job = account.jobs.get(textOf(input, 'ProcessingJobName'))
  if (job !== undefined) return job
  throw new ServiceError('ValidationException', `Could not find requested job with name: ${textOf(input, 'ProcessingJobName')}`)
}

const seconds = (date: Date): number => date.getTime() / 1000

/** Tags are listed by another operation. */
const describeJob = (job: ProcessingJob): Fields => ({
  ...Object.fromEntries(Object.entries(job.request).filter(([name]) => name !== 'Tags')),
  ...selectedType(job),
  ProcessingJobArn: job.arn,
  ProcessingJobStatus: job.status,
  CreationTime: seconds(job.createdAt),
  LastModifiedTime: seconds(job.endedAt ?? job.startedAt ?? job.createdAt),
  ...(job.startedAt === undefined ? {} : { ProcessingStartTime: seconds(job.startedAt) }),
  ...(job.endedAt === undefined ? {} : { ProcessingEndTime: seconds(job.endedAt) }),
  ...(job.failureReason === undefined ? {} : { FailureReason: job.failureReason.slice(0, 1024) }),
  ...(job.exitMessage === undefined ? {} : { ExitMessage: job.exitMessage }),
})

/** Of several that were named. */
const selectedType = ({ request, selectedType: type }: ProcessingJob): Fields => {
  if (type === undefined) return {}
  const { ClusterConfig } = request['ProcessingResources'] as { ClusterConfig: Fields }
  return {
    ProcessingResources: {
      ClusterConfig: { ...ClusterConfig, SelectedInstanceType: type, SelectedInstanceCount: ClusterConfig['InstanceCount'] },
    },
  }
}

const listJobs = (account: Account, input: Fields): ServiceResponse => {
  const contains = textOf(input, 'NameContains')
  const limit = Number(input['MaxResults'] ?? 10)
  const from = Number(input['NextToken'] ?? 0)
  const jobs = [...account.jobs].filter(([name]) => name.includes(contains)).reverse()
  const shown = jobs.slice(from, from + limit)
  return jsonResponse({
    ProcessingJobSummaries: shown.map(([name, job]) => ({
      ProcessingJobName: name,
      ProcessingJobArn: job.arn,
      ProcessingJobStatus: job.status,
      CreationTime: seconds(job.createdAt),
      ...(job.endedAt === undefined ? {} : { ProcessingEndTime: seconds(job.endedAt) }),
      ...(job.failureReason === undefined ? {} : { FailureReason: job.failureReason }),
    })),
    ...(jobs.length > from + shown.length ? { NextToken: String(from + shown.length) } : {}),
  })
}

const stopJob = (job: ProcessingJob): ServiceResponse => {
  if (job.status !== 'InProgress') {
    throw new ServiceError('ValidationException', `The request was rejected because the processing job is in status ${job.status}.`)
  }
  job.status = 'Stopping'
  job.stop()
  return jsonResponse({})
}

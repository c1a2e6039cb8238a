// Job history: launches of this machine and jobs that were started elsewhere, newest first.
import { ListProcessingJobsCommand } from '@aws-sdk/client-sagemaker'
import type { ListedJob } from '../../../src-shared/ipc/cloud-contract.ts'
import { jobStatusSchema, type CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import type { HeadroomError } from '../../../src-shared/run/errors.ts'
import { toCloudError } from '../account/cloud-error.ts'
import { type Connection, abortable } from '../account/connection.ts'
import { isJobOfRun } from '../launch/run-names.ts'
import type { LaunchRecords } from '../launch/launch-records.ts'

export interface JobHistory {
  readonly jobs: readonly ListedJob[]
  /** Why the list holds only this machine's launches, if the caller may not list jobs. */
  readonly accessError: HeadroomError | undefined
}

const maxJobs = 100

/** `nameContains`: filter on job names; "" lists all jobs. */
export const listJobs = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  { nameContains = 'headroom', signal }: { readonly nameContains?: string; readonly signal?: AbortSignal } = {},
): Promise<JobHistory> => {
  const cloudRuns = await launchRecords.list()
  const jobsByName = new Map(cloudRuns.map((cloudRun) => [cloudRun.jobName, toListedJob(cloudRun)]))
  try {
    const query = { SortBy: 'CreationTime' as const, SortOrder: 'Descending' as const, MaxResults: maxJobs }
    const nameFilter = nameContains === '' ? {} : { NameContains: nameContains }
    const { ProcessingJobSummaries = [] } = await connection.sagemaker.send(
      new ListProcessingJobsCommand({ ...query, ...nameFilter }),
      abortable(signal),
    )
    for (const { ProcessingJobName: name = '', ProcessingJobStatus, CreationTime } of ProcessingJobSummaries) {
      const local = jobsByName.get(name) ?? findEarlierJob(cloudRuns, name)
      const createdAt = CreationTime?.toISOString() ?? ''
      jobsByName.set(name, {
        runId: null,
        folder: null,
        ...local,
        name,
        status: jobStatusSchema.catch('InProgress').parse(ProcessingJobStatus),
        createdAt,
      })
    }
    return { jobs: sortNewestFirst(jobsByName), accessError: undefined }
  } catch (thrown) {
    const error = toCloudError(thrown, { region: connection.region })
    if (error.code !== 'cloud-refused') throw error
    return { jobs: sortNewestFirst(jobsByName), accessError: error }
  }
}

const toListedJob = (cloudRun: CloudRun): ListedJob => ({
  name: cloudRun.jobName,
  status: cloudRun.job?.status ?? 'not submitted',
  createdAt: cloudRun.createdAt,
  runId: cloudRun.runId,
  folder: cloudRun.folder,
})

/** The other job of a run on a Spark cluster, or an earlier attempt. */
const findEarlierJob = (cloudRuns: readonly CloudRun[], name: string): ListedJob | undefined => {
  const cloudRun = cloudRuns.find(({ runId, part }) => part !== 'whole' && isJobOfRun(name, runId))
  return cloudRun === undefined ? undefined : { ...toListedJob(cloudRun), folder: null }
}

const sortNewestFirst = (jobs: ReadonlyMap<string, ListedJob>): ListedJob[] =>
  [...jobs.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))

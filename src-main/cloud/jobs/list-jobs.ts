// Job history: launches of this machine and jobs that were started elsewhere, newest first.
import { ListProcessingJobsCommand, type ProcessingJobSummary } from '@aws-sdk/client-sagemaker'
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
  /** Whether the account has older jobs that are not shown. */
  readonly hasMore: boolean
}

/** Default number of jobs; a history of thousands would be throttled. */
export const defaultMaxJobs = 100
const jobsPerPage = 100

/** `nameContains`: filter on job names; "" lists all jobs. `maxJobs`: of the account, the newest. */
export const listJobs = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  {
    nameContains = 'headroom',
    maxJobs = defaultMaxJobs,
    signal,
  }: { readonly nameContains?: string; readonly maxJobs?: number | undefined; readonly signal?: AbortSignal } = {},
): Promise<JobHistory> => {
  const cloudRuns = await launchRecords.list()
  const jobsByName = new Map(cloudRuns.map((cloudRun) => [cloudRun.jobName, toListedJob(cloudRun)]))
  try {
    const { summaries, hasMore } = await readSummaries(connection, nameContains, maxJobs, signal)
    for (const { ProcessingJobName: name = '', ProcessingJobStatus, CreationTime } of summaries) {
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
    return { jobs: sortNewestFirst(jobsByName), accessError: undefined, hasMore }
  } catch (thrown) {
    const error = toCloudError(thrown, { region: connection.region })
    if (error.code !== 'cloud-refused') throw error
    return { jobs: sortNewestFirst(jobsByName), accessError: error, hasMore: false }
  }
}

/** Page by page, newest first. */
const readSummaries = async (
  { sagemaker }: Connection,
  nameContains: string,
  maxJobs: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly summaries: readonly ProcessingJobSummary[]; readonly hasMore: boolean }> => {
  const query = {
    SortBy: 'CreationTime' as const,
    SortOrder: 'Descending' as const,
    ...(nameContains === '' ? {} : { NameContains: nameContains }),
  }
  const summaries: ProcessingJobSummary[] = []
  let NextToken: string | undefined
  do {
    const MaxResults = Math.min(jobsPerPage, maxJobs - summaries.length)
    const page = await sagemaker.send(new ListProcessingJobsCommand({ ...query, MaxResults, NextToken }), abortable(signal))
    summaries.push(...(page.ProcessingJobSummaries ?? []))
    NextToken = page.NextToken
  } while (NextToken !== undefined && summaries.length < maxJobs)
  return { summaries, hasMore: NextToken !== undefined }
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

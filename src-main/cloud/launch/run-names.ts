// Names of a cloud run: its jobs in the account, and its folder in the bucket.
import type { CloudRunPart } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { folderUri } from '../jobs/job-request.ts'

const jobNamePrefix = 'headroom-'

/** Job names stay unique in an account, so each attempt at a part has its own. */
export const jobNameOf = (runId: string, part: CloudRunPart, attempt: number): string =>
  `${jobNamePrefix}${runId}${part === 'spark' ? '-spark' : ''}${attempt === 1 ? '' : `-again-${attempt}`}`

/** Whether the job belongs to the run, whichever part or attempt it is. */
export const isJobOfRun = (jobName: string, runId: string): boolean => jobName.startsWith(`${jobNamePrefix}${runId}`)

/** The run ID of a job name, with what follows it; any other name as it is. */
export const stripJobPrefix = (jobName: string): string =>
  jobName.startsWith(jobNamePrefix) ? jobName.slice(jobNamePrefix.length) : jobName

/** Key prefix of what belongs to one run alone. */
export const runKeyPrefix = ({ settings, runId }: LaunchRequest): string => `${settings.prefix}/runs/${runId}/`

/** Address of a folder of the run. */
export const runUri = ({ settings, runId }: LaunchRequest, ...names: readonly string[]): string =>
  folderUri(settings.bucket, settings.prefix, 'runs', runId, ...names)

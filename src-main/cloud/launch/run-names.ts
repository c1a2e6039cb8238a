// Names of a cloud run: its ID, its jobs in the account, and its folder in the bucket.
import { randomBytes } from 'node:crypto'
import type { CloudRunPart } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { folderUri } from '../jobs/job-request.ts'

const jobNamePrefix = 'headroom-'

/** The UTC time, so that IDs sort by age, and six random hexadecimal digits. */
export const newRunId = (now = new Date()): string =>
  `${now.toISOString().replace(/\D/g, '').slice(0, 14)}${randomBytes(3).toString('hex')}`

/** Job names are unique in an account, so each attempt at a part has a separate name. */
export const jobNameOf = (runId: string, part: CloudRunPart, attempt: number): string =>
  `${jobNamePrefix}${runId}${part === 'spark' ? '-spark' : ''}${attempt === 1 ? '' : `-again-${attempt}`}`

/** Whether the job belongs to the run, in any part and attempt. */
export const isJobOfRun = (jobName: string, runId: string): boolean => jobName.startsWith(`${jobNamePrefix}${runId}`)

/** The job name without Headroom's prefix; other names are unchanged. */
export const stripJobPrefix = (jobName: string): string =>
  jobName.startsWith(jobNamePrefix) ? jobName.slice(jobNamePrefix.length) : jobName

/** Key prefix of the run's objects. */
export const runKeyPrefix = ({ settings, runId }: LaunchRequest): string => `${settings.prefix}/runs/${runId}/`

/** Address of a folder of the run. */
export const runUri = ({ settings, runId }: LaunchRequest, ...names: readonly string[]): string =>
  folderUri(settings.bucket, settings.prefix, 'runs', runId, ...names)

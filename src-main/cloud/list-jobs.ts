// The history: launches of this machine and Headroom's jobs that were started elsewhere, newest first.
import { ListProcessingJobsCommand } from '@aws-sdk/client-sagemaker'
import type { ListedJob } from '../../src-shared/cloud-contract.ts'
import { jobStatusSchema, type Trip } from '../../src-shared/cloud-job.ts'
import type { HeadroomError } from '../../src-shared/errors.ts'
import { toCloudError } from './advice.ts'
import type { Connection } from './connection.ts'
import { abortable } from './list-objects.ts'
import type { TripJournal } from './trip-journal.ts'

export interface JobHistory {
  readonly jobs: readonly ListedJob[]
  /** Why only this machine's launches are shown, where that is so. */
  readonly limited: HeadroomError | undefined
}

const mostJobs = 100

/** `nameContains`: which jobs of the account count; "" for all of them. */
export const listJobs = async (
  connection: Connection,
  journal: TripJournal,
  { nameContains = 'headroom', signal }: { readonly nameContains?: string; readonly signal?: AbortSignal } = {},
): Promise<JobHistory> => {
  const trips = await journal.list()
  const own = new Map(trips.map((trip) => [trip.jobName, fromTrip(trip)]))
  try {
    const query = { SortBy: 'CreationTime' as const, SortOrder: 'Descending' as const, MaxResults: mostJobs }
    const named = nameContains === '' ? {} : { NameContains: nameContains }
    const { ProcessingJobSummaries = [] } = await connection.sagemaker.send(
      new ListProcessingJobsCommand({ ...query, ...named }),
      abortable(signal),
    )
    for (const { ProcessingJobName: name = '', ProcessingJobStatus, CreationTime } of ProcessingJobSummaries) {
      const mine = own.get(name) ?? earlierPart(trips, name)
      const createdAt = CreationTime?.toISOString() ?? ''
      own.set(name, {
        runId: null,
        folder: null,
        ...mine,
        name,
        status: jobStatusSchema.catch('InProgress').parse(ProcessingJobStatus),
        createdAt,
      })
    }
    return { jobs: newestFirst(own), limited: undefined }
  } catch (thrown) {
    const error = toCloudError(thrown, { region: connection.region })
    if (error.code !== 'cloud-refused') throw error
    return { jobs: newestFirst(own), limited: error }
  }
}

const fromTrip = (trip: Trip): ListedJob => ({
  name: trip.jobName,
  status: trip.job?.status ?? 'not submitted',
  createdAt: trip.createdAt,
  runId: trip.runId,
  folder: trip.folder,
})

/** The other job of a trip through Spark, or an attempt at one. */
const earlierPart = (trips: readonly Trip[], name: string): ListedJob | undefined => {
  const trip = trips.find(({ runId, part }) => part !== 'whole' && name.startsWith(`headroom-${runId}`))
  return trip === undefined ? undefined : { ...fromTrip(trip), folder: null }
}

const newestFirst = (jobs: ReadonlyMap<string, ListedJob>): ListedJob[] =>
  [...jobs.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))

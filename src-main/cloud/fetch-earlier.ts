// Brings home a run that is not under way: by run id or job name, also of jobs that were started elsewhere, or any earlier run's s3:// prefix.
import { hasEnded } from '../../src-shared/cloud-job.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { Connection } from './connection.ts'
import { describeJob } from './describe-job.ts'
import { fetchRun, type FetchedRun, type FetchWork } from './fetch-run.ts'
import { explainEnd } from './job-end.ts'
import { fetchTrip } from './launch-trip.ts'
import type { TripJournal } from './trip-journal.ts'

export interface EarlierFetch {
  readonly connection: Connection
  readonly journal: TripJournal
  /** s3:// prefix, run id or job name. */
  readonly from: string
  /** Folder to make. */
  readonly folder: string
}

/** Throws cloud-setup for jobs that are not there or still run, what explainEnd tells of those that failed, cloud-incomplete. */
export const fetchEarlier = async ({ connection, journal, from, folder }: EarlierFetch, work: FetchWork = {}): Promise<FetchedRun> => {
  if (from.startsWith('s3://')) return fetchRun(connection, { uri: from, folder, runId: null }, work)
  const trip = await journal.get(from).catch(() => undefined)
  if (trip?.part === 'spark') {
    throw new HeadroomError('cloud-setup', 'Only the Spark stage of this launch was made: there is no run yet.', {
      next: `Go on with: headroom cloud launch --resume ${trip.runId} --wait.`,
    })
  }
  const described = await describeJob(connection, trip?.jobName ?? from, work.signal)
  if (described === undefined) {
    throw new HeadroomError('cloud-setup', `There is no processing job ${from} in ${connection.region}.`, {
      next: 'List them with: headroom cloud jobs.',
    })
  }
  const { state, runId, request } = described
  if (!hasEnded(state.status)) {
    throw new HeadroomError('cloud-setup', `The job ${state.name} still runs.`, { next: 'Follow it with: headroom cloud watch.' })
  }
  const seconds = trip?.request.settings.maxRuntimeSeconds ?? request.StoppingCondition?.MaxRuntimeInSeconds ?? Number.POSITIVE_INFINITY
  const failure = explainEnd(state, { region: connection.region }, seconds)
  if (failure !== undefined) throw failure
  if (trip !== undefined) return fetchTrip(connection, journal, { ...trip, job: state }, folder, work)
  const isOwnEngine = request.AppSpecification?.ContainerEntrypoint?.at(-1)?.endsWith('/engine/run.sh') === true
  return fetchRun(connection, { uri: state.outputUri, folder, runId: isOwnEngine ? (runId ?? null) : null }, work)
}

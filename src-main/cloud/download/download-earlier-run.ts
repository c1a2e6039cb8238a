// Brings home a run that is not under way: by run id or job name, also of jobs that were started elsewhere, or any earlier run's s3:// prefix.
import { hasEnded } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Connection } from '../account/connection.ts'
import { describeJob } from '../jobs/describe-job.ts'
import { downloadRunFolder, type DownloadedRun, type DownloadRunOptions } from './download-run-folder.ts'
import { explainEnd } from '../jobs/job-end.ts'
import { downloadRun } from '../launch/launch-run.ts'
import type { LaunchRecords } from '../launch/launch-records.ts'

export interface EarlierRunDownload {
  readonly connection: Connection
  readonly launchRecords: LaunchRecords
  /** s3:// prefix, run id or job name. */
  readonly from: string
  /** Folder to make. */
  readonly folder: string
}

/** Throws cloud-setup for jobs that are not there or still run, what explainEnd tells of those that failed, cloud-incomplete. */
export const downloadEarlierRun = async (
  { connection, launchRecords, from, folder }: EarlierRunDownload,
  options: DownloadRunOptions = {},
): Promise<DownloadedRun> => {
  if (from.startsWith('s3://')) return downloadRunFolder(connection, { uri: from, folder, runId: null }, options)
  const cloudRun = await launchRecords.get(from).catch(() => undefined)
  if (cloudRun?.part === 'spark') {
    throw new HeadroomError('cloud-setup', 'Only the Spark stage of this launch was made: there is no run yet.', {
      next: `Go on with: headroom cloud launch --resume ${cloudRun.runId} --wait.`,
    })
  }
  const described = await describeJob(connection, cloudRun?.jobName ?? from, options.signal)
  if (described === undefined) {
    throw new HeadroomError('cloud-setup', `There is no processing job ${from} in ${connection.region}.`, {
      next: 'List them with: headroom cloud jobs.',
    })
  }
  const { state, runId, request } = described
  if (!hasEnded(state.status)) {
    throw new HeadroomError('cloud-setup', `The job ${state.name} still runs.`, { next: 'Follow it with: headroom cloud watch.' })
  }
  const seconds = cloudRun?.request.settings.maxRuntimeSeconds ?? request.StoppingCondition?.MaxRuntimeInSeconds ?? Number.POSITIVE_INFINITY
  const failure = explainEnd(state, { region: connection.region }, seconds)
  if (failure !== undefined) throw failure
  if (cloudRun !== undefined) return downloadRun(connection, launchRecords, { ...cloudRun, job: state }, folder, options)
  const isHeadroomEngine = request.AppSpecification?.ContainerEntrypoint?.at(-1)?.endsWith('/engine/run.sh') === true
  return downloadRunFolder(connection, { uri: state.outputUri, folder, runId: isHeadroomEngine ? (runId ?? null) : null }, options)
}

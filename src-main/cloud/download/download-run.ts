// Downloads a run: of a launch, of a job by run ID or name wherever it was started, or of any s3:// prefix.
import { hasEnded, type CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { expectBucketOwner, type Connection } from '../account/connection.ts'
import { requireJob } from '../jobs/describe-job.ts'
import { downloadRunFolder, type DownloadedRun, type DownloadRunOptions } from './download-run-folder.ts'
import { explainJobEnd } from '../jobs/job-end.ts'
import type { LaunchRecords } from '../launch/launch-records.ts'

/** Downloads the run of a launch; its record stores the folder. Throws cloud-incomplete. */
export const downloadRun = async (
  connection: Connection,
  launchRecords: LaunchRecords,
  cloudRun: CloudRun,
  folder: string,
  options: DownloadRunOptions = {},
): Promise<DownloadedRun> => {
  expectBucketOwner(connection, cloudRun.request.settings, cloudRun.caller)
  const runId = cloudRun.request.task.kind === 'engine' ? cloudRun.runId : null
  const downloaded = await downloadRunFolder(connection, { uri: cloudRun.outputUri, folder, runId }, options).catch(
    async (thrown: unknown) => {
      if (thrown instanceof HeadroomError && thrown.code === 'cloud-incomplete')
        await launchRecords.write({ ...cloudRun, stage: 'ended', incomplete: thrown.message })
      throw thrown
    },
  )
  await launchRecords.write({ ...cloudRun, stage: 'home', incomplete: null, folder: downloaded.folder })
  return downloaded
}

export interface EarlierRunDownload {
  readonly connection: Connection
  readonly launchRecords: LaunchRecords
  /** s3:// prefix, run id or job name. */
  readonly from: string
  /** New folder. */
  readonly folder: string
}

/** Throws cloud-setup for a job that is missing or still running, the error of explainJobEnd for a failed one, cloud-incomplete. */
export const downloadEarlierRun = async (
  { connection, launchRecords, from, folder }: EarlierRunDownload,
  options: DownloadRunOptions = {},
): Promise<DownloadedRun> => {
  if (from.startsWith('s3://')) return downloadRunFolder(connection, { uri: from, folder, runId: null }, options)
  const cloudRun = await launchRecords.get(from).catch(() => undefined)
  if (cloudRun?.part === 'spark') {
    throw new HeadroomError('cloud-setup', 'The engine job of this launch has not run yet.', {
      next: `Resume it with: headroom cloud launch --resume ${cloudRun.runId} --wait.`,
    })
  }
  const { state, runId, request } = await requireJob(connection, cloudRun?.jobName ?? from, options.signal)
  if (!hasEnded(state.status)) {
    throw new HeadroomError('cloud-setup', `The job ${state.name} is still running.`, { next: 'Follow it with: headroom cloud watch.' })
  }
  const seconds = cloudRun?.request.settings.maxRuntimeSeconds ?? request.StoppingCondition?.MaxRuntimeInSeconds ?? Number.POSITIVE_INFINITY
  const failure = explainJobEnd(state, { region: connection.region }, seconds)
  if (failure !== undefined) throw failure
  if (cloudRun !== undefined) return downloadRun(connection, launchRecords, { ...cloudRun, job: state }, folder, options)
  const isHeadroomEngine = request.AppSpecification?.ContainerEntrypoint?.at(-1)?.endsWith('/engine/run.sh') === true
  return downloadRunFolder(connection, { uri: state.outputUri, folder, runId: isHeadroomEngine ? (runId ?? null) : null }, options)
}

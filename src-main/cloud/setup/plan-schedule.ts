// The requests of a launched run, as a schedule repeats them.
import type { CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { Connection } from '../account/connection.ts'
import { planLaunch } from '../launch/plan-launch.ts'
import { partsOf } from '../launch/plan-resources.ts'
import { sparkOutputInfoAddress } from '../launch/plan-spark-job.ts'
import { jobNameOf } from '../launch/run-names.ts'
import { parseS3Address } from '../storage/list-objects.ts'
import type { ScheduledJob } from './schedule-template.ts'

/** Throws cloud-setup for a run of local forecasts, which a schedule could not read, and for one that has not been submitted. */
export const planScheduledJobs = async (connection: Connection, cloudRun: CloudRun, signal?: AbortSignal): Promise<ScheduledJob[]> => {
  const { request, runId, stage, outputUri } = cloudRun
  if (typeof request.input !== 'string') {
    throw new HeadroomError('cloud-setup', `The run ${runId} read local forecasts, which a schedule cannot read.`, {
      next: 'Launch a run of an S3 prefix first, then schedule that one.',
    })
  }
  if (stage === 'planned') {
    throw new HeadroomError('cloud-setup', `The run ${runId} has not been launched, so its files are not in the bucket.`, {
      next: `Launch it with: headroom cloud launch --resume ${runId}.`,
    })
  }
  const jobs: ScheduledJob[] = []
  for (const part of partsOf(request)) {
    const plan = await planLaunch(connection, request, part, signal)
    const output = parseS3Address(outputUri)
    const manifest = request.task.kind === 'engine' ? { ...output, key: `${output.key}${runFiles.manifest}` } : undefined
    jobs.push({
      request: plan.job(jobNameOf(runId, part, 1)),
      proof: part === 'spark' ? sparkOutputInfoAddress(request) : manifest,
    })
  }
  return jobs
}

// headroom cloud watch: follows a job to its end.
import { followJob } from '../../cloud/jobs/follow-job.ts'
import { explainJobEnd, jobCostUsd } from '../../cloud/jobs/job-end.ts'
import { waitForRun } from '../../cloud/launch/wait-for-run.ts'
import { connectionOf, findCloudRun, openLaunchRecords, pollMs, withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'
import { createCloudProgressReport } from './progress-report.ts'

export const runWatch = async (name: string, options: ConnectionOptions): Promise<void> => {
  const cloudRun = await findCloudRun(name)
  const report = createCloudProgressReport(options)
  await withConnection(options, connectionOf(cloudRun), async (connection, signal) => {
    const work = { signal, onEvent: report.show, pollMs: pollMs() }
    if (cloudRun !== undefined) {
      await waitForRun(connection, openLaunchRecords(), cloudRun, work)
      return
    }
    const { state, peakMemoryBytes } = await followJob(connection, name, work)
    const usd = jobCostUsd(connection, state)
    if (usd !== null) report.show({ type: 'cost', usd, most_usd: null })
    const failure = explainJobEnd(state, { region: connection.region, peakMemoryBytes }, Number.POSITIVE_INFINITY)
    if (failure !== undefined) throw failure
  })
}

// headroom cloud stop: stops a job.
import { stopJob } from '../../cloud/jobs/describe-job.ts'
import { jsonText, print } from '../terminal.ts'
import { connectionOf, findCloudRun, withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'

export const runStop = async (name: string, options: ConnectionOptions): Promise<void> => {
  const cloudRun = await findCloudRun(name)
  const state = await withConnection(options, connectionOf(cloudRun), (connection) => stopJob(connection, cloudRun?.jobName ?? name))
  print(options.json === true ? jsonText({ ...state }, 2) : `${state.name}: ${state.status}`)
}

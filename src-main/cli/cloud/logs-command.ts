// headroom cloud logs: prints the log of a job.
import { requireJob } from '../../cloud/jobs/describe-job.ts'
import { followJob } from '../../cloud/jobs/follow-job.ts'
import { JobLog } from '../../cloud/jobs/job-log.ts'
import { jsonText, print, say } from '../terminal.ts'
import { connectionOf, findCloudRun, pollMs, withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'

export const runLogs = async (
  name: string,
  options: ConnectionOptions & { readonly search?: string; readonly follow?: boolean },
): Promise<void> => {
  const cloudRun = await findCloudRun(name)
  const jobName = cloudRun?.jobName ?? name
  const searchText = options.search?.toLowerCase()
  await withConnection(options, connectionOf(cloudRun), async (connection, signal) => {
    const show = ({ host, at, text }: { host: string; at: string; text: string }): void => {
      if (searchText !== undefined && !text.toLowerCase().includes(searchText)) return
      print(options.json === true ? jsonText({ host, at, text }) : `${at} ${host} ${text}`)
    }
    if (options.follow === true) {
      await followJob(connection, jobName, { signal, pollMs: pollMs(), onEvent: (event) => event.type === 'log' && show(event.line) })
      return
    }
    const lines = await new JobLog(connection, jobName).read(signal)
    if (lines.length === 0) await requireJob(connection, jobName, signal)
    for (const line of lines) show(line)
    if (lines.length === 0) say('The log is empty so far.')
  })
}

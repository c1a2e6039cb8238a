// headroom cloud jobs: lists jobs, wherever they were started.
import { defaultMaxJobs, listJobs } from '../../cloud/jobs/list-jobs.ts'
import { jsonText, print, say, tableText } from '../terminal.ts'
import { noteAccessError, openLaunchRecords, withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'

export const runJobs = async (options: ConnectionOptions & { readonly all?: boolean; readonly limit?: number }): Promise<void> => {
  const maxJobs = options.limit ?? defaultMaxJobs
  const { jobs, accessError, hasMore } = await withConnection(options, {}, (connection, signal) =>
    listJobs(connection, openLaunchRecords(), { signal, maxJobs, ...(options.all === true ? { nameContains: '' } : {}) }),
  )
  noteAccessError(accessError)
  if (hasMore) say(`Note: these are the newest ${maxJobs} jobs; the account has more. Show them with --limit.`)
  if (options.json === true) print(jsonText({ jobs: jobs.map((job) => ({ ...job })) }, 2))
  else
    print(
      tableText(
        ['job', 'status', 'created', 'run', 'folder'],
        jobs.map((job) => [job.name, job.status, job.createdAt, job.runId ?? 'elsewhere', job.folder ?? '']),
      ),
    )
}

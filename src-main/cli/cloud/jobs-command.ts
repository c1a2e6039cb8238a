// headroom cloud jobs: lists jobs, wherever they were started.
import { listJobs } from '../../cloud/jobs/list-jobs.ts'
import { jsonText, print, tableText } from '../terminal.ts'
import { noteAccessError, openLaunchRecords, withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'

export const runJobs = async (options: ConnectionOptions & { readonly all?: boolean }): Promise<void> => {
  const { jobs, accessError } = await withConnection(options, {}, (connection, signal) =>
    listJobs(connection, openLaunchRecords(), { signal, ...(options.all === true ? { nameContains: '' } : {}) }),
  )
  noteAccessError(accessError)
  if (options.json === true) print(jsonText({ jobs: jobs.map((job) => ({ ...job })) }, 2))
  else
    print(
      tableText(
        ['job', 'status', 'created', 'run', 'folder'],
        jobs.map((job) => [job.name, job.status, job.createdAt, job.runId ?? 'elsewhere', job.folder ?? '']),
      ),
    )
}

// headroom cloud download: downloads a run and verifies it.
import { downloadEarlierRun } from '../../cloud/download/download-run.ts'
import type { DownloadedRun } from '../../cloud/download/download-run-folder.ts'
import { print, say } from '../terminal.ts'
import { connectionOf, findCloudRun, openLaunchRecords, withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'
import { createCloudProgressReport } from './progress-report.ts'

export const runDownload = async (
  name: string,
  folder: string,
  options: ConnectionOptions & { readonly quiet?: boolean },
): Promise<void> => {
  const cloudRun = name.startsWith('s3://') ? undefined : await findCloudRun(name)
  const report = createCloudProgressReport(options)
  const downloaded = await withConnection(options, connectionOf(cloudRun), (connection, signal) =>
    downloadEarlierRun({ connection, launchRecords: openLaunchRecords(), from: name, folder }, { signal, onEvent: report.show }),
  )
  reportDownload(downloaded, options)
}

export const reportDownload = ({ folder, files, verified, refused }: DownloadedRun, options: { readonly json?: boolean }): void => {
  for (const { key, reason } of refused) say(`Left out ${JSON.stringify(key)}: ${reason}.`)
  if (options.json !== true) print(`${files} files${verified ? ', verified' : ''}: ${folder}`)
}

// headroom export: a run as a report or CSV, as tickets to import, as metrics, or the statements for its tables in Athena; a history as a pack.
import { basename, resolve } from 'node:path'
import { ticketFormats, type ReportFormat, type TicketFormat } from '../../src-shared/ipc/export-rows.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { withRunFolder } from '../queries/run/open-run-folder.ts'
import { assertNewFiles } from '../run-folder/output-file.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { writeAthenaDdl } from '../report/athena-ddl.ts'
import { writePack } from '../report/pack/write-pack.ts'
import { writeTextfileMetrics } from '../report/textfile-metrics.ts'
import { writeTickets } from '../report/tickets.ts'
import { writeReport } from '../report/write-report.ts'
import { systemUser } from '../run-folder/system-user.ts'
import { today } from '../run-folder/today.ts'
import { withChangeWarnings } from './changed-runs.ts'
import type { HistoryOptions } from './cloud/history-in-s3.ts'
import { jsonText, print, runCancellable, say } from './terminal.ts'

type RunExportFormat = ReportFormat | TicketFormat | 'ddl' | 'prometheus'
type ExportFormat = RunExportFormat | 'pack'

export interface ExportOptions extends HistoryOptions {
  readonly format: ExportFormat
  /** Of the run in S3; for ddl. */
  readonly location?: string
  readonly out?: string
  /** Who makes the report. */
  readonly author?: string
  /** Who approves the pack. */
  readonly approver?: string
  /** Of the pack. */
  readonly title?: string
  /** YYYY-MM-DD, for the pack; default: today. */
  readonly asOf?: string
  readonly bom?: boolean
  readonly force?: boolean
}

const isTicketFormat = (format: RunExportFormat): format is TicketFormat => ticketFormats.some((known) => known === format)

/** Name of the file without `--out`, after that of the run. */
const endingOf = (format: RunExportFormat): string => {
  if (isTicketFormat(format)) return `${format}.csv`
  return format === 'ddl' ? 'sql' : format === 'prometheus' ? 'prom' : format
}

export const runExport = async (folder: string, options: ExportOptions): Promise<void> => {
  const { format, location, out, bom = false, force, json, approver, title, asOf } = options
  for (const [name, value] of Object.entries({ approver, title, 'as-of': asOf }))
    if (value !== undefined && format !== 'pack') throw new HeadroomError('usage', `--${name} belongs to --format pack.`)
  if (bom && (format === 'pack' || (format !== 'csv' && !isTicketFormat(format))))
    throw new HeadroomError('usage', '--bom applies to CSV only.')
  if ((format === 'ddl') !== (location !== undefined))
    throw new HeadroomError('usage', '--location belongs to --format ddl.', {
      next: 'State where the run lies in S3: --location s3://BUCKET/PREFIX.',
    })
  if (format === 'pack') return exportPack(folder, options)
  if (folder.startsWith('s3://'))
    throw new HeadroomError('usage', 'Of S3 only a whole history can be exported, as a pack.', {
      next: 'Download the run first: headroom cloud download.',
    })
  const path = resolve(out ?? `${basename(resolve(folder))}.${endingOf(format)}`)
  await assertNewFiles([path], { force })
  await withChangeWarnings([folder], () => withRunFolder(resolve(folder), (run) => writeExport(run, format, options, path)))
  if (json === true) print(jsonText({ path, format }, 2))
  else say(`Report: ${path}`)
}

/** `--out` with an ending writes that one file, without one a web page and a PDF. A history in S3 is downloaded for the length of the command. */
const exportPack = async (place: string, options: ExportOptions): Promise<void> => {
  const { out, author, approver = '', force, json, title: given, asOf = today() } = options
  const base = resolve(out ?? `${basename(place.startsWith('s3://') ? place : resolve(place))}-pack`)
  const paths = /\.(html|pdf|pptx)$/i.test(base) ? [base] : [`${base}.html`, `${base}.pdf`]
  await assertNewFiles(paths, { force })
  // Of a history in S3 the folder is a temporary one.
  const title = given ?? (place.startsWith('s3://') ? basename(place) : undefined)
  const write = (folder: string): Promise<void> =>
    runCancellable((signal) => writePack(resolve(folder), paths, { author: author ?? systemUser(), approver, title }, { signal, asOf }))
  if (place.startsWith('s3://')) await (await import('./cloud/history-in-s3.ts')).withHistoryOfS3(place, options, write)
  else await write(place)
  if (json === true) print(jsonText({ paths, format: 'pack' }, 2))
  else for (const path of paths) say(`Pack: ${path}`)
}

const writeExport = async (
  run: OpenRun,
  format: RunExportFormat,
  { location, author, bom = false }: ExportOptions,
  path: string,
): Promise<void> => {
  const target = { path, hasByteOrderMark: bom }
  if (format === 'ddl') await writeAthenaDdl(run, location ?? '', path)
  else if (format === 'prometheus') await writeTextfileMetrics(run, path)
  else if (isTicketFormat(format)) await writeTickets(run, format, target)
  else await writeReport(run, format, target, author ?? systemUser())
}

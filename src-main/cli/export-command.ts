// headroom export: a run as a report or CSV, as tickets to import, as metrics, or the statements for its tables in Athena.
import { basename, resolve } from 'node:path'
import { ticketFormats, type ReportFormat, type TicketFormat } from '../../src-shared/ipc/export-rows.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { withRunFolder } from '../queries/run/open-run-folder.ts'
import { assertNewFiles } from '../run-folder/output-file.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { writeAthenaDdl } from '../report/athena-ddl.ts'
import { writeTextfileMetrics } from '../report/textfile-metrics.ts'
import { writeTickets } from '../report/tickets.ts'
import { writeReport } from '../report/write-report.ts'
import { systemUser } from '../run-folder/system-user.ts'
import { withChangeWarnings } from './changed-runs.ts'
import { jsonText, print, say } from './terminal.ts'

type ExportFormat = ReportFormat | TicketFormat | 'ddl' | 'prometheus'

export interface ExportOptions {
  readonly format: ExportFormat
  /** Of the run in S3; for ddl. */
  readonly location?: string
  readonly out?: string
  /** Who makes the report. */
  readonly author?: string
  readonly bom?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

const isTicketFormat = (format: ExportFormat): format is TicketFormat => ticketFormats.some((known) => known === format)

/** Name of the file without `--out`, after that of the run. */
const endingOf = (format: ExportFormat): string => {
  if (isTicketFormat(format)) return `${format}.csv`
  return format === 'ddl' ? 'sql' : format === 'prometheus' ? 'prom' : format
}

export const runExport = async (folder: string, options: ExportOptions): Promise<void> => {
  const { format, location, out, bom = false, force, json } = options
  if (bom && format !== 'csv' && !isTicketFormat(format)) throw new HeadroomError('usage', '--bom applies to CSV only.')
  if ((format === 'ddl') !== (location !== undefined))
    throw new HeadroomError('usage', '--location belongs to --format ddl.', {
      next: 'State where the run lies in S3: --location s3://BUCKET/PREFIX.',
    })
  const path = resolve(out ?? `${basename(resolve(folder))}.${endingOf(format)}`)
  await assertNewFiles([path], { force })
  await withChangeWarnings([folder], () => withRunFolder(resolve(folder), (run) => writeExport(run, options, path)))
  if (json === true) print(jsonText({ path, format }, 2))
  else say(`Report: ${path}`)
}

const writeExport = async (run: OpenRun, { format, location, author, bom = false }: ExportOptions, path: string): Promise<void> => {
  const target = { path, hasByteOrderMark: bom }
  if (format === 'ddl') await writeAthenaDdl(run, location ?? '', path)
  else if (format === 'prometheus') await writeTextfileMetrics(run, path)
  else if (isTicketFormat(format)) await writeTickets(run, format, target)
  else await writeReport(run, format, target, author ?? systemUser())
}

// headroom export: a run as one HTML page, PDF, workbook or CSV, or the statements for its tables in Athena.
import { basename, resolve } from 'node:path'
import type { ReportFormat } from '../../src-shared/ipc/export-rows.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { withRunFolder } from '../queries/run/open-run-folder.ts'
import { assertNewFiles } from '../run-folder/output-file.ts'
import { writeAthenaDdl } from '../report/athena-ddl.ts'
import { systemUser, writeReport } from '../report/write-report.ts'
import { withChangeWarnings } from './changed-runs.ts'
import { jsonText, print, say } from './terminal.ts'

export interface ExportOptions {
  readonly format: ReportFormat | 'ddl'
  /** Of the run in S3; for ddl. */
  readonly location?: string
  readonly out?: string
  /** Who makes the report. */
  readonly author?: string
  readonly bom?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

export const runExport = async (folder: string, { format, location, out, author, bom, force, json }: ExportOptions): Promise<void> => {
  if (bom === true && format !== 'csv') throw new HeadroomError('usage', '--bom applies to --format csv only.')
  if ((format === 'ddl') !== (location !== undefined))
    throw new HeadroomError('usage', '--location belongs to --format ddl.', {
      next: 'State where the run lies in S3: --location s3://BUCKET/PREFIX.',
    })
  const path = resolve(out ?? `${basename(resolve(folder))}.${format === 'ddl' ? 'sql' : format}`)
  await assertNewFiles([path], { force })
  await withChangeWarnings([folder], () =>
    withRunFolder(resolve(folder), (run) =>
      format === 'ddl'
        ? writeAthenaDdl(run, location ?? '', path)
        : writeReport(run, format, { path, hasByteOrderMark: bom === true }, author ?? systemUser()),
    ),
  )
  if (json === true) print(jsonText({ path, format }, 2))
  else say(`Report: ${path}`)
}

// headroom export: a run as one HTML page, PDF, workbook or CSV.
import { basename, resolve } from 'node:path'
import type { ReportFormat } from '../../src-shared/ipc/export-rows.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { withRunFolder } from '../queries/run/open-run-folder.ts'
import { assertNewFiles } from '../run-folder/output-file.ts'
import { writeReport } from '../report/write-report.ts'
import { withChangeWarnings } from './changed-runs.ts'
import { jsonText, print, say } from './terminal.ts'

export interface ExportOptions {
  readonly format: ReportFormat
  readonly out?: string
  readonly bom?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

export const runExport = async (folder: string, { format, out, bom, force, json }: ExportOptions): Promise<void> => {
  if (bom === true && format !== 'csv') throw new HeadroomError('usage', '--bom applies to --format csv only.')
  const path = resolve(out ?? `${basename(resolve(folder))}.${format}`)
  await assertNewFiles([path], { force })
  await withChangeWarnings([folder], () =>
    withRunFolder(resolve(folder), (run) => writeReport(run, format, { path, hasByteOrderMark: bom === true })),
  )
  if (json === true) print(jsonText({ path, format }, 2))
  else say(`Report: ${path}`)
}

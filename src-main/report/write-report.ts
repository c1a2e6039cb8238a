// A run written as a report in one of its forms: whole or not at all.
import { writeFile } from 'node:fs/promises'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import type { ExportTarget, ReportFormat } from '../../src-shared/ipc/export-rows.ts'
import { serverColumnNames } from '../../src-shared/artefacts/server-columns.ts'
import { resourcePath } from '../run-folder/resource-path.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { replaceFile } from '../run-folder/replace-file.ts'
import { exportRows } from './export-rows.ts'
import { renderHtmlReport } from './html-report.ts'
import { renderPdfReport } from './pdf-report.ts'
import { readReportContent } from './report-content.ts'
import type { ReportTable } from './report-table.ts'
import { readServerSheet, writeSheets, type SheetContent } from './write-sheets.ts'

/** `author` stands on each page; "" names nobody. Throws file-not-written, or what the run's tables hold against it. */
export const writeReport = async (
  run: OpenRun,
  format: ReportFormat,
  { path, hasByteOrderMark }: ExportTarget,
  author: string,
): Promise<void> => {
  if (format === 'csv') {
    await exportRows(run, {
      folder: run.overview.folder,
      metric: run.overview.metrics[0]?.name ?? '',
      filter: noFilter,
      columns: [...serverColumnNames],
      sort: { column: 'horizon_p95', descending: true },
      format,
      path,
      hasByteOrderMark,
    })
    return
  }
  const content = await readReportContent(run, author)
  const write = async (stagingPath: string): Promise<void> => {
    if (format === 'html') await writeFile(stagingPath, renderHtmlReport(content))
    else if (format === 'pdf') {
      const fonts = { regular: resourcePath('fonts', 'DejaVuSans.ttf'), bold: resourcePath('fonts', 'DejaVuSans-Bold.ttf') }
      await writeFile(stagingPath, await renderPdfReport(content, fonts))
    } else {
      const facts = [
        ['Run', content.title] as const,
        ['Forecast', content.subtitle] as const,
        ...(author === '' ? [] : [['Author', author] as const]),
        ...(run.contents.manifest === null ? [] : [['Run ID', run.contents.manifest.run_id] as const]),
        ['Finding', content.finding] as const,
        ...(content.findingNote === '' ? [] : [['Expected', content.findingNote] as const]),
        ...content.facts,
        ['How far to trust it', content.summary.trust] as const,
        ...content.notes.map((note) => ['Note', note] as const),
      ]
      const sheets = [
        { name: 'Summary', columns: ['Figure', 'Value'], rows: facts },
        ...content.summary.tables.map(toSheet),
        await readServerSheet(run),
        ...content.tables.slice(1).map(toSheet),
      ]
      await writeSheets(stagingPath, sheets, content.stamp)
    }
  }
  try {
    await replaceFile(path, write)
  } catch (cause) {
    if (cause instanceof HeadroomError) throw cause
    throw new HeadroomError('file-not-written', `${path} cannot be written.`, { cause })
  }
}

const toSheet = ({ title, columns, rows }: ReportTable): SheetContent => ({
  name: title,
  columns: columns.map((column) => column.title),
  rows: rows.map((row) => columns.map((_, index) => row[index] ?? '')),
})

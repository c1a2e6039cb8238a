// Writes sheets of plain cells as one XLSX file: texts that look like a formula are neutralised, times stay ISO text.
import writeXlsxFile, { type Sheet } from 'write-excel-file/node'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { serverColumnNames } from '../../src-shared/artefacts/server-columns.ts'
import { cellSchema } from '../../src-shared/ipc/fleet-view.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { cellExpression } from '../queries/servers/servers-query.ts'
import { escapeFormula } from '../../src-shared/artefacts/cell-text.ts'

export interface SheetContent {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

/** Cells are held in memory while they are written. */
const maxCells = 2_000_000

const rowSchema = z.record(z.string(), cellSchema)

const toCell = (value: unknown) => {
  if (typeof value === 'number') return Number.isFinite(value) ? { value, type: Number } : null
  if (typeof value === 'boolean') return { value, type: Boolean }
  if (value === null || value === undefined) return null
  return { value: escapeFormula(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')), type: String }
}

/** Throws usage for more than a workbook takes: to be asked before they are read. */
export const assertCellCount = (cells: number): void => {
  if (cells <= maxCells) return
  throw new HeadroomError(
    'usage',
    `These are ${cells.toLocaleString('en-US')} cells; a workbook takes ${maxCells.toLocaleString('en-US')}.`,
    {
      next: 'Narrow the filter, show fewer columns, or export CSV or Parquet.',
    },
  )
}

/** Throws usage where the sheets are too large to be written. */
export const writeSheets = async (path: string, sheets: readonly SheetContent[]): Promise<void> => {
  assertCellCount(sheets.reduce((sum, { columns, rows }) => sum + columns.length * rows.length, 0))
  const workbookSheets = sheets.map(({ name, columns, rows }): Sheet<never> => ({
    sheet: name,
    stickyRowsCount: 1,
    data: [
      columns.map((title) => ({ value: escapeFormula(title), type: String, fontWeight: 'bold' as const })),
      ...rows.map((row) => row.map(toCell)),
    ],
  }))
  await writeXlsxFile(workbookSheets).toFile(path)
}

/** Every server of the first metric with every column of the list. */
export const readServerSheet = async (run: OpenRun): Promise<SheetContent> => {
  const columns = serverColumnNames
  const metric = run.overview.metrics[0]?.name ?? ''
  const { rows } = await run.database.row(
    'SELECT CAST(count(*) AS INTEGER) AS rows FROM server_risk WHERE metric = $1',
    z.object({ rows: z.int() }),
    [metric],
  )
  assertCellCount(rows * columns.length)
  const found = await run.database.rows(
    `SELECT ${columns.map((name, index) => `${cellExpression(name)} AS c${index}`).join(', ')} FROM server_risk WHERE metric = $1 ORDER BY horizon_p95 DESC NULLS LAST, server_id`,
    rowSchema,
    [metric],
  )
  return { name: 'Servers', columns, rows: found.map((row) => columns.map((_, index) => row[`c${index}`])) }
}

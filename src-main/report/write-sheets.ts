// Writes sheets of plain cells as one XLSX file: text stays text, whatever it looks like; times are ISO text with the run's offset.
import writeXlsxFile, { type Sheet } from 'write-excel-file/node'
import { getCellAddress } from 'write-excel-file/utility'
import { z } from 'zod'
import { escapeHtml } from '../../src-shared/chart-options/format.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { serverColumnNames } from '../../src-shared/artefacts/server-columns.ts'
import { cellSchema } from '../../src-shared/ipc/fleet-view.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { cellExpression } from '../queries/servers/servers-query.ts'
import { showDirectionMarks } from '../../src-shared/artefacts/cell-text.ts'

export interface SheetContent {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

/** Cells are held in memory while they are written. */
const maxCells = 2_000_000
/** Limits of Excel: rows of a sheet with the header, characters of a cell. */
const maxSheetRows = 1_048_576
const maxCellLength = 32_767

const formatCount = (count: number): string => count.toLocaleString('en-US')

/** What XML cannot hold, or should not; the library drops it, which makes one name of two. */
const droppedCharacters = /(?![\t\n\r\u0085])\p{Cc}|\uFFFD|\p{Noncharacter_Code_Point}|\p{Surrogate}/gu

const codeOf = (character: string): string => character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')

const plainText = (text: string): string => showDirectionMarks(text).replaceAll(droppedCharacters, (found) => `<U+${codeOf(found)}>`)

/** Spreadsheets read `_x0041_` as A, and XML reads a carriage return as a line feed. */
const withEscapes = (text: string): string => text.replaceAll(/_(?=x[0-9A-Fa-f]{4}_)|\r/g, (found) => `_x${codeOf(found)}_`)

/** A cell of type text is never run, so it needs no apostrophe. */
const cellText = (text: string): string => {
  const shown = withEscapes(plainText(text))
  if (shown.length <= maxCellLength) return shown
  throw new HeadroomError(
    'usage',
    `A text of ${formatCount(shown.length)} characters exceeds the ${formatCount(maxCellLength)} of an Excel cell; export CSV instead.`,
  )
}

/** The library looks texts up in a plain object, where it finds members of every object, such as `constructor`. */
const isObjectMember = (value: unknown): value is string => typeof value === 'string' && value in {}

/** Stands in the table of texts for one that the cell itself holds. */
const placeholder = '-'

const sharedText = (text: string): string => (isObjectMember(text) ? placeholder : cellText(text))

const rowSchema = z.record(z.string(), cellSchema)

const toCell = (value: unknown) => {
  if (typeof value === 'number') return Number.isFinite(value) ? { value, type: Number } : null
  if (typeof value === 'boolean') return { value, type: Boolean }
  if (value === null || value === undefined) return null
  return { value: sharedText(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')), type: String }
}

/** Throws usage for more than a workbook takes: to be asked before they are read. */
export const assertSheetSizes = (sheets: readonly { readonly rows: number; readonly columns: number }[]): void => {
  const rows = Math.max(...sheets.map((sheet) => sheet.rows))
  if (rows + 1 > maxSheetRows) {
    throw new HeadroomError(
      'usage',
      `${formatCount(rows)} rows and a header exceed the ${formatCount(maxSheetRows)} rows of an Excel sheet; export CSV instead.`,
    )
  }
  const cells = sheets.reduce((sum, sheet) => sum + sheet.rows * sheet.columns, 0)
  if (cells > maxCells) {
    throw new HeadroomError('usage', `These are ${formatCount(cells)} cells; a workbook takes ${formatCount(maxCells)}.`, {
      next: 'Narrow the filter, show fewer columns, or export CSV or Parquet.',
    })
  }
}

type Features = NonNullable<NonNullable<Parameters<typeof writeXlsxFile>[1]>['features']>

/** Limit of Excel for a footer. */
const maxFooterLength = 255

/** A text and the number at the foot of each printed page; `&` starts a code there. */
const pageFoot = (text: string): Features => {
  const number = '&R&P of &N'
  let shown = plainText(text)
  const footer = (): string => `&L${shown.replaceAll('&', '&&')}${number}`
  while (footer().length > maxFooterLength) shown = shown.slice(0, -1).replace(/[\uD800-\uDBFF]$/, '')
  const markup = `<headerFooter><oddFooter>${escapeHtml(footer())}</oddFooter></headerFooter>`
  return [{ files: { transform: { 'xl/worksheets/sheet{id}.xml': { insert: () => markup } } } }]
}

/** Writes names of members of every object into their cells instead of into the table of texts. */
const inlineTexts = (sheets: readonly SheetContent[]): Features => {
  const inline = sheets.map(({ columns, rows }) => {
    const texts = new Map<string, string>()
    for (const [row, cells] of [columns, ...rows].entries()) {
      for (const [column, value] of cells.entries()) if (isObjectMember(value)) texts.set(getCellAddress(row, column), value)
    }
    return texts
  })
  if (inline.every(({ size }) => size === 0)) return []
  const transform = (xml: string, _: unknown, { sheetIndex }: { readonly sheetIndex: number }): string =>
    xml.replaceAll(/<c ([^>]*)><v>\d+<\/v><\/c>/g, (cell, attributes: string) => {
      const text = inline[sheetIndex]?.get(/\br="([A-Z]+\d+)"/.exec(attributes)?.[1] ?? '')
      return text === undefined ? cell : `<c ${attributes.replace('t="s"', 't="inlineStr"')}><is><t>${escapeHtml(text)}</t></is></c>`
    })
  return [{ files: { transform: { 'xl/worksheets/sheet{id}.xml': { transform } } } }]
}

/** `stamp` stands on each printed page. Throws usage where a sheet is too large to be written. */
export const writeSheets = async (path: string, sheets: readonly SheetContent[], stamp?: string): Promise<void> => {
  assertSheetSizes(sheets.map(({ columns, rows }) => ({ rows: rows.length, columns: columns.length })))
  const workbookSheets = sheets.map(({ name, columns, rows }): Sheet<never> => ({
    sheet: name,
    stickyRowsCount: 1,
    data: [
      columns.map((title) => ({ value: sharedText(title), type: String, fontWeight: 'bold' as const })),
      ...rows.map((row) => row.map(toCell)),
    ],
  }))
  const features = [...inlineTexts(sheets), ...(stamp === undefined ? [] : pageFoot(stamp))]
  await writeXlsxFile(workbookSheets, { features }).toFile(path)
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
  assertSheetSizes([{ rows, columns: columns.length }])
  const found = await run.database.rows(
    `SELECT ${columns.map((name, index) => `${cellExpression(name, run.zone)} AS c${index}`).join(', ')} FROM server_risk WHERE metric = $1 ORDER BY horizon_p95 DESC NULLS LAST, server_id`,
    rowSchema,
    [metric],
  )
  return { name: 'Servers', columns, rows: found.map((row) => columns.map((_, index) => row[`c${index}`])) }
}

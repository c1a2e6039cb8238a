// A table in a workbook: which sheet holds it, which row names its columns, and the rows below.
import { readFile } from 'node:fs/promises'
import { HeadroomError, type ErrorCode } from '../../../src-shared/run/errors.ts'
import { evenName } from '../../../src-shared/config/nearest-name.ts'
import { readWorkbook, WorkbookError, type SheetCell, type SheetRow, type WorkbookSheet } from './read-workbook.ts'

export interface SheetTable {
  readonly sheet: string
  readonly columns: readonly string[]
  /** A cell per column. */
  readonly rows: readonly SheetRow[]
}

/** What is looked for, and how its absence is told. */
interface TableKind {
  /** "servers table fleet.xlsx". */
  readonly title: string
  readonly code: ErrorCode
  /** The option that names the file. */
  readonly option: string
  /** Names the row of column names. */
  readonly keyColumn: string
}

/** Titles above the column names. */
const maxTitleRows = 20

/** Throws in the code of the table. */
export const readSheetTable = async (path: string, sheetName: string | undefined, kind: TableKind): Promise<SheetTable> => {
  const { title, code, option, keyColumn } = kind
  const refuse = (sentence: string, next: string, cause?: unknown): HeadroomError =>
    new HeadroomError(code, `The ${title} ${sentence}.`, { next, cause })
  const sheets = await readFile(path)
    .then(readWorkbook)
    .catch((thrown: unknown) => {
      if (!(thrown instanceof WorkbookError)) throw thrown
      throw refuse(thrown.message, 'Save it as XLSX, or as CSV UTF-8.', thrown)
    })
  const filled = sheets.filter(({ rows }) => rows.length > 0)
  const candidates = filled.filter((sheet) => (sheetName === undefined ? !sheet.isHidden : sheet.name === sheetName))
  const [first] = candidates
  if (first === undefined) {
    if (sheetName !== undefined)
      throw refuse(`has no filled sheet ${sheetName}; it has ${listSheets(filled)}`, `Name one with ${option} FILE.xlsx#SHEET.`)
    throw refuse('has no visible sheet with a row', 'Fill it in, or save the sheet as CSV UTF-8.')
  }
  const withKey = candidates.flatMap((sheet) => {
    const header = findHeader(sheet, keyColumn)
    return header === undefined ? [] : [{ sheet, header }]
  })
  const [found] = withKey
  if (found === undefined) {
    const names = candidates.length > 1 ? `sheets ${listSheets(candidates)} have` : `sheet ${first.name} has`
    throw refuse(`has no column ${keyColumn}: its ${names} none in the first rows`, `Rename the column that stands for ${keyColumn}.`)
  }
  if (withKey.length > 1) {
    const named = withKey.map(({ sheet }) => sheet)
    throw refuse(`has several sheets with a column ${keyColumn}: ${listSheets(named)}`, `Name one with ${option} FILE.xlsx#SHEET.`)
  }
  return readTable(found.sheet, found.header)
}

const listSheets = (sheets: readonly WorkbookSheet[]): string => sheets.map(({ name }) => name).join(', ') || 'none'

interface HeaderLines {
  readonly first: number
  /** Differs where cells of the header are merged over several lines. */
  readonly last: number
}

const findHeader = ({ rows, merges }: WorkbookSheet, keyColumn: string): HeaderLines | undefined => {
  for (const { line, cells } of rows.slice(0, maxTitleRows)) {
    const column = cells.findIndex((cell) => cell !== null && evenName(cell.text) === evenName(keyColumn))
    if (column === -1) continue
    const merged = merges.find(
      ({ firstLine, lastLine, firstColumn, lastColumn }) =>
        firstLine <= line && line <= lastLine && firstColumn <= column + 1 && column + 1 <= lastColumn,
    )
    return { first: line, last: merged?.lastLine ?? line }
  }
  return undefined
}

const readTable = ({ name, rows }: WorkbookSheet, { first, last }: HeaderLines): SheetTable => {
  const headerRows = rows.filter(({ line }) => line >= first && line <= last)
  const width = rows.reduce((most, { cells }) => Math.max(most, cells.length), 0)
  // Of a header of several lines the lowest name counts: those above group columns.
  const columns = Array.from({ length: width }, (_, index) => headerRows.reduce((text, { cells }) => cells[index]?.text.trim() ?? text, ''))
  const body = rows.filter(({ line }) => line > last)
  const used = columns.flatMap((column, index) =>
    column === '' && body.every(({ cells }) => (cells[index] ?? null) === null) ? [] : [index],
  )
  return {
    sheet: name,
    columns: used.map((index) => columns[index] || `column ${columnLetters(index)}`),
    rows: body.map(({ line, cells }) => ({ line, cells: used.map((index) => cells[index] ?? null) })),
  }
}

const columnLetters = (index: number): string => {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : `${columnLetters(Math.floor(index / 26) - 1)}${letter}`
}

/** The first cell of a column whose value cannot be relied on. Excel makes dates of names such as 1-2. */
export const findFaultyCell = (
  { columns, rows }: SheetTable,
  column: string,
  holdsNames: boolean,
): { readonly line: number; readonly fault: string } | undefined => {
  const index = columns.indexOf(column)
  for (const { line, cells } of rows) {
    const cell = cells[index] ?? null
    const fault = cell?.fault ?? (holdsNames && cell?.kind === 'date' ? `the date ${cell.text}` : undefined)
    if (fault !== undefined) return { line, fault }
  }
  return undefined
}

/** A number of two readings as text, such as 1.234, has one as a cell. */
export const cellText = (cell: SheetCell | null): string | null =>
  cell === null ? null : cell.kind === 'number' && /\.\d{3}$/.test(cell.text) ? `${cell.text}0` : cell.text

// Small CSV tables of a planner, such as projects: known columns, each field by line and column, numbers in either locale.
import { readFile, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { CsvError, parse, type Info } from 'csv-parse/sync'
import { z } from 'zod'
import type { DecimalSetting } from '../../src-shared/config/analysis-config.ts'
import { evenName, findNearestName } from '../../src-shared/config/nearest-name.ts'
import { decimalValue } from '../../src-shared/run/decimal-value.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { ReadInput } from '../../src-shared/run/run-manifest.ts'
import { marksInUse, plainNumber, settleMark, stateDecimal, twoReadings } from './decimal-marks.ts'
import { isWorkbook } from './workbook/table-path.ts'

export interface TableKind<Column extends string> {
  /** In messages: "the projects table". */
  readonly title: string
  readonly required: readonly Column[]
  readonly optional: readonly Column[]
  readonly numbers: readonly Column[]
}

/** A line with its fields: trimmed, '' where empty or absent. */
export interface TableLine<Column extends string> {
  readonly text: (column: Column) => string
  /** Null where empty. Throws table-invalid for what is no number. */
  readonly number: (column: Column) => number | null
  /** "Line 3, column units of the projects table projects.csv holds ...". */
  readonly fault: (column: Column, problem: string, next: string) => HeadroomError
}

export interface SmallTable<Column extends string> {
  readonly entry: ReadInput
  readonly lines: readonly TableLine<Column>[]
}

const maxBytes = 16_000_000
/** A sum of larger numbers may leave what a number can hold. */
const maxMagnitude = 1e15
const recordsSchema = z.array(z.object({ record: z.record(z.string(), z.string()), info: z.custom<Info>() }))

/** Throws input-not-found, table-invalid. */
export const readSmallTable = async <Column extends string>(
  path: string,
  kind: TableKind<Column>,
  decimal: DecimalSetting,
): Promise<SmallTable<Column>> => {
  const file = resolve(path)
  const named = `${kind.title} ${basename(file)}`
  const found = await stat(file).catch(() => null)
  if (found === null) throw new HeadroomError('input-not-found', `The ${kind.title} ${path} does not exist.`, { next: 'Check the path.' })
  if (!found.isFile())
    throw new HeadroomError('input-not-found', `The ${kind.title} ${path} is not a regular file.`, { next: 'Name a file.' })
  if (found.size > maxBytes) throw invalidTable(`The ${named} is larger than 16 MB.`, 'Split it, or leave out rows.')
  if (await isWorkbook(file)) throw invalidTable(`The ${named} is a workbook.`, 'Save its sheet as CSV.')
  const rows = parseRows(decodeText(await readFile(file), named), named, kind)
  const numbers = rows.flatMap(({ record }) => kind.numbers.map((column) => record[column] ?? ''))
  const marks = marksInUse(numbers)
  const mark = settleMark(decimal, marks)
  if (mark === null) throw invalidTable(`The ${named} holds "${marks.unclear!}", ${twoReadings(marks.unclear!)}.`, stateDecimal)
  const lines = rows.map(({ record, line }): TableLine<Column> => {
    const text = (column: Column): string => record[column] ?? ''
    const fault = (column: Column, problem: string, next: string): HeadroomError =>
      invalidTable(`Line ${line}, column ${column} of the ${named} ${problem}.`, next)
    const number = (column: Column): number | null => {
      if (text(column) === '') return null
      const value = decimalValue(plainNumber(text(column), mark))
      if (Math.abs(value) > maxMagnitude)
        throw fault(column, `holds "${text(column)}", which is beyond ${maxMagnitude.toLocaleString('en-US')}`, 'Correct the number.')
      if (Number.isFinite(value)) return value
      throw fault(column, `holds "${text(column)}", which is no number`, 'Write a plain number without a unit.')
    }
    return { text, number, fault }
  })
  return { entry: { path, bytes: found.size, rows: lines.length }, lines }
}

const decodeText = (bytes: Buffer, named: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw invalidTable(`The ${named} is not in UTF-8.`, 'Save it as CSV UTF-8.', cause)
  }
}

const invalidTable = (sentence: string, next: string, cause?: unknown): HeadroomError =>
  new HeadroomError('table-invalid', sentence, { next, cause })

interface TableRow {
  readonly record: Readonly<Record<string, string>>
  readonly line: number
}

const parseRows = <Column extends string>(text: string, named: string, kind: TableKind<Column>): TableRow[] => {
  const header = text.split(/\r|\n/, 1)[0]!
  const parts = (delimiter: string): number => header.split(delimiter).length
  const delimiter = [',', ';', '\t'].reduce((best, candidate) => (parts(candidate) > parts(best) ? candidate : best))
  try {
    const parsed = parse(text, {
      bom: true,
      info: true,
      trim: true,
      skip_empty_lines: true,
      delimiter,
      columns: (given: string[]) => checkHeader(given, named, kind),
    })
    return recordsSchema.parse(parsed).map(({ record, info }) => ({ record, line: info.lines }))
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw invalidTable(
      `Line ${String(cause['lines'])} of the ${named} does not fit its header line.`,
      'Quote fields that hold a comma.',
      cause,
    )
  }
}

/** The known name of each column. */
const checkHeader = <Column extends string>(
  given: readonly string[],
  named: string,
  { required, optional }: TableKind<Column>,
): Column[] => {
  const known = [...required, ...optional]
  const columns = given.map((name) => {
    const column = known.find((own) => evenName(own) === evenName(name))
    if (column !== undefined) return column
    const nearest = findNearestName(name, known)
    throw invalidTable(
      `The ${named} has a column ${name || 'without a name'} that is not known.`,
      nearest === undefined ? `Columns: ${known.join(', ')}.` : `Did you mean ${nearest}?`,
    )
  })
  const repeated = columns.find((column, index) => columns.indexOf(column) !== index)
  if (repeated !== undefined) throw invalidTable(`The ${named} has column ${repeated} twice.`, 'Keep one of them.')
  const missing = required.find((column) => !columns.includes(column))
  if (missing !== undefined) throw invalidTable(`The ${named} has no column ${missing}.`, `Columns: ${known.join(', ')}.`)
  return columns
}

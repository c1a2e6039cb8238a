// What the first lines of a text file say: names of its columns, and which of them hold numbers. Needs no database, so that it judges files in S3 too.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { plainName } from '../forecast-columns.ts'

/** Words that stand for a missing value; blanks around them and case do not matter. */
export const missingWords = ['', 'nan', 'null', 'na', 'n/a', 'none', '\\n', '-']
export const infiniteWords = ['inf', '-inf', 'infinity', '-infinity']
/** Numbers with a decimal point and with a decimal comma, for JavaScript and DuckDB alike. */
export const pointNumber = String.raw`^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$`
export const commaNumber = String.raw`^\s*[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?\s*$`

const numberPatterns = [new RegExp(pointNumber), new RegExp(commaNumber)]
const otherWords = new Set([...missingWords, ...infiniteWords])

/** Whether a text is missing or a number of either locale. */
const isNumberLike = (text: string): boolean =>
  otherWords.has(text.trim().toLowerCase()) || numberPatterns.some((pattern) => pattern.test(text))

const delimiters = [',', ';', '\t', '|'] as const

export interface CsvHeader {
  readonly names: readonly string[]
  readonly delimiter: string
  /** The separator that a first line `sep=;` states. */
  readonly stated: string | undefined
}

/** Of the first two lines. Throws input-text-unreadable, input-column-conflict. */
export const readCsvHeader = (first: string, second: string, fileName: string): CsvHeader => {
  const stated = /^\uFEFF?sep=(.)$/i.exec(first.trim())?.[1]
  const header = (stated === undefined ? first : second).replace(/^\uFEFF/, '')
  const delimiter = stated ?? [...delimiters].sort((a, b) => splitFields(header, b).length - splitFields(header, a).length)[0]!
  const names = splitFields(header, delimiter).map((name, index) => (name.trim() === '' ? `column ${index + 1}` : name))
  if (names.length < 2) {
    throw new HeadroomError(
      'input-text-unreadable',
      `The first line of ${fileName} holds no comma, semicolon or tab between column names.`,
      { next: 'Write a line of column names, then one line per row.' },
    )
  }
  assertDistinct(names, fileName)
  return { names, delimiter, stated }
}

/** The fields of a line; a quotation mark within quotes is doubled. */
const splitFields = (line: string, delimiter: string): string[] => {
  const fields: string[] = []
  let field = ''
  let isQuoted = false
  for (let index = 0; index < line.length; index++) {
    const character = line[index]!
    if (character === '"' && isQuoted && line[index + 1] === '"') {
      field += '"'
      index++
    } else if (character === '"' && (isQuoted || field === '')) isQuoted = !isQuoted
    else if (character === delimiter && !isQuoted) {
      fields.push(field)
      field = ''
    } else field += character
  }
  return [...fields, field]
}

export const assertDistinct = (names: readonly string[], fileName: string): void => {
  const repeated = names.find((name, index) => names.findIndex((other) => plainName(other) === plainName(name)) !== index)
  if (repeated === undefined) return
  throw new HeadroomError('input-column-conflict', `${fileName} has two columns named ${repeated}.`, {
    next: 'Rename or drop one of them.',
  })
}

export interface HeadColumn {
  readonly column: string
  readonly isNumeric: boolean
}

/** Columns of CSV by its first lines; `lines` are whole. */
export const readCsvHead = (lines: readonly string[], fileName: string): HeadColumn[] => {
  const { names, delimiter, stated } = readCsvHeader(lines[0] ?? '', lines[1] ?? '', fileName)
  const rows = lines.slice(stated === undefined ? 1 : 2).map((line) => splitFields(line, delimiter))
  return names.map((column, index) => ({ column, isNumeric: rows.every((row) => isNumberLike(row[index] ?? '')) }))
}

/** Columns of JSON Lines by its first lines; undefined where the first line is no object, as in an array or a document of several lines. */
export const readJsonHead = (lines: readonly string[]): HeadColumn[] | undefined => {
  const objects = lines.map(parseObject).filter((object) => object !== undefined)
  if (objects.length === 0 || parseObject(lines[0] ?? '') === undefined) return undefined
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))]
  const isNumber = (value: unknown): boolean =>
    value === null || value === undefined || typeof value === 'number' || (typeof value === 'string' && isNumberLike(value))
  return names.map((column) => ({ column, isNumeric: objects.every((object) => isNumber(object[column])) }))
}

const parseObject = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}

// What the first lines of a text file say: names of its columns, and which of them hold numbers. Needs no database, so that it judges files in S3 too.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { columnAliases, findNamed, plainName } from '../forecast-columns.ts'

/** Words that stand for a missing value; blanks around them and case do not matter. */
export const missingWords = [
  '',
  'nan',
  '-nan',
  'null',
  '(null)',
  'na',
  'n/a',
  '#n/a',
  '#na',
  '<na>',
  'none',
  'undefined',
  'nodata',
  'no data',
  '1.#qnan',
  '1.#ind',
  '-1.#ind',
  '\\n',
  '-',
  '--',
  '.',
  '?',
]
const infiniteWords = ['inf', '-inf', 'infinity', '-infinity']
/** Numbers with a decimal point and with a decimal comma. */
const pointNumber = String.raw`^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$`
export const commaNumber = String.raw`^\s*[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?\s*$`

/** Blanks, apostrophes and their typographic kin, which no locale takes for a decimal mark. */
export const groupSign = "[ \u00A0\u2009\u202F'\u2019]"
/** A number with one of them between its thousands. */
export const groupedNumber = String.raw`^\s*[+-]?[1-9][0-9]{0,2}(${groupSign}[0-9]{3})+([.,][0-9]+)?\s*$`

/** Of a column that holds percentages only. */
const percentNumber = String.raw`^\s*[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)\s*%\s*$`

/** Numbers with a mark between their thousands that may be a decimal one, of a percentage, or with a unit. */
const unusualNumber = String.raw`^\s*[+-]?([0-9]{1,3}([.,][0-9]{3})+([.,][0-9]+)?|[0-9]+([.,][0-9]+)?\s?(%|[A-Za-z]{1,3}))\s*$`

const percentPattern = new RegExp(percentNumber)
const numberPatterns = [new RegExp(pointNumber), new RegExp(commaNumber), new RegExp(groupedNumber), percentPattern]
const anyNumberPatterns = [...numberPatterns, new RegExp(unusualNumber)]
const otherWords = new Set([...missingWords, ...infiniteWords])

/** Whether a text is missing or a number of either locale. */
const isNumberLike = (text: string): boolean => isOtherWord(text) || numberPatterns.some((pattern) => pattern.test(text))

const isOtherWord = (text: string): boolean => otherWords.has(text.trim().toLowerCase())

/** Whether a text is a number, also one that is not read. */
const isAnyNumber = (text: string): boolean => !isOtherWord(text) && anyNumberPatterns.some((pattern) => pattern.test(text))

/** Of the commonest spellings; it suggests a column, and decides nothing. */
const timePattern = /^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4})/

/** As fable writes a forecast: N(31, 2.5), t(N(3, 0.1)), sample[5000]. */
const distributionPattern = /^\s*(t\()?(N|lN|sample)[([][^A-Za-z]*[)\]]+\s*$/

const delimiters = [',', ';', '\t', '|'] as const

export interface CsvHeader {
  readonly names: readonly string[]
  readonly delimiter: string
  readonly quote: '"' | "'"
  /** Lines before the first row: names, and comments or a separator stated above them. */
  readonly lines: number
}

/** So many lines show a header. */
export const maxHeaderLines = 25
/** Those of names over several lines. */
const maxNameLines = 5

/** Of the first lines. Throws input-text-unreadable, input-column-conflict. */
export const readCsvHeader = (lines: readonly string[], fileName: string): CsvHeader => {
  // The separator may be a tab.
  const separatorOf = (line: string): string | undefined => /^\uFEFF?sep=(.) *\r?$/i.exec(line)?.[1]
  const isStated = (line: string): boolean => separatorOf(line) !== undefined
  const above = findTableLine(lines, findHeaderLine(lines, isStated))
  const stated = lines.slice(0, above).flatMap((line) => separatorOf(line) ?? [])[0]
  const first = (lines[above] ?? '').replace(/^(\uFEFF)?(#\s*)?/, '')
  const delimiter = stated ?? likelyDelimiter(first)
  const rows = [first, ...lines.slice(above + 1, above + maxNameLines)].map((line) =>
    splitFields(line, delimiter).map((field) => field.trim()),
  )
  const levels = columnLevels(rows)
  const given = levels?.names ?? splitFields(first, delimiter)
  const isSingleQuoted = given.every((name) => /^\s*'.+'\s*$/.test(name))
  const names = given.map((name, index) => (name.trim() === '' ? `column ${index + 1}` : isSingleQuoted ? name.trim().slice(1, -1) : name))
  if (names.length < 2) {
    throw new HeadroomError(
      'input-text-unreadable',
      `The first line of ${fileName} holds no comma, semicolon or tab between column names.`,
      { next: 'Write a line of column names, then one line per row.' },
    )
  }
  if (names.some((name) => name.includes('\0'))) {
    throw new HeadroomError('input-text-unreadable', `The column names of ${fileName} hold bytes that are no text.`, {
      next: 'Write, copy or download the file again.',
    })
  }
  assertDistinct(names, fileName)
  return { names, delimiter, quote: isSingleQuoted ? "'" : '"', lines: above + (levels?.lines ?? 1) }
}

/** Separators, the likeliest first. */
const byFields = (line: string): string[] => [...delimiters].sort((a, b) => splitFields(line, b).length - splitFields(line, a).length)
const likelyDelimiter = (line: string): string => byFields(line)[0]!

/** The line of names: below blank lines, comments and a stated separator. Some tools write the names as a comment, too (`sadf -d`). */
const findHeaderLine = (lines: readonly string[], isStated: (line: string) => boolean): number => {
  const isComment = (line: string): boolean => /^\uFEFF?#/.test(line)
  const found = lines.findIndex((line) => line.trim() !== '' && !isStated(line) && !isComment(line))
  const comment = lines[found - 1]
  if (comment === undefined || !isComment(comment)) return Math.max(found, 0)
  const below = lines[found]!
  const delimiter = likelyDelimiter(below)
  const fields = splitFields(below, delimiter).length
  return fields > 1 && splitFields(comment, delimiter).length === fields ? found - 1 : found
}

/**
 * The line of names below titles: of reports that tell first what they hold. Only where the line at `from` names no columns, a later one has
 * a name for each field of the lines below, and no number or time is among its names; or where a blank line parts it from lines without a
 * name for the time, as in downloads of CloudWatch's console.
 */
const findTableLine = (lines: readonly string[], from: number): number => {
  const parted = lines.findIndex((line, index) => index > from && isBlank(line) && !isBlank(lines[index + 1] ?? '')) + 1
  if (parted > 0 && hasTimeName(lines[parted]!) && !hasTimeName(lines[from]!)) return parted
  const last = [...lines].reverse().find(isFilled)
  if (last === undefined) return from
  const isHeader = delimiters.some(
    (delimiter) =>
      countFilled(lines[from]!, delimiter) > 1 && trimmedFields(lines[from]!, delimiter).length === trimmedFields(last, delimiter).length,
  )
  if (isHeader) return from
  // Where decimal commas are as many as separators, only one of them parts the names too.
  const found = byFields(last).map((delimiter) => findNamesLine(lines, from, trimmedFields(last, delimiter).length, delimiter))
  return found.find((line) => line !== undefined) ?? from
}

const trimmedFields = (line: string, delimiter: string): string[] =>
  splitFields(line.replace(/\r$/, ''), delimiter).map((field) => field.trim())
const isFilled = (line: string): boolean => line.trim() !== ''
const isBlank = (line: string): boolean => /^[,;\t| ]*\r?$/.test(line)
const countFilled = (line: string, delimiter: string): number => trimmedFields(line, delimiter).filter((field) => field !== '').length

const hasTimeName = (line: string): boolean => {
  const columns = trimmedFields(line, likelyDelimiter(line)).map((column) => ({ column }))
  return columnAliases.timestamp.some((name) => findNamed(columns, name) !== undefined)
}

/** `width`: fields of the rows. */
const findNamesLine = (lines: readonly string[], from: number, width: number, delimiter: string): number | undefined => {
  const isTitle = (line: string): boolean => trimmedFields(line, delimiter).length < width || countFilled(line, delimiter) < 2
  const isNames = (line: string): boolean =>
    trimmedFields(line, delimiter).every(
      (field) => field !== '' && !isNumberLike(field) && !/[;\t|]/.test(field) && !/^\d{1,4}[-./]\d/.test(field),
    )
  const titles = lines.slice(from).findIndex((line) => isFilled(line) && !isTitle(line))
  if (width < 2 || titles < 1 || !isNames(lines[from + titles]!)) return undefined
  const below = lines.slice(from + titles + 1, -1).filter(isFilled)
  return below.every((line) => trimmedFields(line, delimiter).length === width) ? from + titles : undefined
}

/** Names over several lines, as pandas writes a column index: of sktime, `Coverage`, then 0.9, then `lower`; and names of the row index below. */
const columnLevels = ([first = [], second = [], ...others]: readonly (readonly string[])[]):
  | { readonly names: string[]; readonly lines: number }
  | undefined => {
  const isLevel = (field: string): boolean => field === '' || (Number(field) > 0 && Number(field) < 1)
  if (new Set(first).size === first.length || !second.every(isLevel) || second.every((field) => field === '')) return undefined
  const [third = []] = others
  const hasSides = third.some((field) => field !== '') && third.every((field) => /^(lower|upper)?$/i.test(field))
  const levels = hasSides ? [first, second, third] : [first, second]
  const below = others[hasSides ? 1 : 0] ?? []
  const isIndexLine = first.every((name, column) => (name === '') === (below[column] !== ''))
  const names = first.map((name, column) => {
    const parts = levels.map((level) => level[column] ?? '').filter((part) => part !== '')
    if (parts.length > 1) return `(${parts.map((part) => (isLevel(part) ? part : `'${part}'`)).join(', ')})`
    return name === '' && isIndexLine ? below[column]! : name
  })
  return { names, lines: levels.length + (isIndexLine ? 1 : 0) }
}

/** The fields of a line; a quotation mark within quotes is doubled. */
export const splitFields = (line: string, delimiter: string): string[] => {
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
  readonly isPartlyNumeric: boolean
  /** Whether a percent sign stands behind some of its numbers. */
  readonly hasPercentSigns: boolean
  readonly isTime: boolean
  readonly isDistribution: boolean
  /** What its texts are in the commonest spelling; null where some are spelled otherwise or all are missing. */
  readonly usualKind: UsualKind | null
}

const usualPatterns = {
  number: new RegExp(pointNumber),
  time: /^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.]\d+)?)?)?$/,
  boolean: /^([Tt]rue|[Ff]alse)$/,
} as const
type UsualKind = keyof typeof usualPatterns
const usualKinds: readonly UsualKind[] = ['number', 'time', 'boolean']

const isAll = (texts: readonly string[], pattern: RegExp): boolean =>
  texts.some((text) => pattern.test(text)) && texts.every((text) => isOtherWord(text) || pattern.test(text))

export const textHeadColumn = (column: string, texts: readonly string[]): HeadColumn => ({
  column,
  isNumeric: texts.every(isNumberLike),
  isPartlyNumeric: texts.some(isAnyNumber),
  hasPercentSigns: texts.some((text) => percentPattern.test(text)),
  isTime: isAll(texts, timePattern),
  isDistribution: isAll(texts, distributionPattern),
  usualKind: usualKinds.find((kind) => isAll(texts, usualPatterns[kind])) ?? null,
})

/** Columns of CSV by its first lines; `lines` are whole. */
export const readCsvHead = (lines: readonly string[], fileName: string): HeadColumn[] => {
  const { names, delimiter, lines: headerLines } = readCsvHeader(lines, fileName)
  const rows = lines.slice(headerLines).map((line) => splitFields(line, delimiter))
  return names.map((column, index) =>
    textHeadColumn(
      column,
      rows.map((row) => row[index] ?? ''),
    ),
  )
}

/** Where SageMaker's batch transform has joined its input (`JoinSource`), its output stands under this key. */
export const joinedKey = 'SageMakerOutput'
const outputKeys = new Set(['mean', 'quantiles', 'samples'])

/** A line of DeepAR's output, by its keys. */
export const isBatchOutput = (keys: readonly string[]): boolean =>
  keys.includes(joinedKey) || (keys.length > 0 && keys.every((key) => outputKeys.has(key)))

/** A line of DeepAR's input. */
export const isBatchInput = (keys: readonly string[]): boolean => keys.includes('start') && keys.includes('target')

/**
 * Columns of JSON Lines by its first lines; undefined where the first line is no object, as in an array or a document of several lines, and
 * where it belongs to a batch transform, whose rows lie in two files.
 */
export const readJsonHead = (lines: readonly string[]): HeadColumn[] | undefined => {
  const objects = lines.map(parseObject).filter((object) => object !== undefined)
  if (objects.length === 0 || parseObject(lines[0] ?? '') === undefined) return undefined
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))]
  if (isBatchOutput(names) || isBatchInput(names) || isFrame(objects[0]!)) return undefined
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value))
  return names.map((column) =>
    textHeadColumn(
      column,
      objects.map((object) => textOf(object[column])),
    ),
  )
}

/** A whole frame in one object, as pandas writes it: by its values, or by the lists that hold columns and rows. */
const isFrame = (object: Readonly<Record<string, unknown>>): boolean =>
  Array.isArray(object['data']) ||
  Object.values(object).every((value) => typeof value === 'object' && value !== null && !Array.isArray(value))

const parseObject = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}

// The sheets of an XLSX workbook as cells of text: cached values of formulas, days as ISO text, merged cells filled.
import { strFromU8, unzipSync } from 'fflate'
import sax from 'sax'
import { posix } from 'node:path'
import { decimalValue } from '../../../src-shared/run/decimal-value.ts'
import { crc32 } from '../../parquet/crc32.ts'
import { readZipEntries } from './zip-entries.ts'

/** Not a workbook of XLSX; the message says why, as the end of a sentence. */
export class WorkbookError extends Error {
  override readonly name = 'WorkbookError'
}

export interface SheetCell {
  readonly text: string
  readonly kind: 'text' | 'number' | 'date' | 'boolean'
  /** Why the value cannot be relied on, as the end of "Cell B2 holds". */
  readonly fault?: string
}

export interface SheetRow {
  /** As the workbook numbers it. */
  readonly line: number
  /** By column; empty ones are null. */
  readonly cells: readonly (SheetCell | null)[]
}

export interface WorkbookSheet {
  readonly name: string
  readonly isHidden: boolean
  /** Rows with a value. */
  readonly rows: readonly SheetRow[]
  /** Cells that show one value; lines and columns, the last ones included. */
  readonly merges: readonly MergedCells[]
}

interface MergedCells {
  readonly firstLine: number
  readonly lastLine: number
  readonly firstColumn: number
  readonly lastColumn: number
}

/** Of all parts of a workbook, unpacked. */
const maxUnpackedBytes = 256_000_000

/** Throws WorkbookError. */
export const readWorkbook = (bytes: Uint8Array): WorkbookSheet[] => {
  const parts = unpack(bytes)
  const part = (path: string): string => {
    const found = parts[path]
    if (found === undefined) throw new WorkbookError('is no XLSX workbook')
    const encoding = /^[^>]{0,200}encoding\s*=\s*["']([^"']*)/.exec(strFromU8(found.subarray(0, 250), true))?.[1]
    if (encoding !== undefined && !/^(utf-?8|us-ascii)$/i.test(encoding))
      throw new WorkbookError('is written in another encoding than UTF-8')
    return strFromU8(found)
  }
  const bookPath = [...readRelations(part('_rels/.rels'), '').values()].find(({ type }) => type.endsWith('/officeDocument'))?.target
  if (bookPath === undefined) throw new WorkbookError('is no XLSX workbook')
  const folder = posix.dirname(bookPath)
  const relations = readRelations(part(`${folder}/_rels/${posix.basename(bookPath)}.rels`), folder)
  const relatedPart = (kind: string): string | undefined => {
    const target = [...relations.values()].find(({ type }) => type.endsWith(`/${kind}`))?.target
    return target === undefined ? undefined : part(target)
  }
  const { sheets, startsIn1904 } = readBook(part(bookPath))
  const context: CellContext = {
    strings: readStrings(relatedPart('sharedStrings')),
    formats: readFormats(relatedPart('styles')),
    startsIn1904,
  }
  return sheets.flatMap(({ name, relation, isHidden }) => {
    const { type, target } = relations.get(relation) ?? {}
    // Sheets of charts and of macros hold no cells.
    return target === undefined || type?.endsWith('/worksheet') !== true ? [] : [{ name, isHidden, ...readSheet(part(target), context) }]
  })
}

const unpack = (bytes: Uint8Array): Record<string, Uint8Array> => {
  if (bytes[0] === 0xd0) throw new WorkbookError('is an old Excel workbook or has a password')
  let unpackedBytes = 0
  try {
    const parts = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (!/\.(xml|rels)$/i.test(name)) return false
        unpackedBytes += originalSize
        if (unpackedBytes > maxUnpackedBytes) throw new WorkbookError('holds more than 256 MB when unpacked')
        return true
      },
    })
    const checksums = readZipEntries(bytes)
    for (const [name, part] of Object.entries(parts))
      if (crc32(part) !== checksums.get(name)) throw new WorkbookError('is damaged: what it holds does not match its checksums')
    return parts
  } catch (thrown) {
    if (thrown instanceof WorkbookError) throw thrown
    throw new WorkbookError('is damaged or no XLSX workbook', { cause: thrown })
  }
}

interface XmlTag {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

interface XmlEvents {
  readonly onOpen?: (name: string, attributes: ReadonlyMap<string, string>) => void
  readonly onClose?: (name: string) => void
  readonly onText?: (text: string) => void
}

const withoutPrefix = (name: string): string => name.slice(name.indexOf(':') + 1)

/** Names come without their namespace's prefix. */
const readXml = (text: string, { onOpen, onClose, onText }: XmlEvents): void => {
  const parser = Object.assign(sax.parser(true), {
    onopentag: ({ name, attributes }: XmlTag) =>
      onOpen?.(withoutPrefix(name), new Map(Object.entries(attributes).map(([key, value]) => [withoutPrefix(key), value]))),
    onclosetag: (name: string) => onClose?.(withoutPrefix(name)),
    ontext: (value: string) => onText?.(value),
    oncdata: (value: string) => onText?.(value),
    onerror: (cause: Error) => {
      throw new WorkbookError('is a damaged workbook', { cause })
    },
  })
  parser.write(text).close()
}

const readRelations = (text: string, folder: string): Map<string, { type: string; target: string }> => {
  const relations = new Map<string, { type: string; target: string }>()
  readXml(text, {
    onOpen: (name, attributes) => {
      if (name !== 'Relationship' || attributes.get('TargetMode') === 'External') return
      const target = attributes.get('Target') ?? ''
      relations.set(attributes.get('Id') ?? '', {
        type: attributes.get('Type') ?? '',
        target: target.startsWith('/') ? target.slice(1) : posix.join(folder, target),
      })
    },
  })
  return relations
}

interface BookSheet {
  readonly name: string
  readonly relation: string
  readonly isHidden: boolean
}

const readBook = (text: string): { sheets: BookSheet[]; startsIn1904: boolean } => {
  const sheets: BookSheet[] = []
  let startsIn1904 = false
  readXml(text, {
    onOpen: (name, attributes) => {
      if (name === 'workbookPr') startsIn1904 = isTrue(attributes.get('date1904'))
      if (name !== 'sheet') return
      // The relation's `r:id`, not the sheet's own `sheetId`.
      const isHidden = (attributes.get('state') ?? 'visible') !== 'visible'
      sheets.push({ name: attributes.get('name') ?? '', relation: attributes.get('id') ?? '', isHidden })
    },
  })
  return { sheets, startsIn1904 }
}

const isTrue = (text: string | undefined): boolean => text === '1' || text === 'true'

/** Texts that cells refer to by number; runs of one text are joined, readings of Japanese left out. */
const readStrings = (text: string | undefined): string[] => {
  const strings: string[] = []
  if (text === undefined) return strings
  let isText = false
  let isReading = false
  readXml(text, {
    onOpen: (name) => {
      if (name === 'si') strings.push('')
      if (name === 'rPh') isReading = true
      isText = name === 't' && !isReading
    },
    onClose: (name) => {
      if (name === 'rPh') isReading = false
      if (name === 't') isText = false
    },
    onText: (value) => {
      if (isText) strings[strings.length - 1] += value
    },
  })
  return strings.map(withoutEscapes)
}

/** Excel writes control characters as `_x000D_`. */
const withoutEscapes = (text: string): string =>
  text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))

interface CellFormat {
  readonly isDate: boolean
  /** Digits that a format such as 00000 shows at least. */
  readonly digits: number
}

const dateFormats = new Set([
  14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 46, 47, 50, 51, 52, 53, 54, 55, 56, 57, 58,
])

/** The formats of cells by their number. */
const readFormats = (text: string | undefined): CellFormat[] => {
  const codes = new Map<string, string>()
  const formats: CellFormat[] = []
  if (text === undefined) return formats
  let isCellFormat = false
  readXml(text, {
    onOpen: (name, attributes) => {
      if (name === 'numFmt') codes.set(attributes.get('numFmtId') ?? '', attributes.get('formatCode') ?? '')
      if (name === 'cellXfs') isCellFormat = true
      if (name !== 'xf' || !isCellFormat) return
      const id = attributes.get('numFmtId') ?? '0'
      formats.push(cellFormat(Number(id), codes.get(id)))
    },
    onClose: (name) => {
      if (name === 'cellXfs') isCellFormat = false
    },
  })
  return formats
}

const cellFormat = (id: number, code: string | undefined): CellFormat => {
  if (code === undefined) return { isDate: dateFormats.has(id), digits: 0 }
  const letters = code.replace(/"[^"]*"|\[[^\]]*\]|\\.|_.|\*./g, '').split(';')[0]!
  return { isDate: /[ymdhs]/i.test(letters) && !/general/i.test(letters), digits: /^0+$/.test(letters) ? letters.length : 0 }
}

interface CellContext {
  readonly strings: readonly string[]
  readonly formats: readonly CellFormat[]
  readonly startsIn1904: boolean
}

const readSheet = (text: string, context: CellContext): Pick<WorkbookSheet, 'rows' | 'merges'> => {
  const rows: { line: number; cells: (SheetCell | null)[] }[] = []
  const merges: MergedCells[] = []
  const budget = new CellBudget()
  const lines = new Set<number>()
  let current: (SheetCell | null)[] | null = null
  let line = 0
  let column = 0
  let type = 'n'
  let style = 0
  let value: string | null = null
  let hasFormula = false
  let collects = false
  let isReading = false
  readXml(text, {
    onOpen: (name, attributes) => {
      switch (name) {
        case 'row':
          line = Number(attributes.get('r') ?? line + 1)
          column = 0
          if (!Number.isInteger(line) || line < 1 || line > maxLines || lines.has(line)) throw new WorkbookError('is a damaged workbook')
          lines.add(line)
          current = []
          rows.push({ line, cells: current })
          break
        case 'c':
          column = attributes.has('r') ? placeOf(attributes.get('r')!, line).column : column + 1
          type = attributes.get('t') ?? 'n'
          style = Number(attributes.get('s') ?? 0)
          value = null
          hasFormula = false
          break
        case 'f':
          hasFormula = true
          break
        case 'rPh':
          isReading = true
          break
        case 'v':
        case 't':
          // A cell has one value; a text within may be in runs.
          if (name === 'v' && value !== null) throw new WorkbookError('is a damaged workbook')
          collects = !isReading
          if (collects) value ??= ''
          break
        case 'mergeCell':
          merges.push(mergedCells(attributes.get('ref') ?? ''))
      }
    },
    onText: (part) => {
      if (collects) value += part
    },
    onClose: (name) => {
      if (name === 'v' || name === 't') collects = false
      if (name === 'rPh') isReading = false
      if (name === 'row') current = null
      if (name !== 'c') return
      const cell = readCell(type, value, hasFormula, context.formats[style], context)
      // A cell outside of a row, and one that is there twice.
      if (current === null || (current[column - 1] ?? null) !== null) throw new WorkbookError('is a damaged workbook')
      budget.extend(current, column)
      current[column - 1] = cell
    },
  })
  fillMerged(rows, merges, budget)
  return { rows: rows.filter(({ cells }) => cells.some((cell) => cell !== null)), merges }
}

/** Of a sheet, as Excel has it. */
const maxColumns = 16_384
const maxLines = 1_048_576

/** Of a sheet, empty ones between others and those filled by merging included. */
const maxCells = 20_000_000

/** Counts the cells of a sheet. Throws WorkbookError where they are too many. */
class CellBudget {
  #left = maxCells

  spend(cells: number): void {
    this.#left -= cells
    if (this.#left < 0) throw new WorkbookError(`holds a sheet of more than ${maxCells / 1_000_000} million cells`)
  }

  /** Empty cells up to a column. */
  extend(cells: (SheetCell | null)[], column: number): void {
    if (column <= cells.length) return
    this.spend(column - cells.length)
    while (cells.length < column) cells.push(null)
  }
}

/** Columns count from 1. `line`: of the row that holds the cell. */
const placeOf = (address: string, line?: number): { line: number; column: number } => {
  const [, letters = '', digits] = /^([A-Z]{1,3})([0-9]{1,7})$/.exec(address.replaceAll('$', '').toUpperCase()) ?? []
  const column = letters.split('').reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0)
  if (digits === undefined || column > maxColumns || Number(digits) > maxLines || (line !== undefined && Number(digits) !== line))
    throw new WorkbookError('is a damaged workbook')
  return { line: Number(digits), column }
}

const mergedCells = (reference: string): MergedCells => {
  const [from = '', to = from] = reference.split(':')
  const [first, last] = [placeOf(from), placeOf(to)]
  return { firstLine: first.line, lastLine: last.line, firstColumn: first.column, lastColumn: last.column }
}

/** Each of the cells holds what they show together. */
const fillMerged = (
  rows: readonly { readonly line: number; readonly cells: (SheetCell | null)[] }[],
  merges: readonly MergedCells[],
  budget: CellBudget,
): void => {
  const ordered = [...rows].sort((a, b) => a.line - b.line)
  for (const { firstLine, lastLine, firstColumn, lastColumn } of merges) {
    const first = firstIndexFrom(ordered, firstLine)
    if (ordered[first]?.line !== firstLine) continue
    const shown = ordered[first].cells[firstColumn - 1] ?? null
    if (shown === null) continue
    for (let index = first; index < ordered.length && ordered[index]!.line <= lastLine; index++) {
      const { cells } = ordered[index]!
      budget.extend(cells, lastColumn)
      budget.spend(lastColumn - firstColumn + 1)
      cells.fill(shown, firstColumn - 1, lastColumn)
    }
  }
}

/** Index of the first row at a line or after it. */
const firstIndexFrom = (rows: readonly { readonly line: number }[], line: number): number => {
  let [from, to] = [0, rows.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (rows[middle]!.line < line) from = middle + 1
    else to = middle
  }
  return from
}

/** A larger number may have lost digits. */
const maxExactNumber = 1e15

const readCell = (
  type: string,
  value: string | null,
  hasFormula: boolean,
  format: CellFormat | undefined,
  { strings, startsIn1904 }: CellContext,
): SheetCell | null => {
  // An empty text may be a formula's result.
  if (value === null || (type === 'n' && value.trim() === ''))
    return hasFormula ? { text: '', kind: 'text', fault: 'a formula without a value' } : null
  switch (type) {
    case 's': {
      const text = /^\d+$/.test(value) ? strings[Number(value)] : undefined
      if (text === undefined) throw new WorkbookError('is a damaged workbook')
      return textCell(text)
    }
    case 'inlineStr':
    case 'str':
      return textCell(withoutEscapes(value))
    case 'b':
      return { text: value === '1' ? 'true' : 'false', kind: 'boolean' }
    case 'e':
      return { text: value, kind: 'text', fault: `the error ${value}` }
    case 'd':
      return { text: value, kind: 'date' }
    default:
      return numberCell(value, format, startsIn1904)
  }
}

const textCell = (text: string): SheetCell | null => (text.trim() === '' ? null : { text, kind: 'text' })

const numberCell = (value: string, format: CellFormat | undefined, startsIn1904: boolean): SheetCell => {
  const number = decimalValue(value)
  if (Number.isNaN(number)) return { text: value, kind: 'number', fault: 'a number that cannot be read' }
  if (format?.isDate === true) return dayCell(number + (startsIn1904 ? 1462 : 0), value)
  const text = Number.isInteger(number) && number >= 0 ? String(number).padStart(format?.digits ?? 0, '0') : String(number)
  return Math.abs(number) < maxExactNumber
    ? { text, kind: 'number' }
    : { text, kind: 'number', fault: 'a number of more digits than Excel keeps' }
}

/** Days of Excel end with the year 9999. */
const maxDays = 2_958_466

/** `days` since the end of 1899; a time follows where there is one. */
const dayCell = (days: number, value: string): SheetCell => {
  if (days < 0 || days >= maxDays) return { text: value, kind: 'date', fault: 'a number that is no day' }
  const iso = new Date(Math.round((days - 25_569) * 86_400_000)).toISOString()
  return { text: Number.isInteger(days) ? iso.slice(0, 10) : iso.slice(0, 19), kind: 'date' }
}

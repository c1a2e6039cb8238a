// Text and tables of a report in the terminal: wrapped and shortened to the page width, numbers in en-US.
import { tableText } from './terminal.ts'

const pageWidth = 100

/** At most one decimal. */
export const decimalText = (value: number | null): string => (value === null ? '' : formatNumber(value))
const formatNumber = (value: number): string => (Math.abs(value) < 0.05 ? 0 : value).toLocaleString('en-US', { maximumFractionDigits: 1 })

/** With its sign, for changes. */
export const signedText = (value: number | null): string => (value === null ? '' : `${value >= 0.05 ? '+' : ''}${formatNumber(value)}`)

export const percentText = (value: number | null): string => (value === null ? '' : `${Math.round(value * 100)} %`)

/** "1 server", "2 servers", "3 boxes". */
export const countText = (count: number, singular: string, plural = `${singular}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`

/** Breaks a sentence at blanks; following lines have the indent of the first by default. */
export const wrapText = (text: string, indent = '', hanging = indent): string => {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > pageWidth) {
      lines.push(line)
      line = hanging
    }
    line += line.trim() === '' ? word : ` ${word}`
  }
  return [...lines, line].join('\n')
}

/** Cuts the middle out of a name: both ends of a host name distinguish hosts. */
export const shortenMiddle = (name: string, width: number): string => {
  if (name.length <= width) return name
  const tailLength = Math.floor((width - 1) / 2)
  return `${name.slice(0, width - 1 - tailLength)}…${name.slice(name.length - tailLength)}`
}

const minNameWidth = 16

/** A table that fits the page: the first column is shortened, numbers and changes are right-aligned. */
export const reportTable = (columns: readonly string[], given: readonly (readonly string[])[]): string => {
  // A name of two lines would be two rows.
  const rows = given.map((row) => row.map((cell) => cell.replaceAll(/[\t\r\n]+/g, ' ')))
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]!.length)))
  const others = widths.slice(1).reduce((sum, width) => sum + width + 2, 0)
  const nameWidth = Math.max(minNameWidth, pageWidth - others)
  const isNumericColumn = columns.map((_, index) => rows.every((row) => /^([+-]?[\d.,]+)?$/.test(row[index]!)))
  return tableText(
    columns,
    rows.map((row) =>
      row.map((cell, index) =>
        index === 0 ? shortenMiddle(cell, nameWidth) : isNumericColumn[index] ? cell.padStart(widths[index]!) : cell,
      ),
    ),
  )
}

const maxRows = 20

/** The first rows of a list as a table, and the number of further rows. */
export const firstRowsTable = <Row>(
  rows: readonly Row[],
  columns: readonly string[],
  cells: (row: Row) => readonly string[],
  limit = maxRows,
): string => {
  const table = reportTable(columns, rows.slice(0, limit).map(cells))
  return rows.length <= limit ? table : `${table}\n... and ${countText(rows.length - limit, 'more', 'more')}; --json lists all.`
}

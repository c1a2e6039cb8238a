// Formats a table as tab-separated text, Markdown, CSV or JSON for the clipboard or a file.
import { csvCellText, csvLine, showDirectionMarks } from '../../src-shared/artefacts/cell-text.ts'
import type { Cell } from '../../src-shared/ipc/fleet-view.ts'

export interface TableContent {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

export const textFormats = ['tsv', 'md', 'csv', 'json'] as const
export type TextFormat = (typeof textFormats)[number]

const plainText = (cell: Cell): string => (cell === null ? '' : String(cell))
const tabField = (cell: Cell): string => toSingleLine(typeof cell === 'string' ? csvCellText(cell) : plainText(cell))
const toSingleLine = (text: string): string => text.replace(/[\t\r\n]+/g, ' ')
const markdownField = (cell: Cell): string => toSingleLine(showDirectionMarks(plainText(cell))).replaceAll('|', '\\|')

export const formatTable = ({ columns, rows }: TableContent, format: TextFormat): string => {
  switch (format) {
    case 'tsv':
      return [columns, ...rows].map((row) => row.map(tabField).join('\t')).join('\n')
    case 'csv':
      return [columns, ...rows].map((row) => csvLine(row)).join('\r\n')
    case 'md':
      return [
        `| ${columns.map(markdownField).join(' | ')} |`,
        `|${columns.map(() => ' --- |').join('')}`,
        ...rows.map((row) => `| ${row.map(markdownField).join(' | ')} |`),
      ].join('\n')
    case 'json':
      return JSON.stringify(
        rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null]))),
        null,
        2,
      )
  }
}

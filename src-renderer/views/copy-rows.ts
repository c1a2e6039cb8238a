// Copies rows or the active cell of a grid.
import type { GridSelection } from '../components/data-grid.tsx'
import { formatTable, type TextFormat } from '../components/format-table.ts'
import { copyWithNotice } from '../state/export-actions.ts'
import { formatting } from '../theme/formatting.ts'

export interface CopiedRows extends Pick<GridSelection, 'rows' | 'missing'> {
  readonly columns: readonly { readonly name: string }[]
}

export const copyRows = ({ columns, rows, missing }: CopiedRows, format: TextFormat = 'tsv'): void => {
  const text = formatTable({ columns: columns.map(({ name }) => name), rows }, format)
  const suffix = missing === 0 ? '' : `; ${formatting.count(missing)} rows are not loaded. Use Export for all rows`
  void copyWithNotice(text, `${formatting.count(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`, suffix)
}

/** Several rows, or the active cell of one. */
export const copySelection = (selection: GridSelection): void => {
  if (selection.rows.length + selection.missing > 1) copyRows(selection)
  else void copyWithNotice(String(selection.activeCell ?? ''), 'Cell')
}

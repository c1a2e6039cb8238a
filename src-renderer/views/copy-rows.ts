// Copies rows or the active cell of a grid.
import type { Cell } from '../../src-shared/ipc/fleet-view.ts'
import type { GridColumn } from '../components/data-grid.tsx'
import { formatTable, type TextFormat } from '../components/format-table.ts'
import { copyWithNotice } from '../state/export-actions.ts'
import { formatting } from '../theme/formatting.ts'

/** `missing`: selected rows that are not loaded. */
export const copyRows = (
  columns: readonly Pick<GridColumn, 'name'>[],
  rows: readonly (readonly Cell[])[],
  { format = 'tsv', missing = 0 }: { readonly format?: TextFormat; readonly missing?: number } = {},
): void => {
  const text = formatTable({ columns: columns.map(({ name }) => name), rows }, format)
  const suffix = missing === 0 ? '' : `; ${formatting.count(missing)} rows are not loaded. Use Export for all rows`
  void copyWithNotice(text, `${formatting.count(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`, suffix)
}

export const copyCell = (cell: Cell | undefined): void => void copyWithNotice(String(cell ?? ''), 'Cell')

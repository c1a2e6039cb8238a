// Column filters and empty columns of lists whose rows are all in the page.
import { parseColumnFilter, passesFilter } from '../../src-shared/artefacts/column-filter.ts'
import type { Cell } from '../../src-shared/ipc/fleet-view.ts'
import type { GridColumn } from './grid-columns.ts'

type Rows = readonly (readonly Cell[])[]

/** Rows that pass the filters of all columns; a text that is no filter of its column is left out. */
export const filterRows = (rows: Rows, columns: readonly GridColumn[], filters: Readonly<Record<string, string>>): Rows => {
  const parsed = columns.flatMap(({ name, kind }, index) => {
    const filter = parseColumnFilter(filters[name] ?? '', kind)
    return filter === null ? [] : [{ index, filter }]
  })
  return parsed.length === 0 ? rows : rows.filter((row) => parsed.every(({ index, filter }) => passesFilter(row[index] ?? null, filter)))
}

export const findEmptyColumns = (rows: Rows, columns: readonly GridColumn[]): string[] =>
  columns.filter((_, index) => rows.every((row) => (row[index] ?? null) === null)).map(({ name }) => name)

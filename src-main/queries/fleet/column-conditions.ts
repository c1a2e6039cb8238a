// The filters of single columns of a list, as a condition in SQL.
import { parseColumnFilter } from '../../../src-shared/artefacts/column-filter.ts'
import type { ColumnKind } from '../../../src-shared/artefacts/server-columns.ts'
import type { FilterCondition } from './fleet-filter.ts'

/** `parameters`: those bound before; texts that are no filter of their column are left out. */
export const columnConditions = <Name extends string>(
  filters: readonly { readonly column: Name; readonly text: string }[],
  kindOf: (column: Name) => ColumnKind,
  cellSqlOf: (column: Name) => string,
  parameters: FilterCondition['parameters'],
): FilterCondition => {
  const bound = [...parameters]
  const conditions = filters.flatMap(({ column, text }) => {
    const parsed = parseColumnFilter(text, kindOf(column))
    if (parsed === null) return []
    const cell = cellSqlOf(column)
    return parsed.kind === 'contains'
      ? [`contains(lower(CAST(${cell} AS VARCHAR)), $${bound.push(parsed.text)})`]
      : parsed.conditions.map(({ operator, value }) => `${cell} ${operator} $${bound.push(value)}`)
  })
  return { where: ['true', ...conditions].join(' AND '), parameters: bound }
}

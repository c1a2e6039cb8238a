// Which of the user's columns plays which role: names are matched without case, the canonical name before its aliases.
import { HeadroomError } from '../../src-shared/errors.ts'
import { nearestName } from '../../src-shared/nearest-name.ts'
import { flagColumns, requiredRoles, roleNames, type ColumnRole } from '../../src-shared/forecast-roles.ts'
import type { ColumnMapping } from '../../src-shared/run-manifest.ts'

export interface SourceColumn {
  readonly column: string
  /** DuckDB's type name. */
  readonly type: string
}

export type MappedColumns = Readonly<Partial<Record<ColumnRole, SourceColumn>>> &
  Readonly<Record<'server_id' | 'timestamp' | 'predicted', SourceColumn>>

/** Maps roles to columns; `source` names the set in errors. */
export const mapColumns = (columns: readonly SourceColumn[], source: string): MappedColumns => {
  const reserved = columns.find(({ column }) => (flagColumns as readonly string[]).includes(column.toLowerCase()))
  if (reserved !== undefined) {
    throw new HeadroomError(
      'input-column-reserved',
      `${source} already has a column ${reserved.column}, which the analysis writes itself.`,
      { next: `Rename or drop ${reserved.column}; or, if this is a result, open its folder instead.` },
    )
  }
  const byName = new Map<string, SourceColumn>()
  for (const column of columns) {
    const name = column.column.toLowerCase()
    if (!byName.has(name)) byName.set(name, column)
  }
  const mapped: Partial<Record<ColumnRole, SourceColumn>> = {}
  for (const role of Object.keys(roleNames) as ColumnRole[]) {
    const name = roleNames[role].find((candidate) => byName.has(candidate))
    if (name !== undefined) mapped[role] = byName.get(name)!
  }
  for (const role of requiredRoles) {
    if (mapped[role] === undefined) throw missingColumn(role, columns, source)
  }
  for (const role of Object.keys(mapped) as ColumnRole[]) assertType(role, mapped[role]!, source)
  return mapped as MappedColumns
}

const missingColumn = (role: ColumnRole, columns: readonly SourceColumn[], source: string): HeadroomError => {
  const names = columns.map(({ column }) => column)
  const nearest = nearestName(role, names)
  return new HeadroomError(
    'input-column-missing',
    `${source} has no column ${role}; it has ${names.join(', ')}${nearest === undefined ? '' : ` (nearest: ${nearest})`}.`,
    { next: `Rename the column, or use one of the names ${roleNames[role].join(', ')}.` },
  )
}

const numeric = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/
const textual = /^(VARCHAR|ENUM\(.*\)|UUID)$/
const integral = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/
const temporal = /^(TIMESTAMP( WITH TIME ZONE|_S|_MS|_NS)?|DATE|VARCHAR)$/

const typeRules: Record<ColumnRole, { readonly accepts: (type: string) => boolean; readonly wanted: string }> = {
  server_id: { accepts: (type) => textual.test(type) || integral.test(type), wanted: 'text or whole numbers' },
  timestamp: { accepts: (type) => temporal.test(type), wanted: 'a date, a timestamp or ISO text' },
  predicted: { accepts: (type) => numeric.test(type), wanted: 'numbers' },
  model: { accepts: (type) => textual.test(type) || integral.test(type), wanted: 'text' },
  metric: { accepts: (type) => textual.test(type) || integral.test(type), wanted: 'text' },
  actual: { accepts: (type) => numeric.test(type) || type === '"NULL"', wanted: 'numbers' },
  yhat_lower: { accepts: (type) => numeric.test(type) || type === '"NULL"', wanted: 'numbers' },
  yhat_upper: { accepts: (type) => numeric.test(type) || type === '"NULL"', wanted: 'numbers' },
  is_future: { accepts: (type) => type === 'BOOLEAN' || integral.test(type), wanted: 'true and false' },
  cutoff: { accepts: (type) => temporal.test(type), wanted: 'a date or timestamp' },
  horizon_offset: { accepts: (type) => numeric.test(type), wanted: 'numbers' },
}

const assertType = (role: ColumnRole, { column, type }: SourceColumn, source: string): void => {
  const { accepts, wanted } = typeRules[role]
  if (accepts(type)) return
  throw new HeadroomError('input-column-type', `Column ${column} of ${source} holds ${describeType(type)}, but ${role} needs ${wanted}.`, {
    next: `Write ${column} as ${wanted}; its type is ${type}.`,
  })
}

/** What a column of a type holds, in words. */
export const describeType = (type: string): string => {
  if (type.endsWith('[]')) return 'lists'
  if (integral.test(type)) return 'whole numbers'
  if (numeric.test(type)) return 'numbers with decimals'
  if (textual.test(type)) return 'text'
  if (type.startsWith('TIMESTAMP')) return 'times'
  if (type === 'DATE') return 'dates'
  if (/^TIME\b/.test(type)) return 'times of day'
  if (type === 'BOOLEAN') return 'true and false'
  if (type === 'BLOB') return 'binary data'
  if (type === '"NULL"' || type === 'NULL') return 'nothing'
  return 'nested records'
}

/** Whether a column could play a role by its name. */
export const isRoleName = (column: string): boolean =>
  Object.values(roleNames).some((names: readonly string[]) => names.includes(column.toLowerCase()))

export const columnMappings = (mapped: MappedColumns): ColumnMapping[] =>
  (Object.keys(roleNames) as ColumnRole[]).flatMap((role) => {
    const column = mapped[role]
    return column === undefined ? [] : [{ role, ...column }]
  })

// Which of the user's columns plays which role: names are matched without case, the canonical name before its aliases.
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { findNearestName } from '../../src-shared/config/nearest-name.ts'
import { flagColumns, requiredRoles, columnAliases, type ColumnRole } from './column-aliases.ts'
import type { ColumnMapping } from '../../src-shared/run/run-manifest.ts'

export interface ForecastColumn {
  readonly column: string
  /** DuckDB's type name. */
  readonly type: string
}

export type MappedColumns = Readonly<Partial<Record<ColumnRole, ForecastColumn>>> &
  Readonly<Record<'server_id' | 'timestamp' | 'predicted', ForecastColumn>>

/** Maps roles to columns; `source` names the set in errors. */
export const mapColumns = (columns: readonly ForecastColumn[], datasetName: string): MappedColumns => {
  const reserved = columns.find(({ column }) => (flagColumns as readonly string[]).includes(column.toLowerCase()))
  if (reserved !== undefined) {
    throw new HeadroomError(
      'input-column-reserved',
      `${datasetName} already has a column ${reserved.column}, which the analysis writes itself.`,
      { next: `Rename or drop ${reserved.column}; or, if this is a result, open its folder instead.` },
    )
  }
  const byName = new Map<string, ForecastColumn>()
  for (const column of columns) {
    const name = column.column.toLowerCase()
    if (!byName.has(name)) byName.set(name, column)
  }
  const mapped: Partial<Record<ColumnRole, ForecastColumn>> = {}
  for (const role of Object.keys(columnAliases) as ColumnRole[]) {
    const name = columnAliases[role].find((candidate) => byName.has(candidate))
    if (name !== undefined) mapped[role] = byName.get(name)!
  }
  for (const role of requiredRoles) {
    if (mapped[role] === undefined) throw missingColumnError(role, columns, datasetName)
  }
  for (const role of Object.keys(mapped) as ColumnRole[]) assertType(role, mapped[role]!, datasetName)
  return mapped as MappedColumns
}

const missingColumnError = (role: ColumnRole, columns: readonly ForecastColumn[], datasetName: string): HeadroomError => {
  const names = columns.map(({ column }) => column)
  const nearest = findNearestName(role, names)
  return new HeadroomError(
    'input-column-missing',
    `${datasetName} has no column ${role}; it has ${names.join(', ')}${nearest === undefined ? '' : ` (nearest: ${nearest})`}.`,
    { next: `Rename the column, or use one of the names ${columnAliases[role].join(', ')}.` },
  )
}

const numeric = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/
const textual = /^(VARCHAR|ENUM\(.*\)|UUID)$/
const integral = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/
const temporal = /^(TIMESTAMP( WITH TIME ZONE|_S|_MS|_NS)?|DATE|VARCHAR)$/

const typeRules: Record<ColumnRole, { readonly accepts: (type: string) => boolean; readonly expected: string }> = {
  server_id: { accepts: (type) => textual.test(type) || integral.test(type), expected: 'text or whole numbers' },
  timestamp: { accepts: (type) => temporal.test(type), expected: 'a date, a timestamp or ISO text' },
  predicted: { accepts: (type) => numeric.test(type), expected: 'numbers' },
  model: { accepts: (type) => textual.test(type) || integral.test(type), expected: 'text' },
  metric: { accepts: (type) => textual.test(type) || integral.test(type), expected: 'text' },
  actual: { accepts: (type) => numeric.test(type) || type === '"NULL"', expected: 'numbers' },
  yhat_lower: { accepts: (type) => numeric.test(type) || type === '"NULL"', expected: 'numbers' },
  yhat_upper: { accepts: (type) => numeric.test(type) || type === '"NULL"', expected: 'numbers' },
  is_future: { accepts: (type) => type === 'BOOLEAN' || integral.test(type), expected: 'true and false' },
  cutoff: { accepts: (type) => temporal.test(type), expected: 'a date or timestamp' },
  horizon_offset: { accepts: (type) => numeric.test(type), expected: 'numbers' },
}

const assertType = (role: ColumnRole, { column, type }: ForecastColumn, datasetName: string): void => {
  const { accepts, expected } = typeRules[role]
  if (accepts(type)) return
  throw new HeadroomError(
    'input-column-type',
    `Column ${column} of ${datasetName} holds ${describeType(type)}, but ${role} needs ${expected}.`,
    {
      next: `Write ${column} as ${expected}; its type is ${type}.`,
    },
  )
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
  Object.values(columnAliases).some((names: readonly string[]) => names.includes(column.toLowerCase()))

export const columnMappings = (mapped: MappedColumns): ColumnMapping[] =>
  (Object.keys(columnAliases) as ColumnRole[]).flatMap((role) => {
    const column = mapped[role]
    return column === undefined ? [] : [{ role, ...column }]
  })

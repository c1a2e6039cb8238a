// Which column plays which role, and which rows are measured or in the horizon. The canonical name wins, then its other spellings, then aliases.
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { findNearestName } from '../../src-shared/config/nearest-name.ts'
import type { ColumnMapping } from '../../src-shared/run/run-manifest.ts'

/** Role -> names that may play it, in order of preference; the first is canonical. */
export const columnAliases = {
  server_id: ['server_id', 'item_id', 'host', 'hostname', 'instance_id'],
  timestamp: ['timestamp', 'ds', 'date'],
  predicted: ['predicted', 'yhat', 'mean', 'p50', 'forecast'],
  model: ['model'],
  metric: ['metric'],
  actual: ['actual', 'y', 'target'],
  yhat_lower: ['yhat_lower', 'lower_bound', 'p10', '0.1'],
  yhat_upper: ['yhat_upper', 'upper_bound', 'p90', '0.9'],
  is_future: ['is_future'],
  cutoff: ['cutoff'],
  horizon_offset: ['horizon_offset'],
} as const satisfies Record<string, readonly string[]>

export type ColumnRole = keyof typeof columnAliases
export const requiredRoles = ['server_id', 'timestamp', 'predicted'] as const satisfies readonly ColumnRole[]
type RequiredRole = (typeof requiredRoles)[number]

/** Columns that the flagged Parquet adds; input columns must not have these names. */
export const flagColumns = [
  'risk_flag',
  'risk_level',
  'month',
  'is_eoq',
  'is_holiday',
  'seasonal_peak_risk',
  'is_underutilized',
  'is_selected',
] as const

export interface ForecastColumn {
  readonly column: string
  /** DuckDB's type name. */
  readonly type: string
}

export type MappedColumns = RoleColumns<ForecastColumn>

/** Maps roles to columns; errors name `datasetName`. Throws input-column-reserved, input-column-missing, input-column-type. */
export const mapColumns = (columns: readonly ForecastColumn[], datasetName: string): MappedColumns => {
  rejectFlagColumns(columns, datasetName)
  const mapped = findRoleColumns(columns, datasetName)
  for (const [role, column] of Object.entries(mapped) as [ColumnRole, ForecastColumn][]) assertType(role, column, datasetName)
  return mapped
}

interface NamedColumn {
  readonly column: string
}

/** A name without case, the blanks around it, and the byte order mark that a text file may leave in its first name. */
const plainName = (column: string): string => column.trim().toLowerCase()

export const isFlagColumn = ({ column }: NamedColumn): boolean => (flagColumns as readonly string[]).includes(plainName(column))

/** Throws input-column-reserved. */
export const rejectFlagColumns = (columns: readonly NamedColumn[], datasetName: string): void => {
  const reserved = columns.find(isFlagColumn)
  if (reserved === undefined) return
  throw new HeadroomError(
    'input-column-reserved',
    `${datasetName} already has a column ${reserved.column}, which the analysis writes itself.`,
    { next: `Rename or drop ${reserved.column}; or, if this is a result, open its folder instead.` },
  )
}

export type RoleColumns<Column extends NamedColumn> = Readonly<Partial<Record<ColumnRole, Column>>> & Readonly<Record<RequiredRole, Column>>

/** The column of each role, by name alone. Throws input-column-missing. */
export const findRoleColumns = <Column extends NamedColumn>(columns: readonly Column[], datasetName: string): RoleColumns<Column> => {
  const mapped: Partial<Record<ColumnRole, Column>> = {}
  for (const role of Object.keys(columnAliases) as ColumnRole[]) {
    const column = findColumn(columns, columnAliases[role])
    if (column !== undefined) mapped[role] = column
  }
  const missing = requiredRoles.find((role) => mapped[role] === undefined)
  if (missing !== undefined) throw missingColumnError(missing, columns, datasetName)
  return mapped as RoleColumns<Column>
}

/** The first name wins; of one name, its exact spelling. */
const findColumn = <Column extends NamedColumn>(columns: readonly Column[], names: readonly string[]): Column | undefined => {
  for (const name of names) {
    const found = columns.find(({ column }) => column === name) ?? columns.find(({ column }) => plainName(column) === name)
    if (found !== undefined) return found
  }
  return undefined
}

const missingColumnError = (role: ColumnRole, columns: readonly NamedColumn[], datasetName: string): HeadroomError => {
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
/** Many databases write every whole number as DECIMAL of scale 0. */
const integral = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(\d+,0\))$/
/** Its bytes are read as UTF-8. */
export const isBinary = ({ type }: Pick<ForecastColumn, 'type'>): boolean => type === 'BLOB'
const isName = (type: string): boolean => textual.test(type) || integral.test(type) || isBinary({ type })
const temporal = /^(TIMESTAMP( WITH TIME ZONE|_S|_MS|_NS)?|DATE|VARCHAR)$/

const typeRules: Record<ColumnRole, { readonly accepts: (type: string) => boolean; readonly expected: string }> = {
  server_id: { accepts: isName, expected: 'text or whole numbers' },
  timestamp: { accepts: (type) => temporal.test(type), expected: 'a date, a timestamp or ISO text' },
  predicted: { accepts: (type) => numeric.test(type), expected: 'numbers' },
  model: { accepts: isName, expected: 'text' },
  metric: { accepts: isName, expected: 'text' },
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
  if (isBinary({ type })) return 'binary data'
  if (type === '"NULL"' || type === 'NULL') return 'nothing'
  return 'nested records'
}

/** Whether a column could play a role by its name. */
export const isRoleName = (column: string): boolean =>
  Object.values(columnAliases).some((names: readonly string[]) => names.includes(plainName(column)))

export const columnMappings = (mapped: MappedColumns): ColumnMapping[] =>
  (Object.keys(columnAliases) as ColumnRole[]).flatMap((role) => {
    const column = mapped[role]
    return column === undefined ? [] : [{ role, ...column }]
  })

/**
 * `row`: alias of a relation with is_future, actual and ts. A gap in the measurements is not part of the horizon: unless stated, only what
 * lies after the last measured time of the series is.
 */
export const isHorizonSql = (row: string, lastMeasuredAt: string): string =>
  `coalesce(${row}.is_future, ${row}.actual IS NULL AND (${lastMeasuredAt} IS NULL OR ${row}.ts > ${lastMeasuredAt}))`

/** Over the canonical columns: the row holds a measurement. */
export const isMeasuredSql = 'NOT coalesce(is_future, false) AND actual IS NOT NULL'

/** Over the canonical columns: whether the measurement is within the bounds; NULL unless the row has both. */
export const isCoveredSql = 'CASE WHEN yhat_lower IS NOT NULL AND yhat_upper IS NOT NULL THEN actual BETWEEN yhat_lower AND yhat_upper END'

// Which column plays which role, and which rows are measured or in the horizon. The canonical name wins, then its other spellings, then aliases.
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { evenName, findNearestName } from '../../src-shared/config/nearest-name.ts'
import type { ColumnRoleName } from '../../src-shared/run/input-mapping.ts'
import { InputQuestionError } from './input-question.ts'
import type { ColumnMapping } from '../../src-shared/run/run-manifest.ts'

/** Role -> names that may play it; the first is canonical. */
export const columnAliases = {
  server_id:
    'server_id item_id host hostname instance_id unique_id series series_id id server instance vm vm_name node resource resource_id computer'.split(
      ' ',
    ),
  timestamp: [
    'timestamp',
    'ds',
    'date',
    'time',
    'ts',
    'datetime',
    'forecast_timestamp',
    'timegenerated',
    'clock',
    'date_time',
    'time_series_timestamp',
  ],
  predicted: [
    'predicted',
    'predictions',
    'predict',
    'yhat',
    'mean',
    'p50',
    '0.5',
    'median',
    'q50',
    'prediction',
    'forecast',
    'forecast_value',
    'fcst',
    'y_pred',
    'y_hat',
    'yhat1',
    'point forecast',
    'point.forecast',
    'point_forecast',
    '.mean',
  ],
  model: ['model'],
  metric: ['metric', 'metric_name', 'counter_name'],
  actual: [
    'actual',
    'y',
    'target',
    'value',
    'measured',
    'observed',
    'target_value',
    'y_true',
    'y_actual',
    'aggregated_value',
    'counter_value',
  ],
  yhat_lower: [
    'yhat_lower',
    'lower_bound',
    'prediction_interval_lower_bound',
    'forecast_lower',
    'predicted_lower',
    'prediction_lower',
    'fcst_lower',
    'y_pred_lower',
    'mean_ci_lower',
    'pi_lower',
    'lower_ci',
    'lwr',
    '.conf_lo',
    'conf_lo',
    'lower',
  ],
  yhat_upper: [
    'yhat_upper',
    'upper_bound',
    'prediction_interval_upper_bound',
    'forecast_upper',
    'predicted_upper',
    'prediction_upper',
    'fcst_upper',
    'y_pred_upper',
    'mean_ci_upper',
    'pi_upper',
    'upper_ci',
    'upr',
    '.conf_hi',
    'conf_hi',
    'upper',
  ],
  quantiles: ['quantiles'],
  is_future: ['is_future'],
  cutoff: ['cutoff'],
  horizon_offset: ['horizon_offset'],
  interval_level: ['interval_level', 'confidence_level'],
} satisfies Record<ColumnRole, readonly string[]>

/** Of several aliases the first is taken for these roles; for any other the user is asked. */
const rankedRoles: ReadonlySet<ColumnRole> = new Set(['predicted', 'yhat_lower', 'yhat_upper'])

export type ColumnRole = ColumnRoleName
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

/** Checks names and types of a long layout. Throws input-column-reserved, input-column-type. */
export const assertColumns = (mapped: MappedColumns, columns: readonly ForecastColumn[], datasetName: string): void => {
  rejectFlagColumns(columns, datasetName)
  for (const [role, column] of Object.entries(mapped) as [ColumnRole, ForecastColumn][]) assertType(role, column, datasetName)
}

export interface NamedColumn {
  readonly column: string
  /** What a part of a composite column is. */
  readonly part?: { readonly role?: ColumnRole | undefined; readonly level?: number | undefined }
  readonly isNumeric?: boolean
  /** Whether its first values are times. */
  readonly isTime?: boolean
  /** Whether its first values are distributions, such as N(31, 2.5): no number, whatever the name says. */
  readonly isDistribution?: boolean
}

/** Names that forecasts, their quantiles and their bounds have in common. */
const forecastPattern = /pred|forecast|fcst|yhat|quantile|lower|upper|std_?err|standard_error|_(err|se)$|^p\d{1,2}$|^0?\.\d+$/i
export const isForecastName = (column: string): boolean => forecastPattern.test(column.trim())

/** A name without case, the blanks around it, and the byte order mark that a text file may leave in its first name. */
export const plainName = (column: string): string => column.trim().toLowerCase()

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

/** The column of a role, why, and the others that the user may have meant. */
export interface FoundRole<Column extends NamedColumn> {
  readonly column: Column
  readonly how: 'stated' | 'name' | 'alias' | 'layout'
  readonly others: readonly Column[]
}
export type FoundRoles<Column extends NamedColumn> = Readonly<Partial<Record<ColumnRole, FoundRole<Column>>>>

/** Column of each role as the user states it; `*` means all value columns of a wide file. */
export type StatedColumns = Readonly<Partial<Record<ColumnRole, string>>>

/** By statement, else by name alone. Throws input-unclear where several aliases are equally good. */
export const findRoles = <Column extends NamedColumn>(
  columns: readonly Column[],
  datasetName: string,
  stated: StatedColumns = {},
): FoundRoles<Column> => {
  const found: Partial<Record<ColumnRole, FoundRole<Column>>> = {}
  const roles = Object.keys(columnAliases) as ColumnRole[]
  for (const role of roles) {
    const column = stated[role] === undefined ? undefined : findNamed(columns, stated[role])
    if (column !== undefined) found[role] = { column, how: 'stated', others: [] }
  }
  const statedColumns = new Set(Object.values(found).map(({ column }) => column))
  const free = columns.filter((column) => !statedColumns.has(column) && column.isDistribution !== true)
  for (const role of roles) {
    if (stated[role] !== undefined) continue
    const named = findNamed(free, role)
    const others = columnAliases[role].slice(1).flatMap((alias) => findNamed(free, alias) ?? [])
    const [first, second] = others
    if (named !== undefined) found[role] = { column: named, how: 'name', others }
    else if (first !== undefined) {
      if (second !== undefined && !rankedRoles.has(role)) throw ambiguousRole(role, others, datasetName)
      found[role] = { column: first, how: 'alias', others: others.slice(1) }
    } else {
      const [part, ...otherParts] = free.filter((column) => column.part?.role === role)
      if (otherParts.length > 0) throw ambiguousRole(role, [part!, ...otherParts], datasetName)
      if (part !== undefined) found[role] = { column: part, how: 'layout', others: [] }
    }
  }
  return found
}

/** The exact spelling wins, then one that differs in case; then words parted by other signs, or with a unit behind: "Server ID", "Predicted (%)". */
export const findNamed = <Column extends NamedColumn>(columns: readonly Column[], name: string): Column | undefined =>
  columns.find(({ column }) => column === name) ??
  columns.find(({ column }) => plainName(column) === plainName(name)) ??
  (evenName(name).length < minEvenLength ? undefined : columns.find(({ column }) => evenName(fieldName(column)) === evenName(name)))

/** The field in a heading of Kibana or Azure: "Top 10 values of host.name", "@timestamp per 3 hours", "TimeGenerated [UTC]". */
const fieldName = (heading: string): string =>
  heading
    .trim()
    .replace(/^top (\d+ )?values of /i, '')
    .replace(/ per (\d+ )?(millisecond|second|minute|hour|day|week|month|year)s?$/i, '')
    .replace(/ \[UTC\]$/i, '')

/** Shorter names would match too much. */
const minEvenLength = 4

const ambiguousRole = (role: ColumnRole, columns: readonly NamedColumn[], datasetName: string): InputQuestionError => {
  const names = columns.map(({ column }) => column)
  return new InputQuestionError(
    `Which column of ${datasetName} is ${role}: ${names.map((name) => mapArgument(role, name)).join(' or ')}?`,
    names.map((name) => ({ label: name, settings: { map: { [role]: name } } })),
  )
}

/** The option that states a column; quoted where a shell would split it. */
export const mapArgument = (role: ColumnRole, column: string): string =>
  /^[\w.,:@%+/-]+$/.test(column) ? `--map ${role}=${column}` : `--map '${role}=${column}'`

/** Throws input-column-missing where a required role has no column. */
export const assertRequiredRoles = (
  found: Readonly<Partial<Record<ColumnRole, unknown>>>,
  columns: readonly NamedColumn[],
  datasetName: string,
): void => {
  const missing = requiredRoles.filter((role) => found[role] === undefined)
  if (missing.length > 0) throw missingColumnsError(missing, columns, datasetName)
}

const missingColumnsError = (missing: readonly RequiredRole[], columns: readonly NamedColumn[], datasetName: string): HeadroomError => {
  const names = columns.map(({ column }) => column)
  const [role] = missing
  const nearest = findNearestName(role!, names)
  const times = columns.filter(({ isTime }) => isTime === true)
  const texts = columns.filter(({ isNumeric, isTime }) => isNumeric === false && isTime !== true)
  const likely = (wanted: RequiredRole): string | undefined => {
    const [only, ...others] = { timestamp: times, server_id: texts, predicted: [] }[wanted]
    return findNearestName(wanted, names) ?? (others.length === 0 ? only?.column : undefined)
  }
  const options = missing.map((wanted) => mapArgument(wanted, likely(wanted) ?? 'COLUMN')).join(' ')
  const wide = role === 'server_id' && nearest === undefined ? ' Where each column is a server, state --wide servers.' : ''
  const next =
    names.filter((name) => /^\d{4}-\d{2}/.test(name)).length > 1
      ? 'Write one row per server and time: the names of columns are times.'
      : missing.length === 1
        ? `State the column with ${options}, or rename it to ${role}.${wide}`
        : `State the columns with ${options}, or rename them.${wide}`
  return new HeadroomError(
    'input-column-missing',
    `${datasetName} has no ${missing.length === 1 ? 'column' : 'columns'} ${missing.join(', ')}; it has ${listNames(names)}${nearest === undefined ? '' : ` (nearest: ${nearest})`}.`,
    { next },
  )
}

const maxNamed = 30
const listNames = (names: readonly string[]): string =>
  names.length > maxNamed ? `${names.slice(0, maxNamed).join(', ')} and ${names.length - maxNamed} more` : names.join(', ')

const numericType =
  /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/
const textual = /^(VARCHAR|ENUM\(.*\)|UUID)$/
/** Many databases write every whole number as DECIMAL of scale 0. */
const integral = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(\d+,0\))$/
/** Its bytes are read as UTF-8. */
export const isBinary = ({ type }: Pick<ForecastColumn, 'type'>): boolean => type === 'BLOB'
export const isIntegral = ({ type }: Pick<ForecastColumn, 'type'>): boolean => integral.test(type)
export const isNumericType = (type: string): boolean => numericType.test(type)
const isName = (type: string): boolean => textual.test(type) || integral.test(type) || isBinary({ type })
const temporal = /^(TIMESTAMP( WITH TIME ZONE|_S|_MS|_NS)?|DATE|VARCHAR)$/

/** Numbers since 1970. */
export const isEpochType = (type: string): boolean => /^(U?(INTEGER|BIGINT)|DOUBLE)$/.test(type)

const typeRules: Record<ColumnRole, { readonly accepts: (type: string) => boolean; readonly expected: string }> = {
  server_id: { accepts: isName, expected: 'text or whole numbers' },
  timestamp: { accepts: (type) => temporal.test(type) || isEpochType(type), expected: 'a date, a timestamp or ISO text' },
  predicted: { accepts: (type) => numericType.test(type), expected: 'numbers' },
  model: { accepts: isName, expected: 'text' },
  metric: { accepts: isName, expected: 'text' },
  actual: { accepts: (type) => numericType.test(type) || type === '"NULL"', expected: 'numbers' },
  yhat_lower: { accepts: (type) => numericType.test(type) || type === '"NULL"', expected: 'numbers' },
  yhat_upper: { accepts: (type) => numericType.test(type) || type === '"NULL"', expected: 'numbers' },
  is_future: { accepts: (type) => type === 'BOOLEAN' || integral.test(type), expected: 'true and false' },
  cutoff: { accepts: (type) => temporal.test(type), expected: 'a date or timestamp' },
  horizon_offset: { accepts: (type) => numericType.test(type), expected: 'numbers' },
  quantiles: { accepts: (type) => type === 'MAP(DOUBLE, DOUBLE)', expected: 'a map of level to value' },
  interval_level: { accepts: (type) => numericType.test(type), expected: 'numbers' },
}

export const assertType = (role: ColumnRole, { column, type }: ForecastColumn, datasetName: string): void => {
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
  if (numericType.test(type)) return 'numbers with decimals'
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
    return column === undefined ? [] : [{ role, column: column.column, type: column.type }]
  })

/**
 * `row`: alias of a relation with is_future, actual and ts. A gap in the measurements is not part of the horizon: unless stated, only what
 * lies after the last measured time of the series is.
 */
export const isHorizonSql = (row: string, horizonAfter: string): string =>
  `coalesce(${row}.is_future, ${row}.actual IS NULL AND (${horizonAfter} IS NULL OR ${row}.ts > ${horizonAfter}))`

/** SQL for the time after which the rows of a series are horizon, by its row in `server_risk`. */
export const horizonAfterSql = (row: string): string => `coalesce(${row}.last_measured_at, ${row}.horizon_start - INTERVAL 1 MICROSECOND)`

/** Over the canonical columns: the row holds a measurement. */
export const isMeasuredSql = 'NOT coalesce(is_future, false) AND actual IS NOT NULL'

/** Over the canonical columns: whether the measurement is within the bounds; NULL unless the row has both. */
export const isCoveredSql = 'CASE WHEN yhat_lower IS NOT NULL AND yhat_upper IS NOT NULL THEN actual BETWEEN yhat_lower AND yhat_upper END'

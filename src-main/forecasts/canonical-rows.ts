// Canonical columns of a dataset as SQL over its own columns: names, types, units and the direction of risk.
import { identifier, literal } from '../database/database.ts'
import { fractionMetrics, turnedMetrics, type UnitConfig } from '../../src-shared/config/metric-units.ts'
import type { MetricChoice } from './chosen-metrics.ts'
import { quantilesSql } from './convert-forecasts.ts'
import type { ForecastColumn, MappedColumns } from './forecast-columns.ts'
import type { QuantileColumn } from './readers/layout.ts'
import { instantSql, nameSql, numberSql, serverNameSql } from './value-sql.ts'

export interface ForecastExpressions {
  readonly server_id: string
  readonly metric: string
  readonly model: string
  readonly ts: string
  readonly actual: string
  readonly predicted: string
  readonly yhat_lower: string
  readonly yhat_upper: string
  /** MAP(DOUBLE, DOUBLE) of level 0..1 -> value; NULL where the dataset has bounds alone. */
  readonly quantiles: string
  /** As the dataset states it; NULL where it does not. */
  readonly is_future: string
  readonly cutoff: string
  readonly horizon_offset: string
}

export const forecastRowsQuery = (expressions: ForecastExpressions, { metrics }: MetricChoice): string =>
  `SELECT ${canonicalColumnsSql(expressions)} FROM source${metrics === undefined ? '' : ` WHERE ${expressions.metric} IN (${metrics.map(literal).join(', ')})`}`

/** Canonical columns for a SELECT over the rows as they were given. */
export const canonicalColumnsSql = (
  expressions: ForecastExpressions,
  names: readonly (keyof ForecastExpressions)[] = Object.keys(expressions) as (keyof ForecastExpressions)[],
): string => names.map((name) => `${expressions[name]} AS ${identifier(name)}`).join(', ')

/** Fractions become percent, and percentages of which a low value is the risk become used shares. */
export const canonicalExpressions = (
  columns: MappedColumns,
  config: UnitConfig,
  quantiles: readonly QuantileColumn[] = [],
): ForecastExpressions => {
  const textSql = (column: ForecastColumn | undefined, fallbackSql: string): string =>
    column === undefined ? fallbackSql : `coalesce(${nameSql(column, identifier(column.column))}, ${fallbackSql})`
  const metric = textSql(columns.metric, literal(config.target_metric))
  const fractions = fractionMetrics(config).map(literal)
  const factor = fractions.length === 0 ? undefined : `CASE WHEN ${metric} IN (${fractions.join(', ')}) THEN 100 ELSE 1 END`
  const valueSql = (column: ForecastColumn | undefined): string => {
    const value = numberColumnSql(column)
    return column === undefined || factor === undefined ? value : `${value} * ${factor}`
  }
  const turned = turnedMetrics(config).map(literal)
  const riskSql = (value: string, turnedValue = value): string =>
    turned.length === 0 ? value : `CASE WHEN ${metric} IN (${turned.join(', ')}) THEN 100 - ${turnedValue} ELSE ${value} END`
  const [lower, upper] = [valueSql(columns.yhat_lower), valueSql(columns.yhat_upper)]
  const hasQuantiles = quantiles.length > 0 || columns.quantiles !== undefined
  const givenQuantiles =
    quantiles.length === 0
      ? columns.quantiles === undefined
        ? 'CAST(NULL AS MAP(DOUBLE, DOUBLE))'
        : scaledQuantilesSql(identifier(columns.quantiles.column), factor)
      : quantilesSql(quantiles.map(({ level, column }) => ({ level, value: valueSql(column) })))
  return {
    server_id: serverNameSql(columns.server_id, nameSql(columns.server_id, identifier(columns.server_id.column))),
    metric,
    model: textSql(columns.model, literal('forecast')),
    ts: instantSql(columns.timestamp, identifier(columns.timestamp.column)),
    actual: riskSql(valueSql(columns.actual)),
    predicted: riskSql(valueSql(columns.predicted)),
    yhat_lower: riskSql(lower, upper),
    yhat_upper: riskSql(upper, lower),
    quantiles:
      turned.length === 0 || !hasQuantiles
        ? givenQuantiles
        : `CASE WHEN ${metric} IN (${turned.join(', ')}) THEN ${turnedQuantilesSql(givenQuantiles)} ELSE ${givenQuantiles} END`,
    is_future: columns.is_future === undefined ? 'CAST(NULL AS BOOLEAN)' : `CAST(${identifier(columns.is_future.column)} AS BOOLEAN)`,
    cutoff: columns.cutoff === undefined ? 'CAST(NULL AS TIMESTAMP)' : instantSql(columns.cutoff, identifier(columns.cutoff.column)),
    horizon_offset: numberColumnSql(columns.horizon_offset),
  }
}

const scaledQuantilesSql = (quantiles: string, factor: string | undefined): string =>
  factor === undefined
    ? quantiles
    : `map_from_entries(list_transform(map_entries(${quantiles}), lambda entry: {'key': entry.key, 'value': entry.value * ${factor}}))`

/** The quantile of a used share at level p is 100 minus that of the unused share at 1 - p. */
const turnedQuantilesSql = (quantiles: string): string =>
  `map_from_entries(list_transform(map_entries(${quantiles}), lambda entry: {'key': round(1 - entry.key, 9), 'value': 100 - entry.value}))`

const numberColumnSql = (column: ForecastColumn | undefined): string =>
  column === undefined ? 'CAST(NULL AS DOUBLE)' : numberSql(column, identifier(column.column))

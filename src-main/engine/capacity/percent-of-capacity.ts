// Turns amounts into percent of the server's capacity, and a history with changing capacity into percent of today's (analysis definition, section 13).
import { agreeNumber } from '../../../src-shared/run/agree-number.ts'
import { join } from 'node:path'
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import {
  capacityColumns,
  capacityColumnOf,
  describeAbsoluteMetric,
  type AbsoluteMetric,
  type CapacityColumn,
} from '../../../src-shared/config/metric-capacity.ts'
import { isPercentMetric, turnedMetrics } from '../../../src-shared/config/metric-units.ts'
import { ownValue } from '../../../src-shared/config/name-record.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { RunWarning } from '../../../src-shared/run/run-event.ts'
import { literal, type Database } from '../../database/database.ts'
import { canonicalExpressions, forecastRowsQuery } from '../../forecasts/canonical-rows.ts'
import { openForecastDataset, type ForecastDataset } from '../../forecasts/forecast-dataset.ts'
import { loadServersTable } from '../../forecasts/servers-table.ts'
import { asWritten } from '../forecast-file.ts'

export interface CapacityInput {
  readonly dataset: ForecastDataset
  /** With the scaled metrics as percentages. */
  readonly config: AnalysisConfig
}

export interface CapacityWork {
  readonly database: Database
  readonly config: AnalysisConfig
  /** Folder for the rows in percent. */
  readonly spillFolder: string
}

/** What the metrics of a dataset ask for. */
interface ScaledMetrics {
  readonly absolute: readonly AbsoluteMetric[]
  /** Percentages of a capacity whose history the rows state. */
  readonly changing: readonly { readonly metric: string; readonly column: CapacityColumn }[]
  /** Columns whose history the rows state, as metrics of the same name. */
  readonly history: readonly CapacityColumn[]
}

/**
 * The dataset in percent where it holds amounts of a capacity, or rows that state the capacity itself; else as it is. Fills `capacity_history`
 * (server_id, capacity_column, since, capacity). Reads `source`, `forecast_rows`.
 */
export const toPercentOfCapacity = async (
  { database, config, spillFolder }: CapacityWork,
  dataset: ForecastDataset,
  serversTable: string | undefined,
): Promise<CapacityInput> => {
  const scaled = await findScaledMetrics(database, config, dataset)
  if (scaled.absolute.length === 0 && scaled.history.length === 0) return { dataset, config }
  await loadServersTable(database, serversTable, config.decimal)
  const written = asWritten(config)
  await database.run(
    `CREATE OR REPLACE VIEW forecast_rows AS ${forecastRowsQuery(canonicalExpressions(dataset.columns, written), { metrics: undefined })}`,
  )
  if (scaled.history.length > 0) await storeHistory(database, scaled.history)
  const warnings = await describeScaling(database, scaled)
  const path = join(spillFolder, 'percent-of-capacity.parquet')
  await database.run(
    `COPY (${scaledRowsQuery(config, dataset, scaled)}) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false)`,
  )
  const units = Object.fromEntries(scaled.absolute.map(({ metric }) => [metric, 'percent' as const]))
  const percentConfig = { ...config, metric_units: { ...config.metric_units, ...units } }
  const opened = await openForecastDataset(
    database,
    [path],
    { ...percentConfig, map: {}, wide: undefined, date_format: undefined },
    { measurements: 'read', conversionFolder: spillFolder },
  )
  return {
    config: percentConfig,
    dataset: {
      ...opened,
      files: dataset.files,
      name: dataset.name,
      mapping: { ...dataset.mapping, is_converted: true },
      candidates: dataset.candidates,
      leftOut: dataset.leftOut,
      ...(dataset.textRows === undefined ? {} : { textRows: dataset.textRows }),
      warnings: [...dataset.warnings, ...warnings],
    },
  }
}

/** Reads `source`: the choice of metrics does not concern rows of capacity. */
const findScaledMetrics = async (
  database: Database,
  config: AnalysisConfig,
  { columns, expressions }: ForecastDataset,
): Promise<ScaledMetrics> => {
  const named =
    columns.metric === undefined
      ? [config.target_metric]
      : (
          await database.rows(
            `SELECT DISTINCT ${expressions.metric} AS metric FROM source ORDER BY metric`,
            z.object({ metric: z.string() }),
          )
        ).map(({ metric }) => metric)
  const history = capacityColumns.filter((column) => named.includes(column))
  const chosen = named.filter((metric) => config.metrics?.includes(metric) ?? true)
  const absolute = chosen.flatMap((metric) => describeAbsoluteMetric(config, metric) ?? [])
  const changing = chosen.flatMap((metric) => {
    const column = capacityColumnOf(config, metric)
    return column !== undefined &&
      history.includes(column) &&
      isPercentMetric(config, metric) &&
      !absolute.some((other) => other.metric === metric)
      ? [{ metric, column }]
      : []
  })
  return { absolute, changing, history }
}

/** Throws usage where a Spark job would have to scale values. */
export const assertUnscaled = (config: AnalysisConfig, metrics: readonly string[]): void => {
  const metric = metrics.find(
    (name) => describeAbsoluteMetric(config, name) !== undefined || capacityColumns.some((column) => column === name),
  )
  if (metric === undefined) return
  throw new HeadroomError('usage', `A Spark cluster reads percentages only, but ${metric} is an amount of a capacity.`, {
    next: 'Compute on a single instance.',
  })
}

/** Rows of `capacity_history` where the capacity differs from the one before. Reads `forecast_rows`. */
const storeHistory = async (database: Database, history: readonly CapacityColumn[]): Promise<void> => {
  await database.run(`
    CREATE OR REPLACE TABLE capacity_history AS
    SELECT server_id, metric AS capacity_column, ts AS since, capacity FROM (
      SELECT *, lag(capacity) OVER (PARTITION BY server_id, metric ORDER BY ts) AS before
      FROM (SELECT server_id, metric, ts, max(actual) AS capacity FROM forecast_rows
            WHERE metric IN (${history.map(literal).join(', ')}) AND actual > 0 GROUP BY ALL))
    WHERE capacity IS DISTINCT FROM before ORDER BY ALL`)
}

/** SQL for the capacity column of a metric, from its alias `f`. */
const columnOfMetricSql = ({ absolute, changing }: ScaledMetrics): string =>
  `CASE ${[...absolute, ...changing].map(({ metric, column }) => `WHEN f.metric = ${literal(metric)} THEN ${literal(column)}`).join(' ')} END`

/** Rows of the forecasts in percent of today's capacity, without those that state capacities. */
const scaledRowsQuery = (config: AnalysisConfig, { columns }: ForecastDataset, scaled: ScaledMetrics): string => {
  const all = [...scaled.absolute, ...scaled.changing].map(({ metric }) => metric)
  const fractions = all.filter((metric) => ownValue(config.metric_units, metric) === 'fraction')
  const turned = turnedMetrics(config)
  const inList = (metrics: readonly string[]): string =>
    metrics.length === 0 ? 'false' : `f.metric IN (${metrics.map(literal).join(', ')})`
  const whole = `CASE WHEN ${inList(fractions)} THEN 1 ELSE 100 END`
  const factor = `CASE ${scaled.absolute.map(({ metric, factor: value }) => `WHEN f.metric = ${literal(metric)} THEN CAST('${value}' AS DOUBLE)`).join(' ')} ELSE 1 END`
  const isAbsolute = inList(scaled.absolute.map(({ metric }) => metric))
  const isTurned = inList(all.filter((metric) => turned.includes(metric)))
  const percentSql = (value: string): string => `CASE
    WHEN capacity_column IS NULL THEN ${value}
    WHEN ${isAbsolute} AND ${isTurned} THEN 100 - 100 * (capacity_then - ${value} * ${scaled.absolute.length === 0 ? '1' : factor}) / capacity_now
    WHEN ${isAbsolute} THEN 100 * ${value} * ${scaled.absolute.length === 0 ? '1' : factor} / capacity_now
    WHEN capacity_now IS NULL THEN ${value}
    WHEN ${isTurned} THEN ${whole} - (${whole} - ${value}) * capacity_then / capacity_now
    ELSE ${value} * capacity_then / capacity_now END`
  const has = (role: keyof typeof columns): boolean => columns[role] !== undefined
  const values = (['actual', 'predicted', 'yhat_lower', 'yhat_upper'] as const).filter(has)
  const quantiles = `map_from_entries(list_transform(map_entries(f.quantiles), lambda entry: {'key': entry.key, 'value': ${percentSql('entry.value')}}))`
  const keys = [
    'f.server_id',
    'f.metric',
    'f.ts AS "timestamp"',
    ...(has('model') ? ['f.model'] : []),
    ...(has('is_future') ? ['f.is_future'] : []),
    ...(has('cutoff') ? ['f.cutoff'] : []),
    ...(has('horizon_offset') ? ['f.horizon_offset'] : []),
    ...(has('quantiles') ? [`${quantiles} AS quantiles`] : []),
  ]
  const capacities = capacityColumns.map((column) => `(${literal(column)}, a.${column})`).join(', ')
  return `
    WITH stated AS (
      SELECT a.server_id, v.capacity_column, nullif(v.capacity, 0) AS capacity FROM server_attributes a, (VALUES ${capacities}) v(capacity_column, capacity)
    ), latest AS (
      SELECT server_id, capacity_column, arg_max(capacity, since) AS capacity, arg_min(capacity, since) AS first FROM capacity_history GROUP BY ALL
    ), rows AS (
      SELECT f.*, ${columnOfMetricSql(scaled)} AS capacity_column FROM forecast_rows f WHERE f.metric NOT IN (${capacityColumns.map(literal).join(', ')})
    ), valued AS (
      SELECT f.*, coalesce(l.capacity, s.capacity) AS capacity_now, coalesce(h.capacity, l.first, s.capacity) AS capacity_then
      FROM rows f
      LEFT JOIN stated s USING (server_id, capacity_column)
      LEFT JOIN latest l USING (server_id, capacity_column)
      ASOF LEFT JOIN capacity_history h ON f.server_id = h.server_id AND f.capacity_column = h.capacity_column AND f.ts >= h.since
    )
    SELECT ${keys.join(', ')}, ${values.map((value) => `${percentSql(`f.${value}`)} AS ${value}`).join(', ')}
    FROM valued f ORDER BY f.server_id, f.metric, ${has('model') ? 'f.model, ' : ''}f.ts`
}

/** Reads `capacity_history`, `server_attributes`, `forecast_rows`. */
const describeScaling = async (database: Database, { absolute, history }: ScaledMetrics): Promise<RunWarning[]> => {
  const warnings: RunWarning[] = absolute.map(({ metric, column }) => ({
    code: 'percent-of-capacity',
    message: `${metric} is analysed in percent of ${column}.`,
  }))
  for (const { metric, column } of absolute) {
    const { count, examples } = await database.row(
      `SELECT CAST(count(*) AS INTEGER) AS count, list(server_id ORDER BY server_id)[:3] AS examples FROM (
         SELECT DISTINCT server_id FROM forecast_rows WHERE metric = ${literal(metric)}
         EXCEPT SELECT server_id FROM server_attributes WHERE ${column} > 0
         EXCEPT SELECT server_id FROM capacity_history WHERE capacity_column = ${literal(column)})`,
      z.object({ count: z.int(), examples: z.array(z.string()).nullable() }),
    )
    if (count > 0)
      warnings.push({
        code: 'capacity-unknown',
        message: `${count} ${agreeNumber('[server has|servers have]', count)} no ${column} above 0, so ${metric} of ${agreeNumber('[it|them]', count)} is not known: ${examples!.join(', ')}.`,
        count,
        examples: examples!,
      })
  }
  if (history.length > 0) {
    const { count, examples } = await database.row(
      `SELECT CAST(count(DISTINCT server_id) AS INTEGER) AS count, list(DISTINCT server_id ORDER BY server_id)[:3] AS examples FROM (
         SELECT server_id, capacity_column FROM capacity_history GROUP BY ALL HAVING count(*) > 1)`,
      z.object({ count: z.int(), examples: z.array(z.string()).nullable() }),
    )
    if (count > 0)
      warnings.push({
        code: 'capacity-changes',
        message: `The capacity of ${count} ${agreeNumber('[server changed in the history, so its|servers changed in the history, so their]', count)} demand counts in percent of today's capacity: ${examples!.join(', ')}.`,
        count,
        examples: examples!,
      })
  }
  return warnings
}

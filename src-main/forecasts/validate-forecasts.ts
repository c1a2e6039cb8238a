// Rejects forecasts that cannot be analysed: no rows, missing keys, unreadable or absurd times, infinite values.
import { z } from 'zod'
import { fractionMetrics, turnedMetrics, type UnitConfig } from '../../src-shared/config/metric-units.ts'
import { identifier, literal, type Database } from '../database/database.ts'
import { isMeasuredSql, isBinary, type ColumnRole } from './forecast-columns.ts'
import { fixedPointFor, type FixedPoint } from '../statistics/fixed-point.ts'
import type { ForecastExpressions } from './canonical-rows.ts'
import type { ForecastDataset } from './forecast-dataset.ts'
import { assertTruth } from './truth-column.ts'
import { firstYear, lastYear, maxMagnitude, maxYearsAhead, validationError, validationMessages, valueRoles } from './validation-rules.ts'

export interface ForecastValidation {
  readonly rows: number
  readonly fixedPoint: FixedPoint
  /** Every prediction and every measured value is within 0..100. */
  readonly isWithinPercent: boolean
}

const percentRoles = ['predicted', 'actual'] as const

/** SQL for whether all columns are within 0..100; a column without values is. In DuckDB NaN is larger than any number. */
const withinPercentSql = (extremes: readonly (readonly [minimum: string, maximum: string])[]): string =>
  extremes.map(([minimum, maximum]) => `coalesce(${minimum} >= 0 AND ${maximum} <= 100, true)`).join(' AND ')

/** Whether the years of the earliest and latest time call for an exact check. */
const distantTimesSql = (earliest: string, latest: string): string =>
  `coalesce(year(${earliest}) < ${firstYear} OR year(${latest}) > ${lastYear} OR year(${latest}) - year(${earliest}) >= ${maxYearsAhead}, false)`

const validationSchema = z.object({
  rows: z.number(),
  null_servers: z.number(),
  null_times: z.number(),
  /** Whether a time is unreadable or infinite. */
  has_bad_times: z.boolean(),
  /** Whether a time may be too early or too late. */
  has_distant_times: z.boolean(),
  largest_magnitude: z.number().nullable(),
  is_within_percent: z.boolean(),
})

/**
 * Checks the statistics in the Parquet footers first, without reading a page. Only if they are inconclusive, it reads all rows once, and
 * a second time to count the rows that it rejects. Reads `source`.
 */
export const validateForecasts = async (database: Database, dataset: ForecastDataset, config: UnitConfig): Promise<ForecastValidation> => {
  await rejectUnreadableNames(database, dataset)
  const checks = (await validateByStatistics(database, dataset, config)) ?? (await validateByRows(database, dataset))
  if (checks.rows === 0) {
    throw validationError('input-empty', validationMessages.noRows(dataset.name))
  }
  await rejectNullKeys(database, dataset, 'server_id', checks.null_servers)
  await rejectNullKeys(database, dataset, 'timestamp', checks.null_times)
  if (checks.has_bad_times) await rejectUnreadableTimes(database, dataset, identifier(dataset.columns.timestamp.column))
  if (checks.has_distant_times) await rejectDistantTimes(database, dataset)
  if ((checks.largest_magnitude ?? 0) > maxMagnitude) await rejectInfiniteValues(database, dataset)
  const { is_future } = dataset.columns
  if (is_future !== undefined) await assertTruth(database, { ...is_future, sql: identifier(is_future.column) }, 'source', dataset.name)
  return { rows: checks.rows, fixedPoint: fixedPointFor(checks.largest_magnitude ?? 0), isWithinPercent: checks.is_within_percent }
}

/** DuckDB answers counts and extremes of plain columns from the footers. `undefined` if anything looks wrong. */
const validateByStatistics = async (
  database: Database,
  { columns }: ForecastDataset,
  config: UnitConfig,
): Promise<z.infer<typeof validationSchema> | undefined> => {
  // The statistics know values only as they were written.
  if (columns.timestamp.type === 'VARCHAR' || fractionMetrics(config).length + turnedMetrics(config).length > 0) return undefined
  const time = identifier(columns.timestamp.column)
  const values = valueRoles.flatMap((role) => columns[role] ?? []).map(({ column }) => identifier(column))
  const percentColumns = percentRoles.flatMap((role) => columns[role] ?? []).map(({ column }) => identifier(column))
  const checks = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS rows,
              CAST(count(*) - count(${identifier(columns.server_id.column)}) AS DOUBLE) AS null_servers,
              CAST(count(*) - count(${time}) AS DOUBLE) AS null_times,
              NOT coalesce(isfinite(min(${time})) AND isfinite(max(${time})), false) AS has_bad_times,
              ${distantTimesSql(`min(${time})`, `max(${time})`)} AS has_distant_times,
              ${withinPercentSql(percentColumns.map((value) => [`CAST(min(${value}) AS DOUBLE)`, `CAST(max(${value}) AS DOUBLE)`]))} AS is_within_percent,
              least(coalesce(greatest(${values.map((value) => `CAST(max(${value}) AS DOUBLE), -CAST(min(${value}) AS DOUBLE)`).join(', ')}), 0), ${2 * maxMagnitude}) AS largest_magnitude
       FROM source`,
    validationSchema,
  )
  const isValid = checks.rows > 0 && checks.null_servers === 0 && checks.null_times === 0 && !checks.has_bad_times
  return isValid && (checks.largest_magnitude ?? 0) <= maxMagnitude ? checks : undefined
}

const validateByRows = async (database: Database, dataset: ForecastDataset): Promise<z.infer<typeof validationSchema>> => {
  const { server_id, ts } = dataset.expressions
  const timeColumn = identifier(dataset.columns.timestamp.column)
  return database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS rows,
            CAST(count(*) - count(${server_id}) AS DOUBLE) AS null_servers,
            CAST(count(*) - count(${timeColumn}) AS DOUBLE) AS null_times,
            coalesce(count(${ts}) < count(${timeColumn}) OR NOT isfinite(min(${ts})) OR NOT isfinite(max(${ts})), false) AS has_bad_times,
            ${distantTimesSql(`min(${ts})`, `max(${ts})`)} AS has_distant_times,
            ${withinPercentSql(percentRoles.map((role) => [`min(${dataset.expressions[role]})`, `max(${dataset.expressions[role]})`]))} AS is_within_percent,
            -- Capped, because an infinite number fails the schema of the result row.
            least(coalesce(greatest(${valueRoles.map((role) => `max(abs(${dataset.expressions[role]}))`).join(', ')}), 0), ${2 * maxMagnitude}) AS largest_magnitude
     FROM source`,
    validationSchema,
  )
}

/** The column as the files name it: converted rows have canonical names. */
const givenName = ({ columns, mapping }: ForecastDataset, role: ColumnRole): string => {
  const names = new Set(mapping.files.flatMap(({ roles }) => roles.flatMap((entry) => (entry.role === role ? entry.columns : []))))
  return names.size === 1 ? [...names][0]! : columns[role]!.column
}

/** "COLUMN of FILE"; of several files, the first one with a row that meets the condition. */
const locate = async (database: Database, dataset: ForecastDataset, role: ColumnRole, condition: string): Promise<string> => {
  const columnText = `Column ${givenName(dataset, role)} of ${dataset.name}`
  if (dataset.files.length === 1) return columnText
  const { path } = await database.row(
    `SELECT min(CAST(path AS VARCHAR)) AS path FROM (${dataset.sourceQuery('filename AS path')}) AS source WHERE ${condition}`,
    z.object({ path: z.string().nullable() }),
  )
  const file = dataset.files.find((candidate) => candidate.path === path)
  return file === undefined ? columnText : `${columnText} (first in ${file.name})`
}

const countText = (count: number, singular: string, plural: string): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`

/** Throws input-infinite if a value is beyond the limit, with the number of such values. */
export const rejectInfiniteValues = async (database: Database, dataset: ForecastDataset): Promise<void> => {
  const isTooLarge = (role: ColumnRole & keyof ForecastExpressions): string => `abs(${dataset.expressions[role]}) > ${maxMagnitude}`
  const counts = await database.row(
    `SELECT ${valueRoles.map((role) => `CAST(count(*) FILTER (WHERE ${isTooLarge(role)}) AS DOUBLE) AS ${role}`).join(', ')} FROM source`,
    z.object({ predicted: z.number(), actual: z.number(), yhat_lower: z.number(), yhat_upper: z.number() }),
  )
  const role = valueRoles.find((candidate) => counts[candidate] > 0)
  if (role === undefined) return
  const columnText = await locate(database, dataset, role, isTooLarge(role))
  const subject = `${columnText} holds ${countText(counts[role], 'value that is', 'values that are')}`
  throw validationError('input-infinite', validationMessages.tooLarge(subject))
}

const rejectNullKeys = async (
  database: Database,
  dataset: ForecastDataset,
  role: 'server_id' | 'timestamp',
  count: number,
): Promise<void> => {
  if (count === 0) return
  const columnText = await locate(database, dataset, role, `${identifier(dataset.columns[role].column)} IS NULL`)
  throw validationError('input-null-key', validationMessages.emptyKey(columnText, role, countText(count, 'row', 'rows')))
}

const rejectUnreadableNames = async (database: Database, dataset: ForecastDataset): Promise<void> => {
  for (const role of ['server_id', 'model', 'metric'] as const) {
    const column = dataset.columns[role]
    if (column === undefined || !isBinary(column)) continue
    const isUnreadable = `${identifier(column.column)} IS NOT NULL AND TRY(decode(${identifier(column.column)})) IS NULL`
    const { count } = await database.row(
      `SELECT CAST(count(*) AS DOUBLE) AS count FROM source WHERE ${isUnreadable}`,
      z.object({ count: z.number() }),
    )
    if (count === 0) continue
    const columnText = await locate(database, dataset, role, isUnreadable)
    throw validationError('input-column-type', validationMessages.unreadableNames(columnText, countText(count, 'row', 'rows')))
  }
}

/** A year of less than four digits in text: DuckDB reads it as it is, as the year 26. */
const shortYearPattern = '^\\s*[0-9]{1,3}[-/]'

const rejectDistantTimes = async (database: Database, dataset: ForecastDataset): Promise<void> => {
  const { ts } = dataset.expressions
  const timeColumn = identifier(dataset.columns.timestamp.column)
  const { last } = await database.row(
    `SELECT CAST(max(ts) AS VARCHAR) AS last FROM forecast_rows WHERE ${isMeasuredSql}`,
    z.object({ last: z.string().nullable() }),
  )
  const reject = async (condition: string, describe: (count: number, examples: string) => string): Promise<void> => {
    const { count, examples } = await countTimes(database, timeColumn, condition)
    if (count === 0) return
    const columnText = await locate(database, dataset, 'timestamp', condition)
    throw validationError('input-time-unreadable', validationMessages.unreadableTimes(columnText, describe(count, examples)))
  }
  if (dataset.columns.timestamp.type === 'VARCHAR') {
    await reject(
      `regexp_matches(${timeColumn}, ${literal(shortYearPattern)})`,
      (count, examples) => `${countText(count, 'time', 'times')} with a two-digit year, for instance ${examples}`,
    )
  }
  await reject(
    `${ts} < TIMESTAMP '${firstYear}-01-01'`,
    (count, examples) => `${countText(count, 'time', 'times')} before ${firstYear}, for instance ${examples}`,
  )
  await reject(
    `${ts} >= TIMESTAMP '${lastYear + 1}-01-01'`,
    (count, examples) => `${countText(count, 'time', 'times')} after ${lastYear}, for instance ${examples}`,
  )
  if (last === null) return
  await reject(
    `${ts} > TIMESTAMP '${last}' + INTERVAL '${maxYearsAhead}' YEAR`,
    (count, examples) =>
      `${countText(count, 'time', 'times')} more than ${maxYearsAhead} years after the last measured one, for instance ${examples}`,
  )
}

/** Rows that meet the condition, and up to three of their times as they were written. */
const countTimes = async (database: Database, timeColumn: string, condition: string): Promise<{ count: number; examples: string }> => {
  const examples = `SELECT DISTINCT CAST(${timeColumn} AS VARCHAR) AS text FROM source WHERE ${condition} ORDER BY text LIMIT 3`
  return database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS count,
            coalesce((SELECT string_agg('"' || text || '"', ', ' ORDER BY text) FROM (${examples})), '') AS examples
     FROM source WHERE ${condition}`,
    z.object({ count: z.number(), examples: z.string() }),
  )
}

const rejectUnreadableTimes = async (database: Database, dataset: ForecastDataset, timeColumn: string): Promise<never> => {
  const { ts } = dataset.expressions
  const isUnreadable = `${timeColumn} IS NOT NULL AND (${ts} IS NULL OR NOT isfinite(${ts}))`
  const { count, examples } = await countTimes(database, timeColumn, isUnreadable)
  const columnText = await locate(database, dataset, 'timestamp', isUnreadable)
  const times = `${countText(count, 'unreadable time', 'unreadable times')}, for instance ${examples}`
  throw validationError('input-time-unreadable', validationMessages.unreadableTimes(columnText, times))
}

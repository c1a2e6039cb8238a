// Profiles each model of each series in one pass over the rows: row counts, times, backtest errors, and a hash of the times.
import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { normalQuantile } from '../../statistics/normal.ts'
import { fixedPointForSumOf, fixedSumSql, fromStepsSql, toStepsSql, type FixedPoint } from '../../statistics/fixed-point.ts'
import { contradictsStatistics } from '../../forecasts/dataset-failures.ts'
import { isCoveredSql, isMeasuredSql, type MappedColumns } from '../../forecasts/forecast-columns.ts'
import type { ForecastDataset } from '../../forecasts/forecast-dataset.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import { rejectInfiniteValues, type ForecastValidation } from '../../forecasts/validate-forecasts.ts'
import { maxMagnitude } from '../../forecasts/validation-rules.ts'
import { rejectRepeatedRows, timesHashSql } from './repeated-rows.ts'

/**
 * Creates table `series_models` (one row per server, metric, model) and rejects repeated rows.
 * A backtest row has a prediction and a measurement of the same time. Each summand of sMAPE, in percent, is
 * 200 |a - p| / (|a| + |p|), or 0 if both are 0.
 */
export const profileSeries = async (
  database: Database,
  dataset: ForecastDataset,
  grid: TimeGrid,
  { fixedPoint, isWithinPercent }: ForecastValidation,
  intervalLevel: number,
): Promise<void> => {
  const query = seriesProfileQuery(dataset.columns, { fixedPoint, isWithinPercent, intervalLevel }, timesHashSql)
  await database.run(`CREATE OR REPLACE TABLE series_models AS ${query}`)
  await assertTimesOfStatistics(database, dataset)
  await rejectTooManyNames(database, dataset)
  await rejectImmenseBounds(database, dataset)
  await rejectRepeatedRows(database, dataset, grid)
}

type ProfileSettings = Pick<ForecastValidation, 'fixedPoint' | 'isWithinPercent'> & { readonly intervalLevel: number }

/** SQL for the rows of `series_models`. `timesHash`: SQL of an aggregate over the times of a series, where repeated rows are searched for later. */
export const seriesProfileQuery = (
  columns: MappedColumns,
  { fixedPoint, isWithinPercent, intervalLevel }: ProfileSettings,
  timesHash?: string,
): string => {
  const leads = leadColumns(columns)
  const pinball = pinballColumns(columns, intervalLevel, fixedPoint)
  return `
    WITH known AS (
      -- NULL in the horizon, so that errors, sums and counts skip it.
      SELECT *, CASE WHEN ${isMeasuredSql} THEN actual END AS measured_value
      FROM forecast_rows
    ), measured AS (
      SELECT *, predicted - measured_value AS error,
             CASE WHEN measured_value IS NOT NULL THEN ts END AS measured_at, ${doubtfulBoundsSql(columns)} AS has_doubtful_bounds${pinball.perRow}
      FROM known
    ), summed AS (
      SELECT *, ${toStepsSql('error', fixedPoint)} AS error_steps,
             CASE WHEN error IS NOT NULL THEN hash(ts) END AS time_hash,
             CASE WHEN error IS NOT NULL THEN ${isCoveredSql} END AS is_covered${leads.perRow}
      FROM measured
    )
    SELECT server_id, metric, model,
           count(*) AS row_count${timesHash === undefined ? '' : `, ${timesHash} AS times_hash`},
           min(ts) AS first_at, max(ts) AS last_at,
           max(measured_at) AS last_measured_at, count(measured_at) AS measured,
           count(is_future) AS stated,
           CAST(count_if(is_future AND predicted IS NOT NULL) AS BIGINT) AS stated_horizon,
           count(error) AS backtest_points,
           count(is_covered) AS bounded_points, CAST(count_if(is_covered) AS BIGINT) AS covered_points,
           count(predicted) AS predictions, CAST(count_if(has_doubtful_bounds) AS BIGINT) AS doubtful_bounds,
           coalesce(bit_xor(time_hash), 0) AS backtest_times,
           coalesce(${fromStepsSql('sum(abs(error_steps))')}, 0) AS absolute_error,
           coalesce(${fromStepsSql('sum(error_steps)')}, 0) AS signed_error,
           -- Without a value where both are 0: such rows add nothing.
           coalesce(${fixedSumSql('200 * (abs(error) / nullif(abs(actual) + abs(predicted), 0))', fixedPoint)}, 0) AS symmetric_error,
           min(predicted) AS least_predicted, max(predicted) AS greatest_predicted,
           ${isWithinPercent ? '' : 'coalesce(min(actual) < 0 OR max(actual) > 100, false) OR '}min(predicted) < 0 OR max(predicted) > 100 AS is_outside_percent,
           ${pinball.perSeries},
           ${leads.perSeries}
    FROM summed GROUP BY server_id, metric, model ORDER BY server_id, metric, model`
}

/**
 * Pinball loss of the 95 % quantile over the backtest rows with an upper bound: that bound, moved in proportion to the Normal quantiles.
 * Only for forecasts with upper bounds.
 */
const pinballColumns = (columns: MappedColumns, intervalLevel: number, fixedPoint: FixedPoint): { perRow: string; perSeries: string } => {
  if (columns.yhat_upper === undefined) {
    return { perRow: '', perSeries: 'CAST(NULL AS DOUBLE) AS pinball_95, CAST(NULL AS BIGINT) AS pinball_points' }
  }
  const stretch = normalQuantile(0.95) / normalQuantile((1 + intervalLevel) / 2)
  // 0.95 of what is positive and -0.05 of what is negative, without a distinction that costs time on every row.
  const loss = '0.45::DOUBLE * excess_95 + 0.5::DOUBLE * abs(excess_95)'
  return {
    perRow: `,
             measured_value - predicted - ${stretch} * (yhat_upper - predicted) AS excess_95`,
    perSeries: `${fixedSumSql(loss, fixedPointForSumOf(fixedPoint, 2 + 2 * stretch))} AS pinball_95, count(excess_95) AS pinball_points`,
  }
}

/** Forecast lead of the backtest; only for forecasts with cut-offs or offsets, since every aggregate costs time on every row. */
const leadColumns = (columns: MappedColumns): { perRow: string; perSeries: string } =>
  columns.cutoff === undefined && columns.horizon_offset === undefined
    ? { perRow: '', perSeries: 'CAST(NULL AS BIGINT) AS backtest_lead_seconds, CAST(NULL AS DOUBLE) AS backtest_lead_periods' }
    : {
        perRow: `,
             CASE WHEN error IS NOT NULL THEN date_diff('second', cutoff, ts) END AS lead_seconds,
             CASE WHEN error IS NOT NULL THEN horizon_offset END AS lead_periods`,
        perSeries: 'max(lead_seconds) AS backtest_lead_seconds, max(lead_periods) AS backtest_lead_periods',
      }

/** DuckDB knows the first and the last time from the files' statistics. Those of the rows lie between them. */
const assertTimesOfStatistics = async (database: Database, { name }: ForecastDataset): Promise<void> => {
  const { isOutside } = await database.row(
    `SELECT coalesce(found.first_at < stated.first_at OR found.last_at > stated.last_at, false) AS "isOutside"
     FROM (SELECT min(first_at) AS first_at, max(last_at) AS last_at FROM series_models) found,
          (SELECT min(ts) AS first_at, max(ts) AS last_at FROM forecast_rows) stated`,
    z.object({ isOutside: z.boolean() }),
  )
  if (isOutside) throw contradictsStatistics(name)
}

/** A fleet has a handful of models and metrics. A column with more names than this holds something else, such as run ids. */
const maxNames = 1000

const rejectTooManyNames = async (database: Database, { columns, name }: ForecastDataset): Promise<void> => {
  const nameCounts = await database.row(
    'SELECT CAST(count(DISTINCT model) AS DOUBLE) AS model, CAST(count(DISTINCT metric) AS DOUBLE) AS metric FROM series_models',
    z.object({ model: z.number(), metric: z.number() }),
  )
  for (const role of ['model', 'metric'] as const) {
    if (nameCounts[role] <= maxNames) continue
    const [names, maxText] = [nameCounts[role], maxNames].map((count) => count.toLocaleString('en-US'))
    throw new HeadroomError(
      'input-too-varied',
      `Column ${columns[role]?.column ?? role} of ${name} names ${names} ${role}s, more than ${maxText}.`,
      { next: `Check that the column holds the ${role}; put run ids and versions in another column.` },
    )
  }
}

/**
 * SQL for whether a row's bounds are inverted, or beyond every measurement: nobody else reads those of models that are not selected. After
 * `rejectImmenseBounds` the rows that are left are inverted.
 */
const doubtfulBoundsSql = ({ yhat_lower, yhat_upper }: MappedColumns): string => {
  const [least, greatest] = [-maxMagnitude, maxMagnitude].map((value) => `${value.toExponential()}::DOUBLE`)
  // Comparisons of each row take time: bounds that are not inverted lie between these two.
  if (yhat_lower !== undefined && yhat_upper !== undefined)
    return `(yhat_lower > yhat_upper OR yhat_lower < ${least} OR yhat_upper > ${greatest})`
  const bound = yhat_lower === undefined ? 'yhat_upper' : 'yhat_lower'
  return yhat_lower === undefined && yhat_upper === undefined ? 'false' : `(${bound} < ${least} OR ${bound} > ${greatest})`
}

/** Statistics of a file that know of none are believed before. */
const rejectImmenseBounds = async (database: Database, dataset: ForecastDataset): Promise<void> => {
  const { areDoubtful } = await database.row(
    'SELECT coalesce(sum(doubtful_bounds), 0) > 0 AS "areDoubtful" FROM series_models',
    z.object({ areDoubtful: z.boolean() }),
  )
  if (areDoubtful) await rejectInfiniteValues(database, dataset)
}

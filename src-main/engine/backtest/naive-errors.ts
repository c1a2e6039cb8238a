// Error of the seasonal naive forecast, the denominator of MASE (Hyndman and Koehler 2006).
import type { Database } from '../../database/database.ts'
import type { TimeGrid } from '../../forecasts/detect-granularity.ts'
import { isMeasuredSql } from '../../forecasts/forecast-columns.ts'
import { fixedSumSql, type FixedPoint } from '../../statistics/fixed-point.ts'

/**
 * Mean |actual(t) - actual(t - lag)| over pairs that are exactly one lag apart, in the metric's unit; NULL if there is no pair or the mean is 0.
 * `times` ascending, in the unit of `lag`.
 */
export const naiveError = (times: Float64Array, actual: Float64Array, lag: number): number | null => {
  let sum = 0
  let pairs = 0
  let laggedRow = 0
  for (let row = 0; row < times.length; row++) {
    const laggedTime = times[row]! - lag
    while (times[laggedRow]! < laggedTime) laggedRow++
    if (times[laggedRow] !== laggedTime) continue
    sum += Math.abs(actual[row]! - actual[laggedRow]!)
    pairs += 1
  }
  return sum > 0 ? sum / pairs : null
}

/** Creates `naive_errors` (series_id, naive_error) from one number per series. */
export const storeNaiveErrors = async (
  database: Database,
  errors: Iterable<readonly [series: number, error: number | null]>,
): Promise<void> => database.storeRows('naive_errors', { series_id: 'INTEGER', naive_error: 'DOUBLE' }, errors)

/**
 * Creates `naive_errors` before any model is selected, from the model that covers most of a series' measured times. This is another
 * full scan. Reads `series_models`, `series`, `forecast_rows`.
 */
export const queryNaiveErrors = async (database: Database, grid: TimeGrid, fixedPoint: FixedPoint): Promise<void> => {
  await database.run(`CREATE OR REPLACE TABLE naive_errors AS ${naiveErrorsQuery(grid, fixedPoint)}`)
}

/** SQL for the rows of `naive_errors`. */
export const naiveErrorsQuery = (grid: TimeGrid, fixedPoint: FixedPoint): string => `
    WITH reference_models AS (
      SELECT s.series_id, m.server_id, m.metric, arg_max(m.model, (m.measured, -m.rank)) AS model
      FROM (SELECT *, row_number() OVER (PARTITION BY server_id, metric ORDER BY model) AS rank FROM series_models) m
      JOIN series s USING (server_id, metric)
      WHERE m.measured > 0 GROUP BY ALL
    ), measured AS (
      SELECT w.series_id, f.ts, f.actual FROM forecast_rows f JOIN reference_models w USING (server_id, metric, model)
      WHERE ${isMeasuredSql}
    )
    SELECT series_id, nullif(${fixedSumSql('abs(a.actual - b.actual)', fixedPoint)} / count(*), 0) AS naive_error
    FROM measured a JOIN (SELECT series_id, ts + to_seconds(${grid.lagSeconds}) AS ts, actual FROM measured) b USING (series_id, ts)
    GROUP BY series_id`

// One pass over the set that leaves what each model of each series holds: rows, times, backtest errors, and a screen for repeated rows.
import { z } from 'zod'
import { literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { fixedSum, type FixedPoint } from './fixed-point.ts'
import type { ForecastSource } from './forecast-source.ts'
import type { TimeGrid } from './detect-granularity.ts'

/** Time slots per bitmap; a longer series takes several. */
const slotsPerBitmap = 4096

/** A row that says what the model predicted about a time since measured. */
export const isBacktest = 'NOT coalesce(is_future, false) AND actual IS NOT NULL AND predicted IS NOT NULL'

/** Creates table `series_models` (one row per server, metric, model) and refuses repeated rows. */
export const surveySeries = async (
  database: Database,
  source: ForecastSource,
  grid: TimeGrid,
  fixedPoint: FixedPoint,
): Promise<void> => {
  const span = await database.row(
    `SELECT CAST(epoch_us(min(ts)) AS VARCHAR) AS first_us,
            CAST((epoch_us(max(ts)) - epoch_us(min(ts))) // ${grid.stepSeconds * 1_000_000} + 1 AS DOUBLE) AS slots
     FROM forecast_rows`,
    z.object({ first_us: z.string(), slots: z.number() }),
  )
  const width = Math.min(slotsPerBitmap, span.slots)
  await database.run(`
    CREATE OR REPLACE TABLE series_models AS
    WITH placed AS (
      SELECT *, ${isBacktest} AS is_backtest,
             (epoch_us(ts) - ${span.first_us}) // ${grid.stepSeconds * 1_000_000} AS slot
      FROM forecast_rows
    ), bitmaps AS (
      SELECT server_id, metric, model, slot // ${width} AS bitmap,
             count(*) AS row_count,
             bit_count(bitstring_agg(CAST(slot % ${width} AS INTEGER), 0, ${width - 1})) AS filled_slots,
             min(ts) AS first_at, max(ts) AS last_at,
             max(ts) FILTER (WHERE actual IS NOT NULL) AS last_measured_at,
             count(actual) AS measured,
             count(is_future) AS stated,
             count(*) FILTER (WHERE is_future AND predicted IS NOT NULL) AS stated_horizon,
             count(*) FILTER (WHERE is_backtest) AS backtest_points,
             min(ts) FILTER (WHERE is_backtest) AS backtest_first_at,
             max(ts) FILTER (WHERE is_backtest) AS backtest_last_at,
             bit_xor(hash(ts)) FILTER (WHERE is_backtest) AS backtest_xor,
             sum(hash(ts)) FILTER (WHERE is_backtest) AS backtest_sum,
             coalesce(${fixedSum('abs(actual - predicted)', fixedPoint.linear, 'is_backtest')}, 0) AS absolute_error,
             coalesce(${fixedSum('predicted - actual', fixedPoint.linear, 'is_backtest')}, 0) AS signed_error,
             coalesce(${fixedSum(symmetricError, fixedPoint.linear, 'is_backtest')}, 0) AS symmetric_error,
             count(*) FILTER (WHERE is_backtest AND yhat_lower IS NOT NULL AND yhat_upper IS NOT NULL) AS bounded_points,
             count(*) FILTER (WHERE is_backtest AND actual BETWEEN yhat_lower AND yhat_upper) AS covered_points,
             min(predicted) AS least_predicted, max(predicted) AS greatest_predicted,
             count(*) FILTER (WHERE predicted NOT BETWEEN 0 AND 100 OR actual NOT BETWEEN 0 AND 100) AS outside_percent,
             count(*) - count(predicted) AS missing_predictions,
             max(date_diff('second', cutoff, ts)) FILTER (WHERE is_backtest) AS backtest_lead_seconds,
             max(horizon_offset) FILTER (WHERE is_backtest) AS backtest_offset
      FROM placed GROUP BY ALL
    )
    SELECT server_id, metric, model,
           CAST(sum(row_count) AS BIGINT) AS row_count,
           bool_or(filled_slots < row_count) AS may_repeat,
           min(first_at) AS first_at, max(last_at) AS last_at, max(last_measured_at) AS last_measured_at,
           CAST(sum(measured) AS BIGINT) AS measured,
           CAST(sum(stated) AS BIGINT) AS stated,
           CAST(sum(stated_horizon) AS BIGINT) AS stated_horizon,
           CAST(sum(backtest_points) AS BIGINT) AS backtest_points,
           min(backtest_first_at) AS backtest_first_at, max(backtest_last_at) AS backtest_last_at,
           coalesce(bit_xor(backtest_xor), 0) AS backtest_xor, coalesce(sum(backtest_sum), 0) AS backtest_sum,
           ${fixedSum('absolute_error', fixedPoint.linear)} AS absolute_error,
           ${fixedSum('signed_error', fixedPoint.linear)} AS signed_error,
           ${fixedSum('symmetric_error', fixedPoint.linear)} AS symmetric_error,
           CAST(sum(bounded_points) AS BIGINT) AS bounded_points, CAST(sum(covered_points) AS BIGINT) AS covered_points,
           min(least_predicted) AS least_predicted, max(greatest_predicted) AS greatest_predicted,
           CAST(sum(outside_percent) AS BIGINT) AS outside_percent,
           CAST(sum(missing_predictions) AS BIGINT) AS missing_predictions,
           max(backtest_lead_seconds) AS backtest_lead_seconds, max(backtest_offset) AS backtest_offset
    FROM bitmaps GROUP BY ALL ORDER BY server_id, metric, model`)
  await refuseRepeatedRows(database, source)
}

/** sMAPE's summand in percent: 200 |a - p| / (|a| + |p|), 0 where both are 0. */
const symmetricError =
  'CASE WHEN abs(actual) + abs(predicted) = 0 THEN 0 ELSE 200 * abs(actual - predicted) / (abs(actual) + abs(predicted)) END'

/** Exact check of the suspects alone: two rows in one slot need not bear the same time. */
const refuseRepeatedRows = async (database: Database, source: ForecastSource): Promise<void> => {
  const { suspects } = await database.row(
    'SELECT CAST(count(*) AS DOUBLE) AS suspects FROM series_models WHERE may_repeat',
    z.object({ suspects: z.number() }),
  )
  if (suspects === 0) return
  const repeated = await database.rows(
    `WITH repeated AS (
       SELECT server_id, metric, model, ts FROM forecast_rows
       SEMI JOIN (SELECT server_id, metric, model FROM series_models WHERE may_repeat) USING (server_id, metric, model)
       GROUP BY ALL HAVING count(*) > 1
     )
     SELECT server_id, metric, model, strftime(ts, ${literal('%Y-%m-%dT%H:%M:%SZ')}) AS at,
            CAST(count(*) OVER () AS DOUBLE) AS total
     FROM repeated ORDER BY server_id, metric, model, ts LIMIT 3`,
    z.object({ server_id: z.string(), metric: z.string(), model: z.string(), at: z.string(), total: z.number() }),
  )
  const [first] = repeated
  if (first === undefined) return
  const examples = repeated.map((row) => `${row.server_id}, ${row.metric}, ${row.model} at ${row.at}`).join('; ')
  const { server_id, timestamp } = source.columns
  throw new HeadroomError(
    'input-duplicate-rows',
    `${source.name} has more than one row for ${first.total} (${server_id.column}, metric, model, ${timestamp.column}) ${
      first.total === 1 ? 'key' : 'keys'
    }, for instance ${examples}.`,
    { next: 'Keep one forecast per key: one cut-off, one run of each model.' },
  )
}

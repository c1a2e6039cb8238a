// Profiles each model of each series in one pass over the rows: row counts, times, backtest errors, and a test for repeated rows.
import { z } from 'zod'
import { literal, type Database } from '../../database/database.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { normalQuantile } from '../../statistics/normal.ts'
import { fromStepsSql, toStepsSql, type FixedPoint } from '../../statistics/fixed-point.ts'
import { isCoveredSql, isMeasuredSql, type MappedColumns } from '../../forecasts/forecast-columns.ts'
import type { ForecastDataset } from '../../forecasts/forecast-dataset.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import { rejectInfiniteValues, type ForecastValidation } from '../../forecasts/validate-forecasts.ts'
import { maxMagnitude, validationError, validationMessages } from '../../forecasts/validation-rules.ts'

/** Time slots per bitmap; a longer series takes several. */
const slotsPerBitmap = 4096

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
  const slotsSince = slotsBetween(grid.stepSeconds)
  const span = await database.row(
    `SELECT CAST(epoch_us(min(ts)) AS VARCHAR) AS first_us, CAST(${slotsSince('min(ts)', 'max(ts)')} + 1 AS DOUBLE) AS slots FROM forecast_rows`,
    z.object({ first_us: z.string(), slots: z.number() }),
  )
  const width = Math.min(slotsPerBitmap, span.slots)
  const slot = slotsSince(`make_timestamp(${span.first_us})`, 'ts')
  const isLong = span.slots > width
  await database.run(
    `CREATE OR REPLACE TABLE series_models AS ${seriesProfileQuery(
      dataset.columns,
      { fixedPoint, isWithinPercent, intervalLevel },
      {
        slot,
        bitmap: isLong ? `slot // ${width}` : '0',
        filled: `bit_count(bitstring_agg(CAST(${isLong ? `slot % ${width}` : 'slot'} AS INTEGER), 0, ${width - 1}))`,
      },
    )}`,
  )
  await rejectTooManyNames(database, dataset)
  await rejectImmenseBounds(database, dataset)
  await rejectDuplicateRows(database, dataset)
}

/** SQL for the steps from one time to another. DuckDB computes `date_diff` once per value of a dictionary, unlike a division of each row's time. */
const slotsBetween = (stepSeconds: number): ((from: string, to: string) => string) => {
  const [unit, seconds] = (
    [
      ['day', 86_400],
      ['hour', 3600],
    ] as const
  ).find((entry) => stepSeconds % entry[1] === 0) ?? ['second', 1]
  const steps = stepSeconds / seconds
  return (from, to) => {
    const difference = `date_diff('${unit}', ${from}, ${to})`
    return steps === 1 ? difference : `${difference} // ${steps}`
  }
}

/** Detects repeated rows: SQL for the time slot of a row, the bitmap of the slot, and the number of filled slots in a bitmap. */
interface DuplicateRowCheck {
  readonly slot: string
  readonly bitmap: string
  readonly filled: string
}

type ProfileSettings = Pick<ForecastValidation, 'fixedPoint' | 'isWithinPercent'> & { readonly intervalLevel: number }

/** SQL for the rows of `series_models`. */
export const seriesProfileQuery = (
  columns: MappedColumns,
  { fixedPoint, isWithinPercent, intervalLevel }: ProfileSettings,
  duplicateCheck: DuplicateRowCheck,
): string => {
  const leads = leadColumns(columns)
  const hasBounds = columns.yhat_lower !== undefined && columns.yhat_upper !== undefined
  const pinball = pinballColumns(columns, intervalLevel, fixedPoint)
  const bounds = boundColumns(columns)
  return `
    WITH known AS (
      -- NULL in the horizon, so that errors, sums and counts skip it.
      SELECT *, CASE WHEN ${isMeasuredSql} THEN actual END AS measured_value, ${duplicateCheck.slot} AS slot
      FROM forecast_rows
    ), measured AS (
      SELECT *, predicted - measured_value AS error,
             CASE WHEN measured_value IS NOT NULL THEN ts END AS measured_at${hasBounds ? ', yhat_lower > yhat_upper AS is_inverted' : ''}${bounds.perRow}${pinball.perRow}
      FROM known
    ), summed AS (
      SELECT *, ${toStepsSql('error', fixedPoint)} AS error_steps,
             CASE WHEN error IS NOT NULL THEN hash(ts) END AS time_hash,
             CASE WHEN error IS NOT NULL THEN ${isCoveredSql} END AS is_covered${leads.perRow}
      FROM measured
    ), bitmaps AS (
      SELECT server_id, metric, model, ${duplicateCheck.bitmap} AS bitmap,
             count(*) AS row_count,
             ${duplicateCheck.filled} AS filled_slots,
             min(ts) AS first_at, max(ts) AS last_at,
             max(measured_at) AS last_measured_at, count(measured_at) AS measured,
             count(is_future) AS stated,
             count_if(is_future AND predicted IS NOT NULL) AS stated_horizon,
             count(error) AS backtest_points, bit_xor(time_hash) AS backtest_times,
             sum(abs(error_steps)) AS absolute_error,
             sum(error_steps) AS signed_error,
             sum(${toStepsSql('coalesce(200 * (abs(error) / nullif(abs(actual) + abs(predicted), 0)), 0 * error)', fixedPoint)}) AS symmetric_error,
             count(is_covered) AS bounded_points, count_if(is_covered) AS covered_points,
             min(predicted) AS least_predicted, max(predicted) AS greatest_predicted, count(predicted) AS predictions,
             ${isWithinPercent ? 'false' : 'min(actual) < 0 OR max(actual) > 100'} AS has_outside_actual,
             ${hasBounds ? 'count_if(is_inverted)' : '0'} AS inverted_rows${bounds.perSeries}${pinball.perSeries}${leads.perSeries}
      FROM summed GROUP BY ALL
    )
    SELECT server_id, metric, model,
           CAST(sum(row_count) AS BIGINT) AS row_count,
           bool_or(filled_slots < row_count) AS may_repeat,
           min(first_at) AS first_at, max(last_at) AS last_at, max(last_measured_at) AS last_measured_at,
           ${['measured', 'stated', 'stated_horizon', 'backtest_points', 'bounded_points', 'covered_points', 'predictions', 'inverted_rows']
             .map((count) => `CAST(sum(${count}) AS BIGINT) AS ${count}`)
             .join(', ')},
           coalesce(bit_xor(backtest_times), 0) AS backtest_times,
           ${['absolute_error', 'signed_error', 'symmetric_error']
             .map((sum) => `coalesce(${fromStepsSql(`sum(${sum})`)}, 0) AS ${sum}`)
             .join(', ')},
           min(least_predicted) AS least_predicted, max(greatest_predicted) AS greatest_predicted,
           coalesce(bool_or(has_outside_actual), false) OR min(least_predicted) < 0 OR max(greatest_predicted) > 100 AS is_outside_percent,
           ${bounds.overall} AS largest_bound,
           ${pinball.overall},
           ${leads.overall}
    FROM bitmaps GROUP BY ALL ORDER BY server_id, metric, model`
}

/**
 * Pinball loss of the 95 % quantile over the backtest rows with an upper bound: that bound, moved in proportion to the Normal quantiles.
 * Only for forecasts with upper bounds.
 */
const pinballColumns = (
  columns: MappedColumns,
  intervalLevel: number,
  fixedPoint: FixedPoint,
): { perRow: string; perSeries: string; overall: string } => {
  if (columns.yhat_upper === undefined) {
    return { perRow: '', perSeries: '', overall: 'CAST(NULL AS DOUBLE) AS pinball_95, CAST(NULL AS BIGINT) AS pinball_points' }
  }
  const stretch = normalQuantile(0.95) / normalQuantile((1 + intervalLevel) / 2)
  return {
    perRow: `,
             measured_value - predicted - ${stretch} * (yhat_upper - predicted) AS excess_95`,
    perSeries: `,
             sum(${toStepsSql('excess_95 * CASE WHEN excess_95 > 0 THEN 0.95 ELSE -0.05 END', fixedPoint)}) AS pinball_95, count(excess_95) AS pinball_points`,
    overall: `${fromStepsSql('sum(pinball_95)')} AS pinball_95, CAST(sum(pinball_points) AS BIGINT) AS pinball_points`,
  }
}

/** Forecast lead of the backtest; only for forecasts with cut-offs or offsets, since every aggregate costs time on every row. */
const leadColumns = (columns: MappedColumns): { perRow: string; perSeries: string; overall: string } =>
  columns.cutoff === undefined && columns.horizon_offset === undefined
    ? { perRow: '', perSeries: '', overall: 'CAST(NULL AS BIGINT) AS backtest_lead_seconds, CAST(NULL AS DOUBLE) AS backtest_lead_periods' }
    : {
        perRow: `,
             CASE WHEN error IS NOT NULL THEN date_diff('second', cutoff, ts) END AS lead_seconds,
             CASE WHEN error IS NOT NULL THEN horizon_offset END AS lead_periods`,
        perSeries: `,
             max(lead_seconds) AS backtest_lead_seconds, max(lead_periods) AS backtest_lead_periods`,
        overall: 'max(backtest_lead_seconds) AS backtest_lead_seconds, max(backtest_lead_periods) AS backtest_lead_periods',
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

/** The largest magnitude of a bound: nobody else reads those of models that are not selected. */
const boundColumns = (columns: MappedColumns): { readonly perRow: string; readonly perSeries: string; readonly overall: string } => {
  const magnitudes = (['yhat_lower', 'yhat_upper'] as const).filter((role) => columns[role] !== undefined).map((role) => `abs(${role})`)
  if (magnitudes.length === 0) return { perRow: '', perSeries: '', overall: 'CAST(NULL AS DOUBLE)' }
  return {
    perRow: `,
             ${magnitudes.length === 1 ? magnitudes[0] : `greatest(${magnitudes.join(', ')})`} AS bound_magnitude`,
    perSeries: `,
             max(bound_magnitude) AS largest_bound`,
    overall: 'max(largest_bound)',
  }
}

/** Statistics of a file that know of none are believed before. */
const rejectImmenseBounds = async (database: Database, dataset: ForecastDataset): Promise<void> => {
  const { immense } = await database.row(
    `SELECT count(*) > 0 AS immense FROM series_models WHERE largest_bound > ${maxMagnitude}`,
    z.object({ immense: z.boolean() }),
  )
  if (immense) await rejectInfiniteValues(database, dataset)
}

/** Checks the suspected series exactly: two rows in one slot may have different times. */
const rejectDuplicateRows = async (database: Database, dataset: ForecastDataset): Promise<void> => {
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
  throw validationError(
    'input-duplicate-rows',
    validationMessages.repeatedRows(dataset.name, dataset.columns, `${first.total} ${first.total === 1 ? 'key' : 'keys'}`, examples),
  )
}

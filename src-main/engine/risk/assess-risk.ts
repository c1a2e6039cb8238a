// Series-level risk on the selected model's horizon: percentiles, breaches, quarter-end peak, headroom (analysis definition, sections 4 to 6).
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Database } from '../../database/database.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { SeriesRange } from '../backtest/scan-backtests.ts'
import { joinGridsSql } from '../selection/series-grids.ts'
import { ownSlotSql, type TimeGrid } from '../../forecasts/time-grid.ts'
import type { Method } from '../methods/method.ts'
import { maxMagnitude } from '../../forecasts/validation-rules.ts'
import { fixedMeanSql, fixedSumOfSharesSql, type FixedPoint } from '../../statistics/fixed-point.ts'

const secondsPerDay = 86_400

/** Creates `horizon` (series_id, ts, predicted): the selected model's future without NULL predictions. `range`: the series that `forecast` holds; all by default. */
export const extractHorizon = async (database: Database, range?: SeriesRange): Promise<void> => {
  await database.run(`CREATE OR REPLACE TABLE horizon AS ${await selectHorizon(database)}`)
  if (await lacksPredictions(database, range)) await rejectSkippedRows(database)
  await rejectImmenseForecasts(database)
}

/** Statistics of a file that know of none are believed before. */
const rejectImmenseForecasts = async (database: Database): Promise<void> => {
  const { immense } = await database.row(
    `SELECT CAST(count(*) FILTER (WHERE abs(predicted) > ${maxMagnitude}) AS DOUBLE) AS immense FROM horizon`,
    z.object({ immense: z.number() }),
  )
  if (immense === 0) return
  throw new HeadroomError(
    'input-changed',
    'Two passes over the input read other forecasts: its statistics contradict its rows, or its pages are damaged.',
    {
      next: 'Write, copy or download the files again.',
    },
  )
}

/** Whether a series has predictions without a measurement, as the profile counted them, that are not in `horizon`. */
const lacksPredictions = async (database: Database, range: SeriesRange | undefined): Promise<boolean> => {
  const isRead = range === undefined ? 'true' : `series_id >= ${range.from} AND series_id < ${range.to}`
  const { lacking } = await database.row(
    `SELECT count(*) > 0 AS lacking
     FROM series JOIN selected_models USING (series_id) JOIN series_models m USING (server_id, metric, model)
     LEFT JOIN (SELECT series_id, count(*) AS periods FROM horizon GROUP BY series_id) h USING (series_id)
     WHERE coalesce(h.periods, 0) < m.predictions - m.backtest_points AND ${isRead}`,
    z.object({ lacking: z.boolean() }),
  )
  return lacking
}

/** They lie in gaps of the past, or DuckDB skipped them by statistics that contradict the rows: read without skipping, the horizon is the same. */
const rejectSkippedRows = async (database: Database): Promise<void> => {
  const { skipped, read } = await database.row(
    `SELECT CAST((SELECT count(*) FROM horizon) AS INTEGER) AS skipped,
            CAST((SELECT count(*) FROM (${horizonQuery('true')})) AS INTEGER) AS read`,
    z.object({ skipped: z.int(), read: z.int() }),
  )
  if (skipped === read) return
  throw new HeadroomError(
    'input-changed',
    `Two passes over the input read ${read} and ${skipped} forecasts: its statistics contradict its rows.`,
    {
      next: 'Write, copy or download the files again.',
    },
  )
}

/** SQL for the rows of `horizon`, with the columns of `forecast` named in `values`. If a dataset has no `is_future`, files and row groups with only older times are skipped. */
export const selectHorizon = async (database: Database, values: readonly string[] = ['predicted']): Promise<string> => {
  const { last_past_us } = await database.row(
    `SELECT CAST(CASE WHEN count(*) = count(last_measured_at) AND (SELECT sum(stated) FROM series_models) = 0
                      THEN epoch_us(min(last_measured_at)) END AS VARCHAR) AS last_past_us FROM series`,
    z.object({ last_past_us: z.string().nullable() }),
  )
  return horizonQuery(last_past_us === null ? 'true' : `f.ts > make_timestamp(${last_past_us})`, 'forecast', values)
}

/** `condition` holds for every row of the horizon; `forecast` names a relation that holds the selected models' rows at least. */
export const horizonQuery = (condition: string, forecast = 'forecast', values: readonly string[] = ['predicted']): string => `
    SELECT s.series_id, f.ts, ${values.map((value) => `f.${value}`).join(', ')}
    FROM ${forecast} f
    JOIN (SELECT series_id, server_id, metric, model FROM series JOIN selected_models USING (series_id)) s USING (server_id, metric, model)
    WHERE f.is_horizon AND f.predicted IS NOT NULL AND ${condition}
    ORDER BY s.series_id, f.ts`

/** Creates `series_risk`: one row per series, also for those without a horizon. A silent server is never at risk and has no level. */
export const assessRisk = async (
  database: Database,
  config: AnalysisConfig,
  method: Method,
  calendar: Calendar,
  grids: readonly TimeGrid[],
  fixedPoint: FixedPoint,
): Promise<void> => {
  await database.run(`CREATE OR REPLACE TABLE horizon_means AS ${horizonMeansQuery(fixedPoint)}`)
  await database.run(`CREATE OR REPLACE TABLE horizon_figures AS ${horizonFiguresQuery(calendar)}`)
  await database.run(`CREATE OR REPLACE TABLE breach_runs AS ${longestRunsQuery(grids)}`)
  await database.run(`CREATE OR REPLACE TABLE series_risk AS ${seriesRiskQuery(config, method)}`)
}

/** Deviations of values from the series' mean, divided by the maximum deviation: -1..1 in any unit. NULL if all are equal. */
const deviationSql = '((h.predicted - m.horizon_mean) / m.max_deviation)'

/** Longest unbroken run of breaching periods: consecutive periods share the difference of period number and rank. */
export const longestRunsQuery = (grids: readonly TimeGrid[]): string => `
  WITH over_threshold AS (
    SELECT h.series_id, ${ownSlotSql(grids, 'grid', 'h.ts')}
           - row_number() OVER (PARTITION BY h.series_id ORDER BY h.ts) AS run
    FROM horizon h JOIN series s USING (series_id) ${joinGridsSql(grids)} WHERE h.predicted > s.high_threshold
  ), runs AS (SELECT series_id, run, count(*) AS periods FROM over_threshold GROUP BY ALL)
  SELECT series_id, CAST(max(periods) AS INTEGER) AS longest_breach_run FROM runs GROUP BY series_id`

/** SQL for the rows of `horizon_means`. */
export const horizonMeansQuery = (fixedPoint: FixedPoint): string => `
    WITH means AS (
      SELECT series_id, ${fixedMeanSql('predicted', fixedPoint)} AS horizon_mean, min(predicted) AS lowest, max(predicted) AS highest
      FROM horizon GROUP BY series_id
    )
    SELECT series_id, horizon_mean,
           CASE WHEN highest > lowest THEN greatest(highest - horizon_mean, horizon_mean - lowest) END AS max_deviation
    FROM means`

/** SQL for the rows of `horizon_figures`. */
export const horizonFiguresQuery = (calendar: Calendar): string => `
    SELECT h.series_id, CAST(count(*) AS INTEGER) AS horizon_periods,
           min(h.ts) AS horizon_start, max(h.ts) AS horizon_end,
           quantile_cont(h.predicted, 0.95) AS horizon_p95, max(h.predicted) AS horizon_peak,
           any_value(m.horizon_mean) AS horizon_mean,
           coalesce(any_value(m.max_deviation) * sqrt(${fixedSumOfSharesSql(`${deviationSql} * ${deviationSql}`)}), 0)
             / sqrt(nullif(count(*) - 1, 0)) AS horizon_std,
           max(h.predicted) FILTER (WHERE ${calendar.isEoq('h.ts')} OR ${calendar.isHoliday('h.ts')}) AS seasonal_peak_risk,
           min(h.ts) FILTER (WHERE h.predicted > s.high_threshold AND NOT s.is_silent) AS first_breach_at,
           CAST(count(*) FILTER (WHERE h.predicted > s.high_threshold) AS INTEGER) AS periods_over
    FROM horizon h JOIN horizon_means m USING (series_id) JOIN series s USING (series_id)
    GROUP BY h.series_id`

/** SQL for the rows of `series_risk`. */
export const seriesRiskQuery = (config: AnalysisConfig, method: Method): string => {
  const { seasonalPeak, isUnderutilized, joins } = method.riskSql(config)
  return `
    SELECT s.series_id, s.server_id, s.metric, m.model, s.business_unit, s.region, s.criticality,
           s.monthly_cost_usd, s.capacity_units, s.lead_time_days, s.last_measured_at,
           f.horizon_start, f.horizon_end, coalesce(f.horizon_periods, 0) AS horizon_periods,
           f.horizon_p95, f.horizon_peak, f.horizon_mean, f.horizon_std,
           s.high_threshold, s.very_high_threshold,
           s.is_silent,
           CASE WHEN s.is_silent OR s.high_threshold IS NULL OR f.horizon_p95 IS NULL THEN NULL
                WHEN f.horizon_p95 > s.very_high_threshold THEN 'high'
                WHEN f.horizon_p95 > s.high_threshold THEN 'medium' ELSE 'low' END AS risk_level,
           coalesce(f.horizon_p95 > s.high_threshold AND NOT s.is_silent, false) AS is_at_risk,
           s.high_threshold - f.horizon_p95 AS headroom_points,
           f.first_breach_at,
           date_diff('second', s.last_measured_at, f.first_breach_at) / ${secondsPerDay}.0::DOUBLE AS days_to_breach,
           coalesce(f.periods_over, 0) AS periods_over,
           coalesce(r.longest_breach_run, 0) AS longest_breach_run,
           ${seasonalPeak} AS seasonal_peak_risk,
           ${isUnderutilized} AS is_underutilized
    FROM series s
    LEFT JOIN selected_models m USING (series_id)
    LEFT JOIN horizon_figures f USING (series_id)
    LEFT JOIN breach_runs r USING (series_id)
    ${joins}
    ORDER BY s.series_id`
}

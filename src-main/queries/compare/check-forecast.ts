// The earlier run's forecast against what the later run measured at the same times: errors, coverage, breaches foreseen.
import { z } from 'zod'
import { checkedSeriesSchema, metricCheckSchema, type ComparisonNote, type ForecastCheck } from '../../../src-shared/ipc/run-comparison.ts'
import type { RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { dayText, zoneClock } from '../../../src-shared/run/zone-clock.ts'
import { literal, type Database } from '../../database/database.ts'
import { isCoveredSql } from '../../forecasts/forecast-columns.ts'

/** Series shown per metric, the worst first. */
const maxWorstSeries = 10

export interface ForecastCheckResult {
  readonly check: ForecastCheck | null
  readonly notes: readonly ComparisonNote[]
}

/**
 * Reads `flagged` and `server_risk` of the schemas `earlier` and `later`. Points are times at which the earlier run's
 * selected model forecast and the later run measured; steps must be the same, for a day's figure at midnight is no hour's.
 */
export const checkForecast = async (
  database: Database,
  earlier: RunManifest,
  later: RunManifest,
  serversPerSlice = maxServersPerSlice,
): Promise<ForecastCheckResult> => {
  if (earlier.step_seconds !== later.step_seconds) {
    return skipCheck('The earlier forecast is not checked: the two runs count time in different steps.')
  }
  const span = await sumErrors(database, serversPerSlice)
  const metrics = await database.rows(metricErrorsSql, metricRowSchema)
  if (metrics.length === 0) {
    const clock = zoneClock(earlier.time_zone)
    const [start, end] = [earlier.horizon.start, earlier.horizon.end].map((iso) => dayText(clock, Date.parse(iso)))
    return skipCheck(`The earlier forecast is not checked: the later run measured none of its times (${start} to ${end}).`)
  }
  const worst = await database.rows(worstSeriesSql, checkedSeriesSchema.extend({ metric: z.string() }))
  return {
    check: {
      ...span,
      interval_level: earlier.config.interval_level,
      metrics: metrics.map(({ hits, misses, false_alarms, quiet, ...metric }) => ({
        ...metric,
        breaches: hits + misses + false_alarms + quiet === 0 ? null : { hits, misses, false_alarms, quiet },
        worst: worst.filter((series) => series.metric === metric.metric).map((series) => checkedSeriesSchema.parse(series)),
      })),
    },
    notes: [],
  }
}

const skipCheck = (message: string): ForecastCheckResult => ({ check: null, notes: [{ code: 'forecast-not-checked', message }] })

/** Servers whose points are in memory at a time, some 100 MB of them for a month of days. */
const maxServersPerSlice = 100_000

/** Creates `series_errors`, slice after slice of the servers by name; the times of all points. */
const sumErrors = async (database: Database, serversPerSlice: number): Promise<{ readonly first_at: string; readonly last_at: string }> => {
  // Those of the first server of each slice but the first one.
  const { server_id: borders } = await database.columns(
    `SELECT server_id FROM (SELECT server_id, row_number() OVER (ORDER BY server_id) - 1 AS number FROM (SELECT DISTINCT server_id FROM earlier.server_risk))
     WHERE number > 0 AND number % ${serversPerSlice} = 0 ORDER BY server_id`,
    { server_id: 'text' },
  )
  const bounds: readonly (string | undefined)[] = [undefined, ...borders, undefined]
  const spans: { readonly first_at: string | null; readonly last_at: string | null }[] = []
  for (let slice = 0; slice + 1 < bounds.length; slice++) {
    await database.run(comparedPointsSql(bounds[slice], bounds[slice + 1]))
    await database.run(`${slice === 0 ? 'CREATE OR REPLACE TABLE series_errors AS' : 'INSERT INTO series_errors'} ${seriesErrorsSql}`)
    spans.push(
      await database.row(
        `SELECT strftime(min(ts), '%Y-%m-%dT%H:%M:%SZ') AS first_at, strftime(max(ts), '%Y-%m-%dT%H:%M:%SZ') AS last_at FROM meetings`,
        z.object({ first_at: z.string().nullable(), last_at: z.string().nullable() }),
      ),
    )
  }
  const times = spans
    .flatMap(({ first_at, last_at }) => [first_at, last_at])
    .filter((time) => time !== null)
    .sort()
  return { first_at: times[0] ?? '', last_at: times.at(-1) ?? '' }
}

/** Every model of the later run repeats what was measured, so one value per time is taken. `from`, `to`: servers by name, without the latter. */
const comparedPointsSql = (from: string | undefined, to: string | undefined): string => {
  const ofSlice = [
    ...(from === undefined ? [] : [`f.server_id >= ${literal(from)}`]),
    ...(to === undefined ? [] : [`f.server_id < ${literal(to)}`]),
  ].map((condition) => ` AND ${condition}`)
  return `
  CREATE OR REPLACE TABLE meetings AS
  WITH forecast AS (
    SELECT f.server_id, f.metric, f.model, f.ts, f.predicted, f.yhat_lower, f.yhat_upper, r.high_threshold, r.mae AS backtest_mae
    FROM earlier.flagged f JOIN earlier.server_risk r USING (server_id, metric)
    WHERE f.is_selected AND f.is_horizon AND f.predicted IS NOT NULL${ofSlice.join('')}
      -- Nothing later was measured.
      AND f.ts <= (SELECT max(last_measured_at) FROM later.server_risk)
  ), measured AS (
    SELECT f.server_id, f.metric, f.ts, max(f.actual) AS actual FROM later.flagged f
    WHERE NOT f.is_horizon AND f.actual IS NOT NULL${ofSlice.join('')}
      AND f.ts BETWEEN (SELECT min(ts) FROM forecast) AND (SELECT max(ts) FROM forecast)
    GROUP BY ALL
  )
  SELECT *, predicted - actual AS error FROM forecast JOIN measured USING (server_id, metric, ts)`
}

const symmetricErrorSql = 'coalesce(200 * abs(error) / nullif(abs(actual) + abs(predicted), 0), 0)'

/** Sums are rounded far below what is shown, so that the order of rows has no effect. */
const seriesErrorsSql = `
  SELECT server_id, metric, any_value(model) AS model, CAST(count(*) AS INTEGER) AS points,
         sum(abs(error)) AS absolute_error, sum(error) AS signed_error, sum(${symmetricErrorSql}) AS symmetric_error,
         CAST(count(${isCoveredSql}) AS INTEGER) AS bounded_points,
         CAST(count_if(${isCoveredSql}) AS INTEGER) AS covered_points,
         any_value(backtest_mae) AS backtest_mae,
         bool_or(predicted > high_threshold) AS predicted_breach, bool_or(actual > high_threshold) AS actual_breach
  FROM meetings GROUP BY server_id, metric`

const weightedMeanSql = (sum: string, points: string): string => `round(sum(${sum}) / sum(${points}), 9)`

const metricErrorsSql = `
  SELECT metric, CAST(count(*) AS INTEGER) AS series, CAST(sum(points) AS INTEGER) AS points,
         ${weightedMeanSql('absolute_error', 'points')} AS mae, ${weightedMeanSql('signed_error', 'points')} AS bias,
         ${weightedMeanSql('symmetric_error', 'points')} AS smape_percent,
         CAST(sum(bounded_points) AS INTEGER) AS bounded_points,
         sum(covered_points) / nullif(sum(bounded_points), 0)::DOUBLE AS coverage,
         round(sum(backtest_mae * points) / nullif(sum(points) FILTER (backtest_mae IS NOT NULL), 0), 9) AS backtest_mae,
         CAST(count_if(predicted_breach AND actual_breach) AS INTEGER) AS hits,
         CAST(count_if(NOT predicted_breach AND actual_breach) AS INTEGER) AS misses,
         CAST(count_if(predicted_breach AND NOT actual_breach) AS INTEGER) AS false_alarms,
         CAST(count_if(NOT predicted_breach AND NOT actual_breach) AS INTEGER) AS quiet
  FROM series_errors GROUP BY metric ORDER BY metric`

const metricRowSchema = metricCheckSchema.omit({ breaches: true }).extend({
  hits: z.int(),
  misses: z.int(),
  false_alarms: z.int(),
  quiet: z.int(),
})

const worstSeriesSql = `
  SELECT metric, server_id, model, points, round(absolute_error / points, 9) AS mae, round(signed_error / points, 9) AS bias,
         round(symmetric_error / points, 9) AS smape_percent, covered_points / nullif(bounded_points, 0)::DOUBLE AS coverage,
         predicted_breach, actual_breach
  FROM series_errors
  QUALIFY row_number() OVER (PARTITION BY metric ORDER BY mae DESC, server_id) <= ${maxWorstSeries}
  ORDER BY metric, mae DESC, server_id`

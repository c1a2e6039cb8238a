// Warnings about problems of the forecasts that do not stop an analysis, with counts and examples (analysis definition, section 2).
import { z } from 'zod'
import { minSaturatedShare } from '../../../src-shared/artefacts/server-risk.ts'
import { literal, type Database } from '../../database/database.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { turnedMetrics } from '../../../src-shared/config/metric-units.ts'
import { agreeNumber } from '../../../src-shared/run/agree-number.ts'
import type { RunWarning } from '../../../src-shared/run/run-event.ts'
import { dayText, type ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import { describeStep, isStandardStep, ownSlotSql, slotSql, type TimeGrid } from '../../forecasts/time-grid.ts'
import { maxSilentSteps } from '../../forecasts/time-grid.ts'
import { isHostSql } from '../capacity/host-groups.ts'
import { joinGridsSql } from '../selection/series-grids.ts'
import { minCommonPoints } from '../selection/select-models.ts'

/** Stands for the examples until the sentence agrees with their number. */
const namesHere = '\0'

const maxOriginAgeDays = 14
const maxInvertedShare = 0.01

/** SQL for the steps from the first to the last time of a row of `series_models`. */
const stepsBetweenSql = (grid: TimeGrid): string =>
  grid.step.unit === 'second'
    ? `date_diff('second', first_at, last_at) / ${grid.stepSeconds}`
    : `${slotSql(grid, 'last_at')} - ${slotSql(grid, 'first_at')}`

interface Check {
  readonly code: string
  /** A query with a row per case, named in the column `example`. */
  readonly sql: string
  readonly sentence: (count: string, examples: string) => string
}

interface WarningContext {
  readonly grid: TimeGrid
  readonly grids: readonly TimeGrid[]
  /** Its days stand in the messages. */
  readonly clock: ZoneClock
  readonly now: Date
  readonly stages: 'assessed' | 'complete'
}

/**
 * Reads `series_models`, `series`, `candidates`, `selected_models`, `horizon`, `series_risk`, `server_attributes`; after the stages of a
 * run also `saturation` and `breach_estimates`, which `inspect` does not compute.
 */
export const collectWarnings = async (
  database: Database,
  config: AnalysisConfig,
  { grid, grids, clock, now, stages }: WarningContext,
): Promise<RunWarning[]> => {
  const checks: Check[] = []
  const warn = (code: string, sql: string, sentence: Check['sentence']): void => void checks.push({ code, sql, sentence })
  const warnings: RunWarning[] = []
  if (!isStandardStep(grid)) {
    warnings.push({
      code: 'unusual-step',
      message: `Times step by ${describeStep(grid.step)}; Headroom treats them as ${grid.granularity}.`,
    })
  }
  warn(
    'outside-percent',
    `SELECT server_id || ' ' || metric || ' ' || model AS example FROM series_models JOIN series USING (server_id, metric)
     WHERE is_outside_percent AND high_threshold IS NOT NULL`,
    (n) => `Values outside 0 to 100 % in ${n} [forecast|forecasts] of percentage metrics.`,
  )
  warn(
    'gaps',
    `SELECT server_id || ' ' || metric || ' ' || model AS example FROM series_models ${grids.length === 1 ? '' : 'JOIN series USING (server_id, metric)'} ${joinGridsSql(grids)}
     WHERE row_count < ${grids.length === 1 ? stepsBetweenSql(grid) : `CASE grid ${grids.map((own, at) => `WHEN ${at} THEN ${stepsBetweenSql(own)}`).join(' ')} END`} + 1`,
    (n) => `${n} [forecast has|forecasts have] gaps in time.`,
  )
  warn(
    'short-backtest',
    `SELECT server_id || ' ' || metric AS example FROM candidates JOIN series USING (series_id)
     GROUP BY ALL HAVING max(series_common_points) < ${minCommonPoints}`,
    (n) => `${n} series [has|have] fewer than ${minCommonPoints} common backtest points; the fleet's best model is selected for [it|them].`,
  )
  warn(
    'short-model',
    `SELECT server_id || ' ' || metric || ' ' || c.model AS example FROM candidates c JOIN series USING (series_id)
     LEFT JOIN selected_models x ON x.series_id = c.series_id AND x.model = c.model WHERE NOT is_long AND x.model IS NULL`,
    (n) => `${n} [forecast is|forecasts are] not selected: another model of [its|their] series looks further ahead.`,
  )
  warn(
    'short-horizon',
    `SELECT server_id || ' ' || metric || ' ' || model AS example FROM candidates JOIN series USING (series_id)
     JOIN selected_models USING (series_id, model) WHERE NOT is_long`,
    (n) => `The selected model of ${n} series looks less far ahead than another model.`,
  )
  warn(
    'different-horizons',
    `SELECT server_id || ' ' || metric AS example FROM series_risk
     WHERE horizon_end IS NOT NULL AND (horizon_start, horizon_end) <>
       (SELECT (horizon_start, horizon_end) FROM series_risk WHERE horizon_end IS NOT NULL
        GROUP BY horizon_start, horizon_end ORDER BY count(*) DESC, horizon_start, horizon_end LIMIT 1)`,
    (n) => `${n} series [has|have] a different horizon from most.`,
  )
  warn(
    'constant-series',
    `SELECT server_id || ' ' || metric || ' ' || model AS example FROM series_models
     WHERE row_count > 1 AND least_predicted = greatest_predicted`,
    (n) => `${n} [forecast is|forecasts are] constant.`,
  )
  warn(
    'models-missing',
    `SELECT s.server_id || ' ' || s.metric AS example FROM series s LEFT JOIN candidates c USING (series_id)
     GROUP BY s.series_id, s.server_id, s.metric
     HAVING count(c.model) > 0 AND count(c.model) < (SELECT count(DISTINCT model) FROM candidates)`,
    (n) => `${n} series [lacks|lack] the forecast of a model that others have.`,
  )
  warn(
    'no-horizon',
    `SELECT server_id AS example FROM series_risk GROUP BY server_id HAVING max(horizon_periods) = 0`,
    (n) => `${n} [server has|servers have] no future rows: [it is|they are] counted, but never at risk.`,
  )
  warn(
    'silent-servers',
    'SELECT DISTINCT server_id AS example FROM series WHERE is_silent',
    (n, examples) =>
      `${n} [server has|servers have] gone silent and [is|are] not judged, last measured more than ${maxSilentSteps} steps before the others: ${examples}.`,
  )
  warn(
    'late-horizon',
    `SELECT r.server_id || ' ' || r.metric AS example FROM series_risk r JOIN series s USING (series_id) ${joinGridsSql(grids)}
     WHERE NOT s.is_silent AND ${ownSlotSql(grids, 'grid', 'r.horizon_start')} - ${ownSlotSql(grids, 'grid', 'r.last_measured_at')} > 1`,
    (n) => `The horizon of ${n} series begins more than one step after [its|their] last measurement.`,
  )
  warn(
    'unmeasured-past',
    `SELECT server_id || ' ' || metric AS example FROM series_risk
     WHERE last_measured_at IS NULL AND horizon_end <= (SELECT max(last_measured_at) FROM series)`,
    (n) => `${n} series [has|have] no measurements, and [its|their] horizon ends before the last measurement of others.`,
  )
  warn(
    'inverted-bounds',
    `SELECT model AS example FROM series_models GROUP BY model HAVING sum(doubtful_bounds) > ${maxInvertedShare} * sum(row_count)`,
    (n, examples) => `The lower bound exceeds the upper one in more than one row in a hundred of ${n} [model|models]: ${examples}.`,
  )
  warn(
    'missing-predictions',
    `SELECT server_id || ' ' || metric || ' ' || model AS example FROM series_models WHERE predictions < row_count`,
    (n) => `${n} [forecast has|forecasts have] rows without a prediction.`,
  )
  warn(
    'short-lead',
    `SELECT server_id || ' ' || metric || ' ' || m.model AS example
     FROM series_models m JOIN series_risk r USING (server_id, metric)
     WHERE m.backtest_lead_seconds < date_diff('second', r.last_measured_at, r.horizon_end)
        OR m.backtest_lead_periods < r.horizon_periods`,
    (n) => `The backtest of ${n} [forecast|forecasts] looks less far ahead than [its|their] horizon: its errors are too optimistic.`,
  )
  if (stages === 'complete') {
    warn(
      'saturated',
      `SELECT server_id || ' ' || metric AS example FROM saturation JOIN series USING (series_id) WHERE saturated_share >= ${minSaturatedShare}`,
      (n) =>
        `${n} series [is|are] at 99 % or above in 5 % or more of the measured periods. [Its|Their] demand is unknown: sizes say "at least".`,
    )
  }
  warn(
    'unjudged-metric',
    'SELECT DISTINCT metric AS example FROM series WHERE high_threshold IS NULL AND NOT is_silent',
    (n) => `${n} [metric is not a percentage and has|metrics are not percentages and have] no threshold: [it is|they are] never at risk.`,
  )
  if (stages === 'complete') {
    warn(
      'unknown-probability',
      `SELECT metric || ' (' || count(*) || ' series)' AS example FROM series_risk JOIN breach_estimates USING (series_id)
       WHERE at_risk_probability IS NULL GROUP BY metric`,
      (n, examples) =>
        `${n} [metric has|metrics have] series with neither a backtest nor quantiles to simulate from; the forecast's P95 decides about their risk: ${examples}.`,
    )
    warn(
      'uncalibrated-probability',
      `SELECT metric || ' (' || count(*) || ' series)' AS example FROM series_risk JOIN breach_estimates USING (series_id)
       WHERE path_source = 'quantiles' GROUP BY metric`,
      (n, examples) =>
        `${n} [metric has|metrics have] series without a backtest. Their probabilities come from the forecast's own quantiles and are not calibrated: ${examples}.`,
    )
  }
  const statedMetrics = Object.keys(config.metric_units)
  warn(
    'unknown-metric-units',
    `SELECT unnest([${statedMetrics.map(literal).join(', ')}]::VARCHAR[]) AS example EXCEPT SELECT metric FROM series`,
    (n, examples) => `The units of ${n} [metric|metrics] are stated, but no forecast has [this metric|these metrics]: ${examples}.`,
  )
  const turned = turnedMetrics(config)
  warn(
    'turned-metrics',
    `SELECT DISTINCT metric AS example FROM series WHERE metric IN (SELECT unnest([${turned.map(literal).join(', ')}]::VARCHAR[]))`,
    (n, examples) => `Figures of ${n} [metric|metrics] are used shares, 100 - value, since a low value is the risk: ${examples}.`,
  )
  warn(
    'unknown-metric-directions',
    `SELECT unnest([${Object.keys(config.metric_directions).map(literal).join(', ')}]::VARCHAR[]) AS example EXCEPT SELECT metric FROM series`,
    (n, examples) => `The directions of ${n} [metric|metrics] are stated, but no forecast has [this metric|these metrics]: ${examples}.`,
  )
  warn(
    'server-id-case',
    `SELECT DISTINCT a.server_id || ' (' || s.server_id || ')' AS example
     FROM (SELECT server_id FROM server_attributes ANTI JOIN series USING (server_id)) a
     JOIN (SELECT server_id FROM series ANTI JOIN server_attributes USING (server_id)) s ON lower(trim(a.server_id)) = lower(trim(s.server_id))`,
    (n, examples) =>
      `${n} [server of the servers table matches a forecast in another case only and is|servers of the servers table match a forecast in another case only and are] not used: ${examples}.`,
  )
  warn(
    'server-id-zeros',
    `SELECT DISTINCT a.server_id || ' (' || s.server_id || ')' AS example
     FROM (SELECT server_id FROM server_attributes ANTI JOIN series USING (server_id)) a
     JOIN (SELECT server_id FROM series ANTI JOIN server_attributes USING (server_id)) s ON ltrim(a.server_id, '0') = ltrim(s.server_id, '0')`,
    (n, examples) =>
      `${n} [server of the servers table matches a forecast but for leading zeros and is|servers of the servers table match a forecast but for leading zeros and are] not used: ${examples}.`,
  )
  warn(
    'unknown-servers',
    `SELECT server_id AS example FROM server_attributes ANTI JOIN series USING (server_id) WHERE NOT ${isHostSql}`,
    (n) => `${n} [server of the servers table has|servers of the servers table have] no forecast.`,
  )
  warn(
    'undescribed-servers',
    `SELECT DISTINCT server_id AS example FROM series ANTI JOIN server_attributes USING (server_id)
     WHERE (SELECT count(*) FROM server_attributes) > 0`,
    (n) =>
      `${n} [server is|servers are] missing from the servers table; [it costs|they cost] ${config.cost_per_instance} USD a month by default.`,
  )
  warnings.push(...(await runChecks(database, checks)))
  await warnAboutOldOrigin(database, clock, now, warnings)
  warnings.push(...(await warnAboutRegionalHolidays(database, config)))
  return warnings
}

/** All in one statement: planning one each would take a fifth of the time of a small analysis. */
const runChecks = async (database: Database, checks: readonly Check[]): Promise<RunWarning[]> => {
  const found = await database.rows(
    `SELECT number, CAST(count(*) AS DOUBLE) AS count, array_to_string(min(example, 3), chr(10)) AS examples
     FROM (${checks.map(({ sql }, number) => `SELECT ${number} AS number, example FROM (${sql})`).join(' UNION ALL ')})
     GROUP BY number ORDER BY number`,
    z.object({ number: z.int(), count: z.number(), examples: z.string() }),
  )
  return found.map(({ number, count, examples }) => {
    const { code, sentence } = checks[number]!
    const message = agreeNumber(sentence(count.toLocaleString('en-US'), namesHere), count)
    const names = examples.split('\n')
    return { code, message: message.replaceAll(namesHere, () => names.join(', ')), count, examples: names }
  })
}

const daysBetween = (from: string, now: Date): number => Math.floor((now.getTime() - Date.parse(from)) / 86_400_000)

const warnAboutOldOrigin = async (database: Database, clock: ZoneClock, now: Date, warnings: RunWarning[]): Promise<void> => {
  const dayOf = (iso: string): string => dayText(clock, Date.parse(iso))
  const { origin, stated, start, end } = await database.row(
    `SELECT (SELECT strftime(max(last_measured_at), '%Y-%m-%dT%H:%M:%SZ') FROM series) AS origin,
            (SELECT CAST(sum(stated) AS DOUBLE) FROM series_models) AS stated,
            strftime(min(horizon_start), '%Y-%m-%dT%H:%M:%SZ') AS start, strftime(max(horizon_end), '%Y-%m-%dT%H:%M:%SZ') AS "end"
     FROM series_risk`,
    z.object({ origin: z.string().nullable(), stated: z.number(), start: z.string(), end: z.string() }),
  )
  const days = daysBetween(origin ?? start, now)
  if (origin === null && stated === 0) {
    warnings.push({
      code: 'no-measurements',
      message: `Nothing separates past from future: no row is measured or marked by is_future. All rows count as horizon, ${dayOf(start)} to ${dayOf(end)}.`,
    })
  }
  if (days > maxOriginAgeDays) {
    const text = days.toLocaleString('en-US')
    warnings.push({
      code: 'old-forecast',
      message:
        origin === null
          ? `The horizon began on ${dayOf(start)}, ${text} days ago${daysBetween(end, now) > 0 ? `, and ended on ${dayOf(end)}` : ''}.`
          : `The last measured time, ${dayOf(origin)}, is ${text} days ago.`,
      count: days,
    })
  }
}

const warnAboutRegionalHolidays = async (database: Database, config: AnalysisConfig): Promise<RunWarning[]> => {
  const { year } = await database.row(
    'SELECT CAST(year(max(horizon_end)) AS INTEGER) AS year FROM series_risk',
    z.object({ year: z.int() }),
  )
  const { commonRegionalHoliday } = await import('../../calendar/holidays.ts')
  const regional = commonRegionalHoliday(config, year)
  if (regional === null) return []
  return [
    {
      code: 'regional-holidays',
      message: `Holidays of ${config.holiday_country} differ by region, and holiday_state is not set: ${regional.name} (${regional.day}) does not count. Regions: ${regional.states.join(', ')}.`,
      examples: [...regional.states],
    },
  ]
}

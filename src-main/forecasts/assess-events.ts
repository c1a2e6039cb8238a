// Events to come as a scenario on the horizon: each alone and all at once, who is pushed over the threshold and who is saved.
import { z } from 'zod'
import {
  maxNamedServers,
  type EventReport,
  type EventScenario,
  type EventRiskState,
  type EventReportEntry,
} from '../../src-shared/artefacts/event-report.ts'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import type { Database } from '../database/database.ts'
import type { TimeGrid } from './time-grid.ts'
import { appliesToSql, overlapsSql } from './event-targets.ts'
import type { EventCalendar, CalendarEvent } from './events-table.ts'

/** What was left out of the backtests for an event. */
export interface ExcludedRows {
  readonly series: number
  /** By metric: rows, and mean of actual - predicted. */
  readonly effects: readonly { readonly metric: string; readonly rows: number; readonly meanError: number }[]
}

/** The event calendar and the rows excluded for its events, in their order. */
export interface AppliedEvents {
  readonly eventCalendar: EventCalendar
  readonly excludedRows: readonly (ExcludedRows | null)[]
}

/**
 * Reads `series`, `series_risk`, `breach_estimates`, `server_verdicts` and `horizon`; creates `event_touches` (event, series_id, ts, factor, points):
 * what each event does to a value. Only series with a threshold change. The distance of the P95 that decides from the forecast's own stays.
 */
export const assessEvents = async (
  database: Database,
  config: AnalysisConfig,
  grid: Pick<TimeGrid, 'stepSeconds'>,
  { eventCalendar, excludedRows }: AppliedEvents,
): Promise<{ report: EventReport; warnings: RunWarning[] }> => {
  const { events } = eventCalendar
  await createEventEffects(database, events, grid.stepSeconds * 1000)
  const reports: EventReportEntry[] = []
  const eventsWithoutEffect: string[] = []
  for (const [index, event] of events.entries()) {
    const { servers } = await database.row(
      `SELECT CAST(count(DISTINCT s.server_id) AS INTEGER) AS servers FROM series s WHERE ${appliesToSql(event)}`,
      z.object({ servers: z.int() }),
    )
    const excluded = excludedRows[index] ?? null
    const scenario = await assessScenario(database, config, `event = ${index}`, 'touched')
    if (excluded === null && scenario === null) eventsWithoutEffect.push(await describeEventWithoutEffect(database, event, servers))
    reports.push({
      line: event.line,
      from: instantText(event.fromMs),
      until: instantText(event.untilMs),
      target: event.target.text,
      metric: event.metric,
      effect: event.effect,
      note: event.note,
      servers,
      left_out:
        excluded === null
          ? null
          : {
              rows: excluded.effects.reduce((sum, { rows }) => sum + rows, 0),
              series: excluded.series,
              effects: excluded.effects.map(({ metric, rows, meanError }) => ({ metric, rows, mean_error: meanError })),
            },
      scenario,
    })
  }
  const combined = await assessScenario(database, config, 'true', 'fleet')
  return {
    report: { events: reports, together: combined },
    warnings: eventsWithoutEffect.length === 0 ? [] : [withoutEffectWarning(eventsWithoutEffect)],
  }
}

const instantText = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')

/** Table `event_touches` out of `series` and `horizon`; see `assessEvents`. */
export const createEventEffects = async (database: Database, events: readonly CalendarEvent[], stepMs: number): Promise<void> => {
  await database.run('CREATE OR REPLACE TABLE event_touches (event INTEGER, series_id INTEGER, ts TIMESTAMP, factor DOUBLE, points DOUBLE)')
  for (const [index, event] of events.entries()) {
    if (event.effect === null) continue
    const { amount, unit } = event.effect
    await database.run(
      `INSERT INTO event_touches
       SELECT ${index}, h.series_id, h.ts, CAST(? AS DOUBLE), CAST(? AS DOUBLE)
       FROM horizon h JOIN series s USING (series_id)
       WHERE s.high_threshold IS NOT NULL AND ${appliesToSql(event)} AND ${overlapsSql(event, 'h.ts', stepMs)}`,
      unit === 'percent' ? [1 + amount / 100, 0] : [1, amount],
    )
  }
}

/** Relation `changed` (series_id, ts, value): percentages first, one on the other, then points, in the order of the table. */
export const changedValuesSql = (eventCondition: string): string => `
  changes AS (
    SELECT series_id, ts,
           list_reduce(list_prepend(1.0::DOUBLE, list(factor ORDER BY event)), lambda a, b: a * b) AS factor,
           list_reduce(list_prepend(0.0::DOUBLE, list(points ORDER BY event)), lambda a, b: a + b) AS points
    FROM event_touches WHERE ${eventCondition} GROUP BY series_id, ts
  ), changed AS (
    SELECT h.series_id, h.ts, CASE WHEN c.ts IS NULL THEN h.predicted ELSE h.predicted * c.factor + c.points END AS value
    FROM horizon h LEFT JOIN changes c ON c.series_id = h.series_id AND c.ts = h.ts
    WHERE h.series_id IN (SELECT series_id FROM changes)
  )`

/** Column of `breach_estimates` with the P95 that decides on each basis; without it the forecast's own decides. */
const decidingColumns = { expected: 'NULL', conservative: 'e.conservative_p95', probable: 'e.likely_p95' } as const

/** Series' figures before and after. */
const figuresSql = (eventCondition: string, deciding: string): string => `
  CREATE OR REPLACE TEMP TABLE event_figures AS
  WITH ${changedValuesSql(eventCondition)}
  SELECT r.series_id, r.server_id, r.metric, r.high_threshold AS threshold, r.is_at_risk,
         coalesce(${deciding}, r.horizon_p95) AS before_value,
         quantile_cont(c.value, 0.95) + coalesce(any_value(${deciding} - r.horizon_p95), 0) AS after_value,
         r.first_breach_at AS before_breach, min(c.ts) FILTER (WHERE c.value > r.high_threshold) AS after_breach
  FROM changed c JOIN series_risk r USING (series_id) LEFT JOIN breach_estimates e USING (series_id)
  GROUP BY ALL`

const statusSchema = z.object({
  at_risk_servers: z.int(),
  server_id: z.string().nullable(),
  metric: z.string().nullable(),
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  soonest_breach_at: z.string().nullable(),
})

/** `eventCondition` selects rows of `event_touches`, `scope` the servers to report. Null if no event applies. */
const assessScenario = async (
  database: Database,
  config: AnalysisConfig,
  eventCondition: string,
  scope: 'touched' | 'fleet',
): Promise<EventScenario | null> => {
  const deciding = decidingColumns[config.basis]
  await database.run(figuresSql(eventCondition, deciding))
  const { servers } = await database.row(
    'SELECT CAST(count(DISTINCT server_id) AS INTEGER) AS servers FROM event_figures',
    z.object({ servers: z.int() }),
  )
  if (servers === 0) return null
  const unchanged = `coalesce(${deciding}, r.horizon_p95)`
  // A server also stays at risk by metrics that no event changes, and by their joint probability where no event lowers one of them.
  await database.run(`
    CREATE OR REPLACE TEMP TABLE event_standing AS
    SELECT r.server_id, r.metric, r.high_threshold AS threshold, r.is_at_risk AS before_risk,
           coalesce(f.after_value > f.threshold, r.is_at_risk) AS after_risk,
           coalesce(f.before_value, ${unchanged}) AS before_value,
           coalesce(f.after_value, ${unchanged}) AS after_value,
           v.is_server_at_risk AND NOT bool_or(r.is_at_risk) OVER server AS before_joint,
           r.first_breach_at AS before_breach, CASE WHEN f.series_id IS NULL THEN r.first_breach_at ELSE f.after_breach END AS after_breach
    FROM series_risk r JOIN server_verdicts v USING (server_id)
    LEFT JOIN breach_estimates e USING (series_id) LEFT JOIN event_figures f USING (series_id)
    WHERE r.high_threshold IS NOT NULL AND r.horizon_periods > 0
      ${scope === 'touched' ? 'AND r.server_id IN (SELECT server_id FROM event_figures)' : ''}
    WINDOW server AS (PARTITION BY r.server_id)`)
  return {
    servers,
    before: await readStatus(database, 'before'),
    after: await readStatus(database, 'after'),
    pushed_over: await readServers(database, `NOT ${atRiskSql.before} AND ${atRiskSql.after}`),
    saved: await readServers(database, `${atRiskSql.before} AND NOT ${atRiskSql.after}`),
  }
}

/** Over the metrics of a server. */
const atRiskSql = {
  before: '(bool_or(before_risk) OR bool_or(before_joint))',
  after: '(bool_or(after_risk) OR (bool_or(before_joint) AND bool_and(after_value >= before_value)))',
} as const

const readStatus = async (database: Database, when: 'before' | 'after'): Promise<EventRiskState> => {
  const status = await database.row(
    `WITH least AS (SELECT server_id, metric, ${when}_value AS value, threshold FROM event_standing
                    ORDER BY threshold - ${when}_value, server_id, metric LIMIT 1)
     SELECT CAST((SELECT count(*) FROM (SELECT server_id FROM event_standing GROUP BY server_id HAVING ${atRiskSql[when]})) AS INTEGER) AS at_risk_servers,
            least.*, (SELECT strftime(min(${when}_breach), '%Y-%m-%dT%H:%M:%SZ') FROM event_standing WHERE ${when}_risk) AS soonest_breach_at
     FROM least`,
    statusSchema,
  )
  const { at_risk_servers, server_id, metric, value, threshold, soonest_breach_at } = status
  const isKnown = server_id !== null && metric !== null && value !== null && threshold !== null
  return { at_risk_servers, least_headroom: isKnown ? { server_id, metric, value, threshold } : null, soonest_breach_at }
}

/** Those with the least headroom afterwards first. */
const readServers = async (database: Database, condition: string): Promise<EventScenario['saved']> => {
  const matching = await database.rows(
    `SELECT server_id, CAST(count(*) OVER () AS INTEGER) AS servers
     FROM (SELECT server_id, min(threshold - after_value) AS headroom FROM event_standing GROUP BY server_id HAVING ${condition})
     ORDER BY headroom, server_id LIMIT ${maxNamedServers}`,
    z.object({ server_id: z.string(), servers: z.int() }),
  )
  return { count: matching[0]?.servers ?? 0, servers: matching.map(({ server_id }) => server_id) }
}

const describeEventWithoutEffect = async (database: Database, event: CalendarEvent, servers: number): Promise<string> => {
  const line = `line ${event.line}`
  if (servers === 0)
    return `${line}: no series of the dataset matches ${event.target.text}${event.metric === null ? '' : ` and ${event.metric}`}`
  const { ahead } = await database.row(
    'SELECT coalesce(make_timestamp_ms(CAST($1 AS BIGINT)) > min(horizon_start), false) AS ahead FROM series_risk',
    z.object({ ahead: z.boolean() }),
    [event.untilMs],
  )
  return ahead && event.effect === null ? `${line}: it lies ahead, and states no effect` : `${line}: no row of those servers lies within it`
}

const withoutEffectWarning = (eventsWithoutEffect: readonly string[]): RunWarning => ({
  code: 'events-without-effect',
  message: `${eventsWithoutEffect.length === 1 ? 'One event changes' : `${eventsWithoutEffect.length.toLocaleString('en-US')} events change`} nothing: ${eventsWithoutEffect[0]!}.`,
  count: eventsWithoutEffect.length,
  examples: eventsWithoutEffect.slice(0, 3),
})

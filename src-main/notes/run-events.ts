// The event calendar of an open run: read, validated and saved as an events table, and assessed on the run's forecasts.
import { access } from 'node:fs/promises'
import { z } from 'zod'
import { csvField } from '../../src-shared/artefacts/cell-text.ts'
import { eventColumns, type EventCalendarView, type ServerEvents } from '../../src-shared/ipc/event-calendar.ts'
import type { EventLine } from '../../src-shared/run/event-line.ts'
import { TimeZone } from '../calendar/time-zone.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { groupColumns } from '../../src-shared/ipc/fleet-filter.ts'
import type { RunKind } from '../../src-shared/ipc/run-view.ts'
import { eventReportSchema, type EventReport, type EventReportEntry } from '../../src-shared/artefacts/event-report.ts'
import type { RunManifest } from '../../src-shared/run/run-manifest.ts'
import type { Database } from '../database/database.ts'
import { assessEvents, changedValuesSql, createEventEffects } from '../forecasts/assess-events.ts'
import { appliesToSql } from '../forecasts/event-targets.ts'
import { parseEventLines, readEventLines, type CalendarEvent } from '../forecasts/events-table.ts'
import { eventsTableName, eventsTablePath } from '../run-folder/read-run-folder.ts'
import { writeEventsTable } from './planner-notes.ts'

const dayMs = 86_400_000

/** What the event calendar takes from an open run; `database` holds `flagged` and `server_risk`. */
interface RunContext {
  readonly database: Database
  readonly contents: {
    readonly folder: string
    readonly kind: RunKind
    readonly manifest: RunManifest | null
    readonly summary: Readonly<Record<string, unknown>> | null
  }
}

/** As the run's summary states it; no events where the run was made without an events table. */
const analysedEvents = ({ contents: { summary } }: RunContext): EventReport =>
  eventReportSchema.safeParse(summary?.['events']).data ?? { events: [], together: null }

/** Throws events-invalid for a table that somebody changed by hand so that it no longer fits. */
export const readRunEvents = async (run: RunContext): Promise<EventCalendarView> => {
  const analysedReport = analysedEvents(run)
  const manifest = headroomManifest(run)
  if (manifest === null) {
    return {
      lines: analysedReport.events.map((event) => toEventLine(event, 'UTC')),
      report: analysedReport,
      applied: analysedReport.events.map(() => true),
      unavailableReason: unavailableReasonFor(run),
    }
  }
  return assessRunEvents(run, manifest, await readCurrentLines(run, analysedReport, manifest.time_zone), analysedReport)
}

/** Validates every line, then replaces the events table. Throws events-invalid, notes-not-saved. */
export const saveRunEvents = async (run: RunContext, lines: readonly EventLine[]): Promise<EventCalendarView> => {
  const analysedReport = analysedEvents(run)
  const manifest = headroomManifest(run)
  if (manifest === null)
    throw new HeadroomError('query-refused', unavailableReasonFor(run), { next: 'Analyse the forecasts with the headroom method.' })
  const view = await assessRunEvents(run, manifest, lines, analysedReport)
  await writeEventsTable(run.contents.folder, toCsv(lines))
  return view
}

/** The events that apply to one server, and its forecasts adjusted for future events. */
export const readServerEvents = async (run: RunContext, serverId: string): Promise<ServerEvents> => {
  const manifest = headroomManifest(run)
  if (manifest === null) return { events: [], adjustedForecasts: [] }
  const events = parseEventLines(await readCurrentLines(run, analysedEvents(run), manifest.time_zone), 'of this run', manifest.time_zone)
  const { database } = run
  await createSeriesTables(run, 'WHERE server_id = $1', [serverId])
  const matchingEvents: CalendarEvent[] = []
  for (const event of events) {
    const { series } = await database.row(
      `SELECT CAST(count(*) AS INTEGER) AS series FROM series s WHERE ${appliesToSql(event)}`,
      z.object({ series: z.int() }),
    )
    if (series > 0) matchingEvents.push(event)
  }
  const adjustedForecasts: ServerEvents['adjustedForecasts'] = []
  if (matchingEvents.some(({ effect }) => effect !== null)) {
    await createHorizonTable(run, matchingEvents)
    await createEventEffects(database, matchingEvents, manifest.step_seconds * 1000)
    const { metric, time, value } = await database.columns(
      `WITH ${changedValuesSql('true')}
       SELECT s.metric, CAST(epoch_ms(c.ts) AS DOUBLE) AS time, c.value FROM changed c JOIN series s USING (series_id) ORDER BY s.metric, c.ts`,
      { metric: 'text', time: 'number', value: 'number?' },
    )
    for (const name of new Set(metric)) {
      const from = metric.indexOf(name)
      const to = metric.lastIndexOf(name) + 1
      adjustedForecasts.push({
        metric: name,
        timesMs: time.slice(from, to),
        forecast: Float32Array.from(value.subarray(from, to)),
      })
    }
  }
  return {
    events: matchingEvents.map(({ note, target, metric, fromMs, untilMs }) => ({ note: note ?? target.text, metric, fromMs, untilMs })),
    adjustedForecasts,
  }
}

/** Null for runs that select no model per series: events need one. */
const headroomManifest = ({ contents: { manifest } }: RunContext): RunManifest | null => (manifest?.method === 'headroom' ? manifest : null)

const unavailableReasonFor = ({ contents: { kind } }: RunContext): string =>
  kind === 'headroom'
    ? 'The module05 method mixes all models; events need one selected model per series.'
    : 'Module 05 selects no model per series; events need one.'

/** As the planner saved them; before that, those that the run was analysed with. */
const readCurrentLines = async (
  { contents: { folder } }: RunContext,
  analysedReport: EventReport,
  timeZone: string,
): Promise<EventLine[]> => {
  const path = eventsTablePath(folder)
  const isSaved = await access(path).then(
    () => true,
    () => false,
  )
  return isSaved ? readEventLines(path, eventsTableName, timeZone) : analysedReport.events.map((event) => toEventLine(event, timeZone))
}

const assessRunEvents = async (
  run: RunContext,
  manifest: RunManifest,
  lines: readonly EventLine[],
  analysedReport: EventReport,
): Promise<EventCalendarView> => {
  const events = parseEventLines(lines, 'of this run', manifest.time_zone)
  await createSeriesTables(run)
  await createHorizonTable(run, events)
  const { report } = await assessEvents(
    run.database,
    manifest.config,
    { stepSeconds: manifest.step_seconds },
    {
      eventCalendar: { entry: { path: eventsTablePath(run.contents.folder), bytes: 0, rows: events.length }, events },
      excludedRows: events.map(() => null),
    },
  )
  // They are as large as the fleet, and made again for the next report.
  await run.database.run(
    'DROP VIEW series_risk; DROP VIEW breach_estimates; DROP VIEW server_verdicts; DROP TABLE horizon; DROP TABLE series; DROP TABLE event_touches; DROP TABLE IF EXISTS event_figures; DROP TABLE IF EXISTS event_standing',
  )
  const reportByKey = new Map(analysedReport.events.map((event) => [eventKey(event), event]))
  return {
    lines: [...lines],
    report: {
      ...report,
      events: report.events.map((event) => ({ ...event, left_out: reportByKey.get(eventKey(event))?.left_out ?? null })),
    },
    applied: report.events.map((event) => reportByKey.has(eventKey(event))),
    unavailableReason: null,
  }
}

const eventKey = ({ from, until, target, metric, effect, note }: EventReportEntry): string =>
  JSON.stringify([from, until, target, metric, effect, note])

/** Of a fleet, the other columns are ten times as much. */
const assessedColumns = [
  'server_id',
  'metric',
  ...groupColumns,
  'high_threshold',
  'is_at_risk',
  'is_server_at_risk',
  'horizon_p95',
  'horizon_start',
  'horizon_periods',
  'first_breach_at',
  'conservative_p95',
  'likely_p95',
]

/** Creates what `assessEvents` reads from the run's tables: `series`, `series_risk`, `breach_estimates`, `server_verdicts`. */
const createSeriesTables = async ({ database }: RunContext, where = '', parameters: readonly string[] = []): Promise<void> => {
  await database.run(
    `CREATE OR REPLACE TEMP TABLE series AS
     SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS series_id, ${assessedColumns.join(', ')} FROM server_risk ${where}`,
    [...parameters],
  )
  await database.run(`
    CREATE OR REPLACE TEMP VIEW series_risk AS SELECT * FROM series;
    CREATE OR REPLACE TEMP VIEW breach_estimates AS SELECT series_id, conservative_p95, likely_p95 FROM series;
    CREATE OR REPLACE TEMP VIEW server_verdicts AS SELECT DISTINCT server_id, is_server_at_risk FROM series`)
}

/** `horizon` of the series that an event may change. */
const createHorizonTable = async ({ database }: RunContext, events: readonly CalendarEvent[]): Promise<void> => {
  const changingConditions = events.filter(({ effect }) => effect !== null).map((event) => `(${appliesToSql(event)})`)
  await database.run(`
    CREATE OR REPLACE TEMP TABLE horizon AS
    SELECT s.series_id, f.ts, f.predicted
    FROM flagged f JOIN series s ON s.server_id = f.server_id AND s.metric = f.metric
    WHERE f.is_selected AND f.is_horizon AND f.predicted IS NOT NULL
      AND f.ts >= (SELECT min(horizon_start) FROM series) AND (${changingConditions.length === 0 ? 'false' : changingConditions.join(' OR ')})`)
}

/** The line of an events table that an entry of the report came from: local days, else instants. */
const toEventLine = ({ from, until, target, metric, effect, note }: EventReportEntry, timeZone: string): EventLine => {
  const isGroup = /^(business_unit|region|criticality)\s*=/i.test(target)
  const [fromMs, untilMs] = [Date.parse(from), Date.parse(until)]
  const zone = TimeZone.open(timeZone, fromMs, untilMs)
  const localDay = (ms: number): string => new Date(zone.toLocal(ms)).toISOString().slice(0, 10)
  const isMidnight = (ms: number): boolean => zone.toLocal(ms) % dayMs === 0
  return {
    from: isMidnight(fromMs) ? localDay(fromMs) : from,
    to: isMidnight(untilMs) ? localDay(untilMs - 1) : new Date(untilMs - 1).toISOString().replace(/\.000Z$/, 'Z'),
    servers: isGroup ? '' : target,
    group: isGroup ? target : '',
    metric: metric ?? '',
    effect: effect === null ? '' : `${effect.amount} ${effect.unit === 'percent' ? '%' : 'points'}`,
    note: note ?? '',
  }
}

const toCsv = (lines: readonly EventLine[]): string =>
  [eventColumns, ...lines.map((line) => eventColumns.map((column) => line[column]))]
    .map((fields) => `${fields.map(csvField).join(',')}\n`)
    .join('')

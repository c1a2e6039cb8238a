// The event ledger beside an open run: read, checked and kept as an events table, and assessed on the run's own horizons.
import { access } from 'node:fs/promises'
import { z } from 'zod'
import { csvField } from '../../src-shared/artefacts/csv-field.ts'
import { eventColumns, type EventCalendarView, type EventLine, type ServerEvents } from '../../src-shared/ipc/event-calendar.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { EventReport, EventReportEntry } from '../../src-shared/artefacts/event-report.ts'
import type { RunManifest } from '../../src-shared/run/run-manifest.ts'
import { assessEvents, changedValuesSql, createEventEffects } from '../engine/events/assess-events.ts'
import { appliesToSql } from '../forecasts/event-targets.ts'
import { parseEventLines, readEventLines, type CalendarEvent } from '../forecasts/events-table.ts'
import { queryEventReport } from '../queries/fleet/events-query.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { eventsTableName, eventsTablePath, writeEventsTable } from '../notes/planner-notes.ts'

const dayMs = 86_400_000

/** Throws events-invalid for a table that somebody changed by hand so that it no longer fits. */
export const readRunEvents = async (run: OpenRun): Promise<EventCalendarView> => {
  const analysedReport = await queryEventReport(run)
  const manifest = headroomManifest(run)
  if (manifest === null) {
    return {
      lines: analysedReport.events.map(toEventLine),
      report: analysedReport,
      applied: analysedReport.events.map(() => true),
      unavailableReason: unavailableReasonFor(run),
    }
  }
  return assessRunEvents(run, manifest, await readCurrentLines(run, analysedReport), analysedReport)
}

/** Checks every line, then replaces the ledger. Throws events-invalid, notes-not-saved. */
export const saveRunEvents = async (run: OpenRun, lines: readonly EventLine[]): Promise<EventCalendarView> => {
  const analysedReport = await queryEventReport(run)
  const manifest = headroomManifest(run)
  if (manifest === null)
    throw new HeadroomError('query-refused', unavailableReasonFor(run), { next: 'Analyse the set with the headroom method.' })
  const view = await assessRunEvents(run, manifest, lines, analysedReport)
  await writeEventsTable(run.contents.folder, toCsv(lines))
  return view
}

/** The ledger's events about one server, and its forecasts with those to come. */
export const readServerEvents = async (run: OpenRun, serverId: string): Promise<ServerEvents> => {
  const manifest = headroomManifest(run)
  if (manifest === null) return { events: [], adjustedForecasts: [] }
  const events = parseEventLines(await readCurrentLines(run, await queryEventReport(run)), 'of this run')
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
    const {
      metric = [],
      time = [],
      value = [],
    } = await database.columns(
      `WITH ${changedValuesSql('true')}
       SELECT s.metric, CAST(epoch_ms(c.ts) AS DOUBLE) AS time, c.value FROM changed c JOIN series s USING (series_id) ORDER BY s.metric, c.ts`,
    )
    for (const name of new Set(metric.map(String))) {
      const from = metric.indexOf(name)
      const to = metric.lastIndexOf(name) + 1
      adjustedForecasts.push({
        metric: name,
        timesMs: Float64Array.from(time.slice(from, to), Number),
        forecast: Float32Array.from(value.slice(from, to), (forecastValue) =>
          typeof forecastValue === 'number' ? forecastValue : Number.NaN,
        ),
      })
    }
  }
  return {
    events: matchingEvents.map(({ note, target, metric, fromMs, untilMs }) => ({ note: note ?? target.text, metric, fromMs, untilMs })),
    adjustedForecasts,
  }
}

/** Of runs by whose accountable models a server was judged; null for the others. */
const headroomManifest = ({ contents: { manifest } }: OpenRun): RunManifest | null => (manifest?.method === 'headroom' ? manifest : null)

const unavailableReasonFor = ({ contents: { kind } }: OpenRun): string =>
  kind === 'headroom'
    ? 'The module05 method mixes all models; events need one accountable forecast per server.'
    : 'The Python job left no accountable forecast per server, which events are laid on.'

/** As the planner kept them; before that, those that the run was analysed with. */
const readCurrentLines = async ({ contents: { folder } }: OpenRun, analysedReport: EventReport): Promise<EventLine[]> => {
  const path = eventsTablePath(folder)
  const isSaved = await access(path).then(
    () => true,
    () => false,
  )
  return isSaved ? readEventLines(path, eventsTableName) : analysedReport.events.map(toEventLine)
}

const assessRunEvents = async (
  run: OpenRun,
  manifest: RunManifest,
  lines: readonly EventLine[],
  analysedReport: EventReport,
): Promise<EventCalendarView> => {
  const events = parseEventLines(lines, 'of this run')
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

/** The relations that events are assessed on, out of the run's own: `series`, `series_risk`, `breach_estimates`. */
const createSeriesTables = async ({ database }: OpenRun, where = '', parameters: readonly string[] = []): Promise<void> => {
  await database.run(
    `CREATE OR REPLACE TEMP TABLE series AS
     SELECT CAST(row_number() OVER (ORDER BY server_id, metric) - 1 AS INTEGER) AS series_id, * FROM server_risk ${where}`,
    [...parameters],
  )
  await database.run(`
    CREATE OR REPLACE TEMP VIEW series_risk AS SELECT * FROM series;
    CREATE OR REPLACE TEMP VIEW breach_estimates AS SELECT series_id, conservative_p95 FROM series`)
}

/** `horizon` of those series alone that an event may change. */
const createHorizonTable = async ({ database }: OpenRun, events: readonly CalendarEvent[]): Promise<void> => {
  const changingConditions = events.filter(({ effect }) => effect !== null).map((event) => `(${appliesToSql(event)})`)
  await database.run(`
    CREATE OR REPLACE TEMP TABLE horizon AS
    SELECT s.series_id, f.ts, f.predicted
    FROM flagged f JOIN series s ON s.server_id = f.server_id AND s.metric = f.metric
    WHERE f.is_selected AND f.is_horizon AND f.predicted IS NOT NULL
      AND f.ts >= (SELECT min(horizon_start) FROM series) AND (${changingConditions.length === 0 ? 'false' : changingConditions.join(' OR ')})`)
}

/** A line of an events table that says what the run's report says. */
const toEventLine = ({ from, until, target, metric, effect, note }: EventReportEntry): EventLine => {
  const isGroup = /^(business_unit|region|criticality)\s*=/i.test(target)
  const isWholeDay = until.endsWith('T00:00:00Z')
  const last = Date.parse(until) - (isWholeDay ? dayMs : 1)
  return {
    from: from.replace('T00:00:00Z', ''),
    to: isWholeDay ? new Date(last).toISOString().slice(0, 10) : new Date(last).toISOString().replace(/\.000Z$/, 'Z'),
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

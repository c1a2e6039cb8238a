// The event ledger beside an open run: read, checked and kept as an events table, and assessed on the run's own horizons.
import { access } from 'node:fs/promises'
import { z } from 'zod'
import { csvField } from '../../src-shared/csv-field.ts'
import { ledgerColumns, type EventLedgerView, type LedgerLine, type ServerEvents } from '../../src-shared/event-ledger.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { EventReport, LedgerEventReport } from '../../src-shared/event-report.ts'
import type { RunManifest } from '../../src-shared/run-manifest.ts'
import { assessEvents, changedSql, makeTouches } from '../engine/events/assess-events.ts'
import { isAboutSql } from '../engine/events/event-targets.ts'
import { parseLedgerLines, readLedgerLines, type LedgerEvent } from '../engine/events/read-events.ts'
import { queryEvents } from '../queries/events-query.ts'
import type { OpenRun } from '../queries/open-run.ts'
import { eventLedgerName, eventLedgerPath, writeEventLedger } from '../run-folder/planner-notes.ts'

const dayMs = 86_400_000

/** Throws events-invalid for a table that somebody changed by hand so that it no longer fits. */
export const readRunLedger = async (run: OpenRun): Promise<EventLedgerView> => {
  const heeded = await queryEvents(run)
  const manifest = judgedManifest(run)
  if (manifest === null) {
    return { lines: heeded.events.map(lineOf), report: heeded, heeded: heeded.events.map(() => true), refusal: refusalOf(run) }
  }
  return assess(run, manifest, await currentLines(run, heeded), heeded)
}

/** Checks every line, then replaces the ledger. Throws events-invalid, notes-not-saved. */
export const keepRunLedger = async (run: OpenRun, lines: readonly LedgerLine[]): Promise<EventLedgerView> => {
  const heeded = await queryEvents(run)
  const manifest = judgedManifest(run)
  if (manifest === null) throw new HeadroomError('query-refused', refusalOf(run), { next: 'Analyse the set with the headroom method.' })
  const view = await assess(run, manifest, lines, heeded)
  await writeEventLedger(run.contents.folder, tableText(lines))
  return view
}

/** The ledger's events about one server, and its forecasts with those to come. */
export const readServerEvents = async (run: OpenRun, serverId: string): Promise<ServerEvents> => {
  const manifest = judgedManifest(run)
  if (manifest === null) return { events: [], changed: [] }
  const events = parseLedgerLines(await currentLines(run, await queryEvents(run)), 'of this run')
  const { database } = run
  await laySeries(run, 'WHERE server_id = $1', [serverId])
  const about: LedgerEvent[] = []
  for (const event of events) {
    const { series } = await database.row(
      `SELECT CAST(count(*) AS INTEGER) AS series FROM series s WHERE ${isAboutSql(event)}`,
      z.object({ series: z.int() }),
    )
    if (series > 0) about.push(event)
  }
  const changed: ServerEvents['changed'] = []
  if (about.some(({ effect }) => effect !== null)) {
    await layHorizon(run, about)
    await makeTouches(database, about, manifest.step_seconds * 1000)
    const {
      metric = [],
      time = [],
      value = [],
    } = await database.columns(
      `WITH ${changedSql('true')}
       SELECT s.metric, CAST(epoch_ms(c.ts) AS DOUBLE) AS time, c.value FROM changed c JOIN series s USING (series_id) ORDER BY s.metric, c.ts`,
    )
    for (const name of new Set(metric.map(String))) {
      const from = metric.indexOf(name)
      const to = metric.lastIndexOf(name) + 1
      changed.push({
        metric: name,
        timesMs: Float64Array.from(time.slice(from, to), Number),
        forecast: Float32Array.from(value.slice(from, to), (one) => (typeof one === 'number' ? one : Number.NaN)),
      })
    }
  }
  return {
    events: about.map(({ note, target, metric, fromMs, untilMs }) => ({ note: note ?? target.text, metric, fromMs, untilMs })),
    changed,
  }
}

/** Of runs by whose accountable models a server was judged; null for the others. */
const judgedManifest = ({ contents: { manifest } }: OpenRun): RunManifest | null => (manifest?.method === 'headroom' ? manifest : null)

const refusalOf = ({ contents: { kind } }: OpenRun): string =>
  kind === 'headroom'
    ? 'The module05 method mixes all models; events need one accountable forecast per server.'
    : 'The Python job left no accountable forecast per server, which events are laid on.'

/** As the planner kept them; before that, those that the run was analysed with. */
const currentLines = async ({ contents: { folder } }: OpenRun, heeded: EventReport): Promise<LedgerLine[]> => {
  const path = eventLedgerPath(folder)
  const isKept = await access(path).then(
    () => true,
    () => false,
  )
  return isKept ? readLedgerLines(path, eventLedgerName) : heeded.events.map(lineOf)
}

const assess = async (run: OpenRun, manifest: RunManifest, lines: readonly LedgerLine[], heeded: EventReport): Promise<EventLedgerView> => {
  const events = parseLedgerLines(lines, 'of this run')
  await laySeries(run)
  await layHorizon(run, events)
  const { report } = await assessEvents(
    run.database,
    manifest.config,
    { stepSeconds: manifest.step_seconds },
    {
      ledger: { entry: { path: eventLedgerPath(run.contents.folder), bytes: 0, rows: events.length }, events },
      leftOut: events.map(() => null),
    },
  )
  const known = new Map(heeded.events.map((event) => [identityOf(event), event]))
  return {
    lines: [...lines],
    report: {
      ...report,
      events: report.events.map((event) => ({ ...event, left_out: known.get(identityOf(event))?.left_out ?? null })),
    },
    heeded: report.events.map((event) => known.has(identityOf(event))),
    refusal: null,
  }
}

const identityOf = ({ from, until, target, metric, effect, note }: LedgerEventReport): string =>
  JSON.stringify([from, until, target, metric, effect, note])

/** The relations that events are assessed on, out of the run's own: `series`, `series_risk`, `breach_estimates`. */
const laySeries = async ({ database }: OpenRun, where = '', parameters: readonly string[] = []): Promise<void> => {
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
const layHorizon = async ({ database }: OpenRun, events: readonly LedgerEvent[]): Promise<void> => {
  const changing = events.filter(({ effect }) => effect !== null).map((event) => `(${isAboutSql(event)})`)
  await database.run(`
    CREATE OR REPLACE TEMP TABLE horizon AS
    SELECT s.series_id, f.ts, f.predicted
    FROM flagged f JOIN series s ON s.server_id = f.server_id AND s.metric = f.metric
    WHERE f.is_selected AND f.is_horizon AND f.predicted IS NOT NULL
      AND f.ts >= (SELECT min(horizon_start) FROM series) AND (${changing.length === 0 ? 'false' : changing.join(' OR ')})`)
}

/** A line of an events table that says what the run's report says. */
const lineOf = ({ from, until, target, metric, effect, note }: LedgerEventReport): LedgerLine => {
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

const tableText = (lines: readonly LedgerLine[]): string =>
  [ledgerColumns, ...lines.map((line) => ledgerColumns.map((column) => line[column]))]
    .map((fields) => `${fields.map(csvField).join(',')}\n`)
    .join('')

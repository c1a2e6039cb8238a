// Reads a history: headline figures of each run, risks by age, and each run's statement held against what came.
import { basename } from 'node:path'
import { z } from 'zod'
import { runHistorySchema, type HistoryRun, type OutcomeCheck, type RunHistory } from '../../../src-shared/ipc/run-history.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { dayText, zoneClock } from '../../../src-shared/run/zone-clock.ts'
import { literal, type Database } from '../../database/database.ts'
import { isMeasuredSql } from '../../forecasts/forecast-columns.ts'
import { readPlanName } from '../../run-folder/plan-name.ts'
import { findPolicyDifferences } from '../compare/policy-differences.ts'
import { atRiskRangeSchema } from '../run/describe-run.ts'
import { openQueryDatabase, readingRun } from '../run/query-database.ts'
import { createFlaggedRows, createServerRisk } from '../run/run-tables.ts'
import { findLateOrders, readFollowUp, readHistoryDecisions } from './follow-up.ts'
import { dropReplaced, readRunsOf, type RunOfHistory, type RunsOfFolder } from './find-runs.ts'

export interface HistoryOptions {
  readonly signal?: AbortSignal | undefined
  /** Name of a run in the folder, whose fleet counts; default: the latest run. */
  readonly fleetOf?: string | undefined
  /** YYYY-MM-DD: dates before it have passed. Default, and never earlier: the day that the latest forecast begins on. */
  readonly asOf?: string | undefined
}

/** Throws run-not-found, run-damaged, cancelled. Reads each run once, and a second one for what came of it. */
export const readHistory = async (path: string, { signal, fleetOf, asOf }: HistoryOptions = {}): Promise<RunHistory> => {
  const { database, close } = await openQueryDatabase(signal)
  try {
    const found = dropReplaced(await storeFleet(database, await readRunsOf(path), fleetOf))
    const { folder, runs, notes } = found
    await numberRuns(database, runs)
    await database.run('CREATE TABLE history_outcomes (run INTEGER, server_id VARCHAR, came BOOLEAN)')
    const figures: HistoryRun[] = []
    const unmeasured: string[] = []
    for (const [index, run] of runs.entries()) {
      const measuring = findMeasuring(runs, index)
      let outcome: OutcomeCheck | null = null
      try {
        if (measuring !== null) outcome = await readingRun(measuring.folder, () => checkOutcome(database, run, index, measuring))
      } catch (error) {
        if (!(error instanceof HeadroomError) || error.code !== 'run-damaged') throw error
        unmeasured.push(`What came of ${run.name} is not known: ${measuring!.name} is damaged.`)
      }
      figures.push({ ...describeRun(run), ...(await readCounts(database, index)), outcome })
    }
    const { manifest } = runs.at(-1)!
    const firstDay = dayText(zoneClock(manifest.time_zone), Date.parse(manifest.horizon.start))
    const day = asOf === undefined || asOf < firstDay ? firstDay : asOf
    const decisions = await readHistoryDecisions(found)
    const late = await findLateOrders(database, runs.length - 1, decisions.states, day, manifest.time_zone)
    const followed = await readFollowUp(database, runs, decisions.states, day)
    return runHistorySchema.parse({
      folder,
      name: (await readPlanName(folder)) ?? basename(folder),
      time_zone: manifest.time_zone,
      as_of: day,
      runs: figures,
      lasting: await readLasting(database, runs),
      overdue_orders: late.length,
      late_orders: late,
      follow_up: followed.followUp,
      notes: [...notes, ...unmeasured, ...decisions.notes, ...followed.notes, ...describeBreaks(runs)],
    })
  } finally {
    await close()
  }
}

/** Stores the servers of every run, and leaves out runs that share none with the fleet's. */
const storeFleet = async (
  database: Database,
  { folder, runs, notes }: RunsOfFolder,
  fleetOf: string | undefined,
): Promise<RunsOfFolder> => {
  await database.run(
    'CREATE TABLE servers_of_runs (name VARCHAR, server_id VARCHAR, is_at_risk BOOLEAN, probability DOUBLE, is_underutilized BOOLEAN, recommendation VARCHAR, monthly_cost_usd DOUBLE, order_by TIMESTAMP, is_order_late BOOLEAN)',
  )
  for (const run of runs) await readingRun(run.folder, () => storeServers(database, run))
  const fleet = (runs.find(({ name }) => name === fleetOf) ?? runs.at(-1)!).name
  const related = await database.rows(
    'SELECT DISTINCT name FROM servers_of_runs WHERE name = $1 OR server_id IN (SELECT server_id FROM servers_of_runs WHERE name = $1)',
    z.object({ name: z.string() }),
    [fleet],
  )
  const names = new Set(related.map(({ name }) => name)).add(fleet)
  return {
    folder,
    runs: runs.filter(({ name }) => names.has(name)),
    notes: [
      ...notes,
      ...runs.flatMap(({ name }) => (names.has(name) ? [] : [`${name} does not count: it shares no server with ${fleet}.`])),
    ],
  }
}

/** `history_servers`: the same, with the place of each run in the history. */
const numberRuns = async (database: Database, runs: readonly RunOfHistory[]): Promise<void> => {
  await database.storeRows(
    'run_places',
    { run: 'INTEGER', name: 'VARCHAR' },
    runs.map(({ name }, index) => [index, name]),
  )
  await database.run(
    'CREATE TABLE history_servers AS SELECT p.run, s.* EXCLUDE (name) FROM servers_of_runs s JOIN run_places p USING (name)',
  )
}

const expectedServers = (range: z.infer<typeof atRiskRangeSchema> | undefined): HistoryRun['at_risk_range'] =>
  range === undefined ? null : { expected_servers: range.expected, low: range.low, high: range.high }

const describeRun = ({ name, manifest, summary, recommendationTotals }: RunOfHistory) => ({
  folder: name,
  run_id: manifest.run_id,
  analyzed_at: manifest.analyzed_at,
  horizon: { start: manifest.horizon.start, end: manifest.horizon.end },
  at_risk_range: expectedServers(atRiskRangeSchema.safeParse(summary).data),
  savings_usd: recommendationTotals?.total_savings_usd ?? null,
})

const storeServers = async (database: Database, run: RunOfHistory): Promise<void> => {
  await createServerRisk(database, run, 'one', 'VIEW')
  await database.run(
    `INSERT INTO servers_of_runs
     SELECT ${literal(run.name)}, server_id, bool_or(is_server_at_risk), max(server_at_risk_probability), bool_or(is_underutilized),
            any_value(recommendation) FILTER (is_limiting), max(monthly_cost_usd), max(order_by) FILTER (is_limiting), bool_or(is_order_late) FILTER (is_limiting)
     FROM one.server_risk GROUP BY server_id`,
  )
}

const countsSchema = z.object({
  servers: z.int(),
  at_risk: z.int(),
  new_at_risk: z.int().nullable(),
  cleared: z.int().nullable(),
  underutilized: z.int(),
})

const readCounts = (database: Database, index: number): Promise<z.infer<typeof countsSchema>> =>
  database.row(
    `SELECT CAST(count(n.server_id) AS INTEGER) AS servers, CAST(count(*) FILTER (n.is_at_risk) AS INTEGER) AS at_risk,
            ${index === 0 ? 'NULL' : 'CAST(count(*) FILTER (n.is_at_risk AND NOT coalesce(b.is_at_risk, false)) AS INTEGER)'} AS new_at_risk,
            ${index === 0 ? 'NULL' : 'CAST(count(*) FILTER (b.is_at_risk AND NOT coalesce(n.is_at_risk, false)) AS INTEGER)'} AS cleared,
            CAST(count(*) FILTER (n.is_underutilized) AS INTEGER) AS underutilized
     FROM (FROM history_servers WHERE run = ${index}) n FULL JOIN (FROM history_servers WHERE run = ${index - 1}) b USING (server_id)`,
    countsSchema,
  )

/** The first run whose horizon begins after this one's ended, in the same step. */
const findMeasuring = (runs: readonly RunOfHistory[], index: number): RunOfHistory | null => {
  const { horizon, step_seconds } = runs[index]!.manifest
  return (
    runs.find(({ manifest }) => manifest.step_seconds === step_seconds && Date.parse(manifest.horizon.start) > Date.parse(horizon.end)) ??
    null
  )
}

const outcomeSchema = z.object({
  measured: z.int(),
  expected_risks: z.number().nullable(),
  came: z.int(),
  stated: z.int(),
  hits: z.int(),
  brier: z.number().nullable(),
  p95_error: z.number().nullable(),
})

/** Every model of a run repeats what was measured, so one value per time is taken. Sums are rounded, so that the order of rows has no effect. */
const checkOutcome = async (
  database: Database,
  run: RunOfHistory,
  index: number,
  measuring: RunOfHistory,
): Promise<OutcomeCheck | null> => {
  await createServerRisk(database, run, 'stating', 'VIEW')
  await createFlaggedRows(database, measuring, 'measuring')
  const range = await database.row(
    `SELECT CAST(min(horizon_start) AS VARCHAR) AS start, CAST(max(horizon_end) AS VARCHAR) AS "end" FROM stating.server_risk
     WHERE high_threshold IS NOT NULL AND horizon_periods > 0`,
    z.object({ start: z.string().nullable(), end: z.string().nullable() }),
  )
  if (range.start === null || range.end === null) return null
  await database.run(
    `CREATE OR REPLACE TABLE run_outcomes AS
     WITH stated AS (
       SELECT server_id, metric, horizon_start, horizon_end, horizon_periods, high_threshold, is_at_risk, at_risk_probability, p95_median
       FROM stating.server_risk WHERE high_threshold IS NOT NULL AND horizon_periods > 0
     ), measured AS (
       SELECT server_id, metric, ts, max(actual) AS actual FROM measuring.flagged_rows
       WHERE ${isMeasuredSql} AND ts BETWEEN ${literal(range.start)} AND ${literal(range.end)} GROUP BY ALL
     )
     SELECT server_id, any_value(is_at_risk) AS is_at_risk, any_value(at_risk_probability) AS probability,
            any_value(p95_median) - quantile_cont(actual, 0.95) AS error, quantile_cont(actual, 0.95) > any_value(high_threshold) AS came
     FROM stated JOIN measured USING (server_id, metric) WHERE ts BETWEEN horizon_start AND horizon_end
     GROUP BY server_id, metric HAVING count(*) >= any_value(horizon_periods)`,
  )
  await database.run(`INSERT INTO history_outcomes SELECT ${index}, server_id, bool_or(came) FROM run_outcomes GROUP BY server_id`)
  const figures = await database.row(
    `SELECT CAST(count(*) AS INTEGER) AS measured, round(sum(probability), 6) AS expected_risks, CAST(count(*) FILTER (came) AS INTEGER) AS came,
            CAST(count(*) FILTER (is_at_risk) AS INTEGER) AS stated, CAST(count(*) FILTER (is_at_risk AND came) AS INTEGER) AS hits,
            round(avg((probability - CAST(came AS DOUBLE)) ** 2), 6) AS brier, round(avg(abs(error)), 6) AS p95_error
     FROM run_outcomes`,
    outcomeSchema,
  )
  return figures.measured === 0 ? null : { measured_by: measuring.name, ...figures }
}

/** At risk in the latest run, with the number of consecutive runs at risk before it. */
const readLasting = async (database: Database, runs: readonly RunOfHistory[]): Promise<RunHistory['lasting']> => {
  const latest = runs.length - 1
  const rows = await database.rows(
    `WITH at_risk AS (
       SELECT server_id, run, probability, row_number() OVER (PARTITION BY server_id ORDER BY run DESC) AS place FROM history_servers WHERE is_at_risk
     )
     SELECT server_id, CAST(count(*) AS INTEGER) AS runs, any_value(probability) FILTER (run = ${latest}) AS probability
     FROM at_risk WHERE run + place = ${latest + 1} GROUP BY server_id ORDER BY runs DESC, probability DESC NULLS LAST, server_id`,
    z.object({ server_id: z.string(), runs: z.int(), probability: z.number().nullable() }),
  )
  return rows.map((row) => ({ ...row, since: runs[latest - row.runs + 1]!.manifest.horizon.start }))
}

/** Settings that move counts, in addition to those that define what they mean. */
const thresholdKeys: ReadonlySet<string> = new Set([
  'high_risk_threshold',
  'very_high_risk_threshold',
  'metric_thresholds',
  'criticality_thresholds',
  'underutilized_threshold',
])

/** Where figures of neighbouring runs mean different things. */
const describeBreaks = (runs: readonly RunOfHistory[]): string[] =>
  runs.slice(1).flatMap((run, index) => {
    const changed = findPolicyDifferences(runs[index]!.manifest, run.manifest)
      .filter(({ key, is_definition }) => is_definition || thresholdKeys.has(key.split('.')[0]!))
      .map(({ key }) => key)
    return changed.length === 0
      ? []
      : [`From ${run.name} on, other settings of ${changed.join(', ')} apply: counts before and after mean different things.`]
  })

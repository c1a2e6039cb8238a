// What came of the planners' decisions: what is overdue, saved, less at risk, and what was dismissed and breached all the same.
import { join } from 'node:path'
import { z } from 'zod'
import { emptyFollowUp, followUpSchema, type FollowUp, type RunHistory } from '../../../src-shared/ipc/run-history.ts'
import { dayText, zoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { Database } from '../../database/database.ts'
import { readDecisionFile } from '../../notes/decision-file.ts'
import { findStates, isExpired, mergeDecisions, type DecisionLine, type DecisionState } from '../../notes/decision-log.ts'
import { readOwnDecisions } from '../../notes/decisions.ts'
import { decisionsFileName } from '../../run-folder/read-run-folder.ts'
import type { FoundRuns, RunOfHistory } from './find-runs.ts'

export interface HistoryDecisions {
  readonly states: readonly DecisionState[]
  /** About lines that do not count. */
  readonly notes: readonly string[]
}

/** Decisions of the history and of its single runs. Throws run-damaged. */
export const readHistoryDecisions = async ({ folder, runs, replaced }: FoundRuns): Promise<HistoryDecisions> => {
  const own = await Promise.all([...runs, ...replaced].map((run) => readOwnDecisions(run.folder)))
  const { lines, damaged } = await readDecisionFile(join(folder, decisionsFileName))
  return {
    states: [...findStates(mergeDecisions(lines, ...own)).values()].filter(({ latest }) => latest.verdict !== 'withdrawn'),
    notes: damaged.map((number) => `Line ${number} of ${decisionsFileName} is no decision and does not count.`),
  }
}

export interface FollowedDecisions {
  readonly followUp: FollowUp
  /** About decisions that do not count. */
  readonly notes: readonly string[]
}

/**
 * `database` holds `history_servers` and `history_outcomes` of all runs. A decision belongs to the last run whose forecast began by then.
 * `asOf`, YYYY-MM-DD: dates before it have passed.
 */
export const readFollowUp = async (
  database: Database,
  runs: readonly RunOfHistory[],
  allStates: readonly DecisionState[],
  asOf: string,
): Promise<FollowedDecisions> => {
  if (allStates.length === 0) return { followUp: emptyFollowUp, notes: [] }
  const known = await readServerNames(database)
  const states = allStates.filter(({ latest }) => known.has(latest.server_id))
  await storeDecisions(database, runs, states)
  const latest = runs.length - 1
  const clock = zoneClock(runs[latest]!.manifest.time_zone)
  const startOf = (run: number): string => runs[run]!.manifest.horizon.start
  const open = await database.rows(
    `SELECT d.server_id, d.recommendation, d.until, CAST(epoch_ms(s.order_by) AS DOUBLE) AS order_ms, d.decided_by, d.decided_at
     FROM history_decisions d JOIN history_servers n ON n.run = ${latest} AND n.server_id = d.server_id AND n.recommendation = d.recommendation
     LEFT JOIN history_servers s ON s.run = d.run AND s.server_id = d.server_id
     WHERE d.verdict = 'accepted'`,
    z.object({
      server_id: z.string(),
      recommendation: z.string(),
      until: z.string().nullable(),
      order_ms: z.number().nullable(),
      decided_by: z.string(),
      decided_at: z.string(),
    }),
  )
  const overdue = open
    .map(({ until, order_ms, ...row }) => ({ ...row, due: until ?? (order_ms === null ? null : dayText(clock, order_ms)) }))
    .flatMap(({ due, ...row }) => (due !== null && due < asOf ? [{ ...row, due }] : []))
    .sort((a, b) => (a.due < b.due ? -1 : a.due > b.due ? 1 : a.server_id < b.server_id ? -1 : 1))
  const saved = await readSavings(database, latest)
  const left = saved.filter(({ last_run }) => last_run < latest)
  const staying = saved.filter(({ last_run }) => last_run === latest)
  const risk = await database.rows(
    `SELECT d.server_id, coalesce(d.probability, s.probability) AS before, n.probability AS now, n.is_at_risk
     FROM history_decisions d LEFT JOIN history_servers s ON s.run = d.run AND s.server_id = d.server_id
     JOIN history_servers n ON n.run = ${latest} AND n.server_id = d.server_id
     WHERE d.verdict IN ('accepted', 'done') AND d.recommendation = 'add capacity'
       AND coalesce(d.probability, s.probability) IS NOT NULL AND n.probability IS NOT NULL
     ORDER BY before - now DESC, d.server_id`,
    followUpSchema.shape.risk.element,
  )
  const breached = await database.rows(
    `SELECT d.server_id, d.recommendation, d.reason, d.decided_by, d.decided_at
     FROM history_decisions d JOIN history_outcomes o ON o.run = d.run AND o.server_id = d.server_id AND o.came
     WHERE d.verdict = 'dismissed' AND d.recommendation IN ('add capacity', 'watch') ORDER BY d.server_id, d.recommendation`,
    followUpSchema.shape.breached.element,
  )
  const count = (verdict: string): number =>
    states.filter((state) => state.latest.verdict === verdict && !isExpired(state.latest, asOf)).length
  const sum = (rows: readonly { readonly monthly_usd: number }[]): number =>
    Math.round(rows.reduce((total, { monthly_usd }) => total + monthly_usd, 0) * 100) / 100
  const followUp = followUpSchema.parse({
    accepted: count('accepted'),
    done: count('done'),
    dismissed: count('dismissed'),
    expired: states.filter((state) => isExpired(state.latest, asOf)).length,
    conflicts: states.filter(({ isConflict }) => isConflict).length,
    overdue,
    realised_usd: sum(left),
    promised_usd: sum(staying.filter(({ is_to_come }) => is_to_come)),
    left: left.map(({ server_id, recommendation, monthly_usd, last_run }) => ({
      server_id,
      recommendation,
      monthly_usd,
      left_by: startOf(last_run + 1),
    })),
    risk,
    breached,
    decisions: states.map(({ latest: line, isConflict }) => ({ ...line, is_expired: isExpired(line, asOf), is_conflict: isConflict })),
  })
  return {
    followUp,
    notes: [
      ...describeUnknown(allStates.filter(({ latest: line }) => !known.has(line.server_id))),
      ...describeUncounted(staying.filter(({ is_to_come }) => !is_to_come)),
    ],
  }
}

const readServerNames = async (database: Database): Promise<ReadonlySet<string>> => {
  const rows = await database.rows('SELECT DISTINCT server_id FROM history_servers', z.object({ server_id: z.string() }))
  return new Set(rows.map(({ server_id }) => server_id))
}

const savingSchema = z.object({
  server_id: z.string(),
  recommendation: z.string(),
  last_run: z.int(),
  monthly_usd: z.number(),
  /** Of the latest run with the server. */
  recommended: z.string().nullable(),
  /** A run recommends it, and nobody accepted capacity for the server. */
  is_to_come: z.boolean(),
})
type Saving = z.infer<typeof savingSchema>

/** Accepted savings, one of each server, the most expensive first. */
const readSavings = (database: Database, latest: number): Promise<Saving[]> =>
  database.rows(
    `WITH savings AS (
       SELECT d.server_id, d.recommendation, CAST(max(s.run) AS INTEGER) AS last_run, CAST(max_by(s.monthly_cost_usd, s.run) AS DOUBLE) AS monthly_usd,
              max_by(s.recommendation, s.run) AS recommended,
              bool_or(coalesce(s.recommendation = d.recommendation, false)) AND d.server_id NOT IN (
                SELECT server_id FROM history_decisions WHERE verdict = 'accepted' AND recommendation = 'add capacity') AS is_to_come
       FROM history_decisions d JOIN history_servers s USING (server_id)
       WHERE d.verdict IN ('accepted', 'done') AND d.recommendation IN ('retire', 'consolidate')
       GROUP BY d.server_id, d.recommendation
     )
     FROM savings QUALIFY row_number() OVER (PARTITION BY server_id ORDER BY is_to_come AND last_run = ${latest} DESC, recommendation DESC) = 1
     ORDER BY monthly_usd DESC, server_id`,
    savingSchema,
  )

const maxNamed = 3

/** "web and db", "web, db, mq and 4 more". */
const nameFirst = (names: readonly string[]): string => {
  const [shown, more] = [names.slice(0, maxNamed), names.length - maxNamed]
  if (more > 0) return `${shown.join(', ')} and ${more} more`
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)!}`
}

const describeUnknown = (states: readonly DecisionState[]): string[] =>
  states.length === 0
    ? []
    : [`Decisions about servers that are in no run do not count: ${nameFirst([...new Set(states.map(({ latest }) => latest.server_id))])}.`]

const describeUncounted = (savings: readonly Saving[]): string[] =>
  savings.length === 0
    ? []
    : [
        `Accepted savings that no run recommends, or whose server was promised capacity, are not still to come: ${nameFirst(
          savings.map(
            ({ server_id, recommendation, recommended }) => `${recommendation} ${server_id} (the run says ${recommended ?? 'nothing'})`,
          ),
        )}.`,
      ]

/** Orders of the latest run whose date has passed by `asOf`, and that are neither dismissed nor done, the earliest first. */
export const findLateOrders = async (
  database: Database,
  latest: number,
  states: readonly DecisionState[],
  asOf: string,
  timeZone: string,
): Promise<RunHistory['late_orders']> => {
  const closed = new Set(
    states
      .filter(
        ({ latest: line }) =>
          line.recommendation === 'add capacity' && ['dismissed', 'done'].includes(line.verdict) && !isExpired(line, asOf),
      )
      .map(({ latest: line }) => line.server_id),
  )
  const orders = await database.rows(
    `SELECT server_id, CAST(epoch_ms(order_by) AS DOUBLE) AS order_ms, is_order_late FROM history_servers
     WHERE run = ${latest} AND recommendation = 'add capacity' AND order_by IS NOT NULL ORDER BY order_by, server_id`,
    z.object({ server_id: z.string(), order_ms: z.number(), is_order_late: z.boolean().nullable() }),
  )
  const clock = zoneClock(timeZone)
  return orders
    .map(({ order_ms, ...order }) => ({ ...order, order_by: dayText(clock, order_ms) }))
    .filter(({ server_id, order_by, is_order_late }) => !closed.has(server_id) && (is_order_late === true || order_by < asOf))
    .map(({ server_id, order_by }) => ({ server_id, order_by }))
}

const storeDecisions = async (database: Database, runs: readonly RunOfHistory[], states: readonly DecisionState[]): Promise<void> => {
  const starts = runs.map(({ manifest }) => Date.parse(manifest.horizon.start))
  const runOf = (decidedAt: string): number => Math.max(0, starts.filter((start) => start <= Date.parse(decidedAt)).length - 1)
  const text = 'VARCHAR'
  await database.storeRows(
    'history_decisions',
    {
      run: 'INTEGER',
      server_id: text,
      recommendation: text,
      verdict: text,
      reason: text,
      until: text,
      decided_by: text,
      decided_at: text,
      probability: 'DOUBLE',
    },
    states.map((state) => {
      const { server_id, recommendation, verdict, reason, until, decided_by, decided_at } = state.latest
      const first = firstOf(state)
      return [runOf(first.decided_at), server_id, recommendation, verdict, reason, until, decided_by, decided_at, first.probability ?? null]
    }),
  )
}

/** What is done was accepted before: that decision begins what came of it. */
const firstOf = ({ lines, latest }: DecisionState): DecisionLine => {
  const agrees = (verdict: DecisionLine['verdict']): boolean =>
    latest.verdict === 'dismissed' ? verdict === 'dismissed' : verdict === 'accepted' || verdict === 'done'
  let first = latest
  for (const line of [...lines].reverse()) {
    if (!agrees(line.verdict)) break
    first = line
  }
  return first
}

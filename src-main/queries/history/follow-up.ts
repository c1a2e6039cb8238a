// What came of the planners' decisions: what is overdue, saved, less at risk, and what was dismissed and breached all the same.
import { join } from 'node:path'
import { z } from 'zod'
import { emptyFollowUp, followUpSchema, type FollowUp } from '../../../src-shared/ipc/run-history.ts'
import { dayText, zoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { Database } from '../../database/database.ts'
import { readDecisionFile } from '../../notes/decision-file.ts'
import { findStates, mergeDecisions, type DecisionLine, type DecisionState } from '../../notes/decision-log.ts'
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

/**
 * `database` holds `history_servers` and `history_outcomes` of all runs. A decision belongs to the last run whose forecast began by then;
 * dates are held against the day that the latest forecast begins on.
 */
export const readFollowUp = async (
  database: Database,
  runs: readonly RunOfHistory[],
  states: readonly DecisionState[],
): Promise<FollowUp> => {
  if (states.length === 0) return emptyFollowUp
  await storeDecisions(database, runs, states)
  const latest = runs.length - 1
  const clock = zoneClock(runs[latest]!.manifest.time_zone)
  const today = dayText(clock, Date.parse(runs[latest]!.manifest.horizon.start))
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
    .flatMap(({ due, ...row }) => (due !== null && due < today ? [{ ...row, due }] : []))
    .sort((a, b) => (a.due < b.due ? -1 : a.due > b.due ? 1 : a.server_id < b.server_id ? -1 : 1))
  const saved = await database.rows(
    `SELECT d.server_id, d.recommendation, CAST(max(s.run) AS INTEGER) AS last_run, CAST(max_by(s.monthly_cost_usd, s.run) AS DOUBLE) AS monthly_usd
     FROM history_decisions d JOIN history_servers s USING (server_id)
     WHERE d.verdict IN ('accepted', 'done') AND d.recommendation IN ('retire', 'consolidate')
     GROUP BY ALL ORDER BY monthly_usd DESC, d.server_id`,
    z.object({ server_id: z.string(), recommendation: z.string(), last_run: z.int(), monthly_usd: z.number() }),
  )
  const left = saved.filter(({ last_run }) => last_run < latest)
  const risk = await database.rows(
    `SELECT d.server_id, s.probability AS before, n.probability AS now, n.is_at_risk
     FROM history_decisions d JOIN history_servers s ON s.run = d.run AND s.server_id = d.server_id
     JOIN history_servers n ON n.run = ${latest} AND n.server_id = d.server_id
     WHERE d.verdict IN ('accepted', 'done') AND d.recommendation = 'add capacity' AND s.probability IS NOT NULL AND n.probability IS NOT NULL
     ORDER BY s.probability - n.probability DESC, d.server_id`,
    followUpSchema.shape.risk.element,
  )
  const breached = await database.rows(
    `SELECT d.server_id, d.recommendation, d.reason, d.decided_by, d.decided_at
     FROM history_decisions d JOIN history_outcomes o ON o.run = d.run AND o.server_id = d.server_id AND o.came
     WHERE d.verdict = 'dismissed' AND d.recommendation IN ('add capacity', 'watch') ORDER BY d.server_id, d.recommendation`,
    followUpSchema.shape.breached.element,
  )
  const count = (verdict: string): number => states.filter((state) => state.latest.verdict === verdict).length
  const sum = (rows: readonly { readonly monthly_usd: number }[]): number =>
    Math.round(rows.reduce((total, { monthly_usd }) => total + monthly_usd, 0) * 100) / 100
  return followUpSchema.parse({
    accepted: count('accepted'),
    done: count('done'),
    dismissed: count('dismissed'),
    conflicts: states.filter(({ isConflict }) => isConflict).length,
    overdue,
    realised_usd: sum(left),
    promised_usd: sum(saved.filter(({ last_run }) => last_run === latest)),
    left: left.map(({ last_run, ...row }) => ({ ...row, left_by: startOf(last_run + 1) })),
    risk,
    breached,
  })
}

const storeDecisions = async (database: Database, runs: readonly RunOfHistory[], states: readonly DecisionState[]): Promise<void> => {
  const starts = runs.map(({ manifest }) => Date.parse(manifest.horizon.start))
  const runOf = (decidedAt: string): number => Math.max(0, starts.filter((start) => start <= Date.parse(decidedAt)).length - 1)
  const text = 'VARCHAR'
  await database.storeRows(
    'history_decisions',
    { run: 'INTEGER', server_id: text, recommendation: text, verdict: text, reason: text, until: text, decided_by: text, decided_at: text },
    states.map((state) => {
      const { server_id, recommendation, verdict, reason, until, decided_by, decided_at } = state.latest
      return [runOf(firstOf(state).decided_at), server_id, recommendation, verdict, reason, until, decided_by, decided_at]
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

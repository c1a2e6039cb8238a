// Sentences about a history, the same in the pack and in the window: how many run out, what changed, what is overdue, and what came of the last statement.
import { describeFinding } from './fleet-finding.ts'
import type { FollowUp, HistoryRun, OutcomeCheck, RunHistory } from '../ipc/run-history.ts'

/** Runs in a row from which a risk counts as old. */
export const oldRuns = 3

export const countOld = (lasting: RunHistory['lasting']): number => lasting.filter(({ runs }) => runs >= oldRuns).length

export interface HistoryWriting {
  readonly count: (value: number) => string
  /** With one decimal. */
  readonly decimal: (value: number) => string
  readonly day: (iso: string) => string
}

type RunFigures = Pick<HistoryRun, 'horizon' | 'new_at_risk' | 'cleared'>

/** "Since the run from 1 May: 3 servers newly at risk, 2 no longer. 4 servers at risk for 3 runs or more." `old`: how many of the last. */
export const describeChange = (runs: readonly RunFigures[], old: number, { count, day }: HistoryWriting): string => {
  const [before, latest] = [runs.at(-2), runs.at(-1)]
  if (before === undefined || latest === undefined) return 'This is the first run of the history.'
  const servers = (number: number): string => `${count(number)} ${number === 1 ? 'server' : 'servers'}`
  return (
    `Since the run from ${day(before.horizon.start)}: ${servers(latest.new_at_risk ?? 0)} newly at risk, ${count(latest.cleared ?? 0)} no longer. ` +
    `${servers(old)} at risk for ${oldRuns} runs or more.`
  )
}

export const hasOutcome = <Run extends Pick<HistoryRun, 'outcome'>>(run: Run): run is Run & { readonly outcome: OutcomeCheck } =>
  run.outcome !== null

/** Of the latest run whose horizon is over. */
export const describeLastStatement = (
  runs: readonly Pick<HistoryRun, 'horizon' | 'outcome'>[],
  { count, decimal, day }: HistoryWriting,
): string => {
  const allChecked = runs.filter(hasOutcome)
  const checked = allChecked.at(-1)
  if (checked === undefined) return 'What came of the statements is not known yet: no run measured the whole horizon of an earlier one.'
  const { expected_risks: expected, came, stated, hits } = checked.outcome
  const [from, until] = [day(checked.horizon.start), day(checked.horizon.end)]
  return (
    (expected === null
      ? `Of the risks in the run from ${from}, ${count(came)} came by ${until}. `
      : `The run from ${from} expected ${decimal(expected)} ${decimal(expected) === '1' ? 'risk' : 'risks'}, and ${count(came)} came by ${until}. `) +
    `It had stated ${count(hits)} of them, and ${count(stated - hits)} more that did not come.`
  )
}

/** Names in a sentence; more are counted. */
const maxNames = 3

export interface OverdueWriting {
  readonly count: (value: number) => string
  /** Of YYYY-MM-DD. */
  readonly day: (day: string) => string
}

/** "a, b, c and 4 more". `total`: of a list that may be shortened. */
const listFirst = (texts: readonly string[], total: number, count: OverdueWriting['count']): string => {
  const rest = total - Math.min(maxNames, texts.length)
  return `${texts.slice(0, maxNames).join(', ')}${rest === 0 ? '' : ` and ${count(rest)} more`}`
}

type Orders = Pick<RunHistory, 'overdue_orders' | 'late_orders' | 'as_of'>

/** "2 orders are overdue as of 29 November 2026: db (by 24 Sep 2026), web (by 25 Nov 2026)." */
export const describeOverdueOrders = (
  { overdue_orders: orders, late_orders: late, as_of }: Orders,
  { count, day }: OverdueWriting,
): string =>
  orders === 0
    ? `No order is overdue as of ${day(as_of)}.`
    : `${count(orders)} ${orders === 1 ? 'order is' : 'orders are'} overdue as of ${day(as_of)}: ${listFirst(
        late.map(({ server_id, order_by }) => `${server_id} (by ${day(order_by)})`),
        orders,
        count,
      )}.`

/** "2 accepted recommendations are past their dates: retire idle (due 1 Dec 2026), add capacity web (due 3 Dec 2026)."; "" for none. `total`: of a list that may be shortened. */
export const describePastDecisions = (
  overdue: readonly Pick<FollowUp['overdue'][number], 'server_id' | 'recommendation' | 'due'>[],
  total: number,
  { count, day }: OverdueWriting,
): string =>
  total === 0
    ? ''
    : `${count(total)} accepted ${total === 1 ? 'recommendation is past its date' : 'recommendations are past their dates'}: ${listFirst(
        overdue.map(({ server_id, recommendation, due }) => `${recommendation} ${server_id} (due ${day(due)})`),
        total,
        count,
      )}.`

/** Both; an accepted order can be in both. */
export const describeOverdue = (
  history: Orders & { readonly follow_up: Pick<FollowUp, 'overdue'> },
  pastDecisions: number,
  writing: OverdueWriting,
): string => {
  if (history.overdue_orders + pastDecisions === 0) return `Nothing is overdue as of ${writing.day(history.as_of)}.`
  return [describeOverdueOrders(history, writing), describePastDecisions(history.follow_up.overdue, pastDecisions, writing)]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

/** "26 of 116 servers are likely to run out by 20 December 2026, 6 more than in the run before". */
export const describeLatestRun = (
  runs: readonly Pick<HistoryRun, 'horizon' | 'servers' | 'at_risk'>[],
  { count, day }: Pick<HistoryWriting, 'count' | 'day'>,
): string => {
  const [before, latest] = [runs.at(-2), runs.at(-1)]
  if (latest === undefined) return ''
  const until = ` by ${day(latest.horizon.end)}`
  const finding =
    latest.at_risk === 0
      ? `None of ${count(latest.servers)} servers is likely to run out${until}`
      : describeFinding({ servers: latest.servers, atRisk: latest.at_risk, certain: null }, until, count)
  if (before === undefined) return finding
  const change = latest.at_risk - before.at_risk
  return `${finding}, ${change === 0 ? 'as many as in the run before' : `${count(Math.abs(change))} ${change > 0 ? 'more' : 'fewer'} than in the run before`}`
}

type Decided = Pick<FollowUp, 'accepted' | 'done' | 'dismissed' | 'expired' | 'conflicts' | 'realised_usd' | 'promised_usd'>

/** ", 1 open again after its dismissal ended"; "" for none. */
export const expiredText = (expired: number, count: (value: number) => string): string =>
  expired === 0 ? '' : `, ${count(expired)} open again after ${expired === 1 ? 'its dismissal' : 'their dismissals'} ended`

/** "was dismissed" once the date of a dismissal has passed. */
export const verdictText = ({ verdict, is_expired: isExpired, is_conflict: isConflict }: FollowUp['decisions'][number]): string =>
  `${isExpired ? 'was dismissed' : verdict}${isConflict ? ', planners differ' : ''}`

/** What came of the decisions, a sentence for each kind. `left`: servers that left. */
export const describeFollowUp = (
  { accepted, done, dismissed, expired, conflicts, realised_usd, promised_usd, left }: Decided & { readonly left: number },
  { count, usd }: { readonly count: (value: number) => string; readonly usd: (value: number) => string },
): string[] => {
  if (accepted + done + dismissed + expired === 0) return ['Nothing has been decided yet.']
  return [
    `Recommendations: ${count(accepted)} accepted, ${count(done)} done, ${count(dismissed)} dismissed${expiredText(expired, count)}.`,
    `Realised: ${usd(realised_usd)} a month, the cost of ${count(left)} ${left === 1 ? 'server that left' : 'servers that left'}. ` +
      `Accepted and still to come: ${usd(promised_usd)} a month.`,
    ...(conflicts === 0 ? [] : [`Planners differ on ${count(conflicts)}; the latest decision counts until they agree.`]),
  ]
}

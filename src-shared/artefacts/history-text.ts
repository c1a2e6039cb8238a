// Sentences about a history, the same in the pack and in the window: what changed since the run before, and what came of the last statement.
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
  const { expected, came, stated, hits } = checked.outcome
  const [from, until] = [day(checked.horizon.start), day(checked.horizon.end)]
  return (
    (expected === null
      ? `Of the risks in the run from ${from}, ${count(came)} came by ${until}. `
      : `The run from ${from} expected ${decimal(expected)} ${decimal(expected) === '1' ? 'risk' : 'risks'}, and ${count(came)} came by ${until}. `) +
    `It had stated ${count(hits)} of them, and ${count(stated - hits)} more that did not come.`
  )
}

/**
 * "Overdue as of 29 November 2026: 2 orders. Accepted and past their date: 1." An accepted order can be in both. `day`: `as_of` as it is written;
 * `accepted`: how many are past their date.
 */
export const describeOverdue = (orders: number, accepted: number, day: string, count: (value: number) => string): string => {
  if (orders + accepted === 0) return `Nothing is overdue as of ${day}.`
  const ordersText =
    orders === 0 ? `No order is overdue as of ${day}.` : `Overdue as of ${day}: ${count(orders)} ${orders === 1 ? 'order' : 'orders'}.`
  return accepted === 0 ? ordersText : `${ordersText} Accepted and past their date: ${count(accepted)}.`
}

type Decided = Pick<FollowUp, 'accepted' | 'done' | 'dismissed' | 'expired' | 'conflicts' | 'realised_usd' | 'promised_usd'>

/** ", 1 no longer dismissed"; "" for none. */
export const expiredText = (expired: number, count: (value: number) => string): string =>
  expired === 0 ? '' : `, ${count(expired)} no longer dismissed since the date has passed`

/** "was dismissed" once the date of a dismissal has passed. */
export const verdictText = ({ verdict, is_expired: isExpired, is_conflict: isConflict }: FollowUp['decisions'][number]): string =>
  `${isExpired ? 'was dismissed' : verdict}${isConflict ? ', planners differ' : ''}`

/** What came of the decisions, a sentence for each kind. `overdue`, `left`: lists, or how long they are. */
export const describeFollowUp = (
  {
    accepted,
    done,
    dismissed,
    expired,
    conflicts,
    realised_usd,
    promised_usd,
    ...lists
  }: Decided & {
    readonly overdue: number | readonly unknown[]
    readonly left: number | readonly unknown[]
  },
  { count, usd }: { readonly count: (value: number) => string; readonly usd: (value: number) => string },
): string[] => {
  if (accepted + done + dismissed + expired === 0) return ['Nothing has been decided yet.']
  const [overdue, left] = [lists.overdue, lists.left].map((list) => (typeof list === 'number' ? list : list.length)) as [number, number]
  return [
    `Recommendations: ${count(accepted)} accepted, ${count(done)} done, ${count(dismissed)} dismissed${expiredText(expired, count)}. Accepted and past their date: ${count(overdue)}.`,
    `Realised: ${usd(realised_usd)} a month, the cost of ${count(left)} ${left === 1 ? 'server that left' : 'servers that left'}. ` +
      `Accepted and still to come: ${usd(promised_usd)} a month.`,
    ...(conflicts === 0 ? [] : [`Planners differ on ${count(conflicts)}; the latest decision counts until they agree.`]),
  ]
}

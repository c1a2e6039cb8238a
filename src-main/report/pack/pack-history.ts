// What a pack says about the runs before: the headline figures over time, and what came of each statement.
import { countRangeText } from '../../../src-shared/artefacts/fleet-finding.ts'
import { fixedFormatting as text } from '../../../src-shared/chart-options/format.ts'
import type { HistoryRun, OutcomeCheck, RunHistory } from '../../../src-shared/ipc/run-history.ts'
import { formatUsd, numberColumn, orDash, textColumn, type ReportTable } from '../report-table.ts'

const runsShown = 12
/** Runs in a row from which a risk counts as old. */
const oldRuns = 3

type WriteDay = (iso: string) => string

/** The latest runs, the latest last. */
export const createTrendTable = ({ runs }: RunHistory, day: WriteDay): ReportTable => ({
  title: 'Runs',
  ...(runs.length > runsShown ? { note: `The latest ${runsShown} of ${text.count(runs.length)}.` } : {}),
  columns: [
    textColumn('From'),
    numberColumn('Servers'),
    numberColumn('At risk'),
    numberColumn('Expected, 90 %'),
    numberColumn('New'),
    numberColumn('Cleared'),
    numberColumn('Underutilised'),
    numberColumn('Savings a month'),
  ],
  rows: runs
    .slice(-runsShown)
    .map(({ horizon, servers, at_risk, at_risk_range: range, new_at_risk, cleared, underutilized, savings_usd }) => [
      day(horizon.start),
      text.count(servers),
      text.count(at_risk),
      range === null ? '–' : countRangeText(range, text.count),
      orDash(new_at_risk, text.count),
      orDash(cleared, text.count),
      text.count(underutilized),
      orDash(savings_usd, formatUsd),
    ]),
})

/** "Since the run from 1 May: 3 servers newly at risk, 2 no longer. 4 have been at risk for 3 runs or more." */
export const describeChange = ({ runs, lasting }: RunHistory, day: WriteDay): string => {
  const [before, latest] = [runs.at(-2), runs.at(-1)!]
  const old = lasting.filter((risk) => risk.runs >= oldRuns).length
  if (before === undefined) return 'This is the first run of the history.'
  const servers = (count: number): string => `${text.count(count)} ${count === 1 ? 'server' : 'servers'}`
  return (
    `Since the run from ${day(before.horizon.start)}: ${servers(latest.new_at_risk ?? 0)} newly at risk, ${text.count(latest.cleared ?? 0)} no longer. ` +
    `${servers(old)} at risk for ${oldRuns} runs or more.`
  )
}

const hasOutcome = (run: HistoryRun): run is HistoryRun & { readonly outcome: OutcomeCheck } => run.outcome !== null

/** Of the latest run whose horizon is over. */
export const describeLastStatement = ({ runs }: RunHistory, day: WriteDay): string => {
  const allChecked = runs.filter(hasOutcome)
  const checked = allChecked.at(-1)
  if (checked === undefined) return 'What came of the statements is not known yet: no run measured the whole horizon of an earlier one.'
  const { expected, came, stated, hits } = checked.outcome
  const [from, until] = [day(checked.horizon.start), day(checked.horizon.end)]
  return (
    (expected === null
      ? `Of the risks in the run from ${from}, ${text.count(came)} came by ${until}. `
      : `The run from ${from} expected ${expected.toFixed(1)} risks, and ${text.count(came)} came by ${until}. `) +
    `It had stated ${text.count(hits)} of them, and ${text.count(stated - hits)} more that did not come.`
  )
}

/** A risk is one metric of one server. */
export const createOutcomesTable = ({ runs }: RunHistory, day: WriteDay): ReportTable => ({
  title: 'Statements and what came',
  note: 'A risk is one metric of one server. Only risks whose whole horizon was measured count. Brier: mean squared difference of probability and outcome.',
  columns: [
    textColumn('From'),
    textColumn('Until'),
    numberColumn('Measured'),
    numberColumn('Expected'),
    numberColumn('Came'),
    numberColumn('Stated'),
    numberColumn('Stated and came'),
    numberColumn('Brier'),
    numberColumn('P95 error'),
  ],
  rows: runs
    .filter(hasOutcome)
    .slice(-runsShown)
    .map(({ horizon, outcome }) => [
      day(horizon.start),
      day(horizon.end),
      text.count(outcome.measured),
      orDash(outcome.expected, (value) => value.toFixed(1)),
      text.count(outcome.came),
      text.count(outcome.stated),
      text.count(outcome.hits),
      orDash(outcome.brier, (value) => value.toFixed(4)),
      orDash(outcome.p95_error, (value) => value.toFixed(1)),
    ]),
})

// What a pack says about the runs before: the headline figures over time, and what came of each statement.
import { countRangeText } from '../../../src-shared/artefacts/fleet-finding.ts'
import { hasOutcome } from '../../../src-shared/artefacts/history-text.ts'
import { fixedFormatting as text } from '../../../src-shared/chart-options/format.ts'
import type { RunHistory } from '../../../src-shared/ipc/run-history.ts'
import { formatUsd, numberColumn, orDash, textColumn, type ReportTable } from '../report-table.ts'

const runsShown = 12

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
      orDash(outcome.expected_risks, (value) => value.toFixed(1)),
      text.count(outcome.came),
      text.count(outcome.stated),
      text.count(outcome.hits),
      orDash(outcome.brier, (value) => value.toFixed(4)),
      orDash(outcome.p95_error, (value) => value.toFixed(1)),
    ]),
})

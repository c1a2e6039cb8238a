// What came of the planners' decisions: overdue, saved, less at risk, and dismissed but breached.
import { describeFollowUp, verdictText } from '../../../src-shared/artefacts/history-text.ts'
import type { HistoryView } from '../../../src-shared/ipc/run-history.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import type { GridColumn } from '../../components/grid-columns.ts'
import { KeyFigure } from '../../components/key-figure.tsx'
import { navigateTo, openServer } from '../../state/navigation.ts'
import { formatDay, formatDollars, formatting } from '../../theme/formatting.ts'
import { recommendationLabels } from '../../theme/labels.ts'
import { PageGrid } from '../page-grid.tsx'
import { OverdueLine } from './overdue-line.tsx'

const server: GridColumn = { name: 'server', title: 'Server', kind: 'text', width: 160 }
const recommendation: GridColumn = { name: 'recommendation', title: 'Recommendation', kind: 'text', width: 140 }
const by: GridColumn = { name: 'by', title: 'Decided by', kind: 'text', width: 110 }
const on: GridColumn = { name: 'on', title: 'Decided on', kind: 'time', width: 110 }

const overdueColumns: readonly GridColumn[] = [server, { name: 'due', title: 'Due', kind: 'time', width: 110 }, recommendation, by, on]
const leftColumns: readonly GridColumn[] = [
  server,
  { name: 'since', title: 'Gone since', kind: 'time', width: 110 },
  recommendation,
  { name: 'usd', title: 'Saves per month', kind: 'usd', width: 120 },
]
const riskColumns: readonly GridColumn[] = [
  server,
  {
    name: 'then',
    title: 'When accepted',
    kind: 'probability',
    width: 110,
    hint: 'Probability of a sustained breach when it was decided',
  },
  { name: 'now', title: 'Now', kind: 'probability', width: 80, hint: 'The same in the latest run' },
  { name: 'at risk', title: 'At risk now', kind: 'flag', width: 90 },
]
/** Before the columns that scroll out of a narrow window. */
const reason: GridColumn = { name: 'reason', title: 'Reason', kind: 'text', width: 220, isFlexible: true, isWrapped: true }
const breachedColumns: readonly GridColumn[] = [server, recommendation, reason, by, on]

const decisionColumns: readonly GridColumn[] = [
  server,
  recommendation,
  { name: 'decision', title: 'Decision', kind: 'text', width: 130 },
  reason,
  { name: 'until', title: 'Until', kind: 'time', width: 110 },
  by,
  on,
]

const labelOf = (name: string): string =>
  Object.hasOwn(recommendationLabels, name) ? recommendationLabels[name as keyof typeof recommendationLabels] : name

const openRow = ([name]: readonly unknown[]): void => openServer(String(name))

export const FollowUpTab = ({ history }: { readonly history: HistoryView }) => {
  const { follow_up: followUp, totals } = history
  const { accepted, done, dismissed, expired, overdue, left, risk, breached, decisions, realised_usd, promised_usd } = followUp
  if (accepted + done + dismissed + expired === 0)
    return (
      <EmptyState title="Nothing decided yet" action={{ label: 'Open Recommendations', onClick: () => navigateTo('recommendations') }}>
        Accept or dismiss recommendations: what is overdue, saved or breached after all is shown here.
      </EmptyState>
    )
  const [summary, , conflicts] = describeFollowUp({ ...followUp, left: totals.left }, { count: formatting.count, usd: formatDollars })
  return (
    <div className="page-inner">
      <h1 className="finding">{findingText(totals, realised_usd)}</h1>
      <p className="muted">
        As of {formatDay(history.as_of)}. {summary} {conflicts}
      </p>
      <OverdueLine history={history} isOfOrders />
      <div className="key-figures">
        <KeyFigure
          label="Past their date"
          value={formatting.count(totals.overdue)}
          note="accepted, and still recommended"
          isAlert={totals.overdue > 0}
        />
        <KeyFigure
          label="Realised savings"
          value={formatDollars(realised_usd)}
          note={`per month, ${formatting.count(totals.left)} ${totals.left === 1 ? 'server' : 'servers'} left`}
        />
        <KeyFigure label="Still to come" value={formatDollars(promised_usd)} note="per month, accepted and still there" />
        <KeyFigure
          label="Risk that fell"
          value={totals.risk === 0 ? '–' : `${formatting.count(totals.fell)} of ${formatting.count(totals.risk)}`}
          note={totals.risk === 0 ? 'no addition was accepted' : 'accepted additions are less likely to run out now'}
        />
        <KeyFigure
          label="Dismissed, then breached"
          value={formatting.count(totals.breached)}
          note={`of ${formatting.count(dismissed + expired)} dismissed`}
          isAlert={totals.breached > 0}
        />
      </div>
      <PageGrid
        id="follow-up-overdue"
        title="Accepted, but not done after its date"
        columns={overdueColumns}
        rows={overdue.map((row) => [row.server_id, row.due, labelOf(row.recommendation), row.decided_by, row.decided_at])}
        onOpen={openRow}
      />
      <PageGrid
        id="follow-up-breached"
        title="Dismissed, then breached"
        columns={breachedColumns}
        rows={breached.map((row) => [row.server_id, labelOf(row.recommendation), row.reason, row.decided_by, row.decided_at])}
        onOpen={openRow}
      />
      <PageGrid
        id="follow-up-left"
        title="Left the fleet"
        columns={leftColumns}
        rows={left.map((row) => [row.server_id, row.left_by, labelOf(row.recommendation), row.monthly_usd])}
      />
      <PageGrid
        id="follow-up-decisions"
        title="Who decided what, and why"
        columns={decisionColumns}
        rows={decisions.map((row) => [
          row.server_id,
          labelOf(row.recommendation),
          verdictText(row),
          row.reason,
          row.until,
          row.decided_by,
          row.decided_at,
        ])}
        onOpen={openRow}
      >
        {totals.decisions > decisions.length && (
          <p className="muted">
            Showing {formatting.count(decisions.length)} of {formatting.count(totals.decisions)}. headroom decisions lists all.
          </p>
        )}
      </PageGrid>
      <PageGrid
        id="follow-up-risk"
        title="Risk of accepted additions"
        columns={riskColumns}
        rows={risk.map((row) => [row.server_id, row.before, row.now, row.is_at_risk])}
        onOpen={openRow}
      />
    </div>
  )
}

const findingText = ({ overdue, breached }: HistoryView['totals'], realisedUsd: number): string => {
  const late =
    overdue === 0
      ? 'Nothing accepted is past its date'
      : `${formatting.count(overdue)} accepted ${overdue === 1 ? 'recommendation is' : 'recommendations are'} past ${overdue === 1 ? 'its' : 'their'} date`
  const after = breached === 0 ? '' : `, ${formatting.count(breached)} dismissed ${breached === 1 ? 'one' : 'ones'} breached`
  return `${late}${after}; ${formatDollars(realisedUsd)} per month saved`
}

// The most urgent recommendations of the overview: accept, dismiss with a reason, or open the server.
import { Check, X } from 'lucide-react'
import { useMemo, useState } from 'react'
import { dayMs } from '../../../src-shared/chart-options/format.ts'
import type { FleetFigures, Recommendation, RecommendationsPage, Verdict } from '../../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { toWireError, type WireError } from '../../../src-shared/run/errors.ts'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { NameText } from '../../components/name-text.tsx'
import { navigateTo, openServer } from '../../state/navigation.ts'
import { removeDecisions, saveDecisions, toDecision } from '../../state/run-notes.ts'
import { usePages } from '../../state/use-pages.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDate, formatShortPeriod, formatting } from '../../theme/formatting.ts'
import { DismissForm } from '../dismiss-form.tsx'
import { Loading } from '../loaded.tsx'
import { actionText, costText, dueText, isRowOverdue, reasonText, riskText, summaryText, urgencyText } from '../recommendation-text.ts'
import { SoonestServers } from './overview-panels.tsx'

const maxActions = 8

/** The list holds what is not decided; the pack counts what is accepted too. */
const acceptedText = (accepted: number): string => (accepted === 0 ? '' : `; ${formatting.count(accepted)} more accepted`)

type RecommendationRows = Pick<RecommendationsPage, 'rows' | 'total'>
const selectPage = ({ rows, total }: RecommendationRows): RecommendationRows => ({ rows, total })

export const DoNext = ({ run, figures }: { readonly run: RunOverview; readonly figures: FleetFigures }) => {
  const { metric, filter } = useWindowState()
  const [version, setVersion] = useState(0)
  const [dismissing, setDismissing] = useState<string | null>(null)
  const [decided, setDecided] = useState<{ readonly row: Recommendation; readonly verdict: Verdict } | null>(null)
  const [failure, setFailure] = useState<WireError | null>(null)
  const query = useMemo(
    () => ({ folder: run.folder, metric, filter, verdict: 'open' as const, groupBy: 'due' as const }),
    [run.folder, metric, filter],
  )
  const { total, firstResponse, error, rowAt } = usePages('recommendations.list', query, selectPage, version)
  const save = async (action: () => Promise<void>, outcome: typeof decided): Promise<void> => {
    try {
      await action()
      setFailure(null)
      setDecided(outcome)
      setDismissing(null)
      setVersion((last) => last + 1)
    } catch (thrown) {
      setFailure(toWireError(thrown))
    }
  }
  const decide = (row: Recommendation, verdict: Verdict, reason: string): void =>
    void save(() => saveDecisions(run.folder, [toDecision(row, verdict, reason)]), { row, verdict })

  if (error !== null) return <ErrorPanel error={error} />
  if (total === null || firstResponse === null) return <Loading text="Loading recommendations …" />
  if (!firstResponse.isKnown) return <SoonestServers figures={figures} run={run} />
  const rows = Array.from({ length: Math.min(total, maxActions) }, (_, index) => rowAt(index)).filter((row) => row !== undefined)
  return (
    <section className="do-next" aria-label="Do next">
      <header className="chart-head">
        <h2>Do next</h2>
        {rows.length > 0 && (
          <span className="muted">{`${asOfText(run)}${urgencyText(firstResponse.groups)}${total > 1 ? '; soonest due first' : ''}${acceptedText(firstResponse.verdicts.accepted)}`}</span>
        )}
        <span className="toolbar-gap" />
        {decided !== null && (
          <span className="muted" role="status">
            {decided.row.server_id} {decided.verdict}.{' '}
            <button type="button" className="link" onClick={() => void save(() => removeDecisions(run.folder, [decided.row]), null)}>
              Undo
            </button>
          </span>
        )}
        <button type="button" className="link" onClick={() => navigateTo('recommendations')}>
          {total > rows.length ? `All ${formatting.count(total)} recommendations` : 'All recommendations'}
        </button>
      </header>
      {failure !== null && <ErrorPanel error={failure} onDismiss={() => setFailure(null)} />}
      {rows.length === 0 ? (
        <p className="muted">
          {emptyText(firstResponse.verdicts.accepted + firstResponse.verdicts.dismissed + firstResponse.verdicts.done)}
        </p>
      ) : (
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Due</th>
              <th scope="col">Action</th>
              <th scope="col">Server</th>
              <th scope="col">Why</th>
              <th scope="col" title="First breach of the forecast; where that stays below the threshold, the one that the paths expect">
                First breach
              </th>
              <th scope="col" title="Probability to run out, before and after the capacity is added">
                Risk
              </th>
              <th
                scope="col"
                data-number
                title="USD a month of the capacity that is added, at the server's cost per capacity; savings have a minus"
              >
                Per month
              </th>
              <th scope="col">Decision</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <ActionRow
                key={row.server_id}
                run={run}
                row={row}
                isDismissing={dismissing === row.server_id}
                onAccept={() => decide(row, 'accepted', '')}
                onDismiss={(reason) => decide(row, 'dismissed', reason)}
                onToggleDismiss={() => setDismissing((current) => (current === row.server_id ? null : row.server_id))}
              />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

/** Dates of a run are held against the first day of its forecast, those of a history against today. */
const asOfText = ({ horizon }: RunOverview): string => (horizon === null ? '' : `As of ${formatting.shortDay(horizon.startMs)}: `)

const emptyText = (decided: number): string =>
  decided === 0
    ? 'Nothing to do: no server is at risk or idle.'
    : `Nothing open: all ${formatting.count(decided)} recommendations are decided.`

/** Of what runs out alone; with the hour where the forecast is of less than days. */
const breachText = ({ breach_at: breach, capacity_to_add: capacity }: Recommendation, { stepMs }: RunOverview): string => {
  if (breach === null || capacity === null) return '–'
  const breachMs = Date.parse(breach)
  return `${formatShortPeriod(breachMs, stepMs)}${stepMs < dayMs ? ` ${formatting.time(breachMs)}` : ''}`
}

const orderHint = ({ order_by: orderBy }: Recommendation, { horizon, basis }: RunOverview): string | undefined => {
  if (orderBy === null) return undefined
  const orderMs = Date.parse(orderBy)
  const past = horizon !== null && orderMs < horizon.startMs ? ' That date is past.' : ''
  const breach = basis === 'probable' ? 'an early first breach (20 % of the simulated paths)' : 'the first breach'
  return `Order by ${formatDate(orderMs)}: ${breach} less the lead time.${past}`
}

interface ActionRowProps {
  readonly run: RunOverview
  readonly row: Recommendation
  readonly isDismissing: boolean
  readonly onAccept: () => void
  readonly onDismiss: (reason: string) => void
  readonly onToggleDismiss: () => void
}

const ActionRow = ({ run, row, isDismissing, onAccept, onDismiss, onToggleDismiss }: ActionRowProps) => {
  const { server_id: server, target_host: host } = row
  const fullReason = reasonText(row)
  return (
    <>
      <tr>
        <td data-alarming={isRowOverdue(row, run)} title={orderHint(row, run)}>
          {dueText(row, run)}
        </td>
        <td>{actionText(row)}</td>
        <td className="name-cell" title={server}>
          <button type="button" className="link" onClick={() => openServer(server)}>
            <NameText text={server} />
          </button>
        </td>
        <td className="why-cell" title={host === null ? fullReason : `${fullReason} Target host: ${host}`}>
          {summaryText(row)}
        </td>
        <td data-label="First breach">{breachText(row, run)}</td>
        <td data-label="Risk" title={row.is_lower_limit ? 'The measured load was capped, so that what remains is not known' : undefined}>
          {riskText(row)}
        </td>
        <td data-label="Per month" data-number>
          {costText(row)
            .split(' ')
            .map((word, index) => (
              <span key={word} className="whole">
                {index === 0 ? word : ` ${word}`}
              </span>
            ))}
        </td>
        <td className="decision-cell">
          <button type="button" className="icon-button" aria-label={`Accept: ${server}`} title="Accept" onClick={onAccept}>
            <Check size={15} aria-hidden />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label={`Dismiss: ${server}`}
            title="Dismiss"
            aria-expanded={isDismissing}
            onClick={onToggleDismiss}
          >
            <X size={15} aria-hidden />
          </button>
        </td>
      </tr>
      {isDismissing && (
        <tr>
          <td colSpan={8}>
            <DismissForm server={server} onDismiss={onDismiss} />
          </td>
        </tr>
      )}
    </>
  )
}

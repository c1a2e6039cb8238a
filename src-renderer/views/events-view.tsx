// What one-off things explain or will change this? The event ledger beside the run: added to, changed, and its effect before and after.
import { Pencil, Plus, RotateCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { toWireError, type WireError } from '../../src-shared/errors.ts'
import type { EventLedgerView, LedgerLine } from '../../src-shared/event-ledger.ts'
import type { RunOverview } from '../../src-shared/run-view.ts'
import { EmptyState } from '../components/empty-state.tsx'
import { ErrorPanel } from '../components/error-panel.tsx'
import { Loaded } from '../components/loaded.tsx'
import { keepEvents } from '../state/errands.ts'
import { isBusy } from '../state/loadable.ts'
import { analyseAgain } from '../state/open-path.ts'
import { useRequest } from '../state/use-request.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatDate, formatSigned, formatting } from '../theme/formatting.ts'
import { draftOf, newDraft } from './event-draft.ts'
import { EventForm } from './event-form.tsx'
import { changeWords, ForecastWords, pastWords, targetWords } from './event-words.tsx'
import type { RunViewProps } from './view-entry.ts'

export const EventsView = ({ run }: RunViewProps) => {
  const answer = useRequest('run.events', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Events" aria-busy={isBusy(answer)}>
      <Loaded answer={answer} waiting="Reading the events …">
        {(ledger) => <Ledger key={run.folder} run={run} read={ledger} />}
      </Loaded>
    </main>
  )
}

/** Which line is in the form; 'new' for one to come. */
type Edited = number | 'new' | null

const Ledger = ({ run, read }: { readonly run: RunOverview; readonly read: EventLedgerView }) => {
  const { selectedServer } = useWindowState()
  const [kept, setKept] = useState<EventLedgerView | null>(null)
  const [edited, setEdited] = useState<Edited>(null)
  const [removed, setRemoved] = useState<{ readonly line: LedgerLine; readonly at: number } | null>(null)
  const [failure, setFailure] = useState<WireError | null>(null)
  const [isKeeping, setIsKeeping] = useState(false)
  const ledger = kept ?? read
  const { lines, refusal } = ledger
  const keep = async (next: readonly LedgerLine[], gone: typeof removed = null): Promise<void> => {
    setIsKeeping(true)
    try {
      setKept(await keepEvents(run.folder, next))
      setEdited(null)
      setRemoved(gone)
      setFailure(null)
    } catch (thrown) {
      setFailure(toWireError(thrown))
    } finally {
      setIsKeeping(false)
    }
  }
  const canChange = refusal === null && edited === null
  return (
    <div className="page-inner">
      {lines.length > 0 && <h1 className="finding">{findingOf(ledger)}</h1>}
      {refusal !== null && <p className="notice">{refusal}</p>}
      {failure !== null && <ErrorPanel error={failure} onDismiss={() => setFailure(null)} />}
      {lines.length === 0 && canChange && (
        <EmptyState title="No events yet" action={{ label: 'Add an event', onClick: () => setEdited('new') }}>
          Write down one-off things (a merger, a trade fair, a move). Those to come are laid on the forecast at once; past ones are left out
          of errors and seasons when the set is analysed again.
        </EmptyState>
      )}
      {lines.length > 0 && canChange && (
        <div className="actions">
          <button type="button" className="button" onClick={() => setEdited('new')}>
            <Plus size={14} aria-hidden /> Add an event
          </button>
          {ledger.heeded.includes(false) && (
            <button type="button" className="button" onClick={() => void analyseAgain(run.folder)}>
              <RotateCw size={14} aria-hidden /> Analyse the set again with these events
            </button>
          )}
          <span className="muted">Kept beside the run as headroom-notes/events.csv, which headroom analyze --events takes too.</span>
        </div>
      )}
      {removed !== null && (
        <p className="notice" role="status">
          “{nameOf(removed.line)}” is removed.{' '}
          <button
            type="button"
            className="link"
            onClick={() => void keep([...lines.slice(0, removed.at), removed.line, ...lines.slice(removed.at)])}
          >
            Put it back
          </button>
        </p>
      )}
      {edited !== null && (
        <EventForm
          key={edited}
          run={run}
          title={edited === 'new' ? 'A new event' : 'Change the event'}
          start={edited === 'new' ? newDraft(selectedServer) : draftOf(lines[edited]!)}
          isBusy={isKeeping}
          onKeep={(line) => void keep(edited === 'new' ? [...lines, line] : lines.map((other, index) => (index === edited ? line : other)))}
          onLeave={() => {
            setEdited(null)
            setFailure(null)
          }}
        />
      )}
      {lines.length > 0 && (
        <EventTable
          run={run}
          ledger={ledger}
          canChange={canChange && !isKeeping}
          onEdit={setEdited}
          onRemove={(at) =>
            void keep(
              lines.filter((_, index) => index !== at),
              { line: lines[at]!, at },
            )
          }
        />
      )}
    </div>
  )
}

const nameOf = ({ note, servers, group, from }: LedgerLine): string => note || `${servers || group} on ${from}`

const findingOf = ({ lines, report: { together } }: EventLedgerView): string =>
  together === null
    ? `${formatting.count(lines.length)} ${lines.length === 1 ? 'event, which changes' : 'events, which change'} nothing in the forecast`
    : `${lines.length === 1 ? 'With this event' : 'With all events to come'} ${changeWords(together)}`

interface EventTableProps {
  readonly run: RunOverview
  readonly ledger: EventLedgerView
  readonly canChange: boolean
  readonly onEdit: (index: number) => void
  readonly onRemove: (index: number) => void
}

const EventTable = ({ run, ledger: { lines, report, heeded }, canChange, onEdit, onRemove }: EventTableProps) => (
  <table className="plain-table event-table">
    <thead>
      <tr>
        <th scope="col">From</th>
        <th scope="col">To</th>
        <th scope="col">What</th>
        <th scope="col">About</th>
        <th scope="col" data-number>
          Effect
        </th>
        <th scope="col">In the past</th>
        <th scope="col">In the forecast</th>
        <th scope="col" aria-label="Change" />
      </tr>
    </thead>
    <tbody>
      {report.events.map((event, index) => (
        <tr key={event.line}>
          <td className="event-day">{formatDate(Date.parse(event.from))}</td>
          <td className="event-day">{formatDate(Date.parse(event.until) - 1)}</td>
          <td>{event.note ?? '–'}</td>
          <td>
            {targetWords(event.target)}
            {event.metric === null ? '' : `, ${event.metric}`} <span className="muted">({formatting.count(event.servers)})</span>
          </td>
          <td data-number>
            {event.effect === null ? '–' : `${formatSigned(event.effect.amount)} ${event.effect.unit === 'percent' ? '%' : 'points'}`}
          </td>
          <td>{pastWords(event, heeded[index] === true, run)}</td>
          <td>
            <ForecastWords event={event} run={run} />
          </td>
          <td className="event-buttons">
            <button
              type="button"
              className="icon-button"
              aria-label={`Change ${nameOf(lines[index]!)}`}
              title="Change"
              disabled={!canChange}
              onClick={() => onEdit(index)}
            >
              <Pencil size={14} aria-hidden />
            </button>
            <button
              type="button"
              className="icon-button"
              aria-label={`Remove ${nameOf(lines[index]!)}`}
              title="Remove"
              disabled={!canChange}
              onClick={() => onRemove(index)}
            >
              <Trash2 size={14} aria-hidden />
            </button>
          </td>
        </tr>
      ))}
    </tbody>
  </table>
)

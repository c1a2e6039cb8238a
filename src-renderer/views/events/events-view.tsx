// What one-off things explain or will change this? The event ledger beside the run: added to, changed, and its effect before and after.
import { Pencil, Plus, RotateCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { toWireError, type WireError } from '../../../src-shared/run/errors.ts'
import type { EventCalendarView, EventLine } from '../../../src-shared/ipc/event-calendar.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Loaded } from '../loaded.tsx'
import { saveEvents } from '../../state/notify.ts'
import { isBusy } from '../../state/loadable.ts'
import { rerunAnalysis } from '../../state/open-path.ts'
import { useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDate, formatSigned, formatting } from '../../theme/formatting.ts'
import { toFormState, newEventForm } from './event-form-state.ts'
import { EventForm } from './event-form.tsx'
import { describeChange, ForecastEffect, describePastEffect, describeTarget } from './event-effects.tsx'
import type { RunViewProps } from '../view-entry.ts'

export const EventsView = ({ run }: RunViewProps) => {
  const response = useRequest('events.list', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Events" aria-busy={isBusy(response)}>
      <Loaded response={response} loadingText="Reading the events …">
        {(calendar) => <EventCalendarPage key={run.folder} run={run} initialCalendar={calendar} />}
      </Loaded>
    </main>
  )
}

/** Which line is in the form; 'new' for one to come. */
type EditedLine = number | 'new' | null

const EventCalendarPage = ({ run, initialCalendar }: { readonly run: RunOverview; readonly initialCalendar: EventCalendarView }) => {
  const { selectedServer } = useWindowState()
  const [savedCalendar, setSavedCalendar] = useState<EventCalendarView | null>(null)
  const [editedLine, setEditedLine] = useState<EditedLine>(null)
  const [removed, setRemoved] = useState<{ readonly line: EventLine; readonly at: number } | null>(null)
  const [failure, setFailure] = useState<WireError | null>(null)
  const [isSaving, setIsSaving] = useState(false)
  const calendar = savedCalendar ?? initialCalendar
  const { lines, unavailableReason: refusal } = calendar
  const save = async (next: readonly EventLine[], removedLine: typeof removed = null): Promise<void> => {
    setIsSaving(true)
    try {
      setSavedCalendar(await saveEvents(run.folder, next))
      setEditedLine(null)
      setRemoved(removedLine)
      setFailure(null)
    } catch (thrown) {
      setFailure(toWireError(thrown))
    } finally {
      setIsSaving(false)
    }
  }
  const canEdit = refusal === null && editedLine === null
  return (
    <div className="page-inner">
      {lines.length > 0 && <h1 className="finding">{findingText(calendar)}</h1>}
      {refusal !== null && <p className="notice">{refusal}</p>}
      {failure !== null && <ErrorPanel error={failure} onDismiss={() => setFailure(null)} />}
      {lines.length === 0 && canEdit && (
        <EmptyState title="No events yet" action={{ label: 'Add an event', onClick: () => setEditedLine('new') }}>
          Write down one-off things (a merger, a trade fair, a move). Those to come are laid on the forecast at once; past ones are left out
          of errors and seasons when the set is analysed again.
        </EmptyState>
      )}
      {lines.length > 0 && canEdit && (
        <div className="actions">
          <button type="button" className="button" onClick={() => setEditedLine('new')}>
            <Plus size={14} aria-hidden /> Add an event
          </button>
          {calendar.applied.includes(false) && (
            <button type="button" className="button" onClick={() => void rerunAnalysis(run.folder)}>
              <RotateCw size={14} aria-hidden /> Analyse the set again with these events
            </button>
          )}
          <span className="muted">Kept beside the run as headroom-notes/events.csv, which headroom analyze --events takes too.</span>
        </div>
      )}
      {removed !== null && (
        <p className="notice" role="status">
          “{eventName(removed.line)}” is removed.{' '}
          <button
            type="button"
            className="link"
            onClick={() => void save([...lines.slice(0, removed.at), removed.line, ...lines.slice(removed.at)])}
          >
            Put it back
          </button>
        </p>
      )}
      {editedLine !== null && (
        <EventForm
          key={editedLine}
          run={run}
          title={editedLine === 'new' ? 'A new event' : 'Change the event'}
          initial={editedLine === 'new' ? newEventForm(selectedServer) : toFormState(lines[editedLine]!)}
          isBusy={isSaving}
          onSave={(line) =>
            void save(editedLine === 'new' ? [...lines, line] : lines.map((other, index) => (index === editedLine ? line : other)))
          }
          onCancel={() => {
            setEditedLine(null)
            setFailure(null)
          }}
        />
      )}
      {lines.length > 0 && (
        <EventTable
          run={run}
          calendar={calendar}
          canEdit={canEdit && !isSaving}
          onEdit={setEditedLine}
          onRemove={(at) =>
            void save(
              lines.filter((_, index) => index !== at),
              { line: lines[at]!, at },
            )
          }
        />
      )}
    </div>
  )
}

const eventName = ({ note, servers, group, from }: EventLine): string => note || `${servers || group} on ${from}`

const findingText = ({ lines, report: { together } }: EventCalendarView): string =>
  together === null
    ? `${formatting.count(lines.length)} ${lines.length === 1 ? 'event, which changes' : 'events, which change'} nothing in the forecast`
    : `${lines.length === 1 ? 'With this event' : 'With all events to come'} ${describeChange(together)}`

interface EventTableProps {
  readonly run: RunOverview
  readonly calendar: EventCalendarView
  readonly canEdit: boolean
  readonly onEdit: (index: number) => void
  readonly onRemove: (index: number) => void
}

const EventTable = ({ run, calendar: { lines, report, applied: appliedEvents }, canEdit, onEdit, onRemove }: EventTableProps) => (
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
            {describeTarget(event.target)}
            {event.metric === null ? '' : `, ${event.metric}`} <span className="muted">({formatting.count(event.servers)})</span>
          </td>
          <td data-number>
            {event.effect === null ? '–' : `${formatSigned(event.effect.amount)} ${event.effect.unit === 'percent' ? '%' : 'points'}`}
          </td>
          <td>{describePastEffect(event, appliedEvents[index] === true, run)}</td>
          <td>
            <ForecastEffect event={event} run={run} />
          </td>
          <td className="event-buttons">
            <button
              type="button"
              className="icon-button"
              aria-label={`Change ${eventName(lines[index]!)}`}
              title="Change"
              disabled={!canEdit}
              onClick={() => onEdit(index)}
            >
              <Pencil size={14} aria-hidden />
            </button>
            <button
              type="button"
              className="icon-button"
              aria-label={`Remove ${eventName(lines[index]!)}`}
              title="Remove"
              disabled={!canEdit}
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

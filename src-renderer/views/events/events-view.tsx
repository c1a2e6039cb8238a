// The event calendar of the run: add, edit and remove events, and see their effects.
import { metricName } from '../../../src-shared/artefacts/metric-label.ts'
import { Pencil, Plus, RotateCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { toWireError, type WireError } from '../../../src-shared/run/errors.ts'
import type { EventCalendarView } from '../../../src-shared/ipc/event-calendar.ts'
import type { EventLine } from '../../../src-shared/run/event-line.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Loaded } from '../loaded.tsx'
import { saveEvents } from '../../state/run-notes.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { rerunAnalysis } from '../../state/open-path.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDate, formatSigned, formatting } from '../../theme/formatting.ts'
import { toFormState, newEventForm } from './event-form-state.ts'
import { EventForm } from './event-form.tsx'
import { describeChange, ForecastEffect, describePastEffect, describeTarget } from './event-effects.tsx'
import { localised } from '../recommendation-text.ts'
import type { RunViewProps } from '../view-entry.ts'
import './events.css'

export const EventsView = ({ run }: RunViewProps) => {
  const response = useRequest('events.list', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Events" aria-busy={isBusy(response)}>
      <Loaded response={response} loadingText="Loading events …">
        {(calendar) => <EventCalendarPage key={run.folder} run={run} initialCalendar={calendar} />}
      </Loaded>
    </main>
  )
}

/** Index of the line in the form, or 'new'. */
type EditedLine = number | 'new' | null

const EventCalendarPage = ({ run, initialCalendar }: { readonly run: RunOverview; readonly initialCalendar: EventCalendarView }) => {
  const { selectedServer } = useWindowState()
  const [savedCalendar, setSavedCalendar] = useState<EventCalendarView | null>(null)
  const [editedLine, setEditedLine] = useState<EditedLine>(null)
  const [removed, setRemoved] = useState<{ readonly line: EventLine; readonly at: number } | null>(null)
  const [failure, setFailure] = useState<WireError | null>(null)
  const [isSaving, setIsSaving] = useState(false)
  const calendar = savedCalendar ?? initialCalendar
  const { lines, unavailableReason } = calendar
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
  const canEdit = unavailableReason === null && editedLine === null
  return (
    <div className="page-inner">
      {lines.length > 0 && <h1 className="finding">{findingText(calendar)}</h1>}
      {unavailableReason !== null && <p className="notice">{unavailableReason}</p>}
      {failure !== null && <ErrorPanel error={failure} onDismiss={() => setFailure(null)} />}
      {canEdit && <SuggestedEvents events={suggestionsFor(run, lines)} isBusy={isSaving} onAdd={(line) => void save([...lines, line])} />}
      {lines.length === 0 && canEdit && (
        <EmptyState title="No events yet" action={{ label: 'Add event', onClick: () => setEditedLine('new') }}>
          Record one-off events such as a merger or a migration. Future events change the forecast at once. Past events are excluded after a
          re-run.
        </EmptyState>
      )}
      {lines.length > 0 && canEdit && (
        <div className="actions">
          <button type="button" className="button" onClick={() => setEditedLine('new')}>
            <Plus size={14} aria-hidden /> Add event
          </button>
          {calendar.applied.includes(false) && (
            <button type="button" className="button" onClick={() => void rerunAnalysis(run.folder)}>
              <RotateCw size={14} aria-hidden /> Re-run with these events
            </button>
          )}
          <span className="muted">Saved in headroom-notes/events.csv; usable with headroom analyze --events.</span>
        </div>
      )}
      {removed !== null && (
        <p className="notice" role="status">
          “{eventName(removed.line)}” removed.{' '}
          <button
            type="button"
            className="link"
            onClick={() => void save([...lines.slice(0, removed.at), removed.line, ...lines.slice(removed.at)])}
          >
            Undo
          </button>
        </p>
      )}
      {editedLine !== null && (
        <EventForm
          key={editedLine}
          run={run}
          title={editedLine === 'new' ? 'New event' : 'Edit event'}
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

/** Events that the run's warnings offer, without those that the calendar has. */
const suggestionsFor = ({ warnings }: RunOverview, lines: readonly EventLine[]): readonly EventLine[] =>
  warnings
    .flatMap(({ events = [] }) => events)
    .filter((event) => !lines.some((line) => line.from === event.from && line.servers === event.servers && line.metric === event.metric))

interface SuggestedEventsProps {
  readonly events: readonly EventLine[]
  readonly isBusy: boolean
  readonly onAdd: (event: EventLine) => void
}

const SuggestedEvents = ({ events, isBusy, onAdd }: SuggestedEventsProps) => {
  if (events.length === 0) return null
  return (
    <section aria-label="Suggested events">
      <h2>Suggested events</h2>
      <p className="muted">These levels changed for good. Add an event to exclude the forecasts that did not know the new level.</p>
      <table className="plain-table event-table">
        <tbody>
          {events.map((event) => (
            <tr key={JSON.stringify(event)}>
              <td className="event-day">{formatDate(Date.parse(event.from))}</td>
              <td>
                {event.servers}, {metricName(event.metric)}
              </td>
              <td>{localised(event.note)}</td>
              <td className="row-buttons">
                <button
                  type="button"
                  className="icon-button"
                  aria-label={`Add event of ${event.servers}, ${metricName(event.metric)}`}
                  title="Add event"
                  disabled={isBusy}
                  onClick={() => onAdd(event)}
                >
                  <Plus size={14} aria-hidden />
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const eventName = ({ note, servers, group, from }: EventLine): string => note || `${servers || group} on ${from}`

const findingText = ({ lines, report: { together } }: EventCalendarView): string =>
  together === null
    ? `${formatting.count(lines.length)} ${lines.length === 1 ? 'event' : 'events'} without effect on the forecast`
    : `${lines.length === 1 ? 'With this event' : 'With all future events'}: ${describeChange(together)}`

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
        <th scope="col">Description</th>
        <th scope="col">Applies to</th>
        <th scope="col" data-number>
          Effect
        </th>
        <th scope="col">Effect on history</th>
        <th scope="col">Effect on forecast</th>
        <th scope="col" aria-label="Actions" />
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
            {event.metric === null ? '' : `, ${metricName(event.metric)}`}{' '}
            <span className="muted">({formatting.count(event.servers)})</span>
          </td>
          <td data-number>
            {event.effect === null ? '–' : `${formatSigned(event.effect.amount)} ${event.effect.unit === 'percent' ? '%' : 'points'}`}
          </td>
          <td>{describePastEffect(event, appliedEvents[index] === true, run)}</td>
          <td>
            <ForecastEffect event={event} run={run} />
          </td>
          <td className="row-buttons">
            <button
              type="button"
              className="icon-button"
              aria-label={`Edit ${eventName(lines[index]!)}`}
              title="Edit"
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

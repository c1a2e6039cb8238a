// One event of the ledger in a form: when, whom, by how much, and what it is.
import { useId, useState, type ReactNode } from 'react'
import type { LedgerLine } from '../../src-shared/event-ledger.ts'
import type { RunOverview } from '../../src-shared/run-view.ts'
import { groupColumns } from '../../src-shared/what-if.ts'
import { useRequest } from '../state/use-request.ts'
import { lineOf, type EventDraft, type EventSubject } from './event-draft.ts'

const subjectWords: Readonly<Record<EventSubject, string>> = {
  all: 'all servers',
  servers: 'servers named',
  business_unit: 'business unit',
  region: 'region',
  criticality: 'criticality',
  groups: 'groups, as written',
}
const subjects = Object.keys(subjectWords) as EventSubject[]

export interface EventFormProps {
  readonly run: RunOverview
  readonly title: string
  readonly start: EventDraft
  readonly isBusy: boolean
  readonly onKeep: (line: LedgerLine) => void
  readonly onLeave: () => void
}

export const EventForm = ({ run, title, start, isBusy, onKeep, onLeave }: EventFormProps) => {
  const [draft, setDraft] = useState(start)
  const id = useId()
  const choices = useRequest('run.choices', { folder: run.folder }, run.folder)
  const change = (part: Partial<EventDraft>): void => setDraft((last) => ({ ...last, ...part }))
  const column = groupColumns.find((name) => name === draft.about)
  const known = choices.status === 'ready' && column !== undefined ? choices.value[column].filter(({ value }) => value !== '') : []
  return (
    <form
      className="event-form"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault()
        onKeep(lineOf(draft))
      }}
    >
      <h2>{title}</h2>
      <div className="event-fields">
        <Day label="From" value={draft.from} onChange={(from) => change({ from })} required />
        <Day label="To, included" value={draft.to} onChange={(to) => change({ to })} />
        <Field label="About">
          {(field) => (
            <select
              id={field}
              className="field"
              value={draft.about}
              onChange={({ target }) => change({ about: subjects.find((about) => about === target.value) ?? 'all', names: '' })}
            >
              {subjects.map((about) => (
                <option key={about} value={about}>
                  {subjectWords[about]}
                </option>
              ))}
            </select>
          )}
        </Field>
        {draft.about !== 'all' && (
          <Field label={draft.about === 'servers' ? 'Servers, a semicolon between them' : subjectWords[draft.about]}>
            {(field) => (
              <>
                <input
                  id={field}
                  className="field"
                  required
                  list={`${id}-names`}
                  value={draft.names}
                  onChange={({ target }) => change({ names: target.value })}
                />
                <datalist id={`${id}-names`}>
                  {known.map(({ value }) => (
                    <option key={value} value={value}>
                      {value}
                    </option>
                  ))}
                </datalist>
              </>
            )}
          </Field>
        )}
        <Field label="Metric">
          {(field) => (
            <select id={field} className="field" value={draft.metric} onChange={({ target }) => change({ metric: target.value })}>
              <option value="">every metric</option>
              {run.metrics.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Effect on the forecast">
          {(field) => (
            <span className="event-effect">
              <input
                id={field}
                className="field"
                inputMode="decimal"
                placeholder="none"
                value={draft.amount}
                onChange={({ target }) => change({ amount: target.value })}
              />
              <select
                className="field"
                aria-label="Unit of the effect"
                value={draft.unit}
                onChange={({ target }) => change({ unit: target.value === '%' ? '%' : 'points' })}
              >
                <option value="points">points</option>
                <option value="%">% of it</option>
              </select>
            </span>
          )}
        </Field>
        <Field label="What it is">
          {(field) => (
            <input
              id={field}
              className="field"
              placeholder="Move of the card system"
              value={draft.note}
              onChange={({ target }) => change({ note: target.value })}
            />
          )}
        </Field>
      </div>
      <div className="actions">
        <button type="submit" className="button primary-button" disabled={isBusy}>
          {isBusy ? 'Working it out …' : 'Keep the event'}
        </button>
        <button type="button" className="button" onClick={onLeave}>
          Leave it
        </button>
        <span className="muted">Without an effect it is only left out of the past: of errors and seasons.</span>
      </div>
    </form>
  )
}

const Field = ({ label, children }: { readonly label: string; readonly children: (id: string) => ReactNode }) => {
  const id = useId()
  return (
    <span className="event-field">
      <label htmlFor={id}>{label}</label>
      {children(id)}
    </span>
  )
}

interface DayProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly required?: boolean
}

/** A day, or the instant that an events table stated. */
const Day = ({ label, value, onChange, required = false }: DayProps) => (
  <Field label={label}>
    {(field) => (
      <input
        id={field}
        className="field"
        type={value === '' || /^\d{4}-\d{2}-\d{2}$/.test(value) ? 'date' : 'text'}
        required={required}
        value={value}
        onChange={({ target }) => onChange(target.value)}
      />
    )}
  </Field>
)

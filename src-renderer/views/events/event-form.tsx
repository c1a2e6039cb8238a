// One event of the ledger in a form: when, whom, by how much, and what it is.
import { useId, useState, type ReactNode } from 'react'
import type { EventLine } from '../../../src-shared/ipc/event-calendar.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { groupColumns } from '../../../src-shared/ipc/what-if.ts'
import { useRequest } from '../../state/use-request.ts'
import { toEventLine, type EventFormState, type EventTargetKind } from './event-form-state.ts'

const targetLabels: Readonly<Record<EventTargetKind, string>> = {
  all: 'all servers',
  servers: 'servers named',
  business_unit: 'business unit',
  region: 'region',
  criticality: 'criticality',
  groups: 'groups, as written',
}
const targetKinds = Object.keys(targetLabels) as EventTargetKind[]

export interface EventFormProps {
  readonly run: RunOverview
  readonly title: string
  readonly initial: EventFormState
  readonly isBusy: boolean
  readonly onSave: (line: EventLine) => void
  readonly onCancel: () => void
}

export const EventForm = ({ run, title, initial, isBusy, onSave, onCancel }: EventFormProps) => {
  const [draft, setForm] = useState(initial)
  const id = useId()
  const choices = useRequest('filter-choices.get', { folder: run.folder }, run.folder)
  const change = (changes: Partial<EventFormState>): void => setForm((last) => ({ ...last, ...changes }))
  const column = groupColumns.find((name) => name === draft.targetKind)
  const suggestions = choices.status === 'ready' && column !== undefined ? choices.value[column].filter(({ value }) => value !== '') : []
  return (
    <form
      className="event-form"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault()
        onSave(toEventLine(draft))
      }}
    >
      <h2>{title}</h2>
      <div className="event-fields">
        <DateField label="From" value={draft.from} onChange={(from) => change({ from })} required />
        <DateField label="To, included" value={draft.to} onChange={(to) => change({ to })} />
        <Field label="About">
          {(field) => (
            <select
              id={field}
              className="field"
              value={draft.targetKind}
              onChange={({ target }) =>
                change({ targetKind: targetKinds.find((targetKind) => targetKind === target.value) ?? 'all', targetNames: '' })
              }
            >
              {targetKinds.map((targetKind) => (
                <option key={targetKind} value={targetKind}>
                  {targetLabels[targetKind]}
                </option>
              ))}
            </select>
          )}
        </Field>
        {draft.targetKind !== 'all' && (
          <Field label={draft.targetKind === 'servers' ? 'Servers, a semicolon between them' : targetLabels[draft.targetKind]}>
            {(field) => (
              <>
                <input
                  id={field}
                  className="field"
                  required
                  list={`${id}-names`}
                  value={draft.targetNames}
                  onChange={({ target }) => change({ targetNames: target.value })}
                />
                <datalist id={`${id}-names`}>
                  {suggestions.map(({ value }) => (
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
        <button type="button" className="button" onClick={onCancel}>
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

interface DateFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly required?: boolean
}

/** A day, or the instant that an events table stated. */
const DateField = ({ label, value, onChange, required = false }: DateFieldProps) => (
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

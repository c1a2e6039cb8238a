// The form for one event: period, target, metric, effect and description.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import { useId, useState } from 'react'
import type { EventLine } from '../../../src-shared/run/event-line.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { groupColumns } from '../../../src-shared/ipc/fleet-filter.ts'
import { DateField } from '../../components/date-field.tsx'
import { Field } from '../../components/field.tsx'
import { useRequest } from '../../state/use-request.ts'
import { groupLabels } from '../../theme/labels.ts'
import { toEventLine, type EventFormState, type EventTargetKind } from './event-form-state.ts'

const targetLabels: Readonly<Record<EventTargetKind, string>> = {
  all: 'All servers',
  servers: 'Selected servers',
  business_unit: groupLabels.business_unit,
  region: groupLabels.region,
  criticality: groupLabels.criticality,
  groups: 'Groups (expression)',
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
  const [form, setForm] = useState(initial)
  const id = useId()
  const choices = useRequest('filter-choices.get', { folder: run.folder }, run.folder)
  const change = (changes: Partial<EventFormState>): void => setForm((last) => ({ ...last, ...changes }))
  const column = groupColumns.find((name) => name === form.targetKind)
  const suggestions = choices.status === 'ready' && column !== undefined ? choices.value[column].filter(({ value }) => value !== '') : []
  return (
    <form
      className="edit-form"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault()
        onSave(toEventLine(form))
      }}
    >
      <h2>{title}</h2>
      <div className="edit-fields">
        <DateField label="From" value={form.from} onChange={(from) => change({ from })} required />
        <DateField label="To (inclusive)" value={form.to} onChange={(to) => change({ to })} />
        <Field label="Applies to">
          {(control) => (
            <select
              {...control}
              className="field"
              value={form.targetKind}
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
        {form.targetKind !== 'all' && (
          <Field label={form.targetKind === 'servers' ? 'Servers (separated by ;)' : targetLabels[form.targetKind]}>
            {(control) => (
              <>
                <input
                  {...control}
                  className="field"
                  required
                  list={`${id}-names`}
                  value={form.targetNames}
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
          {(control) => (
            <select {...control} className="field" value={form.metric} onChange={({ target }) => change({ metric: target.value })}>
              <option value="">All metrics</option>
              {run.metrics.map(({ name }) => (
                <option key={name} value={name}>
                  {metricLabel(name)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Forecast effect">
          {(control) => (
            <span className="event-effect">
              <input
                {...control}
                className="field"
                inputMode="decimal"
                placeholder="none"
                value={form.amount}
                onChange={({ target }) => change({ amount: target.value })}
              />
              <select
                className="field"
                aria-label="Effect unit"
                value={form.unit}
                onChange={({ target }) => change({ unit: target.value === '%' ? '%' : 'points' })}
              >
                <option value="points">points</option>
                <option value="%">%</option>
              </select>
            </span>
          )}
        </Field>
        <Field label="Description">
          {(control) => (
            <input
              {...control}
              className="field"
              placeholder="Card system migration"
              value={form.note}
              onChange={({ target }) => change({ note: target.value })}
            />
          )}
        </Field>
      </div>
      <div className="actions">
        <button type="submit" className="button primary-button" disabled={isBusy}>
          {isBusy ? 'Saving …' : 'Save event'}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
        <span className="muted">Without an effect, the event only excludes history from errors and seasonality.</span>
      </div>
    </form>
  )
}

// The fields of a what-if scenario: sliders, sliders for one group or metric, and the cost of a server.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import { X } from 'lucide-react'
import { useId, useState } from 'react'
import type { GroupColumn as FleetGroupColumn } from '../../../src-shared/ipc/fleet-filter.ts'
import type { WhatIfChoices } from '../../../src-shared/ipc/what-if.ts'
import { Field } from '../../components/field.tsx'
import { formatting } from '../../theme/formatting.ts'
import { groupLabels } from '../../theme/labels.ts'

export interface SliderProps {
  readonly label: string
  readonly unit: string
  readonly min: number
  readonly max: number
  readonly value: number
  readonly onChange: (value: number) => void
  /** Given where the slider can be removed. */
  readonly onRemove?: () => void
}

export const Slider = ({ label, unit, min, max, value, onChange, onRemove }: SliderProps) => {
  const id = useId()
  return (
    <div className="slider">
      <label htmlFor={id}>{label}</label>
      <span className="slider-value">
        <output htmlFor={id}>{formatting.value(value, unit)}</output>
        {onRemove !== undefined && (
          <button type="button" className="icon-button" aria-label={`Remove: ${label}`} title="Remove" onClick={onRemove}>
            <X size={12} aria-hidden />
          </button>
        )}
      </span>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={1}
        value={value}
        aria-valuetext={formatting.value(value, unit)}
        onChange={({ target }) => onChange(Number(target.value))}
      />
    </div>
  )
}

type GroupColumn = FleetGroupColumn | 'metric'

interface Group {
  readonly column: GroupColumn
  readonly value: string
}

export interface GroupAmount extends Group {
  /** Percent. */
  readonly amount: number
}

export const listGroups = ({ business_units, regions, criticalities }: WhatIfChoices): readonly Group[] => [
  ...business_units.map((value) => ({ column: 'business_unit' as const, value })),
  ...regions.map((value) => ({ column: 'region' as const, value })),
  ...criticalities.map((value) => ({ column: 'criticality' as const, value })),
]

/** The slider shows percent, so metrics in other units are left out. */
export const listThresholdTargets = ({ metrics, criticalities }: WhatIfChoices, percentMetrics: readonly string[]): readonly Group[] => [
  ...metrics.filter((metric) => percentMetrics.includes(metric)).map((value) => ({ column: 'metric' as const, value })),
  ...criticalities.map((value) => ({ column: 'criticality' as const, value })),
]

export interface GroupSlidersProps {
  readonly label: string
  readonly groups: readonly Group[]
  readonly selected: readonly GroupAmount[]
  /** Initial value of a newly chosen group. */
  readonly defaultAmount: number
  readonly min: number
  readonly max: number
  readonly onChange: (selected: readonly GroupAmount[]) => void
}

const isSameGroup = (a: Group, b: Group): boolean => a.column === b.column && a.value === b.value

const groupName = ({ column, value }: Pick<GroupSlidersProps['groups'][number], 'column' | 'value'>): string =>
  `${groupLabels[column]} ${column === 'metric' ? metricLabel(value) : value}`

/** One slider per chosen group, and a list to choose another group from. */
export const GroupSliders = ({ label, groups, selected, defaultAmount, min, max, onChange }: GroupSlidersProps) => {
  const id = useId()
  const remaining = groups.filter((group) => !selected.some((entry) => isSameGroup(entry, group)))
  if (groups.length === 0) return null
  return (
    <fieldset className="group-sliders">
      <legend>{label}</legend>
      {selected.map((entry) => (
        <Slider
          key={`${entry.column} ${entry.value}`}
          label={groupName(entry)}
          unit="%"
          min={min}
          max={max}
          value={entry.amount}
          onChange={(amount) => onChange(selected.map((other) => (isSameGroup(other, entry) ? { ...other, amount } : other)))}
          onRemove={() => onChange(selected.filter((other) => !isSameGroup(other, entry)))}
        />
      ))}
      {remaining.length > 0 && (
        <select
          id={id}
          className="field"
          aria-label={`${label}: choose`}
          value=""
          onChange={({ target }) => {
            const group = remaining[Number(target.value)]
            if (group !== undefined) onChange([...selected, { ...group, amount: defaultAmount }])
          }}
        >
          <option value="">Choose …</option>
          {remaining.map(({ column, value }, index) => (
            <option key={`${column} ${value}`} value={index}>
              {groupName({ column, value })}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  )
}

const maxMonthlyUsd = 1e9

/** Null: the run's cost; undefined: not a valid cost. */
const parseCost = (rawText: string): number | null | undefined => {
  if (rawText.trim() === '') return null
  const cost = Number(rawText)
  return cost >= 0 && cost <= maxMonthlyUsd ? cost : undefined
}

/** USD per month for every server; null: the run's cost. Invalid text stays as typed, shows an error and changes nothing. */
export const CostField = ({ value, onChange }: { readonly value: number | null; readonly onChange: (value: number | null) => void }) => {
  const [typedCost, setTypedCost] = useState({ rawText: '', forValue: value })
  const shown = typedCost.rawText !== '' && typedCost.forValue === value ? typedCost.rawText : String(value ?? '')
  const isInvalid = parseCost(shown) === undefined
  return (
    <Field
      label="Server cost (USD per month)"
      error={isInvalid ? `Enter an amount from 0 to ${formatting.count(maxMonthlyUsd)}, such as 250.5.` : ''}
    >
      {(control) => (
        <input
          {...control}
          className="field"
          inputMode="decimal"
          placeholder="Unchanged"
          value={shown}
          onChange={({ target }) => {
            const cost = parseCost(target.value)
            setTypedCost({ rawText: target.value, forValue: cost === undefined ? value : cost })
            if (cost !== undefined) onChange(cost)
          }}
        />
      )}
    </Field>
  )
}

// The fields of a what-if scenario: sliders, sliders for one group or metric, and what a server costs.
import { X } from 'lucide-react'
import { useId, useState } from 'react'
import type { groupColumns, WhatIfChoices } from '../../src-shared/what-if.ts'
import { formatting } from '../theme/formatting.ts'

export interface SliderProps {
  readonly label: string
  readonly unit: string
  readonly min: number
  readonly max: number
  readonly value: number
  readonly onChange: (value: number) => void
  /** Where the slider can be taken away again. */
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

type GroupColumn = (typeof groupColumns)[number] | 'metric'

interface Group {
  readonly column: GroupColumn
  readonly value: string
}

export interface GroupAmount extends Group {
  /** Percent. */
  readonly amount: number
}

const columnWords: Readonly<Record<GroupColumn, string>> = {
  business_unit: 'business unit',
  region: 'region',
  criticality: 'criticality',
  metric: 'metric',
}

export const groupsOf = ({ business_units, regions, criticalities }: WhatIfChoices): readonly Group[] => [
  ...business_units.map((value) => ({ column: 'business_unit' as const, value })),
  ...regions.map((value) => ({ column: 'region' as const, value })),
  ...criticalities.map((value) => ({ column: 'criticality' as const, value })),
]

/** Metrics in other units than percent have no place on the slider. */
export const ownThresholds = ({ metrics, criticalities }: WhatIfChoices, percentages: readonly string[]): readonly Group[] => [
  ...metrics.filter((metric) => percentages.includes(metric)).map((value) => ({ column: 'metric' as const, value })),
  ...criticalities.map((value) => ({ column: 'criticality' as const, value })),
]

export interface GroupSlidersProps {
  readonly label: string
  readonly groups: readonly Group[]
  readonly chosen: readonly GroupAmount[]
  /** Where the slider of a newly chosen group stands. */
  readonly start: number
  readonly min: number
  readonly max: number
  readonly onChange: (chosen: readonly GroupAmount[]) => void
}

const same = (a: Group, b: Group): boolean => a.column === b.column && a.value === b.value

/** A slider for each chosen group, and a list to choose another one from. */
export const GroupSliders = ({ label, groups, chosen, start, min, max, onChange }: GroupSlidersProps) => {
  const id = useId()
  const left = groups.filter((group) => !chosen.some((one) => same(one, group)))
  if (groups.length === 0) return null
  return (
    <fieldset className="group-sliders">
      <legend>{label}</legend>
      {chosen.map((one) => (
        <Slider
          key={`${one.column} ${one.value}`}
          label={`${columnWords[one.column]} ${one.value}`}
          unit="%"
          min={min}
          max={max}
          value={one.amount}
          onChange={(amount) => onChange(chosen.map((other) => (same(other, one) ? { ...other, amount } : other)))}
          onRemove={() => onChange(chosen.filter((other) => !same(other, one)))}
        />
      ))}
      {left.length > 0 && (
        <select
          id={id}
          className="field"
          aria-label={`${label}: choose`}
          value=""
          onChange={({ target }) => {
            const group = left[Number(target.value)]
            if (group !== undefined) onChange([...chosen, { ...group, amount: start }])
          }}
        >
          <option value="">choose …</option>
          {left.map(({ column, value }, index) => (
            <option key={`${column} ${value}`} value={index}>
              {columnWords[column]} {value}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  )
}

const mostMonthlyUsd = 1e9

/** Null: as the run has it; undefined: no cost. */
const costOf = (typed: string): number | null | undefined => {
  if (typed.trim() === '') return null
  const cost = Number(typed)
  return cost >= 0 && cost <= mostMonthlyUsd ? cost : undefined
}

/** Monthly USD of every server; null: as the run has it. What is no cost stays as typed, is told, and changes nothing. */
export const CostField = ({ value, onChange }: { readonly value: number | null; readonly onChange: (value: number | null) => void }) => {
  const [draft, setDraft] = useState({ typed: '', belongsTo: value })
  const id = useId()
  const shown = draft.typed !== '' && draft.belongsTo === value ? draft.typed : String(value ?? '')
  const isFaulty = costOf(shown) === undefined
  return (
    <div className="cost-field">
      <label htmlFor={id}>Cost of a server, USD a month</label>
      <input
        id={id}
        className="field"
        inputMode="decimal"
        placeholder="as the run"
        value={shown}
        aria-invalid={isFaulty}
        aria-describedby={isFaulty ? `${id}-fault` : undefined}
        onChange={({ target }) => {
          const cost = costOf(target.value)
          setDraft({ typed: target.value, belongsTo: cost === undefined ? value : cost })
          if (cost !== undefined) onChange(cost)
        }}
      />
      {isFaulty && (
        <span id={`${id}-fault`} className="cost-fault" role="alert">
          Write an amount from 0 to {formatting.count(mostMonthlyUsd)}, such as 250.5.
        </span>
      )}
    </div>
  )
}

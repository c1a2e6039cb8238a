// One choice out of several: a segmented control or a drop-down list.
import type { FieldControl } from './field.tsx'

export interface SelectProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string; readonly hint?: string }[]
  readonly onChange: (value: Value) => void
  /** Disables the control and explains why. */
  readonly disabledReason?: string | undefined
}

export const SegmentedControl = <Value extends string>({ label, value, options, onChange }: SelectProps<Value>) => (
  <div className="segments" role="radiogroup" aria-label={label}>
    {options.map((option) => (
      <button
        key={option.value}
        type="button"
        role="radio"
        className="segment"
        title={option.hint}
        aria-checked={option.value === value}
        onClick={() => onChange(option.value)}
      >
        {option.label}
      </button>
    ))}
  </div>
)

interface OptionListProps<Value extends string> extends Pick<SelectProps<Value>, 'value' | 'options' | 'onChange'>, Partial<FieldControl> {
  readonly disabled?: boolean
  readonly className?: string
  readonly 'aria-label'?: string
}

/** The drop-down list alone, for a label elsewhere. */
export const OptionList = <Value extends string>({ value, options, onChange, ...control }: OptionListProps<Value>) => (
  <select
    {...control}
    value={value}
    onChange={({ target }) => {
      const selected = options.find((option) => option.value === target.value)
      if (selected !== undefined) onChange(selected.value)
    }}
  >
    {options.map((option) => (
      <option key={option.value} value={option.value}>
        {option.label}
      </option>
    ))}
  </select>
)

export const Select = <Value extends string>({ label, value, options, onChange, disabledReason }: SelectProps<Value>) => (
  <label className="select" title={disabledReason}>
    <span>{label}</span>
    <OptionList value={value} options={options} onChange={onChange} disabled={disabledReason !== undefined} />
  </label>
)

// One choice out of a few: side by side as a segmented control, or as a drop-down list.

export interface ChoiceProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string; readonly hint?: string }[]
  readonly onChange: (value: Value) => void
  /** Why there is nothing to choose at present. */
  readonly disabledBecause?: string | undefined
}

export const Segments = <Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) => (
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

export const Select = <Value extends string>({ label, value, options, onChange, disabledBecause }: ChoiceProps<Value>) => (
  <label className="select" title={disabledBecause}>
    <span>{label}</span>
    <select
      value={value}
      disabled={disabledBecause !== undefined}
      onChange={({ target }) => {
        const chosen = options.find((option) => option.value === target.value)
        if (chosen !== undefined) onChange(chosen.value)
      }}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  </label>
)

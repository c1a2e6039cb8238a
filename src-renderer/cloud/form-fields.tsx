// The inputs of the launch form: a line of text, a number, a list.
import { useId, useState, type ReactNode } from 'react'

interface FieldProps {
  readonly label: string
  readonly value: string
  readonly placeholder?: string
  readonly onChange: (value: string) => void
  readonly children?: ReactNode
}

/** The button next to the input is not part of its label. */
export const Field = ({ label, value, placeholder, onChange, children }: FieldProps) => {
  const id = useId()
  return (
    <div className="cloud-field">
      <label htmlFor={id}>{label}</label>
      <span className="cloud-input">
        <input
          id={id}
          type="text"
          value={value}
          placeholder={placeholder}
          spellCheck={false}
          onChange={({ target }) => onChange(target.value)}
        />
        {children}
      </span>
    </div>
  )
}

interface NumberFieldProps {
  readonly label: string
  readonly value: number
  readonly max?: number
  readonly onChange: (value: number) => void
}

export const NumberField = ({ label, value, max, onChange }: NumberFieldProps) => (
  <label className="cloud-field">
    <span>{label}</span>
    <input
      type="number"
      min={1}
      max={max}
      value={value}
      onChange={({ target }) => target.valueAsNumber > 0 && onChange(target.valueAsNumber)}
    />
  </label>
)

interface ListFieldProps {
  readonly label: string
  readonly values: readonly string[]
  readonly placeholder: string
  /** What is wrong with the list, one sentence; "" for nothing. */
  readonly error: string
  readonly onChange: (values: string[]) => void
}

/** A list with commas between its entries. The typed text stays while it means the same list. */
export const ListField = ({ label, values, placeholder, error, onChange }: ListFieldProps) => {
  const [rawText, setRawText] = useState('')
  const entries = splitList(rawText)
  const matchesValues = entries.length === values.length && entries.every((entry, index) => entry === values[index])
  const id = useId()
  return (
    <div className="cloud-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={matchesValues ? rawText : values.join(', ')}
        placeholder={placeholder}
        spellCheck={false}
        aria-invalid={error !== ''}
        onChange={({ target }) => {
          setRawText(target.value)
          onChange(splitList(target.value))
        }}
      />
      {error !== '' && <span role="alert">{error}</span>}
    </div>
  )
}

const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

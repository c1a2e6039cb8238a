// The inputs of the launch form: a line of text, a number, a list.
import { useId, useState, type ReactNode } from 'react'

interface FieldProps {
  readonly label: string
  readonly value: string
  readonly placeholder?: string
  readonly onChange: (value: string) => void
  readonly children?: ReactNode
}

/** The button beside the input stays out of its label. */
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
  readonly most?: number
  readonly onChange: (value: number) => void
}

export const NumberField = ({ label, value, most, onChange }: NumberFieldProps) => (
  <label className="cloud-field">
    <span>{label}</span>
    <input
      type="number"
      min={1}
      max={most}
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
  readonly fault: string
  readonly onChange: (values: string[]) => void
}

/** Entries with commas between; what is typed stays as typed while it means the same list. */
export const ListField = ({ label, values, placeholder, fault, onChange }: ListFieldProps) => {
  const [typed, setTyped] = useState('')
  const entries = split(typed)
  const isSame = entries.length === values.length && entries.every((entry, index) => entry === values[index])
  const id = useId()
  return (
    <div className="cloud-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={isSame ? typed : values.join(', ')}
        placeholder={placeholder}
        spellCheck={false}
        aria-invalid={fault !== ''}
        onChange={({ target }) => {
          setTyped(target.value)
          onChange(split(target.value))
        }}
      />
      {fault !== '' && <span role="alert">{fault}</span>}
    </div>
  )
}

const split = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

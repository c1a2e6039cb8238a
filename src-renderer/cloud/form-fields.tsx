// The inputs of the launch form: a line of text, a number, a list, a choice.
import { useState, type ReactNode } from 'react'
import { Field } from '../components/field.tsx'
import { OptionList } from '../components/select.tsx'

interface TextFieldProps {
  readonly label: string
  readonly value: string
  readonly placeholder?: string
  readonly onChange: (value: string) => void
  /** Buttons next to the input; they are not part of its label. */
  readonly children?: ReactNode
}

export const TextField = ({ label, value, placeholder, onChange, children }: TextFieldProps) => (
  <Field label={label} layout="row">
    {(control) => (
      <span className="cloud-input">
        <input
          {...control}
          type="text"
          value={value}
          placeholder={placeholder}
          spellCheck={false}
          onChange={({ target }) => onChange(target.value)}
        />
        {children}
      </span>
    )}
  </Field>
)

interface NumberFieldProps {
  readonly label: string
  readonly value: number
  readonly max?: number
  readonly error?: string
  readonly onChange: (value: number) => void
}

export const NumberField = ({ label, value, max, error = '', onChange }: NumberFieldProps) => (
  <Field label={label} error={error} layout="row">
    {(control) => (
      <input
        {...control}
        type="number"
        min={1}
        max={max}
        value={value}
        onChange={({ target }) => target.valueAsNumber > 0 && onChange(target.valueAsNumber)}
      />
    )}
  </Field>
)

interface LimitFieldProps {
  readonly label: string
  /** Null, an empty field: no limit. */
  readonly value: number | null
  readonly onChange: (value: number | null) => void
  /** Buttons next to the input; they are not part of its label. */
  readonly children?: ReactNode
}

export const LimitField = ({ label, value, onChange, children }: LimitFieldProps) => (
  <Field label={label} layout="row">
    {(control) => (
      <span className="cloud-input">
        <input
          {...control}
          type="number"
          min={1}
          placeholder="None"
          value={value ?? ''}
          onChange={({ target }) => {
            if (target.value === '') onChange(null)
            else if (target.valueAsNumber > 0) onChange(target.valueAsNumber)
          }}
        />
        {children}
      </span>
    )}
  </Field>
)

interface ChoiceFieldProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  readonly onChange: (value: Value) => void
  /** Buttons next to the list; they are not part of its label. */
  readonly children?: ReactNode
}

export const ChoiceField = <Value extends string>({ label, value, options, onChange, children }: ChoiceFieldProps<Value>) => (
  <Field label={label} layout="row">
    {(control) => (
      <span className="cloud-input">
        <OptionList {...control} value={value} options={options} onChange={onChange} />
        {children}
      </span>
    )}
  </Field>
)

interface ListFieldProps {
  readonly label: string
  readonly values: readonly string[]
  readonly placeholder: string
  /** One sentence about an invalid list; "" for a valid one. */
  readonly error: string
  readonly onChange: (values: string[]) => void
}

/** A list with commas between its entries. The typed text stays while it means the same list. */
export const ListField = ({ label, values, placeholder, error, onChange }: ListFieldProps) => {
  const [rawText, setRawText] = useState('')
  const entries = splitList(rawText)
  const matchesValues = entries.length === values.length && entries.every((entry, index) => entry === values[index])
  return (
    <Field label={label} error={error} layout="row">
      {(control) => (
        <input
          {...control}
          type="text"
          value={matchesValues ? rawText : values.join(', ')}
          placeholder={placeholder}
          spellCheck={false}
          onChange={({ target }) => {
            setRawText(target.value)
            onChange(splitList(target.value))
          }}
        />
      )}
    </Field>
  )
}

const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

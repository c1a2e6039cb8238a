// A form's field for a day.
import { Field } from './field.tsx'

interface DateFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly required?: boolean
  /** One sentence; "" for a valid value. */
  readonly error?: string
}

/** A date control, or a text field where the value is a timestamp, which the control would drop. */
export const DateField = ({ label, value, onChange, required = false, error = '' }: DateFieldProps) => (
  <Field label={label} error={error}>
    {(control) => (
      <input
        {...control}
        className="field"
        type={value === '' || /^\d{4}-\d{2}-\d{2}$/.test(value) ? 'date' : 'text'}
        required={required}
        value={value}
        onChange={({ target }) => onChange(target.value)}
      />
    )}
  </Field>
)

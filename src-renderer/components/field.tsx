// One form field: label, control, hint and error; hint and error describe the control to screen readers.
import { useId, type ReactNode } from 'react'

/** The attributes that tie a control to its label, hint and error. */
export interface FieldControl {
  readonly id: string
  readonly 'aria-invalid': true | undefined
  readonly 'aria-describedby': string | undefined
}

export interface FieldProps {
  readonly label: string
  readonly unit?: string | undefined
  readonly hint?: string | undefined
  /** One sentence; "" for a valid value. */
  readonly error?: string
  /** Label above the control, to its left, or to its left with the hint on the right. */
  readonly layout?: 'stacked' | 'row' | 'wide-row'
  readonly children: (control: FieldControl) => ReactNode
}

export const Field = ({ label, unit, hint, error = '', layout = 'stacked', children }: FieldProps) => {
  const id = useId()
  const descriptions = [...(hint === undefined ? [] : [`${id}-hint`]), ...(error === '' ? [] : [`${id}-error`])]
  return (
    <div className="form-field" data-layout={layout}>
      <label htmlFor={id}>
        {label}
        {unit !== undefined && <span className="muted"> ({unit})</span>}
      </label>
      {children({
        id,
        'aria-invalid': error === '' ? undefined : true,
        'aria-describedby': descriptions.length === 0 ? undefined : descriptions.join(' '),
      })}
      {hint !== undefined && (
        <span id={`${id}-hint`} className="muted">
          {hint}
        </span>
      )}
      {error !== '' && (
        <span id={`${id}-error`} className="field-error" role="alert">
          {error}
        </span>
      )}
    </div>
  )
}

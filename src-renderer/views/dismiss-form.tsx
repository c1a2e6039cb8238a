// The field that asks why a recommendation is dismissed.
import { useState } from 'react'

export const DismissForm = ({ server, onDismiss }: { readonly server: string; readonly onDismiss: (reason: string) => void }) => {
  const [reason, setReason] = useState('')
  return (
    <form
      className="dismiss-form"
      aria-label={`Dismiss ${server}`}
      onSubmit={(event) => {
        event.preventDefault()
        if (reason.trim() !== '') onDismiss(reason.trim())
      }}
    >
      <input
        // The field appears where the user asked for it.
        // oxlint-disable-next-line jsx-a11y/no-autofocus
        autoFocus
        className="field"
        aria-label="Reason"
        placeholder="Reason to dismiss"
        maxLength={2000}
        value={reason}
        onChange={({ target }) => setReason(target.value)}
      />
      <button type="submit" className="button" disabled={reason.trim() === ''}>
        Dismiss
      </button>
    </form>
  )
}

// Asks for the code of an MFA device; it goes to the main process and is kept nowhere.
import { useState } from 'react'
import { submitMfaCode, useCloudState } from '../state/cloud-state.ts'

export const MfaCodeDialog = () => {
  const device = useCloudState((state) => state.mfaDevice)
  const [code, setCode] = useState('')
  if (device === null) return null
  const submit = (submittedCode: string | null): void => {
    setCode('')
    void submitMfaCode(submittedCode)
  }
  return (
    <dialog open className="cloud-code" aria-label="Code of the MFA device">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          submit(code.trim())
        }}
      >
        <label>
          Code of {device}
          <input type="text" inputMode="numeric" autoComplete="off" value={code} onChange={({ target }) => setCode(target.value)} />
        </label>
        <div className="actions">
          <button type="submit" className="button primary" disabled={code.trim() === ''}>
            Go on
          </button>
          <button type="button" className="button" onClick={() => submit(null)}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  )
}

// Requests the code of an MFA device; the code goes to the main process and is not saved.
import { useState } from 'react'
import { submitMfaCode, useCloudState } from '../state/cloud-state.ts'
import './cloud.css'

export const MfaCodeDialog = () => {
  const device = useCloudState((state) => state.mfaDevice)
  const [code, setCode] = useState('')
  if (device === null) return null
  const submit = (submittedCode: string | null): void => {
    setCode('')
    void submitMfaCode(submittedCode)
  }
  return (
    <dialog open className="cloud-code" aria-label="MFA code">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          submit(code.trim())
        }}
      >
        <label>
          MFA code for {device}
          <input type="text" inputMode="numeric" autoComplete="off" value={code} onChange={({ target }) => setCode(target.value)} />
        </label>
        <div className="actions">
          <button type="submit" className="button primary-button" disabled={code.trim() === ''}>
            Continue
          </button>
          <button type="button" className="button" onClick={() => submit(null)}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  )
}

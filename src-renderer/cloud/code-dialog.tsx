// Asks for the code of an MFA device; it goes to the main process and is kept nowhere.
import { useState } from 'react'
import { giveCode, useCloudState } from './cloud-state.ts'

export const CodeDialog = () => {
  const device = useCloudState((state) => state.codeDevice)
  const [code, setCode] = useState('')
  if (device === null) return null
  const send = (given: string | null): void => {
    setCode('')
    void giveCode(given)
  }
  return (
    <dialog open className="cloud-code" aria-label="Code of the MFA device">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          send(code.trim())
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
          <button type="button" className="button" onClick={() => send(null)}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  )
}

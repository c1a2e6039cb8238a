// Chooses a bucket, folder or role from lists of the account, or a local file in the system's dialog.
import { useState } from 'react'
import { toWireError } from '../../src-shared/run/errors.ts'
import type { LocalKind } from '../../src-shared/ipc/cloud-contract.ts'
import { chooseLocalPath, type BrowseResult } from '../state/cloud-state.ts'
import { TextField } from './form-fields.tsx'

export interface BrowseFieldProps {
  readonly label: string
  /** Names below a folder ("" at first); names of folders end in a slash. */
  readonly loadNames: (parentPrefix: string) => Promise<BrowseResult>
  readonly onChoose: (name: string) => void
}

export const BrowseField = ({ label, loadNames: fetchNames, onChoose }: BrowseFieldProps) => {
  const [names, setNames] = useState<readonly string[] | null>(null)
  const [prefix, setPrefix] = useState('')
  const [note, setNote] = useState('')
  const loadNames = async (parentPrefix: string): Promise<void> => {
    setPrefix(parentPrefix)
    setNote('Loading …')
    try {
      const result = await fetchNames(parentPrefix)
      setNames(result.names)
      setNote(result.note ?? (result.names.length === 0 ? 'No entries found.' : ''))
    } catch (thrown) {
      setNames([])
      setNote(toWireError(thrown).message)
    }
  }
  const choose = (name: string): void => {
    onChoose(prefix + name)
    if (name.endsWith('/')) void loadNames(prefix + name)
    else setNames(null)
  }
  return (
    <span
      className="cloud-browse"
      role="presentation"
      onKeyDown={({ key }) => {
        if (key === 'Escape') setNames(null)
      }}
    >
      <button
        type="button"
        className="button"
        aria-label={label}
        aria-expanded={names !== null}
        onClick={() => (names === null ? void loadNames('') : setNames(null))}
      >
        …
      </button>
      {names !== null && (
        <span className="cloud-names" role="listbox" aria-label={label}>
          {note !== '' && <span className="muted">{note}</span>}
          {names.map((name) => (
            <button key={name} type="button" role="option" aria-selected={false} onClick={() => choose(name)}>
              {name}
            </button>
          ))}
        </span>
      )}
    </span>
  )
}

interface LocalPathFieldProps {
  readonly label: string
  readonly kind: LocalKind
  readonly value: string
  readonly placeholder: string
  readonly onChange: (path: string) => void
}

/** A path that can be typed, or chosen in the dialog. */
export const LocalPathField = ({ label, kind, value, placeholder, onChange }: LocalPathFieldProps) => (
  <TextField label={label} value={value} placeholder={placeholder} onChange={onChange}>
    <button
      type="button"
      className="button"
      aria-label={`Choose ${label.toLowerCase()}`}
      onClick={() => void chooseLocalPath(kind, onChange)}
    >
      …
    </button>
  </TextField>
)

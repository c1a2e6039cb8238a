// A list of boxes to tick, with a search where it is long.
import { useState } from 'react'
import { formatting } from '../theme/formatting.ts'

export interface CheckListProps {
  readonly title: string
  readonly chosen: readonly string[]
  readonly options: readonly { readonly value: string; readonly label: string; readonly servers?: number }[]
  readonly onChange: (chosen: string[]) => void
}

const searchedFrom = 12

export const CheckList = ({ title, chosen, options, onChange }: CheckListProps) => {
  const [search, setSearch] = useState('')
  const shown = options.filter(({ label }) => label.toLowerCase().includes(search.toLowerCase()))
  const toggle = (value: string): void => onChange(chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value])
  return (
    <fieldset className="check-list" aria-label={title}>
      {options.length >= searchedFrom && (
        <input
          type="search"
          className="field"
          aria-label={`Search in ${title}`}
          placeholder="Search"
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
      )}
      <div className="check-list-options">
        {shown.map(({ value, label, servers }) => (
          <label key={value} className="check">
            <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
            <span>{label}</span>
            {servers !== undefined && <span className="check-count">{formatting.count(servers)}</span>}
          </label>
        ))}
      </div>
      <div className="check-list-foot">
        <button type="button" className="button quiet" disabled={chosen.length === 0} onClick={() => onChange([])}>
          All
        </button>
      </div>
    </fieldset>
  )
}

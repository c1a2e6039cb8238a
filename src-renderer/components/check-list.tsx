// A list of check boxes, with a search field for long lists.
import { useState } from 'react'
import { formatting } from '../theme/formatting.ts'

export interface CheckListProps {
  readonly title: string
  readonly selected: readonly string[]
  readonly options: readonly { readonly value: string; readonly label: string; readonly servers?: number }[]
  readonly onChange: (selected: string[]) => void
}

const minOptionsForSearch = 12

export const CheckList = ({ title, selected, options, onChange }: CheckListProps) => {
  const [search, setSearch] = useState('')
  const visibleOptions = options.filter(({ label }) => label.toLowerCase().includes(search.toLowerCase()))
  const toggle = (value: string): void =>
    onChange(selected.includes(value) ? selected.filter((other) => other !== value) : [...selected, value])
  return (
    <fieldset className="check-list" aria-label={title}>
      {options.length >= minOptionsForSearch && (
        <input
          type="search"
          className="field"
          aria-label={`Search ${title}`}
          placeholder="Search"
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
      )}
      <div className="check-list-options">
        {visibleOptions.map(({ value, label, servers }) => (
          <label key={value} className="check">
            <input type="checkbox" checked={selected.includes(value)} onChange={() => toggle(value)} />
            <span>{label}</span>
            {servers !== undefined && <span className="check-count">{formatting.count(servers)}</span>}
          </label>
        ))}
      </div>
      <div className="check-list-foot">
        <button type="button" className="button quiet" disabled={selected.length === 0} onClick={() => onChange([])}>
          Reset
        </button>
      </div>
    </fieldset>
  )
}

// The menu of one column: sort, filter, fit, move, pin and hide it.
import { useEffect, useRef, type KeyboardEvent } from 'react'
import { isNumberKind, parseColumnFilter } from '../../src-shared/artefacts/column-filter.ts'
import type { GridColumn } from './grid-columns.ts'

export interface ColumnAction {
  readonly label: string
  readonly run: () => void
  readonly isDisabled?: boolean
}

export interface ColumnMenuProps {
  readonly column: GridColumn
  /** Pixels from the left edge of the grid. */
  readonly left: number
  readonly actions: readonly ColumnAction[]
  /** null: the list has no column filters. */
  readonly filter: string | null
  readonly onFilter: (text: string) => void
  readonly onClose: () => void
}

export const ColumnMenu = ({ column, left, actions, filter, onFilter, onClose }: ColumnMenuProps) => {
  const panel = useRef<HTMLDivElement>(null)
  useEffect(() => {
    panel.current?.querySelector<HTMLElement>('input, button:not(:disabled)')?.focus()
  }, [])
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      onClose()
      return
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const stops = [...(panel.current?.querySelectorAll<HTMLElement>('input, button:not(:disabled)') ?? [])]
    const index = stops.indexOf(event.target as HTMLElement)
    stops[(index + step + stops.length) % stops.length]?.focus()
  }
  const isInvalid = filter !== null && filter.trim() !== '' && parseColumnFilter(filter, column.kind) === null
  return (
    // Its controls handle the keys but for Escape and the arrows.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={panel}
      className="column-menu"
      data-panel
      role="dialog"
      aria-label={`Column ${column.title}`}
      tabIndex={-1}
      style={{ left }}
      onKeyDown={onKeyDown}
      onBlur={({ relatedTarget }) => {
        if (!(relatedTarget instanceof Node) || panel.current?.contains(relatedTarget) !== true) onClose()
      }}
    >
      {filter !== null && (
        <input
          type="search"
          className="field"
          aria-label={`Filter ${column.title}`}
          aria-invalid={isInvalid}
          title={isInvalid ? 'Enter a number, such as > 80 or 10..20' : undefined}
          placeholder={isNumberKind(column.kind) ? 'Filter: > 80, 10..20' : column.kind === 'time' ? 'Filter: > 2026-12-31' : 'Filter'}
          maxLength={200}
          value={filter}
          onChange={({ target }) => onFilter(target.value)}
          onKeyDown={({ key }) => {
            if (key === 'Enter') onClose()
          }}
        />
      )}
      <ul className="menu-list">
        {actions.map(({ label, run, isDisabled = false }) => (
          <li key={label}>
            <button
              type="button"
              className="menu-item"
              disabled={isDisabled}
              onClick={() => {
                run()
                onClose()
              }}
            >
              {label}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

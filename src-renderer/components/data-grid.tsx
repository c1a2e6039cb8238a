// A list of any length: only the rows in view are drawn; sorted by its headings, walked by keys, copied from.
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import type { Cell } from '../../src-shared/fleet-view.ts'
import type { ColumnKind } from '../../src-shared/server-columns.ts'
import type { RiskLevel } from '../../src-shared/server-risk.ts'
import { cellText, isNumeric, type CellContext } from './cell-text.ts'
import { gridTarget, type GridPlace } from './grid-keys.ts'
import { RiskSign } from './risk-sign.tsx'

export interface GridColumn {
  readonly name: string
  readonly title: string
  readonly kind: ColumnKind
  readonly width: number
  readonly hint?: string | undefined
}

export interface GridSort {
  readonly column: string
  readonly descending: boolean
}

export interface GridRange {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

export interface DataGridProps {
  readonly label: string
  readonly columns: readonly GridColumn[]
  readonly total: number
  readonly context: CellContext
  /** undefined while it is on its way. */
  readonly rowAt: (index: number) => readonly Cell[] | undefined
  readonly onRange: (from: number, to: number) => void
  readonly sort?: GridSort | null
  readonly onSort?: (sort: GridSort) => void
  /** Value of the first column of the row that is marked. */
  readonly marked?: string | null
  /** A row was clicked or reached by keys. */
  readonly onPick?: (row: readonly Cell[]) => void
  /** Enter or double click. */
  readonly onOpen?: (row: readonly Cell[]) => void
  readonly onCopy?: (range: GridRange, column: number) => void
  readonly onSelection?: (range: GridRange) => void
  /** Drawn instead of the text, where given. */
  readonly renderCell?: (cell: Cell, column: GridColumn, row: readonly Cell[]) => ReactNode | undefined
}

export const rowHeight = 28
/** Rows drawn beyond either edge. */
const overscan = 4
/** Rows that stay in view for so long are fetched. */
const settleMs = 40

export const DataGrid = (props: DataGridProps) => {
  const { columns, total, rowAt, onRange, sort = null, context } = props
  const id = useId()
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<GridPlace>({ row: 0, column: 0 })
  const [anchor, setAnchor] = useState(0)
  const [isFocused, setIsFocused] = useState(false)
  // oxlint-disable-next-line react/incompatible-library -- its functions are used here alone
  const virtual = useVirtualizer({ count: total, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan })
  const shown = virtual.getVirtualItems()
  // Rows that leave give their elements to those that come: a long way is scrolled without making any.
  const slots = Math.ceil((virtual.scrollRect?.height ?? 0) / rowHeight) + 2 * overscan + 2
  const first = shown[0]?.index ?? 0
  const last = (shown.at(-1)?.index ?? 0) + 1
  // What is flown over is not fetched.
  useEffect(() => {
    const timer = setTimeout(() => onRange(first, last), settleMs)
    return () => clearTimeout(timer)
  }, [onRange, first, last])

  const range = { from: Math.min(anchor, active.row), to: Math.max(anchor, active.row) + 1 }
  const goTo = (place: GridPlace, extends_: boolean): void => {
    setActive(place)
    const start = extends_ ? anchor : place.row
    if (!extends_) setAnchor(place.row)
    if (place.row < 0) return
    virtual.scrollToIndex(place.row)
    props.onSelection?.({ from: Math.min(start, place.row), to: Math.max(start, place.row) + 1 })
    const row = rowAt(place.row)
    if (row !== undefined && !extends_) props.onPick?.(row)
  }
  const toggleSort = (column: GridColumn): void => {
    if (props.onSort === undefined) return
    const descending = sort?.column === column.name ? !sort.descending : isNumeric(column.kind) || column.kind === 'risk'
    props.onSort({ column: column.name, descending })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== scroller.current) return
    const target = gridTarget(event, active, {
      rows: total,
      columns: columns.length,
      page: Math.floor((scroller.current.clientHeight || 300) / rowHeight) - 2,
    })
    if (target !== null) {
      event.preventDefault()
      goTo(target, event.shiftKey && target.row >= 0 && active.row >= 0)
      return
    }
    const column = columns[active.column]
    if (event.key === 'Enter') {
      event.preventDefault()
      const row = active.row < 0 ? undefined : rowAt(active.row)
      if (row !== undefined) props.onOpen?.(row)
      else if (column !== undefined) toggleSort(column)
    } else if (event.key.toLowerCase() === 'c' && (event.ctrlKey || event.metaKey) && active.row >= 0) {
      event.preventDefault()
      props.onCopy?.(range, active.column)
    }
  }
  const template = columns.map(({ width }) => `minmax(${width}px, ${width}fr)`).join(' ')
  const least = columns.reduce((sum, { width }) => sum + width, 0)
  const cellId = (row: number, column: number): string => `${id}-${row}-${column}`
  return (
    <div
      ref={scroller}
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
      aria-multiselectable
      aria-activedescendant={isFocused ? cellId(active.row, active.column) : undefined}
      onKeyDown={onKeyDown}
      onFocus={() => setIsFocused(true)}
      onBlur={() => setIsFocused(false)}
    >
      <div className="grid-head" role="rowgroup" style={{ minWidth: least }}>
        <div role="row" aria-rowindex={1} className="grid-row" style={{ gridTemplateColumns: template }}>
          {columns.map((column, index) => (
            // The grid itself takes the keys: Enter on an active heading sorts.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
            <div
              key={column.name}
              id={cellId(-1, index)}
              role="columnheader"
              className="grid-heading"
              title={column.hint}
              data-number={isNumeric(column.kind)}
              data-active={isFocused && active.row === -1 && active.column === index}
              data-sortable={props.onSort !== undefined}
              aria-colindex={index + 1}
              aria-sort={sort?.column === column.name ? (sort.descending ? 'descending' : 'ascending') : 'none'}
              onClick={() => toggleSort(column)}
            >
              <span>{column.title}</span>
              {sort?.column === column.name && (sort.descending ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
            </div>
          ))}
        </div>
      </div>
      <div className="grid-body" role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth: least }}>
        {shown.map(({ index, start }) => {
          const row = rowAt(index)
          const isSelected = index >= range.from && index < range.to && isFocused
          return (
            // The grid itself takes the keys: arrows move, Enter opens.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
            <div
              key={index % slots}
              role="row"
              className="grid-row"
              aria-rowindex={index + 2}
              aria-selected={isSelected}
              data-marked={row !== undefined && props.marked !== undefined && props.marked !== null && row[0] === props.marked}
              data-odd={index % 2 === 1}
              style={{ gridTemplateColumns: template, transform: `translateY(${start}px)` }}
              onDoubleClick={() => row !== undefined && props.onOpen?.(row)}
              onClick={(event) => {
                scroller.current?.focus({ preventScroll: true })
                const cell = (event.target as Element).closest('[role=gridcell]')
                goTo({ row: index, column: Math.max(0, Number(cell?.getAttribute('aria-colindex') ?? 1) - 1) }, event.shiftKey)
              }}
            >
              {columns.map((column, at) => (
                <div
                  key={column.name}
                  id={cellId(index, at)}
                  role="gridcell"
                  className="grid-cell"
                  aria-colindex={at + 1}
                  data-number={isNumeric(column.kind)}
                  data-active={isFocused && active.row === index && active.column === at}
                >
                  {row === undefined
                    ? '…'
                    : (props.renderCell?.(row[at] ?? null, column, row) ?? (
                        <CellValue cell={row[at] ?? null} column={column} context={context} />
                      ))}
                </div>
              ))}
            </div>
          )
        })}
      </div>
    </div>
  )
}

const riskLevels: ReadonlySet<unknown> = new Set(['low', 'medium', 'high'])

const CellValue = ({ cell, column, context }: { readonly cell: Cell; readonly column: GridColumn; readonly context: CellContext }) =>
  column.kind === 'risk' && riskLevels.has(cell) ? <RiskSign level={cell as RiskLevel} /> : <>{cellText(cell, column.kind, context)}</>

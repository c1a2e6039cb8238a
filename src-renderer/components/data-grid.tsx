// A virtualised grid for lists of any length, with sorting, keyboard navigation, selection and copying.
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import type { Cell } from '../../src-shared/ipc/fleet-view.ts'
import type { ColumnKind } from '../../src-shared/artefacts/server-columns.ts'
import { formatCell, isNumeric, type CellContext } from './format-cell.ts'
import { nextGridPosition, type GridPosition } from './grid-keys.ts'
import { isRiskState, RiskBadge } from './risk-badge.tsx'

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
  /** undefined while the row is loading. */
  readonly rowAt: (index: number) => readonly Cell[] | undefined
  /** Rows in view, for lists that load their rows. */
  readonly onRange?: (from: number, to: number) => void
  readonly sort?: GridSort | null
  readonly onSort?: (sort: GridSort) => void
  /** First cell of the marked row. */
  readonly markedKey?: string | null
  /** A row was clicked or reached by keyboard. */
  readonly onRowSelect?: (row: readonly Cell[]) => void
  /** Enter or double click. */
  readonly onOpen?: (row: readonly Cell[]) => void
  readonly onCopy?: (range: GridRange, column: number) => void
  readonly onSelection?: (range: GridRange) => void
  /** Replaces the text of a cell, where it returns a node. */
  readonly renderCell?: (cell: Cell, column: GridColumn, row: readonly Cell[]) => ReactNode | undefined
}

export const rowHeight = 28
/** Rows rendered beyond either edge. */
const overscan = 4
/** Rows in view for this long are fetched. */
const fetchDelayMs = 40

export const DataGrid = (props: DataGridProps) => {
  const { columns, total, rowAt, onRange, sort = null, context } = props
  const id = useId()
  const scrollContainer = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<GridPosition>({ row: 0, column: 0 })
  const [anchor, setAnchor] = useState(0)
  const [isFocused, setIsFocused] = useState(false)
  // oxlint-disable-next-line react/incompatible-library -- its functions are used here alone
  const virtualizer = useVirtualizer({
    count: total,
    getScrollElement: () => scrollContainer.current,
    estimateSize: () => rowHeight,
    overscan,
  })
  const visibleRows = virtualizer.getVirtualItems()
  // Rows reuse the elements of those that scrolled out, so that fast scrolling creates none.
  const rowSlots = Math.ceil((virtualizer.scrollRect?.height ?? 0) / rowHeight) + 2 * overscan + 2
  const first = visibleRows[0]?.index ?? 0
  const last = (visibleRows.at(-1)?.index ?? 0) + 1
  // Rows passed by fast scrolling are not fetched.
  useEffect(() => {
    const timer = setTimeout(() => onRange?.(first, last), fetchDelayMs)
    return () => clearTimeout(timer)
  }, [onRange, first, last])

  const range = { from: Math.min(anchor, active.row), to: Math.max(anchor, active.row) + 1 }
  const moveTo = (position: GridPosition, extendsSelection: boolean): void => {
    setActive(position)
    const start = extendsSelection ? anchor : position.row
    if (!extendsSelection) setAnchor(position.row)
    if (position.row < 0) return
    virtualizer.scrollToIndex(position.row)
    props.onSelection?.({ from: Math.min(start, position.row), to: Math.max(start, position.row) + 1 })
    const row = rowAt(position.row)
    if (row !== undefined && !extendsSelection) props.onRowSelect?.(row)
  }
  const toggleSort = (column: GridColumn): void => {
    if (props.onSort === undefined) return
    const descending = sort?.column === column.name ? !sort.descending : isNumeric(column.kind) || column.kind === 'risk'
    props.onSort({ column: column.name, descending })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== scrollContainer.current) return
    const target = nextGridPosition(event, active, {
      rows: total,
      columns: columns.length,
      pageRows: Math.floor((scrollContainer.current.clientHeight || 300) / rowHeight) - 2,
    })
    if (target !== null) {
      event.preventDefault()
      moveTo(target, event.shiftKey && target.row >= 0 && active.row >= 0)
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
  const columnTemplate = columns.map(({ width }) => `minmax(${width}px, ${width}fr)`).join(' ')
  const minWidth = columns.reduce((sum, { width }) => sum + width, 0)
  const cellId = (row: number, column: number): string => `${id}-${row}-${column}`
  return (
    <div
      ref={scrollContainer}
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
      <div className="grid-head" role="rowgroup" style={{ minWidth: minWidth }}>
        <div role="row" aria-rowindex={1} className="grid-row" style={{ gridTemplateColumns: columnTemplate }}>
          {columns.map((column, index) => (
            // The grid handles the keys: Enter on the active heading sorts.
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
      <div className="grid-body" role="rowgroup" style={{ height: virtualizer.getTotalSize(), minWidth: minWidth }}>
        {visibleRows.map(({ index, start }) => {
          const row = rowAt(index)
          const isSelected = index >= range.from && index < range.to && isFocused
          return (
            // The grid handles the keys: arrows move, Enter opens.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
            <div
              key={index % rowSlots}
              role="row"
              className="grid-row"
              aria-rowindex={index + 2}
              aria-selected={isSelected}
              data-marked={row !== undefined && props.markedKey !== undefined && props.markedKey !== null && row[0] === props.markedKey}
              data-odd={index % 2 === 1}
              style={{ gridTemplateColumns: columnTemplate, transform: `translateY(${start}px)` }}
              onDoubleClick={() => row !== undefined && props.onOpen?.(row)}
              onClick={(event) => {
                scrollContainer.current?.focus({ preventScroll: true })
                const cell = (event.target as Element).closest('[role=gridcell]')
                moveTo({ row: index, column: Math.max(0, Number(cell?.getAttribute('aria-colindex') ?? 1) - 1) }, event.shiftKey)
              }}
            >
              {columns.map((column, columnIndex) => (
                <div
                  key={column.name}
                  id={cellId(index, columnIndex)}
                  role="gridcell"
                  className="grid-cell"
                  aria-colindex={columnIndex + 1}
                  data-number={isNumeric(column.kind)}
                  data-active={isFocused && active.row === index && active.column === columnIndex}
                >
                  {row === undefined
                    ? '…'
                    : (props.renderCell?.(row[columnIndex] ?? null, column, row) ?? (
                        <CellValue cell={row[columnIndex] ?? null} column={column} context={context} />
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

const CellValue = ({ cell, column, context }: { readonly cell: Cell; readonly column: GridColumn; readonly context: CellContext }) =>
  column.kind === 'risk' && isRiskState(cell) ? <RiskBadge state={cell} /> : <>{formatCell(cell, column.kind, context)}</>

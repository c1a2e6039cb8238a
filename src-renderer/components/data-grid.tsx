// The grid of every list: virtual rows, sortable, filterable and movable columns, keyboard navigation, selection and copying.
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp, EllipsisVertical, Funnel } from 'lucide-react'
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import type { Cell } from '../../src-shared/ipc/fleet-view.ts'
import { ColumnMenu, type ColumnAction } from './column-menu.tsx'
import { formatCell, isNumeric, type CellContext } from './format-cell.ts'
import { columnTemplate, useGridColumns, type GridColumn, type GridColumnsOptions, type ShownColumn } from './grid-columns.ts'
import { nextGridPosition, type GridPosition } from './grid-keys.ts'
import { createGridLines, type GridSection } from './grid-sections.ts'
import { NameText, wholeNameWidth } from './name-text.tsx'
import { isRiskState, RiskBadge } from './risk-badge.tsx'

export interface GridSort {
  readonly column: string
  readonly descending: boolean
}

export interface GridRange {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** What is copied: the selected rows with the shown columns in their order. */
export interface GridSelection {
  readonly columns: readonly GridColumn[]
  readonly rows: readonly (readonly Cell[])[]
  /** Selected rows that are not loaded. */
  readonly missing: number
  readonly activeCell: Cell
}

export interface DataGridProps extends GridColumnsOptions {
  readonly label: string
  readonly total: number
  readonly context: CellContext
  /** Cells in the order of `columns`; undefined while the row is loading. */
  readonly rowAt: (index: number) => readonly Cell[] | undefined
  /** Rows in view, for lists that load their rows. */
  readonly onRange?: (from: number, to: number) => void
  /** Headings between the rows, which must fill them. */
  readonly sections?: readonly GridSection[]
  readonly sort?: GridSort | null
  readonly onSort?: (sort: GridSort) => void
  /** Text of each column's filter; absent: the list has no column filters. */
  readonly filters?: Readonly<Record<string, string>>
  readonly onFilter?: (column: string, text: string) => void
  /** First cell of the marked row. */
  readonly markedKey?: string | null
  /** A row was clicked or reached by keyboard. */
  readonly onRowSelect?: (row: readonly Cell[]) => void
  /** Enter or double click. */
  readonly onOpen?: (row: readonly Cell[]) => void
  readonly onCopy?: (selection: GridSelection) => void
  readonly onSelection?: (range: GridRange) => void
  /** Replaces the text of a cell, where it returns one; `row` has what `rowAt` gave. */
  readonly cellText?: (cell: Cell, column: GridColumn, row: readonly Cell[]) => string | undefined
  /** Height of the heading and all rows, where text of several lines makes rows higher. */
  readonly onHeight?: (height: number) => void
}

export const rowHeight = 28
const noSections: readonly GridSection[] = []
/** Rows rendered beyond either edge. */
const overscan = 4
/** Rows in view for this long are fetched. */
const fetchDelayMs = 40
/** Fitted widths: padding of a cell with the border of a pinned one, room for the icons of a heading, and the widest column that is not asked for. */
const cellPadding = 19
const headingPadding = 44
const maxFittedWidth = 340

export const DataGrid = (props: DataGridProps) => {
  const { total, rowAt, onRange, sections = noSections, sort = null, context, layout, onLayout, filters } = props
  const id = useId()
  const scrollContainer = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<GridPosition>({ row: 0, column: 0 })
  const [anchor, setAnchor] = useState(0)
  const [isFocused, setIsFocused] = useState(false)
  const [fitted, setFitted] = useState<Readonly<Record<string, number>>>({})
  const [menuColumn, setMenuColumn] = useState<string | null>(null)
  const { table, shown, move, moveBefore } = useGridColumns(props, fitted)
  const lines = useMemo(() => createGridLines(total, sections), [total, sections])
  // oxlint-disable-next-line react/incompatible-library -- its functions are used here alone
  const virtualizer = useVirtualizer({
    count: lines.count,
    getScrollElement: () => scrollContainer.current,
    estimateSize: () => rowHeight,
    overscan,
  })
  const visibleLines = virtualizer.getVirtualItems().map(({ index, start, size }) => ({ line: index, start, size, shown: lines.at(index) }))
  const visibleRows = visibleLines.flatMap(({ shown }) => (shown.kind === 'row' ? [shown.index] : []))
  // Rows reuse the elements of those that scrolled out, so that fast scrolling creates none.
  const rowSlots = Math.ceil((virtualizer.scrollRect?.height ?? 0) / rowHeight) + 2 * overscan + 2
  const first = visibleRows[0] ?? 0
  const last = (visibleRows.at(-1) ?? 0) + 1
  // Rows passed by fast scrolling are not fetched.
  useEffect(() => {
    const timer = setTimeout(() => onRange?.(first, last), fetchDelayMs)
    return () => clearTimeout(timer)
  }, [onRange, first, last])

  const hasRows = visibleRows.length > 0 && rowAt(first) !== undefined
  const unfitted = shown
    .filter(({ column: { name, isFlexible = false } }) => !isFlexible && fitted[name] === undefined && layout.sizes[name] === undefined)
    .map(({ column }) => column.name)
  const unfittedKey = hasRows ? unfitted.join('\n') : ''
  // Columns that appear are as wide as what they show; later rows move nothing.
  useLayoutEffect(() => {
    if (unfittedKey === '' || scrollContainer.current === null) return
    const widths = measureColumns(scrollContainer.current, unfittedKey.split('\n'))
    setFitted((known) => ({ ...widths, ...known }))
  }, [unfittedKey])

  const isWrapping = shown.some(({ column }) => column.isWrapped === true)
  const contentHeight = virtualizer.getTotalSize()
  // After each rendering: other rows came into view, or the width has changed.
  useLayoutEffect(() => {
    if (!isWrapping || scrollContainer.current === null) return
    for (const row of scrollContainer.current.querySelectorAll<HTMLElement>('.grid-body > [data-line]')) {
      const heights = [...row.querySelectorAll('[data-wrapped="true"]')].map(textHeight)
      virtualizer.resizeItem(Number(row.dataset['line']), Math.max(rowHeight, ...heights))
    }
  })
  const { onHeight } = props
  useEffect(() => {
    if (isWrapping) onHeight?.(contentHeight)
  }, [isWrapping, contentHeight, onHeight])

  const range = { from: Math.min(anchor, active.row), to: Math.max(anchor, active.row) + 1 }
  const moveTo = (position: GridPosition, extendsSelection: boolean): void => {
    setActive(position)
    revealColumn(scrollContainer.current, shown, position.column)
    const start = extendsSelection ? anchor : position.row
    if (!extendsSelection) setAnchor(position.row)
    if (position.row < 0) return
    virtualizer.scrollToIndex(lines.lineOf(position.row))
    props.onSelection?.({ from: Math.min(start, position.row), to: Math.max(start, position.row) + 1 })
    const row = rowAt(position.row)
    if (row !== undefined && !extendsSelection) props.onRowSelect?.(row)
  }
  const sortBy = (column: GridColumn, descending: boolean): void => props.onSort?.({ column: column.name, descending })
  const toggleSort = (column: GridColumn): void =>
    sortBy(column, sort?.column === column.name ? !sort.descending : isNumeric(column.kind) || column.kind === 'risk')
  const copy = (): void => {
    const rows = Array.from({ length: range.to - range.from }, (_, offset) => rowAt(range.from + offset)).filter((row) => row !== undefined)
    const pick = (row: readonly Cell[]): Cell[] => shown.map(({ index }) => row[index] ?? null)
    props.onCopy?.({
      columns: shown.map(({ column }) => column),
      rows: rows.map(pick),
      missing: range.to - range.from - rows.length,
      activeCell: rowAt(active.row)?.[shown[active.column]?.index ?? 0] ?? null,
    })
  }
  const closeMenu = (): void => {
    setMenuColumn(null)
    scrollContainer.current?.focus({ preventScroll: true })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== scrollContainer.current) return
    const column = shown[active.column]?.column
    if (column !== undefined && isMenuKey(event)) {
      event.preventDefault()
      setMenuColumn(column.name)
      return
    }
    const target = nextGridPosition(event, active, {
      rows: total,
      columns: shown.length,
      pageRows: Math.floor((scrollContainer.current.clientHeight || 300) / rowHeight) - 2,
    })
    if (target !== null) {
      event.preventDefault()
      moveTo(target, event.shiftKey && target.row >= 0 && active.row >= 0)
      return
    }
    if (event.key === 'Enter') {
      event.preventDefault()
      const row = active.row < 0 ? undefined : rowAt(active.row)
      if (row !== undefined) props.onOpen?.(row)
      else if (column !== undefined && props.onSort !== undefined) toggleSort(column)
    } else if (event.key.toLowerCase() === 'c' && (event.ctrlKey || event.metaKey) && active.row >= 0) {
      event.preventDefault()
      copy()
    }
  }
  const fit = (name: string): void => {
    if (scrollContainer.current !== null)
      table.setColumnSizing((sizes) => ({ ...sizes, ...measureColumns(scrollContainer.current!, [name]) }))
  }
  const actionsOf = ({ column, pinnedAt }: ShownColumn, position: number): readonly ColumnAction[] => [
    ...(props.onSort === undefined
      ? []
      : [
          { label: 'Sort ascending', run: () => sortBy(column, false) },
          { label: 'Sort descending', run: () => sortBy(column, true) },
        ]),
    { label: 'Fit width', run: () => fit(column.name) },
    { label: 'Move left', run: () => move(column.name, -1), isDisabled: position === 0 },
    { label: 'Move right', run: () => move(column.name, 1), isDisabled: position === shown.length - 1 },
    { label: pinnedAt === null ? 'Pin' : 'Unpin', run: () => table.getColumn(column.name)?.pin(pinnedAt === null ? 'start' : false) },
    { label: 'Hide', run: () => table.getColumn(column.name)?.toggleVisibility(false), isDisabled: shown.length === 1 },
    { label: 'Reset columns', run: () => onLayout({ visible: {}, order: [], pinned: null, sizes: {} }) },
  ]
  const isFiltered = ({ name }: GridColumn): boolean => (filters?.[name] ?? '').trim() !== ''
  const template = columnTemplate(shown, layout.sizes)
  const minWidth = shown.reduce((sum, { width }) => sum + width, 0)
  const cellId = (row: number, column: number): string => `${id}-${row}-${column}`
  const menuPosition = shown.findIndex(({ column }) => column.name === menuColumn)
  const menu = shown[menuPosition]
  return (
    <div className="grid-frame">
      <div
        ref={scrollContainer}
        className="grid"
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={lines.count + 1}
        aria-colcount={shown.length}
        aria-multiselectable
        aria-activedescendant={isFocused ? cellId(active.row, active.column) : undefined}
        onKeyDown={onKeyDown}
        onFocus={() => setIsFocused(true)}
        onBlur={() => setIsFocused(false)}
      >
        <div className="grid-head" role="rowgroup" style={{ minWidth }}>
          <div role="row" aria-rowindex={1} className="grid-row" style={{ gridTemplateColumns: template }}>
            {shown.map(({ column, pinnedAt, header }, position) => (
              // The grid handles the keys: Enter on the active heading sorts.
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
              <div
                key={column.name}
                id={cellId(-1, position)}
                role="columnheader"
                className="grid-heading"
                aria-label={isFiltered(column) ? `${column.title}, filtered` : column.title}
                title={column.hint ?? column.title}
                data-column={column.name}
                data-number={isNumeric(column.kind)}
                data-pinned={pinnedAt !== null}
                data-active={isFocused && active.row === -1 && active.column === position}
                data-sortable={props.onSort !== undefined}
                style={pinnedAt === null ? undefined : { left: pinnedAt }}
                aria-colindex={position + 1}
                aria-sort={sort?.column === column.name ? (sort.descending ? 'descending' : 'ascending') : 'none'}
                onClick={() => {
                  if (props.onSort !== undefined) toggleSort(column)
                }}
                onContextMenu={(event) => {
                  event.preventDefault()
                  setMenuColumn(column.name)
                }}
                onDragOver={(event) => {
                  if (event.dataTransfer.types.includes('text/x-column')) event.preventDefault()
                }}
                onDrop={(event) => {
                  const dragged = event.dataTransfer.getData('text/x-column')
                  if (dragged === '' || dragged === column.name) return
                  event.preventDefault()
                  event.stopPropagation()
                  moveBefore(dragged, column.name)
                }}
              >
                <span
                  className="grid-title"
                  role="presentation"
                  draggable
                  onDragStart={({ dataTransfer }) => dataTransfer.setData('text/x-column', column.name)}
                >
                  {column.title}
                </span>
                {isFiltered(column) && <Funnel size={12} aria-hidden />}
                {sort?.column === column.name &&
                  (sort.descending ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
                <button
                  type="button"
                  className="column-button"
                  tabIndex={-1}
                  aria-label={`Column menu: ${column.title}`}
                  title="Column menu (Shift+F10)"
                  onClick={(event) => {
                    event.stopPropagation()
                    setMenuColumn(column.name)
                  }}
                >
                  <EllipsisVertical size={13} aria-hidden />
                </button>
                {/* The column menu fits, moves and hides by keyboard. */}
                <span
                  className="column-grip"
                  role="presentation"
                  onMouseDown={header.getResizeHandler()}
                  onTouchStart={header.getResizeHandler()}
                  onClick={(event) => event.stopPropagation()}
                  onDoubleClick={() => fit(column.name)}
                />
              </div>
            ))}
          </div>
        </div>
        <div className="grid-body" role="rowgroup" style={{ height: contentHeight, minWidth }}>
          {visibleLines.map(({ line, start, size, shown: shownLine }) => {
            if (shownLine.kind === 'section') {
              const { title, note } = shownLine.section
              return (
                <div
                  key={`section ${shownLine.position}`}
                  role="row"
                  className="grid-row grid-section"
                  aria-rowindex={line + 2}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <div role="gridcell" aria-colspan={shown.length}>
                    <strong>{title}</strong> <span className="muted">{note}</span>
                  </div>
                </div>
              )
            }
            const { index } = shownLine
            const row = rowAt(index)
            const isSelected = index >= range.from && index < range.to && isFocused
            return (
              // The grid handles the keys: arrows move, Enter opens.
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
              <div
                key={line % rowSlots}
                role="row"
                className="grid-row"
                aria-rowindex={line + 2}
                aria-selected={isSelected}
                data-marked={row !== undefined && props.markedKey !== undefined && props.markedKey !== null && row[0] === props.markedKey}
                data-line={line}
                style={{ gridTemplateColumns: template, transform: `translateY(${start}px)`, height: size }}
                onDoubleClick={() => row !== undefined && props.onOpen?.(row)}
                onClick={(event) => {
                  scrollContainer.current?.focus({ preventScroll: true })
                  const cell = (event.target as Element).closest('[role=gridcell]')
                  moveTo({ row: index, column: Math.max(0, Number(cell?.getAttribute('aria-colindex') ?? 1) - 1) }, event.shiftKey)
                }}
              >
                {shown.map(({ column, index: cellIndex, pinnedAt }, position) => {
                  const cell = row?.[cellIndex] ?? null
                  const isRisk = column.kind === 'risk' && isRiskState(cell)
                  const text = row === undefined ? '…' : (props.cellText?.(cell, column, row) ?? formatCell(cell, column.kind, context))
                  return (
                    <div
                      key={column.name}
                      id={cellId(index, position)}
                      role="gridcell"
                      className="grid-cell"
                      title={isRisk ? undefined : text}
                      aria-colindex={position + 1}
                      data-column={column.name}
                      data-number={isNumeric(column.kind)}
                      data-pinned={pinnedAt !== null}
                      data-wrapped={column.isWrapped === true}
                      data-active={isFocused && active.row === index && active.column === position}
                      style={pinnedAt === null ? undefined : { left: pinnedAt }}
                    >
                      {isRisk ? (
                        <RiskBadge state={cell} />
                      ) : column.isWrapped === true ? (
                        <span className="wrapped-text">{text}</span>
                      ) : (
                        <NameText text={text} />
                      )}
                    </div>
                  )
                })}
              </div>
            )
          })}
        </div>
      </div>
      {menu !== undefined && (
        <ColumnMenu
          key={menu.column.name}
          column={menu.column}
          left={menuLeft(scrollContainer.current, menu, shown, menuPosition)}
          actions={actionsOf(menu, menuPosition)}
          filter={filters === undefined || menu.column.isFilterable === false ? null : (filters[menu.column.name] ?? '')}
          onFilter={(text) => props.onFilter?.(menu.column.name, text)}
          onClose={closeMenu}
        />
      )}
    </div>
  )
}

/** Of all lines of a cell, with the space around them and the line below the row. */
const textHeight = (cell: Element): number => {
  const { paddingTop, paddingBottom } = getComputedStyle(cell)
  const lines = cell.firstElementChild?.getBoundingClientRect().height ?? 0
  return Math.ceil(lines + Number.parseFloat(paddingTop) + Number.parseFloat(paddingBottom)) + 1
}

const isMenuKey = ({ key, shiftKey, altKey }: KeyboardEvent): boolean =>
  key === 'ContextMenu' || (key === 'F10' && shiftKey) || (key === 'ArrowDown' && altKey)

/** Widths that show the headings and the rendered cells whole, up to a limit. */
const measureColumns = (grid: Element, names: readonly string[]): Record<string, number> => {
  const range = document.createRange()
  const widths: Record<string, number> = {}
  for (const name of names) {
    let width = 0
    for (const element of grid.querySelectorAll(`[data-column="${CSS.escape(name)}"]`)) {
      if (element.getAttribute('role') === 'columnheader') {
        width = Math.max(width, (element.querySelector('.grid-title')?.scrollWidth ?? 0) + headingPadding)
      } else {
        range.selectNodeContents(element)
        width = Math.max(width, (wholeNameWidth(element) ?? range.getBoundingClientRect().width) + cellPadding)
      }
    }
    widths[name] = Math.ceil(Math.min(width, maxFittedWidth))
  }
  return widths
}

const startOf = (shown: readonly ShownColumn[], position: number): number =>
  shown.slice(0, position).reduce((sum, { width }) => sum + width, 0)

/** Scrolls sideways until the column is in view, right of the pinned ones. */
const revealColumn = (grid: HTMLElement | null, shown: readonly ShownColumn[], position: number): void => {
  const column = shown[position]
  if (grid === null || column === undefined || column.pinnedAt !== null) return
  const start = startOf(shown, position)
  const pinnedWidth = shown.reduce((sum, { pinnedAt, width }) => sum + (pinnedAt === null ? 0 : width), 0)
  if (start - pinnedWidth < grid.scrollLeft) grid.scrollLeft = start - pinnedWidth
  else if (start + column.width > grid.scrollLeft + grid.clientWidth) grid.scrollLeft = start + column.width - grid.clientWidth
}

const menuWidth = 210

const menuLeft = (grid: HTMLElement | null, { pinnedAt }: ShownColumn, shown: readonly ShownColumn[], position: number): number => {
  if (grid === null) return 0
  const left = pinnedAt ?? startOf(shown, position) - grid.scrollLeft
  return Math.max(0, Math.min(left, grid.clientWidth - menuWidth))
}

// The columns of a grid by TanStack Table: which are shown, in which order, how wide, and which stay in view.
import {
  columnOrderingFeature,
  columnPinningFeature,
  columnResizingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  tableFeatures,
  useTable,
  type ColumnPinningState,
  type Header,
  type Updater,
} from '@tanstack/react-table'
import { useMemo } from 'react'
import type { ColumnKind } from '../../src-shared/artefacts/server-columns.ts'
import type { GridLayout } from '../../src-shared/config/grid-layout.ts'

export interface GridColumn {
  readonly name: string
  readonly title: string
  readonly kind: ColumnKind
  readonly width: number
  readonly hint?: string | undefined
  /** Whether it is shown unless the user decides otherwise; default: yes. */
  readonly isShown?: boolean | undefined
  /** Takes the width that the other columns leave. */
  readonly isFlexible?: boolean
  /** Long text goes on in further lines; the other cells of its row stay at the top. */
  readonly isWrapped?: boolean
  /** Whether it can be filtered where the list has column filters; default: yes. */
  readonly isFilterable?: boolean
}

export interface GridColumnsOptions {
  readonly columns: readonly GridColumn[]
  readonly layout: GridLayout
  readonly onLayout: (layout: GridLayout) => void
  /** Columns without a value, which are shown only where the user asked for them. */
  readonly emptyColumns?: readonly string[] | undefined
}

const features = tableFeatures({
  columnVisibilityFeature,
  columnOrderingFeature,
  columnPinningFeature,
  columnSizingFeature,
  columnResizingFeature,
})

/** The grid asks for its rows itself. */
type NoRow = Readonly<Record<string, never>>
const noRows: NoRow[] = []
const noNames: readonly string[] = []

const minWidth = 48
const maxWidth = 1600

/** Whether a column is shown, before columns without a value are left out. */
export const isWanted = (
  { name, isShown = true }: Pick<GridColumn, 'name' | 'isShown'>,
  { visible }: Pick<GridLayout, 'visible'>,
): boolean => visible[name] ?? isShown

export interface ShownColumn {
  readonly column: GridColumn
  /** Index among all columns of the grid. */
  readonly index: number
  readonly width: number
  /** Pixels from the left edge where the column stays; null where it scrolls. */
  readonly pinnedAt: number | null
  readonly header: Header<typeof features, NoRow>
}

const update = <Value>(updater: Updater<Value>, current: Value): Value =>
  typeof updater === 'function' ? (updater as (old: Value) => Value)(current) : updater

/** `fitted`: widths measured from the first rows. */
export const useGridColumns = (
  { columns, layout, onLayout, emptyColumns = noNames }: GridColumnsOptions,
  fitted: Readonly<Record<string, number>>,
) => {
  const definitions = useMemo(
    () => columns.map(({ name, title, width }) => ({ id: name, header: title, size: width, minSize: minWidth, maxSize: maxWidth })),
    [columns],
  )
  const columnVisibility = useMemo(
    () =>
      Object.fromEntries(
        columns.map((column) => [
          column.name,
          layout.visible[column.name] ?? (isWanted(column, layout) && !emptyColumns.includes(column.name)),
        ]),
      ),
    [columns, layout, emptyColumns],
  )
  const columnPinning = useMemo(
    (): ColumnPinningState => ({ start: [...(layout.pinned ?? columns.slice(0, 1).map(({ name }) => name))], end: [] }),
    [columns, layout.pinned],
  )
  const columnSizing = useMemo(() => ({ ...fitted, ...layout.sizes }), [fitted, layout.sizes])
  const columnOrder = useMemo(() => [...layout.order], [layout.order])
  const table = useTable({
    features,
    columns: definitions,
    data: noRows,
    columnResizeMode: 'onChange',
    state: { columnVisibility, columnPinning, columnSizing, columnOrder },
    onColumnVisibilityChange: (updater: Updater<Record<string, boolean>>) => {
      const changed = Object.entries(update(updater, columnVisibility)).filter(([name, isVisible]) => columnVisibility[name] !== isVisible)
      onLayout({ ...layout, visible: { ...layout.visible, ...Object.fromEntries(changed) } })
    },
    onColumnPinningChange: (updater: Updater<ColumnPinningState>) => onLayout({ ...layout, pinned: update(updater, columnPinning).start }),
    onColumnSizingChange: (updater: Updater<Record<string, number>>) => {
      const sizes = Object.entries(update(updater, columnSizing)).filter(([name, size]) => columnSizing[name] !== size)
      onLayout({ ...layout, sizes: { ...layout.sizes, ...Object.fromEntries(sizes) } })
    },
    onColumnOrderChange: (updater: Updater<string[]>) => onLayout({ ...layout, order: update(updater, columnOrder) }),
  })
  const headers = table.getHeaderGroups()[0]?.headers ?? []
  const shown = headers.flatMap((header): ShownColumn[] => {
    const index = columns.findIndex(({ name }) => name === header.column.id)
    const column = columns[index]
    if (column === undefined) return []
    return [
      {
        column,
        index,
        width: header.column.getSize(),
        pinnedAt: header.column.getIsPinned() === 'start' ? header.column.getStart('start') : null,
        header,
      },
    ]
  })
  /** Moves a shown column so many places to the right, or left below 0. */
  const move = (name: string, places: number): void => {
    const names = shown.map(({ column }) => column.name)
    const from = names.indexOf(name)
    moveBefore(name, names[places > 0 ? from + places + 1 : from + places])
  }
  /** Moves a column before another one, or to the end. */
  const moveBefore = (name: string, target: string | undefined): void => {
    const names = table.getAllLeafColumns().map(({ id }) => id)
    const current = [...new Set([...shown.map(({ column }) => column.name), ...names])].filter((other) => other !== name)
    const at = target === undefined ? current.length : current.indexOf(target)
    table.setColumnOrder([...current.slice(0, at), name, ...current.slice(at)])
  }
  return { table, shown, move, moveBefore }
}

/** One flexible column, or a blank one, takes what the others leave. */
export const columnTemplate = (shown: readonly ShownColumn[], sizes: GridLayout['sizes']): string => {
  const hasFlexible = shown.some(({ column }) => column.isFlexible === true && sizes[column.name] === undefined)
  const tracks = shown.map(({ column, width }) =>
    column.isFlexible === true && sizes[column.name] === undefined ? `minmax(${width}px, 1fr)` : `${width}px`,
  )
  return hasFlexible ? tracks.join(' ') : `${tracks.join(' ')} minmax(0, 1fr)`
}

// A titled grid whose rows are all in the page: sorted and filtered here, copied with Ctrl+C, exported as CSV.
import { Download } from 'lucide-react'
import { useMemo, useState, type ReactNode } from 'react'
import type { Cell } from '../../src-shared/ipc/fleet-view.ts'
import { DataGrid, rowHeight, type GridSort } from '../components/data-grid.tsx'
import { filterRows, findEmptyColumns } from '../components/filter-rows.ts'
import { formatTable } from '../components/format-table.ts'
import type { GridColumn } from '../components/grid-columns.ts'
import { saveFile } from '../state/export-actions.ts'
import { useGridLayout } from '../state/grid-layouts.ts'
import { formatDate, formatDay, formatting } from '../theme/formatting.ts'
import { copySelection } from './copy-rows.ts'

type Rows = readonly (readonly Cell[])[]

export interface PageGridProps {
  /** Of the saved layout: lower case and hyphens. */
  readonly id: string
  readonly title: string
  readonly columns: readonly GridColumn[]
  readonly rows: Rows
  readonly onOpen?: (row: readonly Cell[]) => void
  readonly children?: ReactNode
}

const maxHeight = 340
/** With its lines. */
const headHeight = 32
const scrollbarHeight = 16
const afterPrefix = 'after '

/** A time after the last one of the forecasts; sorts behind every date. */
export const afterHorizon = (horizonEnd: string | null): string => `${afterPrefix}${horizonEnd ?? ''}`

const timeText = (cell: Cell, { kind }: GridColumn): string | undefined => {
  if (kind !== 'time' || typeof cell !== 'string') return undefined
  if (/^\d{4}-\d\d-\d\d$/.test(cell)) return formatDay(cell)
  return cell.startsWith(afterPrefix) ? `after ${formatDate(Date.parse(cell.slice(afterPrefix.length)))}` : undefined
}

/** Nothing where there is no row. */
export const PageGrid = ({ id, title, columns, rows, onOpen, children }: PageGridProps) => {
  const gridLayout = useGridLayout(id)
  const [filters, setFilters] = useState<Readonly<Record<string, string>>>({})
  const [wrappedHeight, setWrappedHeight] = useState(rows.length * rowHeight)
  const [sort, setSort] = useState<GridSort | null>(null)
  const shown = useMemo(() => sortRows(filterRows(rows, columns, filters), columns, sort), [rows, columns, filters, sort])
  const emptyColumns = useMemo(() => findEmptyColumns(rows, columns), [rows, columns])
  if (rows.length === 0) return null
  const isFiltered = shown.length < rows.length
  const bodyHeight = columns.some(({ isWrapped }) => isWrapped === true) ? wrappedHeight : rows.length * rowHeight
  return (
    <section aria-label={title}>
      <header className="chart-head">
        <h2>{title}</h2>
        <span className="muted" aria-live="polite">
          {formatting.count(shown.length)}
          {isFiltered && ` of ${formatting.count(rows.length)}`}
        </span>
        <span className="toolbar-gap" />
        {isFiltered && (
          <button type="button" className="button quiet" onClick={() => setFilters({})}>
            Clear column filters
          </button>
        )}
        <button
          type="button"
          className="icon-button"
          aria-label={`Export: ${title}`}
          title="Export as CSV"
          onClick={() =>
            void saveFile(
              `${title.toLowerCase()}.csv`,
              'csv',
              formatTable({ columns: columns.map(({ title: heading }) => heading), rows: shown }, 'csv'),
            )
          }
        >
          <Download size={15} aria-hidden />
        </button>
      </header>
      <div className="boxed-grid" style={{ height: Math.min(maxHeight, bodyHeight + headHeight + scrollbarHeight) }}>
        <DataGrid
          label={title}
          columns={columns}
          {...gridLayout}
          emptyColumns={emptyColumns}
          filters={filters}
          onFilter={(column, text) => setFilters({ ...filters, [column]: text })}
          sort={sort}
          onSort={setSort}
          total={shown.length}
          context={{ unit: '', isHourly: false }}
          rowAt={(index) => shown[index]}
          cellText={timeText}
          onCopy={copySelection}
          onHeight={setWrappedHeight}
          {...(onOpen === undefined ? {} : { onOpen })}
        />
      </div>
      {children}
    </section>
  )
}

/** Unknown values come last in either direction. */
const sortRows = (rows: Rows, columns: readonly GridColumn[], sort: GridSort | null): Rows => {
  if (sort === null) return rows
  const index = columns.findIndex(({ name }) => name === sort.column)
  const sign = sort.descending ? -1 : 1
  return [...rows].sort((rowA, rowB) => {
    const [a, b] = [rowA[index] ?? null, rowB[index] ?? null]
    if (a === null || b === null) return Number(a === null) - Number(b === null)
    return a < b ? -sign : a > b ? sign : 0
  })
}

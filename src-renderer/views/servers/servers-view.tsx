// The server list: pages load as they scroll into view; rows can be sorted, copied and exported.
import { Copy, Download } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { rowFormats } from '../../../src-shared/ipc/export-rows.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { Cell, ServersPage } from '../../../src-shared/ipc/fleet-view.ts'
import { serverColumns } from '../../../src-shared/artefacts/server-columns.ts'
import type { ServerRiskRow } from '../../../src-shared/artefacts/server-risk.ts'
import { ClearFilters } from '../../components/clear-filters.tsx'
import { ColumnsMenu } from '../../components/columns-menu.tsx'
import { DataGrid, type GridRange, type GridSort } from '../../components/data-grid.tsx'
import { isWanted, type GridColumn } from '../../components/grid-columns.ts'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Popover } from '../../components/popover.tsx'
import { textFormats, type TextFormat } from '../../components/format-table.ts'
import { Toolbar } from '../../components/toolbar.tsx'
import { exportRows } from '../../state/export-actions.ts'
import { openServer, selectServer } from '../../state/navigation.ts'
import { useColumnFilters } from '../../state/column-filters.ts'
import { usePages } from '../../state/use-pages.ts'
import { useGridLayout } from '../../state/grid-layouts.ts'
import { notify, useWindowState } from '../../state/window-state.ts'
import { formatting } from '../../theme/formatting.ts'
import { fileFormatLabels } from '../../theme/labels.ts'
import { Loading, NoMatchingServers } from '../loaded.tsx'
import { copyRows, copySelection } from '../copy-rows.ts'
import type { RunViewProps } from '../view-entry.ts'
import './servers.css'

type ColumnName = keyof ServerRiskRow

const columns: readonly (GridColumn & { readonly name: ColumnName })[] = serverColumns.map((column) => ({
  ...column,
  isShown: column.isShown === true,
}))
const columnNames = columns.map(({ name }) => name)
const maxExportedRows = 20_000
const noColumns: readonly string[] = []

const selectPage = ({ rows, total }: ServersPage) => ({ rows, total })

export const ServersView = ({ run }: RunViewProps) => {
  const { metric, filter, selectedServer } = useWindowState()
  const { layout, onLayout } = useGridLayout('servers')
  const [sort, setSort] = useState<GridSort>({ column: 'horizon_p95', descending: true })
  const { filters, onFilter, hasFilters, clearFilters, columnFilters } = useColumnFilters(columnNames)
  const [selection, setSelection] = useState<GridRange>({ from: 0, to: 1 })
  // `server_id` identifies the row and always leads.
  const names = useMemo(
    () => columns.filter((column) => column.name === 'server_id' || isWanted(column, layout)).map(({ name }) => name),
    [layout],
  )
  const query = useMemo(
    () => ({
      folder: run.folder,
      metric,
      filter,
      columnFilters,
      columns: names,
      sort: { column: sort.column as ColumnName, descending: sort.descending },
    }),
    [run.folder, metric, filter, columnFilters, names, sort],
  )
  const { total, firstResponse, error, rowAt: requestedRowAt, onRange, isRefreshing } = usePages('servers.list', query, selectPage)
  const rowAt = useCallback(
    (index: number): readonly Cell[] | undefined => {
      const row = requestedRowAt(index)
      return row === undefined ? undefined : columns.map(({ name }) => row[names.indexOf(name)] ?? null)
    },
    [requestedRowAt, names],
  )
  const emptyColumns = firstResponse?.emptyColumns ?? noColumns
  const unit = run.metrics.find(({ name }) => name === metric)?.unit ?? ''

  const loadedRows = ({ from, to }: GridRange): (readonly Cell[])[] =>
    Array.from({ length: to - from }, (_, index) => requestedRowAt(from + index)).filter((row) => row !== undefined)
  const copy = (format: TextFormat): void => {
    const rows = loadedRows(selection)
    const requested = names.map((name) => columns.find((column) => column.name === name)!)
    copyRows({ columns: requested, rows, missing: selection.to - selection.from - rows.length }, format)
  }
  const exportSelection = (scope: 'all' | 'filtered' | 'selected', format: (typeof rowFormats)[number]): void => {
    const names = loadedRows(selection).map(([name]) => String(name))
    if (scope === 'selected' && names.length > maxExportedRows) {
      notify(`Select up to ${formatting.count(maxExportedRows)} rows or narrow the filter.`)
      return
    }
    const chosen = scope === 'all' ? noFilter : scope === 'filtered' ? filter : { ...noFilter, servers: names }
    void exportRows({ ...query, columnFilters: scope === 'filtered' ? columnFilters : [], filter: chosen, format })
  }
  const selected = selection.to - selection.from

  return (
    <main className="view" aria-label="Servers">
      <Toolbar label="Servers">
        <strong className="list-count" aria-live="polite">
          {total === null ? '…' : formatting.count(total)}
          {firstResponse !== null && total !== firstResponse.of && ` of ${formatting.count(firstResponse.of)}`}{' '}
          {firstResponse?.of === 1 ? 'server' : 'servers'}
        </strong>
        <span className="toolbar-gap" />
        {hasFilters && <ClearFilters onClear={clearFilters} />}
        <ColumnsMenu columns={columns} layout={layout} onLayout={onLayout} emptyColumns={emptyColumns} />
        <Popover label={<IconLabel icon={<Copy size={14} aria-hidden />} text="Copy" />} name="Copy selected rows" align="right">
          <ul className="menu-list">
            {textFormats.map((format) => (
              <li key={format}>
                <button type="button" className="menu-item" data-close onClick={() => copy(format)}>
                  {formatting.count(selected)} selected as {fileFormatLabels[format]}
                </button>
              </li>
            ))}
          </ul>
        </Popover>
        <Popover label={<IconLabel icon={<Download size={14} aria-hidden />} text="Export" />} name="Export rows" align="right">
          <ExportMenu onExport={exportSelection} selected={selected} />
        </Popover>
      </Toolbar>
      <div className="list-area" aria-busy={total === null || isRefreshing}>
        {error !== null && <ErrorPanel error={error} />}
        {error === null && total === 0 && !hasFilters && <NoMatchingServers />}
        {total !== null && (total > 0 || hasFilters) && (
          <DataGrid
            label="Servers"
            columns={columns}
            layout={layout}
            onLayout={onLayout}
            emptyColumns={emptyColumns}
            filters={filters}
            onFilter={onFilter}
            total={total}
            context={{ unit, isHourly: run.granularity === 'hourly' }}
            rowAt={rowAt}
            onRange={onRange}
            sort={sort}
            onSort={setSort}
            markedKey={selectedServer}
            onRowSelect={([name]) => selectServer(String(name))}
            onOpen={([name]) => openServer(String(name))}
            onCopy={copySelection}
            onSelection={setSelection}
          />
        )}
        {total === null && error === null && <Loading />}
      </div>
    </main>
  )
}

const IconLabel = ({ icon, text }: { readonly icon: React.ReactNode; readonly text: string }) => (
  <>
    {icon} {text}
  </>
)

interface ExportMenuProps {
  readonly selected: number
  readonly onExport: (scope: 'all' | 'filtered' | 'selected', format: (typeof rowFormats)[number]) => void
}

const ExportMenu = ({ selected, onExport }: ExportMenuProps) => (
  <div className="export-menu">
    {(['filtered', 'selected', 'all'] as const).map((scope) => (
      <section key={scope} aria-label={scope}>
        <h3>
          {scope === 'filtered'
            ? 'Filtered servers'
            : scope === 'selected'
              ? `Selected rows (${formatting.count(selected)})`
              : 'All servers'}
        </h3>
        <ul className="menu-list">
          {rowFormats.map((format) => (
            <li key={format}>
              <button
                type="button"
                className="menu-item"
                data-close
                aria-label={`Export ${scope} rows as ${fileFormatLabels[format]}`}
                onClick={() => onExport(scope, format)}
              >
                {fileFormatLabels[format]}…
              </button>
            </li>
          ))}
        </ul>
      </section>
    ))}
  </div>
)

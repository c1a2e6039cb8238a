// The server list: pages load as they scroll into view; rows can be sorted, copied and exported.
import { Columns3, Copy, Download } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { rowFormats } from '../../../src-shared/ipc/export-rows.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { Cell, ServersPage } from '../../../src-shared/ipc/fleet-view.ts'
import { serverColumns, type ServerColumn } from '../../../src-shared/artefacts/server-columns.ts'
import type { Granularity } from '../../../src-shared/run/run-manifest.ts'
import type { ServerRiskRow } from '../../../src-shared/artefacts/server-risk.ts'
import { CheckList } from '../../components/check-list.tsx'
import { DataGrid, type GridRange, type GridSort } from '../../components/data-grid.tsx'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Popover } from '../../components/popover.tsx'
import { textFormats, type TextFormat } from '../../components/format-table.ts'
import { Toolbar } from '../../components/toolbar.tsx'
import { exportRows } from '../../state/export-actions.ts'
import { openServer, selectServer } from '../../state/navigation.ts'
import { usePages } from '../../state/use-pages.ts'
import { changeSettings, notify, useWindowState } from '../../state/window-state.ts'
import { formatting } from '../../theme/formatting.ts'
import { fileFormatLabels } from '../../theme/labels.ts'
import { Loading, NoMatchingServers } from '../loaded.tsx'
import { copyCell, copyRows } from '../copy-rows.ts'
import type { RunViewProps } from '../view-entry.ts'
import './servers.css'

type ColumnName = keyof ServerRiskRow

const defaultColumns: readonly ColumnName[] = serverColumns.filter(({ isShown }) => isShown === true).map(({ name }) => name)
const maxExportedRows = 20_000

/** Of a date with its hour and zone. */
const hourWidth = 196
const withHours = (column: ServerColumn, granularity: Granularity): ServerColumn =>
  column.kind === 'time' && granularity === 'hourly' ? { ...column, width: hourWidth } : column

const selectPage = ({ rows, total }: ServersPage) => ({ rows, total })

/** The chosen columns in table order; `server_id` identifies the row and always leads. */
const visibleColumns = (chosen: readonly string[] | null): ColumnName[] => {
  const requestedColumns = new Set<string>(chosen ?? defaultColumns)
  return serverColumns.map(({ name }) => name).filter((name) => name === 'server_id' || requestedColumns.has(name))
}

export const ServersView = ({ run }: RunViewProps) => {
  const { metric, filter, selectedServer, settings } = useWindowState()
  const [sort, setSort] = useState<GridSort>({ column: 'horizon_p95', descending: true })
  const [selection, setSelection] = useState<GridRange>({ from: 0, to: 1 })
  const columns = useMemo(() => visibleColumns(settings.layout.serverColumns), [settings.layout.serverColumns])
  const query = useMemo(
    () => ({ folder: run.folder, metric, filter, columns, sort: { column: sort.column as ColumnName, descending: sort.descending } }),
    [run.folder, metric, filter, columns, sort],
  )
  const { total, firstResponse, error, rowAt, onRange, isRefreshing } = usePages('servers.list', query, selectPage)
  const columnDefinitions = useMemo(
    () => serverColumns.filter(({ name }) => columns.includes(name)).map((column) => withHours(column, run.granularity)),
    [columns, run.granularity],
  )
  const unit = run.metrics.find(({ name }) => name === metric)?.unit ?? ''

  const loadedRows = useCallback(
    ({ from, to }: GridRange): (readonly Cell[])[] =>
      Array.from({ length: to - from }, (_, index) => rowAt(from + index)).filter((row): row is Cell[] => row !== undefined),
    [rowAt],
  )
  const copy = (range: GridRange, format: TextFormat): void => {
    const rows = loadedRows(range)
    copyRows(columnDefinitions, rows, { format, missing: range.to - range.from - rows.length })
  }
  const copyFromKeys = (range: GridRange, column: number): void => {
    if (range.to - range.from > 1) copy(range, 'tsv')
    else copyCell(rowAt(range.from)?.[column])
  }
  const exportSelection = (scope: 'all' | 'filtered' | 'selected', format: (typeof rowFormats)[number]): void => {
    const names = loadedRows(selection).map(([name]) => String(name))
    if (scope === 'selected' && names.length > maxExportedRows) {
      notify(`Select up to ${formatting.count(maxExportedRows)} rows or narrow the filter.`)
      return
    }
    const chosen = scope === 'all' ? noFilter : scope === 'filtered' ? filter : { ...noFilter, servers: names }
    void exportRows({ ...query, filter: chosen, format })
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
        <Popover label={<IconLabel icon={<Columns3 size={14} aria-hidden />} text="Columns" />} name="Columns" align="right">
          <CheckList
            title="Columns"
            selected={columns}
            options={serverColumns.filter(({ name }) => name !== 'server_id').map(({ name, title }) => ({ value: name, label: title }))}
            onChange={(chosen) => void changeSettings({ layout: { serverColumns: chosen.length === 0 ? null : chosen } })}
          />
        </Popover>
        <Popover label={<IconLabel icon={<Copy size={14} aria-hidden />} text="Copy" />} name="Copy selected rows" align="right">
          <ul className="menu-list">
            {textFormats.map((format) => (
              <li key={format}>
                <button type="button" className="menu-item" data-close onClick={() => copy(selection, format)}>
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
        {error === null && total === 0 && <NoMatchingServers />}
        {total !== null && total > 0 && (
          <DataGrid
            label="Servers"
            columns={columnDefinitions}
            total={total}
            context={{ unit, isHourly: run.granularity === 'hourly' }}
            rowAt={rowAt}
            onRange={onRange}
            sort={sort}
            onSort={setSort}
            markedKey={selectedServer}
            onRowSelect={([name]) => selectServer(String(name))}
            onOpen={([name]) => openServer(String(name))}
            onCopy={copyFromKeys}
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

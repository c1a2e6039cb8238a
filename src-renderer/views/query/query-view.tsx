// SQL over the run's tables with completion, cancel and history; the result as rows, a chart or a file.
import { Download, History, Play, Square, Table } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import type { Cell } from '../../../src-shared/ipc/fleet-view.ts'
import { isNumericType, queryFormats, type QueryResponse, type QueryTables } from '../../../src-shared/ipc/user-sql.ts'
import { utcClock } from '../../../src-shared/run/zone-clock.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { SegmentedControl } from '../../components/select.tsx'
import { DataGrid } from '../../components/data-grid.tsx'
import { filterRows } from '../../components/filter-rows.ts'
import type { GridColumn } from '../../components/grid-columns.ts'
import { defaultGridLayout, type GridLayout } from '../../../src-shared/config/grid-layout.ts'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Popover } from '../../components/popover.tsx'
import { SqlEditor } from './sql-editor.tsx'
import { textFormats } from '../../components/format-table.ts'
import { Toolbar } from '../../components/toolbar.tsx'
import { openServer } from '../../state/navigation.ts'
import { cancelQuery, exportQuery, runQuery, useQueryState, setQuery } from '../../state/query-state.ts'
import { useElapsedSeconds } from '../../state/follow-analysis.ts'
import { useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatElapsed, formatExactly, formatNumber, formatting } from '../../theme/formatting.ts'
import { fileFormatLabels } from '../../theme/labels.ts'
import { QueryChart } from './query-chart.tsx'
import { copyRows, copySelection } from '../copy-rows.ts'
import type { RunViewProps } from '../view-entry.ts'
import './query.css'

const noTables: QueryTables = []

type ResultView = 'rows' | 'chart'

export const QueryView = ({ run, theme }: RunViewProps) => {
  const { sql, isRunning, startedAtMs, result, error, version } = useQueryState()
  const [resultView, setResultView] = useState<ResultView>('rows')
  const tablesResponse = useRequest('query-tables.list', { folder: run.folder }, run.folder)
  const tables = tablesResponse.status === 'ready' ? tablesResponse.value : noTables
  return (
    <main className="view" aria-label="Query" aria-busy={isRunning}>
      <Toolbar label="Query">
        {isRunning ? (
          <button type="button" className="button" onClick={() => void cancelQuery()}>
            <Square size={13} aria-hidden /> Cancel
          </button>
        ) : (
          <button type="button" className="button primary-button" title="Run (Ctrl+Enter)" onClick={() => void runQuery(run.folder)}>
            <Play size={13} aria-hidden /> Run
          </button>
        )}
        <TablesMenu tables={tables} />
        <HistoryMenu />
        <span className="toolbar-gap" />
        {isRunning ? <Running startedAtMs={startedAtMs} /> : result !== null && <ResultSummary result={result} run={run} />}
        {result !== null && !isRunning && (
          <>
            <SegmentedControl<ResultView>
              label="Result view"
              value={resultView}
              options={[
                { value: 'rows', label: 'Rows' },
                { value: 'chart', label: 'Chart' },
              ]}
              onChange={setResultView}
            />
            <ExportMenu run={run} result={result} />
          </>
        )}
      </Toolbar>
      <div className="query-area">
        <SqlEditor value={sql} tables={tables} onChange={setQuery} onRun={() => void runQuery(run.folder)} />
        <div className="query-result">
          {error !== null && (
            <div className="view-failure">
              <ErrorPanel error={error} />
            </div>
          )}
          {result === null && error === null && !isRunning && (
            <p className="query-hint">
              Enter one SELECT over {tables.length === 0 ? 'the run’s tables' : tables.map(({ name }) => name).join(', ')}. Queries are
              read-only{run.timeZone === utcClock.zone ? '' : ', and their times are UTC'}. Run with Ctrl+Enter.
            </p>
          )}
          {result !== null && error === null && resultView === 'rows' && <ResultGrid key={version} result={result} />}
          {result !== null && error === null && resultView === 'chart' && <QueryChart key={version} result={result} theme={theme} />}
        </div>
      </div>
    </main>
  )
}

const Running = ({ startedAtMs }: { readonly startedAtMs: number }) => {
  const seconds = useElapsedSeconds(startedAtMs)
  return <span className="muted">Running, {formatElapsed(seconds)}</span>
}

const ResultSummary = ({ result, run }: { readonly result: QueryResponse; readonly run: RunOverview }) => (
  <span className="muted" aria-live="polite">
    {result.hasMore ? `The first ${formatting.count(result.rows.length)} rows` : `${formatting.count(result.rows.length)} rows`} in{' '}
    {result.seconds < 1 ? `${formatting.count(Math.ceil(result.seconds * 1000))} ms` : `${formatNumber(result.seconds)} s`}
    {run.timeZone === utcClock.zone ? '' : '; times UTC'}
  </span>
)

const toCell = (value: QueryResponse['rows'][number][number] | undefined): Cell =>
  value === undefined || value === null || typeof value !== 'object' ? (value ?? null) : JSON.stringify(value)

const ResultGrid = ({ result }: { readonly result: QueryResponse }) => {
  // Columns of one result are not those of the next: their layout is not saved.
  const [layout, setLayout] = useState<GridLayout>(defaultGridLayout)
  const [filters, setFilters] = useState<Readonly<Record<string, string>>>({})
  const columns = useMemo(
    (): readonly GridColumn[] =>
      result.columns.map(({ name, type }) => ({
        name,
        title: name,
        kind: isNumericType(type) ? 'count' : 'text',
        width: 130,
        hint: type,
      })),
    [result],
  )
  const allRows = useMemo(() => result.rows.map((row) => row.map(toCell)), [result])
  const rows = useMemo(() => filterRows(allRows, columns, filters), [allRows, columns, filters])
  const rowAt = useCallback((index: number) => rows[index], [rows])
  const serverColumn = columns.findIndex(({ name }) => name === 'server_id')
  return allRows.length === 0 ? (
    <p className="query-hint">No rows</p>
  ) : (
    <DataGrid
      label="Query result"
      columns={columns}
      layout={layout}
      onLayout={setLayout}
      filters={filters}
      onFilter={(column, text) => setFilters({ ...filters, [column]: text })}
      total={rows.length}
      context={{ unit: '', isHourly: true }}
      rowAt={rowAt}
      cellText={(cell) => (typeof cell === 'number' ? formatExactly(cell) : undefined)}
      onCopy={copySelection}
      onOpen={(row) => {
        const server = row[serverColumn]
        if (typeof server === 'string') openServer(server)
      }}
    />
  )
}

const TablesMenu = ({ tables }: { readonly tables: QueryTables }) => (
  <Popover
    label={
      <>
        <Table size={14} aria-hidden /> Tables
      </>
    }
    name="Tables and columns"
  >
    {tables.map(({ name, columns }) => (
      <details key={name} className="table-columns">
        <summary>
          {name} <span className="muted">{columns.length} columns</span>
        </summary>
        <dl>
          {columns.map((column) => (
            <div key={column.name} className="pair">
              <dt>{column.name}</dt>
              <dd className="muted">{column.type}</dd>
            </div>
          ))}
        </dl>
      </details>
    ))}
  </Popover>
)

const HistoryMenu = () => {
  const { queryHistory } = useWindowState(({ settings }) => settings)
  return (
    <Popover
      label={
        <>
          <History size={14} aria-hidden /> History
        </>
      }
      name="Query history"
    >
      {queryHistory.length === 0 ? (
        <p className="muted">No queries yet</p>
      ) : (
        <ul className="menu-list">
          {queryHistory.map((sql) => (
            <li key={sql}>
              <button type="button" className="menu-item query-history-item" data-close title={sql} onClick={() => setQuery(sql)}>
                {sql.replace(/\s+/g, ' ')}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Popover>
  )
}

const ExportMenu = ({ run, result }: { readonly run: RunOverview; readonly result: QueryResponse }) => {
  const cells = () => result.rows.map((row) => row.map(toCell))
  return (
    <Popover
      label={
        <>
          <Download size={14} aria-hidden /> Export
        </>
      }
      name="Export result"
      align="right"
    >
      <ul className="menu-list">
        {textFormats.map((format) => (
          <li key={format}>
            <button
              type="button"
              className="menu-item"
              data-close
              onClick={() => copyRows({ columns: result.columns, rows: cells(), missing: 0 }, format)}
            >
              Copy as {fileFormatLabels[format]}
            </button>
          </li>
        ))}
        {queryFormats.map((format) => (
          <li key={format}>
            <button type="button" className="menu-item" data-close onClick={() => void exportQuery(run.folder, format)}>
              Export all rows as {fileFormatLabels[format]}…
            </button>
          </li>
        ))}
      </ul>
    </Popover>
  )
}

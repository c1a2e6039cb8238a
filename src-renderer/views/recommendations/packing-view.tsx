// Consolidation by target host: the servers that move there and the resulting load.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import { useCallback, useMemo, useState } from 'react'
import { createHostLoadOption } from '../../charts/host-load-option.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { Cell, RecommendationsPage } from '../../../src-shared/ipc/fleet-view.ts'
import { hostColumnKinds, hostColumns, type HostLoad, type PackingPage } from '../../../src-shared/ipc/packing-view.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import type { ElementSize } from '../../charts/chart.tsx'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { DataGrid } from '../../components/data-grid.tsx'
import type { GridColumn } from '../../components/grid-columns.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Loaded, Loading } from '../loaded.tsx'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { openServer } from '../../state/navigation.ts'
import { useColumnFilters } from '../../state/column-filters.ts'
import { usePages } from '../../state/use-pages.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDataTime, formatDate, formatFraction, formatIso, formatting } from '../../theme/formatting.ts'
import { useGridLayout } from '../../state/grid-layouts.ts'
import { copySelection } from '../copy-rows.ts'
import { SavingsRisk } from './savings-charts.tsx'

type HostRow = PackingPage['rows'][number]

const kinds = hostColumnKinds

const columns: readonly GridColumn[] = [
  { name: 'host', title: 'Host', kind: kinds.host, width: 150 },
  { name: 'servers', title: 'Consolidated', kind: kinds.servers, width: 104 },
  { name: 'consolidated_servers', title: 'Servers', kind: kinds.consolidated_servers, width: 200, isFlexible: true },
  {
    name: 'load_p90',
    title: 'P90 load',
    kind: kinds.load_p90,
    width: 88,
    hint: 'Highest load: nine of ten simulated paths stay below it over the whole horizon',
  },
  {
    name: 'share_above_target',
    title: 'Risk',
    kind: kinds.share_above_target,
    width: 70,
    hint: 'Share of simulated paths on which the host exceeds its target at some time',
  },
  { name: 'monthly_savings_usd', title: 'Savings per month', kind: kinds.monthly_savings_usd, width: 134 },
]

const toCells = ({ host, consolidatedServers, load_p90, share_above_target, monthly_savings_usd: usd }: HostRow): readonly Cell[] => [
  host,
  consolidatedServers.length,
  consolidatedServers.join(', '),
  load_p90,
  share_above_target,
  usd,
]

const selectPage = ({ rows, total }: PackingPage) => ({ rows, total })

interface PackingViewProps {
  readonly run: RunOverview
  readonly theme: ChartTheme
  readonly placement: RecommendationsPage['placement']
}

export const PackingView = ({ run, theme, placement }: PackingViewProps) => {
  const { metric, filter } = useWindowState()
  const { filters, onFilter, hasFilters, columnFilters } = useColumnFilters(hostColumns)
  const query = useMemo(() => ({ folder: run.folder, metric, filter, columnFilters }), [run.folder, metric, filter, columnFilters])
  const { total, error, rowAt, onRange, isRefreshing } = usePages('packing.list', query, selectPage)
  const gridLayout = useGridLayout('hosts')
  const [selectedIndex, setSelectedIndex] = useState(0)
  const host = rowAt(selectedIndex)?.host ?? rowAt(0)?.host ?? null
  const cellsAt = useCallback(
    (index: number) => {
      const row = rowAt(index)
      return row === undefined ? undefined : toCells(row)
    },
    [rowAt],
  )
  return (
    <div className="split">
      <div className="list-area" aria-busy={total === null || isRefreshing}>
        {error !== null && <ErrorPanel error={error} />}
        {total === null && error === null && <Loading />}
        {total === 0 && !hasFilters && (
          <EmptyState title="No consolidation possible">No underutilised server fits on another server of its group.</EmptyState>
        )}
        {total !== null && (total > 0 || hasFilters) && (
          <DataGrid
            label="Hosts"
            columns={columns}
            {...gridLayout}
            total={total}
            filters={filters}
            onFilter={onFilter}
            context={{ unit: '%', isHourly: false }}
            rowAt={cellsAt}
            onRange={onRange}
            markedKey={host}
            onOpen={([name]) => openServer(String(name))}
            onSelection={({ from }) => setSelectedIndex(from)}
            onCopy={copySelection}
          />
        )}
      </div>
      {host !== null && (
        <aside className="side" aria-label="Host load">
          <HostPanel run={run} theme={theme} host={host} />
          {placement !== null && <SavingsRisk placement={placement} theme={theme} />}
        </aside>
      )}
    </div>
  )
}

const HostPanel = ({ run, theme, host }: { readonly run: RunOverview; readonly theme: ChartTheme; readonly host: string }) => {
  const response = useRequest('host-load.get', { folder: run.folder, host }, run.folder)
  return (
    <div aria-busy={isBusy(response)}>
      <Loaded response={response} loadingText="Loading host …">
        {(load) => <HostCharts run={run} theme={theme} load={load} />}
      </Loaded>
    </div>
  )
}

const HostCharts = ({ run, theme, load }: { readonly run: RunOverview; readonly theme: ChartTheme; readonly load: HostLoad }) => {
  const option = useCallback(
    ({ width }: ElementSize) => createHostLoadOption(load, run.stepMs, { theme, formatting }, width),
    [load, run.stepMs, theme],
  )
  const sum = load.members.reduce((all, { share }) => all + share, 0)
  const when = run.granularity === 'hourly' ? formatDataTime(new Date(load.peakMs).toISOString()) : formatDate(load.peakMs)
  const title = `${load.host} peaks at ${formatting.value(sum, '%')} of capacity on ${when} by the forecast`
  return (
    <>
      <ChartFrame
        className="medium"
        title={title}
        note={`${metricLabel(load.metric)}, % of capacity; ${formatting.count(load.members.length - 1)} consolidated`}
        legend={[
          { label: 'Before consolidation', color: theme.muted, mark: 'line', series: ['alone'] },
          { label: 'After consolidation', color: theme.accent, mark: 'line', series: ['together'] },
          ...(load.paths === null
            ? []
            : [{ label: 'Highest load, P50 to P90', color: theme.accent, mark: 'area' as const, series: ['paths'] }]),
        ]}
        label={title}
        option={option}
        table={() => ({
          columns: ['time', 'before consolidation %', 'after consolidation %'],
          rows: [...load.timesMs].map((timeMs, index) => [
            formatIso(timeMs),
            load.currentLoad[index] ?? null,
            load.consolidatedLoad[index] ?? null,
          ]),
        })}
      />
      <dl className="pairs" aria-label="Highest load over the simulated paths">
        {load.paths === null ? (
          <>
            <dt>Highest load on the paths</dt>
            <dd>not known in this run</dd>
          </>
        ) : (
          <>
            <dt title="Half of the simulated paths stay below it over the whole horizon">Highest load, P50</dt>
            <dd>{formatting.value(load.paths.p50, '%')}</dd>
            <dt title="Nine of ten simulated paths stay below it over the whole horizon">Highest load, P90</dt>
            <dd>{formatting.value(load.paths.p90, '%')}</dd>
            <dt title="What the placement is limited by: consolidation_risk">Paths above {formatting.value(load.target, '%')}</dt>
            <dd>{formatFraction(load.paths.aboveTarget)}</dd>
          </>
        )}
      </dl>
      <table className="plain-table" aria-label={`Load by server at peak, ${load.host}`}>
        <thead>
          <tr>
            <th scope="col">Server</th>
            <th scope="col" data-number>
              Share of capacity
            </th>
          </tr>
        </thead>
        <tbody>
          {load.members.map(({ server_id: server, share }) => (
            <tr key={server}>
              <td>
                <button type="button" className="link" onClick={() => openServer(server)}>
                  {server}
                </button>
                {server === load.host ? ' (host)' : ''}
              </td>
              <td data-number>{formatting.value(share, '%')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

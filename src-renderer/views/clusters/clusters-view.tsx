// The cluster scatter chart, one point per server; a box or lasso filters every view to the servers inside.
import type { LegendComponentOption } from 'echarts'
import { useCallback, useRef, useState } from 'react'
import type { ClustersData } from '../../../src-shared/chart-options/chart-data.ts'
import { clustersTitle } from '../../../src-shared/chart-options/clusters-title.ts'
import { createClustersOption } from '../../../src-shared/chart-options/clusters.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import { isFilterActive } from '../../../src-shared/ipc/fleet-filter.ts'
import type { ClusterProjection, RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { Chart, type BrushedArea, type ChartHandle, type ElementSize } from '../../charts/chart.tsx'
import { SegmentedControl, Select } from '../../components/select.tsx'
import { ClusterProfiles } from './cluster-profiles.tsx'
import { DataTable, TableToggle } from '../../components/data-table.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { SaveImageMenu } from '../../charts/chart-frame.tsx'
import type { TableContent } from '../../components/format-table.ts'
import { Toolbar } from '../../components/toolbar.tsx'
import { filterByArea, navigateTo, selectServer } from '../../state/navigation.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatting } from '../../theme/formatting.ts'
import { Loading, NoMatchingServers } from '../loaded.tsx'
import type { RunViewProps } from '../view-entry.ts'
import './clusters.css'

type DragMode = 'none' | 'rect' | 'polygon'

export const ClustersView = ({ run, theme }: RunViewProps) => {
  const metric = useWindowState((state) => state.metric)
  const filter = useWindowState((state) => state.filter)
  const [projection, setProjection] = useState<ClusterProjection>('spread')
  const [dragMode, setDragMode] = useState<DragMode>('none')
  const [isTable, setIsTable] = useState(false)
  const chart = useRef<ChartHandle | null>(null)
  const storeChart = useCallback((handle: ChartHandle | null) => {
    chart.current = handle
  }, [])
  const response = useRequest('clusters.get', { folder: run.folder, metric, filter, projection }, run.folder)
  const profiles = useRequest('cluster-profiles.get', { folder: run.folder }, run.folder)
  const filterByBrush = (area: BrushedArea): void => {
    setDragMode('none')
    void filterByArea({ folder: run.folder, metric, filter, projection, area: area.map(([x, y]) => [x, y]) })
  }
  return (
    <main className="view" aria-label="Clusters">
      <Toolbar label="Clusters">
        <Select
          label="Axes"
          value={projection}
          options={[
            { value: 'spread', label: 'Mean and standard deviation' },
            { value: 'components', label: 'Principal components' },
          ]}
          onChange={setProjection}
        />
        <SegmentedControl<DragMode>
          label="Selection mode"
          value={dragMode}
          options={[
            { value: 'none', label: 'Point', hint: 'Click a server' },
            { value: 'rect', label: 'Box', hint: 'Drag a box' },
            { value: 'polygon', label: 'Lasso', hint: 'Draw a lasso' },
          ]}
          onChange={setDragMode}
        />
        <span className="toolbar-gap" />
        <span className="toolbar-hint">Click a point to select a server. Click a legend entry to hide a cluster.</span>
        <TableToggle name="Clusters" isTable={isTable} onChange={setIsTable} />
        <SaveImageMenu name="Clusters" handle={() => chart.current} />
      </Toolbar>
      <div className="split">
        <div className="chart-area" aria-busy={isBusy(response)}>
          {(response.status === 'loading' || response.status === 'idle') && <Loading />}
          {response.status === 'failed' && <ErrorPanel error={response.error} />}
          {response.status === 'ready' &&
            (response.value.serverIds.length > 0 && isTable ? (
              <DataTable label="Clusters table" content={toTable(response.value)} />
            ) : response.value.serverIds.length > 0 ? (
              <Scatter data={response.value} theme={theme} dragMode={dragMode} onArea={filterByBrush} onChart={storeChart} />
            ) : isFilterActive(filter) ? (
              <NoMatchingServers />
            ) : (
              <NoClusters run={run} isProjected={projection === 'components'} />
            ))}
        </div>
        {/* Reserves the space, so that the chart does not move when the profiles arrive. */}
        {profiles.status === 'loading' && <div className="profiles" aria-hidden />}
        {profiles.status === 'ready' && profiles.value.clusters.length > 0 && (
          <ClusterProfiles
            profiles={profiles.value}
            theme={theme}
            onCluster={(cluster) => navigateTo('servers', { filter: { ...filter, cluster: [cluster] } })}
          />
        )}
      </div>
    </main>
  )
}

const toTable = ({ serverIds, mean, std, cluster, clusters, axes, unit }: ClustersData): TableContent => {
  const names = new Map(clusters.map((entry) => [entry.cluster, entry.name]))
  return {
    columns: [
      'server',
      'cluster',
      axes?.x ?? (unit === '' ? 'mean' : `mean, ${unit}`),
      axes?.y ?? `standard deviation${unit === '%' ? ', percentage points' : ''}`,
    ],
    rows: serverIds.map((server, index) => [
      server,
      `${cluster[index] ?? ''} – ${names.get(cluster[index] ?? -1) ?? ''}`,
      mean[index] ?? null,
      std[index] ?? null,
    ]),
  }
}

const NoClusters = ({ run, isProjected }: { readonly run: RunOverview; readonly isProjected: boolean }) => (
  <EmptyState title={isProjected ? 'No principal components' : 'No clusters'}>
    {run.kind === 'python-original'
      ? 'server_clusters.csv is missing. Analyse the forecasts with Headroom to cluster servers.'
      : 'No server has a forecast for this metric. Choose another metric.'}
  </EmptyState>
)

interface ScatterProps {
  readonly data: ClustersData
  readonly theme: ChartTheme
  readonly dragMode: DragMode
  readonly onArea: (area: BrushedArea) => void
  readonly onChart: (handle: ChartHandle | null) => void
}

const Scatter = ({ data, theme, dragMode, onArea, onChart }: ScatterProps) => {
  const selected = useWindowState((state) => state.selectedServer)
  const [legendSelection, setLegendSelection] = useState<Readonly<Record<string, boolean>>>({})
  const option = useCallback(
    ({ width, height }: ElementSize) => {
      const baseOption = createClustersOption(data, {
        theme,
        width,
        height,
        formatting,
        interactive: true,
        selected: selected ?? undefined,
      })
      return { ...baseOption, legend: { ...(baseOption.legend as LegendComponentOption), selected: { ...legendSelection } } }
    },
    [data, theme, selected, legendSelection],
  )
  const selectFromChart = (seriesId: string, value: unknown): void => {
    const server = findServer(data, seriesId, value)
    if (server !== undefined) selectServer(server)
  }
  return (
    <Chart
      label={clustersTitle(data, formatting)}
      option={option}
      onItemClick={selectFromChart}
      onLegendToggle={setLegendSelection}
      onHandle={onChart}
      brush={dragMode === 'none' ? null : dragMode}
      onBrush={onArea}
    />
  )
}

/** The server of a clicked point, found by the cluster in the series id and by mean and standard deviation. */
const findServer = (data: ClustersData, seriesId: string, value: unknown): string | undefined => {
  if (!Array.isArray(value)) return undefined
  const [mean, std]: unknown[] = value
  const cluster = Number(seriesId.replace('cluster-', ''))
  const index = data.cluster.findIndex(
    (clusterId, candidate) => clusterId === cluster && data.mean[candidate] === mean && data.std[candidate] === std,
  )
  return data.serverIds[index]
}

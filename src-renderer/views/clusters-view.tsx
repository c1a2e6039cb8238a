// The clusters scatter: which servers behave alike, one mark per server.
import type { LegendComponentOption } from 'echarts'
import { useCallback, useState } from 'react'
import type { ClustersData } from '../../src-shared/chart-options/chart-data.ts'
import { clustersTitle } from '../../src-shared/chart-options/clusters-title.ts'
import { clustersOption } from '../../src-shared/chart-options/clusters.ts'
import type { ChartTheme } from '../../src-shared/chart-options/theme.ts'
import type { RunOverview } from '../../src-shared/run-view.ts'
import { Chart } from '../charts/chart.tsx'
import type { ElementSize } from '../charts/use-element-size.ts'
import { Select } from '../components/choice.tsx'
import { ErrorPanel } from '../components/error-panel.tsx'
import { useRequest } from '../state/use-request.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatting } from '../theme/formatting.ts'

export const ClustersView = ({ run, theme }: { readonly run: RunOverview; readonly theme: ChartTheme }) => {
  const metric = useWindowState((state) => state.metric)
  const answer = useRequest('run.clusters', { folder: run.folder, metric }, run.folder)
  return (
    <main className="view" aria-label="Clusters">
      <div className="toolbar" role="toolbar" aria-label="Clusters">
        {run.metrics.length > 1 && (
          <Select
            label="Metric"
            value={metric}
            options={run.metrics.map(({ name }) => ({ value: name, label: name }))}
            onChange={(chosen) => useWindowState.setState({ metric: chosen })}
          />
        )}
        <span className="toolbar-gap" />
        <span className="toolbar-hint">Click a mark for the server; click a name in the legend to hide its cluster</span>
      </div>
      <div className="chart-area" aria-busy={answer.status !== 'ready' || answer.isRefreshing}>
        {(answer.status === 'loading' || answer.status === 'idle') && <p className="chart-wait">Reading the run …</p>}
        {answer.status === 'failed' && <ErrorPanel error={answer.error} />}
        {answer.status === 'ready' &&
          (answer.value.serverIds.length === 0 ? <NoClusters run={run} /> : <Scatter data={answer.value} theme={theme} />)}
      </div>
    </main>
  )
}

const NoClusters = ({ run }: { readonly run: RunOverview }) => (
  <div className="empty">
    <h2>No clusters in this run</h2>
    <p>
      {run.kind === 'python-original'
        ? 'The folder holds no server_clusters.csv. Analyse the forecast set with Headroom to group its servers.'
        : 'No server has a forecast of this metric, so there is nothing to group. Choose another metric.'}
    </p>
  </div>
)

const Scatter = ({ data, theme }: { readonly data: ClustersData; readonly theme: ChartTheme }) => {
  const selected = useWindowState((state) => state.selectedServer)
  const [shown, setShown] = useState<Readonly<Record<string, boolean>>>({})
  const option = useCallback(
    ({ width, height }: ElementSize) => {
      const built = clustersOption(data, {
        theme,
        width,
        height,
        formatting,
        interactive: true,
        selected: selected ?? undefined,
      })
      return { ...built, legend: { ...(built.legend as LegendComponentOption), selected: { ...shown } } }
    },
    [data, theme, selected, shown],
  )
  const pick = (seriesId: string, value: unknown): void => {
    const server = serverAt(data, seriesId, value)
    if (server !== undefined) useWindowState.setState({ selectedServer: server })
  }
  return <Chart label={clustersTitle(data, formatting)} option={option} onItem={pick} onLegend={setShown} />
}

/** The server behind a mark: series are named by cluster, marks stand at mean and deviation. */
const serverAt = (data: ClustersData, seriesId: string, value: unknown): string | undefined => {
  if (!Array.isArray(value)) return undefined
  const [mean, std]: unknown[] = value
  const cluster = Number(seriesId.replace('cluster-', ''))
  const index = data.cluster.findIndex((of, candidate) => of === cluster && data.mean[candidate] === mean && data.std[candidate] === std)
  return data.serverIds[index]
}

// The drawer on the right: series and figures of the selected server, next to the view.
import { metricLabel } from '../../src-shared/artefacts/metric-label.ts'
import { Maximize2, X } from 'lucide-react'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'
import { SeriesChart } from '../charts/series-chart.tsx'
import { openServer, selectServer } from '../state/navigation.ts'
import { useRequest } from '../state/use-request.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatNumber, formatting } from '../theme/formatting.ts'
import { recommendationLabels } from '../theme/labels.ts'
import { DrawerGrip } from './drawer-grip.tsx'
import { ErrorPanel } from '../components/error-panel.tsx'
import {
  formatCluster,
  formatCost,
  formatFirstBreach,
  formatSustainedBreach,
  formatP95Interval,
  formatPeriods,
  formatPoints,
  formatRank,
  formatServerTime,
  sortMetrics,
  type ServerFigures,
  riskStateOf,
} from '../components/server-figures.ts'
import { RiskBadge } from '../components/risk-badge.tsx'

const close = (): void => selectServer(null)

export const ServerDrawer = ({ run, serverId }: { readonly run: RunOverview; readonly serverId: string }) => {
  const detail = useRequest('server.get', { folder: run.folder, serverId }, run.folder)
  const metric = useWindowState((state) => state.metric)
  const { drawerWidth } = useWindowState(({ settings }) => settings.layout)
  return (
    <aside className="drawer" aria-label="Server details" data-region style={{ width: drawerWidth }}>
      <DrawerGrip width={drawerWidth} />
      <div className="drawer-head">
        <h2 title={serverId}>{serverId}</h2>
        <span className="toolbar-gap" />
        <button
          type="button"
          className="icon-button"
          aria-label="Open server page"
          title="Open server page"
          onClick={() => openServer(serverId)}
        >
          <Maximize2 size={15} aria-hidden />
        </button>
        <button type="button" className="icon-button" aria-label="Close server details" title="Close (Esc)" onClick={close}>
          <X size={16} aria-hidden />
        </button>
      </div>
      {detail.status === 'loading' && <p className="muted">Loading server …</p>}
      {detail.status === 'failed' && <ErrorPanel error={detail.error} />}
      {detail.status === 'ready' &&
        sortMetrics(detail.value, metric).map((figures) => <MetricFigures key={figures.metric} run={run} figures={figures} />)}
    </aside>
  )
}

const MetricFigures = ({ run, figures }: { readonly run: RunOverview; readonly figures: ServerFigures }) => {
  const { unit, series, high_threshold: threshold } = figures
  const value = (number: number | null): string => (number === null ? '–' : formatting.value(number, unit))
  const groups = [figures.business_unit, figures.region, figures.criticality].filter((group) => group !== null)
  return (
    <section className="drawer-metric" aria-label={metricLabel(figures.metric)}>
      <div className="drawer-verdict">
        <RiskBadge state={riskStateOf(figures)} />
        <span className="muted">
          {metricLabel(figures.metric)} · {formatRank(figures)}
        </span>
      </div>
      <SeriesChart
        label={`${metricLabel(figures.metric)} of ${figures.server_id}: measurements and forecast`}
        unit={unit}
        {...series}
        horizonStartMs={figures.horizon_start === null ? null : Date.parse(figures.horizon_start)}
        threshold={threshold}
      />
      <dl className="pairs">
        {figures.p95_median !== null && (
          <FigureRow name="P95" value={`${value(figures.p95_median)} (80 % interval ${formatP95Interval(figures)})`} isStrong />
        )}
        {figures.at_risk_probability !== null && <FigureRow name="Sustained breach" value={formatSustainedBreach(figures)} isStrong />}
        <FigureRow name="Forecast P95" value={value(figures.horizon_p95)} isStrong={figures.p95_median === null} />
        <FigureRow name="Forecast peak" value={value(figures.horizon_peak)} />
        <FigureRow name="Forecast mean" value={value(figures.horizon_mean)} />
        <FigureRow name="Headroom" value={formatPoints(figures.headroom_points)} isStrong />
        <FigureRow name="First breach" value={formatFirstBreach(figures, run)} />
        {figures.exhaustion !== null && <FigureRow name="Exhaustion, extrapolated" value={figures.exhaustion} />}
        {figures.periods_over > 0 && (
          <FigureRow
            name="Above threshold"
            value={`${formatPeriods(figures.periods_over, run, figures.horizon_periods)}, longest ${formatPeriods(figures.longest_breach_run, run)}`}
          />
        )}
        {figures.seasonal_peak_risk !== null && <FigureRow name="Seasonal peak" value={value(figures.seasonal_peak_risk)} />}
        <FigureRow name="Cluster" value={formatCluster(figures, run)} />
        <FigureRow name="Recommendation" value={formatRecommendation(figures, run)} />
        <FigureRow name="Model" value={figures.model ?? 'no forecast'} />
        <FigureRow name="Model error (MAE)" value={figures.mae === null ? 'unknown' : `${formatNumber(figures.mae)} points`} />
        <FigureRow name="Group" value={groups.length === 0 ? 'none' : groups.join(' · ')} />
        <FigureRow name="Cost" value={formatCost(figures, run)} />
        {figures.last_measured_at !== null && <FigureRow name="Last measured" value={formatServerTime(figures.last_measured_at, run)} />}
      </dl>
    </section>
  )
}

const FigureRow = ({ name, value, isStrong = false }: { readonly name: string; readonly value: string; readonly isStrong?: boolean }) => (
  <>
    <dt>{name}</dt>
    <dd data-strong={isStrong}>{value}</dd>
  </>
)

const formatRecommendation = ({ recommendation, units_to_add: units }: ServerFigures, run: RunOverview): string => {
  if (run.kind === 'python-original') return 'unknown'
  return units === null || units === 0
    ? recommendationLabels[recommendation]
    : `${recommendationLabels[recommendation]}: ${formatNumber(units)} ${units === 1 ? 'unit' : 'units'}`
}

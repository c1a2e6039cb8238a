// Panels of the overview: breach calendar, first servers at risk, risk by group, recommendations.
import { useCallback } from 'react'
import { createBarsOption } from '../../charts/bars-option.ts'
import { dayMs, formatMoment } from '../../../src-shared/chart-options/format.ts'
import { dayText } from '../../../src-shared/run/zone-clock.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { FleetFigures, FleetFiguresRequest } from '../../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { Select } from '../../components/select.tsx'
import { RiskBadge } from '../../components/risk-badge.tsx'
import { changeFilter, navigateTo, openServer } from '../../state/navigation.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDate, formatDollars, formatNumber, formatProbability, formatting } from '../../theme/formatting.ts'
import { groupLabels, recommendationLabels } from '../../theme/labels.ts'

/** Whether the metric in view has a threshold. */
export const isJudged = (run: RunOverview, metric: string): boolean => run.metrics.find(({ name }) => name === metric)?.isJudged ?? false

interface PanelProps {
  readonly figures: FleetFigures
  readonly theme: ChartTheme
}

export const BreachCalendar = ({ figures, run, theme }: PanelProps & { readonly run: RunOverview }) => {
  const { calendar, calendarStepMs: stepMs } = figures
  const metric = useWindowState((state) => state.metric)
  const option = useCallback(() => {
    return createBarsOption(
      {
        names: calendar.map(({ atMs }) => formatting.shortDay(atMs)),
        unit: '',
        kinds: [
          { name: 'at risk', color: theme.risk.high.color, values: calendar.map(({ at_risk }) => at_risk) },
          { name: 'brief breach', color: theme.risk.medium.color, values: calendar.map(({ brief }) => brief), isHatched: true },
        ],
      },
      { theme, formatting },
    )
  }, [calendar, theme])
  const peakBin = calendar.reduce((largest, bin) => (bin.at_risk + bin.brief > largest.at_risk + largest.brief ? bin : largest), {
    atMs: Number.NaN,
    at_risk: 0,
    brief: 0,
  })
  const title = Number.isNaN(peakBin.atMs)
    ? isJudged(run, metric)
      ? 'No breaches in the horizon'
      : 'Breaches are not judged'
    : `Most servers first breach on ${formatMoment(peakBin.atMs, stepMs, formatting)} (${formatting.count(peakBin.at_risk + peakBin.brief)})`
  return (
    <ChartFrame
      className="medium"
      title={title}
      note={`Servers by ${stepLabel(stepMs)} of first breach; hatched: too brief to count as at risk`}
      label={`Breach calendar: ${title}`}
      option={option}
      onItemClick={() => navigateTo('servers', { filter: { ...useWindowState.getState().filter, risk: ['breach'] } })}
      table={() => ({
        columns: ['from', 'at risk', 'brief breach'],
        rows: calendar.map(({ atMs, at_risk, brief }) => [dayText(formatting.clock, atMs), at_risk, brief]),
      })}
    />
  )
}

const stepLabel = (stepMs: number): string => (stepMs === dayMs ? 'day' : stepMs === 7 * dayMs ? 'week' : `${stepMs / dayMs}-day period`)

export const SoonestServers = ({ figures, run }: { readonly figures: FleetFigures; readonly run: RunOverview }) => {
  const metric = useWindowState((state) => state.metric)
  const unit = run.metrics.find(({ name }) => name === metric)?.unit ?? ''
  return (
    <section aria-label="First servers at risk">
      <header className="chart-head">
        <h2>First servers at risk</h2>
        <span className="toolbar-gap" />
        {figures.at_risk > figures.soonest.length && (
          <button
            type="button"
            className="link"
            onClick={() => navigateTo('servers', { filter: { ...useWindowState.getState().filter, risk: ['at-risk'] } })}
          >
            All {formatting.count(figures.at_risk)}
          </button>
        )}
      </header>
      {figures.soonest.length === 0 ? (
        <p className="muted">
          {isJudged(run, metric) ? 'No server is at risk.' : 'Not judged: the metric is not in percent and has no threshold.'}
        </p>
      ) : (
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Server</th>
              <th scope="col">Risk</th>
              <th scope="col" data-number>
                P95
              </th>
              <th scope="col" data-number>
                First breach
              </th>
              {run.basis === 'probable' && (
                <th scope="col" data-number title="Probability of a sustained breach: the P95 of what comes lies above the threshold">
                  At risk
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {figures.soonest.map((server) => (
              <tr key={server.server_id}>
                <td className="name-cell" title={server.server_id}>
                  <button type="button" className="link" onClick={() => openServer(server.server_id)}>
                    {server.server_id}
                  </button>
                </td>
                <td>
                  <RiskBadge state={server.risk_level ?? 'not judged'} />
                </td>
                <td data-number>
                  {formatP95(run.basis === 'probable' ? (server.p95_median ?? server.horizon_p95) : server.horizon_p95, unit)}
                </td>
                <FirstBreach server={server} />
                {run.basis === 'probable' && (
                  <td data-number>{server.at_risk_probability === null ? '–' : formatProbability(server.at_risk_probability)}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

/** Where the forecast itself stays below the threshold, the simulated paths say when a breach is to be expected. */
const FirstBreach = ({ server }: { readonly server: FleetFigures['soonest'][number] }) => {
  const { first_breach_at: forecast, expected_first_breach: expected } = server
  if (forecast !== null) return <td data-number>{formatDate(Date.parse(forecast))}</td>
  if (expected === null) return <td data-number>–</td>
  return (
    <td data-number title="Median first breach of the simulated paths; the forecast itself stays below the threshold">
      expected {formatDate(Date.parse(expected))}
    </td>
  )
}

const formatP95 = (p95: number | null, unit: string): string => (p95 === null ? '–' : formatting.value(p95, unit))

const groupByColumns: readonly FleetFiguresRequest['groupBy'][] = ['business_unit', 'region', 'criticality', 'cluster_name']

interface GroupBarsProps extends PanelProps {
  readonly run: RunOverview
  readonly groupBy: FleetFiguresRequest['groupBy']
  readonly onGroupBy: (groupBy: FleetFiguresRequest['groupBy']) => void
}

export const GroupBars = ({ figures, run, theme, groupBy, onGroupBy }: GroupBarsProps) => {
  const { groups } = figures
  const isMetricJudged = isJudged(
    run,
    useWindowState((state) => state.metric),
  )
  const option = useCallback(
    () =>
      createBarsOption(
        {
          names: groups.map(({ group }) => (group === '' ? '(none)' : group)),
          unit: '',
          isHorizontal: true,
          kinds: [
            { name: 'at risk', color: theme.risk.high.color, values: groups.map(({ at_risk }) => at_risk) },
            {
              name: 'underutilised',
              color: theme.risk.low.color,
              values: groups.map(({ underutilized }) => underutilized),
              isHatched: true,
            },
            {
              name: 'others',
              color: theme.noData,
              values: groups.map(({ servers, at_risk, underutilized }) => Math.max(0, servers - at_risk - underutilized)),
            },
          ],
          ...(isMetricJudged
            ? { labels: groups.map(({ at_risk, servers }) => `${formatting.count(at_risk)} of ${formatting.count(servers)}`) }
            : {}),
        },
        { theme, formatting },
      ),
    [groups, theme, isMetricJudged],
  )
  const topGroup = groups[0]
  const title =
    topGroup === undefined || topGroup.at_risk === 0
      ? isMetricJudged
        ? `No servers at risk by ${groupLabels[groupBy].toLowerCase()}`
        : 'Risk is not judged'
      : `${topGroup.group === '' ? 'No group' : topGroup.group}: ${formatting.count(topGroup.at_risk)} of ${formatting.count(topGroup.servers)} at risk`
  const filterByGroup = (_: string, __: unknown, index: number): void => {
    const group = groups[index]?.group
    if (group === undefined) return
    if (groupBy === 'cluster_name') changeFilter({ text: group })
    else changeFilter({ [groupBy]: [group] })
  }
  return (
    <div className="chart-frame">
      <Select
        label="Group by"
        value={groupBy}
        options={groupByColumns.map((value) => ({ value, label: groupLabels[value] }))}
        onChange={onGroupBy}
      />
      <ChartFrame
        className="medium"
        title={title}
        note="Click a bar to filter by group"
        label={`Risk by ${groupLabels[groupBy].toLowerCase()}: ${title}`}
        option={option}
        onItemClick={filterByGroup}
        table={() => ({
          columns: [groupLabels[groupBy], 'servers', 'at risk', 'underutilised', 'USD per month', 'savings USD per month'],
          rows: groups.map((row) => [row.group, row.servers, row.at_risk, row.underutilized, row.monthly_cost_usd, row.savings_usd]),
        })}
      />
    </div>
  )
}

export const RecommendationSummary = ({ figures }: PanelProps) => {
  const { recommendationCounts, causes } = figures
  const periods = causes.eoq + causes.month_end + causes.holiday + causes.ordinary
  return (
    <section aria-label="Recommendations">
      <header className="chart-head">
        <h2>Recommendations</h2>
      </header>
      <dl className="facts">
        {recommendationCounts.map(({ recommendation, servers }) => (
          <div key={recommendation} className="pair">
            <dt>{recommendationLabels[recommendation]}</dt>
            <dd>
              {recommendation === 'keep' ? (
                formatting.count(servers)
              ) : (
                <button
                  type="button"
                  className="link"
                  onClick={() =>
                    navigateTo('recommendations', { filter: { ...useWindowState.getState().filter, recommendation: [recommendation] } })
                  }
                >
                  {formatting.count(servers)} {servers === 1 ? 'server' : 'servers'}
                </button>
              )}
            </dd>
          </div>
        ))}
        <div className="pair">
          <dt>Server cost</dt>
          <dd>{formatDollars(figures.monthly_cost_usd)} per month</dd>
        </div>
        <div className="pair">
          <dt>Median model error (MAE)</dt>
          <dd>{figures.median_mae === null ? 'unknown' : `${formatNumber(figures.median_mae)} points`}</dd>
        </div>
        {periods > 0 && (
          <div className="pair">
            <dt>Breaches at quarter end</dt>
            <dd>
              <button type="button" className="link" onClick={() => navigateTo('seasons')}>
                {formatting.value((100 * causes.eoq) / periods, '%')} of {formatting.count(periods)}
              </button>
            </dd>
          </div>
        )}
      </dl>
    </section>
  )
}

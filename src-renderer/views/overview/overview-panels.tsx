// The parts of the overview: calendar of breaches, the servers that come first, risk by group, and what to do.
import { useCallback } from 'react'
import { createBarsOption } from '../../charts/bars-option.ts'
import { formatMoment } from '../../../src-shared/chart-options/format.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { FleetFigures, FleetFiguresRequest } from '../../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { Select } from '../../components/select.tsx'
import { RiskBadge } from '../../components/risk-badge.tsx'
import { changeFilter, navigateTo, openServer } from '../../state/navigation.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDate, formatDollars, formatNumber, formatProbability, formatting } from '../../theme/formatting.ts'

interface PanelProps {
  readonly figures: FleetFigures
  readonly theme: ChartTheme
}

export const BreachCalendar = ({ figures, run, theme }: PanelProps & { readonly run: RunOverview }) => {
  const { calendar, calendarStepMs: stepMs } = figures
  const bins = calendarBins(figures, run)
  const option = useCallback(() => {
    const allBins = calendarBins({ calendar, calendarStepMs: stepMs }, run)
    return createBarsOption(
      {
        names: allBins.map(({ atMs }) => formatting.shortDay(atMs)),
        unit: '',
        kinds: [
          { name: 'at risk', color: theme.risk.high.color, values: allBins.map(({ at_risk }) => at_risk) },
          { name: 'brief breach, not at risk', color: theme.risk.medium.color, values: allBins.map(({ brief }) => brief), isHatched: true },
        ],
      },
      { theme, formatting },
    )
  }, [calendar, stepMs, run, theme])
  const peakBin = calendar.reduce((largest, bin) => (bin.at_risk + bin.brief > largest.at_risk + largest.brief ? bin : largest), {
    atMs: Number.NaN,
    at_risk: 0,
    brief: 0,
  })
  const title =
    calendar.length === 0
      ? 'No server rises above its threshold'
      : `Most first breaches: ${formatting.count(peakBin.at_risk + peakBin.brief)} on ${formatMoment(peakBin.atMs, run.stepMs, formatting)}`
  return (
    <ChartFrame
      className="medium"
      title={title}
      note={`Servers by the ${stepLabel(stepMs)} of their first breach; hatched: too brief to count as at risk`}
      label={`Calendar of first breaches: ${title}`}
      option={option}
      onItemClick={() => navigateTo('servers', { filter: { ...useWindowState.getState().filter, risk: ['breach'] } })}
      table={() => ({
        columns: ['from', 'at risk', 'brief breach'],
        rows: bins.map(({ atMs, at_risk, brief }) => [new Date(atMs).toISOString().slice(0, 10), at_risk, brief]),
      })}
    />
  )
}

const dayMs = 86_400_000
const stepLabel = (stepMs: number): string => (stepMs === dayMs ? 'day' : stepMs === 7 * dayMs ? 'week' : `${stepMs / dayMs} days`)

/** Days without a breach are places too, or the calendar would lie. */
const calendarBins = (
  { calendar, calendarStepMs: stepMs }: Pick<FleetFigures, 'calendar' | 'calendarStepMs'>,
  { horizon }: RunOverview,
): FleetFigures['calendar'] => {
  if (horizon === null) return calendar
  const binsByTime = new Map(calendar.map((bin) => [bin.atMs, bin]))
  const bins: FleetFigures['calendar'] = []
  for (let atMs = horizon.startMs; atMs < horizon.endMs; atMs += stepMs) bins.push(binsByTime.get(atMs) ?? { atMs, at_risk: 0, brief: 0 })
  return bins
}

export const SoonestServers = ({ figures, run }: { readonly figures: FleetFigures; readonly run: RunOverview }) => {
  const unit = useWindowState(({ metric }) => run.metrics.find(({ name }) => name === metric)?.unit ?? '')
  return (
    <section aria-label="Servers at risk that come first">
      <header className="chart-head">
        <h2>Which come first?</h2>
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
        <p className="muted">No server is at risk.</p>
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
              <th scope="col" data-number>
                Probability
              </th>
            </tr>
          </thead>
          <tbody>
            {figures.soonest.map((server) => (
              <tr key={server.server_id}>
                <td>
                  <button type="button" className="link" onClick={() => openServer(server.server_id)}>
                    {server.server_id}
                  </button>
                </td>
                <td>
                  <RiskBadge level={server.risk_level} />
                </td>
                <td data-number>{server.horizon_p95 === null ? '–' : formatting.value(server.horizon_p95, unit)}</td>
                <td data-number>{server.first_breach_at === null ? '–' : formatDate(Date.parse(server.first_breach_at))}</td>
                <td data-number>{server.breach_probability === null ? '–' : formatProbability(server.breach_probability)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

const groupLabels: Readonly<Record<FleetFiguresRequest['groupBy'], string>> = {
  business_unit: 'Business unit',
  region: 'Region',
  criticality: 'Criticality',
  cluster_name: 'Cluster',
}

interface GroupBarsProps extends PanelProps {
  readonly groupBy: FleetFiguresRequest['groupBy']
  readonly onGroupBy: (groupBy: FleetFiguresRequest['groupBy']) => void
}

export const GroupBars = ({ figures, theme, groupBy, onGroupBy }: GroupBarsProps) => {
  const { groups } = figures
  const option = useCallback(
    () =>
      createBarsOption(
        {
          names: groups.map(({ group }) => (group === '' ? 'none' : group)),
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
          labels: groups.map(({ at_risk, servers }) => `${formatting.count(at_risk)} of ${formatting.count(servers)}`),
        },
        { theme, formatting },
      ),
    [groups, theme],
  )
  const topGroup = groups[0]
  const title =
    topGroup === undefined || topGroup.at_risk === 0
      ? `No risk in any ${groupLabels[groupBy].toLowerCase()}`
      : `${topGroup.group === '' ? 'Servers without one' : topGroup.group}: ${formatting.count(topGroup.at_risk)} of ${formatting.count(topGroup.servers)} at risk`
  const filterByGroup = (_: string, __: unknown, index: number): void => {
    const group = groups[index]?.group
    if (group === undefined) return
    if (groupBy === 'cluster_name') changeFilter({ text: group })
    else changeFilter({ [groupBy]: [group] })
  }
  return (
    <div className="chart-frame">
      <Select
        label="Where? By"
        value={groupBy}
        options={(Object.keys(groupLabels) as (keyof typeof groupLabels)[]).map((value) => ({ value, label: groupLabels[value] }))}
        onChange={onGroupBy}
      />
      <ChartFrame
        className="medium"
        title={title}
        note="A click narrows every view to the group"
        label={`Risk by ${groupLabels[groupBy].toLowerCase()}: ${title}`}
        option={option}
        onItemClick={filterByGroup}
        table={() => ({
          columns: [groupLabels[groupBy], 'servers', 'at risk', 'underutilised', 'USD a month', 'savings USD a month'],
          rows: groups.map((row) => [row.group, row.servers, row.at_risk, row.underutilized, row.monthly_cost_usd, row.savings_usd]),
        })}
      />
    </div>
  )
}

const recommendationLabels = {
  'add capacity': 'Add capacity',
  watch: 'Watch',
  retire: 'Retire',
  consolidate: 'Consolidate',
  keep: 'Keep',
} as const

export const RecommendationSummary = ({ figures }: PanelProps) => {
  const { recommendationCounts, causes } = figures
  const periods = causes.eoq + causes.month_end + causes.holiday + causes.ordinary
  return (
    <section aria-label="What to do">
      <header className="chart-head">
        <h2>What to do?</h2>
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
          <dt>Cost of these servers</dt>
          <dd>{formatDollars(figures.monthly_cost_usd)} a month</dd>
        </div>
        <div className="pair">
          <dt>Error of the models</dt>
          <dd>{figures.median_mae === null ? 'not known' : `${formatNumber(figures.median_mae)} points`}</dd>
        </div>
        {periods > 0 && (
          <div className="pair">
            <dt>Breach periods at quarter end</dt>
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

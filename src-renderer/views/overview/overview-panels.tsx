// Panels of the overview: breach calendar, risk by group, changes since the last run, accuracy, and the first servers at risk.
import { useCallback, useMemo } from 'react'
import { createBarsOption } from '../../charts/bars-option.ts'
import { certainProbability, likelyProbability, possibleProbability } from '../../../src-shared/artefacts/likelihood.ts'
import { metricLabel, resourceName } from '../../../src-shared/artefacts/metric-label.ts'
import { describeTrust } from '../../../src-shared/artefacts/describe-trust.ts'
import { dayMs, hasMonths, monthsIn } from '../../../src-shared/chart-options/format.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { FleetFigures, FleetFiguresRequest } from '../../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { OptionList } from '../../components/select.tsx'
import { NameText } from '../../components/name-text.tsx'
import { RiskBadge } from '../../components/risk-badge.tsx'
import { changeFilter, navigateTo, openServer } from '../../state/navigation.ts'
import { findPreviousRun } from '../../state/previous-run.ts'
import { useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDate, formatFraction, formatIso, formatNumber, formatProbability, formatting, trustFormats } from '../../theme/formatting.ts'
import { groupLabels } from '../../theme/labels.ts'
import { Loaded } from '../loaded.tsx'

/** Whether the metric in view has a threshold. */
export const isJudged = (run: RunOverview, metric: string): boolean => run.metrics.find(({ name }) => name === metric)?.isJudged ?? false

const unitOf = ({ metrics }: RunOverview, metric: string): string => metrics.find(({ name }) => name === metric)?.unit ?? ''

interface PanelProps {
  readonly figures: FleetFigures
  readonly theme: ChartTheme
}

const sumOf = ({ certain, likely, possible, brief }: FleetFigures['calendar'][number]): number => certain + likely + possible + brief

export const BreachCalendar = ({ figures, run, theme }: PanelProps & { readonly run: RunOverview }) => {
  const { calendar, calendarStepMs: stepMs } = figures
  const metric = useWindowState((state) => state.metric)
  const isProbable = run.basis === 'probable'
  const kinds = useMemo(
    () =>
      [
        ...(isProbable
          ? [
              { name: 'certain', color: theme.risk.high.color, values: calendar.map(({ certain }) => certain) },
              { name: 'likely', color: theme.risk.medium.color, values: calendar.map(({ likely }) => likely) },
            ]
          : // The forecast decides: there is no certainty to state.
            [{ name: 'at risk', color: theme.risk.medium.color, values: calendar.map(({ certain, likely }) => certain + likely) }]),
        { name: 'possible', color: theme.risk.low.color, isHatched: true, values: calendar.map(({ possible }) => possible) },
        { name: 'brief breach', color: theme.noData, isHatched: true, values: calendar.map(({ brief }) => brief) },
      ].filter(({ values }) => values.some((value) => value > 0)),
    [calendar, theme, isProbable],
  )
  const option = useCallback(
    () => createBarsOption({ names: calendar.map(({ atMs }) => binLabel(atMs, stepMs)), unit: '', kinds }, { theme, formatting }),
    [calendar, stepMs, kinds, theme],
  )
  const total = calendar.reduce((sum, bin) => sum + sumOf(bin), 0)
  const peak = calendar.reduce<FleetFigures['calendar'][number] | null>(
    (largest, bin) => (largest === null || sumOf(bin) > sumOf(largest) ? bin : largest),
    null,
  )
  if (total === 0 || peak === null) {
    return (
      <section aria-label="When">
        <h2>When</h2>
        <p className="muted">{isJudged(run, metric) ? 'No breach is expected in the horizon.' : 'Breaches are not judged.'}</p>
      </section>
    )
  }
  const title = calendarTitle(calendar, peak, total, stepMs, run.metrics.length === 1 ? '' : ` of ${resourceName(metric)}`)
  return (
    <ChartFrame
      title={title}
      note={`Servers by ${stepLabel(stepMs)} of first breach`}
      legend={kinds.map(({ name, color }, index) => ({ label: `${name}${cutOff(name)}`, color, mark: 'bar', series: [String(index)] }))}
      label={`Breach calendar: ${title}`}
      option={option}
      onItemClick={() => navigateTo('servers', { filter: { ...useWindowState.getState().filter, risk: ['at-risk', 'breach'] } })}
      table={() => ({
        columns: ['from', ...(isProbable ? ['certain', 'likely'] : ['at risk']), 'possible', 'brief breach'],
        rows: calendar.map(({ atMs, certain, likely, possible, brief }) => [
          formatIso(atMs),
          ...(isProbable ? [certain, likely] : [certain + likely]),
          possible,
          brief,
        ]),
      })}
    />
  )
}

/** The probability that a word stands for, as the legend states it. */
const cutOff = (name: string): string => {
  if (name === 'certain') return ` ≥ ${formatFraction(certainProbability)}`
  if (name === 'likely') return ` > ${formatFraction(likelyProbability)}`
  return name === 'possible' ? ` > ${formatFraction(possibleProbability)}` : ''
}

/** Where most breaches fall; where no bin stands out, from when on. */
const calendarTitle = (
  calendar: FleetFigures['calendar'],
  peak: FleetFigures['calendar'][number],
  total: number,
  stepMs: number,
  resource: string,
): string => {
  const most = sumOf(peak)
  if (most === total)
    return `${total === 1 ? `The only first breach${resource} falls` : `All ${formatting.count(total)} first breaches${resource} fall`} ${binSpan(peak.atMs, stepMs)}`
  const first = calendar.find((bin) => sumOf(bin) > 0) ?? peak
  if (most === 1) return `${formatting.count(total)} first breaches${resource}, the soonest ${binSpan(first.atMs, stepMs)}`
  return `${formatting.count(most)} of ${formatting.count(total)} first breaches${resource} fall ${binSpan(peak.atMs, stepMs)}`
}

const binLabel = (atMs: number, stepMs: number): string =>
  hasMonths(stepMs)
    ? formatting.shortMonthAndYear(atMs)
    : stepMs < dayMs && formatting.clock.toLocal(atMs) % dayMs !== 0
      ? formatting.time(atMs)
      : formatting.shortDay(atMs)

const binSpan = (atMs: number, stepMs: number): string => {
  if (stepMs < dayMs) return `at ${formatting.time(atMs)} on ${formatting.day(atMs)}`
  if (stepMs === dayMs) return `on ${formatting.day(atMs)}`
  if (hasMonths(stepMs))
    return `in ${formatting.monthAndYear(atMs)}${monthsIn(stepMs) === 1 ? '' : ` and the ${monthsIn(stepMs) - 1} months after it`}`
  return `in the ${stepLabel(stepMs)} of ${formatting.day(atMs)}`
}

const stepLabel = (stepMs: number): string => {
  if (hasMonths(stepMs)) return monthsIn(stepMs) === 1 ? 'month' : `${monthsIn(stepMs)} months`
  if (stepMs < dayMs) return stepMs === dayMs / 24 ? 'hour' : `${stepMs / (dayMs / 24)} hours`
  return stepMs === dayMs ? 'day' : stepMs === 7 * dayMs ? 'week' : `${stepMs / dayMs} days`
}

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
                    <NameText text={server.server_id} />
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

interface GroupBarsProps extends PanelProps {
  readonly run: RunOverview
  readonly groupBy: FleetFiguresRequest['groupBy']
  /** Groupings that the run has values for. */
  readonly choices: readonly FleetFiguresRequest['groupBy'][]
  readonly onGroupBy: (groupBy: FleetFiguresRequest['groupBy']) => void
}

export const GroupBars = ({ figures, run, theme, groupBy, choices, onGroupBy }: GroupBarsProps) => {
  const { groups } = figures
  const metric = useWindowState((state) => state.metric)
  const isMetricJudged = isJudged(run, metric)
  const hasProbabilities = groups.some(({ expected_at_risk: expected }) => expected !== null)
  const hasIntervals = hasProbabilities && groups.some((row) => groupInterval(row) !== null)
  const option = useCallback(
    () =>
      createBarsOption(
        {
          names: groups.map(({ group }) => (group === '' ? '(none)' : group)),
          unit: '',
          isHorizontal: true,
          kinds: [
            {
              name: hasProbabilities ? 'expected at risk' : 'at risk',
              // No level of risk: the bar sums all of them.
              color: theme.accent,
              values: groups.map((row) => (hasProbabilities ? row.expected_at_risk : row.at_risk)),
            },
          ],
          labels: groups.map((row) => groupLabel(row, hasProbabilities)),
          ...(hasIntervals ? { intervals: groups.map(groupInterval) } : {}),
        },
        { theme, formatting },
      ),
    [groups, theme, hasProbabilities, hasIntervals],
  )
  const topGroup = groups[0]
  if (!isMetricJudged || topGroup === undefined) {
    return (
      <section aria-label="Where">
        <h2>Where</h2>
        <p className="muted">Risk is not judged.</p>
      </section>
    )
  }
  const kind = groupLabels[groupBy].toLowerCase()
  const resource = run.metrics.length === 1 ? '' : ` of ${resourceName(metric)}`
  const title = groupTitle(groups, kind, hasProbabilities ? `expected to run out${resource}` : 'at risk')
  const filterByGroup = (_: string, __: unknown, index: number): void => {
    const group = groups[index]?.group
    if (group === undefined) return
    if (groupBy === 'cluster_name') changeFilter({ text: group })
    else changeFilter({ [groupBy]: [group] })
  }
  return (
    <ChartFrame
      title={title}
      note={`${run.metrics.length > 1 ? metricLabel(metric) : hasProbabilities ? 'Expected' : 'At risk'} by ${kind}${hasIntervals ? ', 90 % interval' : ''}`}
      actions={
        choices.length > 1 && (
          <OptionList
            aria-label="Group by"
            className="field"
            value={groupBy}
            options={choices.map((value) => ({ value, label: groupLabels[value] }))}
            onChange={onGroupBy}
          />
        )
      }
      label={`Risk by ${kind}: ${title}`}
      option={option}
      onItemClick={filterByGroup}
      table={() => ({
        columns: [
          groupLabels[groupBy],
          'servers',
          'expected at risk',
          'lower limit',
          'upper limit',
          'at risk',
          'underutilised',
          'USD per month',
          'savings USD per month',
        ],
        rows: groups.map((row) => [
          row.group,
          row.servers,
          row.expected_at_risk,
          row.expected_low,
          row.expected_high,
          row.at_risk,
          row.underutilized,
          row.monthly_cost_usd,
          row.savings_usd,
        ]),
      })}
    />
  )
}

const groupInterval = ({ expected_low: low, expected_high: high }: FleetFigures['groups'][number]): readonly [number, number] | null =>
  low === null || high === null ? null : [low, high]

/** `outcome`: what is counted, "expected to run out" or "at risk". */
const groupTitle = (groups: FleetFigures['groups'], kind: string, outcome: string): string => {
  const [top] = groups
  if (top === undefined || (top.expected_at_risk ?? top.at_risk) === 0) return `No ${kind} stands out`
  const name = top.group === '' ? `Without ${kind}` : `"${top.group}"`
  return `${name}${groups.length === 1 ? '' : ' is hit most'}: ${groupLabel(top, top.expected_at_risk !== null)} ${top.servers === 1 ? 'server' : 'servers'} ${outcome}`
}

const groupLabel = (
  { expected_at_risk: expected, at_risk: atRisk, servers }: FleetFigures['groups'][number],
  isExpected: boolean,
): string =>
  isExpected
    ? `${formatExpected(expected ?? 0)} of ${formatting.count(servers)}`
    : `${formatting.count(atRisk)} of ${formatting.count(servers)}`

/** A sum of probabilities: a tenth of a server tells something only of a few. */
const formatExpected = (servers: number): string => (servers < 10 ? formatNumber(servers) : formatting.count(Math.round(servers)))

/** New, cleared and moved risks since the previous run of the same forecasts. */
export const SinceLastRun = ({ run }: { readonly run: RunOverview }) => {
  const previous = useWindowState(({ recentRuns }) => findPreviousRun(run, recentRuns))
  const hasHistory = useWindowState(({ history }) => history !== null)
  const response = useRequest('runs.compare', previous === null ? null : { earlier: previous.folder, later: run.folder }, run.folder)
  return (
    <section className="overview-line" aria-label="Since the last run">
      <h2>Since the last run</h2>
      {previous === null ? (
        <p className="muted">
          {hasHistory ? (
            <>
              The history holds it against the runs before.{' '}
              <button type="button" className="link" onClick={() => navigateTo('history')}>
                History
              </button>
            </>
          ) : (
            'This is the first run of these forecasts here.'
          )}
        </p>
      ) : (
        <Loaded response={response} loadingText="Comparing …">
          {({ servers, risks }) => (
            <p>
              {formatting.count(servers.new)} newly at risk, {formatting.count(servers.cleared)} cleared, {formatting.count(risks.moved)}{' '}
              moved.{' '}
              <button type="button" className="link" onClick={() => navigateTo('compare')}>
                Compare
              </button>
            </p>
          )}
        </Loaded>
      )}
    </section>
  )
}

export const Trust = ({ run }: { readonly run: RunOverview }) => {
  const metric = useWindowState((state) => state.metric)
  const response = useRequest('models.list', { folder: run.folder }, run.folder)
  return (
    <section className="overview-line" aria-label="Accuracy">
      <h2>How far to trust it</h2>
      <Loaded response={response} loadingText="Loading accuracy …">
        {({ accuracy }) => (
          <p>
            {describeTrust(accuracy, metric, unitOf(run, metric), trustFormats)}{' '}
            <button type="button" className="link" onClick={() => navigateTo('models')}>
              Models
            </button>
          </p>
        )}
      </Loaded>
    </section>
  )
}

// Formats the figures of one server and metric, for the drawer and the server's page.
import { dayMs, hasMonths } from '../../src-shared/chart-options/format.ts'
import { likelihoodOf, possibleProbability } from '../../src-shared/artefacts/likelihood.ts'
import type { RunOverview, ServerDetail } from '../../src-shared/ipc/run-view.ts'
import type { RiskState } from './risk-badge.tsx'
import {
  formatDate,
  formatDaysAfterData,
  formatInterval,
  formatDollars,
  formatDataTime,
  formatNumber,
  formatPeriodDate,
  formatFraction,
  formatProbability,
  formatScore,
  formatSigned,
  formatting,
} from '../theme/formatting.ts'

export type ServerFigures = ServerDetail['metrics'][number]
type LabelledFigure = readonly [name: string, value: string]

/** The level, or why there is none. */
export const riskStateOf = ({ is_silent, high_threshold, risk_level }: ServerFigures): RiskState =>
  is_silent ? 'silent' : high_threshold === null ? 'not judged' : (risk_level ?? 'no forecast')

/** The metric in view first. */
export const sortMetrics = ({ metrics }: ServerDetail, metric: string): ServerDetail['metrics'] =>
  [...metrics].sort((a, b) => Number(b.metric === metric) - Number(a.metric === metric))

export const formatRank = ({ rank, rankedServers }: ServerFigures): string =>
  `Risk rank ${formatting.count(rank)} of ${formatting.count(rankedServers)}`

export const formatPoints = (points: number | null): string => (points === null ? '–' : `${formatSigned(points)} points`)

/** Hourly data shows the time of day. */
export const formatServerTime = (iso: string | null, run: RunOverview): string =>
  iso === null ? '–' : run.granularity === 'hourly' ? formatDataTime(iso) : formatPeriodDate(Date.parse(iso), run.stepMs)

const periodNames: Readonly<Record<RunOverview['granularity'], readonly [name: string, ms: number]>> = {
  hourly: ['hour', dayMs / 24],
  daily: ['day', dayMs],
  weekly: ['week', 7 * dayMs],
  monthly: ['month', 28 * dayMs],
  quarterly: ['quarter', 90 * dayMs],
}

/** "4 of 24 hours", "1 month": periods of the run's data, which are longer than their name where it has steps of several hours or days. */
export const formatPeriods = (count: number, { granularity, stepMs }: Pick<RunOverview, 'granularity' | 'stepMs'>, of?: number): string => {
  const [name, ms] = periodNames[granularity]
  const unit = stepMs < 2 * ms ? name : 'period'
  return `${formatting.count(count)}${of === undefined ? '' : ` of ${formatting.count(of)}`} ${unit}${(of ?? count) === 1 ? '' : 's'}`
}

/** A day, whatever the periods of the data are. */
const formatOrderDate = (iso: string, run: RunOverview): string =>
  hasMonths(run.stepMs) ? formatDate(Date.parse(iso)) : formatServerTime(iso, run)

/** Where the forecast stays below the threshold, the time that the paths expect; without either, until when there is none. */
export const formatFirstBreach = (figures: ServerFigures, run: RunOverview): string => {
  if (figures.high_threshold === null || figures.model === null) return '–'
  if (figures.first_breach_at !== null) {
    const daysAhead = figures.days_to_breach === null || hasMonths(run.stepMs) ? '' : `, ${formatDaysAfterData(figures.days_to_breach)}`
    return `${formatServerTime(figures.first_breach_at, run)}${daysAhead}`
  }
  const { expected_first_breach: expected, at_risk_probability: probability, horizon_end: end } = figures
  if (expected !== null && probability !== null && probability > possibleProbability) return `expected ${formatServerTime(expected, run)}`
  return end === null ? '–' : `none by ${formatServerTime(end, run)}`
}

export const formatCluster = ({ cluster, cluster_name: name }: ServerFigures, { clusterStability: stability }: RunOverview): string => {
  if (cluster === null) return 'none'
  return `${cluster} – ${name ?? 'unnamed'}${stability === null ? '' : ` (stability ${formatScore(stability)})`}`
}

/** "87 %, likely": the probability that the P95 of what comes lies above the threshold. */
export const formatLikelihood = (probability: number | null): string =>
  probability === null ? 'not known in this run' : `${formatProbability(probability)}, ${likelihoodOf(probability)}`

/** The same, with a mark where no backtest calibrated it. */
export const formatSustainedBreach = ({ at_risk_probability: probability, path_source: source }: ServerFigures): string =>
  `${formatLikelihood(probability)}${source === 'quantiles' ? ' (not calibrated)' : ''}`

export const formatP95Interval = ({ p95_p10: low, p95_p90: high, unit }: ServerFigures): string =>
  low === null || high === null ? '–' : `${formatting.value(low, unit)} to ${formatting.value(high, unit)}`

export const formatCost = ({ monthly_cost_usd: usd }: ServerFigures, run: RunOverview): string =>
  run.kind === 'headroom' ? `${formatDollars(usd)} per month` : 'unknown'

/** What is not known of this server is left out. */
export const listFigures = (figures: ServerFigures, run: RunOverview): readonly LabelledFigure[] => {
  const value = (number: number | null): string => (number === null ? '–' : formatting.value(number, figures.unit))
  const time = (iso: string | null): string => formatServerTime(iso, run)
  const uplift = (number: number | null, n: number, countUnit: string, low: number | null, high: number | null): string => {
    if (number === null) return '–'
    const interval = formatInterval(low, high)
    return `${formatPoints(number)}${interval === '' ? '' : ` (${interval})`}, n = ${formatting.count(n)} ${countUnit}`
  }
  const all: readonly LabelledFigure[] = [
    ['Forecast P95', value(figures.horizon_p95)],
    ['Forecast peak', value(figures.horizon_peak)],
    ['Forecast mean', value(figures.horizon_mean)],
    ['Standard deviation', figures.horizon_std === null ? '–' : `${formatNumber(figures.horizon_std)} points`],
    ['Trend per 30 days', formatPoints(figures.trend_per_30_days)],
    ['Exhaustion, extrapolated', figures.exhaustion ?? '–'],
    ['High threshold', value(figures.high_threshold)],
    ['Headroom', formatPoints(figures.headroom_points)],
    ['First breach', formatFirstBreach(figures, run)],
    ['Above threshold', formatPeriods(figures.periods_over, run, figures.horizon_periods)],
    ['Longest breach', figures.longest_breach_run === 0 ? '–' : formatPeriods(figures.longest_breach_run, run)],
    ['Conservative P95', value(figures.conservative_p95)],
    ['P95 median', value(figures.p95_median)],
    ['P95, 80 % interval', formatP95Interval(figures)],
    ['Sustained breach', formatSustainedBreach(figures)],
    ['Any breach', figures.breach_probability === null ? '–' : formatProbability(figures.breach_probability)],
    ['Expected first breach', time(figures.expected_first_breach)],
    ['Seasonal peak', value(figures.seasonal_peak_risk)],
    [
      'Quarter-end uplift',
      uplift(figures.eoq_uplift_points, figures.eoq_uplift_quarters, 'quarters', figures.eoq_uplift_low, figures.eoq_uplift_high),
    ],
    [
      'Holiday uplift',
      uplift(figures.holiday_uplift_points, figures.holiday_uplift_days, 'days', figures.holiday_uplift_low, figures.holiday_uplift_high),
    ],
    [
      'Weekend uplift',
      uplift(figures.weekend_uplift_points, figures.weekend_uplift_weeks, 'weeks', figures.weekend_uplift_low, figures.weekend_uplift_high),
    ],
    ['Weekly seasonality', figures.weekly_strength === null ? '–' : formatFraction(figures.weekly_strength)],
    ['Model', figures.model ?? 'no forecast'],
    [
      'Model error (MAE)',
      figures.mae === null ? '–' : `${formatNumber(figures.mae)} points (MASE ${figures.mase === null ? '–' : formatNumber(figures.mase)})`,
    ],
    ['Bias', formatPoints(figures.bias)],
    ['Interval coverage', figures.interval_coverage === null ? '–' : formatFraction(figures.interval_coverage)],
    ['Backtest points', formatting.count(figures.backtest_points)],
    ['Cluster', formatCluster(figures, run)],
    ['Business unit', figures.business_unit ?? '–'],
    ['Region', figures.region ?? '–'],
    ['Criticality', figures.criticality ?? '–'],
    ['Capacity', `${formatNumber(figures.capacity_units)} ${figures.capacity_units === 1 ? 'unit' : 'units'}`],
    ['Units to add', figures.units_to_add === null ? '–' : formatNumber(figures.units_to_add)],
    ['Order by', figures.order_by === null ? '–' : `${formatOrderDate(figures.order_by, run)}${figures.is_order_late ? ', overdue' : ''}`],
    ['Lead time', `${formatNumber(figures.lead_time_days)} days`],
    ['Cost', formatCost(figures, run)],
    ['Last measured', time(figures.last_measured_at)],
  ]
  return all.filter(([, text]) => text !== '–')
}

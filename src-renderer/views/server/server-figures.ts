// The labelled list of all figures of one server and metric.
import type { RunOverview, ServerDetail } from '../../../src-shared/ipc/run-view.ts'
import {
  formatDate,
  formatDollars,
  formatUtcTime,
  formatNumber,
  formatProbability,
  formatSigned,
  formatting,
} from '../../theme/formatting.ts'

type ServerFigures = ServerDetail['metrics'][number]
type LabelledFigure = readonly [name: string, value: string]

export const listFigures = (figures: ServerFigures, run: RunOverview): readonly LabelledFigure[] => {
  const value = (number: number | null): string => (number === null ? '–' : formatting.value(number, figures.unit))
  const points = (number: number | null): string => (number === null ? '–' : `${formatSigned(number)} points`)
  const time = (iso: string | null): string =>
    iso === null ? '–' : run.granularity === 'hourly' ? formatUtcTime(iso) : formatDate(Date.parse(iso))
  const uplift = (number: number | null, n: number, countUnit: string, error: number | null): string =>
    number === null
      ? '–'
      : `${points(number)}, n = ${formatting.count(n)} ${countUnit}${error === null ? '' : `, ± ${formatNumber(error)}`}`
  return [
    ['Forecast P95', value(figures.horizon_p95)],
    ['Forecast peak', value(figures.horizon_peak)],
    ['Forecast mean', value(figures.horizon_mean)],
    ['Standard deviation', figures.horizon_std === null ? '–' : `${formatNumber(figures.horizon_std)} points`],
    ['Trend per 30 days', points(figures.trend_per_30_days)],
    ['High threshold', value(figures.high_threshold)],
    ['Headroom', points(figures.headroom_points)],
    ['First breach', time(figures.first_breach_at)],
    ['Periods above threshold', `${formatting.count(figures.periods_over)} of ${formatting.count(figures.horizon_periods)}`],
    ['Longest breach', formatting.count(figures.longest_breach_run)],
    ['Conservative P95', value(figures.conservative_p95)],
    ['Breach probability', figures.breach_probability === null ? '–' : formatProbability(figures.breach_probability)],
    ['Expected first breach', time(figures.expected_first_breach)],
    ['Seasonal peak', value(figures.seasonal_peak_risk)],
    ['Quarter-end uplift', uplift(figures.eoq_uplift_points, figures.eoq_uplift_quarters, 'quarters', figures.eoq_uplift_standard_error)],
    ['Holiday uplift', uplift(figures.holiday_uplift_points, figures.holiday_uplift_days, 'days', figures.holiday_uplift_standard_error)],
    ['Weekend uplift', uplift(figures.weekend_uplift_points, figures.weekend_uplift_weeks, 'weeks', figures.weekend_uplift_standard_error)],
    ['Weekly seasonality', figures.weekly_strength === null ? '–' : formatProbability(figures.weekly_strength)],
    ['Model', figures.model ?? 'no forecast'],
    [
      'Model error (MAE)',
      figures.mae === null ? '–' : `${formatNumber(figures.mae)} points (MASE ${figures.mase === null ? '–' : formatNumber(figures.mase)})`,
    ],
    ['Bias', points(figures.bias)],
    ['Interval coverage', figures.interval_coverage === null ? '–' : formatProbability(figures.interval_coverage)],
    ['Backtest points', formatting.count(figures.backtest_points)],
    ['Cluster', figures.cluster === null ? 'none' : `${figures.cluster} – ${figures.cluster_name ?? 'unnamed'}`],
    ['Business unit', figures.business_unit ?? '–'],
    ['Region', figures.region ?? '–'],
    ['Criticality', figures.criticality ?? '–'],
    ['Capacity', `${formatNumber(figures.capacity_units)} ${figures.capacity_units === 1 ? 'unit' : 'units'}`],
    ['Units to add', figures.units_to_add === null ? '–' : formatNumber(figures.units_to_add)],
    ['Order by', `${time(figures.order_by)}${figures.is_order_late ? ', overdue' : ''}`],
    ['Lead time', `${formatNumber(figures.lead_time_days)} days`],
    ['Cost', run.kind === 'headroom' ? `${formatDollars(figures.monthly_cost_usd)} per month` : 'unknown'],
    ['Last measured', time(figures.last_measured_at)],
  ]
}

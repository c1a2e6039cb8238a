// The columns of the server list: name in server_risk, title, kind of value and hint.
import type { ServerRiskRow } from './server-risk.ts'

/** Determines format and alignment; `value` and `points` are in the metric's unit. */
export type ColumnKind =
  | 'text'
  | 'count'
  | 'value'
  | 'points'
  | 'share'
  | 'probability'
  | 'usd'
  | 'time'
  | 'days'
  | 'flag'
  | 'risk'
  | 'exhaustion'

export interface ServerColumn {
  readonly name: keyof ServerRiskRow
  readonly title: string
  readonly kind: ColumnKind
  readonly width: number
  readonly hint?: string
  /** Whether the list shows it by default. */
  readonly isShown?: boolean
}

export const serverColumns: readonly ServerColumn[] = [
  { name: 'server_id', title: 'Server', kind: 'text', width: 170, isShown: true },
  {
    name: 'risk_level',
    title: 'Risk',
    kind: 'risk',
    width: 118,
    isShown: true,
    hint: 'Level by the basis of the run: probability, or forecast P95',
  },
  { name: 'horizon_p95', title: 'Forecast P95', kind: 'value', width: 104, isShown: true, hint: '95th percentile of the forecast' },
  { name: 'headroom_points', title: 'Headroom', kind: 'points', width: 92, isShown: true, hint: 'Threshold minus P95, in points' },
  {
    name: 'first_breach_at',
    title: 'First breach',
    kind: 'time',
    width: 112,
    isShown: true,
    hint: 'First forecast time above the threshold',
  },
  {
    name: 'expected_first_breach',
    title: 'Expected breach',
    kind: 'time',
    width: 124,
    hint: 'Median first breach of the simulated paths with a sustained breach',
  },
  { name: 'days_to_breach', title: 'In', kind: 'days', width: 82, isShown: true, hint: 'From the last measurement to the first breach' },
  {
    name: 'at_risk_probability',
    title: 'Sustained breach',
    kind: 'probability',
    width: 124,
    isShown: true,
    hint: 'Probability that the P95 of what comes exceeds the threshold',
  },
  {
    name: 'breach_probability',
    title: 'Any breach',
    kind: 'probability',
    width: 96,
    hint: 'Probability that some value exceeds the threshold',
  },
  { name: 'p95_median', title: 'P95 median', kind: 'value', width: 100, isShown: true, hint: 'Median P95 of the simulated paths' },
  { name: 'p95_p10', title: 'P95 low', kind: 'value', width: 90, hint: '10 % of the simulated paths have a lower P95' },
  { name: 'p95_p90', title: 'P95 high', kind: 'value', width: 90, hint: '10 % of the simulated paths have a higher P95' },
  { name: 'horizon_peak', title: 'Peak', kind: 'value', width: 76 },
  { name: 'horizon_mean', title: 'Mean', kind: 'value', width: 76, isShown: true },
  { name: 'horizon_std', title: 'Deviation', kind: 'points', width: 90 },
  {
    name: 'trend_per_30_days',
    title: 'Trend',
    kind: 'points',
    width: 80,
    isShown: true,
    hint: 'Points per 30 days on ordinary days, measured and forecast',
  },
  {
    name: 'exhaustion_at',
    title: 'Exhaustion',
    kind: 'exhaustion',
    width: 190,
    hint: 'Extrapolated: when the measured trend reaches the threshold, with its 80 % interval',
  },
  { name: 'periods_over', title: 'Periods over', kind: 'count', width: 104 },
  { name: 'longest_breach_run', title: 'Longest run', kind: 'count', width: 100, hint: 'Longest run of periods above the threshold' },
  { name: 'seasonal_peak_risk', title: 'Season peak', kind: 'value', width: 104 },
  { name: 'eoq_uplift_points', title: 'Quarter end', kind: 'points', width: 104, hint: 'Mean uplift at quarter ends over other days' },
  { name: 'business_unit', title: 'Business unit', kind: 'text', width: 130, isShown: true },
  { name: 'region', title: 'Region', kind: 'text', width: 100, isShown: true },
  { name: 'criticality', title: 'Criticality', kind: 'text', width: 96, isShown: true },
  {
    name: 'cluster_name',
    title: 'Cluster',
    kind: 'text',
    width: 150,
    isShown: true,
    hint: 'The Clusters view shows how stable the clusters are',
  },
  { name: 'recommendation', title: 'Recommendation', kind: 'text', width: 130, isShown: true },
  { name: 'units_to_add', title: 'Units to add', kind: 'count', width: 100 },
  { name: 'order_by', title: 'Order by', kind: 'time', width: 112 },
  { name: 'target_host', title: 'Target host', kind: 'text', width: 150 },
  { name: 'monthly_cost_usd', title: 'USD a month', kind: 'usd', width: 104 },
  { name: 'capacity_units', title: 'Units', kind: 'count', width: 70 },
  { name: 'is_underutilized', title: 'Underutilised', kind: 'flag', width: 106 },
  { name: 'model', title: 'Model', kind: 'text', width: 120 },
  { name: 'mae', title: 'Model error', kind: 'points', width: 98, hint: 'Mean absolute error over the backtest' },
  { name: 'mase', title: 'MASE', kind: 'points', width: 72, hint: 'Below 1: better than repeating last week' },
  { name: 'last_measured_at', title: 'Last measured', kind: 'time', width: 116 },
]

export const serverColumnNames = serverColumns.map(({ name }) => name)

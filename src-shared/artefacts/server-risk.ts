// server_risk.parquet: one row per server and metric, with units. The order here is the order of the columns.
import { z } from 'zod'
import { riskBasisSchema } from '../config/analysis-config.ts'

export const riskLevels = ['low', 'medium', 'high'] as const
export const riskLevelSchema = z.enum(riskLevels)
export type RiskLevel = z.infer<typeof riskLevelSchema>

export const recommendationKinds = ['add capacity', 'watch', 'retire', 'consolidate', 'keep'] as const
export const recommendationKindSchema = z.enum(recommendationKinds)

/** What simulated paths are drawn from. */
const pathSourceSchema = z.enum(['residuals', 'quantiles'])

/** Columns of the moments of a path's figure: its P95 or its peak, over the paths with short and those with long blocks. */
export const pathMomentColumns = [
  'path_p95_mean_short',
  'path_p95_std_short',
  'path_p95_mean_long',
  'path_p95_std_long',
  'path_peak_mean_short',
  'path_peak_std_short',
  'path_peak_mean_long',
  'path_peak_std_long',
] as const
export type PathMomentColumn = (typeof pathMomentColumns)[number]

/** With this share of measured periods at 99 % or above, the demand is not known, and every size is a lower limit. */
export const minSaturatedShare = 0.05

/** Time as ISO 8601 UTC text at process borders; TIMESTAMP in the file. */
const instant = z.string()
const nullableInstant = instant.nullable()

export const serverRiskRowSchema = z.object({
  server_id: z.string(),
  metric: z.string(),
  /** The selected model; NULL for a series without horizon. */
  model: z.string().nullable(),
  business_unit: z.string().nullable(),
  region: z.string().nullable(),
  criticality: z.string().nullable(),
  monthly_cost_usd: z.number(),
  capacity_units: z.number(),
  lead_time_days: z.number(),
  /** Last measured time of the series over all models. */
  last_measured_at: nullableInstant,
  horizon_start: nullableInstant,
  horizon_end: nullableInstant,
  horizon_periods: z.int(),
  /** Continuous 95th percentile of `predicted` over the horizon, in the metric's unit. */
  horizon_p95: z.number().nullable(),
  horizon_peak: z.number().nullable(),
  horizon_mean: z.number().nullable(),
  /** Sample standard deviation; NULL below two periods. */
  horizon_std: z.number().nullable(),
  /** NULL where no threshold applies to the metric. */
  high_threshold: z.number().nullable(),
  very_high_threshold: z.number().nullable(),
  /** Whether the server has gone silent: last measured long before the others, and so never at risk. */
  is_silent: z.boolean(),
  /** Of this metric, on the run's basis. */
  risk_level: riskLevelSchema.nullable(),
  is_at_risk: z.boolean(),
  /** Basis that decided: the run's, or `expected` where the run's figure is not known. NULL without a threshold, and in runs of older versions. */
  risk_basis: riskBasisSchema.nullable(),
  /** Of the whole server, repeated for each of its metrics: the joint probability decides on the basis `probable`. */
  is_server_at_risk: z.boolean(),
  server_risk_level: riskLevelSchema.nullable(),
  /** `high_threshold - horizon_p95`, in points. */
  headroom_points: z.number().nullable(),
  first_breach_at: nullableInstant,
  /** From `last_measured_at` to `first_breach_at`. */
  days_to_breach: z.number().nullable(),
  /** Horizon periods above the high threshold. */
  periods_over: z.int(),
  /** Longest unbroken run of such periods. */
  longest_breach_run: z.int(),
  /** Capacity to add, or of a watched server to add if the risk comes true, in percent of today's; 0 where neither is recommended. */
  percent_to_add: z.number().nullable(),
  /** The same in capacity units, whole where the server's are; NULL where the servers table states no capacity. */
  units_to_add: z.number().nullable(),
  /** Calibrated probability that the horizon's own P95 exceeds the high threshold; NULL without a threshold or a horizon. */
  at_risk_probability: z.number().min(0).max(1).nullable(),
  at_risk_probability_raw: z.number().min(0).max(1).nullable(),
  /** The same against the very high threshold, by the calibration of the high one. */
  very_high_probability: z.number().min(0).max(1).nullable(),
  /** Probability that any metric of the server has a sustained breach, repeated for each of its metrics. */
  server_at_risk_probability: z.number().min(0).max(1).nullable(),
  /**
   * What the paths were drawn from: residuals of the backtest, or quantiles of the forecast, whose probabilities are not calibrated. NULL without
   * either.
   */
  path_source: pathSourceSchema.nullable(),
  /** Median and 80 % interval of the P95 over the simulated paths, in the metric's unit. */
  p95_median: z.number().nullable(),
  p95_p10: z.number().nullable(),
  p95_p90: z.number().nullable(),
  /** Quantile `sizing_confidence` of the P95: over all paths, and over those with a sustained breach (NULL without any), in the metric's unit. */
  sizing_p95: z.number().nullable(),
  breaching_p95: z.number().nullable(),
  /** Probability that the horizon rises above the high threshold, recalibrated on the backtest; NULL without a threshold or a horizon. */
  breach_probability: z.number().min(0).max(1).nullable(),
  breach_probability_raw: z.number().min(0).max(1).nullable(),
  /** Probability that any metric of the server rises above its threshold, repeated for each of its metrics. */
  server_breach_probability: z.number().min(0).max(1).nullable(),
  /** Times of the curve, weekly for daily data and six-hourly for hourly, and the probabilities of a breach by each: of any, and of a sustained one. */
  breach_probability_dates: z.array(instant).nullable(),
  breach_probability_by: z.array(z.number()).nullable(),
  at_risk_probability_by: z.array(z.number()).nullable(),
  /** 20 % quantile and median, over the paths with a sustained breach, of the first time above the threshold. NULL where no path breaches. */
  first_breach_p20: nullableInstant,
  expected_first_breach: nullableInstant,
  /** 95th percentile, over the paths, of each path's P95, in the metric's unit. */
  conservative_p95: z.number().nullable(),
  /** The P95 that is exceeded with a calibrated probability of one half: on the basis `probable` at risk where it lies above the high threshold. */
  likely_p95: z.number().nullable(),
  /** Mean and sample standard deviation of the simulated paths' P95 and peak, in the metric's unit; NULL without paths by blocks of residuals. */
  path_p95_mean_short: z.number().nullable(),
  path_p95_std_short: z.number().nullable(),
  path_p95_mean_long: z.number().nullable(),
  path_p95_std_long: z.number().nullable(),
  path_peak_mean_short: z.number().nullable(),
  path_peak_std_short: z.number().nullable(),
  path_peak_mean_long: z.number().nullable(),
  path_peak_std_long: z.number().nullable(),
  /** Points by which both of the forecast's bounds must widen to reach their nominal coverage. */
  interval_margin: z.number().nullable(),
  /**
   * The same by thirds of the lead. NULL where the lead of the backtest is not known or shorter than the horizon: nominal coverage cannot be
   * checked there.
   */
  interval_margin_early: z.number().nullable(),
  interval_margin_middle: z.number().nullable(),
  interval_margin_late: z.number().nullable(),
  seasonal_peak_risk: z.number().nullable(),
  /**
   * Backtest of the selected model, in the metric's unit: mean uplift of quarter-end windows, holidays outside them and weekends over
   * other days, with the number of quarters, holidays and weeks. NULL without an occasion. The error and the 95 % interval (low, high) are NULL below two.
   */
  eoq_uplift_points: z.number().nullable(),
  eoq_uplift_quarters: z.int(),
  eoq_uplift_standard_error: z.number().nullable(),
  eoq_uplift_low: z.number().nullable(),
  eoq_uplift_high: z.number().nullable(),
  holiday_uplift_points: z.number().nullable(),
  holiday_uplift_days: z.int(),
  holiday_uplift_standard_error: z.number().nullable(),
  holiday_uplift_low: z.number().nullable(),
  holiday_uplift_high: z.number().nullable(),
  weekend_uplift_points: z.number().nullable(),
  weekend_uplift_weeks: z.int(),
  weekend_uplift_standard_error: z.number().nullable(),
  weekend_uplift_low: z.number().nullable(),
  weekend_uplift_high: z.number().nullable(),
  /** Strength of weekly seasonality, 0..1; NULL below four complete weeks. */
  weekly_strength: z.number().min(0).max(1).nullable(),
  /**
   * `periods_over` by cause: quarter-end window, otherwise last two days of a month, otherwise holiday, otherwise ordinary. NULL in
   * runs of older versions.
   */
  breaches_eoq: z.int().nullable(),
  breaches_month_end: z.int().nullable(),
  breaches_holiday: z.int().nullable(),
  breaches_ordinary: z.int().nullable(),
  /** Share of the measured periods at 99 % or above; NULL for other units and without a backtest. From 0.05 on, demand is unknown. */
  saturated_share: z.number().min(0).max(1).nullable(),
  /** Of the whole server, repeated for each of its metrics. */
  is_underutilized: z.boolean(),
  cluster: z.int().nullable(),
  cluster_name: z.string().nullable(),
  /** Points per 30 days, least squares over the ordinary days of backtest and horizon; NULL below 28 measured days. */
  trend_per_30_days: z.number().nullable(),
  /** Of the measured weekly means, points per 30 days. */
  trend_standard_error: z.number().nullable(),
  /**
   * Extrapolation of the measured trend: when its 95th percentile reaches the high threshold, with the limits of the slope's 80 % interval.
   * NULL beyond five years. All three NULL: the series breaches in the horizon, is at risk, or does not rise.
   */
  exhaustion_at: nullableInstant,
  exhaustion_earliest: nullableInstant,
  exhaustion_latest: nullableInstant,
  /** Accuracy of the selected model on the common backtest timestamps. */
  backtest_points: z.int(),
  mae: z.number().nullable(),
  mase: z.number().nullable(),
  /** The selected model over all of its backtest: percent, mean of predicted - actual, share of values inside the bounds. */
  smape_percent: z.number().nullable(),
  bias: z.number().nullable(),
  interval_coverage: z.number().nullable(),
  recommendation: recommendationKindSchema,
  /** Host of a consolidated server. */
  target_host: z.string().nullable(),
  /**
   * Of a server that takes others over, with them: quantiles over the paths of the highest load in the horizon, percent of its capacity, and the
   * share of the paths above `consolidation_target`. NULL for all others, without paths and in runs of older versions.
   */
  host_load_p50: z.number().nullable(),
  host_load_p90: z.number().nullable(),
  host_share_above_target: z.number().min(0).max(1).nullable(),
  /** Latest day to order capacity, or of a watched server to decide: `first_breach_p20` less lead time, the earliest over the metrics that decide. */
  order_by: nullableInstant,
  /** Whether that day lies before the last measured time, where capacity is added. */
  is_order_late: z.boolean(),
  /** Whether this is the server's limiting metric: of greatest probability, then earliest breach; without probabilities of least headroom. */
  is_limiting: z.boolean(),
  /** What 100 % of the metric are: cores, GiB or units of the servers table, after its last change in the history. NULL where it is not known. */
  capacity: z.number().positive().nullable(),
  capacity_unit: z.string().nullable(),
  /** Changes of the capacity in the history, and the time of the last one. */
  capacity_changes: z.int(),
  capacity_changed_at: nullableInstant,
  /** Whether this is the resource that runs out first: the earliest exhaustion, then the greatest probability, then the least headroom. */
  is_limiting_resource: z.boolean(),
  /**
   * Of disks and storage pools: growth since the last drop, percent of the capacity a day; the day on which it is full, with the limits of the slope's
   * 80 % interval. A date is NULL beyond five years and without growth; all four are NULL for other metrics and with too few days.
   */
  growth_per_day: z.number().nullable(),
  full_at: nullableInstant,
  full_earliest: nullableInstant,
  full_latest: nullableInstant,
})
export type ServerRiskRow = z.infer<typeof serverRiskRowSchema>

/** Columns that hold one time. */
export const serverRiskTimeColumns = (): string[] =>
  Object.entries(serverRiskRowSchema.shape).flatMap(([name, type]) => (type === nullableInstant ? [name] : []))

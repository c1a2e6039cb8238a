// The analysis configuration: schema, defaults per method and units. Keys are those of the YAML file and of --set.
import { z } from 'zod'
import { columnRoleSchema, wideLayoutSchema } from '../run/input-mapping.ts'
import { capacityColumnSchema } from './metric-capacity.ts'
import { isPercentMetric, metricDirectionSchema, periodStatisticSchema, metricUnitSchema } from './metric-units.ts'
import { hideProtoNames, showProtoNames } from './name-record.ts'

const percent = z.number().min(0).max(100)
const month = z.int().min(1).max(12)

/** A hundred years: beyond it, order dates leave the calendar. */
export const maxLeadTimeDays = 36_500

const thresholdsSchema = z.strictObject({
  /** Percent of capacity above which a server counts as at risk. */
  high: z.number().positive(),
  /** Percent of capacity above which its risk level is `high`. */
  very_high: z.number().positive(),
})
export type Thresholds = z.infer<typeof thresholdsSchema>

export const analysisMethods = ['headroom', 'module05'] as const
export const analysisMethodSchema = z.enum(analysisMethods)
export type AnalysisMethod = z.infer<typeof analysisMethodSchema>

export const riskBases = ['probable', 'expected', 'conservative'] as const
export const riskBasisSchema = z.enum(riskBases)
export type RiskBasis = z.infer<typeof riskBasisSchema>

/** Features for clustering servers. */
export const clusterFeatures = ['mean', 'std', 'p95', 'peak_to_mean', 'trend_per_30_days', 'eoq_uplift', 'weekend_ratio'] as const
export type ClusterFeature = (typeof clusterFeatures)[number]

/** Encodings of CSV files that no byte tells. */
export const textEncodings = ['utf-8', 'latin-1'] as const

/** How numbers in text are written; `auto`: numbers that two locales read differently are refused. */
export const decimalSettings = ['auto', 'comma', 'point'] as const
export type DecimalSetting = (typeof decimalSettings)[number]

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export const analysisConfigSchema = z.strictObject({
  /** Metric of forecasts without a `metric` column. */
  target_metric: z.string().min(1).default('cpu_p95'),
  /** Unit by metric where its name does not say it; thresholds apply to percentages, and fractions are converted to them. */
  metric_units: z.record(z.string().min(1), metricUnitSchema).default({}),
  /** Metrics to analyse; absent: all. */
  metrics: z.array(z.string().min(1)).min(1).optional(),
  /** Metrics of which a low value is the risk (`below`): their percentages and thresholds count as used shares, 100 - value. */
  metric_directions: z.record(z.string().min(1), metricDirectionSchema).default({}),
  /** Column of the servers table that holds a metric's capacity, where its name does not say it. */
  metric_capacities: z.record(z.string().min(1), capacityColumnSchema).default({}),
  /** Of measurements finer than a step: what a step takes of a metric's values; absent: `p95`, and `max` of percentiles by name. */
  metric_statistics: z.record(z.string().min(1), periodStatisticSchema).default({}),
  /** IANA zone of days, weekends, holidays, quarter ends and seasonal lags. */
  time_zone: z.string().refine(isTimeZone, 'must be a time zone such as Europe/Berlin').default('UTC'),
  /** Decimal mark of numbers in text: servers table, events table, text forecasts. */
  decimal: z.enum(decimalSettings).default('auto'),
  /** Column of each role where the names do not say it; `*` for all value columns of a wide file. */
  map: z.partialRecord(columnRoleSchema, z.string().min(1)).default({}),
  /** What the value columns of a wide file are. */
  wide: wideLayoutSchema.optional(),
  /** Order of day and month in dates such as 05.06.2026, days of Excel, or a pattern such as %d.%m.%Y %H:%M; absent: found over the whole dataset. */
  date_format: z.union([z.enum(['day-first', 'month-first', 'excel']), z.string().regex(/%/)]).optional(),
  /** Of CSV files without a byte order mark; absent: UTF-8. */
  encoding: z.enum(textEncodings).optional(),
  /** Steps of DeepAR's batch transform, as its `time_freq`: 5min, H, D, W or M. */
  batch_step: z
    .string()
    .regex(/^[1-9]?\d{0,3}(min|[hdwm])$/i)
    .optional(),
  /** Nominal level of `yhat_lower`..`yhat_upper`, a share; levels that column names or a column state win. */
  interval_level: z.number().gt(0).lt(1).default(0.8),
  /** Whether Headroom's own forecasts of the measured values are added to the models of the input. */
  with_baselines: z.boolean().default(false),
  high_risk_threshold: z.number().positive().default(80),
  very_high_risk_threshold: z.number().positive().default(90),
  /** Whether breach probabilities are estimated by simulated paths. A conservative basis turns them on; without them `probable` is `expected`. */
  breach_probability: z.boolean().default(true),
  /** What decides about risk: the probability of a sustained breach, the forecast's P95, or the 95th percentile of the simulated paths' P95. */
  basis: riskBasisSchema.default('probable'),
  /** Probability of a sustained breach above which capacity is added; basis `probable` only. */
  purchase_probability: z.number().gt(0).max(0.5).default(0.5),
  /** Quantile of the simulated paths' P95 that added capacity must carry. */
  sizing_confidence: z.number().gt(0).lt(1).default(0.9),
  /** Overrides by metric name; a metric listed here has thresholds in any unit. */
  metric_thresholds: z.record(z.string(), thresholdsSchema).default({}),
  /** Overrides by criticality of the servers table; they win over the metric's. */
  criticality_thresholds: z.record(z.string(), thresholdsSchema).default({}),
  /** Horizon mean in percent below which a server counts as underutilised. */
  underutilized_threshold: percent.default(40),
  /** Last days of a quarter that form the end-of-quarter window. */
  eoq_window_days: z.int().min(1).max(31).default(7),
  /** Months that end a quarter; absent: 3, 6, 9, 12 shifted by the fiscal year. */
  eoq_months: z.array(month).min(1).optional(),
  fiscal_year_start_month: month.default(1),
  /** ISO 3166-1 alpha-2 country of the holiday calendar. */
  holiday_country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .default('US'),
  holiday_state: z.string().min(1).optional(),
  /** `auto`: the number from 2 to 8 with the best mean silhouette. */
  n_clusters: z.union([z.int().min(1).max(50), z.literal('auto')]).default(4),
  /** Features that servers are clustered by; the run folder holds all of them. */
  cluster_features: z
    .array(z.enum(clusterFeatures))
    .min(1)
    .default([...clusterFeatures]),
  /** Monthly USD of a server for which the servers table states none. */
  cost_per_instance: z.number().min(0).default(100),
  /** Peak demand in percent that consolidation may leave on a host. */
  consolidation_target: percent.gt(0).default(70),
  /** Share of hosts that may exceed the consolidation target at some time. */
  consolidation_risk: z.number().gt(0).lt(1).default(0.05),
  /** Hosts of each cluster that may fail: the largest. */
  reserve_hosts: z.int().min(0).max(1000).default(1),
  /** Percent of the remaining capacity of a cluster or host that stays free. */
  reserve_percent: percent.lt(100).default(0),
  /** Percent of the usable capacity that the demand of a cluster or host may reach. */
  capacity_target: percent.gt(0).default(80),
  /** Share of a smaller instance type that stays free. */
  sizing_headroom: z.number().min(0).lt(1).default(0.2),
  /** By licence of the servers table: USD a month per core, and the cores that a machine must license at least. */
  licence_costs: z
    .record(z.string().min(1), z.strictObject({ usd_per_core: z.number().min(0), min_cores: z.int().min(1).max(1024).optional() }))
    .default({}),
  /** Days from order to delivery where the servers table states none. */
  lead_time_days: z.number().min(0).max(maxLeadTimeDays).default(30),
  /** Seed of every random choice. */
  seed: z.int().min(0).max(0xffffffff).default(42),
})

export type AnalysisConfig = z.infer<typeof analysisConfigSchema>
export type AnalysisConfigInput = z.input<typeof analysisConfigSchema>

/** Defaults that differ by method: Module 05's own (analysis definition, section 10). */
const methodDefaults: Readonly<Record<AnalysisMethod, AnalysisConfigInput>> = { headroom: {}, module05: { underutilized_threshold: 30 } }

/** Fills in defaults; throws ZodError for an invalid value. */
export const completeConfig = (input: unknown, method: AnalysisMethod): AnalysisConfig => {
  const config = showProtoNames(
    analysisConfigSchema.parse({ ...methodDefaults[method], ...renameSettings(z.record(z.string(), z.unknown()).parse(input)) }),
  )
  // Module 05 knows no probability, and without one the forecast's P95 decides.
  const isProbabilityUnknown = config.basis === 'probable' && !config.breach_probability
  return method === 'module05' || isProbabilityUnknown ? { ...config, basis: 'expected' } : config
}

/** The configuration of a folder of Module 05, which states none. */
export const module05FolderConfig = (): AnalysisConfig => completeConfig({ basis: 'expected' }, 'headroom')

/** Settings by their current keys: `percent_metrics`, a list, became `metric_units`. */
export const renameSettings = (settings: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const hidden = hideProtoNames(settings)
  const { percent_metrics: percentMetrics, ...others } = hidden
  const listed = z.array(z.string().min(1)).safeParse(percentMetrics)
  const stated = z.record(z.string(), z.unknown()).safeParse(others['metric_units'] ?? {})
  if (!listed.success || !stated.success) return hidden
  if (listed.data.length === 0) return others
  const units = { ...Object.fromEntries(listed.data.map((metric) => [metric, 'percent'])), ...stated.data }
  return { ...others, ...hideProtoNames({ metric_units: units }) }
}

/** The configuration in files of any version. A key that a version did not know has the meaning it had then: `basis` was `expected`. */
export const storedConfigSchema = z.preprocess((config) => {
  const settings = z.record(z.string(), z.unknown()).safeParse(config)
  return settings.success ? { basis: 'expected', ...renameSettings(settings.data) } : config
}, analysisConfigSchema.transform(showProtoNames))

/** Months whose last days form the end-of-quarter window, ascending. */
export const eoqMonthsOf = (config: Pick<AnalysisConfig, 'eoq_months' | 'fiscal_year_start_month'>): number[] =>
  (config.eoq_months ?? [3, 6, 9, 12].map((m) => ((m - 1 + config.fiscal_year_start_month - 1) % 12) + 1)).slice().sort((a, b) => a - b)

/** Whether thresholds apply to a metric: it is a percentage or has an override. */
export const hasThreshold = (config: AnalysisConfig, metric: string): boolean =>
  isPercentMetric(config, metric) || Object.hasOwn(config.metric_thresholds, metric)

/** Whether the risk of a metric is judged at all. Module 05's thresholds apply to every metric. */
export const isJudgedMetric = (config: AnalysisConfig, method: AnalysisMethod, metric: string): boolean =>
  method === 'module05' || hasThreshold(config, metric)

/** Said in place of a number of servers at risk. */
export const notJudgedText = (metrics: readonly string[]): string =>
  `not judged: no metric is in percent or has a threshold (${metrics.slice(0, 3).join(', ')}${metrics.length > 3 ? ', …' : ''})`

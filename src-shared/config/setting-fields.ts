// The analysis settings as form fields: labels, units and hints by key; kind, choices and range come from the schema.
import { z } from 'zod'
import { analysisConfigSchema, clusterFeatures, type AnalysisConfig } from './analysis-config.ts'

type SettingGroup = 'Thresholds' | 'Calendar' | 'Clusters' | 'Costs and consolidation'

interface SettingText {
  readonly group: SettingGroup
  readonly label: string
  readonly unit?: string
  readonly hint: string
}

/** How the columns of one dataset are read, which no form of settings for all of them can say. */
type InputReadingKey = 'map' | 'wide' | 'date_format' | 'encoding' | 'batch_step'
/** Prices of licences stand in the configuration file only. */
type SettingKey = Exclude<keyof AnalysisConfig, InputReadingKey | 'licence_costs'>

const settingTexts: Readonly<Record<SettingKey, SettingText>> = {
  high_risk_threshold: { group: 'Thresholds', label: 'High', unit: '%', hint: 'Servers above are at risk' },
  very_high_risk_threshold: { group: 'Thresholds', label: 'Very high', unit: '%', hint: 'Servers above have risk level “high”' },
  underutilized_threshold: { group: 'Thresholds', label: 'Underutilised', unit: '%', hint: 'Servers with a lower forecast mean' },
  basis: {
    group: 'Thresholds',
    label: 'Risk basis',
    hint: 'Probable: probability above 50 %; expected: forecast P95; conservative: P95 of 95 % of the paths',
  },
  with_baselines: { group: 'Thresholds', label: 'With baselines', hint: 'Adds Headroom’s own forecasts as models, to compare with yours' },
  breach_probability: { group: 'Thresholds', label: 'Breach probability', hint: 'Estimated from simulated paths; takes longer' },
  purchase_probability: { group: 'Costs and consolidation', label: 'Purchase probability', hint: 'Capacity is added above, such as 0.5' },
  sizing_confidence: {
    group: 'Costs and consolidation',
    label: 'Sizing confidence',
    hint: 'Share of simulated paths that added capacity carries, such as 0.9',
  },
  metric_thresholds: {
    group: 'Thresholds',
    label: 'Per-metric thresholds',
    hint: 'Name, high, very high: mem_p95 85 95; network_mbps 800 900',
  },
  criticality_thresholds: {
    group: 'Thresholds',
    label: 'Per-criticality thresholds',
    hint: 'Overrides the metric’s thresholds: critical 70 85',
  },
  metric_units: {
    group: 'Thresholds',
    label: 'Metric units',
    hint: 'Where the name does not say it: cpu_p95 fraction; score percent; load_15 count',
  },
  metrics: { group: 'Thresholds', label: 'Metrics', hint: 'Such as cpu_p95, mem_p95; default: all' },
  metric_directions: {
    group: 'Thresholds',
    label: 'Metric directions',
    hint: 'Where a low value is the risk: disk_free_percent below',
  },
  metric_capacities: {
    group: 'Thresholds',
    label: 'Metric capacities',
    hint: 'Column of the servers table: pool_used_gb disk_gib; default: by the name',
  },
  metric_statistics: {
    group: 'Thresholds',
    label: 'Metric statistics',
    hint: 'Of the measurements within a step: mem_used_pct max; p95, max or mean',
  },
  decimal: { group: 'Thresholds', label: 'Decimal mark', hint: 'Of numbers in CSV tables, where 1.200 has two readings' },
  interval_level: { group: 'Thresholds', label: 'Nominal coverage', hint: 'Share covered by the intervals, such as 0.8' },
  target_metric: { group: 'Thresholds', label: 'Default metric', hint: 'For forecasts without a metric column, such as cpu_p95' },
  eoq_window_days: { group: 'Calendar', label: 'Quarter-end window', unit: 'days', hint: 'Last days of each quarter' },
  fiscal_year_start_month: { group: 'Calendar', label: 'Fiscal year start', unit: 'month', hint: 'Shifts the quarter ends' },
  eoq_months: { group: 'Calendar', label: 'Quarter-end months', hint: 'Such as 3, 6, 9, 12; default: from the fiscal year' },
  time_zone: { group: 'Calendar', label: 'Time zone', hint: 'Of days, weekends and holidays, such as Europe/Berlin' },
  holiday_country: { group: 'Calendar', label: 'Holiday country', hint: 'Country code such as US, DE or GB' },
  holiday_state: { group: 'Calendar', label: 'Holiday region', hint: 'Such as NY; default: whole country' },
  n_clusters: { group: 'Clusters', label: 'Number of clusters', hint: 'Or auto (best silhouette)' },
  cluster_features: {
    group: 'Clusters',
    label: 'Cluster features',
    hint: `Comma-separated subset of the ${clusterFeatures.length} features`,
  },
  seed: { group: 'Clusters', label: 'Random seed', hint: 'Same seed, same clusters and simulated paths' },
  cost_per_instance: {
    group: 'Costs and consolidation',
    label: 'Server cost',
    unit: 'USD per month',
    hint: 'Default for servers without a value',
  },
  consolidation_target: { group: 'Costs and consolidation', label: 'Max host load', unit: '%', hint: 'Peak load after consolidation' },
  consolidation_risk: {
    group: 'Costs and consolidation',
    label: 'Host overload risk',
    unit: 'share',
    hint: 'Share of hosts that may exceed the maximum load',
  },
  reserve_hosts: { group: 'Costs and consolidation', label: 'Reserve hosts', hint: 'Hosts of each cluster that may fail' },
  reserve_percent: {
    group: 'Costs and consolidation',
    label: 'Reserve share',
    unit: '%',
    hint: 'Of the remaining capacity of a cluster or host',
  },
  capacity_target: {
    group: 'Costs and consolidation',
    label: 'Capacity target',
    unit: '%',
    hint: 'Usable capacity that a cluster’s demand may reach',
  },
  sizing_headroom: {
    group: 'Costs and consolidation',
    label: 'Sizing headroom',
    unit: 'share',
    hint: 'Of a smaller instance type that stays free',
  },
  lead_time_days: { group: 'Costs and consolidation', label: 'Lead time', unit: 'days', hint: 'Default for servers without a value' },
}

export type SettingKind = 'number' | 'number-or-word' | 'text' | 'flag' | 'choice' | 'numbers' | 'names' | 'thresholds' | 'units'

export interface SettingField extends SettingText {
  readonly key: SettingKey
  readonly kind: SettingKind
  /** Values of a choice. */
  readonly choices: readonly string[]
  /** Null where a bound is missing. */
  readonly range: { readonly min: number; readonly max: number } | null
}

const withoutDefault = (schema: unknown): unknown =>
  schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? withoutDefault(schema.unwrap()) : schema

const rangeOf = (schema: unknown): SettingField['range'] => {
  if (!(schema instanceof z.ZodNumber)) return null
  const { minValue, maxValue } = schema
  const isBounded = minValue !== null && maxValue !== null && Number.isFinite(minValue) && Number.isFinite(maxValue)
  return isBounded ? { min: minValue, max: maxValue } : null
}

const describeSchema = (schema: unknown): Pick<SettingField, 'kind' | 'choices' | 'range'> => {
  const plain = { choices: [], range: null }
  if (schema instanceof z.ZodNumber) return { ...plain, kind: 'number', range: rangeOf(schema) }
  if (schema instanceof z.ZodUnion) return { ...plain, kind: 'number-or-word', range: rangeOf(schema.options[0]) }
  if (schema instanceof z.ZodBoolean) return { ...plain, kind: 'flag' }
  if (schema instanceof z.ZodEnum) return { ...plain, kind: 'choice', choices: schema.options.map(String) }
  if (schema instanceof z.ZodArray) return { ...plain, kind: schema.element instanceof z.ZodNumber ? 'numbers' : 'names' }
  if (schema instanceof z.ZodRecord) return { ...plain, kind: schema.valueType instanceof z.ZodEnum ? 'units' : 'thresholds' }
  return { ...plain, kind: 'text' }
}

/** In the order of the form. */
export const settingFields: readonly SettingField[] = (Object.keys(settingTexts) as SettingKey[]).map((key) => ({
  key,
  ...settingTexts[key],
  ...describeSchema(withoutDefault(analysisConfigSchema.shape[key])),
}))

export const settingGroups: readonly SettingGroup[] = [...new Set(settingFields.map(({ group }) => group))]

// The unit of each metric: as stated, else by its name. One ordered list of rules decides, in TypeScript and in SQL.
import { z } from 'zod'

/** Thresholds apply to percent and fraction. Amounts of bytes count against a capacity; other units only say that a metric is neither. */
export const metricUnits = [
  'percent',
  'fraction',
  ...(['bytes', 'kb', 'mb', 'gb', 'tb', 'kib', 'mib', 'gib', 'tib'] as const),
  'count',
  'seconds',
  'iops',
  'mbps',
  'mhz',
  'load',
  'other',
] as const
/** `below`: a low value is the risk, as of free space; the analysis turns such a percentage into its used share. */
export const metricDirections = ['above', 'below'] as const
/** Of the values within a step. */
export const periodStatistics = ['p95', 'max', 'mean'] as const
export const periodStatisticSchema = z.enum(periodStatistics)
export type PeriodStatistic = z.infer<typeof periodStatisticSchema>

export const metricDirectionSchema = z.enum(metricDirections)
export type MetricDirection = z.infer<typeof metricDirectionSchema>

export const metricUnitSchema = z.enum(metricUnits)
export type MetricUnit = z.infer<typeof metricUnitSchema>

/** Words in metric names, each with what it says about the metric. */
export const metricWords = {
  /** The unused share: a high value is no risk. */
  unused: 'free freeable idle available avail remaining unused'.split(' '),
  percent: 'pct percent percentage'.split(' '),
  otherUnits: (
    'load mhz ghz hz bytes byte kb mb gb tb kib mib gib tib ki mi gi ti bps kbps mbps gbps iops ops qps tps rps credit credits ' +
    'net network ms seconds latency packets count errors requests connections'
  ).split(' '),
  /** Metrics that are percentages unless another word says otherwise. */
  commonPercentages: 'cpu mem memory disk fs filesystem swap gpu util utilization utilisation usage'.split(' '),
} as const

/** Units whose spelling breaks the usual pattern of capitals. */
const mixedCaseUnits = 'MHz GHz KHz IOPs KBps MBps GBps KiB MiB GiB TiB'.split(' ')

/**
 * Finds one of the words in a name that is split at case, digits and other signs: cpu_pct, memUsed, CPUUtilization.
 * Without flags and look-around, so that JavaScript, DuckDB and Spark read it alike.
 */
const wordPattern = (words: readonly string[]): string => {
  const anyOf = (spell: (word: string) => string): string => `(${words.map(spell).join('|')})`
  return [
    `(^|[^A-Za-z])${anyOf((word) => word)}($|[^a-z])`,
    `${anyOf((word) => `${word[0]!.toUpperCase()}${word.slice(1)}`)}($|[^a-z])`,
    `(^|[^A-Z])${anyOf((word) => word.toUpperCase())}($|[^A-Za-z]|[A-Z][a-z])`,
  ].join('|')
}

/** Whether one of the words stands in a metric's name. */
export const nameHoldsWord = (metric: string, words: readonly string[]): boolean => new RegExp(wordPattern(words)).test(metric)

/** A rule matches a whole name or a pattern; the first that matches decides. */
export type MetricUnitRule = { readonly unit: MetricUnit } & ({ readonly name: string } | { readonly pattern: string })

const nameRules: readonly MetricUnitRule[] = [
  { pattern: wordPattern(metricWords.unused), unit: 'other' },
  { pattern: wordPattern(metricWords.percent), unit: 'percent' },
  { pattern: `${wordPattern(metricWords.otherUnits)}|(${mixedCaseUnits.join('|')})($|[^a-z])`, unit: 'other' },
  { pattern: wordPattern(metricWords.commonPercentages), unit: 'percent' },
]

/** The part of the configuration that decides on units. */
export interface UnitConfig {
  readonly target_metric: string
  readonly metric_units: Readonly<Record<string, MetricUnit>>
  readonly metric_directions?: Readonly<Record<string, MetricDirection>>
}

/** The target metric is a percentage unless it is stated or named otherwise. A metric that no rule matches is `other`. */
export const metricUnitRules = (config: UnitConfig): readonly MetricUnitRule[] => [
  ...Object.entries(config.metric_units).map(([name, unit]) => ({ name, unit })),
  ...turnedMetrics(config).map((name) => ({ name, unit: 'percent' as const })),
  ...nameRules,
  { name: config.target_metric, unit: 'percent' },
]

/** Metrics of which a low value is the risk. */
export const turnedMetrics = ({ metric_directions: directions = {} }: Pick<UnitConfig, 'metric_directions'>): string[] =>
  Object.keys(directions).filter((metric) => directions[metric] === 'below')

/** The unit of a metric by the words in its name other than those for an unused share; undefined where they say nothing. */
export const unitByName = (metric: string): MetricUnit | undefined =>
  nameRules.slice(1).find((rule) => 'pattern' in rule && new RegExp(rule.pattern).test(metric))?.unit

const isPercentUnit = (unit: MetricUnit): boolean => unit === 'percent' || unit === 'fraction'

/** Unit of a metric as stated or named; undefined where neither says anything. */
export const unitOfMetric = (config: UnitConfig, metric: string): MetricUnit | undefined =>
  metricUnitRules(config).find((rule) => ('name' in rule ? rule.name === metric : new RegExp(rule.pattern).test(metric)))?.unit

/** Whether a metric is a percentage, also after a conversion from fractions. */
export const isPercentMetric = (config: UnitConfig, metric: string): boolean => {
  const unit = unitOfMetric(config, metric)
  return unit !== undefined && isPercentUnit(unit)
}

/** `isPercentMetric` as SQL, for a Spark plan: it is made before the metrics are known. `literal` quotes text. */
export const isPercentMetricSql = (config: UnitConfig, metric: string, literal: (text: string) => string): string => {
  const cases = metricUnitRules(config).map((rule) => {
    const condition = 'name' in rule ? `${metric} = ${literal(rule.name)}` : `regexp_matches(${metric}, ${literal(rule.pattern)})`
    return `WHEN ${condition} THEN ${isPercentUnit(rule.unit)}`
  })
  return `CASE ${cases.join(' ')} ELSE false END`
}

/** Metrics that are stated as fractions; the analysis multiplies their values by 100. */
export const fractionMetrics = ({ metric_units: stated }: Pick<UnitConfig, 'metric_units'>): string[] =>
  Object.keys(stated).filter((metric) => stated[metric] === 'fraction')

/** The value of `--unit` for a metric, in quotes where a shell would split it. */
export const unitArgument = (metric: string, unit: MetricUnit): string =>
  /^[\w.:/-]+$/.test(metric) ? `${metric}=${unit}` : `"${metric.replaceAll(/["\\$`]/g, '\\$&')}=${unit}"`

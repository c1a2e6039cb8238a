// Which thresholds apply, as one rule in SQL: what `isJudgedMetric` and `thresholdsFor` say of a metric, without knowing a set's metrics beforehand.
import { percentMetricTokens, type AnalysisConfig, type Thresholds } from '../../src-shared/config/analysis-config.ts'
import { literal } from '../database/database.ts'

/** SQL for one row per judged metric and criticality of the set: metric, criticality, high, very_high. Reads `series_models`, `server_attributes`. */
export const thresholdsQuery = (config: AnalysisConfig): string => `
  SELECT metric, criticality, ${thresholdSql(config, 'high')} AS high, ${thresholdSql(config, 'very_high')} AS very_high
  FROM (SELECT DISTINCT s.metric, a.criticality FROM series_models s LEFT JOIN server_attributes a USING (server_id)) pairs
  WHERE ${hasThresholdSql(config, 'metric')}`

/** SQL for whether a metric is judged. */
export const hasThresholdSql = (config: AnalysisConfig, metric: string): string => {
  const { percent, other, commonPercentages: usual } = percentMetricTokens
  const namedMetrics = [config.target_metric, ...config.percent_metrics, ...Object.keys(config.metric_thresholds)].map(literal)
  return `(${metric} IN (${namedMetrics.join(', ')}) OR ${containsWordSql(metric, percent)} OR (NOT ${containsWordSql(metric, other)} AND ${containsWordSql(metric, usual)}))`
}

/** Words stand between anything but letters. */
const containsWordSql = (text: string, words: Iterable<string>): string =>
  `regexp_matches(lower(${text}), ${literal(`(^|[^a-z])(${[...words].join('|')})($|[^a-z])`)})`

/** A criticality's own threshold wins over the metric's. */
const thresholdSql = (config: AnalysisConfig, level: keyof Thresholds): string => {
  const cases = (column: string, overrides: Readonly<Record<string, Thresholds>>): string[] =>
    Object.entries(overrides).map(([name, thresholds]) => `WHEN ${column} = ${literal(name)} THEN ${numberLiteral(thresholds[level])}`)
  const all = [...cases('criticality', config.criticality_thresholds), ...cases('metric', config.metric_thresholds)]
  const usual = numberLiteral(level === 'high' ? config.high_risk_threshold : config.very_high_risk_threshold)
  return all.length === 0 ? usual : `CASE ${all.join(' ')} ELSE ${usual} END`
}

const numberLiteral = (value: number): string => `CAST(${value} AS DOUBLE)`

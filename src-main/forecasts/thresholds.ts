// Which thresholds apply to a metric on a server, as SQL, since a Spark plan is made before the metrics are known.
import type { AnalysisConfig, Thresholds } from '../../src-shared/config/analysis-config.ts'
import { isPercentMetricSql } from '../../src-shared/config/metric-units.ts'
import { literal } from '../database/database.ts'

const metricsAndCriticalities =
  '(SELECT DISTINCT s.metric, a.criticality FROM series_models s LEFT JOIN server_attributes a USING (server_id)) pairs'

/** SQL for one row per metric and criticality that has thresholds: metric, criticality, high, very_high. Reads `series_models`, `server_attributes`. */
export const thresholdsQuery = (config: AnalysisConfig): string => `
  SELECT metric, criticality, ${thresholdSql(config, 'high')} AS high, ${thresholdSql(config, 'very_high')} AS very_high
  FROM ${metricsAndCriticalities}
  WHERE ${hasThresholdSql(config, 'metric')}`

/** As `thresholdsQuery`, with the same thresholds for every metric and criticality. */
export const uniformThresholdsQuery = ({ high, very_high }: Thresholds): string => `
  SELECT metric, criticality, ${numberLiteral(high)} AS high, ${numberLiteral(very_high)} AS very_high FROM ${metricsAndCriticalities}`

/** SQL for whether a metric has a threshold: `hasThreshold` of the configuration. */
export const hasThresholdSql = (config: AnalysisConfig, metric: string): string => {
  const isPercent = isPercentMetricSql(config, metric, literal)
  const overridden = Object.keys(config.metric_thresholds).map(literal)
  return overridden.length === 0 ? isPercent : `(${metric} IN (${overridden.join(', ')}) OR ${isPercent})`
}

/** A criticality's own threshold wins over the metric's. */
const thresholdSql = (config: AnalysisConfig, level: keyof Thresholds): string => {
  const cases = (column: string, overrides: Readonly<Record<string, Thresholds>>): string[] =>
    Object.entries(overrides).map(([name, thresholds]) => `WHEN ${column} = ${literal(name)} THEN ${numberLiteral(thresholds[level])}`)
  const all = [...cases('criticality', config.criticality_thresholds), ...cases('metric', usedShareThresholds(config))]
  const general = numberLiteral(level === 'high' ? config.high_risk_threshold : config.very_high_risk_threshold)
  return all.length === 0 ? general : `CASE ${all.join(' ')} ELSE ${general} END`
}

/** Thresholds by metric, of used shares where a low value is the risk. */
const usedShareThresholds = ({
  metric_thresholds: thresholds,
  metric_directions: directions,
}: AnalysisConfig): Record<string, Thresholds> =>
  Object.fromEntries(
    Object.entries(thresholds).map(([metric, { high, very_high }]) => [
      metric,
      directions[metric] === 'below' ? { high: 100 - high, very_high: 100 - very_high } : { high, very_high },
    ]),
  )

/** Read from text: a decimal literal of 17 digits would not become the same DOUBLE. */
const numberLiteral = (value: number): string => `CAST('${value}' AS DOUBLE)`

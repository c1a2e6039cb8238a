// Features for clustering: one number per server and feature, with missing values filled, standardised.
import { z } from 'zod'
import { clusterFeatures, type ClusterFeature } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'

/** The first four over the selected model's horizon, the others over backtest and horizon. */
const featureSql = {
  mean: 'horizon_mean',
  std: 'horizon_std',
  p95: 'horizon_p95',
  peak_to_mean: 'horizon_peak / nullif(horizon_mean, 0)',
  trend_per_30_days: 'trend_per_30_days',
  eoq_uplift: 'eoq_uplift_to_horizon_end',
  weekend_ratio: 'weekend_ratio_to_horizon_end',
} as const satisfies Record<ClusterFeature, string>

/** One entry per server, by name; the arrays share their index. */
export interface ClusterFeatureTable {
  readonly serverIds: readonly string[]
  /** In their own units; NaN where undefined. */
  readonly features: Readonly<Record<ClusterFeature, Float64Array>>
  readonly horizonDays: number
}

/** Reads `series_risk`, `season_figures`. */
export const readClusterFeatures = async (database: Database, metric: string): Promise<ClusterFeatureTable> => {
  const { horizon_days } = await database.row(
    `SELECT date_diff('second', min(horizon_start), max(horizon_end)) / 86400.0::DOUBLE AS horizon_days FROM series_risk WHERE metric = ?`,
    z.object({ horizon_days: z.number() }),
    [metric],
  )
  const metricRows = `
    SELECT s.server_id, r.* EXCLUDE (server_id), f.* EXCLUDE (series_id)
    FROM (SELECT DISTINCT server_id FROM series_risk) s
    LEFT JOIN (SELECT * FROM series_risk WHERE metric = ?) r USING (server_id)
    LEFT JOIN season_figures f USING (series_id)`
  const featureKinds = Object.fromEntries(clusterFeatures.map((feature) => [feature, 'number?'])) as Record<ClusterFeature, 'number?'>
  const { server_id: serverIds, ...features } = await database.columns(
    `SELECT server_id, ${clusterFeatures.map((feature) => `${featureSql[feature]} AS ${feature}`).join(', ')}
     FROM (${metricRows}) ORDER BY server_id`,
    { server_id: 'text', ...featureKinds },
    [metric],
  )
  return { horizonDays: horizon_days, serverIds, features }
}

/** Whether the members' defined values differ. */
export const hasVariation = (values: Float64Array, members: readonly number[]): boolean => {
  const defined = members.map((index) => values[index]!).filter((value) => !Number.isNaN(value))
  if (defined.length === 0) return false
  const minimum = defined.reduce((a, b) => Math.min(a, b))
  const maximum = defined.reduce((a, b) => Math.max(a, b))
  return maximum - minimum > 1e-9 * Math.max(1, Math.abs(maximum))
}

/** Scales to mean 0 and standard deviation 1; undefined values take the members' median. */
export const standardize = (values: Float64Array, members: readonly number[]): Float64Array => {
  const defined = members.map((index) => values[index]!).filter((value) => !Number.isNaN(value))
  const median = medianOf(defined)
  const filled = Float64Array.from(members, (index) => (Number.isNaN(values[index]!) ? median : values[index]!))
  const mean = filled.reduce((sum, value) => sum + value, 0) / filled.length
  const variance = filled.reduce((sum, value) => sum + (value - mean) ** 2, 0) / filled.length
  return filled.map((value) => (value - mean) / Math.sqrt(variance))
}

/** Not `percentileOf`: it rounds the mean of the middle two differently, which would change cluster features in their last bits. */
const medianOf = (values: readonly number[]): number => {
  const sorted = Float64Array.from(values).sort()
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

// The series with a threshold and a horizon: their identity, and the bins that share residuals.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { isPercentMetric } from '../../../src-shared/config/metric-units.ts'
import type { Database } from '../../database/database.ts'
import { shareFloats } from '../../threads/shared-arrays.ts'

/** Series with a threshold and a horizon, by series_id. The arrays share their index; figures of 8 bytes are in memory that all threads see. */
export interface ThresholdSeries {
  readonly seriesIds: Int32Array
  readonly serverIds: readonly string[]
  readonly metrics: readonly string[]
  readonly models: readonly string[]
  readonly thresholds: Float64Array
  readonly veryHighThresholds: Float64Array
  /** 1 for a server gone silent: it has probabilities and counts in no fleet. */
  readonly isSilent: Uint8Array
  /** 1 for a metric in percent. */
  readonly isPercent: Uint8Array
  /** Bins of equal count by horizon mean within each metric, numbered across all metrics; -1 without a mean. */
  readonly bins: Int32Array
  readonly horizonMeans: Float64Array
}

const maxBinsPerMetric = 10
const minSeriesPerBin = 20

/** Reads `series_risk`. */
export const readThresholdSeries = async (database: Database, config: AnalysisConfig): Promise<ThresholdSeries> => {
  const rows = await database.columns(
    `SELECT series_id, server_id, metric, model, high_threshold, very_high_threshold, horizon_mean, CAST(is_silent AS INTEGER) AS is_silent FROM series_risk
     WHERE high_threshold IS NOT NULL AND horizon_periods > 0 ORDER BY series_id`,
    {
      series_id: 'number',
      server_id: 'text',
      metric: 'text',
      model: 'text',
      high_threshold: 'number',
      very_high_threshold: 'number',
      horizon_mean: 'number?',
      is_silent: 'number',
    },
  )
  const percentMetrics = new Set([...new Set(rows.metric)].filter((metric) => isPercentMetric(config, metric)))
  return {
    seriesIds: Int32Array.from(rows.series_id),
    serverIds: rows.server_id,
    metrics: rows.metric,
    models: rows.model,
    thresholds: shareFloats(rows.high_threshold),
    veryHighThresholds: shareFloats(rows.very_high_threshold),
    isSilent: Uint8Array.from(rows.is_silent),
    isPercent: Uint8Array.from(rows.metric, (metric) => (percentMetrics.has(metric) ? 1 : 0)),
    bins: binSeries(rows.metric, rows.horizon_mean),
    horizonMeans: shareFloats(rows.horizon_mean),
  }
}

/** Up to ten bins of equal count by `means` within each metric, of at least twenty series where there is more than one; -1 for NaN. */
export const binSeries = (metrics: readonly string[], means: Float64Array): Int32Array => {
  const bins = new Int32Array(metrics.length).fill(-1)
  const members = new Map<string, number[]>()
  metrics.forEach((metric, s) => {
    if (Number.isNaN(means[s]!)) return
    const known = members.get(metric)
    if (known === undefined) members.set(metric, [s])
    else known.push(s)
  })
  let first = 0
  for (const metric of [...members.keys()].sort()) {
    const order = members.get(metric)!.sort((a, b) => means[a]! - means[b]! || a - b)
    const count = Math.min(maxBinsPerMetric, Math.max(1, Math.floor(order.length / minSeriesPerBin)))
    order.forEach((s, rank) => (bins[s] = first + Math.floor((rank * count) / order.length)))
    first += count
  }
  return bins
}

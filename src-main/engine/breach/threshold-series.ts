// The series with a threshold and a horizon: their identity, the bins that share residuals, and their forecasts as compact arrays.
import type { Database } from '../../database/database.ts'
import { equalCountBins } from './residual-blocks.ts'

/** Series with a threshold and a horizon, by series_id. The arrays share their index. */
export interface ThresholdSeries {
  readonly seriesIds: Int32Array
  readonly serverIds: readonly string[]
  readonly metrics: readonly string[]
  readonly models: readonly string[]
  readonly thresholds: Float64Array
  /** Ten bins of equal count by horizon mean within each metric, numbered across all metrics; -1 without a mean. */
  readonly bins: Int32Array
}

const binsPerMetric = 10

/** Reads `series_risk`. */
export const readThresholdSeries = async (database: Database): Promise<ThresholdSeries> => {
  const rows = await database.columns(
    `SELECT series_id, server_id, metric, model, high_threshold, horizon_mean FROM series_risk
     WHERE high_threshold IS NOT NULL AND horizon_periods > 0 ORDER BY series_id`,
    { series_id: 'number', server_id: 'text', metric: 'text', model: 'text', high_threshold: 'number', horizon_mean: 'number?' },
  )
  return {
    seriesIds: Int32Array.from(rows.series_id),
    serverIds: rows.server_id,
    metrics: rows.metric,
    models: rows.model,
    thresholds: rows.high_threshold,
    bins: binSeries(rows.metric, rows.horizon_mean),
  }
}

const binSeries = (metrics: readonly string[], horizonMeans: Float64Array): Int32Array => {
  const bins = new Int32Array(metrics.length).fill(-1)
  ;[...new Set(metrics)].sort().forEach((metric, number) => {
    const members = metrics.flatMap((candidate, index) => (candidate === metric ? [index] : []))
    const metricBins = equalCountBins(
      Float64Array.from(members, (index) => horizonMeans[index]!),
      binsPerMetric,
    )
    members.forEach((index, rank) => {
      if (metricBins[rank]! >= 0) bins[index] = metricBins[rank]! + number * binsPerMetric
    })
  })
  return bins
}

export interface HorizonForecasts {
  /** Selected model's predictions of series s: predicted[offsets[s]..offsets[s + 1]], in order of time. */
  readonly offsets: Uint32Array
  readonly predicted: Float64Array
  /** Times of those predictions, milliseconds UTC. */
  readonly times: Float64Array
}

/** The horizons of some series, in the order given. Reads `horizon`; creates `requested_series`. */
export const readHorizonForecasts = async (database: Database, seriesIds: Uint32Array): Promise<HorizonForecasts> => {
  await database.storeRows(
    'requested_series',
    { position: 'INTEGER', series_id: 'INTEGER' },
    Array.from(seriesIds, (id, position) => [position, id]),
  )
  const { position, times, predicted } = await database.columns(
    `SELECT r.position, CAST(epoch_ms(h.ts) AS DOUBLE) AS times, h.predicted
     FROM horizon h JOIN requested_series r USING (series_id) ORDER BY r.position, h.ts`,
    { position: 'number', times: 'number', predicted: 'number?' },
  )
  return { offsets: offsetsOf(position, seriesIds.length), predicted, times }
}

/** First index of each value 0..count-1 in ascending `positions`, and the end. */
const offsetsOf = (positions: Float64Array, count: number): Uint32Array => {
  const offsets = new Uint32Array(count + 1)
  for (const position of positions) offsets[position + 1]! += 1
  for (let position = 0; position < count; position++) offsets[position + 1]! += offsets[position]!
  return offsets
}

// The series whose breaches are estimated, and their forecasts, as compact arrays.
import { z } from 'zod'
import type { Database } from '../../database/database.ts'

/** Series whose breaches are estimated: judged, with a horizon; by series_id. The arrays share their index. */
export interface JudgedSeries {
  readonly seriesIds: Int32Array
  readonly serverIds: readonly string[]
  readonly metrics: readonly string[]
  readonly models: readonly string[]
  readonly thresholds: Float64Array
  readonly horizonMeans: Float64Array
  /** Selected model's predictions of series s: horizon[horizonOffsets[s]..horizonOffsets[s + 1]], in order of time. */
  readonly horizonOffsets: Uint32Array
  readonly horizon: Float64Array
  /** Times of those predictions, milliseconds UTC. */
  readonly horizonTimes: Float64Array
}

/** Reads `series_risk` and `horizon`; creates `judged` (place, series_id and the figures below). */
export const readJudgedSeries = async (database: Database): Promise<JudgedSeries> => {
  await database.run(`
    CREATE OR REPLACE TABLE judged AS
    SELECT CAST(row_number() OVER (ORDER BY series_id) - 1 AS INTEGER) AS place, series_id, server_id, metric, model, high_threshold, horizon_mean
    FROM series_risk WHERE high_threshold IS NOT NULL AND horizon_periods > 0 ORDER BY place`)
  const rows = await database.columns('SELECT series_id, server_id, metric, model, high_threshold, horizon_mean FROM judged ORDER BY place')
  const [places, times, horizon] = await database.numbers(
    `SELECT j.place, epoch_ms(h.ts), h.predicted FROM horizon h JOIN judged j USING (series_id) ORDER BY j.place, h.ts`,
    3,
  )
  const count = rows['series_id']!.length
  return {
    seriesIds: Int32Array.from(rows['series_id'] as number[]),
    serverIds: z.array(z.string()).parse(rows['server_id']),
    metrics: z.array(z.string()).parse(rows['metric']),
    models: z.array(z.string()).parse(rows['model']),
    thresholds: Float64Array.from(rows['high_threshold'] as number[]),
    horizonMeans: Float64Array.from(rows['horizon_mean'] as number[]),
    horizonOffsets: offsetsOf(places!, count),
    horizon: horizon!,
    horizonTimes: times!,
  }
}

/** First index of each place in ascending `places`, and the end. */
const offsetsOf = (places: Float64Array, count: number): Uint32Array => {
  const offsets = new Uint32Array(count + 1)
  for (const place of places) offsets[place + 1]! += 1
  for (let place = 0; place < count; place++) offsets[place + 1]! += offsets[place]!
  return offsets
}

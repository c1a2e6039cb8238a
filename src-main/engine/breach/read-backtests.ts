// The selected models' backtests as compact arrays: residuals of all series on a grid of steps, and the rows of each held-back window.
import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import type { TimeGrid } from '../detect-granularity.ts'
import type { ResidualGrid } from './residual-grid.ts'

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

/** Reads `series_risk` and `horizon`; creates `judged` (place, series_id, server_id, metric, model, first_slot). */
export const readJudgedSeries = async (database: Database, grid: TimeGrid): Promise<JudgedSeries> => {
  await database.run(`
    CREATE OR REPLACE TABLE judged AS
    SELECT CAST(row_number() OVER (ORDER BY r.series_id) - 1 AS INTEGER) AS place, r.series_id, r.server_id, r.metric, r.model,
           r.high_threshold, r.horizon_mean, ${slotOf('m.first_at', grid)} AS first_slot,
           CASE WHEN m.backtest_points > 0 THEN ${slotOf('m.last_measured_at', grid)} - ${slotOf('m.first_at', grid)} + 1 ELSE 0 END AS slots
    FROM series_risk r JOIN series_models m USING (server_id, metric, model)
    WHERE r.high_threshold IS NOT NULL AND r.horizon_periods > 0
    ORDER BY place`)
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

/** Number of a time's step since 1970. */
const slotOf = (ts: string, grid: TimeGrid): string => `(epoch_us(${ts}) // ${grid.stepSeconds * 1_000_000})`

/** First index of each place in ascending `places`, and the end. */
const offsetsOf = (places: Float64Array, count: number): Uint32Array => {
  const offsets = new Uint32Array(count + 1)
  for (const place of places) offsets[place + 1]! += 1
  for (let place = 0; place < count; place++) offsets[place + 1]! += offsets[place]!
  return offsets
}

const backtestRows = (grid: TimeGrid): string => `
  SELECT j.place, ${slotOf('f.ts', grid)} - j.first_slot AS slot, f.actual, f.predicted, f.yhat_lower, f.yhat_upper
  FROM forecast f JOIN judged j USING (server_id, metric, model)
  WHERE NOT f.is_horizon AND f.actual IS NOT NULL AND f.predicted IS NOT NULL`

/** Reads `judged` and `forecast`. Rows arrive in any order and are put in place by their step. */
export const readResidualGrid = async (database: Database, grid: TimeGrid): Promise<ResidualGrid> => {
  const [slots] = await database.numbers('SELECT slots FROM judged ORDER BY place', 1)
  const offsets = new Uint32Array(slots!.length + 1)
  slots!.forEach((count, place) => (offsets[place + 1] = offsets[place]! + count))
  const residuals = new Float64Array(offsets.at(-1)!).fill(Number.NaN)
  await database.scan(`SELECT place, slot, actual - predicted FROM (${backtestRows(grid)})`, 3, ([place, slot, residual]) => {
    for (let row = 0; row < place!.length; row++) residuals[offsets[place![row]!]! + slot![row]!] = residual![row]!
  })
  return { offsets, residuals }
}

/** Held-back rows of series s: offsets[s]..offsets[s + 1], in order of time. */
export interface HeldBackRows {
  readonly offsets: Uint32Array
  readonly actual: Float64Array
  readonly predicted: Float64Array
  /** NaN where the row has no bounds. */
  readonly lower: Float64Array
  readonly upper: Float64Array
}

/** Rows at or after each series' cut, a step counted from the series' first. Reads `judged` and `forecast`. */
export const readHeldBackRows = async (database: Database, grid: TimeGrid, cuts: Uint32Array): Promise<HeldBackRows> => {
  await database.storeRows(
    'held_back',
    { place: 'INTEGER', cut: 'INTEGER' },
    Array.from(cuts, (cut, place) => [place, cut]),
  )
  // Told as a constant, the earliest cut spares most of the file.
  const { earliest } = await database.row(
    `SELECT CAST(coalesce(min((first_slot + cut) * ${grid.stepSeconds * 1_000_000}) FILTER (WHERE cut < slots), 0) AS VARCHAR) AS earliest
     FROM judged JOIN held_back USING (place)`,
    z.object({ earliest: z.string() }),
  )
  const [places, actual, predicted, lower, upper] = await database.numbers(
    `SELECT place, actual, predicted, yhat_lower, yhat_upper
     FROM (${backtestRows(grid)} AND f.ts >= make_timestamp(${earliest})) JOIN held_back USING (place)
     WHERE slot >= cut ORDER BY place, slot`,
    5,
  )
  return { offsets: offsetsOf(places!, cuts.length), actual: actual!, predicted: predicted!, lower: lower!, upper: upper! }
}

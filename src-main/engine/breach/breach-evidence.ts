// What the selected models' backtests say about their errors: residuals of all series, and how each held-back window turned out.
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import type { BacktestReader, SeriesBacktest } from '../backtest/scan-backtests.ts'
import type { TimeGrid } from '../detect-granularity.ts'

export const wantsBreaches = (config: AnalysisConfig): boolean => config.breach_probability || config.basis === 'conservative'

const judgedSchema = z.object({ series_id: z.int(), horizon_periods: z.int(), threshold: z.number(), points: z.number() })

/**
 * Gathers the evidence while backtests are read. The held-back window of a series is its last min(H, floor(n / 2)) backtest rows, H the rows
 * of its horizon. Arrays by series are indexed by series_id; series that are not judged have nothing.
 */
export class BreachEvidence implements BacktestReader {
  /** actual - predicted in single precision, NaN between two rows that are not one step apart; series s at froms[s]..ends[s]. */
  residuals: Float32Array
  readonly froms: Uint32Array
  readonly ends: Uint32Array
  /** Place in `residuals` at which the held-back window of each series begins. */
  readonly cuts: Uint32Array
  /** Rows of the held-back windows, in order of time; series s at heldFroms[s]..heldEnds[s]. */
  readonly heldFroms: Uint32Array
  readonly heldEnds: Uint32Array
  readonly heldPredicted: Float64Array
  /** How far the measured value lies outside its bounds; negative inside. Without bounds: its distance from the forecast. */
  readonly heldExcess: Float64Array
  /** 1 where the row had bounds. */
  readonly heldBounded: Uint8Array
  /** 1 where a measured (or predicted) value of the window lay above the threshold. */
  readonly breached: Uint8Array
  readonly flagged: Uint8Array
  readonly #horizon: Int32Array
  readonly #thresholds: Float64Array
  readonly #step: number
  #filled = 0
  #heldFilled = 0

  private constructor(series: number, judged: readonly z.infer<typeof judgedSchema>[], grid: TimeGrid) {
    const points = judged.reduce((sum, own) => sum + own.points, 0)
    const held = judged.reduce((sum, own) => sum + Math.min(own.horizon_periods, own.points >> 1), 0)
    this.#step = grid.stepSeconds * 1_000_000
    this.#horizon = new Int32Array(series)
    this.#thresholds = new Float64Array(series)
    for (const own of judged) {
      this.#horizon[own.series_id] = own.horizon_periods
      this.#thresholds[own.series_id] = own.threshold
    }
    this.residuals = new Float32Array(Math.ceil(points * 1.02))
    this.froms = new Uint32Array(series)
    this.ends = new Uint32Array(series)
    this.cuts = new Uint32Array(series)
    this.heldFroms = new Uint32Array(series)
    this.heldEnds = new Uint32Array(series)
    this.heldPredicted = new Float64Array(held)
    this.heldExcess = new Float64Array(held)
    this.heldBounded = new Uint8Array(held)
    this.breached = new Uint8Array(series)
    this.flagged = new Uint8Array(series)
  }

  /** Reads `series_risk` and `series_models`: judged are series with a threshold and a horizon. */
  static async open(database: Database, grid: TimeGrid): Promise<BreachEvidence> {
    const { series } = await database.row('SELECT CAST(count(*) AS INTEGER) AS series FROM series', z.object({ series: z.int() }))
    const judged = await database.rows(
      `SELECT r.series_id, r.horizon_periods, r.high_threshold AS threshold, CAST(m.backtest_points AS DOUBLE) AS points
       FROM series_risk r JOIN series_models m USING (server_id, metric, model)
       WHERE r.high_threshold IS NOT NULL AND r.horizon_periods > 0 ORDER BY r.series_id`,
      judgedSchema,
    )
    return new BreachEvidence(series, judged, grid)
  }

  /** Rows of all held-back windows. */
  get heldCount(): number {
    return this.#heldFilled
  }

  read(series: SeriesBacktest): void {
    const horizon = this.#horizon[series.id]!
    if (horizon === 0) return
    const rows = series.times.length
    const firstHeld = rows - Math.min(horizon, rows >> 1)
    this.#takeResiduals(series, firstHeld)
    this.#takeHeldBack(series, firstHeld)
  }

  #takeResiduals({ id, times, actual, predicted }: SeriesBacktest, firstHeld: number): void {
    if (this.residuals.length < this.#filled + 2 * times.length) {
      const grown = new Float32Array(Math.ceil(1.5 * (this.#filled + 2 * times.length)))
      grown.set(this.residuals.subarray(0, this.#filled))
      this.residuals = grown
    }
    let place = this.#filled
    this.froms[id] = place
    for (let row = 0; row < times.length; row++) {
      if (row > 0 && times[row]! - times[row - 1]! !== this.#step) this.residuals[place++] = Number.NaN
      if (row === firstHeld) this.cuts[id] = place
      this.residuals[place++] = actual[row]! - predicted[row]!
    }
    if (firstHeld === times.length) this.cuts[id] = place
    this.ends[id] = place
    this.#filled = place
  }

  #takeHeldBack({ id, actual, predicted, lower, upper }: SeriesBacktest, firstHeld: number): void {
    const threshold = this.#thresholds[id]!
    this.heldFroms[id] = this.#heldFilled
    for (let row = firstHeld; row < actual.length; row++) {
      const measured = actual[row]!
      const forecast = predicted[row]!
      const isBounded = !Number.isNaN(lower[row]!) && !Number.isNaN(upper[row]!)
      const place = this.#heldFilled++
      this.heldPredicted[place] = forecast
      this.heldBounded[place] = isBounded ? 1 : 0
      this.heldExcess[place] = isBounded ? Math.max(lower[row]! - measured, measured - upper[row]!) : Math.abs(measured - forecast)
      if (measured > threshold) this.breached[id] = 1
      if (forecast > threshold) this.flagged[id] = 1
    }
    this.heldEnds[id] = this.#heldFilled
  }
}

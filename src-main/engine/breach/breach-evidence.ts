// What the selected models' backtests say about their errors: residuals of all series, and how each held-back window turned out.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import type { BacktestReader, SeriesBacktest } from '../backtest/scan-backtests.ts'
import type { TimeGrid } from '../detect-granularity.ts'
import { SeriesFile } from './series-file.ts'

export const wantsBreaches = (config: AnalysisConfig): boolean => config.breach_probability || config.basis === 'conservative'

const judgedSchema = z.object({ series_id: z.int(), horizon_periods: z.int(), threshold: z.number() })

/** What is known of some series; they are numbered from 0 here, in the order in which they were asked for. */
export interface EvidenceOfSeries {
  /** actual - predicted in single precision, NaN between two rows that are not one step apart; series s at froms[s]..ends[s]. */
  readonly residuals: Float32Array
  readonly froms: Uint32Array
  readonly ends: Uint32Array
  /** Place in `residuals` at which the held-back window of each series begins. */
  readonly cuts: Uint32Array
  /** Rows of the held-back windows, in order of time; series s at heldFroms[s]..heldFroms[s + 1]. */
  readonly heldFroms: Uint32Array
  readonly heldPredicted: Float64Array
  /** How far the measured value lies outside its bounds; negative inside. Without bounds: its distance from the forecast. */
  readonly heldExcess: Float64Array
  /** 1 where the row had bounds. */
  readonly heldBounded: Uint8Array
}

/**
 * Gathers the evidence while backtests are read, in a file: it would not fit into memory for a large fleet. The held-back window of a series is its
 * last min(H, floor(n / 2)) backtest rows, H the rows of its horizon. Arrays by series are indexed by series_id; series that are not judged
 * have nothing.
 */
export class BreachEvidence implements BacktestReader {
  /** 1 where a measured (or predicted) value of the held-back window lay above the threshold. */
  readonly breached: Uint8Array
  readonly flagged: Uint8Array
  readonly #horizon: Int32Array
  readonly #thresholds: Float64Array
  readonly #step: number
  readonly #file: SeriesFile
  /** Places that the residuals of each series take, and how many lie before its held-back window. */
  readonly #places: Uint32Array
  readonly #cuts: Uint32Array
  readonly #held: Uint32Array
  #residuals = new Float32Array(0)

  private constructor(series: number, judged: readonly z.infer<typeof judgedSchema>[], grid: TimeGrid, file: SeriesFile) {
    this.#step = grid.stepSeconds * 1_000_000
    this.#horizon = new Int32Array(series)
    this.#thresholds = new Float64Array(series)
    for (const own of judged) {
      this.#horizon[own.series_id] = own.horizon_periods
      this.#thresholds[own.series_id] = own.threshold
    }
    this.#file = file
    this.#places = new Uint32Array(series)
    this.#cuts = new Uint32Array(series)
    this.#held = new Uint32Array(series)
    this.breached = new Uint8Array(series)
    this.flagged = new Uint8Array(series)
  }

  /** Reads `series_risk`: judged are series with a threshold and a horizon. The file lies in the database's spill folder. */
  static async open(database: Database, grid: TimeGrid): Promise<BreachEvidence> {
    const { series } = await database.row('SELECT CAST(count(*) AS INTEGER) AS series FROM series', z.object({ series: z.int() }))
    const judged = await database.rows(
      `SELECT series_id, horizon_periods, high_threshold AS threshold FROM series_risk WHERE high_threshold IS NOT NULL AND horizon_periods > 0`,
      judgedSchema,
    )
    return new BreachEvidence(series, judged, grid, new SeriesFile(join(database.spillFolder, `residuals-${randomUUID()}`), series))
  }

  /** Places that the residuals of a series take. */
  placesOf(id: number): number {
    return this.#places[id]!
  }

  hasHeldBack(id: number): boolean {
    return this.#held[id]! > 0
  }

  load(ids: Uint32Array): EvidenceOfSeries {
    const offsets = (counts: Uint32Array): Uint32Array => {
      const froms = new Uint32Array(ids.length + 1)
      ids.forEach((id, s) => (froms[s + 1] = froms[s]! + counts[id]!))
      return froms
    }
    const froms = offsets(this.#places)
    const heldFroms = offsets(this.#held)
    const rows = heldFroms[ids.length]!
    const loaded = {
      residuals: new Float32Array(froms[ids.length]!),
      heldPredicted: new Float64Array(rows),
      heldExcess: new Float64Array(rows),
      heldBounded: new Uint8Array(rows),
    }
    let s = 0
    for (const bytes of this.#file.read(ids)) {
      const held = heldFroms[s]!
      let at = 0
      const take = (target: Float64Array | Float32Array | Uint8Array, from: number, count: number): void => {
        const length = count * target.BYTES_PER_ELEMENT
        new Uint8Array(target.buffer).set(bytes.subarray(at, at + length), from * target.BYTES_PER_ELEMENT)
        at += length
      }
      take(loaded.residuals, froms[s]!, froms[s + 1]! - froms[s]!)
      for (const target of [loaded.heldPredicted, loaded.heldExcess, loaded.heldBounded]) take(target, held, heldFroms[s + 1]! - held)
      s++
    }
    return {
      ...loaded,
      froms: froms.subarray(0, ids.length),
      ends: froms.subarray(1),
      cuts: Uint32Array.from(ids, (id, index) => froms[index]! + this.#cuts[id]!),
      heldFroms,
    }
  }

  read(series: SeriesBacktest): void {
    const { id, times } = series
    const horizon = this.#horizon[id]!
    if (horizon === 0) return
    const firstHeld = times.length - Math.min(horizon, times.length >> 1)
    this.#file.add(id, [this.#residualsOf(series, firstHeld), ...this.#heldBackOf(series, firstHeld)])
  }

  #residualsOf({ id, times, actual, predicted }: SeriesBacktest, firstHeld: number): Float32Array {
    if (this.#residuals.length < 2 * times.length) this.#residuals = new Float32Array(2 * times.length)
    let place = 0
    for (let row = 0; row < times.length; row++) {
      if (row > 0 && times[row]! - times[row - 1]! !== this.#step) this.#residuals[place++] = Number.NaN
      if (row === firstHeld) this.#cuts[id] = place
      this.#residuals[place++] = actual[row]! - predicted[row]!
    }
    if (firstHeld === times.length) this.#cuts[id] = place
    this.#places[id] = place
    return this.#residuals.subarray(0, place)
  }

  #heldBackOf({ id, actual, predicted, lower, upper }: SeriesBacktest, firstHeld: number): [Float64Array, Float64Array, Uint8Array] {
    const threshold = this.#thresholds[id]!
    const rows = actual.length - firstHeld
    const excess = new Float64Array(rows)
    const bounded = new Uint8Array(rows)
    this.#held[id] = rows
    for (let row = firstHeld; row < actual.length; row++) {
      const measured = actual[row]!
      const forecast = predicted[row]!
      const isBounded = !Number.isNaN(lower[row]!) && !Number.isNaN(upper[row]!)
      bounded[row - firstHeld] = isBounded ? 1 : 0
      excess[row - firstHeld] = isBounded ? Math.max(lower[row]! - measured, measured - upper[row]!) : Math.abs(measured - forecast)
      if (measured > threshold) this.breached[id] = 1
      if (forecast > threshold) this.flagged[id] = 1
    }
    return [predicted.subarray(firstHeld), excess, bounded]
  }
}

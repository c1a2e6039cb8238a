// Residuals of the selected models' backtests, and the outcome of each series' hold-out window.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import type { BacktestReader, SeriesBacktest } from '../backtest/scan-backtests.ts'
import type { TimeGrid } from '../../forecasts/detect-granularity.ts'
import { SeriesFile } from './series-file.ts'

export const needsBreachEstimates = (config: AnalysisConfig): boolean => config.breach_probability || config.basis === 'conservative'

const thresholdSeriesSchema = z.object({ series_id: z.int(), horizon_periods: z.int(), threshold: z.number() })

/** Residuals of several series, numbered from 0 in the order requested. */
export interface SeriesResiduals {
  /** actual - predicted in single precision, NaN between two rows that are not one step apart; series s at starts[s]..ends[s]. */
  readonly residuals: Float32Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** Index in `residuals` at which the hold-out window of each series begins. */
  readonly holdOutStarts: Uint32Array
  /** Rows of the hold-out windows in order of time; series s at holdOutOffsets[s]..holdOutOffsets[s + 1]. */
  readonly holdOutOffsets: Uint32Array
  readonly holdOutPredicted: Float64Array
  /** Distance of the measured value outside its bounds; negative inside. Without bounds: its distance from the forecast. */
  readonly holdOutExcess: Float64Array
  /** 1 where the row had bounds. */
  readonly holdOutBounded: Uint8Array
}

/**
 * Collects the residuals while backtests are read, in a file: those of a large fleet exceed memory. The hold-out window of a series is its
 * last min(H, floor(n / 2)) backtest rows, H the rows of its horizon. Arrays by series are indexed by series_id; series without a
 * threshold or a horizon have no residuals.
 */
export class BacktestResiduals implements BacktestReader {
  /** 1 if a measured (`flagged`: a predicted) value of the hold-out window exceeds the threshold. */
  readonly breached: Uint8Array
  readonly flagged: Uint8Array
  readonly #horizon: Int32Array
  readonly #thresholds: Float64Array
  readonly #step: number
  readonly #file: SeriesFile
  /** Residuals of each series with its gaps, how many of them precede the hold-out window, and rows of the hold-out window. */
  readonly #residualCounts: Uint32Array
  readonly #holdOutStarts: Uint32Array
  readonly #holdOutRows: Uint32Array
  #residuals = new Float32Array(0)

  private constructor(series: number, thresholdSeries: readonly z.infer<typeof thresholdSeriesSchema>[], grid: TimeGrid, file: SeriesFile) {
    this.#step = grid.stepSeconds * 1_000_000
    this.#horizon = new Int32Array(series)
    this.#thresholds = new Float64Array(series)
    for (const entry of thresholdSeries) {
      this.#horizon[entry.series_id] = entry.horizon_periods
      this.#thresholds[entry.series_id] = entry.threshold
    }
    this.#file = file
    this.#residualCounts = new Uint32Array(series)
    this.#holdOutStarts = new Uint32Array(series)
    this.#holdOutRows = new Uint32Array(series)
    this.breached = new Uint8Array(series)
    this.flagged = new Uint8Array(series)
  }

  /** Reads `series_risk`. The file is in the database's spill folder. */
  static async open(database: Database, grid: TimeGrid): Promise<BacktestResiduals> {
    const { series } = await database.row('SELECT CAST(count(*) AS INTEGER) AS series FROM series', z.object({ series: z.int() }))
    const thresholdSeries = await database.rows(
      `SELECT series_id, horizon_periods, high_threshold AS threshold FROM series_risk WHERE high_threshold IS NOT NULL AND horizon_periods > 0`,
      thresholdSeriesSchema,
    )
    return new BacktestResiduals(
      series,
      thresholdSeries,
      grid,
      new SeriesFile(join(database.spillFolder, `residuals-${randomUUID()}`), series),
    )
  }

  /** Residuals of a series with its gaps. */
  residualCount(id: number): number {
    return this.#residualCounts[id]!
  }

  hasHoldOut(id: number): boolean {
    return this.#holdOutRows[id]! > 0
  }

  load(ids: Uint32Array): SeriesResiduals {
    const offsets = (counts: Uint32Array): Uint32Array => {
      const starts = new Uint32Array(ids.length + 1)
      ids.forEach((id, s) => (starts[s + 1] = starts[s]! + counts[id]!))
      return starts
    }
    const starts = offsets(this.#residualCounts)
    const holdOutOffsets = offsets(this.#holdOutRows)
    const rows = holdOutOffsets[ids.length]!
    const loaded = {
      residuals: new Float32Array(starts[ids.length]!),
      holdOutPredicted: new Float64Array(rows),
      holdOutExcess: new Float64Array(rows),
      holdOutBounded: new Uint8Array(rows),
    }
    let s = 0
    for (const bytes of this.#file.read(ids)) {
      const holdOutStart = holdOutOffsets[s]!
      let byteOffset = 0
      const copyInto = (target: Float64Array | Float32Array | Uint8Array, from: number, count: number): void => {
        const length = count * target.BYTES_PER_ELEMENT
        new Uint8Array(target.buffer).set(bytes.subarray(byteOffset, byteOffset + length), from * target.BYTES_PER_ELEMENT)
        byteOffset += length
      }
      copyInto(loaded.residuals, starts[s]!, starts[s + 1]! - starts[s]!)
      for (const target of [loaded.holdOutPredicted, loaded.holdOutExcess, loaded.holdOutBounded])
        copyInto(target, holdOutStart, holdOutOffsets[s + 1]! - holdOutStart)
      s++
    }
    return {
      ...loaded,
      starts: starts.subarray(0, ids.length),
      ends: starts.subarray(1),
      holdOutStarts: Uint32Array.from(ids, (id, index) => starts[index]! + this.#holdOutStarts[id]!),
      holdOutOffsets,
    }
  }

  read(series: SeriesBacktest): void {
    const { id, times } = series
    const horizon = this.#horizon[id]!
    if (horizon === 0) return
    const firstHoldOutRow = times.length - Math.min(horizon, times.length >> 1)
    this.#file.add(id, [this.#residualsOf(series, firstHoldOutRow), ...this.#holdOutOf(series, firstHoldOutRow)])
  }

  #residualsOf({ id, times, actual, predicted }: SeriesBacktest, firstHoldOutRow: number): Float32Array {
    if (this.#residuals.length < 2 * times.length) this.#residuals = new Float32Array(2 * times.length)
    let position = 0
    for (let row = 0; row < times.length; row++) {
      if (row > 0 && times[row]! - times[row - 1]! !== this.#step) this.#residuals[position++] = Number.NaN
      if (row === firstHoldOutRow) this.#holdOutStarts[id] = position
      this.#residuals[position++] = actual[row]! - predicted[row]!
    }
    if (firstHoldOutRow === times.length) this.#holdOutStarts[id] = position
    this.#residualCounts[id] = position
    return this.#residuals.subarray(0, position)
  }

  #holdOutOf({ id, actual, predicted, lower, upper }: SeriesBacktest, firstHoldOutRow: number): [Float64Array, Float64Array, Uint8Array] {
    const threshold = this.#thresholds[id]!
    const rows = actual.length - firstHoldOutRow
    const excess = new Float64Array(rows)
    const bounded = new Uint8Array(rows)
    this.#holdOutRows[id] = rows
    for (let row = firstHoldOutRow; row < actual.length; row++) {
      const measuredValue = actual[row]!
      const predictedValue = predicted[row]!
      const isBounded = !Number.isNaN(lower[row]!) && !Number.isNaN(upper[row]!)
      bounded[row - firstHoldOutRow] = isBounded ? 1 : 0
      excess[row - firstHoldOutRow] = isBounded
        ? Math.max(lower[row]! - measuredValue, measuredValue - upper[row]!)
        : Math.abs(measuredValue - predictedValue)
      if (measuredValue > threshold) this.breached[id] = 1
      if (predictedValue > threshold) this.flagged[id] = 1
    }
    return [predicted.subarray(firstHoldOutRow), excess, bounded]
  }
}

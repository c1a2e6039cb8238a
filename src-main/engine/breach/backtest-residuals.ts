// Residuals of the selected models' backtests, and the windows of each series on which breach probabilities are calibrated.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { maximumOf, percentileOf } from '../../statistics/percentile.ts'
import type { BacktestReader, SeriesBacktest } from '../backtest/scan-backtests.ts'
import { slotOf, type TimeGrid } from '../../forecasts/time-grid.ts'
import { StepCoverage, type CoverageChanges, type ResidualRuns, type StepRange } from './residual-runs.ts'
import { sharedIntegers, sharedSingles, sharedCounts, type ReusedArrays } from '../../threads/shared-arrays.ts'
import { SeriesFile, type SeriesFilePart } from './series-file.ts'

export const needsBreachEstimates = (config: AnalysisConfig): boolean => config.breach_probability || config.basis === 'conservative'

/** Most windows of a series. */
const maxWindows = 8
/** Of a larger fleet, so many series evenly spread over it form the calibration sample. */
const maxSampledSeries = 1000

export interface WindowRange {
  readonly range: StepRange
  /** Maximum measured value of the series outside of the window, and before it; -Infinity without one. */
  readonly maxOutside: number
  readonly maxBefore: number
}

export interface WindowFigures {
  readonly p95: number
  readonly maximum: number
}

/** What came and what was predicted in a window. */
export interface WindowOutcome extends WindowRange {
  readonly measured: WindowFigures
  readonly predicted: WindowFigures
}

const windowFields = 8

/** A window as numbers. */
const windowNumbers = ({ range, measured, predicted, maxOutside, maxBefore }: WindowOutcome): number[] => [
  range.from,
  range.to,
  maxOutside,
  maxBefore,
  measured.p95,
  measured.maximum,
  predicted.p95,
  predicted.maximum,
]

const windowOf = (numbers: Float64Array): WindowOutcome => {
  const [from, to, maxOutside, maxBefore, measuredP95, measuredMaximum, predictedP95, predictedMaximum] = numbers as unknown as number[]
  return {
    range: { from: from!, to: to! },
    maxOutside: maxOutside!,
    maxBefore: maxBefore!,
    measured: { p95: measuredP95!, maximum: measuredMaximum! },
    predicted: { p95: predictedP95!, maximum: predictedMaximum! },
  }
}

/** What is known of a part of the series; the arrays hold an entry for each of them. */
export interface ResidualsPart {
  /** The residuals. */
  readonly file: SeriesFilePart
  readonly coverage: CoverageChanges
  readonly residualCounts: Uint32Array
  readonly runCounts: Uint32Array
  readonly windowRows: Uint32Array
  readonly maxMeasured: Float64Array
  readonly latestFrom: Int32Array
  readonly latestTo: Int32Array
  readonly maxBeforeLatest: Float64Array
  readonly isLeadCovered: Uint8Array
  /** Of the windows of the calibration sample: series, then the figures of the window. */
  readonly windows: Float64Array
}

/** Residuals of several series, numbered from 0 in the order requested. */
export interface SeriesResiduals {
  readonly runs: ResidualRuns
  /** Rows of series s in order of time: rowOffsets[s]..rowOffsets[s + 1], also in `runs.residuals`. */
  readonly rowOffsets: Uint32Array
  readonly predicted: Float32Array
  /** Rows of the latest windows in order of time; series s at holdOutOffsets[s]..holdOutOffsets[s + 1]. */
  readonly holdOutOffsets: Uint32Array
  /** Distance of the measured value outside its bounds; negative inside. Without bounds: its distance from the forecast. */
  readonly holdOutExcess: Float64Array
  /** 1 where the row had bounds. */
  readonly holdOutBounded: Uint8Array
  /** Third of the lead, 0 to 2; `unknownThird` where the lead is not known or the backtest looks less far ahead than the horizon. */
  readonly holdOutThirds: Uint8Array
}

/**
 * Collects the residuals while backtests are read, in a file: those of a large fleet exceed memory. The windows of a series are its last
 * rows, min(H, floor(n / 2)) each, H the rows of its horizon, up to eight that do not overlap. Series without a threshold or a horizon have
 * no residuals.
 */
export class BacktestResiduals implements BacktestReader {
  /** Series with a residual, by step. */
  readonly coverage = new StepCoverage()
  readonly #horizon: Int32Array
  readonly #steps: StepReader
  readonly #file: SeriesFile
  readonly #residualCounts: Uint32Array
  readonly #runCounts: Uint32Array
  readonly #windowRows: Uint32Array
  readonly #windows: (readonly WindowOutcome[] | undefined)[]
  readonly #maxMeasured: Float64Array
  /** First and last step of each latest window, and the maximum measured before it. */
  readonly #latestFrom: Int32Array
  readonly #latestTo: Int32Array
  readonly #maxBeforeLatest: Float64Array
  /** 1 for series of the calibration sample. */
  readonly #isSampled: Uint8Array
  /** 1 for series whose backtest looks as far ahead as the horizon. */
  readonly #isLeadCovered: Uint8Array

  private constructor(
    series: number,
    { series_id: ids, horizon_periods: periods }: { readonly series_id: Float64Array; readonly horizon_periods: Float64Array },
    steps: StepReader,
    file: SeriesFile,
  ) {
    this.#steps = steps
    this.#horizon = new Int32Array(series)
    for (let index = 0; index < ids.length; index++) this.#horizon[ids[index]!] = periods[index]!
    this.#file = file
    this.#residualCounts = new Uint32Array(series)
    this.#runCounts = new Uint32Array(series)
    this.#windowRows = new Uint32Array(series)
    this.#windows = Array.from({ length: series })
    this.#maxMeasured = new Float64Array(series).fill(Number.NEGATIVE_INFINITY)
    this.#latestFrom = new Int32Array(series)
    this.#latestTo = new Int32Array(series)
    this.#maxBeforeLatest = new Float64Array(series).fill(Number.NEGATIVE_INFINITY)
    this.#isSampled = new Uint8Array(series)
    this.#isLeadCovered = new Uint8Array(series)
    const sampled = Math.min(ids.length, maxSampledSeries)
    for (let index = 0; index < sampled; index++) this.#isSampled[ids[Math.floor((index * ids.length) / sampled)]!] = 1
  }

  /** Reads `series` and `series_risk`. The file is in the database's spill folder unless `path` names it. `origin`: of the scan's times, in microseconds since 1970. */
  static async open(
    database: Database,
    grid: TimeGrid,
    origin: number,
    path = join(database.spillFolder, `residuals-${randomUUID()}`),
  ): Promise<BacktestResiduals> {
    return BacktestResiduals.#create(database, grid, origin, (series) => new SeriesFile(path, series))
  }

  /** What was collected elsewhere, of all series in their order. */
  static async ofParts(database: Database, grid: TimeGrid, origin: number, parts: readonly ResidualsPart[]): Promise<BacktestResiduals> {
    const file = SeriesFile.ofParts(parts.map((part) => part.file))
    const residuals = await BacktestResiduals.#create(database, grid, origin, () => file)
    for (const part of parts) residuals.#addPart(part)
    return residuals
  }

  static async #create(
    database: Database,
    grid: TimeGrid,
    origin: number,
    openFile: (series: number) => SeriesFile,
  ): Promise<BacktestResiduals> {
    const { series } = await database.row('SELECT CAST(count(*) AS INTEGER) AS series FROM series', z.object({ series: z.int() }))
    const thresholdSeries = await database.columns(
      `SELECT series_id, horizon_periods FROM series_risk WHERE high_threshold IS NOT NULL AND horizon_periods > 0 ORDER BY series_id`,
      { series_id: 'number', horizon_periods: 'number' },
    )
    return new BacktestResiduals(series, thresholdSeries, stepReader(grid, origin), openFile(series))
  }

  /** What is known of the series `from` up to, but without, `to`, when all of them were read. */
  finishPart(from: number, to: number): ResidualsPart {
    const windowed = [...this.#windows.keys()].slice(from, to).filter((id) => (this.#windows[id]?.length ?? 0) > 0)
    const windows = windowed.flatMap((id) => this.#windows[id]!.map((window) => [id, ...windowNumbers(window)]))
    return {
      file: this.#file.finish(from, to),
      coverage: this.coverage.changes(),
      residualCounts: this.#residualCounts.slice(from, to),
      runCounts: this.#runCounts.slice(from, to),
      windowRows: this.#windowRows.slice(from, to),
      maxMeasured: this.#maxMeasured.slice(from, to),
      latestFrom: this.#latestFrom.slice(from, to),
      latestTo: this.#latestTo.slice(from, to),
      maxBeforeLatest: this.#maxBeforeLatest.slice(from, to),
      isLeadCovered: this.#isLeadCovered.slice(from, to),
      windows: Float64Array.from(windows.flat()),
    }
  }

  #addPart({ file: { from }, ...part }: ResidualsPart): void {
    this.coverage.addChanges(part.coverage)
    this.#residualCounts.set(part.residualCounts, from)
    this.#runCounts.set(part.runCounts, from)
    this.#windowRows.set(part.windowRows, from)
    this.#maxMeasured.set(part.maxMeasured, from)
    this.#latestFrom.set(part.latestFrom, from)
    this.#latestTo.set(part.latestTo, from)
    this.#maxBeforeLatest.set(part.maxBeforeLatest, from)
    this.#isLeadCovered.set(part.isLeadCovered, from)
    for (let at = 0; at < part.windows.length; at += 1 + windowFields) {
      const id = part.windows[at]!
      this.#windows[id] = [...(this.#windows[id] ?? []), windowOf(part.windows.subarray(at + 1, at + 1 + windowFields))]
    }
  }

  residualCount(id: number): number {
    return this.#residualCounts[id]!
  }

  /** Whether the backtest of a series is known to look as far ahead as its horizon. */
  isLeadCovered(id: number): boolean {
    return this.#isLeadCovered[id] === 1
  }

  /** Maximum measured value of a series; -Infinity without a backtest. */
  maxMeasured(id: number): number {
    return this.#maxMeasured[id]!
  }

  /** Windows of a series, the latest first; none outside of the calibration sample. */
  windows(id: number): readonly WindowOutcome[] {
    return this.#windows[id] ?? []
  }

  /** Windows of a series, the latest first: at least the latest one of a series with a backtest, all of one in the calibration sample. */
  windowRanges(id: number): readonly WindowRange[] {
    if (this.#windowRows[id] === 0) return []
    const sampled = this.windows(id)
    if (sampled.length > 0) return sampled
    const maxBefore = this.#maxBeforeLatest[id]!
    return [{ range: { from: this.#latestFrom[id]!, to: this.#latestTo[id]! }, maxOutside: maxBefore, maxBefore }]
  }

  /** Steps of a series' horizon. */
  horizonSteps(id: number): number {
    return this.#horizon[id]!
  }

  /** Rows in each window of a series. */
  windowRows(id: number): number {
    return this.#windowRows[id]!
  }

  /** The arrays that paths are drawn from lie in memory that all threads see. Those of `reused` are overwritten by the next call with it. */
  load(ids: Uint32Array, reused?: Pick<ReusedArrays, 'singles'>): SeriesResiduals {
    const offsetsOf = (count: (id: number) => number): Uint32Array => {
      const offsets = new Uint32Array(ids.length + 1)
      ids.forEach((id, s) => (offsets[s + 1] = offsets[s]! + count(id)))
      return offsets
    }
    const rowOffsets = offsetsOf((id) => this.#residualCounts[id]!)
    const runOffsets = offsetsOf((id) => this.#runCounts[id]!)
    const holdOutOffsets = offsetsOf((id) => this.#windowRows[id]!)
    const rows = rowOffsets.at(-1)!
    const runs = {
      residuals: reused?.singles('residuals', rows) ?? sharedSingles(rows),
      offsets: runOffsets,
      steps: sharedIntegers(runOffsets.at(-1)!),
      starts: sharedCounts(runOffsets.at(-1)!),
      lengths: sharedCounts(runOffsets.at(-1)!),
    }
    const predicted = reused?.singles('predicted', rows) ?? sharedSingles(rows)
    const holdOutExcess = new Float64Array(holdOutOffsets.at(-1)!)
    const holdOutBounded = new Uint8Array(holdOutOffsets.at(-1)!)
    const holdOutThirds = new Uint8Array(holdOutOffsets.at(-1)!)
    let s = 0
    for (const bytes of this.#file.read(ids)) {
      let byteOffset = 0
      const copyInto = (target: Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array, offsets: Uint32Array): void => {
        const length = (offsets[s + 1]! - offsets[s]!) * target.BYTES_PER_ELEMENT
        new Uint8Array(target.buffer).set(bytes.subarray(byteOffset, byteOffset + length), offsets[s]! * target.BYTES_PER_ELEMENT)
        byteOffset += length
      }
      copyInto(holdOutExcess, holdOutOffsets)
      copyInto(runs.residuals, rowOffsets)
      copyInto(predicted, rowOffsets)
      copyInto(runs.steps, runOffsets)
      copyInto(runs.lengths, runOffsets)
      copyInto(holdOutBounded, holdOutOffsets)
      copyInto(holdOutThirds, holdOutOffsets)
      let start = rowOffsets[s]!
      for (let run = runOffsets[s]!; run < runOffsets[s + 1]!; run++) {
        runs.starts[run] = start
        start += runs.lengths[run]!
      }
      s++
    }
    return { runs, rowOffsets, predicted, holdOutOffsets, holdOutExcess, holdOutBounded, holdOutThirds }
  }

  read(series: SeriesBacktest): void {
    const { id, times } = series
    const horizon = this.#horizon[id]!
    const rows = times.length
    if (horizon === 0 || rows === 0) return
    const windowRows = Math.min(horizon, rows >> 1)
    const windowCount = windowRows === 0 || this.#isSampled[id] === 0 ? 0 : Math.min(maxWindows, Math.floor(rows / windowRows))
    const { steps, lengths } = this.#findRuns(times)
    this.#residualCounts[id] = rows
    this.#runCounts[id] = steps.length
    this.#windowRows[id] = windowRows
    if (windowCount > 0) this.#windows[id] = this.#outcomesOf(series, windowRows, windowCount)
    this.#maxMeasured[id] = maximumOf(series.actual)
    const { excess, bounded } = boundsOf(series, rows - windowRows)
    if (windowRows > 0) {
      this.#latestFrom[id] = this.#steps.of(times[rows - windowRows]!)
      this.#latestTo[id] = this.#steps.of(times[rows - 1]!)
      this.#maxBeforeLatest[id] = maximumOf(series.actual.subarray(0, rows - windowRows))
    }
    const thirds = thirdsOfLead(series.lead, horizon, rows - windowRows, rows)
    this.#isLeadCovered[id] = thirds.some((third) => third !== unknownThird) ? 1 : 0
    this.#file.add(id, [excess, residualsOf(series), new Float32Array(series.predicted), steps, lengths, bounded, thirds])
  }

  #findRuns(times: Float64Array): { steps: Int32Array; lengths: Int32Array } {
    const [steps, lengths]: [number[], number[]] = [[], []]
    for (let from = 0; from < times.length;) {
      let to = from + 1
      while (to < times.length && this.#steps.isNext(times[to - 1]!, times[to]!)) to++
      const step = this.#steps.of(times[from]!)
      steps.push(step)
      lengths.push(to - from)
      this.coverage.add(step, to - from)
      from = to
    }
    return { steps: Int32Array.from(steps), lengths: Int32Array.from(lengths) }
  }

  #outcomesOf({ times, actual, predicted }: SeriesBacktest, windowRows: number, windowCount: number): WindowOutcome[] {
    const figuresOf = (values: Float64Array): WindowFigures => ({
      p95: percentileOf(values.slice().sort(), 0.95),
      maximum: maximumOf(values),
    })
    return Array.from({ length: windowCount }, (_, window) => {
      const [from, to] = [times.length - (window + 1) * windowRows, times.length - window * windowRows]
      const maxBefore = maximumOf(actual.subarray(0, from))
      return {
        range: { from: this.#steps.of(times[from]!), to: this.#steps.of(times[to - 1]!) },
        measured: figuresOf(actual.subarray(from, to)),
        predicted: figuresOf(predicted.subarray(from, to)),
        maxOutside: Math.max(maxBefore, maximumOf(actual.subarray(to))),
        maxBefore,
      }
    })
  }
}

export const unknownThird = 3

/** Of rows `from` to `to` (exclusive): leads 1 to H / 3 are the first third. Exported for its test. */
export const thirdsOfLead = (lead: Float64Array, horizon: number, from: number, to: number): Uint8Array => {
  const thirds = new Uint8Array(to - from).fill(unknownThird)
  // Comparisons with NaN are false.
  if (!lead.some((steps) => Math.round(steps) >= horizon)) return thirds
  for (let row = from; row < to; row++) {
    const steps = Math.round(lead[row]!)
    if (steps >= 1) thirds[row - from] = Math.min(2, Math.floor((3 * (steps - 1)) / horizon))
  }
  return thirds
}

const residualsOf = ({ actual, predicted }: SeriesBacktest): Float32Array => {
  const residuals = new Float32Array(actual.length)
  for (let row = 0; row < residuals.length; row++) residuals[row] = actual[row]! - predicted[row]!
  return residuals
}

/** Numbers the steps of the scan's times. Fixed steps count from the scan's origin. */
interface StepReader {
  readonly of: (time: number) => number
  readonly isNext: (earlier: number, later: number) => boolean
}

const stepReader = (grid: TimeGrid, origin: number): StepReader => {
  if (grid.step.unit === 'second')
    return { of: (time) => slotOf(grid, time), isNext: (earlier, later) => later - earlier === grid.stepSeconds * 1_000_000 }
  const of = (time: number): number => slotOf(grid, origin + time)
  return { of, isNext: (earlier, later) => of(later) - of(earlier) === 1 }
}

const boundsOf = ({ actual, predicted, lower, upper }: SeriesBacktest, first: number): { excess: Float64Array; bounded: Uint8Array } => {
  const excess = new Float64Array(actual.length - first)
  const bounded = new Uint8Array(actual.length - first)
  for (let row = first; row < actual.length; row++) {
    const isBounded = !Number.isNaN(lower[row]!) && !Number.isNaN(upper[row]!)
    bounded[row - first] = isBounded ? 1 : 0
    excess[row - first] = isBounded
      ? Math.max(lower[row]! - actual[row]!, actual[row]! - upper[row]!)
      : Math.abs(actual[row]! - predicted[row]!)
  }
  return { excess, bounded }
}

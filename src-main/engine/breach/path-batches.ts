// What the paths of some series are drawn from: whole bins of series with their residuals, over the horizon or a backtest window.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import type { ReusedArrays } from '../../threads/shared-arrays.ts'
import type { ResidualsSpace } from './batch-residuals.ts'
import type { BacktestResiduals, SeriesResiduals } from './backtest-residuals.ts'
import type { SeriesHorizons } from './horizon-file.ts'
import { fitCorrections, type Corrections } from './forecast-correction.ts'
import { StartTimes, withoutSteps, type StepCounts, type StepRange } from './residual-runs.ts'
import {
  createPathSource,
  hashOf,
  pathCount,
  type PathCorrection,
  type PathLaw,
  type PathRange,
  type PathSource,
} from './simulate-paths.ts'
import { binSeries, readThresholdSeries, type ThresholdSeries } from './threshold-series.ts'

/** Short blocks: a week of days or a day of hours. */
const blockSteps = { hourly: 24, daily: 7, weekly: 7, monthly: 7, quarterly: 7 } as const
/** Cycles in steps; a block starts at the same hour and weekday, else at the same hour. */
const cycles = { hourly: [168, 24], daily: [7], weekly: [], monthly: [12], quarterly: [4] } as const
const businessWeek = [5]
/** Approximate residuals in memory, 100 MB with the arrays derived from them. Bins stay whole: their series share residuals. */
const maxResidualsInMemory = 8_000_000

/** Of the database's memory, as much again for the residuals of plans: as many as a million servers of sixty days have, with a limit of 2 GB. */
const residualsShare = 1 / 4

/** What the paths of a batch are drawn with: figures alone, so that threads can hold them. */
export interface PathTask {
  readonly series: Pick<ThresholdSeries, 'seriesIds' | 'metrics' | 'thresholds' | 'veryHighThresholds' | 'isPercent' | 'horizonMeans'>
  readonly corrections: Corrections
  readonly coverage: StepCounts
  readonly grid: Pick<TimeGrid, 'granularity' | 'step'>
  readonly config: Pick<AnalysisConfig, 'seed' | 'sizing_confidence'>
}

export interface SimulationTask extends PathTask {
  readonly series: ThresholdSeries
  readonly backtestResiduals: BacktestResiduals
  readonly horizons: SeriesHorizons
  readonly grid: TimeGrid
  readonly config: AnalysisConfig
  readonly residualsSpace: ResidualsSpace
}

/** What paths need of a batch, without the hold-out rows. */
export const pathBatchOf = ({ residuals: { runs, rowOffsets, predicted }, ...batch }: SeriesBatch): PathBatch => ({
  ...batch,
  residuals: { runs, rowOffsets, predicted },
})

/** What was measured of the series that paths are drawn of; null if breach probabilities are turned off. */
export type PathMeasures = Pick<SimulationTask, 'backtestResiduals' | 'horizons'> | null

/** Null without measures. Reads `series_risk`. */
export const readSimulationTask = async (
  database: Database,
  config: AnalysisConfig,
  grid: TimeGrid,
  measures: PathMeasures,
): Promise<SimulationTask | null> => {
  if (measures === null) return null
  const { backtestResiduals, horizons } = measures
  const series = await readThresholdSeries(database, config)
  const corrections = fitCorrections(series, backtestResiduals, blockSteps[grid.granularity])
  const residualsSpace = { folder: database.spillFolder, memoryBytes: (await database.memoryLimit()) * residualsShare }
  return { series, backtestResiduals, horizons, corrections, coverage: backtestResiduals.coverage.counts(), grid, config, residualsSpace }
}

/** Series of whole bins, which share residuals. */
export interface SeriesBatch {
  /** Indexes in ThresholdSeries. */
  readonly positions: readonly number[]
  readonly ids: Uint32Array
  /** Residuals are those of the damped forecast, `(1 + damping) * predicted`. */
  readonly residuals: SeriesResiduals
  /** Of each series: sum of the measured values, their maximum, and the rows in each of its windows. */
  readonly measuredSums: Float64Array
  readonly maxMeasured: Float64Array
  readonly windowRows: Uint32Array
}

/** What of a batch paths are drawn from. */
export interface PathBatch extends Omit<SeriesBatch, 'residuals'> {
  readonly residuals: Pick<SeriesResiduals, 'runs' | 'rowOffsets' | 'predicted'>
}

/** Indexes of the series in order of their bins; no bin is split. */
export const createBatches = ({ series: { bins, seriesIds }, backtestResiduals }: SimulationTask): number[][] => {
  const members = new Map<number, number[]>()
  bins.forEach((bin, position) => {
    const entry = members.get(bin)
    if (entry === undefined) members.set(bin, [position])
    else entry.push(position)
  })
  const batches: number[][] = []
  let remaining = 0
  for (const bin of [...members.keys()].sort((a, b) => a - b)) {
    const positions = members.get(bin)!
    const residuals = positions.reduce((sum, position) => sum + backtestResiduals.residualCount(seriesIds[position]!), 0)
    if (batches.length === 0 || residuals > remaining) {
      batches.push([])
      remaining = maxResidualsInMemory
    }
    for (const position of positions) batches.at(-1)!.push(position)
    remaining -= residuals
  }
  return batches
}

/** A fleet that is one batch is simulated several times and read once. */
const wholeFleets = new WeakMap<SimulationTask, SeriesBatch>()

/** The arrays of `reused` are overwritten by the next batch with it. */
export const loadBatch = (task: SimulationTask, positions: readonly number[], reused?: Pick<ReusedArrays, 'singles'>): SeriesBatch => {
  const known = wholeFleets.get(task)
  if (known !== undefined) return known
  const { series, backtestResiduals, corrections } = task
  const { damping } = corrections
  const ids = Uint32Array.from(positions, (position) => series.seriesIds[position]!)
  const isWhole = positions.length === series.seriesIds.length
  const residuals = backtestResiduals.load(ids, isWhole ? undefined : reused)
  const { rowOffsets, predicted, runs } = residuals
  const measuredSums = new Float64Array(positions.length)
  positions.forEach((position, s) => {
    const share = damping[position]!
    let sum = 0
    for (let row = rowOffsets[s]!; row < rowOffsets[s + 1]!; row++) {
      sum += runs.residuals[row]! + predicted[row]!
      runs.residuals[row]! -= share * predicted[row]!
    }
    measuredSums[s] = sum
  })
  const maxMeasured = Float64Array.from(ids, (id) => backtestResiduals.maxMeasured(id))
  const windowRows = ids.map((id) => backtestResiduals.windowRows(id))
  const batch = { positions, ids, residuals, measuredSums, maxMeasured, windowRows }
  if (isWhole) wholeFleets.set(task, batch)
  return batch
}

const lawOf = ({ grid }: PathTask, startTimes: StartTimes): PathLaw => ({
  startTimes,
  blockSteps: blockSteps[grid.granularity],
  cycles: grid.step.unit === 'business day' ? businessWeek : cycles[grid.granularity],
})

/** A value per series. */
const valuesOf = (positions: readonly number[], valueOf: (position: number, s: number) => number): Float64Array => {
  const values = new Float64Array(positions.length)
  // By index, as in `maximumOf`.
  for (let s = 0; s < positions.length; s++) values[s] = valueOf(positions[s]!, s)
  return values
}

const thresholdsOf = ({ series }: PathTask, { positions }: PathBatch): Float64Array =>
  valuesOf(positions, (position) => series.thresholds[position]!)

export const horizonMeansOf = ({ series }: PathTask, { positions }: PathBatch): Float64Array =>
  valuesOf(positions, (position) => series.horizonMeans[position]!)

const binsOf = ({ series }: PathTask, { positions }: PathBatch, means: Float64Array): Int32Array =>
  binSeries(
    positions.map((position) => series.metrics[position]!),
    means,
  )

/** By series: what the correction adds to `(1 + damping) * forecast`, without what was measured from `range.from` to `range.to`. */
export const shiftsOf = ({ corrections }: PathTask, batch: PathBatch, range?: StepRange): Float64Array =>
  valuesOf(batch.positions, (position, s) => {
    const share = corrections.damping[position]!
    return share === 0 ? 0 : -share * measuredMean(batch, s, share, range)
  })

/** Without the errors from `range.from` on as the latest ones. */
const correctionOf = ({ corrections }: PathTask, batch: PathBatch, shifts: Float64Array, range?: StepRange): PathCorrection => ({
  damping: valuesOf(batch.positions, (position) => corrections.damping[position]!),
  shifts,
  persistence: batch.positions.map((position) => corrections.persistence[position]),
  measuredSums: batch.measuredSums,
  origin: range?.from ?? Number.POSITIVE_INFINITY,
})

/** Mean of what was measured outside of `range`; 0 where nothing was. */
const measuredMean = ({ residuals, measuredSums }: PathBatch, s: number, damping: number, range: StepRange | undefined): number => {
  const { runs, predicted, rowOffsets } = residuals
  let [sum, count] = [measuredSums[s]!, rowOffsets[s + 1]! - rowOffsets[s]!]
  if (range !== undefined)
    for (let run = runs.offsets[s]!; run < runs.offsets[s + 1]!; run++) {
      const toIndex = runs.starts[run]! - runs.steps[run]!
      const last = Math.min(range.to, runs.steps[run]! + runs.lengths[run]! - 1)
      for (let step = Math.max(range.from, runs.steps[run]!); step <= last; step++) {
        sum -= runs.residuals[toIndex + step]! + (1 + damping) * predicted[toIndex + step]!
        count--
      }
    }
  return count === 0 ? 0 : sum / count
}

/** Paths over the horizon. */
export const createHorizonSource = (task: PathTask, batch: PathBatch, seed: number): PathSource =>
  createPathSource(
    batch.residuals.runs,
    binsOf(task, batch, horizonMeansOf(task, batch)),
    thresholdsOf(task, batch),
    lawOf(task, new StartTimes(task.coverage, pathCount, seed)),
    correctionOf(task, batch, shiftsOf(task, batch)),
  )

export const windowSeedOf = (seed: number, { from, to }: StepRange): number => hashOf(seed, String(from), String(to))

/** Paths over a backtest window, without the residuals of its times. `means`: of each series' forecast, in the order of the batch; so are `shifts`. */
export const createWindowSource = (
  task: PathTask,
  batch: PathBatch,
  range: StepRange,
  means: Float64Array,
  windowSeed: number,
  shifts = shiftsOf(task, batch, range),
): PathSource =>
  createPathSource(
    withoutSteps(batch.residuals.runs, range),
    binsOf(task, batch, means),
    thresholdsOf(task, batch),
    lawOf(task, new StartTimes(task.coverage, pathCount, windowSeed, range)),
    correctionOf(task, batch, shifts, range),
  )

/** What was predicted in a window of series `s`, age 0 the latest. */
export const windowForecastOf = (
  { rowOffsets, predicted }: Pick<SeriesResiduals, 'rowOffsets' | 'predicted'>,
  s: number,
  windowRows: number,
  age: number,
): Float64Array => {
  const end = rowOffsets[s + 1]! - age * windowRows
  return new Float64Array(predicted.subarray(end - windowRows, end))
}

/** A metric in percent stays between 0 and 100, or the maximum that was measured. */
export const rangeOf = ({ series }: Pick<PathTask, 'series'>, position: number, maxMeasured: number): PathRange =>
  series.isPercent[position] === 1
    ? { min: 0, max: Math.max(100, maxMeasured) }
    : { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY }

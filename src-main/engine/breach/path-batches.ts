// What the paths of some series are drawn from: whole bins of series with their residuals, over the horizon or a backtest window.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import type { BacktestResiduals, SeriesResiduals } from './backtest-residuals.ts'
import { StartTimes, withoutSteps, type StepRange } from './residual-runs.ts'
import { createPathSource, hashOf, pathCount, type PathLaw, type PathRange, type PathSource } from './simulate-paths.ts'
import { binSeries, readThresholdSeries, type ThresholdSeries } from './threshold-series.ts'

/** Short blocks: a week of days or a day of hours. */
const blockSteps = { hourly: 24, daily: 7, weekly: 7, monthly: 7, quarterly: 7 } as const
/** Cycles in steps; a block starts at the same hour and weekday, else at the same hour. */
const cycles = { hourly: [168, 24], daily: [7], weekly: [], monthly: [12], quarterly: [4] } as const
const businessWeek = [5]
/** Approximate residuals in memory, 100 MB with the arrays derived from them. Bins stay whole: their series share residuals. */
const maxResidualsInMemory = 8_000_000

export interface SimulationTask {
  readonly series: ThresholdSeries
  readonly backtestResiduals: BacktestResiduals
  readonly grid: TimeGrid
  readonly config: AnalysisConfig
}

/** Null without residuals. Reads `series_risk`. */
export const readSimulationTask = async (
  database: Database,
  config: AnalysisConfig,
  grid: TimeGrid,
  backtestResiduals: BacktestResiduals | null,
): Promise<SimulationTask | null> =>
  backtestResiduals === null ? null : { series: await readThresholdSeries(database, config), backtestResiduals, grid, config }

/** Series of whole bins, which share residuals. */
export interface SeriesBatch {
  /** Indexes in ThresholdSeries. */
  readonly positions: readonly number[]
  readonly ids: Uint32Array
  readonly residuals: SeriesResiduals
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

export const loadBatch = ({ series, backtestResiduals }: SimulationTask, positions: readonly number[]): SeriesBatch => {
  const ids = Uint32Array.from(positions, (position) => series.seriesIds[position]!)
  return { positions, ids, residuals: backtestResiduals.load(ids) }
}

const lawOf = ({ grid }: SimulationTask, startTimes: StartTimes): PathLaw => ({
  startTimes,
  blockSteps: blockSteps[grid.granularity],
  cycles: grid.step.unit === 'business day' ? businessWeek : cycles[grid.granularity],
})

const thresholdsOf = ({ series }: SimulationTask, { positions }: SeriesBatch): Float64Array =>
  Float64Array.from(positions, (position) => series.thresholds[position]!)

export const horizonMeansOf = ({ series }: SimulationTask, { positions }: SeriesBatch): Float64Array =>
  Float64Array.from(positions, (position) => series.horizonMeans[position]!)

const binsOf = ({ series }: SimulationTask, { positions }: SeriesBatch, means: Float64Array): Int32Array =>
  binSeries(
    positions.map((position) => series.metrics[position]!),
    means,
  )

/** Paths over the horizon. */
export const createHorizonSource = (task: SimulationTask, batch: SeriesBatch): PathSource =>
  createPathSource(
    batch.residuals.runs,
    binsOf(task, batch, horizonMeansOf(task, batch)),
    thresholdsOf(task, batch),
    lawOf(task, new StartTimes(task.backtestResiduals.coverage, pathCount, task.config.seed)),
  )

export const windowSeedOf = ({ config }: SimulationTask, { from, to }: StepRange): number => hashOf(config.seed, String(from), String(to))

/** Paths over a backtest window, without the residuals of its times. `means`: of each series' forecast, in the order of the batch. */
export const createWindowSource = (
  task: SimulationTask,
  batch: SeriesBatch,
  range: StepRange,
  means: Float64Array,
  windowSeed: number,
): PathSource =>
  createPathSource(
    withoutSteps(batch.residuals.runs, range),
    binsOf(task, batch, means),
    thresholdsOf(task, batch),
    lawOf(task, new StartTimes(task.backtestResiduals.coverage, pathCount, windowSeed, range)),
  )

/** A metric in percent stays between 0 and 100, or the maximum that was measured. */
export const rangeOf = ({ series }: SimulationTask, position: number, maxMeasured: number): PathRange =>
  series.isPercent[position] === 1
    ? { min: 0, max: Math.max(100, maxMeasured) }
    : { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY }

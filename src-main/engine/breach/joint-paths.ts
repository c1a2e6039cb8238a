// Draws the paths of chosen series for a plan: path k of one series happens together with path k of all others.
import { ReusedArrays } from '../../threads/shared-arrays.ts'
import { BatchResiduals } from './batch-residuals.ts'
import type { StepRange } from './residual-runs.ts'
import {
  createBatches,
  createHorizonSource,
  createWindowSource,
  horizonMeansOf,
  loadBatch,
  rangeOf,
  shiftsOf,
  windowForecastOf,
  windowSeedOf,
  type PathBatch,
  type PathTask,
  type SimulationTask,
} from './path-batches.ts'
import { drawPaths, pathCount, type PathSource } from './simulate-paths.ts'

export interface SeriesForecast {
  /** Index in ThresholdSeries. */
  readonly position: number
  /** In the metric's unit, in order of time. */
  readonly forecast: Float64Array
  /** Maximum measured value that the path may know of. */
  readonly maxMeasured: number
}

/** Not the run's seed: the same figures give the same plan. */
const planSeed = 42

/** A backtest window, and what its paths need of the backtest's forecasts, by batch: their means and the shifts of the correction. */
export interface PathWindow {
  readonly range: StepRange
  readonly batches: readonly { readonly means: Float64Array; readonly shifts: Float64Array }[]
}

/** What paths are drawn from where all batches are in memory, without the backtest's forecasts. */
export interface LoadedPaths {
  readonly task: PathTask
  readonly batches: readonly PathBatch[]
}

export class JointPaths {
  /** How many the fleet has. */
  readonly batches: number
  readonly #task: PathTask
  readonly #seed: number
  readonly #sourceOf: (batch: number) => PathSource
  /** Batch of each series, and its index there. */
  readonly #batchOf: Int32Array
  readonly #indexInBatch: Int32Array
  /** By batch; without residuals where `#residuals` holds them. */
  readonly #sources = new Map<number, PathSource>()
  readonly #residuals: BatchResiduals | null
  #drawn = new Float64Array(0)

  private constructor(
    task: PathTask,
    seed: number,
    batches: readonly (readonly number[])[],
    sourceOf: (batch: number) => PathSource,
    residuals: BatchResiduals | null,
  ) {
    this.batches = batches.length
    this.#task = task
    this.#seed = seed
    this.#sourceOf = sourceOf
    this.#residuals = residuals
    this.#batchOf = new Int32Array(task.series.seriesIds.length)
    this.#indexInBatch = new Int32Array(task.series.seriesIds.length)
    batches.forEach((positions, batch) =>
      positions.forEach((position, index) => {
        this.#batchOf[position] = batch
        this.#indexInBatch[position] = index
      }),
    )
  }

  /** Reads each batch when it is needed. */
  static overHorizon(task: SimulationTask): JointPaths {
    return JointPaths.#ofTask(task, planSeed, (batch) => createHorizonSource(task, batch, planSeed))
  }

  /** With nothing that was measured in the window or after it: a level that lasts would tell what the window is to show. */
  static overWindow(task: SimulationTask, range: StepRange): JointPaths {
    const seed = windowSeedOf(planSeed, range)
    return JointPaths.#ofTask(task, seed, (batch) =>
      createWindowSource(task, batch, withoutLater(range), windowMeansOf(task, batch, range), seed),
    )
  }

  static #ofTask(task: SimulationTask, seed: number, createSource: (batch: PathBatch) => PathSource): JointPaths {
    const batches = createBatches(task)
    // A fleet of one batch is in memory as it is.
    const residuals = batches.length === 1 ? null : residualsOf(task)
    const reused = new ReusedArrays()
    return new JointPaths(
      task,
      seed,
      batches,
      (number) => {
        const source = createSource(loadBatch(task, batches[number]!, reused))
        residuals?.add(number, source.runs.residuals)
        return source
      },
      residuals,
    )
  }

  /** The same paths from batches in memory. `window`: null for those over the horizon. */
  static ofLoaded({ task, batches }: LoadedPaths, window: PathWindow | null): JointPaths {
    const seed = window === null ? planSeed : windowSeedOf(planSeed, window.range)
    const positions = batches.map((batch) => batch.positions)
    const sourceOf = (number: number): PathSource => {
      const batch = batches[number]!
      if (window === null) return createHorizonSource(task, batch, seed)
      const { means, shifts } = window.batches[number]!
      return createWindowSource(task, batch, withoutLater(window.range), means, seed, shifts)
    }
    return new JointPaths(task, seed, positions, sourceOf, null)
  }

  /** Hands over the paths of each series, path after path. The order is that of the batches; the array is reused for the next series. */
  draw(series: readonly SeriesForecast[], onPaths: (index: number, paths: Float64Array) => void): void {
    const order = Uint32Array.from(series.keys()).sort(
      (a, b) => this.#batchOf[series[a]!.position]! - this.#batchOf[series[b]!.position]! || a - b,
    )
    const { metrics } = this.#task.series
    let [batch, source]: [number, PathSource | undefined] = [-1, undefined]
    for (const index of order) {
      const { position, forecast, maxMeasured } = series[index]!
      if (source === undefined || this.#batchOf[position] !== batch) {
        batch = this.#batchOf[position]!
        source = this.#source(batch)
      }
      const values = pathCount * forecast.length
      if (this.#drawn.length < values) this.#drawn = new Float64Array(values)
      const key = { seed: this.#seed, metric: metrics[position]! }
      const paths = this.#drawn.subarray(0, values)
      drawPaths(source, this.#indexInBatch[position]!, forecast, rangeOf(this.#task, position, maxMeasured), key, paths)
      onPaths(index, paths)
    }
  }

  #source(batch: number): PathSource {
    let source = this.#sources.get(batch)
    if (source === undefined) {
      source = this.#sourceOf(batch)
      this.#sources.set(batch, this.#residuals === null ? source : withResiduals(source, noResiduals))
    }
    return this.#residuals === null ? source : withResiduals(source, this.#residuals.of(batch))
  }
}

const noResiduals = new Float32Array(0)

const withResiduals = (source: PathSource, residuals: Float32Array): PathSource => ({ ...source, runs: { ...source.runs, residuals } })

/** Plans over the horizon and over windows draw from the same residuals. */
const residualsOfTasks = new WeakMap<SimulationTask, BatchResiduals>()

const residualsOf = (task: SimulationTask): BatchResiduals => {
  const residuals = residualsOfTasks.get(task) ?? new BatchResiduals(task.residualsSpace)
  residualsOfTasks.set(task, residuals)
  return residuals
}

/** The residuals of the task leave the memory with those who draw from them; who draws later reads them again. */
export const forgetResiduals = (task: SimulationTask): void => void residualsOfTasks.delete(task)

/** What paths over a window need, so that its batch can go without the backtest's forecasts. */
export const measureWindow = (task: SimulationTask, batch: PathBatch, range: StepRange): PathWindow['batches'][number] => ({
  means: windowMeansOf(task, batch, range),
  shifts: shiftsOf(task, batch, withoutLater(range)),
})

const withoutLater = ({ from }: StepRange): StepRange => ({ from, to: Number.POSITIVE_INFINITY })

/** Mean of each series' forecast where the window is one of its own, else over its horizon. */
const windowMeansOf = (task: SimulationTask, batch: PathBatch, { from, to }: StepRange): Float64Array => {
  const { backtestResiduals } = task
  return horizonMeansOf(task, batch).map((horizonMean, s) => {
    const id = batch.ids[s]!
    const age = backtestResiduals.windowRanges(id).findIndex(({ range }) => range.from === from && range.to === to)
    if (age < 0) return horizonMean
    const forecast = windowForecastOf(batch.residuals, s, backtestResiduals.windowRows(id), age)
    return forecast.reduce((sum, value) => sum + value, 0) / forecast.length
  })
}

// Draws the paths of chosen series for a plan: path k of one series happens together with path k of all others.
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

/** Batches whose residuals stay in memory: about 100 MB. */
const maxBatchesInMemory = 3

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
  readonly #task: PathTask
  readonly #seed: number
  readonly #sourceOf: (batch: number) => PathSource
  /** Batch of each series, and its index there. */
  readonly #batchOf: Int32Array
  readonly #indexInBatch: Int32Array
  readonly #maxSources: number
  /** By batch, the one used last at the end. */
  readonly #sources = new Map<number, PathSource>()
  #drawn = new Float64Array(0)

  private constructor(
    task: PathTask,
    seed: number,
    batches: readonly (readonly number[])[],
    maxSources: number,
    sourceOf: (batch: number) => PathSource,
  ) {
    this.#task = task
    this.#seed = seed
    this.#maxSources = maxSources
    this.#sourceOf = sourceOf
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
    const batches = createBatches(task)
    return new JointPaths(task, planSeed, batches, maxBatchesInMemory, (batch) =>
      createHorizonSource(task, loadBatch(task, batches[batch]!), planSeed),
    )
  }

  /** With nothing that was measured in the window or after it: a level that lasts would tell what the window is to show. */
  static overWindow(task: SimulationTask, range: StepRange): JointPaths {
    const batches = createBatches(task)
    const seed = windowSeedOf(planSeed, range)
    return new JointPaths(task, seed, batches, maxBatchesInMemory, (number) => {
      const batch = loadBatch(task, batches[number]!)
      return createWindowSource(task, batch, withoutLater(range), windowMeansOf(task, batch, range), seed)
    })
  }

  /** The same paths from batches in memory. `window`: null for those over the horizon. */
  static ofLoaded({ task, batches }: LoadedPaths, window: PathWindow | null): JointPaths {
    const seed = window === null ? planSeed : windowSeedOf(planSeed, window.range)
    const positions = batches.map((batch) => batch.positions)
    return new JointPaths(task, seed, positions, batches.length, (number) => {
      const batch = batches[number]!
      if (window === null) return createHorizonSource(task, batch, seed)
      const { means, shifts } = window.batches[number]!
      return createWindowSource(task, batch, withoutLater(window.range), means, seed, shifts)
    })
  }

  /** Hands over the paths of each series, path after path. The order is that of the batches; the array is reused for the next series. */
  draw(series: readonly SeriesForecast[], onPaths: (index: number, paths: Float64Array) => void): void {
    const order = Uint32Array.from(series.keys()).sort(
      (a, b) => this.#batchOf[series[a]!.position]! - this.#batchOf[series[b]!.position]! || a - b,
    )
    const { metrics } = this.#task.series
    for (const index of order) {
      const { position, forecast, maxMeasured } = series[index]!
      const values = pathCount * forecast.length
      if (this.#drawn.length < values) this.#drawn = new Float64Array(values)
      const key = { seed: this.#seed, metric: metrics[position]! }
      const source = this.#source(this.#batchOf[position]!)
      const paths = this.#drawn.subarray(0, values)
      drawPaths(source, this.#indexInBatch[position]!, forecast, rangeOf(this.#task, position, maxMeasured), key, paths)
      onPaths(index, paths)
    }
  }

  #source(batch: number): PathSource {
    const known = this.#sources.get(batch)
    if (known !== undefined) {
      this.#sources.delete(batch)
      this.#sources.set(batch, known)
      return known
    }
    if (this.#sources.size >= this.#maxSources) this.#sources.delete(this.#sources.keys().next().value!)
    const source = this.#sourceOf(batch)
    this.#sources.set(batch, source)
    return source
  }
}

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

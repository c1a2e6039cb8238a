// How much of a forecast's own movement, and of its latest error, comes about: measured on backtest windows, for the simulated paths.
import { shareFloats } from '../../threads/shared-arrays.ts'
import type { BacktestResiduals, SeriesResiduals } from './backtest-residuals.ts'
import type { ThresholdSeries } from './threshold-series.ts'

/** Part of the latest error that remains at the first step of a horizon, and the factor by which it shrinks from step to step. */
export interface Persistence {
  readonly share: number
  readonly decay: number
}

/** By index in ThresholdSeries. */
export interface Corrections {
  /** -1..0: part of the forecast's distance from the series' measured mean that is taken back. */
  readonly damping: Float64Array
  /** Undefined where the latest error tells nothing. */
  readonly persistence: readonly (Persistence | undefined)[]
}

/** Windows at which those of a model weigh as much as those of its whole metric, and those of a metric as much as no correction. */
const modelWeight = 100
const metricWeight = 30
/** Windows at which the measured persistence weighs as much as none. */
const persistenceWeight = 100
/** Steps in which half of the latest error is gone. */
const halfLives = [2, 4, 7, 14, 30, 60, Number.POSITIVE_INFINITY]
/** A smaller part changes no figure that is shown. */
const minPersistence = 0.05
/** Distances, errors and levels are cut to so many mean absolute errors of their series: one wild server must not decide for all. */
const maxDistance = 3
const maxError = 6
const maxLevel = 2
/** Added to a series' mean absolute error, as a share of the high threshold. */
const errorFloorShare = 0.0005

type SampledResiduals = Pick<BacktestResiduals, 'load' | 'windows' | 'windowRows'>
type FittedSeries = Pick<ThresholdSeries, 'seriesIds' | 'metrics' | 'models' | 'thresholds'>

/** `levelSteps`: number of residuals whose mean is the latest error. Reads the series of the calibration sample. */
export const fitCorrections = (series: FittedSeries, backtestResiduals: SampledResiduals, levelSteps: number): Corrections => {
  const positions = [...series.seriesIds.keys()].filter((position) => backtestResiduals.windows(series.seriesIds[position]!).length > 0)
  const residuals = backtestResiduals.load(Uint32Array.from(positions, (position) => series.seriesIds[position]!))
  const samples = positions.map((position, s) => sampleOf(series, backtestResiduals, residuals, position, s))
  const damping = shareFloats(fitDamping(series, samples))
  return { damping, persistence: fitPersistence(series, samples, damping, levelSteps) }
}

/** The backtest rows of a series, in order of time. */
interface SampledSeries {
  readonly position: number
  readonly residuals: Float32Array
  readonly predicted: Float32Array
  readonly windows: number
  readonly windowRows: number
  readonly measuredSum: number
  /** Mean absolute error. */
  readonly scale: number
}

const sampleOf = (
  { seriesIds, thresholds }: FittedSeries,
  backtestResiduals: SampledResiduals,
  { runs, predicted, rowOffsets }: SeriesResiduals,
  position: number,
  s: number,
): SampledSeries => {
  const id = seriesIds[position]!
  const [from, to] = [rowOffsets[s]!, rowOffsets[s + 1]!]
  const own = { residuals: runs.residuals.subarray(from, to), predicted: predicted.subarray(from, to) }
  let [errors, measuredSum] = [0, 0]
  for (let row = 0; row < own.residuals.length; row++) {
    errors += Math.abs(own.residuals[row]!)
    measuredSum += own.residuals[row]! + own.predicted[row]!
  }
  return {
    ...own,
    position,
    windows: backtestResiduals.windows(id).length,
    windowRows: backtestResiduals.windowRows(id),
    measuredSum,
    scale: errors / own.residuals.length + errorFloorShare * Math.abs(thresholds[position]!),
  }
}

const cut = (value: number, limit: number): number => Math.min(Math.max(value, -limit), limit)

/** Sums of a regression through the origin. */
interface Sums {
  windows: number
  squares: number
  products: number
}

const emptySums = (): Sums => ({ windows: 0, squares: 0, products: 0 })

/** Slope of the errors on the forecast's distance from the mean of what was measured outside of the window; per model, leaning on its metric's. */
const fitDamping = ({ seriesIds, metrics, models }: FittedSeries, samples: readonly SampledSeries[]): Float64Array => {
  const byMetric = new Map<string, Sums>()
  const byModel = new Map<string, Sums>()
  const modelKey = (position: number): string => `${metrics[position]}\u0000${models[position]}`
  for (const { position, residuals, predicted, windows, windowRows, measuredSum, scale } of samples) {
    const rows = residuals.length
    const metric = entryOf(byMetric, metrics[position]!, emptySums)
    const model = entryOf(byModel, modelKey(position), emptySums)
    for (let age = 0; age < windows; age++) {
      const [from, to] = [rows - (age + 1) * windowRows, rows - age * windowRows]
      let inside = 0
      for (let row = from; row < to; row++) inside += residuals[row]! + predicted[row]!
      const mean = (measuredSum - inside) / (rows - windowRows)
      let [squares, products] = [0, 0]
      for (let row = from; row < to; row++) {
        const distance = cut((predicted[row]! - mean) / scale, maxDistance)
        squares += distance * distance
        products += distance * cut(residuals[row]! / scale, maxError)
      }
      for (const sums of [metric, model]) {
        sums.windows++
        sums.squares += squares / windowRows
        sums.products += products / windowRows
      }
    }
  }
  return Float64Array.from(seriesIds, (_, position) => {
    const metric = byMetric.get(metrics[position]!)
    if (metric === undefined || metric.squares === 0) return 0
    const ofMetric = ((metric.products / metric.squares) * metric.windows) / (metric.windows + metricWeight)
    const model = byModel.get(modelKey(position))
    const slope =
      model === undefined || model.squares === 0
        ? ofMetric
        : ((model.products / model.squares) * model.windows + ofMetric * modelWeight) / (model.windows + modelWeight)
    return Math.min(Math.max(slope, -1), 0)
  })
}

/** Sums of the regression of a window's errors, step by step, on the level of those before it. */
interface LevelSums {
  windows: number
  squares: number
  readonly products: number[]
}

/** One law per metric: the half-life that explains most of the errors that `damping` leaves. */
const fitPersistence = (
  { seriesIds, metrics }: FittedSeries,
  samples: readonly SampledSeries[],
  damping: Float64Array,
  levelSteps: number,
): (Persistence | undefined)[] => {
  const byMetric = new Map<string, LevelSums>()
  for (const { position, residuals, predicted, windows, windowRows, measuredSum, scale } of samples) {
    const rows = residuals.length
    const mean = measuredSum / rows
    const errorAt = (row: number): number => (residuals[row]! - damping[position]! * (predicted[row]! - mean)) / scale
    const sums = entryOf(byMetric, metrics[position]!, (): LevelSums => ({ windows: 0, squares: 0, products: [] }))
    for (let age = 0; age < windows; age++) {
      const from = rows - (age + 1) * windowRows
      if (from < levelSteps) break
      let level = 0
      for (let row = from - levelSteps; row < from; row++) level += errorAt(row) / levelSteps
      level = cut(level, maxLevel)
      sums.windows++
      sums.squares += level * level
      for (let step = 0; step < windowRows; step++) sums.products[step] = (sums.products[step] ?? 0) + level * errorAt(from + step)
    }
  }
  const laws = new Map([...byMetric].map(([metric, sums]) => [metric, persistenceOf(sums)] as const))
  return Array.from(seriesIds, (_, position) => laws.get(metrics[position]!))
}

const persistenceOf = ({ windows, squares, products }: LevelSums): Persistence | undefined => {
  if (squares === 0) return undefined
  let best = { gain: 0, share: 0, decay: 1 }
  for (const halfLife of halfLives) {
    const decay = 0.5 ** (1 / halfLife)
    let [product, norm] = [0, 0]
    products.forEach((value, step) => {
      product += decay ** step * value
      norm += decay ** (2 * step)
    })
    const gain = (product * product) / (squares * norm)
    if (gain > best.gain) best = { gain, share: product / (squares * norm), decay }
  }
  const share = cut((best.share * windows) / (windows + persistenceWeight), 1)
  return Math.abs(share) < minPersistence ? undefined : { share, decay: best.decay }
}

const entryOf = <T>(entries: Map<string, T>, key: string, create: () => T): T => {
  const known = entries.get(key)
  if (known !== undefined) return known
  const created = create()
  entries.set(key, created)
  return created
}

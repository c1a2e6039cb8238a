// Simulated paths of a series by block bootstrap: the forecast plus blocks of residuals, its own or scaled ones of its bin.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { SampleMoments } from '../../statistics/student-t4.ts'
import type { Persistence } from './forecast-correction.ts'
import {
  findBlock,
  latestMean,
  meanBefore,
  meanWithin,
  measureRuns,
  type ResidualRuns,
  type RunFigures,
  type StartTimes,
} from './residual-runs.ts'

export const pathCount = 200
/** Of a backtest window: its figures enter a curve of thousands of windows, which averages out what each one lacks in exactness. */
export const windowPathCount = 100
/** Number of own residuals at which own and borrowed blocks are drawn equally often. */
const borrowingWeight = 60
/** Residuals at which a series' own error weighs as much as its bin's. */
const binErrorWeight = 30
/** Added to errors before they are compared, as a share of the high threshold. */
const errorFloorShare = 0.0005

/** Residuals that the series of a fleet, or of some whole bins of it, draw from. Arrays share the index of the series. */
export interface PathSource {
  readonly runs: ResidualRuns
  readonly figures: RunFigures
  /** What the series of each bin lend: a row of `lenderFields` values each. */
  readonly lenders: readonly Float64Array[]
  /** Bin of a series, or -1. */
  readonly bins: Int32Array
  /** Size of a series' errors; borrowed residuals are multiplied by the ratio of two. */
  readonly scales: Float64Array
  readonly startTimes: StartTimes
  /** Steps of the short blocks. */
  readonly blockSteps: number
  /** Steps of the cycles that a block's start keeps, the most telling first: week, then day. */
  readonly cycles: readonly number[]
  /** How forecasts are corrected; undefined where they are taken as they are. */
  readonly correction: PathCorrection | undefined
}

/** Of each series; its residuals are those of `(1 + damping) * forecast`, which lies `shift` below the corrected forecast. */
export interface PathCorrection {
  readonly damping: Float64Array
  /** -damping * mean of what was measured, in the metric's unit. */
  readonly shifts: Float64Array
  readonly persistence: readonly (Persistence | undefined)[]
  /** Sum of what was measured; part of the key of its draws. */
  readonly measuredSums: Float64Array
  /** The latest error is that before this step. */
  readonly origin: number
}

export type PathLaw = Pick<PathSource, 'startTimes' | 'blockSteps' | 'cycles'>

/** `thresholds`: high threshold of each series, in its metric's unit. */
export const createPathSource = (
  runs: ResidualRuns,
  bins: Int32Array,
  thresholds: Float64Array,
  law: PathLaw,
  correction?: PathCorrection,
): PathSource => {
  const figures = measureRuns(
    runs,
    correction?.shifts.map((shift) => -shift),
  )
  const members: number[][] = []
  bins.forEach((bin, s) => {
    if (bin >= 0 && figures.counts[s]! > 0) (members[bin] ??= []).push(s)
  })
  const bySize = (a: number, b: number): number =>
    figures.meanAbsolute[a]! - figures.meanAbsolute[b]! || figures.counts[a]! - figures.counts[b]! || a - b
  // By the size of their errors: no order of names decides who lends to whom.
  const pools = Array.from(members, (pool) => Uint32Array.from(pool ?? []).sort(bySize))
  const scales = scaleErrors(figures, bins, pools, thresholds)
  const lenders = pools.map((pool) => {
    const chosen = chooseLenders(pool)
    const rows = new Float64Array(chosen.length * lenderFields)
    chosen.forEach((s, index) => writeLender(rows, index, { runs, figures, scales, correction }, s))
    return rows
  })
  return { ...law, correction, runs, figures, bins, lenders, scales }
}

/** Of a bin; what more of them lend leaves the processor's cache, and tells hardly more. */
export const maxLenders = 10_000

/** Evenly by rank in a pool of more than `max`. Exported for its test. */
export const chooseLenders = (pool: Uint32Array, max = maxLenders): Uint32Array =>
  pool.length <= max ? pool : Uint32Array.from({ length: max }, (_, index) => pool[Math.floor(((index + 0.5) * pool.length) / max)]!)

/**
 * Of a row: the series, its longest run, its first run (step, index in `residuals`, length), the size of its errors, their shift and their mean.
 * Whoever draws a block has them in one access to memory instead of eight.
 */
const lenderFields = 8

const writeLender = (
  rows: Float64Array,
  index: number,
  { runs, figures, scales, correction }: Pick<PathSource, 'runs' | 'figures' | 'scales' | 'correction'>,
  s: number,
): void => {
  const first = runs.offsets[s]!
  const row = index * lenderFields
  rows[row] = s
  rows[row + 1] = figures.longest[s]!
  rows[row + 2] = runs.steps[first]!
  rows[row + 3] = runs.starts[first]!
  rows[row + 4] = runs.lengths[first]!
  rows[row + 5] = scales[s]!
  rows[row + 6] = correction === undefined ? 0 : correction.shifts[s]!
  rows[row + 7] = figures.means[s]!
}

/** exp((n ln(MAE + e) + 30 ln(median MAE of the bin + e)) / (n + 30)); 1 for a series without a bin or a bin without residuals. */
const scaleErrors = (
  { counts, meanAbsolute }: RunFigures,
  bins: Int32Array,
  pools: readonly Uint32Array[],
  thresholds: Float64Array,
): Float64Array => {
  const medians = pools.map((pool) => {
    const sorted = Float64Array.from(pool, (s) => meanAbsolute[s]!).sort()
    const half = sorted.length >> 1
    return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
  })
  return Float64Array.from(bins, (bin, s) => {
    const median = bin < 0 ? undefined : medians[bin]
    if (median === undefined || Number.isNaN(median)) return 1
    const floor = errorFloorShare * Math.abs(thresholds[s]!)
    const count = counts[s]!
    const own = count === 0 ? 0 : count * Math.log(meanAbsolute[s]! + floor)
    return Math.exp((own + binErrorWeight * Math.log(median + floor)) / (count + binErrorWeight))
  })
}

/** Whether a series has residuals to draw from, its own or its bin's. Without any, nothing is known of how far it may go. */
export const hasResiduals = ({ figures, bins, lenders }: PathSource, s: number): boolean =>
  figures.counts[s]! > 0 || (bins[s]! >= 0 && (lenders[bins[s]!]?.length ?? 0) > 0)

/** Minimum and maximum of a path's values. */
export interface PathRange {
  readonly min: number
  readonly max: number
}

/** A hash (FNV-1a, 32 bits) of a seed and texts. */
export const hashOf = (seed: number, ...texts: readonly string[]): number => {
  let hash = 0x811c9dc5
  for (const character of [seed, ...texts].join('\u0000')) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  return hash | 0
}

/**
 * The hash of a seed, a metric and figures of a series. It keys what the series draws: no name of a server and no order does. Rounded to single
 * precision, so that a metric in fractions draws as the same one in percent.
 */
export const drawKeyOf = (seed: number, metric: string, ...figures: readonly Float64Array[]): number => {
  let hash = hashOf(seed, metric)
  for (const values of figures)
    for (const word of new Uint32Array(Float32Array.from(values).buffer)) hash = Math.imul(hash ^ word ^ (word >>> 15), 0x01000193)
  return hash | 0
}

export interface DrawKey {
  readonly seed: number
  readonly metric: string
}

/**
 * Draws paths of one series into `out`, as many as it holds, path after path, one value per step of `forecast`. Even paths have short blocks, odd ones blocks
 * of up to half the history. Without residuals the forecast is the only path.
 */
export const drawPaths = (
  source: PathSource,
  s: number,
  forecast: Float64Array,
  { min, max }: PathRange,
  { seed, metric }: DrawKey,
  out: Float64Array,
): void => {
  const { runs, figures, startTimes, cycles, blockSteps, correction } = source
  const { residuals } = runs
  const steps = forecast.length
  const count = figures.counts[s]!
  const scale = source.scales[s]!
  const own = new Float64Array(lenderFields)
  if (count > 0) writeLender(own, 0, source, s)
  const bin = source.bins[s]!
  const pool = (bin < 0 ? undefined : source.lenders[bin]) ?? own
  const poolSize = pool === own ? 0 : pool.length / lenderFields
  const unborrowedLimit = count === 0 ? 0 : poolSize > 0 ? (count / (count + borrowingWeight)) * 0x1_0000_0000 : 0x1_0000_0000
  const longBlock = Math.max(blockSteps, Math.min(steps, count >> 1))
  const centre = correctForecast(source, s, forecast)
  const latest = latestError(source, s, steps)
  const random = xoroshiro128plus(drawKeyOf(seed, metric, forecast, Float64Array.of(correction?.measuredSums[s] ?? 0)))
  const pathsWanted = out.length / steps
  for (let path = 0; path < pathsWanted; path++) {
    const wanted = Math.min(path % 2 === 0 ? blockSteps : longBlock, steps)
    const base = path * steps
    for (let step = 0, block = 0; step < steps; block++) {
      let lender: Float64Array = own
      let row = 0
      if (random.next() >>> 0 >= unborrowedLimit) {
        if (poolSize === 0) {
          for (; step < steps; step++) out[base + step] = hold(centre[step]!, min, max)
          break
        }
        lender = pool
        row = Math.floor(((random.next() >>> 0) / 0x1_0000_0000) * poolSize) * lenderFields
      }
      const donor = lender[row]!
      const length = Math.min(wanted, lender[row + 1]!)
      const start = startTimes.of(length, path, block)
      const within = start - lender[row + 2]!
      const isInFirst = within >= 0 && within + length <= lender[row + 4]!
      const firstStart = lender[row + 3]!
      const index = (isInFirst ? firstStart + within : findBlock(runs, donor, length, start, cycles)) - step
      const ratio = donor === s ? 1 : scale / lender[row + 5]!
      const shift = lender[row + 6]!
      const end = Math.min(step + length, steps)
      if (latest === undefined) {
        for (; step < end; step++) out[base + step] = hold(centre[step]! + ratio * (residuals[index + step]! - shift), min, max)
        continue
      }
      // The block followed an error of its time, the path follows the latest one: what remains of their difference is added.
      const before = isInFirst
        ? meanWithin(residuals, firstStart, index, blockSteps)
        : meanBefore(runs, donor, index, blockSteps, index + step)
      const former = Number.isNaN(before) ? lender[row + 7]! : before - shift
      const difference = latest.error - ratio * former
      const { remaining } = latest
      for (; step < end; step++) {
        out[base + step] = hold(centre[step]! + remaining[step]! * difference + ratio * (residuals[index + step]! - shift), min, max)
      }
    }
  }
}

/** Without measured values there is no mean towards which to correct. */
const correctForecast = ({ correction, figures }: PathSource, s: number, forecast: Float64Array): Float64Array => {
  if (correction === undefined || figures.counts[s] === 0 || correction.damping[s] === 0) return forecast
  const [share, shift] = [1 + correction.damping[s]!, correction.shifts[s]!]
  const corrected = new Float64Array(forecast.length)
  // By index, as in `maximumOf`.
  for (let step = 0; step < forecast.length; step++) corrected[step] = share * forecast[step]! + shift
  return corrected
}

/** The mean error just before the paths begin, and which part of it remains at each step; undefined where it is not known or tells nothing. */
const latestError = (
  { correction, runs, figures, blockSteps }: PathSource,
  s: number,
  steps: number,
): { readonly error: number; readonly remaining: Float64Array } | undefined => {
  const persistence = correction?.persistence[s]
  if (correction === undefined || persistence === undefined || figures.counts[s] === 0) return undefined
  const error = latestMean(runs, s, blockSteps, correction.origin) - correction.shifts[s]!
  if (Number.isNaN(error)) return undefined
  const remaining = new Float64Array(steps)
  for (let step = 0, share = persistence.share; step < steps; step++, share *= persistence.decay) remaining[step] = share
  return { error, remaining }
}

/** By comparisons: a few percent faster than Math.min and Math.max. NaN stays NaN. */
export const hold = (value: number, min: number, max: number): number => (value <= min ? min : value >= max ? max : value)

/** The figures of each path that risk is read from; reused from series to series. */
export interface PathFigures {
  readonly maxima: Float64Array
  /** The path's own continuous 95th percentile. */
  readonly p95: Float64Array
  /** Step at which the path first exceeds the threshold, or -1. */
  readonly firstAbove: Int32Array
}

export const createPathFigures = (count = pathCount): PathFigures => ({
  maxima: new Float64Array(count),
  p95: new Float64Array(count),
  firstAbove: new Int32Array(count),
})

/**
 * Of as many paths as `figures` holds. Sorts in only those values of a path that reach a lower bound, which follows the paths before; a path with too few of them is read again
 * with a lower one. So the bound saves time and changes no figure.
 */
export const measurePaths = (paths: Float64Array, steps: number, threshold: number, figures: PathFigures): void => {
  const { maxima, p95, firstAbove } = figures
  const position = 0.95 * (steps - 1)
  const share = position - Math.floor(position)
  // The percentile lies between the two smallest of the path's largest values, as many as `size`.
  const size = steps - Math.floor(position)
  const candidates = new Float64Array(steps)
  let bound = Number.NEGATIVE_INFINITY
  let spread = 0
  for (let path = 0; path < maxima.length; path++) {
    const base = path * steps
    let count = collectFrom(paths, base, steps, bound, candidates)
    if (count < size) count = collectFrom(paths, base, steps, (bound -= 0.5 * spread), candidates)
    if (count < size) count = collectFrom(paths, base, steps, Number.NEGATIVE_INFINITY, candidates)
    sortLargest(candidates, count, size)
    const [maximum, smallest] = [candidates[0]!, candidates[size - 1]!]
    maxima[path] = maximum
    p95[path] = size === 1 ? smallest : smallest + share * (candidates[size - 2]! - smallest)
    firstAbove[path] = maximum > threshold ? findAbove(paths, base, threshold) : -1
    spread = maximum - smallest
    bound = count === steps || bound > smallest ? smallest - 0.5 * spread : bound + 0.1 * (smallest - bound)
  }
}

/** Copies the values of a path that are at least `bound`; returns how many they are. */
const collectFrom = (paths: Float64Array, base: number, steps: number, bound: number, candidates: Float64Array): number => {
  let count = 0
  const end = base + steps
  for (let index = base; index < end; index++) {
    const value = paths[index]!
    candidates[count] = value
    // No branch: which values reach the bound cannot be predicted.
    count += Number(value >= bound)
  }
  return count
}

/** Moves the `size` largest of the first `count` values to the front, in descending order. */
const sortLargest = (values: Float64Array, count: number, size: number): void => {
  for (let index = 1; index < count; index++) {
    const value = values[index]!
    let slot = Math.min(index, size)
    if (slot === size && value <= values[--slot]!) continue
    while (slot > 0 && values[slot - 1]! < value) {
      values[slot] = values[slot - 1]!
      slot--
    }
    values[slot] = value
  }
}

/** Step of the first value above the threshold; there is one. */
const findAbove = (paths: Float64Array, base: number, threshold: number): number => {
  let step = 0
  while (!(paths[base + step]! > threshold)) step++
  return step
}

/** The paths of short blocks and those of long ones. */
export const measureHalves = (values: Float64Array): [short: SampleMoments, long: SampleMoments] => [
  halfMoments(values, 0),
  halfMoments(values, 1),
]

/** Mean and sample standard deviation over the paths of one kind of blocks: 0 short, 1 long. */
export const halfMoments = (values: Float64Array, half: number): SampleMoments => {
  const count = values.length / 2
  let sum = 0
  for (let path = half; path < values.length; path += 2) sum += values[path]!
  const mean = sum / count
  let squares = 0
  for (let path = half; path < values.length; path += 2) squares += (values[path]! - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / (count - 1)) }
}

// Possible futures of a series: its forecast plus contiguous blocks of backtest residuals, own or borrowed, drawn with a seed of its own.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { BlockPool, BlockStarts, ResidualGrid } from './residual-grid.ts'

export const pathCount = 200
/** Own residuals at which own and borrowed blocks are drawn equally often. */
const borrowingWeight = 60

export interface PathSource {
  readonly grid: ResidualGrid
  readonly blocks: BlockStarts
  readonly pools: readonly BlockPool[]
  readonly bins: Int16Array
}

export interface PathOutcome {
  /** Share of paths with a value above the threshold. */
  readonly raw: number
  /** Per step the share of paths that have been above it so far. */
  readonly rawBy: Float64Array
  /** Median step of the first breach among breaching paths; -1 where none breaches. */
  readonly medianFirstBreach: number
  /** Plain 95th percentile over the paths of each path's P95 (linear interpolation). */
  readonly conservativeP95: number
}

/** Seed of a series: a hash (FNV-1a, 32 bits) of run seed and identity, so that neither order nor threads matter. */
export const seedOf = (runSeed: number, serverId: string, metric: string): number => {
  let hash = 0x811c9dc5
  for (const character of `${runSeed}\u0000${serverId}\u0000${metric}`) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  }
  return hash | 0
}

/**
 * Draws the paths of one series. `forecast` has one value per step of the horizon. A series without any residual, own or
 * borrowed, has its forecast as its only path.
 */
export const simulatePaths = (source: PathSource, series: number, forecast: Float64Array, threshold: number, seed: number): PathOutcome => {
  const firstBreaches = new Uint32Array(forecast.length)
  const pathP95 = new Float64Array(pathCount)
  const greatest = new Float64Array(forecast.length - Math.floor(0.95 * (forecast.length - 1)))
  const drawer = new PathDrawer(source, series, forecast, threshold, seed)
  for (let index = 0; index < pathCount; index++) {
    const first = drawer.draw(false)
    if (first >= 0) firstBreaches[first]! += 1
    pathP95[index] = upperPercentile(drawer.path, greatest)
  }
  return { ...summarise(firstBreaches), conservativeP95: percentileOf(pathP95.sort(), 0.95) }
}

/** Share of paths that breach: the same draws as in `simulatePaths`, each only up to its first breach. */
export const simulateBreach = (source: PathSource, series: number, forecast: Float64Array, threshold: number, seed: number): number => {
  const drawer = new PathDrawer(source, series, forecast, threshold, seed)
  let breaching = 0
  for (let index = 0; index < pathCount; index++) if (drawer.draw(true) >= 0) breaching++
  return breaching / pathCount
}

/** Fills a path again and again: the forecast plus residual blocks, each own with probability n / (n + 60). */
class PathDrawer {
  readonly path: Float64Array
  readonly #forecast: Float64Array
  readonly #threshold: number
  readonly #residuals: Float64Array
  readonly #ownStarts: Uint32Array
  readonly #ownLength: number
  readonly #pool: BlockPool | undefined
  /** Own blocks are drawn while 32 random bits lie below this. */
  readonly #ownLimit: number
  readonly #random: ReturnType<typeof xoroshiro128plus>

  constructor({ grid, blocks, pools, bins }: PathSource, series: number, forecast: Float64Array, threshold: number, seed: number) {
    const { ranges, starts, lengths, counts } = blocks
    this.path = new Float64Array(forecast.length)
    this.#forecast = forecast
    this.#threshold = threshold
    this.#residuals = grid.residuals
    this.#ownStarts = starts.subarray(ranges[series], ranges[series + 1])
    this.#ownLength = lengths[series]!
    const pool = bins[series]! < 0 ? undefined : pools[bins[series]!]
    this.#pool = pool === undefined || pool.starts.length === 0 ? undefined : pool
    const ownShare = this.#pool === undefined ? 1 : counts[series]! / (counts[series]! + borrowingWeight)
    this.#ownLimit = this.#ownStarts.length === 0 ? 0 : ownShare * 0x1_0000_0000
    this.#random = xoroshiro128plus(seed)
  }

  /** First step above the threshold, or -1. `stopAtBreach` leaves the rest of the path as it was and skips its draws. */
  draw(stopAtBreach: boolean): number {
    const path = this.path
    const forecast = this.#forecast
    const threshold = this.#threshold
    const residuals = this.#residuals
    const steps = forecast.length
    let first = -1
    for (let step = 0; step < steps;) {
      const isOwn = this.#random.next() >>> 0 < this.#ownLimit
      const starts = isOwn ? this.#ownStarts : this.#pool?.starts
      let place = -1
      let end = steps
      if (starts !== undefined && starts.length > 0) {
        const choice = Math.floor(((this.#random.next() >>> 0) / 0x1_0000_0000) * starts.length)
        place = starts[choice]!
        end = Math.min(steps, step + (isOwn ? this.#ownLength : this.#pool!.lengths[choice]!))
      }
      for (; step < end; step++) {
        const value = forecast[step]! + (place < 0 ? 0 : residuals[place++]!)
        path[step] = value
        if (value > threshold && first < 0) {
          first = step
          if (stopAtBreach) return first
        }
      }
    }
    return first
  }
}

const summarise = (firstBreaches: Uint32Array): Omit<PathOutcome, 'conservativeP95'> => {
  const rawBy = new Float64Array(firstBreaches.length)
  let breaching = 0
  firstBreaches.forEach((paths, step) => {
    breaching += paths
    rawBy[step] = breaching / pathCount
  })
  const half = breaching / 2
  const medianFirstBreach = breaching === 0 ? -1 : rawBy.findIndex((share) => share * pathCount >= half)
  return { raw: breaching / pathCount, rawBy, medianFirstBreach }
}

/**
 * The continuous 95th percentile from the greatest values alone: it lies between the two smallest of the n - floor(0.95 (n - 1))
 * greatest, which `greatest` has room for.
 */
const upperPercentile = (values: Float64Array, greatest: Float64Array): number => {
  const kept = greatest.length
  greatest.fill(Number.NEGATIVE_INFINITY)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (value <= greatest[0]!) continue
    let place = 0
    while (place + 1 < kept && greatest[place + 1]! < value) {
      greatest[place] = greatest[place + 1]!
      place++
    }
    greatest[place] = value
  }
  const position = 0.95 * (values.length - 1)
  const fraction = position - Math.floor(position)
  return kept === 1 ? greatest[0]! : greatest[0]! + fraction * (greatest[1]! - greatest[0]!)
}

/** Continuous percentile of ascending values (linear interpolation, NumPy's default). */
export const percentileOf = (ascending: Float64Array, share: number): number => {
  const position = share * (ascending.length - 1)
  const low = Math.floor(position)
  const high = Math.min(low + 1, ascending.length - 1)
  return ascending[low]! + (position - low) * (ascending[high]! - ascending[low]!)
}

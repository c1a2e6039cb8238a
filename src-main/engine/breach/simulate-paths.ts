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
  const drawer = new PathDrawer(source, series, forecast, threshold, seed)
  for (let index = 0; index < pathCount; index++) {
    const first = drawer.draw()
    if (first >= 0) firstBreaches[first]! += 1
    pathP95[index] = drawer.p95()
  }
  return { ...summarise(firstBreaches), conservativeP95: percentileOf(pathP95.sort(), 0.95) }
}

/** Share of paths that breach: the same draws as in `simulatePaths`, each only up to its first breach, and none where none can. */
export const simulateBreach = (source: PathSource, series: number, forecast: Float64Array, threshold: number, seed: number): number => {
  const drawer = new PathDrawer(source, series, forecast, threshold, seed)
  if (!drawer.canBreach()) return 0
  let breaching = 0
  for (let index = 0; index < pathCount; index++) if (drawer.breaches()) breaching++
  return breaching / pathCount
}

/** Draws path after path: the forecast plus residual blocks, each own with probability n / (n + 60). */
class PathDrawer {
  readonly #forecast: Float64Array
  readonly #threshold: number
  readonly #residuals: Float32Array | Float64Array
  readonly #ownStarts: Uint32Array
  readonly #ownLength: number
  readonly #pool: BlockPool | undefined
  readonly #greatestResidual: number
  /** Own blocks are drawn while 32 random bits lie below this. */
  readonly #ownLimit: number
  readonly #random: ReturnType<typeof xoroshiro128plus>
  /** Greatest values of the last whole path, ascending: as many as its 95th percentile needs. */
  readonly #greatest: Float64Array
  /** The block drawn last: where its residuals begin (-1 without any), and how many there are. */
  #place = -1
  #length = 0

  constructor({ grid, blocks, pools, bins }: PathSource, series: number, forecast: Float64Array, threshold: number, seed: number) {
    const { ranges, starts, lengths, counts, greatest } = blocks
    this.#forecast = forecast
    this.#threshold = threshold
    this.#residuals = grid.residuals
    this.#ownStarts = starts.subarray(ranges[series], ranges[series + 1])
    this.#ownLength = lengths[series]!
    const pool = bins[series]! < 0 ? undefined : pools[bins[series]!]
    this.#pool = pool === undefined || pool.starts.length === 0 ? undefined : pool
    this.#greatestResidual = Math.max(greatest[series]!, this.#pool?.greatest ?? Number.NEGATIVE_INFINITY)
    const ownShare = this.#pool === undefined ? 1 : counts[series]! / (counts[series]! + borrowingWeight)
    this.#ownLimit = this.#ownStarts.length === 0 ? 0 : ownShare * 0x1_0000_0000
    this.#random = xoroshiro128plus(seed)
    this.#greatest = new Float64Array(forecast.length - Math.floor(0.95 * (forecast.length - 1)))
  }

  /** Whether the highest forecast with the greatest residual would breach. */
  canBreach(): boolean {
    let highest = Number.NEGATIVE_INFINITY
    for (let step = 0; step < this.#forecast.length; step++) highest = Math.max(highest, this.#forecast[step]!)
    return highest + Math.max(0, this.#greatestResidual) > this.#threshold
  }

  /** A whole path; its first step above the threshold, or -1. */
  draw(): number {
    const forecast = this.#forecast
    const residuals = this.#residuals
    const threshold = this.#threshold
    const greatest = this.#greatest.fill(Number.NEGATIVE_INFINITY)
    const steps = forecast.length
    let least = Number.NEGATIVE_INFINITY
    let first = -1
    for (let step = 0; step < steps;) {
      this.#drawBlock(steps - step)
      let place = this.#place
      const end = step + this.#length
      for (; step < end; step++) {
        const value = place < 0 ? forecast[step]! : forecast[step]! + residuals[place++]!
        if (first < 0 && value > threshold) first = step
        if (value > least) least = insertGreatest(greatest, value)
      }
    }
    return first
  }

  /** Whether the next path breaches. */
  breaches(): boolean {
    const forecast = this.#forecast
    const residuals = this.#residuals
    const threshold = this.#threshold
    const steps = forecast.length
    for (let step = 0; step < steps;) {
      this.#drawBlock(steps - step)
      let place = this.#place
      const end = step + this.#length
      for (; step < end; step++) {
        if ((place < 0 ? forecast[step]! : forecast[step]! + residuals[place++]!) > threshold) return true
      }
    }
    return false
  }

  /** The continuous 95th percentile of the path drawn last: it lies between the two smallest of its n - floor(0.95 (n - 1)) greatest values. */
  p95(): number {
    const position = 0.95 * (this.#forecast.length - 1)
    const fraction = position - Math.floor(position)
    const [low, high] = [this.#greatest[0]!, this.#greatest[1]]
    return high === undefined ? low : low + fraction * (high - low)
  }

  #drawBlock(most: number): void {
    const isOwn = this.#random.next() >>> 0 < this.#ownLimit
    const starts = isOwn ? this.#ownStarts : this.#pool?.starts
    this.#place = -1
    this.#length = most
    if (starts === undefined || starts.length === 0) return
    const choice = Math.floor(((this.#random.next() >>> 0) / 0x1_0000_0000) * starts.length)
    const length = isOwn ? this.#ownLength : this.#pool!.lengths[choice]!
    this.#place = starts[choice]!
    this.#length = length < most ? length : most
  }
}

/** Puts a value into its place among ascending ones, of which the least is dropped; returns the least that stays. */
const insertGreatest = (greatest: Float64Array, value: number): number => {
  let place = 0
  while (place + 1 < greatest.length && greatest[place + 1]! < value) {
    greatest[place] = greatest[place + 1]!
    place++
  }
  greatest[place] = value
  return greatest[0]!
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

/** Continuous percentile of ascending values (linear interpolation, NumPy's default). */
export const percentileOf = (ascending: Float64Array, share: number): number => {
  const position = share * (ascending.length - 1)
  const low = Math.floor(position)
  const high = Math.min(low + 1, ascending.length - 1)
  return ascending[low]! + (position - low) * (ascending[high]! - ascending[low]!)
}

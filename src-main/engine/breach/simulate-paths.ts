// Simulated paths of a series by block bootstrap: the forecast plus contiguous blocks of residuals, its own or those of its bin.
import { percentileOf } from '../../statistics/percentile.ts'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { memberOfBlock, blockStart, type BlockPool, type Blocks, type ResidualArrays } from './residual-blocks.ts'

export const pathCount = 200
/** Number of a series' residuals at which its own blocks and those of its bin are drawn equally often. */
const binResidualWeight = 60

export interface PathSource {
  readonly grid: ResidualArrays
  readonly blocks: Blocks
  readonly pools: readonly BlockPool[]
  readonly bins: Int16Array
}

export interface BreachSimulation {
  /** Share of paths with a value above the threshold. */
  readonly raw: number
  /** Per step the share of paths that have exceeded it so far. */
  readonly rawByStep: Float64Array
  /** Median step of the first breach among breaching paths; -1 if none breaches. */
  readonly medianFirstBreach: number
}

/** Seed of a series: a hash (FNV-1a, 32 bits) of run seed and identity, independent of order and threads. */
export const seedOf = (runSeed: number, serverId: string, metric: string): number => {
  let hash = 0x811c9dc5
  for (const character of `${runSeed}\u0000${serverId}\u0000${metric}`) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  }
  return hash | 0
}

/**
 * Draws the paths of one series, each up to its first breach. `forecast` has one value per step of the horizon. If there are no
 * residuals at all, the forecast is the only path.
 */
export const simulateBreaches = (
  source: PathSource,
  series: number,
  forecast: Float64Array,
  threshold: number,
  seed: number,
): BreachSimulation => {
  const firstBreaches = new Uint32Array(forecast.length)
  const sampler = new PathSampler(source, series, forecast, seed)
  if (sampler.canExceed(threshold)) {
    for (let index = 0; index < pathCount; index++) {
      const first = sampler.firstAbove(threshold)
      if (first >= 0) firstBreaches[first]! += 1
    }
  }
  return summarizeBreaches(firstBreaches)
}

/** 95th percentile, over all paths, of each path's P95 (linear interpolation). */
export const conservativeP95 = (source: PathSource, series: number, forecast: Float64Array, seed: number): number => {
  const sampler = new PathSampler(source, series, forecast, seed)
  return percentileOf(Float64Array.from({ length: pathCount }, () => sampler.p95()).sort(), 0.95)
}

/** Draws path after path: the forecast plus residual blocks, each from the series itself with probability n / (n + 60). */
class PathSampler {
  readonly #source: PathSource
  readonly #series: number
  readonly #forecast: Float64Array
  /** By step: the highest forecast over the length of the longest block from there on. */
  readonly #windowMaxima: Float64Array
  readonly #pool: BlockPool | undefined
  /** An own block is drawn if 32 random bits are below this. */
  readonly #seriesLimit: number
  readonly #random: ReturnType<typeof xoroshiro128plus>
  /** The current block: index of its first residual (-1 without residuals) and its length. */
  #blockIndex = -1
  #blockLength = 0

  constructor(source: PathSource, series: number, forecast: Float64Array, seed: number) {
    const { blocks, pools, bins } = source
    this.#source = source
    this.#series = series
    this.#forecast = forecast
    const pool = bins[series]! < 0 ? undefined : pools[bins[series]!]
    this.#pool = pool === undefined || pool.size === 0 ? undefined : pool
    const seriesShare = this.#pool === undefined ? 1 : blocks.counts[series]! / (blocks.counts[series]! + binResidualWeight)
    this.#seriesLimit = blocks.sizes[series] === 0 ? 0 : seriesShare * 0x1_0000_0000
    this.#random = xoroshiro128plus(seed)
    this.#windowMaxima = windowMaximaOf(forecast, blocks.maxBlockLength)
  }

  /** Whether the highest forecast plus the largest residual exceeds the threshold. */
  canExceed(threshold: number): boolean {
    const { maxResidual: largest } = this.#source.blocks
    const maxLift = Math.max(0, largest[this.#series]!, this.#pool?.maxResidual ?? 0)
    return this.#forecast.some((value) => value + maxLift > threshold)
  }

  /** Step at which the next path first exceeds the threshold, or -1. */
  firstAbove(threshold: number): number {
    const forecast = this.#forecast
    const windowMaxima = this.#windowMaxima
    const { residuals } = this.#source.grid
    const { blockMaxima } = this.#source.blocks
    const steps = forecast.length
    for (let step = 0; step < steps;) {
      this.#drawBlock(steps - step)
      let slot = this.#blockIndex
      const end = step + this.#blockLength
      // Most blocks cannot reach the threshold: skip their sums.
      if (slot >= 0 && windowMaxima[step]! + blockMaxima[slot]! <= threshold) {
        step = end
        continue
      }
      for (; step < end; step++) {
        if ((slot < 0 ? forecast[step]! : forecast[step]! + residuals[slot++]!) > threshold) return step
      }
    }
    return -1
  }

  /** The continuous 95th percentile of the next path. */
  p95(): number {
    const forecast = this.#forecast
    const { residuals } = this.#source.grid
    const steps = forecast.length
    const position = 0.95 * (steps - 1)
    // The percentile lies between the two smallest of the path's largest values, as many as this array holds.
    const largest = new Float64Array(steps - Math.floor(position)).fill(Number.NEGATIVE_INFINITY)
    let minLargest = Number.NEGATIVE_INFINITY
    for (let step = 0; step < steps;) {
      this.#drawBlock(steps - step)
      let slot = this.#blockIndex
      const end = step + this.#blockLength
      for (; step < end; step++) {
        const value = slot < 0 ? forecast[step]! : forecast[step]! + residuals[slot++]!
        if (value > minLargest) minLargest = insertLargest(largest, value)
      }
    }
    const [low, high] = [largest[0]!, largest[1]]
    return high === undefined ? low : low + (position - Math.floor(position)) * (high - low)
  }

  #drawBlock(maxSteps: number): void {
    const { blocks } = this.#source
    const isFromSeries = this.#random.next() >>> 0 < this.#seriesLimit
    const pool = this.#pool
    this.#blockIndex = -1
    this.#blockLength = maxSteps
    if (!isFromSeries && pool === undefined) return
    const share = (this.#random.next() >>> 0) / 0x1_0000_0000
    let series = this.#series
    let number = 0
    if (isFromSeries || pool === undefined) {
      number = Math.floor(share * blocks.sizes[series]!)
    } else {
      number = Math.floor(share * pool.size)
      const member = memberOfBlock(pool, number)
      series = pool.members[member]!
      number -= member === 0 ? 0 : pool.memberEnds[member - 1]!
    }
    this.#blockIndex = blockStart(blocks, series, number)
    this.#blockLength = Math.min(blocks.lengths[series]!, maxSteps)
  }
}

const windowMaximaOf = (forecast: Float64Array, width: number): Float64Array =>
  forecast.map((_, step) => {
    let windowMax = forecast[step]!
    for (let next = step + 1; next < Math.min(step + width, forecast.length); next++) windowMax = Math.max(windowMax, forecast[next]!)
    return windowMax
  })

/** Inserts a value into ascending ones and drops the smallest; returns the new smallest. */
const insertLargest = (largest: Float64Array, value: number): number => {
  let slot = 0
  while (slot + 1 < largest.length && largest[slot + 1]! < value) {
    largest[slot] = largest[slot + 1]!
    slot++
  }
  largest[slot] = value
  return largest[0]!
}

const summarizeBreaches = (firstBreaches: Uint32Array): BreachSimulation => {
  const rawByStep = new Float64Array(firstBreaches.length)
  let breaching = 0
  firstBreaches.forEach((paths, step) => {
    breaching += paths
    rawByStep[step] = breaching / pathCount
  })
  const half = breaching / 2
  const medianFirstBreach = breaching === 0 ? -1 : rawByStep.findIndex((share) => share * pathCount >= half)
  return { raw: breaching / pathCount, rawByStep, medianFirstBreach }
}

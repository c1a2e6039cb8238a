// Backtest residuals as runs of consecutive steps, and the start times that the blocks of all series share.

/** Runs of series s: offsets[s]..offsets[s + 1], in order of time. A run has no gap. */
export interface ResidualRuns {
  /** actual - predicted in the metric's unit, single precision. */
  readonly residuals: Float32Array
  readonly offsets: Uint32Array
  /** Step of a run's first residual, counted from the origin of the backtests. */
  readonly steps: Int32Array
  /** Index of a run's first residual in `residuals`. */
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}

/** Per series: number of residuals, their mean, its absolute counterpart (both NaN without any) and the length of the longest run. */
export interface RunFigures {
  readonly counts: Uint32Array
  readonly means: Float64Array
  readonly meanAbsolute: Float64Array
  readonly longest: Uint32Array
}

/** Steps `from`..`to`, both included. */
export interface StepRange {
  readonly from: number
  readonly to: number
}

/** The same residuals without those of a window. */
export const withoutSteps = (runs: ResidualRuns, { from, to }: StepRange): ResidualRuns => {
  const offsets = new Uint32Array(runs.offsets.length)
  const steps: number[] = []
  const starts: number[] = []
  const lengths: number[] = []
  for (let s = 0; s + 1 < runs.offsets.length; s++) {
    for (let run = runs.offsets[s]!; run < runs.offsets[s + 1]!; run++) {
      const [step, start, length] = [runs.steps[run]!, runs.starts[run]!, runs.lengths[run]!]
      const before = Math.min(Math.max(from - step, 0), length)
      const after = Math.min(Math.max(step + length - 1 - to, 0), length)
      if (before > 0) {
        steps.push(step)
        starts.push(start)
        lengths.push(before)
      }
      if (after > 0 && before < length) {
        steps.push(step + length - after)
        starts.push(start + length - after)
        lengths.push(after)
      }
    }
    offsets[s + 1] = steps.length
  }
  return {
    residuals: runs.residuals,
    offsets,
    steps: Int32Array.from(steps),
    starts: Uint32Array.from(starts),
    lengths: Uint32Array.from(lengths),
  }
}

/** `shifts`: added to each residual of a series. */
export const measureRuns = ({ residuals, offsets, starts, lengths }: ResidualRuns, shifts?: Float64Array): RunFigures => {
  const series = offsets.length - 1
  const [counts, longest] = [new Uint32Array(series), new Uint32Array(series)]
  const [means, meanAbsolute] = [new Float64Array(series), new Float64Array(series)]
  for (let s = 0; s < series; s++) {
    const shift = shifts === undefined ? 0 : shifts[s]!
    let [sum, absolute] = [0, 0]
    for (let run = offsets[s]!; run < offsets[s + 1]!; run++) {
      const [start, length] = [starts[run]!, lengths[run]!]
      for (let index = start; index < start + length; index++) {
        const residual = residuals[index]! + shift
        sum += residual
        absolute += Math.abs(residual)
      }
      counts[s]! += length
      longest[s] = Math.max(longest[s]!, length)
    }
    means[s] = sum / counts[s]!
    meanAbsolute[s] = absolute / counts[s]!
  }
  return { counts, means, meanAbsolute, longest }
}

/** Mean of the last `count` residuals of a series before step `before`, gaps or not; NaN where there are fewer. */
export const latestMean = (
  { residuals, offsets, steps, starts, lengths }: ResidualRuns,
  s: number,
  count: number,
  before: number,
): number => {
  let end = -1
  for (let run = offsets[s]!; run < offsets[s + 1]!; run++) if (steps[run]! < before) end = starts[run]! + lengths[run]!
  return end < 0 || end - count < starts[offsets[s]!]! ? Number.NaN : meanOf(residuals, end - count, end)
}

/** Mean of the `count` residuals before `index` in the run that holds index `within`; NaN where the run begins later. */
export const meanBefore = (
  { residuals, offsets, starts, lengths }: ResidualRuns,
  s: number,
  index: number,
  count: number,
  within: number,
): number => {
  for (let run = offsets[s]!; run < offsets[s + 1]!; run++) {
    const start = starts[run]!
    if (within < start || within >= start + lengths[run]!) continue
    return meanWithin(residuals, start, index, count)
  }
  return Number.NaN
}

/** The same for a run that begins at `start`. */
export const meanWithin = (residuals: Float32Array, start: number, index: number, count: number): number =>
  index - count < start ? Number.NaN : meanOf(residuals, index - count, index)

const meanOf = (values: Float32Array, from: number, to: number): number => {
  let sum = 0
  for (let index = from; index < to; index++) sum += values[index]!
  return sum / (to - from)
}

/**
 * Index in `residuals` of the block of `length` steps of a series that starts at `step`. A series without that block gives the one that starts
 * nearest, at the same position in the cycle if it can (`cycles`: steps of a cycle, the most telling first). -1 if no run is as long.
 */
export const findBlock = (runs: ResidualRuns, s: number, length: number, step: number, cycles: readonly number[]): number => {
  const { offsets, steps, starts, lengths } = runs
  for (let run = offsets[s]!; run < offsets[s + 1]!; run++) {
    const within = step - steps[run]!
    if (within >= 0 && within + length <= lengths[run]!) return starts[run]! + within
  }
  for (const cycle of [...cycles, 1]) {
    let nearest = -1
    let distance = Number.POSITIVE_INFINITY
    for (let run = offsets[s]!; run < offsets[s + 1]!; run++) {
      const spare = lengths[run]! - length
      if (spare < 0) continue
      const [first, last] = [steps[run]!, steps[run]! + spare]
      const candidate =
        step < first ? step + cycle * Math.ceil((first - step) / cycle) : step - cycle * Math.ceil(Math.max(step - last, 0) / cycle)
      if (candidate < first || candidate > last || Math.abs(candidate - step) >= distance) continue
      distance = Math.abs(candidate - step)
      nearest = starts[run]! + candidate - first
    }
    if (nearest >= 0) return nearest
  }
  return -1
}

/** How many series have a residual at each step from `first` on: from it the start times of blocks are drawn. */
export interface StepCounts {
  readonly first: number
  readonly series: Uint32Array
}

export interface CoverageChanges {
  readonly steps: Int32Array
  readonly changes: Int32Array
}

/** Counts the series at each step. */
export class StepCoverage {
  readonly #changes = new Map<number, number>()
  #counts: StepCounts | undefined

  add(step: number, length: number): void {
    this.#change(step, 1)
    this.#change(step + length, -1)
  }

  /** Changes of the count at steps, in any order. */
  changes(): CoverageChanges {
    return { steps: Int32Array.from(this.#changes.keys()), changes: Int32Array.from(this.#changes.values()) }
  }

  /** Adds what was counted elsewhere. */
  addChanges({ steps, changes }: CoverageChanges): void {
    for (let index = 0; index < steps.length; index++) this.#change(steps[index]!, changes[index]!)
  }

  #change(step: number, by: number): void {
    this.#changes.set(step, (this.#changes.get(step) ?? 0) + by)
  }

  counts(): StepCounts {
    if (this.#counts !== undefined) return this.#counts
    const steps = [...this.#changes.keys()].sort((a, b) => a - b)
    const first = steps[0] ?? 0
    const series = new Uint32Array(steps.length === 0 ? 0 : steps.at(-1)! - first)
    let covered = 0
    steps.forEach((step, index) => {
      covered += this.#changes.get(step)!
      series.fill(covered, step - first, (steps[index + 1] ?? step) - first)
    })
    return (this.#counts = { first, series })
  }
}

/** Blocks of a path whose start times are remembered. */
const rememberedBlocks = 64

interface Starts {
  readonly steps: Int32Array
  readonly cumulative: Float64Array
  /** Start of each path's blocks; unset until it is asked for. */
  readonly drawn: Int32Array
}

const unset = -0x8000_0000

/**
 * Start times of the blocks of each path, the same for all series, so that what struck them together stays together. Each time is drawn as
 * often as series cover it; blocks that touch `excluded` are not drawn.
 */
export class StartTimes {
  readonly #coverage: StepCounts
  readonly #paths: number
  readonly #seed: number
  readonly #excluded: StepRange | undefined
  readonly #byLength = new Map<number, Starts>()
  /** Of the length that was asked for last: most blocks have one of two. */
  #lastLength = -1
  #lastStarts: Starts = { steps: new Int32Array(0), cumulative: new Float64Array(0), drawn: new Int32Array(0) }

  constructor(coverage: StepCounts, paths: number, seed: number, excluded?: StepRange) {
    this.#coverage = coverage
    this.#paths = paths
    this.#seed = seed
    this.#excluded = excluded
  }

  /** -1 if no series has a block of that length. */
  of(length: number, path: number, block: number): number {
    if (length !== this.#lastLength) {
      this.#lastStarts = this.#starts(length)
      this.#lastLength = length
    }
    const starts = this.#lastStarts
    if (block >= rememberedBlocks) return startAt(starts, sharedDraw(this.#seed, path, block))
    const slot = path * rememberedBlocks + block
    const drawn = starts.drawn[slot]!
    return drawn === unset ? (starts.drawn[slot] = startAt(starts, sharedDraw(this.#seed, path, block))) : drawn
  }

  #starts(length: number): Starts {
    const known = this.#byLength.get(length)
    if (known !== undefined) return known
    const { first, series } = this.#coverage
    const steps: number[] = []
    const cumulative: number[] = []
    let sum = 0
    for (let index = 0; index + length <= series.length; index++) {
      const weight = Math.min(series[index]!, series[index + length - 1]!)
      const step = first + index
      const isExcluded = this.#excluded !== undefined && step <= this.#excluded.to && step + length > this.#excluded.from
      if (weight === 0 || isExcluded) continue
      sum += weight
      steps.push(step)
      cumulative.push(sum)
    }
    const starts = {
      steps: Int32Array.from(steps),
      cumulative: Float64Array.from(cumulative),
      drawn: new Int32Array(this.#paths * rememberedBlocks).fill(unset),
    }
    this.#byLength.set(length, starts)
    return starts
  }
}

/** `share`: 0..1. */
const startAt = ({ steps, cumulative }: Starts, share: number): number => {
  if (steps.length === 0) return -1
  const wanted = share * cumulative.at(-1)!
  let [low, high] = [0, steps.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle]! > wanted) high = middle
    else low = middle + 1
  }
  return steps[low]!
}

/** 0..1 from seed, path and number of the block. */
export const sharedDraw = (seed: number, path: number, block: number): number => {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(path + 1, 0xc2b2ae35) ^ Math.imul(block + 1, 0x27d4eb2f)
  for (const multiplier of [0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]) hash = Math.imul(hash ^ (hash >>> 15), multiplier)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}

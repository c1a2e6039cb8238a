// Blocks of contiguous backtest residuals for the block bootstrap; no block crosses a gap in time.

/** Residuals of series s begin at starts[s], in order of time, with NaN between two that are not one step apart. */
export interface ResidualArrays {
  readonly starts: Uint32Array
  /** actual - predicted, in the metric's unit. */
  readonly residuals: Float32Array | Float64Array
}

/**
 * The blocks of each series: indexes at which one may start, as runs of consecutive indexes. Series s has the runs
 * ranges[s]..ranges[s + 1], and its blocks are numbered from 0 across them.
 */
export interface Blocks {
  readonly ranges: Uint32Array
  readonly runStarts: Uint32Array
  /** Blocks of the run's series up to and including this run. */
  readonly runEnds: Uint32Array
  /** Blocks of each series. */
  readonly sizes: Uint32Array
  /** Block length of each series in steps; 0 for a series without residuals. */
  readonly lengths: Uint16Array
  /** Residuals of each series. */
  readonly counts: Uint32Array
  /** Largest residual of each series; -Infinity without residuals. */
  readonly maxResidual: Float64Array
  /** By index: the largest residual of the block that starts there; -Infinity if none does. */
  readonly blockMaxima: Float32Array
  /** Length of the longest block. */
  readonly maxBlockLength: number
}

/**
 * Blocks of min(maxBlockLength, n) steps; if gaps make this impossible, as long as the longest contiguous run.
 * Series s is read up to `ends[s]`: the hold-out follows.
 */
export const findBlocks = ({ starts, residuals }: ResidualArrays, ends: Uint32Array, maxBlockLength: number): Blocks => {
  const series = starts.length
  const lengths = new Uint16Array(series)
  const counts = new Uint32Array(series)
  const sizes = new Uint32Array(series)
  const maxResidual = new Float64Array(series).fill(Number.NEGATIVE_INFINITY)
  const ranges = new Uint32Array(series + 1)
  const blockMaxima = new Float32Array(residuals.length).fill(Number.NEGATIVE_INFINITY)
  const runStarts: number[] = []
  const runEnds: number[] = []
  for (let s = 0; s < series; s++) {
    ranges[s] = runStarts.length
    const contiguousRuns = findContiguousRuns(residuals, starts[s]!, ends[s]!)
    const length = Math.min(
      maxBlockLength,
      contiguousRuns.reduce((maximum, contiguousRun) => Math.max(maximum, contiguousRun.end - contiguousRun.from), 0),
    )
    lengths[s] = length
    for (const { from, end } of contiguousRuns) {
      counts[s]! += end - from
      for (let position = from; position < end; position++)
        if (residuals[position]! > maxResidual[s]!) maxResidual[s] = residuals[position]!
      if (end - from < length) continue
      sizes[s]! += end - from - length + 1
      runStarts.push(from)
      runEnds.push(sizes[s]!)
      computeBlockMaxima(residuals, from, end, length, blockMaxima)
    }
  }
  ranges[series] = runStarts.length
  return {
    ranges,
    runStarts: Uint32Array.from(runStarts),
    runEnds: Uint32Array.from(runEnds),
    sizes,
    lengths,
    counts,
    maxResidual,
    blockMaxima,
    maxBlockLength,
  }
}

const findContiguousRuns = (residuals: ResidualArrays['residuals'], from: number, end: number): { from: number; end: number }[] => {
  const contiguousRuns: { from: number; end: number }[] = []
  let start = from
  for (let position = from; position <= end; position++) {
    if (position < end && !Number.isNaN(residuals[position]!)) continue
    if (position > start) contiguousRuns.push({ from: start, end: position })
    start = position + 1
  }
  return contiguousRuns
}

const computeBlockMaxima = (
  residuals: ResidualArrays['residuals'],
  from: number,
  end: number,
  length: number,
  blockMaxima: Float32Array,
): void => {
  for (let start = from; start + length <= end; start++) {
    let runningMax = residuals[start]!
    for (let position = start + 1; position < start + length; position++)
      if (residuals[position]! > runningMax) runningMax = residuals[position]!
    blockMaxima[start] = runningMax
  }
}

/** Index at which block `number` of a series starts. */
export const blockStart = ({ ranges, runStarts, runEnds }: Blocks, series: number, number: number): number => {
  let low = ranges[series]!
  let high = ranges[series + 1]! - 1
  const first = low
  while (low < high) {
    const middle = (low + high) >> 1
    if (runEnds[middle]! > number) high = middle
    else low = middle + 1
  }
  return runStarts[low]! + number - (low === first ? 0 : runEnds[low - 1]!)
}

/** The blocks of all series of a bin, numbered from 0 across its members. */
export interface BlockPool {
  readonly members: Uint32Array
  /** Blocks of the members up to and including this one. */
  readonly memberEnds: Uint32Array
  readonly size: number
  /** Their largest residual; -Infinity without residuals. */
  readonly maxResidual: number
}

/** One pool per bin; `bins[s]` is the bin of series s, or -1. */
export const poolBlocks = ({ sizes, maxResidual }: Blocks, bins: Int16Array, binCount: number): BlockPool[] => {
  const membersOf = Array.from({ length: binCount }, (): number[] => [])
  bins.forEach((bin, s) => {
    if (bin >= 0 && sizes[s]! > 0) membersOf[bin]!.push(s)
  })
  return membersOf.map((members) => {
    let size = 0
    const memberEnds = Uint32Array.from(members, (s) => (size += sizes[s]!))
    const maximum = members.reduce((runningMax, s) => Math.max(runningMax, maxResidual[s]!), Number.NEGATIVE_INFINITY)
    return { members: Uint32Array.from(members), memberEnds, size, maxResidual: maximum }
  })
}

/** Index of the member that block `number` of a pool belongs to. */
export const memberOfBlock = ({ memberEnds }: BlockPool, number: number): number => {
  let low = 0
  let high = memberEnds.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (memberEnds[middle]! > number) high = middle
    else low = middle + 1
  }
  return low
}

/** Bins of equal count by `key` ascending, ties in the order of the series; -1 for series with NaN. */
export const equalCountBins = (key: Float64Array, binCount: number): Int16Array => {
  const definedIndices = Uint32Array.from(key.keys()).filter((s) => !Number.isNaN(key[s]!))
  definedIndices.sort((a, b) => key[a]! - key[b]! || a - b)
  const bins = new Int16Array(key.length).fill(-1)
  definedIndices.forEach((s, rank) => (bins[s] = Math.floor((rank * binCount) / definedIndices.length)))
  return bins
}

// Backtest residuals of many series on a grid of time steps, and the places where a block of them can be cut without crossing a gap.

/** Residuals of series s begin at froms[s], one per step of time in order, NaN between two that are not one step apart. */
export interface ResidualGrid {
  readonly froms: Uint32Array
  /** actual - predicted, in the metric's unit. */
  readonly residuals: Float32Array | Float64Array
}

/** Where blocks may start: series s has starts[ranges[s]]..starts[ranges[s + 1]], each with room for `lengths[s]` steps. */
export interface BlockStarts {
  readonly ranges: Uint32Array
  readonly starts: Uint32Array
  /** Block length of each series in steps; 0 for a series without residuals. */
  readonly lengths: Uint16Array
  /** Residuals of each series. */
  readonly counts: Uint32Array
  /** Greatest residual of each series; -Infinity without any. */
  readonly greatest: Float64Array
}

/**
 * Blocks of min(longest, n) steps; where gaps leave no room for that, as long as the longest unbroken run.
 * `ends[s]` limits series s to grid places below it (the held-back part of a backtest lies behind).
 */
export const findBlockStarts = ({ froms, residuals }: ResidualGrid, ends: Uint32Array, longest: number): BlockStarts => {
  const series = froms.length
  const lengths = new Uint16Array(series)
  const counts = new Uint32Array(series)
  const greatest = new Float64Array(series).fill(Number.NEGATIVE_INFINITY)
  for (let s = 0; s < series; s++) {
    let run = 0
    let longestRun = 0
    let most = Number.NEGATIVE_INFINITY
    for (let place = froms[s]!; place < ends[s]!; place++) {
      const residual = residuals[place]!
      run = Number.isNaN(residual) ? 0 : run + 1
      if (run > 0) counts[s]! += 1
      if (run > longestRun) longestRun = run
      if (residual > most) most = residual
    }
    lengths[s] = Math.min(longest, longestRun)
    greatest[s] = most
  }
  const ranges = new Uint32Array(series + 1)
  const starts = new Uint32Array(residuals.length)
  let found = 0
  for (let s = 0; s < series; s++) {
    ranges[s] = found
    const length = lengths[s]!
    let run = 0
    for (let place = froms[s]!; place < ends[s]!; place++) {
      run = Number.isNaN(residuals[place]!) ? 0 : run + 1
      if (run >= length && length > 0) starts[found++] = place - length + 1
    }
  }
  ranges[series] = found
  return { ranges, starts: starts.slice(0, found), lengths, counts, greatest }
}

/** The blocks of all series of a bin in one list. */
export interface BlockPool {
  readonly starts: Uint32Array
  readonly lengths: Uint16Array
  /** Greatest residual in them; -Infinity without any. */
  readonly greatest: number
}

/** One pool per bin; `bins[s]` is the bin of series s, or -1. */
export const poolBlocks = ({ ranges, starts, lengths, greatest }: BlockStarts, bins: Int16Array, binCount: number): BlockPool[] => {
  const sizes = new Uint32Array(binCount)
  const most = new Float64Array(binCount).fill(Number.NEGATIVE_INFINITY)
  bins.forEach((bin, s) => {
    if (bin < 0) return
    sizes[bin]! += ranges[s + 1]! - ranges[s]!
    most[bin] = Math.max(most[bin]!, greatest[s]!)
  })
  const pools = Array.from(sizes, (size, bin) => ({ starts: new Uint32Array(size), lengths: new Uint16Array(size), greatest: most[bin]! }))
  const filled = new Uint32Array(binCount)
  bins.forEach((bin, s) => {
    if (bin < 0) return
    const own = starts.subarray(ranges[s], ranges[s + 1])
    pools[bin]!.starts.set(own, filled[bin])
    pools[bin]!.lengths.fill(lengths[s]!, filled[bin], filled[bin]! + own.length)
    filled[bin]! += own.length
  })
  return pools
}

/** Bins of equal count by `key` ascending, ties in the order of the series; -1 for series with NaN. */
export const equalCountBins = (key: Float64Array, binCount: number): Int16Array => {
  const known = Uint32Array.from(key.keys()).filter((s) => !Number.isNaN(key[s]!))
  known.sort((a, b) => key[a]! - key[b]! || a - b)
  const bins = new Int16Array(key.length).fill(-1)
  known.forEach((s, rank) => (bins[s] = Math.floor((rank * binCount) / known.length)))
  return bins
}

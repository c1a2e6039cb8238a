// Backtest residuals of many series on a grid of time steps, and the places where a block of them can be cut without crossing a gap.

/** Residuals of series s lie at offsets[s]..offsets[s + 1], one per step of time, NaN where there is none. */
export interface ResidualGrid {
  readonly offsets: Uint32Array
  /** actual - predicted, in the metric's unit. */
  readonly residuals: Float64Array
}

/** Where blocks may start: series s has starts[ranges[s]]..starts[ranges[s + 1]], each with room for `lengths[s]` steps. */
export interface BlockStarts {
  readonly ranges: Uint32Array
  readonly starts: Uint32Array
  /** Block length of each series in steps; 0 for a series without residuals. */
  readonly lengths: Uint16Array
  /** Residuals of each series. */
  readonly counts: Uint32Array
}

/**
 * Blocks of min(longest, n) steps; where gaps leave no room for that, as long as the longest unbroken run.
 * `ends[s]` limits series s to grid places below it (the held-back part of a backtest lies behind).
 */
export const findBlockStarts = ({ offsets, residuals }: ResidualGrid, ends: Uint32Array, longest: number): BlockStarts => {
  const series = offsets.length - 1
  const lengths = new Uint16Array(series)
  const counts = new Uint32Array(series)
  for (let s = 0; s < series; s++) {
    let run = 0
    let longestRun = 0
    for (let place = offsets[s]!; place < ends[s]!; place++) {
      run = Number.isNaN(residuals[place]!) ? 0 : run + 1
      if (run > 0) counts[s]! += 1
      if (run > longestRun) longestRun = run
    }
    lengths[s] = Math.min(longest, longestRun)
  }
  const ranges = new Uint32Array(series + 1)
  const starts = new Uint32Array(residuals.length)
  let found = 0
  for (let s = 0; s < series; s++) {
    ranges[s] = found
    let run = 0
    for (let place = offsets[s]!; place < ends[s]!; place++) {
      run = Number.isNaN(residuals[place]!) ? 0 : run + 1
      if (run >= lengths[s]! && lengths[s]! > 0) starts[found++] = place - lengths[s]! + 1
    }
  }
  ranges[series] = found
  return { ranges, starts: starts.slice(0, found), lengths, counts }
}

/** The blocks of all series of a bin in one list. */
export interface BlockPool {
  readonly starts: Uint32Array
  readonly lengths: Uint16Array
}

/** One pool per bin; `bins[s]` is the bin of series s, or -1. */
export const poolBlocks = ({ ranges, starts, lengths }: BlockStarts, bins: Int16Array, binCount: number): BlockPool[] => {
  const sizes = new Uint32Array(binCount)
  bins.forEach((bin, s) => {
    if (bin >= 0) sizes[bin]! += ranges[s + 1]! - ranges[s]!
  })
  const pools = Array.from(sizes, (size) => ({ starts: new Uint32Array(size), lengths: new Uint16Array(size) }))
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

// Percentiles by linear interpolation between neighbours, as DuckDB's quantile_cont.

/** `share` 0..1 of ascending values, of which there is at least one. */
export const percentileOf = (ascending: Float64Array, share: number): number => {
  const position = share * (ascending.length - 1)
  const low = Math.floor(position)
  const high = Math.min(low + 1, ascending.length - 1)
  return ascending[low]! + (position - low) * (ascending[high]! - ascending[low]!)
}

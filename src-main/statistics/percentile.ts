// Percentiles of sorted values by linear interpolation between ranks.

/** `share`: 0..1. `ascending` holds at least one value. */
export const percentileOf = (ascending: Float64Array, share: number): number => {
  const position = share * (ascending.length - 1)
  const low = Math.floor(position)
  const high = Math.min(low + 1, ascending.length - 1)
  return ascending[low]! + (position - low) * (ascending[high]! - ascending[low]!)
}

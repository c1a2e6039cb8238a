// Sum, maximum, and percentiles by linear interpolation between ranks: of sorted values, and of a series whose indexes are sorted by value.

/** `share`: 0..1. `ascending` holds at least one value. */
export const percentileOf = (ascending: Float64Array, share: number): number => {
  const position = share * (ascending.length - 1)
  const low = Math.floor(position)
  const high = Math.min(low + 1, ascending.length - 1)
  return ascending[low]! + (position - low) * (ascending[high]! - ascending[low]!)
}

/** Added in their order. */
export const sumOf = (values: Float64Array): number => {
  let sum = 0
  // By index, as in `maximumOf`.
  for (let index = 0; index < values.length; index++) sum += values[index]!
  return sum
}

/** -Infinity without values. */
export const maximumOf = (values: Float64Array): number => {
  let maximum = Number.NEGATIVE_INFINITY
  // By index: an iterator would take several times as long.
  for (let index = 0; index < values.length; index++) if (values[index]! > maximum) maximum = values[index]!
  return maximum
}

/** Indexes within a series, or numbers of periods. */
export type IndexArray = Uint16Array | Uint32Array

export const createIndexArray = (length: number, maxValue: number): IndexArray =>
  maxValue < 0x10000 ? new Uint16Array(length) : new Uint32Array(length)

const insertionSortLength = 16

/**
 * Sorts the indexes order[from, from + count) by values[from + index], ascending. Runs that are in order cost one comparison, so
 * that a series with few changes is sorted again quickly.
 */
export const sortIndexesByValue = (values: Float64Array, from: number, count: number, order: IndexArray, scratch: IndexArray): void => {
  const end = from + count
  for (let start = from; start < end; start += insertionSortLength)
    insertionSort(values, from, order, start, Math.min(start + insertionSortLength, end))
  for (let width = insertionSortLength; width < count; width *= 2) {
    for (let start = from; start + width < end; start += 2 * width) {
      merge(values, from, order, start, start + width, Math.min(start + 2 * width, end), scratch)
    }
  }
}

const insertionSort = (values: Float64Array, from: number, order: IndexArray, start: number, end: number): void => {
  for (let next = start + 1; next < end; next++) {
    const rankedIndex = order[next]!
    const value = values[from + rankedIndex]!
    let at = next - 1
    while (at >= start && values[from + order[at]!]! > value) {
      order[at + 1] = order[at]!
      at--
    }
    order[at + 1] = rankedIndex
  }
}

/** Merges order[start, middle) and order[middle, end). */
const merge = (
  values: Float64Array,
  from: number,
  order: IndexArray,
  start: number,
  middle: number,
  end: number,
  scratch: IndexArray,
): void => {
  if (values[from + order[middle - 1]!]! <= values[from + order[middle]!]!) return
  const left = middle - start
  for (let index = 0; index < left; index++) scratch[index] = order[start + index]!
  let a = 0
  let b = middle
  for (let at = start; a < left; at++) {
    const takeRight = b < end && values[from + order[b]!]! < values[from + scratch[a]!]!
    order[at] = takeRight ? order[b++]! : scratch[a++]!
  }
}

/**
 * Percentile 0..100 of the first `count` of a series' `length` values. It repeats the arithmetic of DuckDB's quantile_cont, because
 * what-if must equal the analysis to the last bit and `percentileOf` rounds differently.
 */
export const rankedPercentile = (
  values: Float64Array,
  order: IndexArray,
  from: number,
  length: number,
  count: number,
  percentile: number,
): number => {
  const rank = (count - 1) * (percentile / 100)
  const low = Math.floor(rank)
  const high = Math.ceil(rank)
  const lowAt = positionOfRank(order, from, length, count, low)
  const lower = values[from + order[lowAt]!]!
  if (high === low) return lower
  let highAt = lowAt + 1
  while (order[highAt]! >= count) highAt++
  const upper = values[from + order[highAt]!]!
  const share = rank - low
  return lower * (1 - share) + upper * share
}

/** Position in `order` of a rank, counting only indexes below `count`. It searches from the nearer end. */
const positionOfRank = (order: IndexArray, from: number, length: number, count: number, rank: number): number => {
  if (count === length) return from + rank
  if (rank * 2 < count) {
    for (let at = from, left = rank; ; at++) if (order[at]! < count && left-- === 0) return at
  }
  for (let at = from + length - 1, left = count - 1 - rank; ; at--) if (order[at]! < count && left-- === 0) return at
}

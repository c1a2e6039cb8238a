// One order statistic without sorting: Hoare's selection, and one of the greatest values in one pass.

/** The value of rank `rank`, counted from 0, ascending; reorders `values`. */
export const selectRank = (values: Float64Array, rank: number): number => {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const pivot = values[(low + high) >> 1]!
    let left = low
    let right = high
    while (left <= right) {
      while (values[left]! < pivot) left++
      while (values[right]! > pivot) right--
      if (left > right) break
      const swapped = values[left]!
      values[left++] = values[right]!
      values[right--] = swapped
    }
    if (rank <= right) high = right
    else if (rank >= left) low = left
    else break
  }
  return values[rank]!
}

/** The `count`-th greatest value, counted from 1; does not change `values`, which hold as many. */
export const selectGreatest = (values: Float64Array, count: number): number => {
  const held = new Float64Array(4 * count)
  let length = 0
  let least = Number.NEGATIVE_INFINITY
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (value <= least) continue
    held[length++] = value
    if (length < held.length) continue
    least = selectRank(held, length - count)
    held.copyWithin(0, length - count)
    length = count
  }
  return selectRank(held.subarray(0, length), length - count)
}

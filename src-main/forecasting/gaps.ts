// Gaps in a series, for models that need a value at every step.

/** From the first measured value on; every gap is a straight line between its ends, and the last value goes on to the end. */
export const fillGaps = (values: Float64Array): Float64Array => {
  const first = values.findIndex((value) => !Number.isNaN(value))
  const filled = values.slice(first === -1 ? values.length : first)
  let before = 0
  for (let index = 1; index < filled.length; index++) {
    if (Number.isNaN(filled[index]!)) continue
    const step = (filled[index]! - filled[before]!) / (index - before)
    for (let gap = before + 1; gap < index; gap++) filled[gap] = filled[before]! + step * (gap - before)
    before = index
  }
  return filled.fill(filled[before] ?? Number.NaN, before + 1)
}

// The mean of repeated observations of one effect, with how often it was seen and how sure that makes it.

export interface Effect {
  /** NULL where it was never seen. */
  readonly mean: number | null
  readonly count: number
  /** Sample standard deviation over the square root of the count; NULL below two. */
  readonly standardError: number | null
}

/** Over the values that are not NaN, in their order. */
export const estimateEffect = (values: Float64Array): Effect => {
  let count = 0
  let sum = 0
  for (const value of values) {
    if (Number.isNaN(value)) continue
    count += 1
    sum += value
  }
  if (count === 0) return { mean: null, count, standardError: null }
  const mean = sum / count
  if (count === 1) return { mean, count, standardError: null }
  let squares = 0
  for (const value of values) if (!Number.isNaN(value)) squares += (value - mean) ** 2
  return { mean, count, standardError: Math.sqrt(squares / (count - 1) / count) }
}

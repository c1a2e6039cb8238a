// A straight line by Huber's weights: points far from it count less (Huber 1964), with the standard error of its slope.
import { maximumOf } from './percentile.ts'
import { selectRank } from './select-rank.ts'

export interface RobustLine {
  readonly intercept: number
  readonly slope: number
  /** Of the slope, by the weighted residuals. */
  readonly standardError: number
}

/** With the sum of the weights, and that of the weighted squares of x around its mean. */
interface WeightedLine extends Omit<RobustLine, 'standardError'> {
  readonly total: number
  readonly squares: number
}

/** Of normal residuals: the median absolute deviation to the standard deviation; and Huber's limit for 95 % efficiency. */
const madToDeviation = 1.4826
const huberLimit = 1.345
const maxRounds = 50

/** Null with fewer than three points, or where all x are equal. */
export const fitRobustLine = (x: Float64Array, y: Float64Array): RobustLine | null => {
  const count = x.length
  if (count < 3 || x.every((value) => value === x[0])) return null
  const weights = new Float64Array(count).fill(1)
  const residuals = new Float64Array(count)
  const ranked = new Float64Array(count)
  const medianOfAbsolute = (values: Float64Array): number => {
    for (let index = 0; index < count; index++) ranked[index] = Math.abs(values[index]!)
    return medianOf(ranked)
  }
  const smallest = 1e-12 * medianOfAbsolute(y)
  let line = fitWeighted(x, y, weights)
  for (let round = 0; round < maxRounds; round++) {
    for (let index = 0; index < count; index++) residuals[index] = y[index]! - line.intercept - line.slope * x[index]!
    const deviation = madToDeviation * medianOfAbsolute(residuals)
    if (deviation <= smallest) break
    for (let index = 0; index < count; index++) weights[index] = Math.min(1, (huberLimit * deviation) / Math.abs(residuals[index]!))
    const next = fitWeighted(x, y, weights)
    const isSettled = Math.abs(next.slope - line.slope) <= 1e-12 * Math.abs(next.slope)
    line = next
    if (isSettled) break
  }
  const { intercept, slope } = line
  return { intercept, slope, standardError: standardErrorOf(x, y, weights, line) }
}

/** Reorders `values`. */
const medianOf = (values: Float64Array): number => {
  const middle = values.length >> 1
  const upper = selectRank(values, middle)
  if (values.length % 2 === 1) return upper
  // The selection leaves nothing greater before the middle.
  return (maximumOf(values.subarray(0, middle)) + upper) / 2
}

// By index: callbacks for each point of each round would take several times as long.
const fitWeighted = (x: Float64Array, y: Float64Array, weights: Float64Array): WeightedLine => {
  const count = x.length
  let [total, sumX, sumY] = [0, 0, 0]
  for (let index = 0; index < count; index++) {
    const weight = weights[index]!
    total += weight
    sumX += weight * x[index]!
    sumY += weight * y[index]!
  }
  const [meanX, meanY] = [sumX / total, sumY / total]
  let [squares, products] = [0, 0]
  for (let index = 0; index < count; index++) {
    const [weight, fromMean] = [weights[index]!, x[index]! - meanX]
    squares += weight * fromMean ** 2
    products += weight * fromMean * (y[index]! - meanY)
  }
  const slope = products / squares
  return { intercept: meanY - slope * meanX, slope, total, squares }
}

/** Of the slope that these weights gave. */
const standardErrorOf = (
  x: Float64Array,
  y: Float64Array,
  weights: Float64Array,
  { intercept, slope, total, squares }: WeightedLine,
): number => {
  let errors = 0
  for (let index = 0; index < x.length; index++) errors += weights[index]! * (y[index]! - intercept - slope * x[index]!) ** 2
  return Math.sqrt(errors / (total - 2) / squares)
}

/** Share of the variance of `y` that the line explains; below 0 where the mean would be nearer. */
export const explainedShare = (x: Float64Array, y: Float64Array, { intercept, slope }: RobustLine): number => {
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length
  let [errors, variance] = [0, 0]
  y.forEach((value, index) => {
    errors += (value - intercept - slope * x[index]!) ** 2
    variance += (value - mean) ** 2
  })
  return variance === 0 ? Number.NaN : 1 - errors / variance
}

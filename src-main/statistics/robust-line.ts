// A straight line by Huber's weights: points far from it count less (Huber 1964), with the standard error of its slope.

export interface RobustLine {
  readonly intercept: number
  readonly slope: number
  /** Of the slope, by the weighted residuals. */
  readonly standardError: number
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
  let line = fitWeighted(x, y, weights)
  for (let round = 0; round < maxRounds; round++) {
    const residuals = y.map((value, index) => value - line.intercept - line.slope * x[index]!)
    const deviation = madToDeviation * medianOf(residuals.map((residual) => Math.abs(residual)))
    if (deviation <= 1e-12 * medianOf(y.map((value) => Math.abs(value)))) break
    residuals.forEach((residual, index) => (weights[index] = Math.min(1, (huberLimit * deviation) / Math.abs(residual))))
    const next = fitWeighted(x, y, weights)
    const isSettled = Math.abs(next.slope - line.slope) <= 1e-12 * Math.abs(next.slope)
    line = next
    if (isSettled) break
  }
  return line
}

const medianOf = (values: Float64Array): number => {
  const sorted = values.slice().sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const fitWeighted = (x: Float64Array, y: Float64Array, weights: Float64Array): RobustLine => {
  let [total, sumX, sumY] = [0, 0, 0]
  weights.forEach((weight, index) => {
    total += weight
    sumX += weight * x[index]!
    sumY += weight * y[index]!
  })
  const [meanX, meanY] = [sumX / total, sumY / total]
  let [squares, products] = [0, 0]
  weights.forEach((weight, index) => {
    squares += weight * (x[index]! - meanX) ** 2
    products += weight * (x[index]! - meanX) * (y[index]! - meanY)
  })
  const slope = products / squares
  const intercept = meanY - slope * meanX
  let errors = 0
  weights.forEach((weight, index) => (errors += weight * (y[index]! - intercept - slope * x[index]!) ** 2))
  return { intercept, slope, standardError: Math.sqrt(errors / (total - 2) / squares) }
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

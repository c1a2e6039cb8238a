// theta: the Theta method on values without their weekly season (Assimakopoulos and Nikolopoulos 2000; Hyndman and Billah 2003).
import { fillGaps } from './gaps.ts'
import type { SeriesHistory } from './series-history.ts'

/** Weeks that the model is fitted to. */
const fittedSeasons = 52
/** Tried smoothing weights: 0.02, 0.04 ... 1. */
const weights = Array.from({ length: 50 }, (_, index) => (index + 1) / 50)

/** Gaps are filled by straight lines. The season is additive, and needs two whole weeks. */
export const theta = ({ calendar, values, from, origin }: SeriesHistory, horizon: number): Float64Array => {
  const { season, weekSlot } = calendar
  const measured = fillGaps(values.subarray(Math.max(from, origin - fittedSeasons * season), origin))
  const first = origin - measured.length
  const indices =
    measured.length < 2 * season ? new Float64Array(season) : seasonalIndices(measured, weekSlot.subarray(first, origin), season)
  const adjusted = measured.map((value, index) => value - indices[weekSlot[first + index]!]!)
  const ahead = thetaForecast(adjusted, bestWeight(adjusted), horizon)
  return ahead.map((value, index) => value + indices[weekSlot[origin + index]!]!)
}

/** Simple exponential smoothing with half of the least-squares slope as drift: the forecast of two theta lines with weights 0 and 2. */
export const thetaForecast = (values: Float64Array, weight: number, horizon: number): Float64Array => {
  const { length } = values
  const drift = leastSquaresSlope(values) / 2
  const { level } = smooth(values, weight)
  const bend = (1 - (1 - weight) ** length) / weight
  return Float64Array.from({ length: horizon }, (_, ahead) => level + drift * (ahead + bend))
}

/** The tried weight with the least sum of squared one-step errors; of equal ones the smallest. */
const bestWeight = (values: Float64Array): number => {
  let best = weights[0]!
  let least = Number.POSITIVE_INFINITY
  for (const weight of weights) {
    const { squaredErrors } = smooth(values, weight)
    if (squaredErrors < least) [best, least] = [weight, squaredErrors]
  }
  return best
}

/** Starts at the first value. */
const smooth = (values: Float64Array, weight: number): { level: number; squaredErrors: number } => {
  let level = values[0]!
  let squaredErrors = 0
  for (let index = 1; index < values.length; index++) {
    const error = values[index]! - level
    squaredErrors += error * error
    level += weight * error
  }
  return { level, squaredErrors }
}

const leastSquaresSlope = (values: Float64Array): number => {
  const middle = (values.length - 1) / 2
  let products = 0
  let squares = 0
  for (let index = 0; index < values.length; index++) {
    products += (index - middle) * values[index]!
    squares += (index - middle) ** 2
  }
  return squares === 0 ? 0 : products / squares
}

/**
 * Classical additive decomposition: by place in the week, the mean distance from the centred moving average, with mean 0. An even season
 * weighs the two ends of the average by half.
 */
export const seasonalIndices = (values: Float64Array, weekSlot: Uint8Array, season: number): Float64Array => {
  const half = Math.floor(season / 2)
  const isEven = season % 2 === 0
  const sums = new Float64Array(season)
  const counts = new Uint32Array(season)
  let window = 0
  for (let index = 0; index < Math.min(values.length, 2 * half + 1); index++) window += values[index]!
  for (let centre = half; centre + half < values.length; centre++) {
    const ends = isEven ? (values[centre - half]! + values[centre + half]!) / 2 : 0
    const slot = weekSlot[centre]!
    sums[slot] = sums[slot]! + values[centre]! - (window - ends) / season
    counts[slot] = counts[slot]! + 1
    window += (values[centre + half + 1] ?? 0) - values[centre - half]!
  }
  const means = sums.map((sum, slot) => (counts[slot] === 0 ? 0 : sum / counts[slot]!))
  const mean = means.reduce((sum, value) => sum + value, 0) / season
  return means.map((value) => value - mean)
}

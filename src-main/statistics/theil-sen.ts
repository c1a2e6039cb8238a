// Theil-Sen line: the median slope over all pairs of points, with Sen's interval by ranks (Sen 1968). It ignores up to 29 % of outliers.
import { normalQuantile } from './normal.ts'
import { maximumOf, percentileOf } from './percentile.ts'
import { selectRank } from './select-rank.ts'

/** Slopes between all pairs of points, ascending. `times` are distinct. */
export const pairSlopes = (times: ArrayLike<number>, values: ArrayLike<number>): Float64Array => unsortedSlopes(times, values).sort()

const unsortedSlopes = (times: ArrayLike<number>, values: ArrayLike<number>): Float64Array => {
  const slopes = new Float64Array((times.length * (times.length - 1)) / 2)
  let at = 0
  for (let later = 1; later < times.length; later++)
    for (let earlier = 0; earlier < later; earlier++) slopes[at++] = (values[later]! - values[earlier]!) / (times[later]! - times[earlier]!)
  return slopes
}

export interface TheilSenLine {
  readonly slope: number
  /** Limits of the slope's interval. */
  readonly low: number
  readonly high: number
}

/** At least two points. The interval leaves out as many slopes at each end as Kendall's statistic of unrelated values, with ties, would at `level`. */
export const fitTheilSen = (times: Float64Array, values: Float64Array, level: number): TheilSenLine => {
  const slopes = unsortedSlopes(times, values)
  const margin = normalQuantile((1 + level) / 2) * Math.sqrt(kendallVariance(values))
  const low = Math.max(0, Math.round((slopes.length - margin) / 2) - 1)
  const high = Math.min(slopes.length - 1, Math.round((slopes.length + margin) / 2))
  // Three ranks of some thousand slopes: sorting all would take several times as long.
  const middle = slopes.length >> 1
  const upper = selectRank(slopes, middle)
  const below = slopes.subarray(0, middle)
  const above = slopes.subarray(middle)
  const slope = slopes.length % 2 === 1 ? upper : maximumOf(below) + 0.5 * (upper - maximumOf(below))
  return {
    slope,
    low: low < middle ? selectRank(below, low) : selectRank(above, low - middle),
    high: high < middle ? selectRank(below, high) : selectRank(above, high - middle),
  }
}

/** Median over the points of the line with that slope at `time`. */
export const lineValueAt = (times: Float64Array, values: Float64Array, slope: number, time: number): number =>
  percentileOf(values.map((value, index) => value + slope * (time - times[index]!)).sort(), 0.5)

/** Of Kendall's S where values and times are unrelated; `times` are distinct. */
const kendallVariance = (values: Float64Array): number => {
  const term = (count: number): number => count * (count - 1) * (2 * count + 5)
  const sorted = values.slice().sort()
  let ties = 0
  for (let from = 0; from < sorted.length;) {
    let to = from
    while (to < sorted.length && sorted[to] === sorted[from]) to++
    ties += term(to - from)
    from = to
  }
  return (term(values.length) - ties) / 18
}

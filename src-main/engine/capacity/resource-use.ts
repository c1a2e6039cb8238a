// How much of a resource the paths of a series use: nearly all of their values, and the peak of each path.
import { selectGreatest } from '../../statistics/select-rank.ts'
import { pathCount } from '../breach/simulate-paths.ts'

/** Use of a resource over all times and paths, percent of the current size. */
export interface ResourceUse {
  /** 99.5 % quantile of all values. */
  readonly quantile: number
  /** Greatest value of each path. */
  readonly peaks: Float64Array
}

const quantileShare = 0.995
/** Of the values of a rightsized server that may lie above the limit. */
export const promisedShare = 1 - quantileShare

/** Does not change `values`. */
export const measureQuantile = (values: Float64Array): number =>
  selectGreatest(values, values.length - Math.ceil(quantileShare * (values.length - 1)))

/** Does not change `values`. */
export const measureResource = (values: Float64Array): ResourceUse => {
  const steps = values.length / pathCount
  const peaks = Float64Array.from({ length: pathCount }, (_, path) => {
    let peak = 0
    for (let index = path * steps; index < (path + 1) * steps; index++) peak = Math.max(peak, values[index]!)
    return peak
  })
  return { quantile: measureQuantile(values), peaks }
}

// Probabilities in a scenario: growth and thresholds applied to the moments of the run's simulated paths.
import { calibrate } from '../../statistics/beta-calibration.ts'
import type { StoredCalibrations } from '../run/stored-calibrations.ts'
import { exceedanceProbability, type SampleMoments } from '../../statistics/student-t4.ts'

/** Moments per series: P95, then peak; each mean and deviation over short blocks, then over long ones. */
export const momentsPerSeries = 8

/** What the run stored of its simulated paths. Arrays of series and servers share the indexes of WhatIfFleet. */
export interface StoredPaths extends StoredCalibrations {
  /** `momentsPerSeries` a series, in the metric's unit; NaN without paths. */
  readonly moments: Float64Array
  /** Median of the paths' P95, and its quantile that added capacity must carry; NaN without paths. */
  readonly medianP95s: Float64Array
  readonly sizingP95s: Float64Array
  /** By server: where its probability lies in the run between the maximum and the sum of its metrics'; NaN where the run does not say. */
  readonly jointShares: { readonly sustained: Float64Array; readonly any: Float64Array }
}

/** What probabilities of single series need. */
type PathMoments = Pick<StoredPaths, 'moments' | 'sustained' | 'any'>

export const hasPaths = ({ moments }: PathMoments, series: number): boolean => !Number.isNaN(moments[series * momentsPerSeries]!)

const halvesAt = (moments: Float64Array, at: number, growth: number): [SampleMoments, SampleMoments] => [
  { mean: moments[at]! * growth, deviation: moments[at + 1]! * growth },
  { mean: moments[at + 2]! * growth, deviation: moments[at + 3]! * growth },
]

/** Calibrated probability that the P95 of the grown paths lies above the threshold. */
export const sustainedProbability = ({ moments, sustained }: PathMoments, series: number, growth: number, threshold: number): number =>
  calibrate(sustained, exceedanceProbability(halvesAt(moments, series * momentsPerSeries, growth), threshold))

/** Calibrated probability that some value does. A sustained breach is one, whatever two separate curves say. */
export const anyProbability = (paths: PathMoments, series: number, growth: number, threshold: number, sustained: number): number => {
  const halves = halvesAt(paths.moments, series * momentsPerSeries + momentsPerSeries / 2, growth)
  return Math.max(calibrate(paths.any, exceedanceProbability(halves, threshold)), sustained)
}

/** The metrics of one server, one after the other. */
export class JointProbability {
  #max = 0
  #sum = 0
  #noneBreaches = 1
  #count = 0

  reset(): void {
    this.#max = 0
    this.#sum = 0
    this.#noneBreaches = 1
    this.#count = 0
  }

  add(probability: number): void {
    this.#max = Math.max(this.#max, probability)
    this.#sum += probability
    this.#noneBreaches *= 1 - probability
    this.#count++
  }

  /** Between the maximum and the sum by the given share; independent metrics where it is NaN. NaN without a metric. */
  joint(share: number): number {
    if (this.#count === 0) return Number.NaN
    if (this.#count === 1) return this.#max
    const width = Math.min(this.#sum, 1) - this.#max
    return Number.isNaN(share) ? 1 - this.#noneBreaches : this.#max + share * width
  }

  /** The share that gives a known probability; NaN where maximum and sum leave no room. */
  shareOf(probability: number): number {
    const width = Math.min(this.#sum, 1) - this.#max
    return this.#count < 2 || width < 1e-9 ? Number.NaN : Math.min(Math.max((probability - this.#max) / width, 0), 1)
  }
}

/** Probabilities of the run's servers, by server, and its thresholds, by series. */
export const findJointShares = (
  paths: PathMoments,
  runProbabilities: StoredPaths['jointShares'],
  firstSeries: Uint32Array,
  thresholds: Float64Array,
): StoredPaths['jointShares'] => {
  const [sustained, any] = [new JointProbability(), new JointProbability()]
  const shares = { sustained: runProbabilities.sustained.slice(), any: runProbabilities.any.slice() }
  for (let server = 0; server + 1 < firstSeries.length; server++) {
    // The probability of one metric is the server's.
    if (firstSeries[server + 1]! - firstSeries[server]! < 2) {
      shares.sustained[server] = Number.NaN
      shares.any[server] = Number.NaN
      continue
    }
    sustained.reset()
    any.reset()
    for (let series = firstSeries[server]!; series < firstSeries[server + 1]!; series++) {
      if (!hasPaths(paths, series)) continue
      const ofSeries = sustainedProbability(paths, series, 1, thresholds[series]!)
      sustained.add(ofSeries)
      any.add(anyProbability(paths, series, 1, thresholds[series]!, ofSeries))
    }
    shares.sustained[server] = sustained.shareOf(shares.sustained[server]!)
    shares.any[server] = any.shareOf(shares.any[server]!)
  }
  return shares
}

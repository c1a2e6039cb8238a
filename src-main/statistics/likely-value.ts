// The value that a simulated figure exceeds with a calibrated probability of one half.
import { likelyProbability } from '../../src-shared/artefacts/likelihood.ts'
import { calibrate, type Calibration } from './beta-calibration.ts'
import { exceedanceProbability, type SampleMoments } from './student-t4.ts'

const bisections = 52
/** Standard deviations beyond both means within which the value is searched. */
const searchedDeviations = 20

/** The end of the interval from `low` to `high` above which a falling condition no longer holds. */
const findLastTrue = (low: number, high: number, holds: (value: number) => boolean): number => {
  let [from, to] = [low, high]
  for (let step = 0; step < bisections; step++) {
    const middle = (from + to) / 2
    if (holds(middle)) from = middle
    else to = middle
  }
  return to
}

/** Raw probability that the curve turns into one half; 0 or 1 where it does not reach it. */
export const findLikelyRaw = (calibration: Calibration): number =>
  findLastTrue(0, 1, (raw) => calibrate(calibration, raw) <= likelyProbability)

/**
 * A threshold is exceeded with a calibrated probability above one half exactly where it lies below this value. `likelyRaw` as above; the end of
 * the searched interval where the raw probability never crosses it.
 */
export const findLikelyValue = (halves: readonly [SampleMoments, SampleMoments], likelyRaw: number): number => {
  const spread = Math.max(halves[0].deviation, halves[1].deviation) * searchedDeviations
  const low = Math.min(halves[0].mean, halves[1].mean) - spread
  const high = Math.max(halves[0].mean, halves[1].mean) + spread
  return findLastTrue(low, high, (threshold) => exceedanceProbability(halves, threshold) > likelyRaw)
}

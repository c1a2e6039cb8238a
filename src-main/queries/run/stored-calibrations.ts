// The calibration curves that a run states, for probabilities at other thresholds than its own.
import type { CalibrationScores, ModelAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'
import type { Calibration } from '../../statistics/beta-calibration.ts'

/** Of the events "P95 above the threshold" and "some value above it". */
export interface StoredCalibrations {
  readonly sustained: Calibration
  readonly any: Calibration
}

/** Null for runs that do not state their curves. */
export const readCalibrations = (accuracy: ModelAccuracy | null): StoredCalibrations | null => {
  const [sustained, any] = [accuracy?.calibration_sustained, accuracy?.calibration].map(toCalibration)
  return sustained === undefined || any === undefined ? null : { sustained, any }
}

const toCalibration = (scores: CalibrationScores | null | undefined): Calibration | undefined => {
  if (scores?.curve === undefined) return undefined
  const { intercept, slope_low: slopeLow, slope_high: slopeHigh, min, max, is_calibrated: isCalibrated } = scores.curve
  return { curve: { intercept, slopeLow, slopeHigh }, min, max, isCalibrated }
}

// The value exceeded with a probability of one half, by hand and against the probability itself.
import { expect, test } from 'vitest'
import { calibrate, type Calibration } from '../../src-main/statistics/beta-calibration.ts'
import { findLikelyRaw, findLikelyValue } from '../../src-main/statistics/likely-value.ts'
import { exceedanceProbability } from '../../src-main/statistics/student-t4.ts'

const identity: Calibration = { curve: { intercept: 0, slopeLow: 1, slopeHigh: 1 }, min: 0, max: 1, isCalibrated: true }
const half = { mean: 72, deviation: 4 }

test('without calibration it is the mean of equal halves', () => {
  expect(findLikelyRaw(identity)).toBeCloseTo(0.5, 12)
  expect(findLikelyValue([half, half], findLikelyRaw(identity))).toBeCloseTo(72, 9)
})

test('a curve that halves the odds asks for odds of 2 to 1, a raw probability of 2 / 3', () => {
  const raw = findLikelyRaw({ ...identity, curve: { intercept: -Math.LN2, slopeLow: 1, slopeHigh: 1 } })
  expect(raw).toBeCloseTo(2 / 3, 12)
  const value = findLikelyValue([half, half], raw)
  expect(exceedanceProbability([half, half], value)).toBeCloseTo(2 / 3, 9)
  expect(value).toBeLessThan(72)
})

test('thresholds below it are exceeded likely, thresholds above it are not', () => {
  const halves = [
    { mean: 70, deviation: 2 },
    { mean: 76, deviation: 6 },
  ] as const
  const curve = { ...identity, curve: { intercept: 0.3, slopeLow: 0.8, slopeHigh: 1.2 } }
  const value = findLikelyValue(halves, findLikelyRaw(curve))
  expect(calibrate(curve, exceedanceProbability(halves, value - 1e-6))).toBeGreaterThan(0.5)
  expect(calibrate(curve, exceedanceProbability(halves, value + 1e-6))).toBeLessThanOrEqual(0.5)
})

test('paths without any spread all lie at their value', () => {
  const point = { mean: 75, deviation: 0 }
  expect(findLikelyValue([point, point], 0.5)).toBe(75)
})

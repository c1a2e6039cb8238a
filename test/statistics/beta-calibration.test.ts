// Beta calibration against a pattern search over the same objective, and the prior alone.
import { expect, test } from 'vitest'
import { applyBetaCurve, fitBetaCurve } from '../../src-main/statistics/beta-calibration.ts'

const raw = Float64Array.from([0.01, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.7, 0.85, 0.95])
const outcomes = Uint8Array.from([0, 0, 0, 1, 0, 0, 1, 1, 0, 1])
const weights = Float64Array.from([1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5])

test('fitBetaCurve finds the maximum a posteriori curve of ten weighted points', () => {
  const { intercept, slopeLow, slopeHigh } = fitBetaCurve(raw, outcomes, weights)
  // From a pattern search in Python over the same objective.
  expect(intercept).toBeCloseTo(0.025441334, 6)
  expect(slopeLow).toBeCloseTo(0.931756347, 6)
  expect(slopeHigh).toBeCloseTo(0.89929378, 6)
})

test('without a sample the curve is the identity, between 0.0001 and 0.9999', () => {
  const curve = fitBetaCurve(new Float64Array(0), new Uint8Array(0), new Float64Array(0))
  expect(applyBetaCurve(curve, 0.3)).toBeCloseTo(0.3, 12)
  expect([0, 1].map((end) => applyBetaCurve(curve, end))).toEqual([expect.closeTo(0.0001, 12), expect.closeTo(0.9999, 12)])
})

test('a curve leans on that of the prior: it is that without a sample, and between both with one', () => {
  const prior = { curve: { intercept: -1, slopeLow: 0.6, slopeHigh: 1.2 }, interceptDeviation: 0.4, slopeDeviation: 0.2 }
  expect(fitBetaCurve(new Float64Array(0), new Uint8Array(0), new Float64Array(0), prior)).toEqual(prior.curve)
  const { intercept, slopeLow, slopeHigh } = fitBetaCurve(raw, outcomes, weights, prior)
  // From L-BFGS-B of SciPy over the same objective.
  expect(intercept).toBeCloseTo(-0.94131391, 6)
  expect(slopeLow).toBeCloseTo(0.57935579, 6)
  expect(slopeHigh).toBeCloseTo(1.19445231, 6)
})

test('a slope never becomes negative: outcomes that contradict the probabilities flatten the curve', () => {
  const many = Float64Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 0.9 : 0.1))
  const contrary = Uint8Array.from(many, (value) => (value > 0.5 ? 0 : 1))
  const curve = fitBetaCurve(many, contrary, new Float64Array(400).fill(1))
  expect([curve.slopeLow, curve.slopeHigh]).toEqual([0, 0])
  expect(applyBetaCurve(curve, 0.1)).toBeCloseTo(0.5, 2)
})

// percentileOf: by linear interpolation, as worked out by hand.
import { expect, test } from 'vitest'
import { percentileOf } from '../../src-main/statistics/percentile.ts'

test.each([
  { values: [1, 2, 3, 4, 5], share: 0.95, expected: 4.8 },
  { values: [85, 85, 85, 95], share: 0.95, expected: 93.5 },
  { values: [10, 20], share: 0.5, expected: 15 },
  { values: [10, 20], share: 0, expected: 10 },
  { values: [10, 20], share: 1, expected: 20 },
  { values: [7], share: 0.95, expected: 7 },
])('percentileOf $values at $share is $expected', ({ values, share, expected }) => {
  expect(percentileOf(Float64Array.from(values), share)).toBeCloseTo(expected, 12)
})

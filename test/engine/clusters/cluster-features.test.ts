// hasVariation and standardize, by hand.
import { describe, expect, test } from 'vitest'
import { hasVariation, standardize } from '../../../src-main/engine/clusters/cluster-features.ts'

describe('hasVariation', () => {
  test('is false for constant and undefined values of any size', () => {
    for (const size of [1e-6, 1, 1e9])
      expect(
        hasVariation(
          Float64Array.from([3, 3, 3], (value) => value * size),
          [0, 1, 2],
        ),
      ).toBe(false)
    expect(hasVariation(Float64Array.from([Number.NaN, Number.NaN]), [0, 1])).toBe(false)
    expect(hasVariation(Float64Array.from([1, 2, Number.NaN]), [0, 1, 2])).toBe(true)
    // A server that is not a member does not count.
    expect(hasVariation(Float64Array.from([1, 1, 2]), [0, 1])).toBe(false)
  })
})

describe('standardize', () => {
  test('scales to mean 0 and deviation 1, and fills undefined values with the median', () => {
    // Median of 1, 2, 6 is 2: values 1, 2, 2, 6 less 2.75 over sqrt((3.0625 + 0.5625 + 0.5625 + 10.5625) / 4) = sqrt(3.6875).
    const standardised = standardize(Float64Array.from([1, 2, Number.NaN, 6]), [0, 1, 2, 3])
    expect([...standardised]).toEqual([-1.75, -0.75, -0.75, 3.25].map((distance) => expect.closeTo(distance / Math.sqrt(3.6875), 12)))
  })
})

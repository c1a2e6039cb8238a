// adjustedRandIndex against results worked out by hand and scikit-learn's.
import { describe, expect, test } from 'vitest'
import { adjustedRandIndex } from '../../src-main/statistics/adjusted-rand-index.ts'

describe('adjustedRandIndex', () => {
  const index = (one: readonly number[], other: readonly number[]): number =>
    adjustedRandIndex(Int32Array.from(one), Int32Array.from(other))

  test('is 1 for the same groups under other numbers', () => {
    expect(index([0, 0, 1, 1, 2], [2, 2, 0, 0, 1])).toBe(1)
    expect(index([0, 0, 0], [0, 0, 0])).toBe(1)
    expect(index([0, 1, 2], [2, 1, 0])).toBe(1)
  })

  test('is negative where groups cross', () => {
    // Two pairs together in each, none in both; by chance 2 x 2 / 6 = 2/3: (0 - 2/3) / (2 - 2/3).
    expect(index([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(-0.5, 12)
  })

  test('equals the index of scikit-learn', () => {
    expect(index([0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 0, 1], [1, 1, 0, 0, 0, 2, 2, 2, 2, 1, 1, 0])).toBeCloseTo(0.3125, 12)
  })

  test('is 0 if one clustering has a single cluster and the other several', () => {
    expect(index([0, 0, 0, 0], [0, 0, 1, 1])).toBe(0)
  })
})

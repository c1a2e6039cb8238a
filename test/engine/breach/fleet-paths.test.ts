// Which simulated paths count as breaching, by hand.
import { describe, expect, test } from 'vitest'
import { findFirstBreaching } from '../../../src-main/engine/breach/fleet-paths.ts'

describe('findFirstBreaching', () => {
  test('the share of breaching paths is the probability, the highest first', () => {
    // Mid-ranks of 1, 2, 3, 4: 0.125, 0.375, 0.625, 0.875.
    expect(findFirstBreaching(Float64Array.from([1, 2, 3, 4]), 0.5)).toBe(2)
    expect(findFirstBreaching(Float64Array.from([1, 2, 3, 4]), 0.25)).toBe(3)
    expect(findFirstBreaching(Float64Array.from([1, 2, 3, 4]), 0.1)).toBe(4)
  })
  test('paths that are alike breach together', () => {
    expect(findFirstBreaching(new Float64Array(4), 0.51)).toBe(0)
    expect(findFirstBreaching(new Float64Array(4), 0.5)).toBe(4)
  })
  test('comes to an end where paths are not numbers', () => {
    expect(findFirstBreaching(Float64Array.from([1, NaN, NaN, NaN]), 0.1)).toBe(4)
  })
})

// Which simulated paths count as breaching, by hand.
import { describe, expect, test } from 'vitest'
import { breachingPaths } from '../../../src-main/engine/breach/simulate-fleet.ts'

describe('breachingPaths', () => {
  test('the share of breaching paths is the probability, the highest first', () => {
    // Mid-ranks of 1, 2, 3, 4: 0.125, 0.375, 0.625, 0.875.
    expect([...breachingPaths(Float64Array.from([3, 1, 4, 2]), 0.5)]).toEqual([1, 0, 1, 0])
    expect([...breachingPaths(Float64Array.from([3, 1, 4, 2]), 0.25)]).toEqual([0, 0, 1, 0])
  })
  test('paths that are alike breach together', () => {
    expect([...breachingPaths(new Float64Array(4), 0.51)]).toEqual([1, 1, 1, 1])
    expect([...breachingPaths(new Float64Array(4), 0.5)]).toEqual([0, 0, 0, 0])
  })
})

// Scores of probabilities, worked out by hand.
import { describe, expect, test } from 'vitest'
import { areaUnderCurve, brierScore, logLoss, skillInterval } from '../../src-main/statistics/probability-scores.ts'

test('brierScore: (0.2^2 + 0.4^2) / 2', () => {
  expect(brierScore([0.8, 0.4], Uint8Array.from([1, 0]))).toBeCloseTo(0.1, 12)
})

test('logLoss: -(ln 0.8 + ln 0.6) / 2; a certain miss is finite', () => {
  expect(logLoss([0.8, 0.4], Uint8Array.from([1, 0]))).toBeCloseTo(-(Math.log(0.8) + Math.log(0.6)) / 2, 12)
  expect(logLoss([0], Uint8Array.from([1]))).toBeCloseTo(-Math.log(1e-6), 9)
})

describe('areaUnderCurve', () => {
  test('of four pairs three are in order', () => {
    expect(areaUnderCurve([0.1, 0.4, 0.35, 0.8], Uint8Array.from([0, 0, 1, 1]))).toBe(0.75)
  })
  test('a tied pair counts half', () => {
    expect(areaUnderCurve([0.5, 0.5], Uint8Array.from([0, 1]))).toBe(0.5)
  })
  test('without an event there is no pair', () => {
    expect(areaUnderCurve([0.1, 0.2], new Uint8Array(2))).toBeNaN()
  })
})

describe('skillInterval', () => {
  const outcomes = Uint8Array.from({ length: 200 }, (_, index) => (index % 4 === 0 ? 1 : 0))
  const servers = Uint32Array.from({ length: 200 }, (_, index) => index)
  test('perfect probabilities have the skill 1 in every resample', () => {
    expect(skillInterval(Float64Array.from(outcomes), outcomes, servers, 1)).toEqual([1, 1])
  })
  test('the base rate has a skill about 0, and the same seed gives the same interval', () => {
    const constant = new Float64Array(200).fill(0.25)
    const interval = skillInterval(constant, outcomes, servers, 1)!
    expect(interval[0]).toBeLessThan(0)
    // Each resample's own rate fits it best.
    expect(interval[1]).toBeLessThanOrEqual(0)
    expect(skillInterval(constant, outcomes, servers, 1)).toEqual(interval)
  })
  test('entries of one server are drawn together: one server of all entries has no spread', () => {
    const [low, high] = skillInterval(new Float64Array(200).fill(0.5), outcomes, new Uint32Array(200), 1)!
    expect(low).toBe(high)
  })
  test('without both outcomes there is no interval', () => {
    expect(skillInterval(new Float64Array(3), new Uint8Array(3), Uint32Array.from([0, 1, 2]), 1)).toBeNull()
  })
})

// The tail of the binomial distribution, against exact fractions.
import { expect, test } from 'vitest'
import { binomialTail, upperLimitOfCount } from '../../src-main/statistics/binomial.ts'

test('at least two heads of four coins: 11/16', () => {
  expect(binomialTail(2, 4, 0.5)).toBeCloseTo(11 / 16, 12)
})

test('at least one of twenty at 5 %: 1 - 0.95^20', () => {
  expect(binomialTail(1, 20, 0.05)).toBeCloseTo(1 - 0.95 ** 20, 12)
})

test('none is certain, more than all impossible', () => {
  expect(binomialTail(0, 10, 0.3)).toBe(1)
  expect(binomialTail(11, 10, 0.3)).toBe(0)
  expect(binomialTail(10, 10, 0.3)).toBeCloseTo(0.3 ** 10, 12)
})

test('the upper limit of a count is the mean of which so few hits have a chance of 15.9 %, within half a point', () => {
  for (const hits of [0, 1, 2, 5, 10, 30]) {
    const mean = upperLimitOfCount(hits)
    let [term, chance] = [Math.exp(-mean), 0]
    for (let count = 0; count <= hits; count++) {
      chance += term
      term *= mean / (count + 1)
    }
    expect(Math.abs(chance - 0.1587)).toBeLessThan(0.005)
  }
})

// The tail of the binomial distribution, against exact fractions.
import { expect, test } from 'vitest'
import { binomialTail } from '../../src-main/statistics/binomial.ts'

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

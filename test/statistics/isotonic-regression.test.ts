// fitIsotonic and evaluateIsotonic against results worked out by hand.
import { describe, expect, test } from 'vitest'
import { evaluateIsotonic, fitIsotonic } from '../../src-main/statistics/isotonic-regression.ts'

const floats = (...values: number[]): Float64Array => Float64Array.from(values)

describe('fitIsotonic', () => {
  test('pools neighbours that fall: 1, 3, 2, 4 becomes 1, 2.5, 2.5, 4', () => {
    expect([...fitIsotonic(floats(1, 2, 3, 4), floats(1, 3, 2, 4)).values]).toEqual([1, 2.5, 2.5, 4])
  })
  test('averages equal x first: (0, 0), (0, 1), (1, 1) becomes 0.5 at 0 and 1 at 1, halfway 0.75', () => {
    const curve = fitIsotonic(floats(0, 0, 1), floats(0, 1, 1))
    expect(evaluateIsotonic(curve, 0)).toBe(0.5)
    expect(evaluateIsotonic(curve, 0.5)).toBe(0.75)
    expect(evaluateIsotonic(curve, 2)).toBe(1)
  })
})

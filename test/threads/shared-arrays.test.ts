// Shared arrays that are asked for again and again take the memory of the greatest.
import { describe, expect, test } from 'vitest'
import { ReusedArrays } from '../../src-main/threads/shared-arrays.ts'

describe('reused arrays', () => {
  test('lie in the same memory under the same name, and grow with the length', () => {
    const reused = new ReusedArrays()
    const first = reused.singles('residuals', 3)
    first.set([1, 2, 3])
    const smaller = reused.singles('residuals', 2)
    expect([smaller.buffer === first.buffer, [...smaller], smaller.length]).toEqual([true, [1, 2], 2])
    const greater = reused.singles('residuals', 4)
    expect([greater.buffer === first.buffer, greater.length]).toEqual([false, 4])
    expect(reused.singles('residuals', 3).buffer).toBe(greater.buffer)
  })
  test('of other names keep their values', () => {
    const reused = new ReusedArrays()
    const residuals = reused.singles('residuals', 2)
    residuals.set([5, 6])
    reused.singles('predicted', 2).set([7, 8])
    expect([...residuals]).toEqual([5, 6])
  })
})

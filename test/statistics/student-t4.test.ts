// Student's t with four degrees of freedom against published values.
import { expect, test } from 'vitest'
import { studentT4 } from '../../src-main/statistics/student-t4.ts'

test('studentT4 has the values of the tables', () => {
  expect(studentT4(0)).toBe(0.5)
  expect(studentT4(-2)).toBeCloseTo(0.0581, 4)
  // Critical values of 5, 2.5 and 0.5 % in one tail.
  expect(studentT4(2.131847)).toBeCloseTo(0.95, 6)
  expect(studentT4(2.776445)).toBeCloseTo(0.975, 6)
  expect(studentT4(4.604095)).toBeCloseTo(0.995, 6)
})

test('studentT4 stays within 0 and 1 far out', () => {
  for (const t of [1e3, 1e8, 1e150]) {
    expect(studentT4(t)).toBeCloseTo(1, 6)
    expect(studentT4(-t)).toBeCloseTo(0, 6)
    expect(studentT4(-t)).toBeGreaterThanOrEqual(0)
    expect(studentT4(t)).toBeLessThanOrEqual(1)
  }
})

// fitMargins and measureCoverage, by hand.
import { describe, expect, test } from 'vitest'
import { fitMargins, measureCoverage } from '../../../src-main/engine/breach/interval-coverage.ts'

describe('interval margins', () => {
  const excess = Float64Array.from({ length: 100 }, (_, index) => index - 49)
  const bounded = new Uint8Array(100).fill(1)
  const sample = new Map([[0, { excess, bounded, fold: Uint8Array.from(excess, (_, index) => index % 5) }]])
  test('the margin at 80 % of 100 rows from -49 to 50 is the value of rank ceil(101 x 0.8) = 81: 31', () => {
    expect(fitMargins(sample, 0.8).of(0)).toBe(31)
  })
  test('half of the rows lie inside before, 80 % within a point after', () => {
    const coverage = measureCoverage(sample, 0.8)
    expect(coverage.before).toBe(0.5)
    expect(coverage.after).toBeGreaterThanOrEqual(0.79)
    expect(coverage.after).toBeLessThanOrEqual(0.82)
  })
})

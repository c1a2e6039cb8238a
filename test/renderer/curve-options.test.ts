// The arithmetic of the charts of curves.
import { describe, expect, it } from 'vitest'
import { wilsonInterval } from '../../src-renderer/charts/curve-options.ts'

describe("Wilson's interval of a share", () => {
  // scipy.stats.binomtest(k, n).proportion_ci(0.9, 'wilson')
  it.each([
    [0.8, 10, 0.5407928, 0.931442],
    [0, 20, 0, 0.1191578],
  ])('of %d of %d is that of SciPy', (share, count, low, high) => {
    const interval = wilsonInterval(share, count)
    expect(interval[0]).toBeCloseTo(low, 4)
    expect(interval[1]).toBeCloseTo(high, 4)
  })
})

// Normal quantiles against SciPy 1.17.1: scipy.stats.norm.ppf.
import { expect, test } from 'vitest'
import { normalQuantile } from '../../src-main/statistics/normal.ts'

test.each([
  [0.5, 0],
  [0.75, 0.6744897501960817],
  [0.9, 1.2815515655446004],
  [0.95, 1.6448536269514722],
  [0.975, 1.959963984540054],
  [0.001, -3.090232306167813],
])('the quantile of %f', (share, z) => {
  expect(normalQuantile(share)).toBeCloseTo(z, 12)
})

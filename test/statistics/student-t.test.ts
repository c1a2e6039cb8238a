// Limits of Student's t against SciPy 1.17.1: scipy.stats.t.ppf((1 + level) / 2, degrees of freedom).
import { describe, expect, test } from 'vitest'
import { studentTLimit } from '../../src-main/statistics/student-t.ts'

const degreesOfFreedom = [1, 2, 3, 4, 5, 10, 29, 100, 999]
const scipy = {
  0.8: [
    3.0776835371752544, 1.8856180831641272, 1.637744353696209, 1.533206274058944, 1.4758840488244815, 1.372183641110336, 1.311433647301551,
    1.290074761346516, 1.2823995700373971,
  ],
  0.95: [
    12.706204736174694, 4.302652729749462, 3.1824463052837078, 2.7764451051977934, 2.5705818356363146, 2.228138851986274, 2.045229642132703,
    1.9839715185235518, 1.9623414611334493,
  ],
}

describe.each(Object.entries(scipy))('at level %s', (level, expected) => {
  test.each(degreesOfFreedom.map((degrees, index) => [degrees, expected[index]!]))('of %i degrees of freedom', (degrees, limit) => {
    const relativeError = studentTLimit(Number(level), degrees) / limit - 1
    expect(Math.abs(relativeError)).toBeLessThan(1e-12)
  })
})

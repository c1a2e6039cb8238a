// The Theil-Sen line by selection equals that by sorting all slopes, with ties and for any number of points.
import { expect, test } from 'vitest'
import { normalQuantile } from '../../src-main/statistics/normal.ts'
import { percentileOf } from '../../src-main/statistics/percentile.ts'
import { fitTheilSen, pairSlopes } from '../../src-main/statistics/theil-sen.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'

test('three points by hand: slopes 1, 2 and 3', () => {
  const line = fitTheilSen(Float64Array.of(0, 1, 2), Float64Array.of(0, 1, 4), 0.8)
  expect(line.slope).toBe(2)
})

test('slope and interval are those of the sorted slopes', () => {
  const random = seededRandom(7)
  for (let points = 2; points < 60; points++) {
    const times = Float64Array.from({ length: points }, (_, index) => index + Math.floor(3 * random()) / 4)
    // Whole values, so that many slopes are equal.
    const values = Float64Array.from({ length: points }, (_, index) => Math.floor(4 * random()) + Math.floor(index / 5))
    const slopes = pairSlopes(times, values)
    const counts = [...new Set(values)].map((value) => values.filter((other) => other === value).length)
    const term = (count: number): number => count * (count - 1) * (2 * count + 5)
    // Kendall's variance with ties: Sen (1968).
    const variance = (term(points) - counts.reduce((sum, count) => sum + term(count), 0)) / 18
    const margin = normalQuantile(0.9) * Math.sqrt(variance)
    expect(fitTheilSen(times, values, 0.8)).toEqual({
      slope: percentileOf(slopes, 0.5),
      low: slopes[Math.max(0, Math.round((slopes.length - margin) / 2) - 1)],
      high: slopes[Math.min(slopes.length - 1, Math.round((slopes.length + margin) / 2))],
    })
  }
})

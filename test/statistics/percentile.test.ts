// percentileOf and rankedPercentile: by hand, and compared with NumPy 2.4.6, np.percentile(values, q, method='linear'), and DuckDB.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Database } from '../../src-main/database/database.ts'
import { createIndexArray, percentileOf, rankedPercentile, sortIndexesByValue } from '../../src-main/statistics/percentile.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'

test.each([
  { values: [1, 2, 3, 4, 5], share: 0.95, expected: 4.8 },
  { values: [85, 85, 85, 95], share: 0.95, expected: 93.5 },
  { values: [10, 20], share: 0.5, expected: 15 },
  { values: [10, 20], share: 0, expected: 10 },
  { values: [10, 20], share: 1, expected: 20 },
  { values: [7], share: 0.95, expected: 7 },
])('percentileOf $values at $share is $expected', ({ values, share, expected }) => {
  expect(percentileOf(Float64Array.from(values), share)).toBeCloseTo(expected, 12)
})

let database: Database
beforeAll(async () => void (database = await Database.open()))
afterAll(() => database.close())

const seven = [12.5, 3, 88.25, 41, 7.75, 63, 29.5]
const ninety = Array.from({ length: 90 }, (_, index) => 0.1 * index * index - 3 * index + 20)

/** values, q, NumPy's answer. */
const reference: readonly (readonly [values: readonly number[], q: number, expected: number])[] = [
  [seven, 0, 3.0],
  [seven, 5, 4.425000000000001],
  [seven, 37.5, 16.75],
  [seven, 50, 29.5],
  [seven, 90, 73.10000000000001],
  [seven, 95, 80.67499999999998],
  [seven, 99, 86.73499999999999],
  [seven, 100, 88.25],
  [ninety, 1, -2.4109999999999987],
  [ninety, 50, 84.55000000000001],
  [ninety, 95, 481.24499999999995],
  [ninety, 99.9, 543.7917000000002],
  [[80, 80, 80], 95, 80.0],
  [[10, 20], 95, 19.5],
  [[42.5], 95, 42.5],
  [[-5, -1, 3, 1e6], 25, -2.0],
  [[-5, -1, 3, 1e6], 95, 850000.4499999996],
]

const databasePercentile = async (values: readonly number[], q: number): Promise<number> => {
  const { found } = await database.row(
    `SELECT quantile_cont(value, ${q / 100}) AS found FROM (SELECT unnest([${values.map((v) => `${v}::DOUBLE`).join(', ')}]) AS value)`,
    z.object({ found: z.number() }),
  )
  return found
}

/** Of the first `count` values, as what-if computes it. */
const whatIfPercentile = (values: readonly number[], q: number, count = values.length): number => {
  const order = createIndexArray(values.length, values.length)
  values.forEach((_, position) => (order[position] = position))
  const series = Float64Array.from(values)
  sortIndexesByValue(series, 0, values.length, order, createIndexArray(values.length, values.length))
  return rankedPercentile(series, order, 0, values.length, count, q)
}

/** Distance from NumPy's answer, as a share of it. */
const difference = (found: number, expected: number): number => Math.abs(found - expected) / Math.max(1, Math.abs(expected))

test.each(reference)('DuckDB, percentileOf and rankedPercentile equal NumPy for %j at %d', async (values, q, expected) => {
  expect(difference(await databasePercentile(values, q), expected)).toBeLessThanOrEqual(1e-12)
  expect(difference(percentileOf(Float64Array.from(values).sort(), q / 100), expected)).toBeLessThanOrEqual(1e-12)
  expect(difference(whatIfPercentile(values, q), expected)).toBeLessThanOrEqual(1e-12)
})

describe('rankedPercentile', () => {
  test('equals DuckDB to the last bit for any part of a series', async () => {
    const random = seededRandom(5)
    for (let draw = 0; draw < 200; draw++) {
      const values = Array.from({ length: 1 + Math.floor(random() * 120) }, () => (random() < 0.2 ? 50 : random() * 100))
      const count = 1 + Math.floor(random() * values.length)
      const q = [50, 75, 90, 95, 99, 100][draw % 6]!
      expect(whatIfPercentile(values, q, count)).toBe(await databasePercentile(values.slice(0, count), q))
    }
  })
})

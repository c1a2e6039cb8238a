// Sums in whole steps: the same for any order of rows and any number of threads, and right.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Database } from '../../src-main/database/database.ts'
import { fixedMeanSql, fixedPointFor, fixedPointOfSums, fixedSumSql, fixedSumOfSharesSql } from '../../src-main/statistics/fixed-point.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'

let database: Database
beforeAll(async () => {
  database = await Database.open({ threads: 4 })
})
afterAll(() => database.close())

/** A figure over `values (x DOUBLE)`. */
const valueOf = async (sql: string, from = 'FROM numbers'): Promise<number | null> =>
  (await database.row(`SELECT ${sql} AS answer ${from}`, z.object({ answer: z.number().nullable() }))).answer

const fill = async (values: readonly (number | null)[]): Promise<void> => {
  await database.run('CREATE OR REPLACE TABLE numbers (x DOUBLE)')
  await database.run(
    `INSERT INTO numbers VALUES ${values.map((value) => `(${value === null ? 'NULL' : value.toExponential()})`).join(', ')}`,
  )
}

const percent = fixedPointFor(100)

describe('a sum', () => {
  test('is exact where floating-point sums are not', async () => {
    await fill(Array.from({ length: 10 }, () => 0.1))
    expect([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1].reduce((a, b) => a + b)).not.toBe(1)
    expect(await valueOf(fixedSumSql('x', percent))).toBe(1)
  })

  test('skips NULL, and is NULL over no values', async () => {
    await fill([null, 1.5, null, 2])
    expect(await valueOf(fixedSumSql('x', percent))).toBe(3.5)
    expect(await valueOf(fixedSumSql('x', fixedPointFor(1e15)))).toBe(3.5)
    expect(await valueOf(fixedMeanSql('x', percent))).toBe(1.75)
    expect(await valueOf(fixedSumSql('x', percent), 'FROM numbers WHERE x IS NULL')).toBeNull()
    expect(await valueOf(fixedMeanSql('x', percent), 'FROM numbers WHERE x IS NULL')).toBeNull()
  })

  test('preserves the digits of small values next to large ones', async () => {
    // 1e15 needs 50 bits of a double, which leaves eighths; the sum itself is exact to 1e-12.
    await fill([1e15, 0.125, -1e15, 0.000001])
    expect(await valueOf(fixedSumSql('x', fixedPointFor(1e15)))).toBe(0.125001)
  })

  test('does not overflow over the maximum values', async () => {
    await fill([1e100, 3, 1e100])
    expect(await valueOf(fixedSumSql('x', fixedPointFor(1e100)))).toBe(2e18)
  })

  test('of sums may exceed BIGINT', async () => {
    // 1e7 is 1e19 steps; BIGINT ends at 9.2e18.
    await fill([1e7, 1e7])
    expect(await valueOf(fixedSumSql('x', fixedPointOfSums))).toBe(2e7)
  })
})

describe('a mean', () => {
  test('of equal values is that value to the last bit', async () => {
    for (const value of [37.3, 40, 0.1, 99.99999999]) {
      await fill([value, value, value])
      expect(await valueOf(fixedMeanSql('x', percent))).toBe(value)
    }
  })

  test('of values around a threshold is exact', async () => {
    // (39.7 + 40.1 + 40.2) / 3 = 40, not 39.99999999999999.
    await fill([39.7, 40.1, 40.2])
    expect(await valueOf(fixedMeanSql('x', percent))).toBe(40)
  })
})

test('shares of -1 to 1 add up to 1e-15', async () => {
  await fill([1, -1, 0.5, 0.25])
  expect(await valueOf(fixedSumOfSharesSql('x * x'))).toBe(2.3125)
})

test('no order and no number of threads changes a bit of a sum over 300,000 rows', async () => {
  const random = seededRandom(1)
  await database.run(`
    CREATE OR REPLACE TABLE many AS
    SELECT i, (hash(i + ${Math.floor(random() * 1e9)}) % 100000007) / 1000003.0 - 33 AS x FROM range(300000) t(i)`)
  const sums = new Set<number | null>()
  const floatingSum = new Set<number | null>()
  for (const threads of [1, 2, 4]) {
    await database.run(`SET threads = ${threads}`)
    for (const order of ['i', 'x', 'hash(i)', '-i']) {
      await database.run(`CREATE OR REPLACE TABLE ordered AS SELECT x FROM many ORDER BY ${order}`)
      sums.add(await valueOf(fixedSumSql('x', percent), 'FROM ordered'))
      floatingSum.add(await valueOf('sum(x)', 'FROM ordered'))
    }
  }
  expect(sums.size).toBe(1)
  // Plain sums do differ.
  expect(floatingSum.size).toBeGreaterThan(1)
})

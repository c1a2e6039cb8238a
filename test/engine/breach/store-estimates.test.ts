// breach_estimates: the same table however many series a statement takes.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { Database } from '../../../src-main/database/database.ts'
import { estimateColumns, storeEstimates } from '../../../src-main/engine/breach/estimate-breaches.ts'
import { curveColumns } from '../../../src-main/engine/breach/fleet-paths.ts'

let database: Database
beforeAll(async () => void (database = await Database.open()))
afterAll(() => database.close())

const dayMs = 86_400_000
const dates = [1, 2, 3]
/** Series 4 has no curve, series 7 no figures. */
const ids = [0, 1, 2, 3, 4, 5, 6]

const store = async (seriesAtOnce: number): Promise<unknown[]> => {
  const curve = [0, 1, 2, 3, 5, 6].flatMap((id) => dates.map((day) => [id, day * dayMs, day / 4, day / 3]))
  await database.storeRows('breach_curve', curveColumns, curve)
  const columns = Object.keys(estimateColumns)
  const figures = ids.map((id) =>
    columns.map((name, column) => (name === 'series_id' ? id : name.endsWith('probability') ? 0.5 : column + id)),
  )
  await storeEstimates(database, { basis: 'probable' }, figures, seriesAtOnce)
  return database.rows(
    `SELECT series_id, p95_median, len(breach_probability_dates) AS dates, at_risk_probability_by, risk_basis FROM breach_estimates ORDER BY series_id`,
    z.object({
      series_id: z.number(),
      p95_median: z.number(),
      dates: z.bigint().nullable(),
      at_risk_probability_by: z.array(z.number()).nullable(),
      risk_basis: z.string(),
    }),
  )
}

it.each([1, 2, 3, 7, 100])('is the same with %i series at a time', async (seriesAtOnce) => {
  const rows = await store(seriesAtOnce)
  expect(rows).toHaveLength(ids.length)
  expect(rows[0]).toMatchObject({ series_id: 0, dates: 3n, at_risk_probability_by: [0.125, 0.25, 0.375], risk_basis: 'probable' })
  expect(rows[4]).toMatchObject({ series_id: 4, dates: null })
  expect(rows).toEqual(await store(1000))
})

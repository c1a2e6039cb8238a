// The flags of a part of a large fleet are looked up among its own servers.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Calendar } from '../../../src-main/calendar/calendar.ts'
import { Database } from '../../../src-main/database/database.ts'
import { createFlagLists } from '../../../src-main/engine/flagged-forecasts/flag-lists.ts'
import type { ForecastDataset } from '../../../src-main/forecasts/forecast-dataset.ts'

const source = {
  expressions: { server_id: 'server_id', metric: 'metric', model: 'model', ts: 'ts', predicted: 'predicted' },
} as unknown as ForecastDataset
const calendar = { zone: { localSql: (ts: string) => ts }, isEoq: () => 'false', isHoliday: () => 'false' } as unknown as Calendar

let database: Database
beforeAll(async () => {
  database = await Database.open({ threads: 2 })
})
afterAll(() => database.close())

/** Two metrics of so many servers: the threshold is the server's number, with a tenth more for the second metric. */
const createRisks = (servers: number): Promise<void> =>
  database.run(`
    CREATE OR REPLACE TABLE series_risk AS
    SELECT lpad(CAST(s.range AS VARCHAR), 6, '0') AS server_id, metric, 'a' AS model, s.range + tenth AS high_threshold,
           s.range + tenth + 1 AS very_high_threshold, s.range % 3 = 0 AS seasonal_peak_risk, s.range % 2 = 0 AS is_underutilized
    FROM range(${servers}) s, (VALUES ('cpu', 0.0), ('mem', 0.1)) m(metric, tenth)`)

const flagSchema = z.object({ level: z.string(), seasonal_peak_risk: z.boolean(), is_underutilized: z.boolean(), is_selected: z.boolean() })

const readFlags = async (numbers: readonly number[]): Promise<{ values: number; flags: z.infer<typeof flagSchema>[] }> => {
  const lists = await createFlagLists(database, { chosenMetrics: undefined })
  const rows = numbers.map((number) => `('${String(number).padStart(6, '0')}', 'mem', 'a', TIMESTAMP '2026-01-05', ${number} + 0.5)`)
  await database.run(`CREATE OR REPLACE TABLE part AS SELECT * FROM (VALUES ${rows.join(', ')}) v(server_id, metric, model, ts, predicted)`)
  const servers = lists.allServers ?? (await lists.enumerateServers(database, source, 'part'))
  const flagged = lists.addFlags('part', source, calendar, servers, 'source.*')
  const flags = await database.rows(
    `SELECT CAST(risk_level AS VARCHAR) AS level, seasonal_peak_risk, is_underutilized, is_selected FROM (${flagged}) ORDER BY server_id`,
    flagSchema,
  )
  const { values } = await database.row(
    `SELECT CAST(len(enum_range(CAST(NULL AS ${servers.type}))) AS DOUBLE) AS values`,
    z.object({ values: z.number() }),
  )
  if (servers !== lists.allServers) await lists.forgetServers(database, servers)
  return { values, flags }
}

const expected = (number: number): z.infer<typeof flagSchema> => ({
  level: 'medium',
  seasonal_peak_risk: number % 3 === 0,
  is_underutilized: number % 2 === 0,
  is_selected: true,
})

test.each([
  [[0, 1, 2], 3],
  [[4095, 2048, 2047], 2049],
  [[19_999], 1],
])('of 20,000 servers, a part with %j enumerates %i of them', async (numbers, values) => {
  await createRisks(20_000)
  const found = await readFlags(numbers)
  expect(found).toEqual({ values, flags: [...numbers].sort((a, b) => a - b).map(expected) })
})
test('a small fleet has one enumeration for all parts', async () => {
  await createRisks(100)
  expect(await readFlags([7, 50])).toEqual({ values: 100, flags: [expected(7), expected(50)] })
})
test('an enumeration is forgotten after its part', async () => {
  await createRisks(20_000)
  await readFlags([5])
  const { types } = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS types FROM duckdb_types() WHERE type_name LIKE 'headroom_servers_%' AND schema_name = 'main'`,
    z.object({ types: z.number() }),
  )
  expect(types).toBe(0)
})

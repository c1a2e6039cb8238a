// The sample fleet: its shape, its sameness under a seed, and that it looks like a bank's servers and their forecasts.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Database, literal } from '../../src-main/database/database.ts'
import { yesterday } from '../../src-main/sample/sample-calendar.ts'
import { writeSampleFleet, type SampleFleet, type SampleFleetRequest } from '../../src-main/sample/write-sample-fleet.ts'

let folder: string
let database: Database

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-sample-'))
  database = await Database.open()
})

afterAll(async () => {
  database.close()
  await rm(folder, { recursive: true })
})

const request = (name: string, sampleRequest: Partial<SampleFleetRequest> = {}): SampleFleetRequest => ({
  servers: 120,
  out: join(folder, name),
  granularity: 'daily',
  end: '2026-11-22',
  seed: 42,
  ...sampleRequest,
})

const sha256 = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

/** The one number that a query returns. */
const numberOf = async (sql: string): Promise<number> =>
  (await database.row(`SELECT (${sql})::DOUBLE AS query_result`, z.object({ query_result: z.number() }))).query_result

/** One number per name. */
const numbersOf = async (sql: string): Promise<Record<string, number>> => {
  const rows = await database.rows(
    `SELECT name, value::DOUBLE AS value FROM (${sql}) rows (name, value)`,
    z.object({ name: z.string(), value: z.number() }),
  )
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}

describe('a daily fleet of 120 servers', () => {
  let written: SampleFleet
  let forecasts: string
  beforeAll(async () => {
    written = await writeSampleFleet(request('daily.parquet'))
    forecasts = `read_parquet(${literal(written.forecasts)})`
  })

  test('says what it wrote', () => {
    expect(written).toEqual({
      forecasts: join(folder, 'daily.parquet'),
      serversTable: join(folder, 'daily.servers.csv'),
      rows: 295_560,
    })
  })

  test('has a form that holds its measurements alone, each once', async () => {
    const measured = await writeSampleFleet(request('measured.parquet', { contents: 'measurements' }))
    expect(measured.rows).toBe(120 * 731)
    const measurements = `SELECT server_id, timestamp, actual FROM read_parquet(${literal(measured.forecasts)})`
    const expected = `SELECT DISTINCT server_id, timestamp, actual FROM ${forecasts} WHERE actual IS NOT NULL`
    expect(await numberOf(`SELECT count(*) FROM (${measurements})`)).toBe(120 * 731)
    expect(await numberOf(`SELECT count(*) FROM (${measurements} EXCEPT ${expected})`)).toBe(0)
    expect(await numberOf(`SELECT count(*) FROM (${expected} EXCEPT ${measurements})`)).toBe(0)
  })

  test('has the columns of forecasts', async () => {
    const columns = await database.rows(
      `SELECT column_name AS name, column_type AS type FROM (DESCRIBE FROM ${forecasts})`,
      z.object({ name: z.string(), type: z.string() }),
    )
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'server_id VARCHAR',
      'model VARCHAR',
      'timestamp TIMESTAMP',
      'actual DOUBLE',
      'predicted DOUBLE',
      'yhat_lower DOUBLE',
      'yhat_upper DOUBLE',
      'is_future BOOLEAN',
    ])
  })

  test('holds 731 measured and 90 future days of three models for every server', async () => {
    const shapes = await database.rows(
      `SELECT DISTINCT count(*)::INTEGER AS days, count(DISTINCT timestamp)::INTEGER AS times,
         count(*) FILTER (is_future)::INTEGER AS future, count(actual)::INTEGER AS measured, bool_and(is_future = (actual IS NULL)) AS only_past_is_measured,
         max(timestamp) FILTER (NOT is_future)::VARCHAR AS last_measured, min(timestamp) FILTER (is_future)::VARCHAR AS horizon_start
       FROM ${forecasts} GROUP BY server_id, model`,
      z.record(z.string(), z.unknown()),
    )
    expect(shapes).toEqual([
      {
        days: 821,
        times: 821,
        future: 90,
        measured: 731,
        only_past_is_measured: true,
        last_measured: '2026-11-22 00:00:00',
        horizon_start: '2026-11-23 00:00:00',
      },
    ])
    expect(await numberOf(`SELECT count(*) FROM ${forecasts}`)).toBe(295_560)
    expect(await numberOf(`SELECT count(DISTINCT (server_id, model)) FROM ${forecasts}`)).toBe(360)
  })

  test('is ordered by server, model and time', async () => {
    const unorderedRows = `SELECT count(*) FROM (
      SELECT (server_id, model, timestamp) AS key, lag((server_id, model, timestamp)) OVER () AS before FROM ${forecasts}
    ) WHERE key <= before`
    expect(await numberOf(unorderedRows)).toBe(0)
  })

  test('stays within 0.5 and 100 percent and brackets its predictions', async () => {
    expect(
      await numberOf(
        `SELECT count(*) FROM ${forecasts} WHERE least(predicted, yhat_lower, yhat_upper, coalesce(actual, 1)) < 0.5
           OR greatest(predicted, yhat_lower, yhat_upper, coalesce(actual, 1)) > 100 OR predicted NOT BETWEEN yhat_lower AND yhat_upper`,
      ),
    ).toBe(0)
  })

  test('lists each server once in the servers table', async () => {
    const table = `read_csv(${literal(join(folder, 'daily.servers.csv'))})`
    expect(await numberOf(`SELECT count(*) FROM ${table}`)).toBe(120)
    expect(await numberOf(`SELECT count(*) FROM (SELECT DISTINCT server_id FROM ${forecasts}) JOIN ${table} USING (server_id)`)).toBe(120)
    expect(await numberOf(`SELECT count(*) FROM ${table} WHERE capacity_units NOT BETWEEN 1 AND 8 OR lead_time_days < 1`)).toBe(0)
    expect(await numberOf(`SELECT corr(monthly_cost_usd, capacity_units) FROM ${table}`)).toBeGreaterThan(0.6)
    expect((await readFile(join(folder, 'daily.servers.csv'), 'utf8')).split('\n')[0]).toBe(
      'server_id,business_unit,region,criticality,monthly_cost_usd,capacity_units,lead_time_days',
    )
  })

  test('lets the seasonal naive model repeat what was measured 52 weeks earlier', async () => {
    const duplicates = await numberOf(
      `SELECT avg((naive.predicted = measured.actual)::INTEGER) FROM ${forecasts} naive JOIN ${forecasts} measured
         ON measured.server_id = naive.server_id AND measured.model = naive.model AND measured.timestamp = naive.timestamp - INTERVAL 364 DAY
       WHERE naive.model = 'seasonal_naive'`,
    )
    expect(duplicates).toBe(1)
  })

  test('has the same bytes with four threads and other bytes with another seed', async () => {
    const again = await writeSampleFleet(request('again.parquet', { threads: 4 }))
    const other = await writeSampleFleet(request('other.parquet', { seed: 43 }))
    const first = await sha256(join(folder, 'daily.parquet'))
    expect(await sha256(again.forecasts)).toBe(first)
    expect(await sha256(again.serversTable)).toBe(await sha256(join(folder, 'daily.servers.csv')))
    expect(await sha256(other.forecasts)).not.toBe(first)
    expect(await sha256(other.serversTable)).not.toBe(await sha256(join(folder, 'daily.servers.csv')))
  })
})

describe('a daily fleet of 1,000 servers', () => {
  beforeAll(async () => {
    const truth = join(folder, 'thousand-truth.parquet')
    const { forecasts } = await writeSampleFleet(request('thousand.parquet', { servers: 1000, includeTruth: truth }))
    await database.run(`CREATE VIEW forecasts AS FROM read_parquet(${literal(forecasts)})`)
    await database.run(`CREATE VIEW truth AS FROM read_parquet(${literal(truth)})`)
    await database.run(`CREATE TABLE accuracy AS
      SELECT server_id, model, avg(abs(actual - predicted)) AS mae FROM forecasts WHERE NOT is_future GROUP BY ALL`)
    await database.run(`CREATE TABLE horizons AS
      SELECT server_id, avg(predicted) AS mean, quantile_cont(predicted, 0.95) AS p95, max(predicted) AS peak
      FROM forecasts SEMI JOIN (SELECT server_id, arg_min(model, mae) AS model FROM accuracy GROUP BY server_id) USING (server_id, model)
      WHERE is_future GROUP BY server_id`)
    await database.run(`CREATE VIEW measured AS
      SELECT server_id, timestamp, actual, predicted, month(timestamp) % 3 = 0 AND day(last_day(timestamp)) - day(timestamp) < 7 AS is_quarter_end
      FROM forecasts WHERE model = 'prophet' AND NOT is_future`)
  })

  test('has 5 to 8 percent of its servers at risk and 12 to 18 percent idle', async () => {
    const atRisk = await numberOf('SELECT avg((p95 > 80)::INTEGER) FROM horizons')
    expect(atRisk).toBeGreaterThan(0.05)
    expect(atRisk).toBeLessThan(0.08)
    const idle = await numberOf('SELECT avg((mean < 40)::INTEGER) FROM horizons')
    expect(idle).toBeGreaterThan(0.12)
    expect(idle).toBeLessThan(0.18)
    expect(await numberOf('SELECT avg((peak < 5)::INTEGER) FROM horizons')).toBeGreaterThan(0.02)
  })

  test('has servers that run out at the quarter end only, by growth, and already', async () => {
    const causes = await numbersOf(`
      SELECT CASE WHEN mean > 80 THEN 'already' WHEN outside < 80 THEN 'quarter end' ELSE 'growth' END, count(*)
      FROM horizons JOIN (
        SELECT server_id, quantile_cont(actual, 0.95) AS outside FROM measured WHERE NOT is_quarter_end AND timestamp > '2026-05-01' GROUP BY 1
      ) USING (server_id) WHERE p95 > 80 GROUP BY 1`)
    expect(causes['already']).toBeGreaterThan(8)
    expect(causes['quarter end']).toBeGreaterThan(4)
    expect(causes['growth']).toBeGreaterThan(4)
  })

  test('has a best, a middle and a worst model, none of which wins everywhere', async () => {
    const mae = await numbersOf('SELECT model, avg(mae) FROM accuracy GROUP BY model')
    expect(mae['prophet']).toBeLessThan(mae['xgboost'] ?? 0)
    expect(mae['xgboost']).toBeLessThan((mae['seasonal_naive'] ?? 0) * 0.8)
    const seriesWon = await numbersOf(
      'SELECT best, count(*) / 1000 FROM (SELECT arg_min(model, mae) AS best FROM accuracy GROUP BY server_id) GROUP BY best',
    )
    expect(seriesWon['prophet']).toBeGreaterThan(0.5)
    expect(seriesWon['xgboost']).toBeGreaterThan(0.28)
    expect(seriesWon['seasonal_naive']).toBeGreaterThan(0.02)
  })

  test('lets models err in the horizon as they did in the backtest', async () => {
    const backtest = await numbersOf('SELECT model, avg(mae) FROM accuracy GROUP BY model')
    const horizon = await numbersOf(`
      SELECT model, avg(abs(truth.actual - predicted)) FROM forecasts JOIN truth USING (server_id, timestamp) WHERE is_future GROUP BY model`)
    const ratios = Object.entries(backtest).map(([model, mae]) => (horizon[model] ?? 0) / mae)
    expect(ratios).toHaveLength(3)
    expect(Math.min(...ratios)).toBeGreaterThan(0.92)
    expect(Math.max(...ratios)).toBeLessThan(1.08)
  })

  test('gives one model honest intervals of 80 percent and another too narrow ones', async () => {
    const coverage = await numbersOf(`
      SELECT model, avg((coalesce(forecasts.actual, truth.actual) BETWEEN yhat_lower AND yhat_upper)::INTEGER)
      FROM forecasts LEFT JOIN truth USING (server_id, timestamp) GROUP BY model`)
    expect(Math.abs((coverage['prophet'] ?? 0) - 0.8)).toBeLessThan(0.02)
    expect(coverage['xgboost']).toBeLessThan(0.6)
  })

  test('rises at quarter ends where books are closed, and hardly on websites', async () => {
    const uplift = await numbersOf(`
      SELECT regexp_extract(server_id, '^[a-z]+-[a-z]+'), avg(actual) FILTER (is_quarter_end) - avg(actual) FILTER (NOT is_quarter_end)
      FROM measured GROUP BY 1`)
    expect(uplift['ledger-batch']).toBeGreaterThan(8)
    expect(uplift['risk-db']).toBeGreaterThan(5)
    expect(Math.abs(uplift['mobile-web'] ?? 99)).toBeLessThan(3)
  })

  test('rests at weekends and holidays online, and works at weekends in batch', async () => {
    const weekend = await numbersOf(`
      SELECT string_split(server_id, '-')[2], avg(actual) FILTER (isodow(timestamp) > 5) - avg(actual) FILTER (isodow(timestamp) < 6)
      FROM measured GROUP BY 1`)
    expect(weekend['web']).toBeLessThan(-8)
    expect(weekend['app']).toBeLessThan(-8)
    expect(weekend['batch']).toBeGreaterThan(2)
    const thanksgiving = await numberOf(`
      SELECT avg(actual) FILTER (timestamp IN ('2024-11-28', '2025-11-27')) - avg(actual) FILTER (timestamp IN ('2024-12-05', '2025-11-20'))
      FROM measured WHERE server_id LIKE '%-app-%'`)
    expect(thanksgiving).toBeLessThan(-4)
  })

  test('knows today something of tomorrow', async () => {
    const correlation = await numberOf(`
      SELECT avg(likeness) FROM (
        SELECT corr(error, before) AS likeness FROM (
          SELECT server_id, actual - predicted AS error, lag(actual - predicted) OVER (PARTITION BY server_id ORDER BY timestamp) AS before FROM measured
        ) GROUP BY server_id)`)
    expect(correlation).toBeGreaterThan(0.4)
    expect(correlation).toBeLessThan(0.85)
  })

  test('writes the true values of the horizon once per server and day', async () => {
    expect(await numberOf('SELECT count(*) FROM truth SEMI JOIN (FROM forecasts WHERE is_future) USING (server_id, timestamp)')).toBe(
      90_000,
    )
    expect(await numberOf('SELECT count(*) FROM truth WHERE actual IS NOT NULL')).toBe(90_000)
  })
})

test('an hourly fleet holds four measured and two future weeks', async () => {
  const { forecasts, rows } = await writeSampleFleet(request('hourly.parquet', { granularity: 'hourly', servers: 20 }))
  expect(rows).toBe(60_480)
  const counts = await numbersOf(
    `SELECT is_future::VARCHAR, count(*) FROM read_parquet(${literal(forecasts)}) GROUP BY 1
     UNION ALL SELECT 'hours', count(DISTINCT timestamp) FROM read_parquet(${literal(forecasts)})`,
  )
  expect(counts).toEqual({ false: 40_320, true: 20_160, hours: 1008 })
})

test('a sample ends on the day asked for, with the holidays of its years', async () => {
  expect(yesterday(Date.parse('2027-03-01T00:30:00Z'))).toBe('2027-02-28')
  const { forecasts } = await writeSampleFleet(request('later.parquet', { servers: 40, end: '2030-06-05' }))
  const rows = `read_parquet(${literal(forecasts)})`
  expect(await numberOf(`SELECT count(*) FROM ${rows} WHERE is_future <> (timestamp > TIMESTAMP '2030-06-05')`)).toBe(0)
  // Independence Day of 2029 is a Wednesday.
  const meanOn = (day: string) => numberOf(`SELECT avg(actual) FROM ${rows} WHERE timestamp = TIMESTAMP '${day}'`)
  const [before, holiday, after] = [await meanOn('2029-06-27'), await meanOn('2029-07-04'), await meanOn('2029-07-11')]
  expect(holiday).toBeLessThan(Math.min(before, after) - 3)
})

test('samples of one first end are one fleet over time: what both measure is the same, and others are another past', async () => {
  const write = (name: string, end: string, firstEnd?: string) =>
    writeSampleFleet(request(`${name}.parquet`, { servers: 60, end, ...(firstEnd === undefined ? {} : { firstEnd }) }))
  const [first, later, other] = [
    await write('m1', '2026-08-15'),
    await write('m2', '2026-09-20', '2026-08-15'),
    await write('m3', '2026-09-20'),
  ]
  const shared = (sample: SampleFleet, condition: string) =>
    numberOf(
      `SELECT count(*) FROM read_parquet(${literal(first.forecasts)}) a JOIN read_parquet(${literal(sample.forecasts)}) b USING (server_id, model, timestamp)
       WHERE NOT a.is_future AND NOT b.is_future AND ${condition}`,
    )
  // 36 of 731 days are gone.
  expect(await shared(later, 'true')).toBe(60 * 3 * (731 - 36))
  expect(await shared(later, 'a.actual IS DISTINCT FROM b.actual')).toBe(0)
  expect(await shared(other, 'a.actual IS DISTINCT FROM b.actual')).toBeGreaterThan(60 * 3 * 500)
  const rows = `read_parquet(${literal(later.forecasts)})`
  expect(await numberOf(`SELECT count(*) FROM ${rows}`)).toBe(60 * 3 * 821)
  expect(await numberOf(`SELECT count(*) FROM ${rows} WHERE is_future <> (timestamp > TIMESTAMP '2026-09-20')`)).toBe(0)
  expect(await readFile(first.serversTable, 'utf8')).toBe(await readFile(later.serversTable, 'utf8'))
  for (const [end, first, option] of [
    ['2026-08-01', 'later', '--first-end'],
    ['later', '2026-08-01', '--end'],
  ] as const) {
    await expect(write('m5', end, first)).rejects.toMatchObject({
      code: 'usage',
      message: `${option} must be a day from 1980 to 2099 such as 2026-11-22, not later.`,
    })
  }
  await expect(write('m4', '2026-08-01', '2026-08-15')).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/^--first-end must be a day of the five years up to /),
  })
})

describe('a complete sample', () => {
  let sample: SampleFleet
  const rowsOf = (path: string) => `read_parquet(${literal(path)})`
  beforeAll(async () => {
    await mkdir(join(folder, 'complete'))
    sample = await writeSampleFleet(request('complete/fleet.parquet', { servers: 120, seed: 7, contents: 'complete' }))
  })

  test('holds the processors of the plain sample, and memory', async () => {
    const plain = await writeSampleFleet(request('plain.parquet', { servers: 120, seed: 7 }))
    const processors = `SELECT * EXCLUDE (metric) FROM ${rowsOf(sample.forecasts)} WHERE metric = 'cpu_p95'`
    expect(await numberOf(`SELECT count(*) FROM (${processors} EXCEPT FROM ${rowsOf(plain.forecasts)})`)).toBe(0)
    expect(sample.rows).toBe(2 * plain.rows)
    const memory = `FROM ${rowsOf(sample.forecasts)} WHERE metric = 'mem_p95'`
    expect(await numberOf(`SELECT count(*) ${memory}`)).toBe(plain.rows)
    expect(await numberOf(`SELECT count(*) ${memory} AND NOT (yhat_lower <= predicted AND predicted <= yhat_upper)`)).toBe(0)
    // Memory grows over the threshold of 80 % on some servers, and few.
    const above = await numberOf(
      `SELECT count(*) FROM (SELECT server_id, quantile_cont(predicted, 0.95) p95 ${memory} AND is_future AND model = 'prophet' GROUP BY 1) WHERE p95 > 80`,
    )
    expect(above).toBeGreaterThan(0)
    expect(above).toBeLessThan(8)
  })

  test('holds the same forecasts as of four and eight weeks earlier', async () => {
    expect(sample.earlier?.map(({ weeks }) => weeks)).toEqual([8, 4])
    const ends = { 4: '2026-10-25', 8: '2026-09-27' } as Record<number, string>
    for (const { weeks, forecasts } of sample.earlier ?? []) {
      const past = rowsOf(forecasts)
      expect(
        await numberOf(
          `SELECT count(*) FROM ${past} WHERE is_future <> (timestamp > TIMESTAMP '${ends[weeks]}') OR is_future <> (actual IS NULL)`,
        ),
      ).toBe(0)
      expect(await numberOf(`SELECT count(DISTINCT timestamp) FROM ${past} WHERE is_future`)).toBe(90)
      const measured = `SELECT server_id, metric, model, timestamp, actual, predicted FROM`
      expect(
        await numberOf(`SELECT count(*) FROM (${measured} ${past} WHERE NOT is_future EXCEPT ${measured} ${rowsOf(sample.forecasts)})`),
      ).toBe(0)
    }
  })

  test('names an event of the horizon', async () => {
    expect(await readFile(sample.eventsTable ?? '', 'utf8')).toBe(
      'from,to,servers,group,metric,effect,note\n2026-12-13,2027-01-09,,business_unit=Retail,cpu_p95,+6 points,Card campaign\n',
    )
  })

  test('is daily', async () => {
    await expect(writeSampleFleet(request('x.parquet', { contents: 'complete', granularity: 'hourly' }))).rejects.toMatchObject({
      code: 'usage',
    })
  })
})

test('a fleet of one server is a fleet', async () => {
  const { forecasts, rows } = await writeSampleFleet(request('one.parquet', { servers: 1 }))
  expect(rows).toBe(2463)
  expect(await numberOf(`SELECT count(DISTINCT server_id) FROM read_parquet(${literal(forecasts)})`)).toBe(1)
})

test('progress starts at 0, never falls and ends at 1', async () => {
  const shares: number[] = []
  await writeSampleFleet(request('progress.parquet'), { onEvent: ({ progress }) => shares.push(progress) })
  expect(shares[0]).toBe(0)
  expect(shares.at(-1)).toBe(1)
  expect(shares).toEqual([...shares].sort((a, b) => a - b))
})

describe('cancelled', () => {
  test.each(['Describing the servers', 'Writing forecasts'])('at "%s" it leaves what was there before', async (label) => {
    const singleServer = await mkdtemp(join(folder, 'cancelled-'))
    const out = join(singleServer, 'fleet.parquet')
    await writeFile(out, 'mine')
    const controller = new AbortController()
    const writing = writeSampleFleet(
      { ...request('unused'), servers: 5000, out, includeTruth: join(singleServer, 'truth.parquet') },
      {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.label === label) setTimeout(() => controller.abort(), 50)
        },
      },
    )
    await expect(writing).rejects.toMatchObject({ code: 'cancelled' })
    expect(await readdir(singleServer)).toEqual(['fleet.parquet'])
    expect(await readFile(out, 'utf8')).toBe('mine')
  })

  test('before it begins it writes nothing', async () => {
    const singleServer = await mkdtemp(join(folder, 'cancelled-'))
    const writing = writeSampleFleet({ ...request('unused'), out: join(singleServer, 'fleet.parquet') }, { signal: AbortSignal.abort() })
    await expect(writing).rejects.toMatchObject({ code: 'cancelled' })
    expect(await readdir(singleServer)).toEqual([])
  })
})

describe('refused as usage', () => {
  const invalidRequests: [string, Partial<SampleFleetRequest>][] = [
    ['another ending', { out: '/tmp/sample.csv' }],
    ['a missing folder', { out: '/no/such/folder/sample.parquet' }],
    ['no servers', { servers: 0 }],
    ['too many servers', { servers: 1_000_001 }],
    ['half a server', { servers: 1.5 }],
    ['a negative seed', { seed: -1 }],
    ['an end that is no day', { end: '2026-02-30' }],
    ['an end without a day', { end: '2026-02' }],
    ['another ending of the truth', { includeTruth: '/tmp/truth.csv' }],
  ]
  test.each(invalidRequests)('%s', async (_, sampleRequest) => {
    await expect(writeSampleFleet(request('refused.parquet', sampleRequest))).rejects.toMatchObject({ code: 'usage' })
    expect(await readdir(folder)).not.toContain('refused.parquet')
  })

  test('a truth that would replace the forecasts', async () => {
    const sampleRequest = request('refused.parquet', { includeTruth: join(folder, 'refused.parquet') })
    await expect(writeSampleFleet(sampleRequest)).rejects.toMatchObject({ code: 'usage' })
  })
})

// headroom forecast on small measurements: steps, gaps, bounds, odd series, refusals and exports of monitoring systems.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forecastFile, type ForecastFileRequest } from '../../src-main/engine/forecast-file.ts'
import type { ForecastReport } from '../../src-main/forecasting/forecast-options.ts'
import { toolShapes } from '../fixtures/fleets.ts'
import { seasonalValue, writeDailyMeasurements } from '../fixtures/daily-measurements.ts'
import { ForecastWorkspace, type TestRow } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

let files = 0
const forecast = async (
  input: string,
  request: Partial<ForecastFileRequest> = {},
): Promise<ForecastReport & { readonly query: (sql: string) => Promise<TestRow[]> }> => {
  const out = join(workspace.folder, `forecasts-${++files}.parquet`)
  const report = await forecastFile({ inputs: [input], config: {}, out, ...request })
  return { ...report, query: (sql) => workspace.query(`WITH forecasts AS (SELECT * FROM read_parquet('${out}')) ${sql}`) }
}

const daily = (name: string, days: number, servers: Readonly<Record<string, string>>, metric?: string): Promise<string> =>
  writeDailyMeasurements(workspace, name, { days, servers, ...(metric === undefined ? {} : { metric }) })

describe('the forecasts file', () => {
  test('holds the windows of the backtest with their cut-offs, and the horizon', async () => {
    const { query, rows, horizon } = await forecast(await daily('windows', 100, { a: seasonalValue('a') }), { horizon: 14 })
    expect(horizon).toBe(14)
    const windows = await query(
      `SELECT strftime(cutoff, '%m-%d') AS cutoff, strftime(min("timestamp"), '%m-%d') AS first, CAST(count(*) AS INTEGER) AS steps, count_if(actual IS NULL) = 14 AS is_unknown, any_value(is_future) AS is_future
       FROM forecasts WHERE model = 'theta' GROUP BY ALL ORDER BY cutoff`,
    )
    expect(windows).toEqual([
      { cutoff: '04-27', first: '04-28', steps: 14, is_unknown: false, is_future: false },
      { cutoff: '05-11', first: '05-12', steps: 14, is_unknown: false, is_future: false },
      { cutoff: '05-25', first: '05-26', steps: 14, is_unknown: false, is_future: false },
      { cutoff: '06-08', first: '06-09', steps: 14, is_unknown: true, is_future: true },
    ])
    expect(rows).toBe(7 * 4 * 14)
  })

  test('has bounds that hold the nominal share of the backtest', async () => {
    const servers = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`s${at}`, seasonalValue(`s${at}`)]))
    const { query } = await forecast(await daily('bounds', 120, servers), { horizon: 14, config: { interval_level: 0.9 } })
    const [row] = await query(
      `SELECT avg(CAST(actual BETWEEN yhat_lower AND yhat_upper AS INTEGER)) AS coverage, bool_and(predicted BETWEEN yhat_lower AND yhat_upper) AS is_ordered FROM forecasts WHERE NOT is_future`,
    )
    expect(row?.['coverage']).toBeCloseTo(0.9, 1)
    const [order] = await query('SELECT bool_and(predicted BETWEEN yhat_lower AND yhat_upper) AS is_ordered FROM forecasts')
    expect(order).toEqual({ is_ordered: true })
  })

  test('has no bounds where no error is known', async () => {
    const { query } = await forecast(await daily('perfect', 70, { a: '140 + i % 7' }), { horizon: 14 })
    expect(await query('SELECT count(yhat_lower) + count(yhat_upper) AS bounds FROM forecasts')).toEqual([{ bounds: 0n }])
  })

  test('samples become the statistic of the local day; half-measured days are left out', async () => {
    // Hours 0, 1, 2 ... from 1 March, 00:00 in Berlin; the last day ends after six hours.
    const hourly = await workspace.writeQuery(
      'hourly.parquet',
      `SELECT 'a' AS server, TIMESTAMPTZ '2026-02-28 23:00:00+00' + to_hours(CAST(i AS INTEGER)) AS "time", CAST((i % 24) + 0.1 AS DOUBLE) AS value FROM range(${70 * 24 + 6}) t(i)`,
    )
    const { query, summary, warnings } = await forecast(hourly, {
      config: { time_zone: 'Europe/Berlin', target_metric: 'cpu' },
      statistic: 'max',
      horizon: 7,
    })
    expect(summary).toBe('Forecast 7 days ahead from daily maxima of values every hour, in Europe/Berlin.')
    expect(warnings.map(({ code }) => code)).toEqual(['partial-periods'])
    const [last] = await query(
      `SELECT strftime(max("timestamp"), '%Y-%m-%dT%H:%M') AS at, max(actual) AS greatest FROM forecasts WHERE NOT is_future AND model = 'theta'`,
    )
    // After the change of clocks on 29 March, a local day begins at 22:00 UTC.
    expect(last).toEqual({ at: '2026-05-08T22:00', greatest: 23.1 })
  })

  test('each metric has its own statistic where it is stated', async () => {
    const hourly = await workspace.writeQuery(
      'statistics.parquet',
      `SELECT 'a' AS server, metric, TIMESTAMP '2026-03-01' + to_hours(CAST(i AS INTEGER)) AS "time", CAST((i % 24) + 0.1 AS DOUBLE) AS value
       FROM range(${62 * 24}) t(i), (VALUES ('cpu'), ('io'), ('mem')) m(metric)`,
    )
    const { query, summary } = await forecast(hourly, {
      config: { metric_statistics: { mem: 'mean', io: 'max' }, metric_units: { io: 'count' } },
      horizon: 7,
    })
    expect(summary).toBe('Forecast 7 days ahead from daily 95th percentiles, maxima of io, means of mem of values every hour, in UTC.')
    // Of 0.1 to 23.1 by the hour.
    expect(
      await query(
        `SELECT metric, round(max(actual), 3) AS value FROM forecasts WHERE NOT is_future AND model = 'theta' GROUP BY ALL ORDER BY metric`,
      ),
    ).toEqual([
      { metric: 'cpu', value: 21.95 },
      { metric: 'io', value: 23.1 },
      { metric: 'mem', value: 11.6 },
    ])
  })

  test('short spans are forecast by the hour', async () => {
    const { step, horizon, summary } = await forecast(
      await workspace.writeQuery(
        'short.parquet',
        `SELECT 'a' AS server, TIMESTAMP '2026-03-01' + to_minutes(CAST(i * 15 AS INTEGER)) AS "time", 20 + i % 96 / 4.0 AS value FROM range(${20 * 96}) t(i)`,
      ),
    )
    expect([step, horizon]).toEqual(['hour', 160])
    expect(summary).toBe('Forecast 160 hours ahead from hourly maxima of percentiles of values every 15 minutes, in UTC.')
  })
})

describe('progress and cancel', () => {
  test('progress rises from 0 to 1', async () => {
    const shares: number[] = []
    await forecastFile(
      { inputs: [await daily('progress', 60, { a: seasonalValue('a') })], config: {}, out: join(workspace.folder, 'progress-out.parquet') },
      { onEvent: (event) => event.type === 'step' && shares.push(event.progress ?? 0) },
    )
    expect([shares[0], shares.at(-1)]).toEqual([0, 1])
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
  })

  test('a cancel leaves no file', async () => {
    const cancelling = new AbortController()
    const out = join(workspace.folder, 'never.parquet')
    const work = forecastFile(
      { inputs: [await daily('cancelled', 60, { a: seasonalValue('a') })], config: {}, out },
      { signal: cancelling.signal, onEvent: (event) => event.type === 'step' && (event.progress ?? 0) > 0 && cancelling.abort() },
    )
    await expect(work).rejects.toMatchObject({ code: 'cancelled' })
    expect((await readdir(workspace.folder)).filter((name) => name.includes('never'))).toEqual([])
  })
})

describe('odd series', () => {
  test('end in a forecast within the bounds of their metric, or in one sentence', async () => {
    const input = await daily('odd', 90, {
      constant: '40',
      zero: '0',
      'five points': 'CASE WHEN i >= 85 THEN i END',
      gappy: 'CASE WHEN i % 4 <> 0 THEN 20 + i % 5 END',
      unmeasured: "'NaN'::DOUBLE",
      spike: 'CASE WHEN i = 50 THEN 1e6 ELSE 20 + i % 3 END',
      negative: '-5 + i % 2',
      'begins late': 'CASE WHEN i >= 45 THEN 30 + i % 6 END',
      'ended early': 'CASE WHEN i < 45 THEN 30 + i % 6 END',
      rising: 'least(100, i * 1.2)',
      'capacity doubled': 'CASE WHEN i < 45 THEN 60 + i % 6 ELSE 30 + i % 6 END',
    })
    const { query, warnings } = await forecast(input, { horizon: 14 })
    const rows = await query(
      `SELECT server_id, min(predicted) >= 0 AND max(predicted) <= 100 AND max(yhat_upper) <= 100 AS is_within, CAST(count(*) FILTER (is_future) AS INTEGER) AS horizon, count(predicted) = count(*) AS is_complete,
              strftime(min("timestamp") FILTER (is_future), '%m-%d') AS first, max(actual) AS greatest
       FROM forecasts GROUP BY server_id ORDER BY server_id`,
    )
    const normal = { is_within: true, is_complete: true, horizon: 7 * 14, first: '05-30' }
    expect(rows).toEqual([
      { ...normal, server_id: 'begins late', greatest: 35 },
      { ...normal, server_id: 'capacity doubled', greatest: 35 },
      { ...normal, server_id: 'constant', greatest: 40 },
      { ...normal, server_id: 'ended early', greatest: 35, first: '04-15' },
      { ...normal, server_id: 'five points', greatest: 89 },
      { ...normal, server_id: 'gappy', greatest: 24 },
      { ...normal, server_id: 'negative', greatest: -4 },
      { ...normal, server_id: 'rising', greatest: 100 },
      { ...normal, server_id: 'spike', greatest: 22 },
      { ...normal, server_id: 'zero', greatest: 0 },
    ])
    expect(warnings.map(({ message }) => message)).toEqual([
      '1 value lies above ten times the 99.9th percentile and counts as missing: spike, cpu_p95: 1000000.',
      '1 series has no measured value and is not forecast: unmeasured, cpu_p95.',
      '1 series changed its level for good: capacity doubled, cpu_p95: from 62.4 to 32.6 on 2026-04-15. Was the capacity changed? The view Events offers an event for it.',
    ])
  })

  test('after a capacity doubled, forecasts follow the new level', async () => {
    const input = await daily('doubled', 90, { a: 'CASE WHEN i < 45 THEN 60 + i % 6 ELSE 30 + i % 6 END' })
    const { query } = await forecast(input, { horizon: 14 })
    const levels = await query(
      `SELECT model, median(predicted) AS level FROM forecasts WHERE is_future AND model IN ('seasonal_naive', 'flat_median', 'weekday_median', 'median_ensemble') GROUP BY model ORDER BY model`,
    )
    for (const { level } of levels) expect(Math.abs(Number(level) - 32.5)).toBeLessThan(3)
    expect(levels).toHaveLength(4)
  })

  test('a busy server among idle ones is no outlier', async () => {
    const servers = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`idle-${at}`, '1 + i % 2']))
    const { warnings } = await forecast(await daily('busy', 70, { ...servers, busy: '5000 + i' }, 'requests'))
    expect(warnings).toEqual([])
  })

  test('percentages that often exceed 100 have no ceiling', async () => {
    const { query } = await forecast(await daily('overbooked', 80, { a: '120 + i % 7' }))
    const [row] = await query('SELECT max(predicted) AS greatest FROM forecasts WHERE is_future')
    expect(Number(row?.['greatest'])).toBeGreaterThan(120)
  })
})

describe('refusals', () => {
  test('repeated rows', async () => {
    const input = await workspace.writeQuery(
      'repeated.parquet',
      `SELECT 'a' AS host, TIMESTAMP '2026-03-01' + to_days(CAST(i // 2 AS INTEGER)) AS "time", 1.0 * i AS value FROM range(140) t(i)`,
    )
    await expect(forecast(input)).rejects.toMatchObject({ code: 'input-duplicate-rows' })
  })

  test('a value a week', async () => {
    const input = await workspace.writeQuery(
      'weekly.parquet',
      `SELECT 'a' AS host, TIMESTAMP '2026-01-01' + to_days(CAST(i * 7 AS INTEGER)) AS "time", 1.0 * i AS value FROM range(40) t(i)`,
    )
    await expect(forecast(input)).rejects.toThrow('weekly.parquet has a value every 7 days; forecasts need one a day or more.')
  })

  test('no measured value at all', async () => {
    await expect(forecast(await daily('nothing', 10, { a: "'NaN'::DOUBLE" }))).rejects.toThrow('nothing.parquet holds no measured value.')
  })

  test('infinite values', async () => {
    await expect(forecast(await daily('infinite', 70, { a: "CASE WHEN i = 3 THEN 'Infinity'::DOUBLE ELSE i END" }))).rejects.toMatchObject({
      code: 'input-infinite',
    })
  })

  test('forecasts', async () => {
    const input = await workspace.writeForecasts('forecasts.parquet', [{ server_id: 'a', timestamp: '2026-03-01', predicted: 1 }])
    await expect(forecast(input)).rejects.toThrow('forecasts.parquet holds forecasts: column predicted.')
  })
})

describe.skipIf(!toolShapes.isAvailable)(`exports of monitoring systems${toolShapes.skipNote}`, () => {
  test.each([
    ['measurements_long.csv', {}],
    ['measurements_wide.csv', { wide: 'servers' }],
    ['measurements_european.csv', {}],
    ['prometheus_query_range.json', {}],
    ['cloudwatch_get_metric_data.json', {}],
  ])('%s gives the same forecasts as the measurements in Headroom’s own columns', async (name, config) => {
    const rows = async (input: string, settings: Readonly<Record<string, unknown>>): Promise<TestRow[]> =>
      (await forecast(toolShapes.path(input), { config: settings })).query('SELECT * FROM forecasts')
    expect(await rows(name, config)).toEqual(await rows('native_measurements.parquet', {}))
  })

  test('measurements_two_metrics.parquet gives those of cpu_p95, and halves of mem_p95', async () => {
    const both = await forecast(toolShapes.path('measurements_two_metrics.parquet'))
    const rowsOf = async ({ query }: typeof both, metric: string, factor: number): Promise<TestRow[]> =>
      query(
        `SELECT server_id, "timestamp", model, cutoff, is_future, round(${factor} * actual, 6) AS actual, round(${factor} * predicted, 6) AS predicted
         FROM forecasts WHERE metric = '${metric}' ORDER BY ALL`,
      )
    const known = await rowsOf(await forecast(toolShapes.path('native_measurements.parquet')), 'cpu_p95', 1)
    expect(known.length).toBeGreaterThan(0)
    expect(await rowsOf(both, 'cpu_p95', 1)).toEqual(known)
    expect(await rowsOf(both, 'mem_p95', 2)).toEqual(known)
  })

  test('an analysis in one go of two metrics has the figures of each', async () => {
    const figures = async (input: string, metric: string): Promise<unknown[]> =>
      (await (await workspace.analyse(toolShapes.path(input))).serverRisk())
        .filter((row) => row['metric'] === metric)
        .map((row) => [row['server_id'], row['model'], row['horizon_p95'], row['horizon_peak'], row['last_measured_at']])
    const [both, native] = [
      await figures('measurements_two_metrics.parquet', 'cpu_p95'),
      await figures('native_measurements.parquet', 'cpu_p95'),
    ]
    expect(native.length).toBeGreaterThan(0)
    expect(both).toEqual(native)
  })
})

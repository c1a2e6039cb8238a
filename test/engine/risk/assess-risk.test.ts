// Risk of rows, series and servers: flags, percentiles, breaches, thresholds, units and idleness (analysis definition, sections 2, 4 and 6).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ForecastWorkspace, type FinishedRun } from '../../fixtures/forecast-workspace.ts'
import { gap, seriesRows, times } from '../../fixtures/forecast-rows.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

describe('of one metric', () => {
  let run: FinishedRun
  beforeAll(async () => {
    const servers = {
      'ten steps': [70, 100, 10, 40, 90, 20, 60, 30, 80, 50],
      'at threshold': times(5, 80),
      'just above': times(5, 80.000001),
      'at very high': times(5, 90),
      'above very high': times(5, 90.5),
      'one spike': [...times(9, 50), 95, ...times(10, 50)],
      'two runs': [85, 85, 85, gap, 85, 85, 10],
      'a hole of NaN': [85, 85, Number.NaN, 85, 85, 85, 10],
      'one step': [42],
      rising: [10, 20, 30],
      flat: times(7, 37.3),
      'late breach': [...times(13, 20), 81],
    }
    run = await workspace.analyse(
      await workspace.writeForecasts('one-metric.parquet', [
        ...Object.entries(servers).flatMap(([server, horizon]) =>
          seriesRows({ server, start: '2026-02-01', actual: times(3, 50), horizon }),
        ),
        ...seriesRows({ server: 'never measured', start: '2026-02-04', horizon: [85] }),
        ...seriesRows({ server: 'past only', start: '2026-02-01', actual: times(3, 99) }),
      ]),
    )
  })

  test('P95 interpolates linearly between the ordered values', async () => {
    // Position 0.95 x 9 = 8.55 of 10, 20, ... 100: 90 + 0.55 x 10.
    expect((await run.riskOf('ten steps'))['horizon_p95']).toBeCloseTo(95.5, 12)
  })

  test('exactly at the threshold is not above it', async () => {
    expect(await run.riskOf('at threshold')).toMatchObject({
      risk_level: 'low',
      is_at_risk: false,
      headroom_points: 0,
      periods_over: 0,
      longest_breach_run: 0,
      first_breach_at: null,
      days_to_breach: null,
      percent_to_add: 0,
      units_to_add: null,
    })
    expect(await run.riskOf('just above')).toMatchObject({ risk_level: 'medium', is_at_risk: true, periods_over: 5 })
  })

  test('exactly at the very high threshold is medium, above it high', async () => {
    expect((await run.riskOf('at very high'))['risk_level']).toBe('medium')
    expect(await run.riskOf('above very high')).toMatchObject({ risk_level: 'high', headroom_points: -10.5 })
  })

  test('a single spike breaches, but does not put the server at risk', async () => {
    // Position 0.95 x 19 = 18.05 of nineteen 50s and a 95: 50 + 0.05 x 45. Tenth day after 3 February.
    const risk = await run.riskOf('one spike')
    expect(risk).toMatchObject({ is_at_risk: false, first_breach_at: '2026-02-13T00:00:00', days_to_breach: 10, periods_over: 1 })
    expect(risk['horizon_p95']).toBeCloseTo(52.25, 12)
  })

  test('a missing time ends a run of breaches', async () => {
    expect(await run.riskOf('two runs')).toMatchObject({ horizon_periods: 6, periods_over: 5, longest_breach_run: 3 })
  })

  test('a missing prediction ends a run of breaches and counts nowhere', async () => {
    // 85, 85, -, 85, 85, 85, 10: mean (5 x 85 + 10) / 6.
    expect(await run.riskOf('a hole of NaN')).toMatchObject({
      horizon_periods: 6,
      horizon_mean: 72.5,
      periods_over: 5,
      longest_breach_run: 3,
    })
  })

  test('days to breach count from the last measured time', async () => {
    // Measured until 3 February, breach on the fourteenth day of the horizon, 17 February.
    expect(await run.riskOf('late breach')).toMatchObject({
      last_measured_at: '2026-02-03T00:00:00',
      first_breach_at: '2026-02-17T00:00:00',
      days_to_breach: 14,
    })
  })

  test('without measured times there is a first breach, but no days to it', async () => {
    expect(await run.riskOf('never measured')).toMatchObject({
      last_measured_at: null,
      first_breach_at: '2026-02-04T00:00:00',
      days_to_breach: null,
      is_at_risk: true,
    })
  })

  test('one step has no deviation', async () => {
    expect(await run.riskOf('one step')).toMatchObject({
      horizon_periods: 1,
      horizon_p95: 42,
      horizon_mean: 42,
      horizon_peak: 42,
      horizon_std: null,
    })
  })

  test('deviation is that of a sample, and three measured days tell no trend, however steep the horizon', async () => {
    // 10, 20, 30: squares 100 + 0 + 100 over 2.
    const rising = await run.riskOf('rising')
    expect(rising['horizon_std']).toBeCloseTo(10, 12)
    expect(rising).toMatchObject({ trend_per_30_days: null, trend_standard_error: null, exhaustion_at: null })
  })

  test('a flat forecast has exactly its value as mean and no deviation', async () => {
    expect(await run.riskOf('flat')).toMatchObject({ horizon_mean: 37.3, horizon_p95: 37.3, horizon_std: 0 })
  })

  test('a server without horizon is counted, but never at risk', async () => {
    expect(await run.riskOf('past only')).toMatchObject({
      model: null,
      horizon_periods: 0,
      horizon_p95: null,
      risk_level: null,
      is_at_risk: false,
      is_underutilized: false,
      units_to_add: null,
      cluster: null,
      recommendation: 'keep',
    })
    expect(run.manifest.warnings).toContainEqual(expect.objectContaining({ code: 'no-horizon', count: 1, examples: ['past only'] }))
    // At risk: ten steps, just above, at very high, above very high, two runs, a hole of NaN, never measured.
    expect(run.manifest.counts).toMatchObject({ total_servers: 14, at_risk_servers: 7 })
  })
})

describe('of rows', () => {
  test('is flagged on every row of every model by the strict thresholds; no prediction, no flag', async () => {
    const values = [80, 80.1, 90, 90.1, null, Number.NaN]
    const run = await workspace.analyse(
      await workspace.writeForecasts('rows.parquet', [
        ...seriesRows({ server: 's', model: 'selected', actual: times(6, 50), predicted: values, horizon: [50] }),
        ...seriesRows({ server: 's', model: 'other', actual: times(6, 0), predicted: values, horizon: [99] }),
      ]),
    )
    const rows = await run.flagged('SELECT model, risk_flag, risk_level FROM flagged')
    const measured = [
      { risk_flag: false, risk_level: 'low' },
      { risk_flag: true, risk_level: 'medium' },
      { risk_flag: true, risk_level: 'medium' },
      { risk_flag: true, risk_level: 'high' },
      { risk_flag: null, risk_level: null },
      { risk_flag: null, risk_level: null },
    ]
    expect(rows).toEqual([
      ...measured.map((row) => ({ model: 'selected', ...row })),
      { model: 'selected', risk_flag: false, risk_level: 'low' },
      ...measured.map((row) => ({ model: 'other', ...row })),
      { model: 'other', risk_flag: true, risk_level: 'high' },
    ])
  })
})

describe('of hourly forecasts', () => {
  test('breaches are fractions of days away and runs are of hours', async () => {
    const run = await workspace.analyse(
      await workspace.writeForecasts(
        'hourly.parquet',
        seriesRows({
          server: 's',
          start: '2026-02-01T00:00:00',
          step: 'hour',
          actual: times(6, 50),
          horizon: [50, 50, 50, 50, 50, 85, 85, gap, 85, 50],
        }),
      ),
    )
    // Measured until 05:00; first above at 11:00.
    expect(await run.riskOf('s')).toMatchObject({
      first_breach_at: '2026-02-01T11:00:00',
      days_to_breach: 0.25,
      longest_breach_run: 2,
      periods_over: 3,
    })
    expect(run.manifest).toMatchObject({ granularity: 'hourly', step_seconds: 3600 })
  })
})

describe('what is future', () => {
  const ofServer = (server: string, sql: string): string =>
    `SELECT '${server}' AS server_id, TIMESTAMP '2026-01-01' + to_days(i::INTEGER) AS timestamp, 50.0 + i AS predicted, ${sql} FROM range(10) t(i)`

  test('a hole in the measurements is no horizon, with the column absent', async () => {
    // Measured on days 0 to 2 and 5; the horizon begins with day 6.
    const run = await workspace.analyse(
      await workspace.writeQuery('absent.parquet', ofServer('s', 'CASE WHEN i < 3 OR i = 5 THEN 50.0 END AS actual')),
    )
    expect(await run.riskOf('s')).toMatchObject({
      last_measured_at: '2026-01-06T00:00:00',
      horizon_start: '2026-01-07T00:00:00',
      horizon_periods: 4,
      backtest_points: 4,
    })
  })

  test('stated rows are taken at their word, the others are derived, also where whole numbers say it', async () => {
    const run = await workspace.analyse(
      await workspace.writeQuery(
        'mixed.parquet',
        [
          ofServer('stated', 'CASE WHEN i < 8 THEN 50.0 END AS actual, CASE WHEN i >= 8 THEN 1 ELSE 0 END AS is_future'),
          ofServer('empty', 'CASE WHEN i < 6 THEN 50.0 END AS actual, NULL::INTEGER AS is_future'),
          // Days 8 and 9 are denied to be future; 6 and 7 are derived.
          ofServer('mixed', 'CASE WHEN i < 6 THEN 50.0 END AS actual, CASE WHEN i >= 8 THEN 0 END AS is_future'),
        ].join(' UNION ALL '),
      ),
    )
    expect((await run.riskOf('stated'))['horizon_periods']).toBe(2)
    expect((await run.riskOf('empty'))['horizon_periods']).toBe(4)
    expect(await run.riskOf('mixed')).toMatchObject({ horizon_periods: 2, horizon_end: '2026-01-08T00:00:00' })
  })

  test('what was measured of stated future rows since is neither backtest nor the last measured time', async () => {
    const run = await workspace.analyse(
      await workspace.writeQuery('held-out.parquet', ofServer('s', 'CAST(90 AS DOUBLE) AS actual, i >= 4 AS is_future')),
    )
    expect(await run.riskOf('s')).toMatchObject({ last_measured_at: '2026-01-04T00:00:00', backtest_points: 4, horizon_periods: 6 })
  })
})

describe('of several metrics', () => {
  let run: FinishedRun
  beforeAll(async () => {
    const level = (server: string, metric: string, value: number) =>
      seriesRows({ server, metric, actual: times(3, value), horizon: times(4, value) })
    run = await workspace.analyse(
      await workspace.writeForecasts('metrics.parquet', [
        ...level('busy twice', 'cpu_p95', 88),
        ...level('busy twice', 'mem_used', 46),
        ...level('busy in memory', 'cpu_p95', 20),
        ...level('busy in memory', 'mem_used', 41),
        ...level('critical', 'cpu_p95', 65),
        ...level('critical', 'mem_used', 30),
        ...level('idle', 'cpu_p95', 20),
        ...level('idle', 'mem_used', 30),
        ...level('idle', 'net_bytes', 3e12),
        ...level('half idle', 'cpu_p95', 20),
        ...seriesRows({ server: 'half idle', metric: 'mem_used', actual: times(3, 30) }),
        ...level('at forty', 'cpu_p95', 40),
        ...seriesRows({ server: 'rising', metric: 'cpu_p95', actual: [10], horizon: [10, 20, 30] }),
      ]),
      {
        config: {
          metric_thresholds: { mem_used: { high: 40, very_high: 45 } },
          criticality_thresholds: { vital: { high: 60, very_high: 70 } },
        },
        serversTable: await workspace.writeText('metrics.csv', 'server_id,criticality,capacity_units\nbusy twice,,10\ncritical,vital,1\n'),
      },
    )
  })

  test('each metric has its own thresholds, in rows as in series', async () => {
    expect(await run.riskOf('busy in memory', 'mem_used')).toMatchObject({ is_at_risk: true, risk_level: 'medium', high_threshold: 40 })
    expect(await run.riskOf('busy in memory', 'cpu_p95')).toMatchObject({ is_at_risk: false, high_threshold: 80 })
    const rows = await run.flagged(
      `SELECT DISTINCT metric, risk_flag, risk_level FROM flagged WHERE server_id = 'busy in memory' ORDER BY metric`,
    )
    expect(rows).toEqual([
      { metric: 'cpu_p95', risk_flag: false, risk_level: 'low' },
      { metric: 'mem_used', risk_flag: true, risk_level: 'medium' },
    ])
  })

  test('thresholds of a criticality override the default ones', async () => {
    expect(await run.riskOf('critical', 'cpu_p95')).toMatchObject({ is_at_risk: true, risk_level: 'medium', high_threshold: 60 })
    expect(await run.riskOf('critical', 'mem_used')).toMatchObject({ is_at_risk: false, high_threshold: 60 })
  })

  test('any metric puts a server at risk, and it counts once', async () => {
    // At risk: busy twice (by both metrics), busy in memory, critical. Underutilised: idle, rising.
    expect(run.manifest.counts).toMatchObject({ total_servers: 7, at_risk_servers: 3, series: 13 })
    const summary = await run.json('module_05_summary.json', z.record(z.string(), z.unknown()))
    expect(summary).toMatchObject({ total_servers: 7, at_risk_servers: 3, underutilized_servers: 2 })
  })

  test('a metric that is no percentage is not evaluated', async () => {
    expect(await run.riskOf('idle', 'net_bytes')).toMatchObject({
      is_at_risk: false,
      risk_level: null,
      high_threshold: null,
      headroom_points: null,
      units_to_add: null,
    })
    expect(await run.flagged(`SELECT DISTINCT risk_flag, risk_level FROM flagged WHERE metric = 'net_bytes'`)).toEqual([
      { risk_flag: null, risk_level: null },
    ])
    expect(run.manifest.warnings).toContainEqual(expect.objectContaining({ code: 'unjudged-metric', examples: ['net_bytes'] }))
  })

  test('a server is underutilised only when every evaluated metric is, and then as a whole', async () => {
    const flagged = await run.flagged(
      'SELECT server_id, bool_and(is_underutilized) AS every, bool_or(is_underutilized) AS any FROM flagged GROUP BY 1 ORDER BY 1',
    )
    expect(flagged.filter((row) => row['any'] === true)).toEqual([
      { server_id: 'idle', every: true, any: true },
      { server_id: 'rising', every: true, any: true },
    ])
  })

  test('a mean of exactly 40 is not below 40', async () => {
    expect((await run.riskOf('at forty'))['is_underutilized']).toBe(false)
  })

  test('capacity is added for the metric that needs most of it', async () => {
    // cpu_p95: 10 x (88 / 80 - 1) = 1; mem_used: 10 x (46 / 40 - 1) = 1.5, so 2. The headroom is least for cpu_p95: -8 against -6.
    expect((await run.riskOf('busy twice', 'cpu_p95'))['units_to_add']).toBe(1)
    expect((await run.riskOf('busy twice', 'mem_used'))['units_to_add']).toBe(2)
    const { recommendations } = await run.json(
      'optimization_recommendations.json',
      z.object({ recommendations: z.array(z.record(z.string(), z.unknown())) }),
    )
    expect(recommendations.find((entry) => entry['server_id'] === 'busy twice')).toMatchObject({
      recommendation: 'add capacity',
      metric: 'cpu_p95',
      horizon_p95: 88,
      units_to_add: 2,
    })
  })

  test('a metric in terabytes costs the others no digit', async () => {
    // 10, 20, 30 next to 3e12: deviation 10.
    const rising = await run.riskOf('rising')
    expect(rising['horizon_std']).toBeCloseTo(10, 12)
  })
})

test('units are rounded up where they are whole and left as they are where they are not', async () => {
  const level = (server: string, value: number) => seriesRows({ server, actual: [50], horizon: times(3, value) })
  const run = await workspace.analyse(
    await workspace.writeForecasts('units.parquet', [
      ...level('to the full', 100),
      ...level('by a tenth', 88),
      ...level('a little more', 89),
      ...level('in parts', 100),
      ...level('enough', 79),
      ...level('unknown size', 81),
    ]),
    {
      serversTable: await workspace.writeText(
        'units.csv',
        'server_id,capacity_units\nto the full,8\nby a tenth,10\na little more,10\nin parts,2.5\nenough,16\n',
      ),
    },
  )
  const units = Object.fromEntries((await run.serverRisk()).map((row) => [row['server_id'], row['units_to_add']]))
  expect(units).toEqual({
    // 8 x (100 / 80 - 1)
    'to the full': 2,
    // 10 x (88 / 80 - 1) is 1.0000000000000009 in floating numbers.
    'by a tenth': 1,
    // 10 x 0.1125
    'a little more': 2,
    // 2.5 x 0.25
    'in parts': 0.625,
    enough: 0,
    // Told in percent: 1.25.
    'unknown size': null,
  })
})

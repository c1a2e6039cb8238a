// Module 05's method on a fleet small enough to follow by hand (analysis definition, section 10).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ForecastWorkspace, type FinishedRun } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const parseObject = z.record(z.string(), z.unknown())

describe('by the method of Module 05', () => {
  let run: FinishedRun
  let summary: Record<string, unknown>
  beforeAll(async () => {
    const flat = (server: string, level: number) =>
      seriesRows({ server, model: 'm', start: '2026-03-28', actual: times(2, 0), predicted: times(2, level), horizon: times(2, level) })
    run = await workspace.analyse(
      await workspace.writeForecasts('fleet.parquet', [
        ...flat('low a', 10),
        ...flat('low b', 12),
        ...flat('middle a', 50),
        ...flat('middle b', 54),
        // 80 is not above 80, 80.5 and 96 are above it, 96.5 is above 96; none is above the configured 99.
        ...seriesRows({
          server: 'top',
          model: 'm',
          start: '2026-03-28',
          actual: times(2, 80),
          predicted: [80, 80.5],
          horizon: [96, 96.5],
        }),
        // Future of both models: (20 + 39.9) / 2 = 29.95, below 30, though one of them is above.
        ...seriesRows({
          server: 'mixed',
          model: 'm',
          start: '2026-03-28',
          actual: times(2, 90),
          predicted: [60, 60],
          horizon: [39.9, 39.9],
        }),
        ...seriesRows({ server: 'mixed', model: 'n', start: '2026-03-28', actual: times(2, 90), predicted: [60, 60], horizon: [20, 20] }),
      ]),
      {
        method: 'module05',
        config: { high_risk_threshold: 99, very_high_risk_threshold: 99.5, n_clusters: 6, eoq_window_days: 7, cost_per_instance: 120 },
      },
    )
    summary = await run.json('module_05_summary.json', parseObject)
  })

  test('rows are flagged above 80 and high above 96 under any configuration', async () => {
    expect(await run.flagged(`SELECT predicted, risk_flag, risk_level FROM flagged WHERE server_id = 'top'`)).toEqual([
      { predicted: 80, risk_flag: false, risk_level: 'low' },
      { predicted: 80.5, risk_flag: true, risk_level: 'medium' },
      { predicted: 96, risk_flag: true, risk_level: 'medium' },
      { predicted: 96.5, risk_flag: true, risk_level: 'high' },
    ])
  })

  test('only the last day of a quarter is a quarter end', async () => {
    expect(await run.flagged(`SELECT DISTINCT strftime("timestamp", '%m-%d') AS day FROM flagged WHERE is_eoq`)).toEqual([{ day: '03-31' }])
  })

  test('servers are underutilised below a future mean of 30 over all models', async () => {
    const idle = await run.flagged('SELECT DISTINCT server_id FROM flagged WHERE is_underutilized ORDER BY 1')
    expect(idle).toEqual([{ server_id: 'low a' }, { server_id: 'low b' }, { server_id: 'mixed' }])
  })

  test('the summary counts rows under keys named for servers, and states the unit', () => {
    expect(summary).toMatchObject({
      method: 'module05',
      total_servers: 6,
      // 80.5, 96 and 96.5
      at_risk_servers: 3,
      // low a 4, low b 4, mixed 8
      underutilized_servers: 16,
      rows: { rows: 28, risk_flag_rows: 3, high_rows: 1, medium_rows: 2, is_eoq_rows: 7, is_holiday_rows: 0, underutilized_rows: 16 },
    })
  })

  test('three clusters on unscaled mean and deviation over all rows and models', async () => {
    // mixed: 60, 60, 39.9, 39.9, 60, 60, 20, 20: mean 359.8 / 8 = 44.975, sample deviation 17.4...
    const clusters = await run.clusters()
    expect(clusters.map((row) => [row['server_id'], row['cluster']])).toEqual([
      ['low a', 0],
      ['low b', 0],
      ['middle a', 1],
      ['middle b', 1],
      ['mixed', 1],
      ['top', 2],
    ])
    const mixed = clusters[4]!
    expect(mixed['mean']).toBeCloseTo(44.975, 12)
    // Squares: 4 x 15.025^2 + 2 x 5.075^2 + 2 x 24.975^2 = 903.0025 + 51.51125 + 1247.50125, over 7.
    expect(mixed['std']).toBeCloseTo(Math.sqrt(2202.015 / 7), 9)
    // lows: 2 x 1^2; top alone; the three others around (50 + 54 + 44.975) / 3 and a third of the deviation.
    const mean = (50 + 54 + 44.975) / 3
    const deviation = Math.sqrt(2202.015 / 7) / 3
    const inertia = 2 + (50 - mean) ** 2 + (54 - mean) ** 2 + (44.975 - mean) ** 2 + 2 * deviation ** 2 + (2 * deviation) ** 2
    expect(summary['kmeans_inertia']).toBeCloseTo(inertia, 9)
  })

  test('savings are half the cost of the lowest cluster', () => {
    // 2 x 120 x 0.5
    expect(summary).toMatchObject({ optimization_savings_usd: 120, underutilized_count: 2 })
  })

  test('the configuration may set the threshold of underutilised servers', async () => {
    const path = await workspace.writeForecasts('idle.parquet', seriesRows({ server: 's', actual: [50], horizon: [35] }))
    const defaultRun = await workspace.analyse(path, { method: 'module05' })
    const configured = await workspace.analyse(path, { method: 'module05', config: { underutilized_threshold: 40 } })
    expect(await defaultRun.json('module_05_summary.json', parseObject)).toMatchObject({ underutilized_servers: 0 })
    expect(await configured.json('module_05_summary.json', parseObject)).toMatchObject({ underutilized_servers: 2 })
  })
})

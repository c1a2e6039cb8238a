// Analyses of measurements in one go: forecast first, or refused.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forecastFile } from '../../src-main/engine/forecast-file.ts'
import { seasonalValue, writeDailyMeasurements } from '../fixtures/daily-measurements.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const daily = (name: string, days: number, servers: Readonly<Record<string, string>>, metric?: string): Promise<string> =>
  writeDailyMeasurements(workspace, name, { days, servers, ...(metric === undefined ? {} : { metric }) })

describe('an analysis of measurements', () => {
  test('forecasts them first and says so', async () => {
    const input = await daily('one-go', 90, { a: seasonalValue('a'), b: '95 + i % 3' })
    const run = await workspace.analyse(input)
    expect(run.manifest.warnings[0]).toEqual({
      code: 'own-forecasts',
      message:
        'The input holds measurements only. Forecast 30 days ahead from daily values. Models: seasonal_naive, flat_median, weekday_median, calendar_trend, theta, median_ensemble, mstl.',
    })
    expect(run.manifest.inputs).toMatchObject([{ path: input, rows: 180 }])
    expect(run.manifest.counts).toMatchObject({ total_servers: 2, at_risk_servers: 1 })
    expect(run.manifest.timings.map(({ step }) => step)).toContain('forecast')
  })

  test('equals the analysis of the forecasts file', async () => {
    const input = await daily('two-steps', 90, { a: seasonalValue('a'), b: seasonalValue('b') })
    const out = join(workspace.folder, 'two-steps-forecasts.parquet')
    await forecastFile({ inputs: [input], config: {}, out })
    expect(await (await workspace.analyse(input)).serverRisk()).toEqual(await (await workspace.analyse(out)).serverRisk())
  })

  test('converts fractions once', async () => {
    const config = { metric_units: { cpu_p95: 'fraction' } }
    const fractions = await workspace.analyse(await daily('fractions', 90, { a: `(${seasonalValue('a')}) / 100` }), { config })
    const percent = await workspace.analyse(await daily('percent', 90, { a: seasonalValue('a') }))
    expect((await fractions.riskOf('a'))['horizon_p95']).toBeCloseTo(Number((await percent.riskOf('a'))['horizon_p95']), 6)
  })

  test.each([
    ['a column that may hold forecasts', 'value AS actual, value AS pred_cpu', 'column pred_cpu may hold forecasts'],
    ['a model column', "value AS actual, 'arima' AS model", 'column model names models'],
  ])('is refused with %s', async (name, columns, reason) => {
    const measured = await daily('refused', 70, { a: 'i' })
    const input = await workspace.writeQuery(`${name}.parquet`, `SELECT host, "time", ${columns} FROM read_parquet('${measured}')`)
    await expect(workspace.analyse(input)).rejects.toMatchObject({
      code: 'input-column-missing',
      message: `${name}.parquet has no column predicted, but ${reason}.`,
      next: expect.stringContaining('run headroom forecast first'),
    })
  })

  test('is refused with times in the future', async () => {
    const input = await workspace.writeQuery(
      'future.parquet',
      `SELECT 'a' AS host, current_date::TIMESTAMP + to_days(CAST(i - 80 AS INTEGER)) AS "time", 1.0 * i AS value FROM range(90) t(i)`,
    )
    await expect(workspace.analyse(input)).rejects.toThrow('future.parquet has no column predicted, but it has times in the future.')
  })
})

// Series of different steps in one dataset: figures that count steps or seasonal lags use those of the series itself.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

/** Steps of `hours`: 60 are measured and miss by 1, the last on 1 March; then come the horizon's values. */
const rowsOf = (server: string, hours: number, measured: (step: number) => number, horizon: readonly number[]): ForecastRow[] => {
  const timeOf = (step: number): string => new Date(Date.UTC(2026, 2, 1, (step - 59) * hours)).toISOString().slice(0, 19)
  const past = Array.from({ length: 60 }, (_, step) => ({
    server_id: server,
    timestamp: timeOf(step),
    actual: measured(step),
    predicted: measured(step) + 1,
  }))
  return [...past, ...horizon.map((predicted, step) => ({ server_id: server, timestamp: timeOf(60 + step), actual: null, predicted }))]
}

/** Above 80 for two steps, then for three. */
const horizon = [90, 90, 50, 90, 90, 90, 50, 50]
// A rise of 1 a step: seven days later the value is 7 higher, 24 hours later 24.
const daily = rowsOf('daily', 24, (step) => step, horizon)
const otherDaily = rowsOf('other daily', 24, (step) => step / 2, horizon)
const hourly = rowsOf('hourly', 1, (step) => step, horizon)
const gappy = rowsOf('gappy', 1, (step) => step / 2, horizon).filter((_, row) => row % 4 !== 1 || row >= 60)

const figuresOf = async (run: FinishedRun): Promise<unknown[]> => {
  const names = ['server_id', 'mase', 'longest_breach_run', 'periods_over', 'days_to_breach', 'horizon_p95', 'trend_per_30_days']
  return (await run.serverRisk()).map((row) => Object.fromEntries(names.map((name) => [name, row[name]])))
}

test('a dataset of days and hours gives each server the figures that it has alone', async () => {
  const mixed = await workspace.analyse(await workspace.writeForecasts('mixed.parquet', [...daily, ...otherDaily, ...hourly, ...gappy]))
  expect(mixed.manifest.steps).toEqual([
    { step: 'hour', series: 2 },
    { step: 'day', series: 2 },
  ])
  expect(await figuresOf(mixed)).toMatchObject([
    { server_id: 'daily', longest_breach_run: 3, periods_over: 5, days_to_breach: 1, mase: expect.closeTo(1 / 7, 9) },
    { server_id: 'gappy', longest_breach_run: 3, mase: expect.closeTo(1 / 12, 9) },
    { server_id: 'hourly', longest_breach_run: 3, periods_over: 5, days_to_breach: 1 / 24, mase: expect.closeTo(1 / 24, 9) },
    { server_id: 'other daily', longest_breach_run: 3, mase: expect.closeTo(1 / 3.5, 9) },
  ])
  expect(mixed.manifest.warnings.find(({ code }) => code === 'gaps')).toMatchObject({ count: 1, examples: ['gappy cpu_p95 forecast'] })
  for (const rows of [daily, hourly]) {
    const alone = await workspace.analyse(await workspace.writeForecasts('alone.parquet', rows))
    expect(await figuresOf(mixed)).toEqual(expect.arrayContaining(await figuresOf(alone)))
  }
})

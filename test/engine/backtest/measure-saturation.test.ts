// Saturation: the share of measured periods at 99 % or above, and the warning where it is 5 % or more.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { saturatedShareOf } from '../../../src-main/engine/backtest/measure-saturation.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

describe('a period is saturated', () => {
  test('at 99 or above', () => expect(saturatedShareOf(Float64Array.of(98.99, 99, 100, 40))).toBe(0.5))
  test('never without a measured one', () => expect(saturatedShareOf(new Float64Array(0))).toBeNull())
})

test('a run states the share of each percentage and warns from one period in twenty on', async () => {
  const days = (saturated: number): number[] => [...times(20 - saturated, 60), ...times(saturated, 99.5)]
  const run = await workspace.analyse(
    await workspace.writeForecasts('saturated.parquet', [
      ...seriesRows({ server: 'at the limit', actual: days(1), horizon: [60] }),
      ...seriesRows({ server: 'free', actual: days(0), horizon: [60] }),
      ...seriesRows({ server: 'free', metric: 'network_mbps', actual: times(20, 900), horizon: [900] }),
      ...seriesRows({ server: 'new', start: '2026-02-01', horizon: [60] }),
    ]),
  )
  expect((await run.riskOf('at the limit'))['saturated_share']).toBeCloseTo(0.05, 12)
  expect((await run.riskOf('free', 'cpu_p95'))['saturated_share']).toBe(0)
  expect((await run.riskOf('free', 'network_mbps'))['saturated_share']).toBeNull()
  expect((await run.riskOf('new'))['saturated_share']).toBeNull()
  expect(run.manifest.warnings.filter(({ code }) => code === 'saturated')).toMatchObject([{ count: 1, examples: ['at the limit cpu_p95'] }])
})

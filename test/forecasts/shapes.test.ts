// Forecasts in the shapes of common tools: each gives every figure of the same numbers in Headroom's own columns.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportedCases, toolShapes } from '../fixtures/fleets.ts'
import { ForecastWorkspace, type TestRow } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

/** The same files are analysed once. */
const risks = new Map<string, Promise<TestRow[]>>()
const riskOf = (files: readonly string[]): Promise<TestRow[]> => {
  const key = files.join(' ')
  const risk = risks.get(key) ?? workspace.analyse(files.map(toolShapes.path)).then((run) => run.serverRisk())
  risks.set(key, risk)
  return risk
}

describe.skipIf(!toolShapes.isAvailable)(`shapes of tools${toolShapes.skipNote}`, () => {
  test.each([
    ['native_forecast.parquet', ['autogluon.parquet']],
    ['native_forecast.parquet', ['chronos2.parquet']],
    ['native_forecast.parquet', ['prophet_grouped.parquet']],
    ['native_forecast.parquet', ['amazon_forecast_export.csv']],
    ['native_forecast.parquet', ['sagemaker_autopilot.csv']],
    ['native_forecast.parquet', ['bigquery_ml.parquet']],
    ['native_forecast.parquet', ['snowflake.parquet']],
    ['native_nixtla.parquet', ['nixtla_forecast.parquet', 'nixtla_cross_validation.parquet']],
    ['native_nixtla.parquet', ['nixtla_forecast.csv', 'nixtla_cross_validation.parquet']],
    ['native_nixtla_overlapping.parquet', ['nixtla_forecast.parquet', 'nixtla_cross_validation_overlapping.parquet']],
  ])('%s equals %j in every figure', async (native, shape) => {
    expect(await riskOf(shape)).toEqual(await riskOf([native]))
  })

  test('the metrics of Databricks are named by their columns; halves of all values give halves of the P95', async () => {
    const native = await riskOf(['native_forecast.parquet'])
    const risk = await riskOf(['databricks_two_metrics.parquet'])
    const ofMetric = (metric: string): unknown[] => risk.filter((row) => row['metric'] === metric).map((row) => row['horizon_p95'])
    expect(ofMetric('cpu')).toEqual(native.map((row) => row['horizon_p95']))
    expect(ofMetric('mem')).toEqual(native.map((row) => Number(row['horizon_p95']) / 2))
  })

  test('a series of Prophet alone is one server, named after the file', async () => {
    const run = await workspace.analyse(toolShapes.path('prophet_one_series.parquet'))
    const native = (await riskOf(['native_forecast.parquet'])).find((row) => row['server_id'] === 'srv-05')
    expect(run.manifest.warnings.map(({ code }) => code)).toContain('server-from-file-name')
    const [row] = await run.serverRisk()
    expect(row).toMatchObject({ server_id: 'prophet_one_series', horizon_p95: native?.['horizon_p95'] })
  })
})

describe.skipIf(!reportedCases.isAvailable)(`reported outputs of tools${reportedCases.skipNote}`, () => {
  test.each(['amazon-forecast.csv', 'bigquery.parquet', 'chronos.parquet', 'darts.parquet', 'snowflake.parquet', 'statsforecast.parquet'])(
    '2 of 6 servers are at risk: %s',
    async (file) => {
      const run = await workspace.analyse(reportedCases.path('25-tool-outputs', file))
      expect(run.manifest.counts).toMatchObject({ total_servers: 6, at_risk_servers: 2 })
      expect((await run.serverRisk()).map((row) => row['server_id'])).toEqual(['srv-00', 'srv-01', 'srv-02', 'srv-03', 'srv-04', 'srv-05'])
    },
  )
})

// Frozen files of PyArrow in its encodings, Polars and Spark: with NaN or NULL, in one file or several, they give the figures of our own file.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { openForecastDataset } from '../../src-main/forecasts/forecast-dataset.ts'
import { validateForecasts, type ForecastValidation } from '../../src-main/forecasts/validate-forecasts.ts'
import { parseConfig } from '../../src-main/config/parse-config.ts'
import { ForecastWorkspace, type ForecastRow, type TestRow } from '../fixtures/forecast-workspace.ts'

const folder = join(import.meta.dirname, '../fixtures/foreign-writers')
const written = readdirSync(folder).filter((name) => !/\.(py|json)$/.test(name))

const value = z.number().nullable()
const knownRows: ForecastRow[] = z
  .array(z.object({ server_id: z.string(), timestamp: z.string(), actual: value, predicted: value, yhat_lower: value, yhat_upper: value }))
  .parse(JSON.parse(readFileSync(join(folder, 'rows.json'), 'utf8')))

let workspace: ForecastWorkspace
let reference: Awaited<ReturnType<typeof contentsOf>>
let ownRisk: TestRow[]
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const own = await workspace.writeForecasts('own.parquet', knownRows)
  reference = await contentsOf(own)
  ownRisk = await (await workspace.analyse(own)).serverRisk()
})
afterAll(async () => workspace.close())

/** What an analysis computes from: the canonical rows, and what the statistics of the files say of them. */
const contentsOf = async (path: string): Promise<{ rows: TestRow[]; validation: ForecastValidation }> => {
  const { database } = workspace
  const config = parseConfig({}, 'headroom')
  const dataset = await openForecastDataset(database, [path], config)
  const validation = await validateForecasts(database, dataset, config)
  return { rows: await workspace.query('SELECT * FROM forecast_rows ORDER BY server_id, ts'), validation }
}

test('our own file holds the rows that were frozen', () => {
  const { rows } = reference
  expect(rows).toHaveLength(knownRows.length)
  expect(rows.filter((row) => row['actual'] === null)).toHaveLength(knownRows.filter(({ actual }) => actual === null).length)
})

test.each(written)('%s', async (name) => {
  expect(await contentsOf(join(folder, name))).toEqual(reference)
})

test.each(['pyarrow-no-statistics-nan.parquet', 'polars-files-nan', 'spark-files-nan'])(
  '%s gives each figure of server_risk',
  async (name) => {
    const foreign = await workspace.analyse(join(folder, name))
    expect(await foreign.serverRisk()).toEqual(ownRisk)
  },
)

// Frozen files of PyArrow in its encodings, Polars and Spark: with NaN or NULL, in one file or several, they give the figures of our own file.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { assessDataset } from '../../src-main/engine/analyze.ts'
import { headroom } from '../../src-main/engine/methods/headroom.ts'
import { silentProgress } from '../../src-main/engine/progress.ts'
import { openForecastDataset } from '../../src-main/forecasts/forecast-dataset.ts'
import { parseConfig } from '../../src-main/config/parse-config.ts'
import { ForecastWorkspace, type ForecastRow, type TestRow } from '../fixtures/forecast-workspace.ts'

const folder = join(import.meta.dirname, '../fixtures/foreign-writers')
const written = readdirSync(folder).filter((name) => !/\.(py|json)$/.test(name))

const value = z.number().nullable()
const knownRows: ForecastRow[] = z
  .array(z.object({ server_id: z.string(), timestamp: z.string(), actual: value, predicted: value, yhat_lower: value, yhat_upper: value }))
  .parse(JSON.parse(readFileSync(join(folder, 'rows.json'), 'utf8')))

let workspace: ForecastWorkspace
let own: string
let reference: Awaited<ReturnType<typeof figuresOf>>
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  own = await workspace.writeForecasts('own.parquet', knownRows)
  reference = await figuresOf(own)
})
afterAll(async () => workspace.close())

/** Canonical rows, and the risk of each series by all stages that read rows. */
const figuresOf = async (path: string): Promise<{ rows: TestRow[]; risk: TestRow[] }> => {
  const { database } = workspace
  const config = parseConfig({}, 'headroom')
  const dataset = await openForecastDataset(database, [path], config)
  const rows = await workspace.query('SELECT * FROM forecast_rows ORDER BY server_id, ts')
  await assessDataset({ database, config, method: headroom, progress: silentProgress }, {}, dataset)
  return { rows, risk: await workspace.query('SELECT * FROM series_risk ORDER BY server_id') }
}

test('the rows of our own file are those that were frozen', () => {
  const { rows, risk } = reference
  expect(rows).toHaveLength(knownRows.length)
  expect(rows.filter((row) => row['actual'] === null)).toHaveLength(knownRows.filter(({ actual }) => actual === null).length)
  expect(risk).toHaveLength(3)
})

test.each(written)('%s', async (name) => {
  expect(await figuresOf(join(folder, name))).toEqual(reference)
})

test('NaN in several files gives each figure of server_risk', async () => {
  const [foreign, ours] = [await workspace.analyse(join(folder, 'spark-files-nan')), await workspace.analyse(own)]
  expect(await foreign.serverRisk()).toEqual(await ours.serverRisk())
})

// Intervals and quantiles in one column, as records, lists or text, and names over several lines: each gives the rows of plain columns.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../../src-main/config/parse-config.ts'
import { Database, literal } from '../../../src-main/database/database.ts'
import { openForecastDataset } from '../../../src-main/forecasts/forecast-dataset.ts'

let folder: string
let database: Database
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-composite-'))
  database = await Database.open()
})
afterAll(async () => {
  database.close()
  await rm(folder, { recursive: true })
})

/** The rows, and the level that the file states. */
const readRows = async (path: string): Promise<unknown> => {
  const { mapping } = await openForecastDataset(database, [path], parseConfig({}, 'headroom'), { conversionFolder: folder })
  const { rows } = await database.row(
    `SELECT list([server_id, strftime(ts, '%Y-%m-%d'), CAST(predicted AS VARCHAR), CAST(yhat_lower AS VARCHAR), CAST(yhat_upper AS VARCHAR)] ORDER BY ts) AS rows FROM forecast_rows`,
    z.object({ rows: z.array(z.array(z.string())) }),
  )
  return { rows, level: mapping.interval_level }
}

const readText = async (name: string, content: string): Promise<unknown> => {
  const path = join(folder, name)
  await writeFile(path, content)
  return readRows(path)
}

const rowsWith = (level: number | null): unknown => ({
  rows: [
    ['a', '2026-05-30', '20.0', '10.5', '30.25'],
    ['b', '2026-05-31', '40.0', '35.0', '45.0'],
  ],
  level,
})

const inColumn = (column: string, first: string, second: string): string =>
  `server_id;timestamp;predicted;${column}\na;2026-05-30;20;${first}\nb;2026-05-31;40;${second}\n`

const plainColumns = (names: string): string => `server,${names}\na,2026-05-30,20,10.5,30.25\nb,2026-05-31,40,35,45\n`

describe('text', () => {
  test.each([
    ['Azure AutoML', inColumn('prediction_interval', '[10.5, 30.25]', '[35, 45]'), null],
    ['pandas', inColumn('interval', '(10.5, 30.25]', '(35.0, 45.0]'), null],
    ['NumPy', inColumn('conf_int', '[10.5 30.25]', '[35. 45.]'), null],
    ['fable', inColumn('95%', '[10.5, 30.25]95', '[35, 45]95'), 0.95],
    ['a name that states the level', inColumn('80%', '[10.5, 30.25]', '[35, 45]'), 0.8],
    ['forecast of R', 'server_id,timestamp,Point Forecast,Lo 80,Hi 80\na,2026-05-30,20,10.5,30.25\nb,2026-05-31,40,35,45\n', 0.8],
    ['NeuralProphet', 'ID,ds,yhat1,yhat1 10.0%,yhat1 90.0%\na,2026-05-30,20,10.5,30.25\nb,2026-05-31,40,35,45\n', 0.8],
    [
      'sktime with an index of two levels',
      ',,Coverage,Coverage,predicted\n,,0.9,0.9,\n,,lower,upper,\nserver_id,timestamp,,,\na,2026-05-30,10.5,30.25,20\nb,2026-05-31,35,45,40\n',
      0.9,
    ],
    [
      'sktime with quantiles',
      'server_id,timestamp,Quantiles,Quantiles,Quantiles\n,,0.1,0.5,0.9\na,2026-05-30,10.5,20,30.25\nb,2026-05-31,35,40,45\n',
      0.8,
    ],
    ['Kats', plainColumns('time,fcst,fcst_lower,fcst_upper'), null],
    ['bounds named after the forecast', plainColumns('ds,cpu_p95_forecast,cpu_p95_forecast_lower,cpu_p95_forecast_upper'), null],
    ['a metric next to its bounds', plainColumns('timestamp,cpu_p95,cpu_p95_lower,cpu_p95_upper'), null],
    ['bounds with a level behind', plainColumns('ds,yhat,yhat_lower_80,yhat_upper_80'), 0.8],
    ['percentiles by their whole name', plainColumns('ds,percentile_50,percentile_10,percentile_90'), 0.8],
    ['blanks around the fields', plainColumns('ds,yhat,yhat_lower,yhat_upper').replaceAll(',', ' , '), null],
  ])('%s', async (_, text, level) => {
    expect(await readText('text.csv', text)).toEqual(rowsWith(level))
  })

  test('an interval among numbers is refused', async () => {
    const reading = readText(
      'mixed.csv',
      `${inColumn('interval', '[10.5, 30.25]', '[35, 45]')}${'c;2026-05-31;1;[1, 2]\n'.repeat(1000)}d;2026-05-31;1;7\n`,
    )
    await expect(reading).rejects.toThrow('Column interval of mixed.csv holds "7" among intervals such as [10, 20].')
  })

  test('two intervals of unknown level are asked about', async () => {
    const reading = readText('two.csv', 'server_id;timestamp;predicted;interval;ci\na;2026-05-30;20;[1, 2];[0, 3]\n')
    await expect(reading).rejects.toThrow(
      'Which column of two.csv is yhat_lower: --map yhat_lower=interval.lower or --map yhat_lower=ci.lower?',
    )
  })

  test('intervals without a forecast name what is missing', async () => {
    const reading = readText('bounds.csv', ',,Coverage,Coverage\n,,0.9,0.9\n,,lower,upper\nserver_id,timestamp,,\na,2026-05-30,1,2\n')
    await expect(reading).rejects.toMatchObject({
      message: "bounds.csv has no column predicted; it has server_id, timestamp, ('Coverage', 0.9, 'lower'), ('Coverage', 0.9, 'upper').",
    })
  })
})

describe('JSON lines', () => {
  const lines = (record: (predicted: number, lower: number, upper: number) => object): string =>
    [
      { server_id: 'a', timestamp: '2026-05-30', ...record(20, 10.5, 30.25) },
      { server_id: 'b', timestamp: '2026-05-31', ...record(40, 35, 45) },
    ]
      .map((object) => `${JSON.stringify(object)}\n`)
      .join('')

  test.each<[string, Parameters<typeof lines>[0], number | null]>([
    [
      'Vertex AI with quantiles',
      (value, low, high) => ({ predicted_cpu: { value, quantile_values: [0.1, 0.9], quantile_predictions: [low, high] } }),
      0.8,
    ],
    ['Vertex AI with an interval', (value, start, end) => ({ predicted_cpu: { value, prediction_interval: { start, end } } }), null],
    ['quantiles by name', (mean, low, high) => ({ mean, quantiles: { '0.05': low, '0.95': high } }), 0.9],
    ['lists', (predicted, low, high) => ({ predicted, interval: [low, high] }), null],
  ])('%s', async (_, record, level) => {
    expect(await readText('rows.jsonl', lines(record))).toEqual(rowsWith(level))
  })
})

describe('Parquet', () => {
  test.each([
    ['records of BigQuery', `{'lower_bound': low, 'upper_bound': high} AS prediction_interval, predicted`, null],
    ['intervals of pandas', `{'left': low, 'right': high} AS pred, predicted`, null],
    ['lists', '[low, high] AS prediction_interval, predicted', null],
    ['text', `'[' || low || ', ' || high || ']80' AS prediction_interval, predicted`, 0.8],
    ['seconds since 1970', `epoch(timestamp) AS clock, low AS yhat_lower, high AS yhat_upper, predicted`, null],
    ['billionths of seconds since 1970', `epoch_ns(timestamp) AS clock, low AS yhat_lower, high AS yhat_upper, predicted`, null],
    ['Vertex AI', `{'value': predicted, 'quantile_values': [0.1, 0.9], 'quantile_predictions': [low, high]} AS predicted_cpu`, 0.8],
    ['tuples of sktime', `low AS "('Coverage', 0.9, 'lower')", high AS "('Coverage', 0.9, 'upper')", predicted`, 0.9],
  ])('%s', async (_, columns, level) => {
    const path = join(folder, 'composite.parquet')
    await database.run(
      `COPY (SELECT server_id, ${columns.includes('clock') ? '' : 'timestamp, '}${columns} FROM (VALUES ('a', TIMESTAMP '2026-05-30', 20.0::DOUBLE, 10.5::DOUBLE, 30.25::DOUBLE),
         ('b', TIMESTAMP '2026-05-31', 40.0, 35.0, 45.0)) rows(server_id, timestamp, predicted, low, high)) TO ${literal(path)} (FORMAT parquet)`,
    )
    expect(await readRows(path)).toEqual(rowsWith(level))
  })
})

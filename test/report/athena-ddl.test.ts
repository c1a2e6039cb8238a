// The statements for Athena: every column of a run's Parquet files with its type, hostile names quoted, addresses checked.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'
import { headroom } from '../fixtures/run-headroom.ts'

let workspace: ForecastWorkspace
let run: string
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const forecasts = await workspace.writeQuery(
    'named.parquet',
    `SELECT 'web' AS server_id, 'm' AS model, TIMESTAMP '2026-01-01' + to_days(CAST(d AS INTEGER)) AS timestamp,
            CASE WHEN d < 40 THEN 50.0 + d % 7 END::DOUBLE AS actual, CAST(50 + d % 7 AS DOUBLE) AS predicted,
            CAST(1.5 AS DECIMAL(9, 3)) AS cost, [1.5::DOUBLE] AS list, {'a': 1} AS nested, 7::SMALLINT AS "a\`b
); DROP TABLE x; --"
     FROM range(55) days(d)`,
  )
  run = (await workspace.analyse(forecasts, { config: { breach_probability: false } })).folder
})
afterAll(() => workspace.close())

test('the statements name each column of both files', async () => {
  const out = join(workspace.folder, 'tables.sql')
  expect(await headroom(['export', run, '--format', 'ddl', '--location', 's3://plans/runs/june/', '--out', out])).toMatchObject({ code: 0 })
  const text = await readFile(out, 'utf8')
  const [forecasts, risk] = text.split(/(?=-- aws s3 cp server_risk)/)
  const start = [
    '-- aws s3 cp risk_flagged_forecasts.parquet s3://plans/runs/june/forecasts/',
    '-- Left out: nested, of type STRUCT(a INTEGER).',
    'CREATE EXTERNAL TABLE IF NOT EXISTS forecasts (',
    '  `server_id` string,',
    '  `model` string,',
    '  `timestamp` timestamp,',
    '  `actual` double,',
    '  `predicted` double,',
    '  `cost` decimal(9,3),',
    '  `list` array<double>,',
    '  `a``b',
    '); DROP TABLE x; --` smallint,',
    '  `risk_flag` boolean,',
  ]
  expect(forecasts!.split('\n').slice(0, start.length)).toEqual(start)
  expect(risk).toMatch(/^ {2}`horizon_p95` double,$/m)
  expect(risk).toMatch(/\) STORED AS PARQUET LOCATION 's3:\/\/plans\/runs\/june\/server_risk\/';\n$/)
})

test.each([
  [['--format', 'ddl']],
  [['--format', 'csv', '--location', 's3://plans/june']],
  [['--format', 'ddl', '--location', `s3://plans/june'; DROP TABLE x; --`]],
  [['--format', 'ddl', '--location', 'https://plans/june']],
])('%j is refused', async (options) => {
  await writeFile(join(workspace.folder, 'unused'), '')
  const { code, stderr } = await headroom(['export', run, ...options, '--out', join(workspace.folder, 'refused.sql')])
  expect(code).toBe(2)
  expect(stderr).toMatch(/^Error: --location .*\nState /)
})

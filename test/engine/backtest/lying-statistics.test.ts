// A footer whose statistics contradict the rows: the second pass would skip rows in silence, so the file is refused or read as the rows say.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Database } from '../../../src-main/database/database.ts'
import { scanBacktests } from '../../../src-main/engine/backtest/scan-backtests.ts'
import { structAt, withFields } from '../../../src-main/parquet/parquet-footer.ts'
import { withLastChunk } from '../../fixtures/changed-footers.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'

const attacks = resolve(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data', 'attacks')
const files = ['server-A.parquet', 'bom.parquet'].map((name) => resolve(attacks, name))

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(() => workspace.close())

// The file is part of the shared data, which a clone may lack.
test.skipIf(!existsSync(files[0]!))('statistics that name one server for the rows of three are refused', async () => {
  await expect(workspace.analyse(files[0]!)).rejects.toMatchObject({
    code: 'input-changed',
    message: expect.stringMatching(
      /^Two passes over the input read \d+ and \d+ measured rows of .*: its statistics contradict its rows/,
    ) as string,
  })
})

test.skipIf(!existsSync(files[1]!))('servers whose names differ by a byte order mark have one row of risk for each metric', async () => {
  const run = await workspace.analyse(files[1]!, { config: { breach_probability: false } })
  const rows = await run.serverRisk()
  const keys = rows.map((row) => `${String(row['server_id'])}/${String(row['metric'])}`)
  expect(new Set(keys).size).toBe(rows.length)
  expect(rows.filter((row) => String(row['server_id']) === '\uFEFFbom').length).toBe(
    rows.filter((row) => row['server_id'] === 'bom').length,
  )
  expect(run.manifest.counts.series).toBe(rows.length)
})

// The simulated paths of such a server never came to an end.
test('statistics that hide a forecast of 1e39 are refused', async () => {
  const path = await workspace.writeQuery(
    'immense.parquet',
    `SELECT 'srv-' || s AS server_id, 'm1' AS model, TIMESTAMP '2026-01-01' + to_days(CAST(i AS INTEGER)) AS timestamp,
            CASE WHEN i < 25 THEN 50.0 + i % 7 END AS actual, CASE WHEN i = 35 AND s = 2 THEN 1e39 ELSE 50.0 + i % 7 END AS predicted
     FROM range(40) rows(i), range(1, 4) servers(s) ORDER BY s, i`,
  )
  const highest = Buffer.from(Float64Array.of(56).buffer)
  await withLastChunk(path, (chunk) => withFields(chunk, { 12: withFields(structAt(chunk, 12), { 5: highest }) }))
  await expect(workspace.analyse(path)).rejects.toMatchObject({
    code: 'input-changed',
    message: expect.stringMatching(/^Two passes over the input read other forecasts: /) as string,
  })
})

test('statistics that hide a time in the year 2100 are refused', async () => {
  const path = await workspace.writeQuery(
    'distant.parquet',
    `SELECT 'srv-' || s AS server_id, CASE WHEN i < 25 THEN 50.0 + i % 7 END AS actual, 50.0 + i % 7 AS predicted,
            CASE WHEN i = 35 AND s = 2 THEN TIMESTAMP '2100-01-01' ELSE TIMESTAMP '2026-01-01' + to_days(CAST(i AS INTEGER)) END AS timestamp
     FROM range(40) rows(i), range(1, 4) servers(s) ORDER BY s, i`,
  )
  const latest = Buffer.from(BigInt64Array.of(BigInt(Date.UTC(2026, 1, 9)) * 1000n).buffer)
  await withLastChunk(path, (chunk) => withFields(chunk, { 12: withFields(structAt(chunk, 12), { 5: latest }) }))
  await expect(workspace.analyse(path)).rejects.toMatchObject({
    code: 'input-changed',
    message: 'The statistics of distant.parquet contradict its rows: times or values lie outside of them.',
  })
})

// The bounds of a model that is not selected are read by the profile alone.
test('statistics that hide an upper bound of 1e39 are refused, of any model', async () => {
  const path = await workspace.writeQuery(
    'immense-bound.parquet',
    `SELECT 'srv-' || s AS server_id, 'm' || m AS model, TIMESTAMP '2026-01-01' + to_days(CAST(i AS INTEGER)) AS timestamp,
            CASE WHEN i < 25 THEN 50.0 + i % 7 END AS actual, 50.0 + i % 7 + 9 * m AS predicted, 40.0 AS yhat_lower,
            CASE WHEN i = 35 AND s = 2 AND m = 1 THEN 1e39 ELSE 90.0 END AS yhat_upper
     FROM range(40) rows(i), range(1, 4) servers(s), range(2) models(m) ORDER BY s, m, i`,
  )
  const highest = Buffer.from(Float64Array.of(90).buffer)
  await withLastChunk(path, (chunk) => withFields(chunk, { 12: withFields(structAt(chunk, 12), { 5: highest }) }))
  await expect(workspace.analyse(path)).rejects.toMatchObject({
    code: 'input-infinite',
    message: 'Column yhat_upper of immense-bound.parquet holds 1 value that is infinite or beyond 1e+30.',
  })
})

// DuckDB reads what lay in memory before where a damaged stream is too short: other values in each pass.
test('a measurement that only the second pass reads as 1e39 is refused', async () => {
  const database = await Database.open()
  try {
    await database.run(`CREATE TABLE series AS SELECT 0 AS series_id, 'web' AS server_id, 'cpu' AS metric`)
    await database.run(`CREATE TABLE selected_models AS SELECT 0 AS series_id, 'm' AS model`)
    await database.run(`CREATE TABLE series_models AS SELECT 'web' AS server_id, 'cpu' AS metric, 'm' AS model, 1 AS backtest_points`)
    await database.run(
      `CREATE TABLE forecast AS SELECT 'web' AS server_id, 'cpu' AS metric, 'm' AS model, TIMESTAMP '2026-01-01' AS ts, 1e39 AS actual,
              50.0 AS predicted, NULL AS yhat_lower, NULL AS yhat_upper, false AS is_horizon`,
    )
    const read = scanBacktests(database, { origin: 0, withBounds: false, leadStepSeconds: null, maxSeries: 1 }, [])
    await expect(read).rejects.toMatchObject({ code: 'input-changed', message: expect.stringContaining('other values of web') as string })
  } finally {
    database.close()
  }
})

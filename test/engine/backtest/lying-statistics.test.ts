// A footer whose statistics contradict the rows: the second pass would skip rows in silence, so the file is refused or read as the rows say.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

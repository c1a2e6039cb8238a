// Sets in many files: partitioned trees of which only what can hold the horizon is read for it, and very many files.
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Database, literal } from '../../src-main/database/database.ts'
import { assessFleet } from '../../src-main/engine/analyze.ts'
import { headroom } from '../../src-main/engine/methods/headroom.ts'
import { silentProgress } from '../../src-main/engine/progress.ts'
import { selectHorizon } from '../../src-main/engine/risk/assess-risk.ts'
import { completeConfig } from '../../src-shared/config/analysis-config.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

/** 40 servers, 150 days from 1 January 2026, the last 30 of them horizon; server n lies at n % constantly, above it by 5 on every tenth day. */
const days = `
  SELECT 'server ' || lpad(CAST(i // 150 AS VARCHAR), 2, '0') AS server_id, TIMESTAMP '2026-01-01' + to_days(CAST(i % 150 AS INTEGER)) AS "timestamp",
         CASE WHEN i % 150 < 120 THEN i // 150 + 5.0 * CAST(i % 10 = 0 AS INTEGER) END AS actual,
         CAST(i // 150 + 5.0 * CAST(i % 10 = 0 AS INTEGER) AS DOUBLE) AS predicted
  FROM range(6000) t(i)`

describe('of a partitioned tree the horizon is read from those files alone that can hold it', () => {
  const filesRead = async (folder: string): Promise<string | undefined> => {
    const database = await Database.open()
    try {
      const request = { inputs: [folder] }
      await assessFleet({ database, config: completeConfig({}, 'headroom'), method: headroom, progress: silentProgress }, request)
      const plan = await database.rows(`EXPLAIN ${await selectHorizon(database)}`, z.object({ explain_value: z.string() }))
      // The plan is drawn in boxes, whose frames may cut the line.
      const text = plan.map(({ explain_value }) => explain_value.replaceAll(/[^\w/:]+/g, ' ')).join(' ')
      return /Scanning Files: (\d+\/\d+)/.exec(text)?.[1]
    } finally {
      database.close()
    }
  }

  test('by a column that states it: one of two', async () => {
    const folder = join(workspace.folder, 'by-future')
    await workspace.database.run(
      `COPY (SELECT *, actual IS NULL AS is_future FROM (${days})) TO ${literal(folder)} (FORMAT parquet, PARTITION_BY (is_future))`,
    )
    expect(await filesRead(folder)).toBe('1/2')
  })

  test('by dates, where nothing states it: the 30 of 150 after the last measured one', async () => {
    const folder = join(workspace.folder, 'by-date')
    await workspace.database.run(
      `COPY (SELECT * EXCLUDE ("timestamp"), CAST("timestamp" AS DATE) AS ds FROM (${days})) TO ${literal(folder)} (FORMAT parquet, PARTITION_BY (ds))`,
    )
    expect(await filesRead(folder)).toBe('30/150')
  })
})

test('1,000 files are one set: the same figures as one file, within the files that a process may open', async () => {
  const folder = join(workspace.folder, 'many')
  await mkdir(folder)
  // Six rows a file.
  await workspace.database.run(
    `COPY (SELECT *, row_number() OVER (ORDER BY server_id, "timestamp") // 6 AS part FROM (${days})) TO ${literal(folder)}
     (FORMAT parquet, PARTITION_BY (part), WRITE_PARTITION_COLUMNS true)`,
  )
  const [one, manyFiles] = [await workspace.analyse(await workspace.writeQuery('one.parquet', days)), await workspace.analyse(folder)]
  // Threads that meet in a part write a file each.
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.parquet'))
  expect(files.length).toBeGreaterThan(1000)
  expect(manyFiles.manifest.inputs).toHaveLength(files.length)
  expect(manyFiles.manifest.counts).toEqual(one.manifest.counts)
  expect(await manyFiles.serverRisk()).toEqual(await one.serverRisk())
})

describe('the keys of folders', () => {
  const sevenServers = `SELECT * FROM (${days}) WHERE server_id < 'server 07'`
  const write = async (path: string, sql: string): Promise<string> => {
    await mkdir(join(workspace.folder, path), { recursive: true })
    return workspace.writeQuery(`${path}/part-0.parquet`, sql)
  }
  let base: unknown
  beforeAll(async () => {
    base = await (await workspace.analyse(await workspace.writeQuery('base.parquet', sevenServers))).serverRisk()
  })

  test('with the name of a flag column are left out, above and below the folder that is named', async () => {
    await write('above/month=03/data/year=2026/month=11/is_selected=1', sevenServers)
    const run = await workspace.analyse(join(workspace.folder, 'above/month=03/data'))
    expect(await run.serverRisk()).toEqual(base)
    expect(run.manifest.schema.map(({ column }) => column)).toEqual(['server_id', 'timestamp', 'actual', 'predicted', 'year'])
  })

  test('that the files hold as columns are left out, with a warning where they differ', async () => {
    await write('repeated/server_id=x/actual=none', sevenServers)
    const run = await workspace.analyse(join(workspace.folder, 'repeated'))
    expect(await run.serverRisk()).toEqual(base)
    expect(run.manifest.schema.map(({ column }) => column)).toEqual(['server_id', 'timestamp', 'actual', 'predicted'])
    expect(run.manifest.warnings).toContainEqual({
      code: 'folder-key-differs',
      message: 'Column server_id differs from the name of the folder in 1 file: the column counts.',
      count: 1,
      examples: ['server_id'],
    })
  })

  test('do not warn where they agree, as numbers and as days', async () => {
    await write('agreed/server_id=007', `SELECT * REPLACE (7 AS server_id) FROM (${days}) WHERE server_id = 'server 07'`)
    const run = await workspace.analyse(join(workspace.folder, 'agreed'))
    expect(run.manifest.warnings.map(({ code }) => code)).not.toContain('folder-key-differs')
  })

  test('add the other columns to one that the files hold', async () => {
    await write('mixed/model=night%20owl/predicted=1', sevenServers)
    const run = await workspace.analyse(join(workspace.folder, 'mixed'))
    expect(run.manifest.models).toEqual(['night owl'])
    expect((await run.serverRisk()).map((row) => row['horizon_p95'])).toEqual(
      (base as { horizon_p95: number }[]).map((row) => row.horizon_p95),
    )
  })
})

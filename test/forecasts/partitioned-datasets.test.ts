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

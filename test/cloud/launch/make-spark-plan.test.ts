// Planning a Spark job for forecasts in S3 reads only the first row groups of a few files.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { makeSparkPlan, type SparkPlanner } from '../../../src-main/cloud/launch/make-spark-plan.ts'
import { Database, literal } from '../../../src-main/database/database.ts'
import { failureOf, openCloudWorkspace, workspaceBucket, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'

let workspace: CloudWorkspace
let database: Database
beforeAll(async () => {
  workspace = await openCloudWorkspace({}, { runJob: () => Promise.resolve() })
  database = await Database.open()
})
afterAll(async () => {
  database.close()
  await workspace.close()
})

const plan = async (input: string, make: SparkPlanner): Promise<void> => {
  const spark = { instances: 2, planFolder: join(workspace.folder, 'plan') }
  const task = { kind: 'engine', method: 'headroom', config: { seed: 7 }, serversTable: '/servers.csv', model: 'prophet', spark } as const
  await makeSparkPlan(workspace.connection, workspace.request({}, { input, task }), make)
}

describe('the sample of forecasts in S3', () => {
  it('is the first row group of at most eight files, including the first and the last', async () => {
    // Three row groups of 102,400 rows, each value another: some 2.5 MB a group.
    const path = join(workspace.folder, 'part.parquet')
    const valuesOf = (count: number): string =>
      `SELECT 'host-' || (i // 1000) AS server_id, TIMESTAMP '2026-01-01' + to_hours(CAST(i % 1000 AS INTEGER)) AS "timestamp",
              sin(i) * 50 + 50 AS predicted, cos(i) AS actual FROM range(${count}) t(i)`
    await database.run(`COPY (${valuesOf(307_200)}) TO ${literal(path)} (FORMAT parquet, ROW_GROUP_SIZE 102400)`)
    const body = await readFile(path)
    expect(body.length).toBeGreaterThan(4 * 1024 * 1024)
    for (let file = 0; file < 10; file++) workspace.put(`many/day=2026-01-${10 + file}/part.parquet`, body)
    workspace.put('many/_SUCCESS', '')
    const seen: { names: string[]; storedShares: number[]; rows: unknown[] } = { names: [], storedShares: [], rows: [] }
    await plan(`s3://${workspaceBucket}/many`, async ({ inputs, ...request }) => {
      expect(request).toEqual({ out: join(workspace.folder, 'plan'), config: { seed: 7 }, serversTable: '/servers.csv', model: 'prophet' })
      for (const input of inputs) {
        seen.names.push(/day=[^/]+/.exec(input)![0])
        // Other systems may write holes out.
        seen.storedShares.push(process.platform === 'linux' ? (512 * (await stat(input)).blocks) / body.length : 0)
        const relation = `read_parquet(${literal(input)}, hive_partitioning = false)`
        seen.rows.push(
          ...(await database.rows(
            `SELECT CAST((SELECT count(*) FROM ${relation}) AS INTEGER) AS rows,
                    CAST((SELECT count(*) FROM (FROM ${relation} EXCEPT ALL (${valuesOf(102_400)}))) AS INTEGER) AS others`,
            z.object({ rows: z.int(), others: z.int() }),
          )),
        )
      }
    })
    expect(seen.names).toHaveLength(8)
    expect([seen.names[0], seen.names.at(-1)]).toEqual(['day=2026-01-10', 'day=2026-01-19'])
    expect(seen.rows).toEqual(Array.from({ length: 8 }, () => ({ rows: 102_400, others: 0 })))
    // A third for the group, and a tail of 1 MB for the footer.
    expect(Math.max(...seen.storedShares)).toBeLessThan(0.75)
  })

  it('fails if there is no forecast file', async () => {
    const { code, message } = await failureOf(plan(`s3://${workspaceBucket}/nothing/`, async () => undefined))
    expect([code, message]).toEqual(['input-not-found', `There is no Parquet file below s3://${workspaceBucket}/nothing/.`])
  })
})

// The border to the process for the user's own SQL: tables, rows as JSON, files that the main process names, errors as responses.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Database } from '../../src-main/database/database.ts'
import { handleRequest } from '../../src-main/ipc/serve-requests.ts'
import { queryHandlers } from '../../src-main/query-host/query-handlers.ts'
import { responseSchema } from '../../src-shared/ipc/envelope.ts'
import { channels } from '../../src-shared/ipc/ipc-contract.ts'
import { maxListedRows } from '../../src-shared/ipc/user-sql.ts'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'

let folder: string
let run: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-query-host-'))
  run = join(folder, 'run')
  await fabricateRun(run)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const ask = async (channel: string, payload: unknown) =>
  responseSchema.parse(structuredClone(await handleRequest(queryHandlers, channel, payload)))
const value = async (channel: string, payload: unknown): Promise<unknown> => {
  const response = await ask(channel, payload)
  return response.ok ? response.value : response.error
}

describe('the query process', () => {
  it('lists the tables under the names of the user’s own columns', async () => {
    const tables = channels['query-tables.list'].response.parse(await value('query-tables.list', { folder: run }))
    expect(tables.map(({ name }) => name)).toEqual(['forecasts', 'server_risk'])
    expect(tables[0]?.columns.slice(0, 3)).toEqual([
      { name: 'host', type: 'VARCHAR' },
      { name: 'algo', type: 'VARCHAR' },
      { name: 'ds', type: 'TIMESTAMP' },
    ])
  })

  it('answers with columns, types and rows', async () => {
    const response = channels['query.run'].response.parse(
      await value('query.run', { folder: run, sql: 'SELECT server_id, horizon_p95::DOUBLE AS p95 FROM server_risk ORDER BY 1 LIMIT 1' }),
    )
    expect(response).toMatchObject({
      columns: [
        { name: 'server_id', type: 'VARCHAR' },
        { name: 'p95', type: 'DOUBLE' },
      ],
      rows: [['alpha', 93.5]],
      hasMore: false,
    })
  })

  it('lists so many rows and says that there are more', async () => {
    const response = channels['query.run'].response.parse(await value('query.run', { folder: run, sql: 'FROM range(50000)' }))
    expect(response.rows).toHaveLength(maxListedRows)
    expect(response.hasMore).toBe(true)
  })

  it('refuses a question that needs more memory than it may have, and answers the next', async () => {
    const tooLargeQuery = await ask('query.run', { folder: run, sql: "SELECT list(i || repeat('x', 200)) FROM range(20000000) r(i)" })
    expect(tooLargeQuery).toMatchObject({ ok: false, error: { code: 'query-failed' } })
    expect(await value('query.run', { folder: run, sql: 'SELECT 1 AS one' })).toMatchObject({ rows: [[1]] })
  })

  it('refuses channels that it does not serve, payloads that do not fit and folders that are no runs', async () => {
    expect(await value('file.delete', {})).toMatchObject({ code: 'internal' })
    expect(await value('query.run', { folder: run })).toMatchObject({ code: 'internal' })
    expect(await value('query.run', { folder, sql: 'SELECT 1' })).toMatchObject({ code: 'run-not-found' })
  })

  it('writes all rows of a question, cells that start a formula made harmless', async () => {
    const sql = `SELECT * FROM (VALUES ('=1+1', 2), ('-2', -3), ('a,"b"', NULL), ('a;@b' || chr(8238), 0)) t(name, "=number")`
    const path = join(folder, 'rows.csv')
    expect(await value('query.write', { folder: run, sql, format: 'csv', path, hasByteOrderMark: true })).toEqual({ path, rows: 4 })
    expect(await readFile(path, 'utf8')).toBe(`\uFEFFname,'=number\n'=1+1,2\n'-2,-3\n"a,""b""",\na;'@b<U+202E>,0\n`)
  })

  it('writes Parquet in the types of the question, what Parquet has no match for as text', async () => {
    const sql = `SELECT 9007199254740993::BIGINT AS wide, 0.1::DOUBLE AS share, 'NaN'::DOUBLE AS none, true AS yes, DATE '2027-01-31' AS day,
      TIMESTAMP '2027-01-31 10:00:00.5' AS moment, 12.50::DECIMAL(9,2) AS usd, [1.5, NULL, 2]::DOUBLE[] AS list, ['a "b"', '[c'] AS names,
      {'p': 1, 'q': 'x'} AS pair, INTERVAL 3 DAY AS span, NULL::INTEGER AS nothing,
      sum(9007199254740993::BIGINT) AS total, 1234567890123456789.01::DECIMAL(38,2) AS price, [9007199254740993::BIGINT] AS ids`
    const path = join(folder, 'typed.parquet')
    expect(await value('query.write', { folder: run, sql, format: 'parquet', path, hasByteOrderMark: true })).toEqual({ path, rows: 1 })
    const database = await Database.open()
    try {
      const file = `read_parquet('${path}')`
      const [same] = await database.rows(
        `SELECT (SELECT a FROM (SELECT * EXCLUDE (span, total) FROM ${file}) a) = (SELECT b FROM (SELECT * EXCLUDE (span, total) FROM (${sql})) b) AS same,
          total::VARCHAR AS total FROM ${file}`,
        z.object({ same: z.boolean(), total: z.string() }),
      )
      expect(same).toEqual({ same: true, total: '9007199254740993' })
      const types = await database.rows(
        `SELECT column_name AS name, column_type AS type FROM (DESCRIBE FROM ${file})`,
        z.record(z.string(), z.string()),
      )
      expect(types.map(({ type }) => type)).toEqual([
        'BIGINT',
        'DOUBLE',
        'DOUBLE',
        'BOOLEAN',
        'DATE',
        'TIMESTAMP',
        'DECIMAL(9,2)',
        'DOUBLE[]',
        'VARCHAR[]',
        'STRUCT(p INTEGER, q VARCHAR)',
        'VARCHAR',
        'INTEGER',
        'DECIMAL(38,0)',
        'DECIMAL(38,2)',
        'BIGINT[]',
      ])
    } finally {
      database.close()
    }
  })

  it('says that the file cannot be written, in every format', async () => {
    for (const format of ['csv', 'parquet', 'json', 'xlsx']) {
      const path = join(folder, 'missing', `never.${format}`)
      expect(await value('query.write', { folder: run, sql: 'SELECT 1 AS one', format, path, hasByteOrderMark: false })).toMatchObject({
        code: 'file-not-written',
        message: `${path} cannot be written.`,
      })
    }
  })

  it('leaves nothing behind where the question is refused', async () => {
    const before = await readdir(folder)
    expect(
      await value('query.write', {
        folder: run,
        sql: 'DROP VIEW forecasts',
        format: 'csv',
        path: join(folder, 'never.csv'),
        hasByteOrderMark: false,
      }),
    ).toMatchObject({
      code: 'query-refused',
    })
    expect(
      await value('query.write', {
        folder: run,
        sql: 'FROM range(1000001)',
        format: 'csv',
        path: join(folder, 'never.csv'),
        hasByteOrderMark: false,
      }),
    ).toMatchObject({
      code: 'usage',
    })
    expect(await readdir(folder)).toEqual(before)
  })
})

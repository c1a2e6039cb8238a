// Texts pass the interface to DuckDB unchanged, in literals and in results.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { Database, literal } from '../../src-main/database/database.ts'
import { hostileNames } from '../fixtures/hostile-names.ts'

let database: Database
beforeAll(async () => {
  database = await Database.open()
})
afterAll(() => database.close())

test.each(hostileNames.map((name) => [JSON.stringify(name), name] as const))('%s', async (_, name) => {
  const sql = `SELECT ${literal(name)} AS text, [${literal(name)}] AS list`
  expect(await database.row(sql, z.object({ text: z.string(), list: z.array(z.string()) }))).toEqual({ text: name, list: [name] })
  expect(await database.columns(sql, { text: 'text' })).toEqual({ text: [name] })
})

test('two servers whose names differ by a byte order mark stay two', async () => {
  await database.storeRows('servers', { server_id: 'VARCHAR' }, [['bom'], ['\uFEFFbom']])
  expect(await database.rows('SELECT DISTINCT server_id FROM servers', z.object({ server_id: z.string() }))).toHaveLength(2)
})

test('a column of few texts, of many and of NULL is read as it is', async () => {
  const few = "CASE WHEN n % 3 = 0 THEN NULL ELSE 'metric ' || n % 5 END"
  const { few: read, many } = await database.columns(
    `SELECT ${few} AS few, 'server ' || n // 2 AS many FROM range(5000) rows(n) ORDER BY n`,
    { few: 'text?', many: 'text' },
  )
  expect(read).toEqual(Array.from({ length: 5000 }, (_, n) => (n % 3 === 0 ? null : `metric ${n % 5}`)))
  expect(many).toEqual(Array.from({ length: 5000 }, (_, n) => `server ${Math.floor(n / 2)}`))
})

// Parquet files joined page by page, with columns appended: footers read and written without loss, and which files can be joined at all.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { literal } from '../../src-main/database/database.ts'
import { appendColumns, findJoinableFiles, type JoinableFiles } from '../../src-main/parquet/append-columns.ts'
import { readThrift, ThriftError, thriftTypes, writeThrift, type ThriftStruct } from '../../src-main/parquet/thrift-compact.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

let bench: ForecastWorkspace
beforeAll(async () => {
  bench = await ForecastWorkspace.open()
})
afterAll(async () => bench.close())

/** Rows from..to-1 with a column of each kind that pages differ by. */
const rowsOf = (from: number, to: number): string => `
  SELECT i AS id, 'server ' || (i // 1000) AS name, CASE WHEN i % 7 = 0 THEN NULL ELSE i / 3.0 END AS value, i % 2 = 0 AS even,
         {'a': i, 'b': [i, i + 1]} AS nested, CASE WHEN i % 5 = 0 THEN [] ELSE [i % 3] END AS list
  FROM range(${from}, ${to}) t(i)`
const addedTo = (sql: string): string =>
  `SELECT id % 11 = 0 AS flag, CASE WHEN id % 13 = 0 THEN NULL ELSE 'level ' || id % 3 END AS level FROM (${sql})`

const footerOf = async (path: string): Promise<Buffer> => {
  const bytes = await readFile(path)
  return bytes.subarray(bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8), bytes.length - 8)
}

describe('the compact protocol', () => {
  test.each([
    ['20 row groups', async () => bench.writeQuery('groups.parquet', rowsOf(0, 40_960), ', ROW_GROUP_SIZE 2048')],
    ['nested columns', async () => bench.writeQuery('nested.parquet', rowsOf(0, 10))],
    [
      '1,000 columns',
      async () => bench.writeQuery('wide.parquet', `SELECT ${Array.from({ length: 1000 }, (_, i) => `${i} AS c${i}`).join(', ')}`),
    ],
  ])('gives the footer of a file with %s back byte by byte', async (_, write) => {
    const footer = await footerOf(await write())
    expect(Buffer.from(writeThrift(readThrift(footer))).equals(footer)).toBe(true)
  })

  test('encodes as the specification says', () => {
    // Field 1, i32 150: header 0x15, zigzag 300 = 0b10_0101100 -> 0xac 0x02. Field 20, true: type 1, id zigzag 40. Field 21, list of i64 -1, 1.
    const struct: ThriftStruct = new Map([
      [1, { type: thriftTypes.i32, value: 150 }],
      [20, { type: thriftTypes.true, value: true }],
      [21, { type: thriftTypes.list, value: { type: thriftTypes.i64, items: [-1, 1] } }],
    ])
    const bytes = [0x15, 0xac, 0x02, 0x01, 0x28, 0x19, 0x26, 0x01, 0x02, 0x00]
    expect([...writeThrift(struct)]).toEqual(bytes)
    expect(readThrift(Uint8Array.from(bytes))).toEqual(struct)
  })

  test.each([
    ['end too early', [0x15, 0xac]],
    ['promise a list that is longer than they are', [0x19, 0xf5, 0xff, 0xff, 0xff, 0x0f]],
    ['nest without end', Array.from({ length: 200 }, () => 0x1c)],
    ['hold a whole number beyond 2^53', [0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00]],
  ])('refuses bytes that %s', (_, bytes) => {
    expect(() => readThrift(Uint8Array.from(bytes))).toThrow(ThriftError)
  })
})

describe('joining', () => {
  const joined = async (name: string, files: JoinableFiles, parts: readonly string[]): Promise<string> => {
    const target = join(bench.folder, name)
    const sha256 = await appendColumns(
      target,
      files,
      (async function* () {
        yield* parts
      })(),
    )
    expect(sha256).toBe(
      createHash('sha256')
        .update(await readFile(target))
        .digest('hex'),
    )
    return target
  }
  /** Rows that only one of both queries has, and rows whose position differs. */
  const difference = async (path: string, sql: string): Promise<unknown> => {
    const [counts] = await bench.query(`
      WITH found AS (SELECT row_number() OVER () AS position, f FROM read_parquet(${literal(path)}) f),
           wanted AS (SELECT row_number() OVER () AS position, f FROM (${sql}) f)
      SELECT (SELECT count(*) FROM found)::INTEGER AS rows, count(*)::INTEGER AS differing
      FROM found FULL JOIN wanted USING (position) WHERE found.f IS DISTINCT FROM wanted.f`)
    return counts
  }
  const both = (sql: string): string => `SELECT a.*, b.* FROM (${sql}) a POSITIONAL JOIN (${addedTo(sql)}) b`

  test('puts the columns of two files side by side, row by row', async () => {
    const path = await bench.writeQuery('one.parquet', rowsOf(0, 9000), ', ROW_GROUP_SIZE 2048')
    const part = await bench.writeQuery('one-part.parquet', addedTo(rowsOf(0, 9000)), ', ROW_GROUP_SIZE 2048')
    const files = await findJoinableFiles([path])
    expect(files?.columns).toEqual(['id', 'name', 'value', 'even', 'nested', 'list'])
    expect(files?.files[0]?.groupRows).toEqual([2048, 2048, 2048, 2048, 808])
    const target = await joined('joined.parquet', files!, [part])
    expect(await difference(target, both(rowsOf(0, 9000)))).toEqual({ rows: 9000, differing: 0 })
    // What readers skip row groups by still holds.
    expect(
      await bench.query(`SELECT count(*)::INTEGER AS n FROM read_parquet(${literal(target)}) WHERE id BETWEEN 4000 AND 4200 AND flag`),
    ).toEqual([{ n: 18 }])
  })

  test('joins several files and several parts, empty row groups left out', async () => {
    const paths = [
      await bench.writeQuery('a.parquet', rowsOf(0, 3000), ', ROW_GROUP_SIZE 2048'),
      await bench.writeQuery('b.parquet', rowsOf(0, 0)),
      await bench.writeQuery('c.parquet', rowsOf(3000, 4000)),
    ]
    const parts = [
      await bench.writeQuery('p1.parquet', addedTo(rowsOf(0, 2048))),
      await bench.writeQuery('p2.parquet', addedTo(rowsOf(2048, 3000))),
      await bench.writeQuery('p3.parquet', addedTo(rowsOf(3000, 4000))),
    ]
    const target = await joined('several.parquet', (await findJoinableFiles(paths))!, parts)
    expect(await difference(target, both(rowsOf(0, 4000)))).toEqual({ rows: 4000, differing: 0 })
  })

  test('refuses parts with other rows, and too few of them', async () => {
    const files = (await findJoinableFiles([await bench.writeQuery('short.parquet', rowsOf(0, 100))]))!
    const part = await bench.writeQuery('shorter-part.parquet', addedTo(rowsOf(0, 99)))
    await expect(joined('bad-1.parquet', files, [part])).rejects.toThrow(/other rows/)
    await expect(joined('bad-2.parquet', files, [])).rejects.toThrow(/missing/)
  })

  test.each([
    ['another compression', async () => [await bench.writeQuery('zstd.parquet', rowsOf(0, 10), ', COMPRESSION zstd')]],
    [
      'columns that differ',
      async () => [await bench.writeQuery('d.parquet', 'SELECT 1 AS a'), await bench.writeQuery('e.parquet', 'SELECT 1 AS b')],
    ],
    ['row groups too small', async () => [await bench.writeQuery('small.parquet', rowsOf(0, 80_000), ', ROW_GROUP_SIZE 2048')]],
    ['no readable footer', async () => [await bench.writeText('text.parquet', 'PAR1 this is not a footer \u0001\u0000\u0000\u0000PAR1')]],
  ])('files with %s are left to be rewritten', async (_, write) => {
    expect(await findJoinableFiles(await write())).toBeUndefined()
  })
})

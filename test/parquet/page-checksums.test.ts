// Checksums of pages, in files that PyArrow wrote with `write_page_checksum=True`: 3 servers of 60 days, data pages of both versions.
import { createHash } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crc32 } from '../../src-main/parquet/crc32.ts'
import { checkPageChecksums } from '../../src-main/parquet/page-checksums.ts'
import { numberAt, readFileFooter, structAt, withFields } from '../../src-main/parquet/parquet-footer.ts'
import { readThriftAtStart, ThriftError, thriftTypes, type ThriftStruct } from '../../src-main/parquet/thrift-compact.ts'
import { literal } from '../../src-main/database/database.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { withLastChunk } from '../fixtures/changed-footers.ts'
import { ForecastWorkspace, type TestRow } from '../fixtures/forecast-workspace.ts'
import { randomFor } from '../fixtures/torture.ts'

const written = (version: number): string => resolve(import.meta.dirname, '..', 'fixtures', 'page-checksums', `pyarrow-v${version}.parquet`)

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(() => workspace.close())

/** The rows as DuckDB reads them; undefined where it refuses. */
const readRows = (path: string): Promise<TestRow[] | undefined> =>
  workspace.query(`SELECT * FROM read_parquet(${literal(path)})`).catch(() => undefined)

test('CRC-32 of known texts', () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  // The check value of the catalogue of CRC algorithms, and the one of the empty text.
  expect(crc32(text('123456789'))).toBe(0xcbf43926)
  expect(crc32(text(''))).toBe(0)
  expect(crc32(text('The quick brown fox jumps over the lazy dog'))).toBe(0x414fa339)
})

describe.each([1, 2])('data pages of version %d', (version) => {
  test('agree as they were written', async () => {
    // Two row groups of four columns, one of them with a dictionary page.
    expect(await checkPageChecksums(written(version))).toEqual({ checkedPages: 2 * (4 + 1) })
  })

  test('a page of another type than its header has a part for is found', async () => {
    const bytes = await readFile(written(version))
    // The first field of the first header, the type, and its zigzag value: 0, 4 or 6 for data, dictionary and data of version 2.
    expect([bytes[4], [0, 4, 6].includes(bytes[5]!)]).toEqual([0x15, true])
    for (const type of [0, 2, 4, 6].filter((other) => other !== bytes[5])) {
      const path = join(workspace.folder, 'typed.parquet')
      const altered = Buffer.from(bytes)
      altered[5] = type
      await writeFile(path, altered)
      expect((await checkPageChecksums(path)).damagedColumn).toBeDefined()
    }
  })

  test('a bit that is turned anywhere in the pages is found', async () => {
    const bytes = await readFile(written(version))
    const { start } = await readFileFooter(written(version))
    const chance = randomFor(`pages ${version}`)
    const rows = await readRows(written(version))
    const unnoticed: number[] = []
    for (let round = 0; round < 200; round++) {
      const at = 4 + Math.floor(chance() * (start - 4))
      const altered = Buffer.from(bytes)
      altered[at]! ^= 1 << Math.floor(chance() * 8)
      const path = join(workspace.folder, `altered-${round}.parquet`)
      await writeFile(path, altered)
      const found = await checkPageChecksums(path).catch((thrown: unknown) => {
        if (thrown instanceof ThriftError) return 'unreadable' as const
        throw thrown
      })
      if (found === 'unreadable' || found.damagedColumn !== undefined) continue
      // The headers between the pages have no checksum; what DuckDB reads of them must not change a value.
      const read = await readRows(path)
      if (read !== undefined && !isDeepStrictEqual(read, rows)) unnoticed.push(at)
    }
    expect(unnoticed).toEqual([])
  })
})

test('an analysis names the column of an altered page, and what was checked', async () => {
  const { manifest, folder } = await workspace.analyse(written(1))
  expect(manifest.inputs).toEqual([
    {
      path: written(1),
      bytes: 5868,
      rows: 180,
      sha256: createHash('sha256')
        .update(await readFile(written(1)))
        .digest('hex'),
      modified_at: (await stat(written(1))).mtime.toISOString(),
      integrity: 'checked',
    },
  ])
  const plain = await workspace.analyse(await workspace.writeQuery('plain.parquet', `SELECT * FROM read_parquet(${literal(written(1))})`))
  expect(plain.manifest.inputs[0]!.integrity).toBe('none')
  expect(await readFile(join(folder, runFiles.clusters))).toEqual(await readFile(join(plain.folder, runFiles.clusters)))
  const bytes = await readFile(written(1))
  // 43.0 as a double, the first measured value of a server: its lowest bit makes another number of it, not another length.
  const at = bytes.indexOf(Buffer.from([0, 0, 0, 0, 0, 0x80, 0x45, 0x40]))
  bytes[at]! ^= 1
  const path = join(workspace.folder, 'altered.parquet')
  await writeFile(path, bytes)
  await expect(workspace.analyse(path)).rejects.toThrow('altered.parquet is a damaged Parquet file: a page of column actual was altered.')
})

// Bits that DuckDB inflates to other values without a word.
test.each(['PARQUET_VERSION v1', 'PARQUET_VERSION v2'])('a bit that is turned in a page of gzip is found (%s)', async (option) => {
  const path = join(workspace.folder, 'gzip.parquet')
  await workspace.writeQuery(
    'gzip.parquet',
    'SELECT CAST(i AS DOUBLE) * 1.1 AS predicted FROM range(3000) t(i)',
    `, COMPRESSION gzip, ${option}`,
  )
  const whole = await checkPageChecksums(path)
  expect(whole.checkedPages).toBeGreaterThan(0)
  expect(whole.damagedColumn).toBeUndefined()
  const bytes = await readFile(path)
  const { start } = await readFileFooter(path)
  for (const at of [start - 3, start - 7, Math.floor(start / 2)]) {
    const altered = Buffer.from(bytes)
    altered[at]! ^= 4
    await writeFile(path, altered)
    expect((await checkPageChecksums(path)).damagedColumn).toBe('predicted')
  }
})

const withNullCount = (chunk: ThriftStruct): ThriftStruct =>
  withFields(chunk, { 12: new Map([...structAt(chunk, 12), [3, { type: thriftTypes.i64, value: 90 }]]) })

// DuckDB reads each of these, the first two as a column without values: the band was missing from the figures without a word.
test.each([
  ['that counts every value as empty and states a greatest one', withNullCount],
  ['that counts no values', (chunk: ThriftStruct) => withFields(chunk, { 5: 0 })],
  ['that ends within a page', (chunk: ThriftStruct) => withFields(chunk, { 7: numberAt(chunk, 7)! - 8 })],
])('a column %s is damaged', async (_, change) => {
  const path = await workspace.writeQuery('contradiction.parquet', 'SELECT i, CAST(i AS DOUBLE) AS yhat_upper FROM range(90) t(i)')
  expect(await checkPageChecksums(path)).toEqual({ checkedPages: 0 })
  await withLastChunk(path, change)
  expect((await checkPageChecksums(path)).damagedColumn).toBe('yhat_upper')
})

// DuckDB believes such a footer: times that are empty passed for none.
test.each(['uncompressed', 'snappy', 'gzip', 'uncompressed, PARQUET_VERSION v2'])(
  'a column with empty values whose footer denies them is damaged (%s)',
  async (compression) => {
    const path = await workspace.writeQuery(
      'denied.parquet',
      'SELECT i, CASE WHEN i % 7 <> 0 THEN CAST(i AS DOUBLE) END AS actual FROM range(3000) t(i)',
      `, COMPRESSION ${compression}`,
    )
    expect((await checkPageChecksums(path)).damagedColumn).toBeUndefined()
    await withLastChunk(path, (chunk) => withFields(chunk, { 12: withFields(structAt(chunk, 12), { 3: 0 }) }))
    expect((await checkPageChecksums(path)).damagedColumn).toBe('actual')
  },
)

test('a level that no flat column has is damage', async () => {
  const path = await workspace.writeQuery(
    'level.parquet',
    'SELECT CAST(i AS DOUBLE) AS actual FROM range(90) t(i)',
    ', COMPRESSION uncompressed',
  )
  const bytes = await readFile(path)
  // The length of the levels, then 90 times the level 1 as one run.
  const at = bytes.indexOf(Buffer.from([3, 0, 0, 0, 180, 1, 1]))
  expect(at).toBeGreaterThan(0)
  bytes[at + 6] = 5
  await writeFile(path, bytes)
  expect((await checkPageChecksums(path)).damagedColumn).toBe('actual')
})

test('a page that states less than no values is damage', async () => {
  const path = await workspace.writeQuery(
    'minus.parquet',
    'SELECT CAST(i AS DOUBLE) AS actual FROM range(90000) t(i)',
    ', COMPRESSION uncompressed',
  )
  const bytes = await readFile(path)
  // 90,000 in zigzag groups of seven bits; one less is -90,000.
  const at = bytes.indexOf(Buffer.from([0x15, 0xa0, 0xfe, 0x0a]))
  expect(at).toBeGreaterThan(0)
  bytes[at + 1] = 0x9f
  await writeFile(path, bytes)
  expect((await checkPageChecksums(path)).damagedColumn).toBe('actual')
})

test('a page of gzip that inflates to more than it states is damage', async () => {
  const path = await workspace.writeQuery(
    'bomb.parquet',
    'SELECT 7.0::DOUBLE + i * 0 AS actual FROM range(120000) t(i)',
    ', COMPRESSION gzip',
  )
  const bytes = await readFile(path)
  const { struct } = readThriftAtStart(bytes.subarray(4))
  const stated = Number(struct.get(2)!.value)
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)])
  const at = bytes.indexOf(Buffer.from(varint(stated * 2)))
  bytes.set(varint(stated * 2 - 2), at)
  await writeFile(path, bytes)
  expect((await checkPageChecksums(path)).damagedColumn).toBe('actual')
})

test('columns of lists, of empty values and of NaN contradict nothing', async () => {
  for (const compression of ['uncompressed', 'snappy', 'gzip', 'zstd']) {
    const path = await workspace.writeQuery(
      'whole.parquet',
      `SELECT [i, i] AS list, {'a': i} AS nested, CAST(NULL AS DOUBLE) AS empty, 'NaN'::DOUBLE AS nan, CAST(i % 3 AS VARCHAR) AS text FROM range(5000) t(i)`,
      `, COMPRESSION ${compression}, ROW_GROUP_SIZE 2048`,
    )
    expect((await checkPageChecksums(path)).damagedColumn).toBeUndefined()
  }
})

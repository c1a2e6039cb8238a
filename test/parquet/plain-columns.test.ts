// Parquet files of plain columns: what is written is read back, by this reader and by DuckDB; other and damaged files are refused.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Database, literal } from '../../src-main/database/database.ts'
import type { PlainColumn } from '../../src-main/parquet/plain-layout.ts'
import { PlainReader } from '../../src-main/parquet/plain-reader.ts'
import { PlainWriter } from '../../src-main/parquet/plain-writer.ts'
import { ThriftError } from '../../src-main/parquet/thrift-compact.ts'

const columns: readonly PlainColumn[] = [
  { name: 'number', type: 'whole' },
  { name: 'name', type: 'text' },
  { name: 'step', type: 'long' },
  { name: 'times', type: 'time', isList: true },
  { name: 'floats', type: 'float', isList: true },
  { name: 'doubles', type: 'double', isList: true },
]
/** 2026-11-22 and a microsecond before 1970. */
const [noon, before] = [1_795_348_800_000_000, -1]

let folder: string
let path: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-plain-'))
  path = join(folder, 'plain.parquet')
  const writer = new PlainWriter(path, columns)
  writer.writeGroup(4, [
    { numbers: Int32Array.of(7, -1, 0, 2) },
    { texts: ['ä', '', 'web', 'web'] },
    { numbers: Float64Array.of(86_400_000_000, 0, -1, 2 ** 53 - 1) },
    { numbers: Float64Array.of(noon, before, 0), lengths: Uint32Array.of(0, 1, 0, 2) },
    { numbers: Float32Array.of(1.5, -0, 3), lengths: Uint32Array.of(3, 0, 0, 0) },
    { numbers: Float64Array.of(0.1, 0.2, 0.3, 1e300), lengths: Uint32Array.of(1, 1, 1, 1) },
  ])
  writer.writeGroup(1, [
    { numbers: Int32Array.of(5) },
    { texts: ['z'] },
    { numbers: Float64Array.of(1) },
    { numbers: new Float64Array(0), lengths: Uint32Array.of(0) },
    { numbers: Float32Array.from({ length: 1000 }, (_, index) => index), lengths: Uint32Array.of(1000) },
    { numbers: new Float64Array(0), lengths: Uint32Array.of(0) },
  ])
  writer.finish({ note: 'ü' }, 'a test')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('PlainReader', () => {
  test('returns rows, ranges of texts and notes as they were written', async () => {
    const reader = await PlainReader.open(path)
    const [first, second] = reader.groups
    expect(reader.note('note')).toBe('ü')
    expect(reader.note('other')).toBeUndefined()
    expect([first!.rows, second!.rows]).toEqual([4, 1])
    expect(first!.chunks.get('name')!.range).toEqual({ least: '', greatest: 'ä' })
    expect(await reader.wholes(first!, 'number')).toEqual(Int32Array.of(7, -1, 0, 2))
    expect(await reader.texts(first!, 'name')).toEqual(['ä', '', 'web', 'web'])
    expect(await reader.longs(first!, 'step')).toEqual(Float64Array.of(86_400_000_000, 0, -1, 2 ** 53 - 1))
    expect(await reader.timeLists(first!, 'times')).toEqual({
      offsets: Uint32Array.of(0, 0, 1, 1, 3),
      values: Float64Array.of(noon, before, 0),
    })
    expect(await reader.floatLists(first!, 'floats')).toEqual({
      offsets: Uint32Array.of(0, 3, 3, 3, 3),
      values: Float32Array.of(1.5, -0, 3),
    })
    expect(await reader.doubleLists(first!, 'doubles')).toEqual({
      offsets: Uint32Array.of(0, 1, 2, 3, 4),
      values: Float64Array.of(0.1, 0.2, 0.3, 1e300),
    })
    expect((await reader.floatLists(second!, 'floats')).values).toEqual(Float32Array.from({ length: 1000 }, (_, index) => index))
    expect((await reader.doubleLists(second!, 'doubles')).offsets).toEqual(Uint32Array.of(0, 0))
    for (const group of [first!, second!])
      expect(await reader.listOffsets(group, 'floats', 'float')).toEqual((await reader.floatLists(group, 'floats')).offsets)
    await reader.close()
  })

  test('refuses a column of another type, and one that is not there', async () => {
    const reader = await PlainReader.open(path)
    await expect(reader.wholes(reader.groups[0]!, 'name')).rejects.toThrow(ThriftError)
    await expect(reader.texts(reader.groups[0]!, 'none')).rejects.toThrow(ThriftError)
    await reader.close()
  })

  test('reads no file of DuckDB, which compresses', async () => {
    const other = join(folder, 'other.parquet')
    const database = await Database.open()
    await database.run(`COPY (SELECT 1 AS number) TO ${literal(other)} (FORMAT parquet)`)
    database.close()
    await expect(PlainReader.open(other)).rejects.toThrow(ThriftError)
  })

  test('answers or refuses each file with one byte changed, and each that ends early, without another error', async () => {
    const bytes = await readFile(path)
    const damaged = join(folder, 'damaged.parquet')
    let refused = 0
    for (let at = 0; at < bytes.length; at += 3) {
      for (const content of [
        bytes.subarray(0, at),
        Buffer.concat([bytes.subarray(0, at), Buffer.of(bytes[at]! ^ 0x55), bytes.subarray(at + 1)]),
      ]) {
        await writeFile(damaged, content)
        try {
          const reader = await PlainReader.open(damaged)
          try {
            for (const group of reader.groups) {
              await reader.wholes(group, 'number')
              await reader.texts(group, 'name')
              await reader.timeLists(group, 'times')
              await reader.floatLists(group, 'floats')
            }
          } finally {
            await reader.close()
          }
        } catch (thrown) {
          if (!(thrown instanceof ThriftError)) throw thrown
          refused++
        }
      }
    }
    // Every file that ends early, at least.
    expect(refused).toBeGreaterThan(bytes.length / 3)
  })
})

test('DuckDB reads the same rows, and skips groups by their texts', async () => {
  const database = await Database.open()
  const rows = await database.rows(
    `SELECT number, name, CAST(step AS DOUBLE) AS step, [epoch_us(t) FOR t IN times] AS times, floats, doubles FROM read_parquet(${literal(path)})`,
    z.object({ number: z.int(), name: z.string(), step: z.number(), times: z.unknown(), floats: z.unknown(), doubles: z.unknown() }),
  )
  expect(rows.map(({ number, name, step }) => [number, name, step])).toEqual([
    [7, 'ä', 86_400_000_000],
    [-1, '', 0],
    [0, 'web', -1],
    [2, 'web', 2 ** 53 - 1],
    [5, 'z', 1],
  ])
  expect(rows.map(({ times }) => times)).toEqual([[], [BigInt(noon)], [], [BigInt(before), 0n], []])
  expect(rows.map(({ floats }) => (floats as number[]).length)).toEqual([3, 0, 0, 0, 1000])
  expect(rows.map(({ doubles }) => doubles)).toEqual([[0.1], [0.2], [0.3], [1e300], []])
  const { found } = await database.row(
    `SELECT CAST(count(*) AS INTEGER) AS found FROM read_parquet(${literal(path)}) WHERE name = 'ä'`,
    z.object({ found: z.int() }),
  )
  expect(found).toBe(1)
  const types = await database.rows(`DESCRIBE SELECT * FROM read_parquet(${literal(path)})`, z.object({ column_type: z.string() }))
  expect(types.map(({ column_type }) => column_type)).toEqual(['INTEGER', 'VARCHAR', 'BIGINT', 'TIMESTAMP[]', 'FLOAT[]', 'DOUBLE[]'])
  database.close()
})

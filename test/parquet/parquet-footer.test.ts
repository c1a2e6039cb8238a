// The footer reader over a byte source: what it reads, in how many requests, and what it rejects.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database, literal } from '../../src-main/database/database.ts'
import { footerRows, readFileFooter, readFooter, topLevelColumns, type ByteSource } from '../../src-main/parquet/parquet-footer.ts'
import { ThriftError } from '../../src-main/parquet/thrift-compact.ts'

let folder: string
let database: Database
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-footer-'))
  database = await Database.open()
})
afterAll(async () => {
  database.close()
  await rm(folder, { recursive: true, force: true })
})

const write = async (name: string, select: string, options = ''): Promise<string> => {
  const path = join(folder, name)
  await database.run(`COPY (${select}) TO ${literal(path)} (FORMAT parquet${options})`)
  return path
}

/** Counts what it is asked for. */
const sourceOf = (content: Buffer): ByteSource & { readonly lengths: number[] } => {
  const lengths: number[] = []
  return {
    bytes: content.length,
    lengths,
    read: (from, length) => {
      lengths.push(length)
      return Promise.resolve(content.subarray(from, from + length))
    },
  }
}

describe('a footer', () => {
  it('reads rows and columns in one request and counts a nested column once', async () => {
    const path = await write(
      'nested.parquet',
      "SELECT i AS a, {'x': i, 'y': {'z': [i, i]}} AS b, [{'k': i}] AS c, 'd' AS \"D e\" FROM range(7) t(i)",
    )
    const source = sourceOf(await readFile(path))
    const { metaData } = await readFooter(source)
    expect(topLevelColumns(metaData)).toEqual(['a', 'b', 'c', 'D e'])
    expect(footerRows(metaData)).toBe(7)
    expect(source.lengths).toEqual([source.bytes])
    expect(await readFileFooter(path)).toEqual(await readFooter(source))
  })

  it('longer than the first request takes a second one, up to a limit', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `column_${index}`)
    const path = await write('wide.parquet', `SELECT ${names.map((name) => `1 AS ${name}`).join(', ')} FROM range(3)`)
    const content = await readFile(path)
    const source = sourceOf(content)
    const { metaData, start } = await readFooter(source)
    expect(topLevelColumns(metaData)).toEqual(names)
    expect(source.lengths).toEqual([64 * 1024, content.length - start])
    await expect(readFooter(source, 1000)).rejects.toThrow(ThriftError)
  })

  it.each<[string, (content: Buffer) => Buffer]>([
    ['that is cut short', (content) => content.subarray(0, content.length - 1)],
    ['of no bytes', () => Buffer.alloc(0)],
    ['of a mark alone', () => Buffer.from('PAR1')],
    [
      'whose footer is said to be longer than the file',
      (content) => Buffer.concat([content.subarray(0, -8), Buffer.from('ffffff7f', 'hex'), Buffer.from('PAR1')]),
    ],
    [
      'whose footer is no Thrift',
      (content) => Buffer.concat([content.subarray(0, 4), Buffer.alloc(content.length - 12, 0xff), content.subarray(-8)]),
    ],
  ])('is rejected of a file %s', async (_, damage) => {
    const content = await readFile(await write('part.parquet', 'SELECT 1 AS a'))
    await expect(readFooter(sourceOf(damage(content)))).rejects.toThrow(ThriftError)
  })
})

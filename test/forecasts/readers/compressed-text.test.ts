// Compressed text files that were cut or altered anywhere are refused; whole ones are read, of several members and frames too.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspectForecasts } from '../../../src-main/engine/inspect-forecasts.ts'
import { Database } from '../../../src-main/database/database.ts'
import { randomFor } from '../../fixtures/torture.ts'

let folder: string
let database: Database
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-compressed-'))
  database = await Database.open()
})
afterAll(async () => {
  database.close()
  await rm(folder, { recursive: true })
})

const days = 250
const chance = randomFor('compressed texts')
const text = [
  'server_id,timestamp,predicted',
  ...Array.from({ length: days * 4 }, (_, row) => {
    const day = new Date(Date.UTC(2026, 0, 1 + (row >> 2))).toISOString().slice(0, 10)
    return `srv-${row % 4},${day},${(chance() * 60).toFixed(3)}`
  }),
  '',
].join('\n')

/** Zstandard as DuckDB writes it, without a checksum. */
const zstd = async (): Promise<Buffer> => {
  const path = join(folder, 'written.csv.zst')
  const lines = text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => `('${line.split(',').join("', '")}')`)
  await database.run(
    `COPY (SELECT * FROM (VALUES ${lines.join(', ')}) rows(server_id, timestamp, predicted)) TO '${path}' (FORMAT csv, COMPRESSION zstd)`,
  )
  return readFile(path)
}

const inspect = async (name: string, bytes: Buffer) => {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return inspectForecasts({ inputs: [path], config: {} })
}

/** Why it is not read; undefined where it is. */
const refusal = async (name: string, bytes: Buffer): Promise<string | undefined> => {
  try {
    return (await inspect(name, bytes)).problem?.sentence
  } catch (thrown) {
    return (thrown as Error).message
  }
}

const damaged = (name: string): string => `${name} is damaged: its compressed contents are cut or altered.`

/** A frame to skip, of three bytes. */
const skippedFrame = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])

describe.each([
  ['gzip', 'rows.csv.gz', () => Promise.resolve(gzipSync(text))],
  ['zstd', 'rows.csv.zst', zstd],
])('%s', (_, name, compressed) => {
  test('whole, every row is read', async () => {
    expect((await inspect(name, await compressed())).rows).toBe(days * 4)
  })

  test.each([0.25, 0.5, 0.9, 0.999])('cut at %d of its length', async (share) => {
    const bytes = await compressed()
    expect(await refusal(name, bytes.subarray(0, Math.min(bytes.length - 1, Math.floor(bytes.length * share))))).toBe(damaged(name))
  })
})

test('the checksum and the length at the end of a gzip member count', async () => {
  for (const fromEnd of [6, 2]) {
    const bytes = gzipSync(text)
    bytes[bytes.length - fromEnd]! ^= 1
    expect(await refusal('rows.csv.gz', bytes)).toBe(damaged('rows.csv.gz'))
  }
})

test('zeros behind the trailer of gzip are told from its contents', async () => {
  expect(await refusal('padded.csv.gz', Buffer.concat([gzipSync(text), Buffer.alloc(3 << 20)]))).toBe(damaged('padded.csv.gz'))
})

test('the checksum at the end of a Zstandard frame counts', async () => {
  // RFC 8878: one raw block in a single segment with its length in four bytes; the checksum is wrong.
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa4, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32LE(text.length, 5)
  head.writeUIntLE((text.length << 3) | 1, 9, 3)
  expect(await refusal('frame.csv.zst', Buffer.concat([head, Buffer.from(text), Buffer.alloc(4)]))).toBe(damaged('frame.csv.zst'))
})

test('several members and frames are read to the end of the last', async () => {
  const cut = text.indexOf('\n', text.length / 2) + 1
  const members = [gzipSync(text.slice(0, cut)), gzipSync(text.slice(cut))]
  expect((await inspect('members.csv.gz', Buffer.concat(members))).rows).toBe(days * 4)
  expect(await refusal('members.csv.gz', Buffer.concat(members).subarray(0, -9))).toBe(damaged('members.csv.gz'))
  const frames = Buffer.concat([await zstd(), skippedFrame])
  expect((await inspect('frames.csv.zst', frames)).rows).toBe(days * 4)
  expect(await refusal('frames.csv.zst', frames.subarray(0, -1))).toBe(damaged('frames.csv.zst'))
})

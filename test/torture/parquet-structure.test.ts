// Parquet files damaged along their structure, judged by a second reader (hyparquet): a file that is analysed gives what its rows give.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Database, identifier, literal } from '../../src-main/database/database.ts'
import {
  footerBytes,
  footerFields,
  listOfStructs,
  numberAt,
  readFooter,
  structAt,
  structsAt,
  withFields,
} from '../../src-main/parquet/parquet-footer.ts'
import { readThriftAtStart, thriftTypes, type ThriftStruct } from '../../src-main/parquet/thrift-compact.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { smallForecasts } from '../fixtures/bad-input-workspace.ts'
import { EngineChild } from '../fixtures/engine-child.ts'
import { pickOne, randomBelow, randomFor, rounds, tally } from '../fixtures/torture.ts'

const checksummed = (version: number): string =>
  resolve(import.meta.dirname, '..', 'fixtures', 'page-checksums', `pyarrow-v${version}.parquet`)
const written = {
  'DuckDB, uncompressed': 'COMPRESSION uncompressed',
  'DuckDB, snappy': 'COMPRESSION snappy',
  'DuckDB, gzip, pages of version 2': 'COMPRESSION gzip, PARQUET_VERSION v2',
} as const

interface ParquetFile {
  readonly bytes: Buffer
  readonly metaData: ThriftStruct
  /** Where the footer begins. */
  readonly start: number
}

let folder: string
let engine: EngineChild
let database: Database
const files = new Map<string, ParquetFile>()

const parse = async (bytes: Buffer): Promise<ParquetFile> => {
  const { metaData, start } = await readFooter({ bytes: bytes.length, read: async (from, length) => bytes.subarray(from, from + length) })
  return { bytes, metaData, start }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-torture-structure-'))
  engine = new EngineChild()
  database = await Database.open()
  for (const [name, options] of Object.entries(written)) {
    const path = join(folder, 'valid.parquet')
    await database.run(`COPY (${smallForecasts}) TO ${literal(path)} (FORMAT parquet, ${options})`)
    files.set(name, await parse(await readFile(path)))
  }
  for (const version of [1, 2])
    files.set(`PyArrow with checksums, pages of version ${version}`, await parse(await readFile(checksummed(version))))
})
afterAll(async () => {
  engine.stop()
  database.close()
  await rm(folder, { recursive: true, force: true })
})

const { fileMetaData, rowGroup, columnChunk, columnMetaData } = footerFields
/** Fields that only a liar changes. */
const moreFields = { encodings: 2, numValues: 5, statistics: 12, maxValue: 5, minValue: 6, nullCount: 3, oldMax: 1, oldMin: 2 } as const

const chunksOf = ({ metaData }: ParquetFile): ThriftStruct[] =>
  structsAt(metaData, fileMetaData.rowGroups).flatMap((group) =>
    structsAt(group, rowGroup.columns).map((chunk) => structAt(chunk, columnChunk.metaData)),
  )

interface Page {
  readonly headerAt: number
  readonly at: number
  readonly size: number
}

const pagesOf = ({ bytes }: ParquetFile, chunk: ThriftStruct): Page[] => {
  const data = numberAt(chunk, columnMetaData.dataPageOffset) ?? 0
  const from = Math.min(data, numberAt(chunk, columnMetaData.dictionaryPageOffset) ?? data)
  const end = from + (numberAt(chunk, columnMetaData.totalCompressedSize) ?? 0)
  const pages: Page[] = []
  for (let at = from; at < end;) {
    const { struct, length } = readThriftAtStart(bytes.subarray(at, end))
    const size = numberAt(struct, 3) ?? 0
    pages.push({ headerAt: at, at: at + length, size })
    at += length + size
  }
  return pages
}

/** The file with another metadata of some column chunks. */
const withChunks = (file: ParquetFile, change: (chunk: ThriftStruct, index: number) => ThriftStruct): Buffer => {
  let index = 0
  const groups = structsAt(file.metaData, fileMetaData.rowGroups).map((group) =>
    withFields(group, {
      [rowGroup.columns]: listOfStructs(
        structsAt(group, rowGroup.columns).map((chunk) =>
          withFields(chunk, { [columnChunk.metaData]: change(structAt(chunk, columnChunk.metaData), index++) }),
        ),
      ),
    }),
  )
  return Buffer.concat([
    file.bytes.subarray(0, file.start),
    footerBytes(withFields(file.metaData, { [fileMetaData.rowGroups]: listOfStructs(groups) })),
  ])
}

type Random = () => number

const flippedIn = (file: ParquetFile, random: Random, from: number, to: number, times: number): Buffer => {
  const copy = Buffer.from(file.bytes)
  for (let time = 0; time < times; time++) copy[from + randomBelow(random, to - from)]! ^= 1 << randomBelow(random, 8)
  return copy
}

/** Text, or eight bytes, as a statistic has them. */
const statisticValues: readonly Uint8Array[] = [
  Buffer.from('A'),
  Buffer.from('srv-1'),
  Buffer.from('zz'),
  Buffer.alloc(0),
  Buffer.alloc(8),
  Buffer.alloc(8, 0xff),
  Buffer.from(Float64Array.of(1e9).buffer),
  Buffer.from(Float64Array.of(-1e9).buffer),
  Buffer.from(Float64Array.of(Number.NaN).buffer),
  Buffer.from(BigInt64Array.of(4_102_444_800_000_000n).buffer),
]

const kinds: Readonly<Record<string, (file: ParquetFile, random: Random) => Buffer>> = {
  'flipped bits in the stream of a page': (file, random) => {
    const { at, size } = pickOne(
      random,
      pagesOf(file, pickOne(random, chunksOf(file))).filter((page) => page.size > 0),
    )
    return flippedIn(file, random, at, at + size, 1 + randomBelow(random, 4))
  },
  'flipped bits in the header of a page, or a wrong checksum': (file, random) => {
    const { headerAt, at } = pickOne(random, pagesOf(file, pickOne(random, chunksOf(file))))
    return flippedIn(file, random, headerAt, at, 1)
  },
  'statistics that lie': (file, random) => {
    const column = randomBelow(random, chunksOf(file).length)
    return withChunks(file, (chunk, index) => {
      if (index !== column) return chunk
      const stated = chunk.get(moreFields.statistics)?.value
      const fields = stated instanceof Map ? new Map(stated) : new Map()
      const [low, high] = [pickOne(random, statisticValues), pickOne(random, statisticValues)]
      const set = (id: number, value: Uint8Array): void => void fields.set(id, { type: thriftTypes.binary, value })
      set(moreFields.minValue, low)
      set(moreFields.maxValue, random() < 0.5 ? low : high)
      if (random() < 0.5) set(moreFields.oldMin, low)
      if (random() < 0.5) set(moreFields.oldMax, high)
      if (random() < 0.5) fields.set(moreFields.nullCount, { type: thriftTypes.i64, value: pickOne(random, [0, 1, 90, 1e6]) })
      const ordered: ThriftStruct = new Map([...fields].sort(([a], [b]) => a - b))
      return new Map(
        [...chunk.entries(), [moreFields.statistics, { type: thriftTypes.struct, value: ordered }] as const].sort(([a], [b]) => a - b),
      )
    })
  },
  'pages of two columns swapped': (file, random) => {
    const chunks = chunksOf(file)
    const [a, b] = [randomBelow(random, chunks.length), randomBelow(random, chunks.length)]
    const placement = [
      columnMetaData.dataPageOffset,
      columnMetaData.dictionaryPageOffset,
      columnMetaData.totalCompressedSize,
      columnMetaData.totalUncompressedSize,
    ]
    const placedAs = (chunk: ThriftStruct, other: ThriftStruct): ThriftStruct =>
      withFields(chunk, Object.fromEntries(placement.filter((id) => chunk.has(id)).map((id) => [id, other.get(id)?.value])))
    return withChunks(file, (chunk, index) =>
      index === a ? placedAs(chunk, chunks[b]!) : index === b ? placedAs(chunk, chunks[a]!) : chunk,
    )
  },
  'the bytes of two pages swapped': (file, random) => {
    const pages = chunksOf(file).flatMap((chunk) => pagesOf(file, chunk))
    const [a, b] = [pickOne(random, pages), pickOne(random, pages)]
    const [first, second] = a.headerAt < b.headerAt ? [a, b] : [b, a]
    if (first === second) return file.bytes
    const { bytes } = file
    const [firstEnd, secondEnd] = [first.at + first.size, second.at + second.size]
    return Buffer.concat([
      bytes.subarray(0, first.headerAt),
      bytes.subarray(second.headerAt, secondEnd),
      bytes.subarray(firstEnd, second.headerAt),
      bytes.subarray(first.headerAt, firstEnd),
      bytes.subarray(secondEnd),
    ])
  },
  'a number of a column chunk that lies': (file, random) => {
    const column = randomBelow(random, chunksOf(file).length)
    const id = pickOne(random, [
      columnMetaData.codec,
      moreFields.numValues,
      columnMetaData.totalCompressedSize,
      columnMetaData.totalUncompressedSize,
      columnMetaData.dataPageOffset,
    ])
    return withChunks(file, (chunk, index) => {
      const value = numberAt(chunk, id) ?? 0
      return index === column ? withFields(chunk, { [id]: Math.max(0, value + pickOne(random, [-value, -8, -1, 1, 2, 8, 1000])) }) : chunk
    })
  },
  'a number of rows that lies': (file, random) => {
    const groups = structsAt(file.metaData, fileMetaData.rowGroups)
    const lying = randomBelow(random, groups.length)
    const change = pickOne(random, [-30, -1, 1, 30])
    const changed = groups.map((group, index) =>
      index === lying ? withFields(group, { [rowGroup.numRows]: Math.max(0, (numberAt(group, rowGroup.numRows) ?? 0) + change) }) : group,
    )
    const total = numberAt(file.metaData, fileMetaData.numRows) ?? 0
    const metaData = withFields(file.metaData, {
      [fileMetaData.rowGroups]: listOfStructs(changed),
      ...(random() < 0.5 ? { [fileMetaData.numRows]: Math.max(0, total + change) } : {}),
    })
    return Buffer.concat([file.bytes.subarray(0, file.start), footerBytes(metaData)])
  },
}

type Row = Readonly<Record<string, unknown>>

/** A Date would lose microseconds. */
const parsers = { timestampFromMicroseconds: (microseconds: bigint): string => String(microseconds) }

/** The rows as the second reader has them; null where it refuses the file. */
const readBySecondReader = async (bytes: Buffer): Promise<Row[] | null> => {
  const file = new Uint8Array(bytes).buffer
  try {
    return await parquetReadObjects({ file, compressors: { GZIP: (input) => gunzipSync(input) }, parsers })
  } catch {
    return null
  }
}

const columnTypes: Readonly<Record<string, string>> = {
  server_id: 'VARCHAR',
  model: 'VARCHAR',
  is_future: 'BOOLEAN',
}

const textOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.toISOString().slice(0, -1)
  return typeof value === 'object' ? JSON.stringify(value) : (value as bigint | boolean | number | string).toString()
}

/** A valid file of these rows. */
const writeRows = async (rows: readonly Row[], path: string): Promise<void> => {
  const columns = Object.keys(rows[0] ?? {})
  const select = columns.map((name, index) =>
    name === 'timestamp'
      ? `make_timestamp(CAST(c${index} AS BIGINT)) AS ${identifier(name)}`
      : `CAST(c${index} AS ${columnTypes[name] ?? 'DOUBLE'}) AS ${identifier(name)}`,
  )
  await database.run('DROP TABLE IF EXISTS texts')
  await database.storeRows(
    'texts',
    Object.fromEntries(columns.map((_, index) => [`c${index}`, 'VARCHAR' as const])),
    rows.map((row) => columns.map((name) => textOf(row[name]))),
  )
  await database.run(`COPY (SELECT ${select.join(', ')} FROM texts) TO ${literal(path)} (FORMAT parquet)`)
}

const riskOf = async (run: string): Promise<string> =>
  JSON.stringify(
    await database.rows(
      `SELECT CAST(t AS VARCHAR) AS line FROM read_parquet(${literal(join(run, runFiles.serverRisk))}) t ORDER BY ALL`,
      z.object({ line: z.string() }),
    ),
  )

/** Figures by the text of the rows that gave them: many damages leave the rows as they were. */
const knownFigures = new Map<string, string>()

const figuresOfRows = async (rows: readonly Row[]): Promise<string> => {
  const key = JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  const known = knownFigures.get(key)
  if (known !== undefined) return known
  const [path, out] = [join(folder, 'rows.parquet'), join(folder, 'rows-run')]
  await writeRows(rows, path)
  const { state, error } = await engine.analyse(path, out)
  const figures = state === 'finished' ? await riskOf(out) : `refused: ${error?.message ?? state}`
  await rm(out, { recursive: true, force: true })
  knownFigures.set(key, figures)
  return figures
}

const layouts = [...Object.keys(written), ...[1, 2].map((version) => `PyArrow with checksums, pages of version ${version}`)]
const perKind = rounds(1, 58)

describe.each(Object.keys(kinds))('%s', (kind) => {
  test.each(layouts)('in a file of %s', { timeout: 60_000 + perKind * 20_000 }, async (layout) => {
    const random = randomFor(`structure ${kind} ${layout}`)
    const file = files.get(layout)!
    const [path, out] = [join(folder, 'damaged.parquet'), join(folder, 'run')]
    const faults: string[] = []
    let accepted = 0
    for (let round = 0; round < perKind; round++) {
      const bytes = kinds[kind]!(file, random)
      await writeFile(path, bytes)
      const { state, error } = await engine.analyse(path, out)
      const fault = (text: string): void => void faults.push(`${round}: ${text}`)
      if (state === 'finished') {
        accepted++
        const rows = await readBySecondReader(bytes)
        if (rows === null) fault('analysed, and the second reader refuses it')
        else if ((await riskOf(out)) !== (await figuresOfRows(rows))) fault('analysed, and its rows give other figures')
        await rm(out, { recursive: true, force: true })
      } else if (
        state !== 'failed' ||
        error === undefined ||
        !/^(input-|memory-exceeded)/.test(error.code) ||
        !/^[^\n]{10,400}\.$/.test(error.message)
      ) {
        fault(`${state} ${error?.code ?? ''} ${error?.message ?? ''}`)
      }
    }
    expect(faults).toEqual([])
    tally('structure-aware damaged Parquet files', perKind)
    tally('structure-aware damaged Parquet files that were analysed, all with the figures of their rows', accepted)
  })
})

test('a file as it was written gives the figures of the rows that the second reader has', async () => {
  for (const { bytes } of files.values()) {
    const [path, out] = [join(folder, 'damaged.parquet'), join(folder, 'run')]
    await writeFile(path, bytes)
    expect(await engine.analyse(path, out)).toEqual({ state: 'finished' })
    expect(await riskOf(out)).toBe(await figuresOfRows((await readBySecondReader(bytes))!))
    await rm(out, { recursive: true, force: true })
  }
})

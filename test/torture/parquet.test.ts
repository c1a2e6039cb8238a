// Parquet files damaged at random: each is analysed or refused by one sentence, nothing is left behind, and the engine goes on.
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database, literal } from '../../src-main/database/database.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { smallForecasts } from '../fixtures/bad-input-workspace.ts'
import { EngineChild } from '../fixtures/engine-child.ts'
import { randomBelow, randomFor, pickOne, rounds, tally } from '../fixtures/torture.ts'

let folder: string
let engine: EngineChild
const layouts = {
  plain: 'COMPRESSION uncompressed',
  snappy: 'COMPRESSION snappy, ROW_GROUP_SIZE 2048',
  zstd: 'COMPRESSION zstd, PARQUET_VERSION v2',
} as const
type Layout = keyof typeof layouts
const validFile = new Map<string, Buffer>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-torture-parquet-'))
  engine = new EngineChild()
  const database = await Database.open()
  for (const [name, options] of Object.entries(layouts)) {
    const path = join(folder, `${name}.parquet`)
    await database.run(`COPY (${smallForecasts}) TO ${literal(path)} (FORMAT parquet, ${options})`)
    validFile.set(name, await readFile(path))
    await rm(path)
  }
  database.close()
})
afterAll(async () => {
  engine.stop()
  await rm(folder, { recursive: true, force: true })
})

const damageKinds: Readonly<Record<string, (file: Buffer, random: () => number) => Buffer>> = {
  'a flipped bit': (file, random) => flippedBytes(file, random, 1),
  'sixteen flipped bits': (file, random) => flippedBytes(file, random, 16),
  'flipped bits in the footer': (file, random) =>
    flippedBytes(file, random, 3, file.length - 8 - file.readUInt32LE(file.length - 8), file.length - 8),
  'a wild number in the footer': (file, random) => {
    const copy = Buffer.from(file)
    const from = file.length - 8 - file.readUInt32LE(file.length - 8)
    const at = from + randomBelow(random, file.length - 8 - from - 6)
    Buffer.from(pickOne(random, ['ffffffff0f', 'feffffff1f', '8080808010', '00', 'ffffffffffffffffff01']), 'hex').copy(copy, at)
    return copy
  },
  'its end missing': (file, random) => file.subarray(0, randomBelow(random, file.length)),
  'a piece missing': (file, random) => {
    const from = randomBelow(random, file.length)
    return Buffer.concat([file.subarray(0, from), file.subarray(Math.min(file.length, from + 1 + randomBelow(random, 200)))])
  },
  'a piece twice': (file, random) => {
    const from = randomBelow(random, file.length)
    return Buffer.concat([file.subarray(0, from + randomBelow(random, 200)), file.subarray(from)])
  },
  zeros: (file, random) => Buffer.from(file).fill(0, randomBelow(random, file.length), file.length - randomBelow(random, 8)),
  'a stretch of noise': (file, random) => {
    const copy = Buffer.from(file)
    const from = randomBelow(random, file.length)
    for (let at = from; at < Math.min(file.length - 8, from + 64); at++) copy[at] = randomBelow(random, 256)
    return copy
  },
}

function flippedBytes(file: Buffer, random: () => number, times: number, from = 4, to = file.length - 8): Buffer {
  const copy = Buffer.from(file)
  for (let time = 0; time < times; time++) {
    const at = from + randomBelow(random, to - from)
    copy[at] = copy[at]! ^ (1 << randomBelow(random, 8))
  }
  return copy
}

const perDamage = rounds(2, 40)

describe.each(Object.keys(damageKinds))('%s', (damage) => {
  test.each(Object.keys(layouts) as Layout[])('in a file of layout %s', { timeout: 60_000 + perDamage * 2000 }, async (layout) => {
    const random = randomFor(`${damage} ${layout}`)
    const path = join(folder, 'set.parquet')
    const out = join(folder, 'run')
    /** What went wrong, with how it can be had again. */
    const faults: string[] = []
    for (let round = 0; round < perDamage; round++) {
      const file = damageKinds[damage]!(validFile.get(layout)!, random)
      await writeFile(path, file)
      const { state, error } = await engine.analyse(path, out)
      const leftovers = (await readdir(folder)).filter((name) => name !== 'set.parquet').sort()
      if (state === 'finished') {
        if (leftovers.join() !== 'run' || !existsSync(join(out, runFiles.manifest)))
          faults.push(`${round}: finished, and left ${leftovers.join()}`)
        await rm(out, { recursive: true, force: true })
      } else {
        if (leftovers.length > 0 && state !== 'crashed') faults.push(`${round}: ${state}, and left ${leftovers.join()}`)
        for (const name of leftovers) await rm(join(folder, name), { recursive: true, force: true })
      }
      const isClearError = error === undefined || (/^input-|^memory-exceeded$/.test(error.code) && /^[^\n]{10,400}\.$/.test(error.message))
      if (!isClearError || state === 'hung' || state === 'crashed')
        faults.push(`${round}: ${state} ${error?.code ?? ''} ${error?.message ?? ''}`)
    }
    expect(faults).toEqual([])
    tally('damaged Parquet files', perDamage)
  })
})

test('the engine’s process did not fall once, and took no more than a gigabyte', () => {
  expect(engine.crashes).toBe(0)
  expect(engine.peakBytes).toBeLessThan(1e9)
})

// Parquet files damaged at random: each is analysed or refused by one sentence, nothing is left behind, and the engine goes on.
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database, literal } from '../../src-main/database/database.ts'
import { runFiles } from '../../src-shared/run-manifest.ts'
import { smallSet } from '../fixtures/bad-input-bench.ts'
import { EngineChild } from '../fixtures/engine-child.ts'
import { below, chanceOf, oneOf, rounds, tally } from '../fixtures/torture.ts'

let folder: string
let engine: EngineChild
const layouts = {
  plain: 'COMPRESSION uncompressed',
  snappy: 'COMPRESSION snappy, ROW_GROUP_SIZE 2048',
  zstd: 'COMPRESSION zstd, PARQUET_VERSION v2',
} as const
type Layout = keyof typeof layouts
const sound = new Map<string, Buffer>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-torture-parquet-'))
  engine = new EngineChild()
  const database = await Database.open()
  for (const [name, options] of Object.entries(layouts)) {
    const path = join(folder, `${name}.parquet`)
    await database.run(`COPY (${smallSet}) TO ${literal(path)} (FORMAT parquet, ${options})`)
    sound.set(name, await readFile(path))
    await rm(path)
  }
  database.close()
})
afterAll(async () => {
  engine.stop()
  await rm(folder, { recursive: true, force: true })
})

const damages: Readonly<Record<string, (file: Buffer, chance: () => number) => Buffer>> = {
  'a flipped bit': (file, chance) => flipped(file, chance, 1),
  'sixteen flipped bits': (file, chance) => flipped(file, chance, 16),
  'flipped bits in the footer': (file, chance) =>
    flipped(file, chance, 3, file.length - 8 - file.readUInt32LE(file.length - 8), file.length - 8),
  'a wild number in the footer': (file, chance) => {
    const copy = Buffer.from(file)
    const from = file.length - 8 - file.readUInt32LE(file.length - 8)
    const at = from + below(chance, file.length - 8 - from - 6)
    Buffer.from(oneOf(chance, ['ffffffff0f', 'feffffff1f', '8080808010', '00', 'ffffffffffffffffff01']), 'hex').copy(copy, at)
    return copy
  },
  'its end missing': (file, chance) => file.subarray(0, below(chance, file.length)),
  'a piece missing': (file, chance) => {
    const from = below(chance, file.length)
    return Buffer.concat([file.subarray(0, from), file.subarray(Math.min(file.length, from + 1 + below(chance, 200)))])
  },
  'a piece twice': (file, chance) => {
    const from = below(chance, file.length)
    return Buffer.concat([file.subarray(0, from + below(chance, 200)), file.subarray(from)])
  },
  zeros: (file, chance) => Buffer.from(file).fill(0, below(chance, file.length), file.length - below(chance, 8)),
  'a stretch of noise': (file, chance) => {
    const copy = Buffer.from(file)
    const from = below(chance, file.length)
    for (let at = from; at < Math.min(file.length - 8, from + 64); at++) copy[at] = below(chance, 256)
    return copy
  },
}

function flipped(file: Buffer, chance: () => number, times: number, from = 4, to = file.length - 8): Buffer {
  const copy = Buffer.from(file)
  for (let time = 0; time < times; time++) {
    const at = from + below(chance, to - from)
    copy[at] = copy[at]! ^ (1 << below(chance, 8))
  }
  return copy
}

const perDamage = rounds(2, 40)

describe.each(Object.keys(damages))('%s', (damage) => {
  test.each(Object.keys(layouts) as Layout[])('in a file of layout %s', { timeout: 60_000 + perDamage * 2000 }, async (layout) => {
    const chance = chanceOf(`${damage} ${layout}`)
    const path = join(folder, 'set.parquet')
    const out = join(folder, 'run')
    /** What went wrong, with how it can be had again. */
    const faults: string[] = []
    for (let round = 0; round < perDamage; round++) {
      const file = damages[damage]!(sound.get(layout)!, chance)
      await writeFile(path, file)
      const { state, error } = await engine.analyse(path, out)
      const left = (await readdir(folder)).filter((name) => name !== 'set.parquet').sort()
      if (state === 'finished') {
        if (left.join() !== 'run' || !existsSync(join(out, runFiles.manifest))) faults.push(`${round}: finished, and left ${left.join()}`)
        await rm(out, { recursive: true, force: true })
      } else {
        if (left.length > 0 && state !== 'crashed') faults.push(`${round}: ${state}, and left ${left.join()}`)
        for (const name of left) await rm(join(folder, name), { recursive: true, force: true })
      }
      const isClear = error === undefined || (/^input-|^memory-exceeded$/.test(error.code) && /^[^\n]{10,400}\.$/.test(error.message))
      if (!isClear || state === 'hung' || state === 'crashed')
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

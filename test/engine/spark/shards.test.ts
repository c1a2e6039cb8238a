// What shards are made of: files of arrays that come back to the bit, and parts of a list that leave nothing out.
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rangeOfShard } from '../../../src-main/engine/spark/measure-shard.ts'
import { readArrays, writeArrays } from '../../../src-main/engine/spark/shard-arrays.ts'
import { sliceByWeight } from '../../../src-main/engine/spark/shard-folder.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-shards-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a file of arrays', () => {
  const kinds = { figures: 'float64', values: 'float32', steps: 'int32', counts: 'uint32', marks: 'uint8' } as const
  const arrays = {
    figures: Float64Array.of(0.1 + 0.2, Number.NaN, -0, Number.NEGATIVE_INFINITY),
    values: Float32Array.of(1 / 3),
    steps: Int32Array.of(-5, 7, 9),
    counts: new Uint32Array(0),
    marks: Uint8Array.of(1, 0, 255),
  }

  test('comes back to the bit, views of larger memory too', () => {
    const path = join(folder, 'arrays')
    writeArrays(path, kinds, { ...arrays, steps: Int32Array.of(1, -5, 7, 9, 2).subarray(1, 4) })
    expect(readArrays(path, kinds)).toEqual(arrays)
    expect(Object.is(readArrays(path, kinds).figures[2], -0)).toBe(true)
  })

  test('that ends early or counts wrongly is refused by name', async () => {
    const path = join(folder, 'short')
    writeArrays(path, kinds, arrays)
    await truncate(path, 60)
    expect(() => readArrays(path, kinds)).toThrow(`${path} is damaged.`)
    const huge = join(folder, 'huge')
    await writeFile(huge, new Uint8Array(Float64Array.of(1e15, 1).buffer))
    expect(() => readArrays(huge, { figures: 'float64' })).toThrow(`${huge} is damaged.`)
    const odd = join(folder, 'odd')
    await writeFile(odd, new Uint8Array(Float64Array.of(Number.NaN).buffer))
    expect(() => readArrays(odd, { figures: 'float64' })).toThrow(`${odd} is damaged.`)
  })
})

describe('the series of a shard', () => {
  const servers = ['a', 'a', 'b', 'c', 'c', 'c', 'd', 'e', 'e']
  const rows = Float64Array.of(10, 10, 0, 30, 5, 5, 20, 0, 0)
  const rangesOf = (count: number) => Array.from({ length: count }, (_, index) => rangeOfShard(servers, rows, { number: index + 1, count }))

  test.each([1, 2, 3, 4, 20])('of %i are whole servers, and every series is in one', (count) => {
    const ranges = rangesOf(count)
    expect(ranges.flatMap(({ from, to }) => servers.slice(from, to))).toEqual(servers)
    for (const { from } of ranges) expect(servers[from - 1] === undefined || servers[from - 1] !== servers[from]).toBe(true)
  })

  test('hold about as many rows', () => {
    expect(rangesOf(2)).toEqual([
      { from: 0, to: 6 },
      { from: 6, to: 9 },
    ])
    expect(rangesOf(4)[0]).toEqual({ from: 0, to: 2 })
  })
})

describe('parts of a list', () => {
  const weights = [7, 1, 1, 0, 12, 3, 3, 3, 0, 30, 2, 2]
  const items = weights.map((weight, index) => ({ weight, index }))
  const partsOf = (count: number) =>
    Array.from({ length: count }, (_, index) => sliceByWeight(items, ({ weight }) => weight, { number: index + 1, count }))

  test.each([1, 2, 3, 5, 12, 40])('%i of them hold every entry once, in order', (count) => {
    expect(partsOf(count).flat()).toEqual(items)
  })

  test('weigh about the same', () => {
    const equal = Array.from({ length: 100 }, (_, index) => index)
    const sizes = [1, 2, 3].map((number) => sliceByWeight(equal, () => 1, { number, count: 3 }).length)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    expect(sizes).toHaveLength(3)
  })

  test('of nothing are nothing', () => {
    expect(sliceByWeight([], () => 1, { number: 2, count: 3 })).toEqual([])
  })
})

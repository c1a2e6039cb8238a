// Arrays of many series in a file: what is read back is what was added, whatever the order, also beyond what is gathered at a time.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SeriesFile } from '../../../src-main/engine/breach/series-file.ts'

test('series come back byte for byte, in any order, and one that was never added as nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headroom-series-file-'))
  try {
    const file = new SeriesFile(join(folder, 'series'), 6)
    // 8 MB in one series: more than is gathered before writing.
    const long = Float64Array.from({ length: 1_000_000 }, (_, index) => index / 3)
    const added = [
      [new Float32Array([1, Number.NaN, 3]), new Uint8Array([7])],
      [long],
      [new Float64Array([0.1, 0.2]), new Float32Array([]), new Uint8Array([1, 2, 3])],
      [],
      [new Float64Array([9])],
    ]
    added.forEach((arrays, series) => file.add(series, arrays))
    const bytesOf = (arrays: (typeof added)[number]): Buffer =>
      Buffer.concat(arrays.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))
    const order = [5, 2, 1, 0, 4, 3, 2]
    const read = [...file.read(order)].length
    expect(read).toBe(order.length)
    let index = 0
    for (const bytes of file.read(order)) expect(bytesOf(added[order[index++]!] ?? []).equals(bytes)).toBe(true)
    expect(await readdir(folder)).toEqual(['series'])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the buffer grows with what is added, and no byte is lost at any size of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headroom-series-file-'))
  try {
    const series = 600
    const file = new SeriesFile(join(folder, 'series'), series)
    const before = process.memoryUsage().arrayBuffers
    file.add(0, [new Float64Array(100).fill(0.5)])
    // A buffer of its greatest size, 4 MiB, for these 800 bytes made V8 collect its garbage several times in a small analysis.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 ** 2)
    // 12 MB: the buffer is written and enlarged several times.
    for (let index = 1; index < series; index++) file.add(index, [new Float64Array(2500).fill(index)])
    const sums: number[] = []
    for (const bytes of file.read(Array.from({ length: series }, (_, index) => index)))
      sums.push(new Float64Array(bytes.slice().buffer).reduce((sum, value) => sum + value, 0))
    expect(sums).toEqual([50, ...Array.from({ length: series - 1 }, (_, index) => 2500 * (index + 1))])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('nothing added, nothing written', () => {
  const file = new SeriesFile('/nowhere/at/all', 2)
  expect([...file.read([1, 0])].map((bytes) => bytes.length)).toEqual([0, 0])
})

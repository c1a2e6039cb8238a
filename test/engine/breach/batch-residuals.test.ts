// Residuals of batches come back as they were stored, from memory or from the file.
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { BatchResiduals } from '../../../src-main/engine/breach/batch-residuals.ts'

const folder = mkdtempSync(join(tmpdir(), 'headroom-batches-'))
afterAll(() => rm(folder, { recursive: true }))

const batch = (first: number, count: number): Float32Array => Float32Array.from({ length: count }, (_, index) => first + index / 8)
const added = [batch(0, 100), batch(1000, 300), batch(2000, 200), batch(3000, 50)]

/** With memory for so many residuals. */
const storeOf = (count: number): BatchResiduals => {
  const store = new BatchResiduals({ folder, memoryBytes: count * Float32Array.BYTES_PER_ELEMENT })
  added.forEach((residuals, number) => store.add(number, residuals))
  return store
}

test('without memory for them, every batch is read from one file, in any order and several times', async () => {
  const store = storeOf(0)
  expect(await readdir(folder)).toHaveLength(1)
  for (const number of [2, 0, 1, 1, 3, 0]) expect(store.of(number)).toEqual(added[number])
})
test('batches that fit stay in memory, next to those of the file', () => {
  const store = storeOf(150)
  // 100 and 50 fit; 300 and 200 do not.
  const kept = [store.of(0), store.of(3)]
  for (const number of [1, 2, 1]) expect(store.of(number)).toEqual(added[number])
  expect([store.of(0), store.of(3)]).toEqual(kept)
  expect(store.of(0)).toBe(kept[0])
})
test('a batch that is added again is not stored twice, and what was added may change afterwards', () => {
  const store = storeOf(100)
  const first = batch(0, 100)
  store.add(0, batch(7, 100))
  expect(store.of(0)).toEqual(first)
  const given = batch(5000, 10)
  store.add(4, given)
  given.fill(0)
  expect(store.of(4)).toEqual(batch(5000, 10))
})

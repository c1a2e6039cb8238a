// Objects that stand for results are collected once the results that were read exceed a share of the database's memory.
import { constants, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { Database } from '../../src-main/database/database.ts'
import { ResultMemory } from '../../src-main/database/result-memory.ts'

type CollectionEntry = PerformanceEntry & { readonly detail: { readonly flags: number } }

/** Whether the program asks for a collection meanwhile; those that V8 makes by itself do not count. */
const collects = async (work: () => void | Promise<void>): Promise<boolean> => {
  const seen: PerformanceEntry[] = []
  const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  await work()
  // The entries come in a later turn.
  await setImmediate()
  await setImmediate()
  seen.push(...observer.takeRecords())
  observer.disconnect()
  return seen.some((entry) => ((entry as CollectionEntry).detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0)
}

const value = new Float64Array(1_000_000)
/** Reads chunks of 8 MB. */
const readChunks = (results: ResultMemory, count: number): void => {
  for (let chunk = 0; chunk < count; chunk++) results.release({ value })
}

test('a sixth of the limit is read before a collection', async () => {
  const results = new ResultMemory('600000000B')
  expect(await collects(() => readChunks(results, 12))).toBe(false)
  expect(await collects(() => readChunks(results, 1))).toBe(true)
})

test('texts and lists count, too', async () => {
  const results = new ResultMemory('192MB')
  const list = Array.from({ length: 10 }, () => new Float64Array(100_000))
  expect(await collects(() => results.release({ list, names: Array.from({ length: 1_600_000 }, () => 'web-01') }))).toBe(true)
})

test('a database with a limit collects what it has streamed', async () => {
  const database = await Database.open({ memoryLimit: '150MB' })
  const sql = 'SELECT CAST(range AS DOUBLE) AS value FROM range(5000000)'
  let rows = 0
  expect(await collects(() => database.scan(sql, { value: 'number' }, ({ value }) => (rows += value.length)))).toBe(true)
  expect(await collects(async () => void (await database.columns(sql, { value: 'number' })))).toBe(true)
  expect(rows).toBe(5_000_000)
  database.close()
})

test('rows that were read as objects count, too', async () => {
  const database = await Database.open({ memoryLimit: '150MB' })
  const readRows = async (count: number): Promise<void> =>
    void (await database.rows(`SELECT CAST(range AS DOUBLE) AS value FROM range(${count})`, z.object({ value: z.number() })))
  // 192 bytes a value; 32 MB may wait.
  expect(await collects(() => readRows(100_000))).toBe(false)
  expect(await collects(() => readRows(500_000))).toBe(true)
  database.close()
})

test('without a limit nothing is collected', async () => {
  const results = new ResultMemory(undefined)
  expect(await collects(() => readChunks(results, 20))).toBe(false)
})

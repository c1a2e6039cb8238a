// Freed memory goes back to the system while a process is near its limit, and only then; the database keeps its own limit.
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Database } from '../../src-main/database/database.ts'
import { watchMemory } from '../../src-main/database/memory-watch.ts'

/** Until a condition holds, so many milliseconds at most. */
const waitFor = async (holds: () => boolean, patience: number): Promise<void> => {
  const until = performance.now() + patience
  while (performance.now() < until && !holds()) await setTimeout(20)
}

/** Collections in a quarter of a second or until there is one, at a share of the limit. */
const collectionsAt = async (share: number, patience = 250): Promise<number> => {
  const database = await Database.open({ memoryLimit: '200000000B' })
  let [collections, looks] = [0, 0]
  const watch = await watchMemory(database, () => '200000000B', {
    limit: 1000,
    used: () => {
      looks++
      return share * 1000
    },
    collect: () => void collections++,
  })
  await waitFor(() => collections > 0, patience)
  await watch.stop()
  const looksUntilThen = looks
  await setTimeout(120)
  expect(looks).toBe(looksUntilThen)
  expect(looks).toBeGreaterThan(0)
  expect(Math.round((await database.memoryLimit()) / 1e6)).toBe(200)
  database.close()
  return collections
}

test('near the limit what nobody holds is collected', async () => {
  expect(await collectionsAt(0.9, 10_000)).toBe(1)
})

test('below 0.85 of the limit nothing is collected', async () => {
  expect(await collectionsAt(0.7, 1000)).toBe(0)
})

/** Resident bytes; undefined where the system does not report them. */
const residentBytes = (): number | undefined => {
  if (process.platform !== 'linux') return undefined
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024
}

test.runIf(process.platform === 'linux')("memory that the database freed is the system's again", async () => {
  const database = await Database.open({ memoryLimit: '900000000B' })
  // Without a watch the allocators keep what this took for eight seconds, measured.
  await database.run('CREATE TABLE numbers AS SELECT range AS a, hash(range) AS b, CAST(range AS VARCHAR) AS c FROM range(8000000)')
  const filled = residentBytes()!
  const watch = await watchMemory(database, () => '900000000B', { limit: 1, collect: () => undefined })
  await database.run('DROP TABLE numbers')
  await waitFor(() => filled - residentBytes()! > 150e6, 5000)
  const freed = filled - residentBytes()!
  await watch.stop()
  database.close()
  expect(freed).toBeGreaterThan(150e6)
})

test('where the system does not tell the size of the process, its work goes on', async () => {
  const database = await Database.open({ memoryLimit: '200000000B' })
  let [looks, collections] = [0, 0]
  const watch = await watchMemory(database, () => '200000000B', {
    limit: 1,
    used: () => {
      looks++
      throw Object.assign(new Error('EMFILE: too many open files, uv_resident_set_memory'), { code: 'EMFILE' })
    },
    collect: () => void collections++,
  })
  await waitFor(() => looks > 2, 10_000)
  await watch.stop()
  expect([looks > 2, collections]).toEqual([true, 0])
  database.close()
})

test('a limit that was changed meanwhile is the one that the database is told', async () => {
  const database = await Database.open({ memoryLimit: '200000000B' })
  let limit = '200000000B'
  const watch = await watchMemory(database, () => limit, { limit: 1000, used: () => 900, collect: () => undefined })
  limit = '150000000B'
  const until = performance.now() + 10_000
  while (performance.now() < until && (await database.memoryLimit()) > 160e6) await setTimeout(20)
  await watch.stop()
  expect(Math.round((await database.memoryLimit()) / 1e6)).toBe(150)
  database.close()
})

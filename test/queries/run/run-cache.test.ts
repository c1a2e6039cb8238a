// Values of an open run are computed once, and again after a failure.
import { expect, test } from 'vitest'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { RunCache } from '../../../src-main/queries/run/run-cache.ts'

test('a value is computed once a run and key; what failed is computed again', async () => {
  const cache = new RunCache<number>()
  const [run, other] = [{}, {}] as OpenRun[]
  let computed = 0
  const next = async (): Promise<number> => ++computed
  expect([await cache.get(run!, 'a', next), await cache.get(run!, 'a', next)]).toEqual([1, 1])
  expect([await cache.get(run!, 'b', next), await cache.get(other!, 'a', next)]).toEqual([2, 3])
  await expect(cache.get(run!, 'c', () => Promise.reject(new Error('interrupted')))).rejects.toThrow('interrupted')
  expect(await cache.get(run!, 'c', next)).toBe(4)
})

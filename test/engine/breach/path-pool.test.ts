// Threads draw the paths that this thread draws, to the last bit; needs built code.
import { resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createFleetPaths } from '../../../src-main/engine/breach/fleet-paths.ts'
import { openPathThreads, type PathPool } from '../../../src-main/engine/breach/path-pool.ts'
import { receivePathTask, sendPathTask } from '../../../src-main/engine/breach/send-path-task.ts'
import { poolOfThisThread } from '../../../src-main/engine/thread-pool.ts'
import { PathWork, type PathAnswer, type PathSetup } from '../../../src-main/engine/breach/path-work.ts'
import { shareFloats, sharedFloats } from '../../../src-main/threads/shared-arrays.ts'
import { pathFixture } from '../../fixtures/path-fixture.ts'

const built = resolve(import.meta.dirname, '..', '..', '..', 'out', 'main', 'path-worker.cjs')
const { series, rows, horizon, each, offsets, task, batch } = pathFixture
const forecasts = {
  offsets: offsets(horizon),
  predicted: each(sharedFloats(series * horizon), (index) => 55 + Math.floor(index / horizon) + (index % 7)),
  times: each(sharedFloats(series * horizon), (index) => (index % horizon) * 86_400_000),
}
const calibration = { curve: { intercept: 0, slopeLow: 1, slopeHigh: 1 }, min: 0.01, max: 0.99, isCalibrated: true }

const simulate = async (pool: PathPool): Promise<PathAnswer[]> => {
  await pool.askAll({ batch })
  const window = { range: { from: rows - horizon, to: rows - 1 }, members: batch.positions.map((s) => ({ s, age: 0, maxOutside: 90 })) }
  const sampled = await pool.askEach([{ window }])
  await pool.askAll({ horizons: { forecasts, calibrations: { sustained: calibration, any: calibration } } })
  const shares = [0, 5, 10, 15, 20].map((from) => ({ share: { from, to: from + 5 } }))
  return [...sampled, ...(await pool.askEach(shares))]
}

describe('threads', () => {
  const [here, there]: [PathSetup, PathSetup] = [
    { task, paths: createFleetPaths(series) },
    { task, paths: createFleetPaths(series) },
  ]
  const threads = openPathThreads(built, there, 2, undefined)
  afterAll(() => threads.close())

  test('two threads answer as this one does, share by share, and fill the same figures', async () => {
    const answers = await simulate(poolOfThisThread(new PathWork(here), undefined))
    expect(await simulate(threads)).toEqual(answers)
    expect(there.paths).toEqual(here.paths)
    // What is compared is not empty.
    expect(answers[0]!.raw!.sustained.some((probability) => probability > 0.01 && probability < 0.99)).toBe(true)
    expect(answers.flatMap(({ curve }) => [...(curve?.[0] ?? [])])).toHaveLength(series * 2)
    expect(here.paths.p95.median.every((value) => value > 55)).toBe(true)
  })
  test('horizons may come some series at a time', async () => {
    const paths = createFleetPaths(series)
    const pool = poolOfThisThread(new PathWork({ task, paths }), undefined)
    await pool.askAll({ batch })
    const curves: (PathAnswer['curve'] | undefined)[] = []
    for (const [from, to] of [
      [0, 10],
      [10, 25],
    ] as const) {
      const known = { from: from * horizon, to: to * horizon }
      const some = {
        offsets: forecasts.offsets.map((offset) => Math.min(Math.max(offset, known.from), known.to) - known.from),
        predicted: forecasts.predicted.slice(known.from, known.to),
        times: forecasts.times.slice(known.from, known.to),
      }
      await pool.askAll({ horizons: { forecasts: some, calibrations: { sustained: calibration, any: calibration } } })
      for (const { curve } of await pool.askEach([{ share: { from, to } }])) curves.push(curve)
    }
    expect(curves.map((curve) => curve![0].length)).toEqual([20, 30])
    // The window of the other test leaves nothing in the figures.
    expect(paths).toEqual(here.paths)
  })
  test('so does one thread alone, as with a small memory limit', async () => {
    const [one, other] = [createFleetPaths(series), createFleetPaths(series)]
    const alone = openPathThreads(built, { task, paths: one }, 1, undefined)
    try {
      expect(await simulate(alone)).toEqual(await simulate(poolOfThisThread(new PathWork({ task, paths: other }), undefined)))
      expect(one).toEqual(other)
    } finally {
      await alone.close()
    }
  })
  test('a request that fails ends the thread with an error, for all that wait', async () => {
    const broken = openPathThreads(built, there, 2, undefined)
    await expect(broken.askEach([{ share: { from: 0, to: 1 } }])).rejects.toThrow('A worker thread ended early.')
    await broken.close()
  })
})

test('a task arrives as it was sent; its figures are not copied, and each text is sent once', () => {
  const metrics = Array.from({ length: series }, (_, s) => (s % 3 === 0 ? 'mem_used' : 'cpu_p95'))
  const own = { ...task, series: { ...task.series, metrics, thresholds: shareFloats(task.series.thresholds) } }
  const sent = sendPathTask(own)
  const received = receivePathTask(structuredClone(sent))
  expect(received.series).toEqual({ ...sent.series, metrics })
  expect(sent.series.metrics.texts).toEqual(['mem_used', 'cpu_p95'])
  own.series.thresholds[4] = 77
  expect(received.series.thresholds[4]).toBe(77)
})

// Threads draw the paths that this thread draws, to the last bit; needs built code.
import { resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createFleetPaths } from '../../../src-main/engine/breach/fleet-paths.ts'
import type { PathBatch, PathTask } from '../../../src-main/engine/breach/path-batches.ts'
import { poolOfThisThread, poolOfThreads, type PathPool } from '../../../src-main/engine/breach/path-pool.ts'
import { PathWork, type PathAnswer, type PathSetup } from '../../../src-main/engine/breach/path-work.ts'
import { sharedCounts, sharedFloats, sharedIntegers, sharedSingles } from '../../../src-main/threads/shared-arrays.ts'

const built = resolve(import.meta.dirname, '..', '..', '..', 'out', 'main', 'path-worker.cjs')
const [series, rows, horizon] = [25, 60, 10]
const each = <T extends Float32Array | Float64Array | Int32Array | Uint32Array>(array: T, of: (index: number) => number): T => {
  for (let index = 0; index < array.length; index++) array[index] = of(index)
  return array
}
const offsets = (step: number): Uint32Array => each(new Uint32Array(series + 1), (s) => s * step)

const runs = {
  residuals: each(sharedSingles(series * rows), (index) => 9 * Math.sin(index * index)),
  offsets: offsets(1),
  steps: sharedIntegers(series),
  starts: each(sharedCounts(series), (s) => s * rows),
  lengths: each(sharedCounts(series), () => rows),
}
const task: PathTask = {
  series: {
    seriesIds: each(new Int32Array(series), (s) => s),
    metrics: Array.from({ length: series }, () => 'cpu_p95'),
    thresholds: new Float64Array(series).fill(80),
    veryHighThresholds: new Float64Array(series).fill(90),
    isPercent: new Uint8Array(series).fill(1),
    horizonMeans: each(new Float64Array(series), (s) => 50 + s),
  },
  corrections: {
    damping: new Float64Array(series).fill(-0.1),
    persistence: Array.from({ length: series }, () => ({ share: 0.4, decay: 0.9 })),
  },
  coverage: { first: 0, series: new Uint32Array(rows).fill(series) },
  grid: { granularity: 'daily', step: { unit: 'second', count: 86_400 } },
  config: { seed: 42, sizing_confidence: 0.9 },
}
const batch: PathBatch = {
  positions: Array.from({ length: series }, (_, s) => s),
  ids: each(new Uint32Array(series), (s) => s),
  residuals: { runs, rowOffsets: offsets(rows), predicted: each(sharedSingles(series * rows), (index) => 60 + (index % 20)) },
  measuredSums: new Float64Array(series).fill(3600),
  maxMeasured: new Float64Array(series).fill(95),
  windowRows: new Uint32Array(series).fill(horizon),
}
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
  const threads = poolOfThreads(built, there, 2, undefined)
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
  test('a request that fails ends the thread with an error, for all that wait', async () => {
    const broken = poolOfThreads(built, there, 2, undefined)
    await expect(broken.askEach([{ share: { from: 0, to: 1 } }])).rejects.toThrow('A worker thread ended early.')
    await broken.close()
  })
})

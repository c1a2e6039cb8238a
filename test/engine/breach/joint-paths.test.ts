// Paths over a backtest window know nothing of what came later.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { BacktestResiduals, SeriesResiduals } from '../../../src-main/engine/breach/backtest-residuals.ts'
import { forgetResiduals, JointPaths } from '../../../src-main/engine/breach/joint-paths.ts'
import type { SimulationTask } from '../../../src-main/engine/breach/path-batches.ts'
import { completeConfig } from '../../../src-shared/config/analysis-config.ts'

const [series, rows, windowRows] = [20, 60, 10]
const positions = Array.from({ length: series }, (_, position) => position)
const window = { from: 30, to: 39 }

/** Residuals of some series; `errorAt` by step. */
const residualsOf = (ids: Uint32Array, errorAt: (step: number) => number): SeriesResiduals => {
  const offsets = Uint32Array.from({ length: ids.length + 1 }, (_, s) => s)
  return {
    runs: {
      residuals: Float32Array.from(
        { length: ids.length * rows },
        (_, index) => errorAt(index % rows) + ((ids[Math.floor(index / rows)]! * rows + (index % rows)) % 7),
      ),
      offsets,
      steps: new Int32Array(ids.length),
      starts: Uint32Array.from(ids, (_, s) => s * rows),
      lengths: new Uint32Array(ids.length).fill(rows),
    },
    rowOffsets: offsets.map((s) => s * rows),
    predicted: new Float32Array(ids.length * rows).fill(50),
    holdOutOffsets: new Uint32Array(ids.length + 1),
    holdOutExcess: new Float64Array(0),
    holdOutBounded: new Uint8Array(0),
    holdOutThirds: new Uint8Array(0),
  }
}

/** Daily forecasts of 50 for twenty servers. */
const createTask = (errorAt: (step: number) => number, loads: number[] = [], residualCount = rows): SimulationTask => ({
  series: {
    seriesIds: Int32Array.from(positions),
    serverIds: positions.map(String),
    metrics: positions.map(() => 'cpu_p95'),
    models: positions.map(() => 'forecast'),
    thresholds: new Float64Array(series).fill(80),
    veryHighThresholds: new Float64Array(series).fill(90),
    isSilent: new Uint8Array(series),
    isPercent: new Uint8Array(series).fill(1),
    bins: new Int32Array(series),
    horizonMeans: new Float64Array(series).fill(50),
  },
  corrections: { damping: new Float64Array(series), persistence: positions.map(() => ({ share: 0.5, decay: 0.9 })) },
  coverage: { first: 0, series: new Uint32Array(rows).fill(series) },
  horizons: { read: () => [] },
  backtestResiduals: {
    residualCount: () => residualCount,
    load: (ids: Uint32Array) => {
      loads.push(ids.length)
      return residualsOf(ids, errorAt)
    },
    maxMeasured: () => 90,
    windowRows: () => windowRows,
    windowRanges: () => [{ range: window, maxOutside: 90, maxBefore: 60 }],
  } as unknown as BacktestResiduals,
  grid: { granularity: 'daily', stepSeconds: 86_400, step: { unit: 'second', count: 86_400 } } as SimulationTask['grid'],
  config: completeConfig({}, 'headroom'),
  residualsSpace: { folder: '', memoryBytes: 0 },
})

const pathsOf = (errorAt: (step: number) => number): number[] => {
  const paths: number[] = []
  JointPaths.overWindow(createTask(errorAt), window).draw(
    [{ position: 3, forecast: new Float64Array(windowRows).fill(50), maxMeasured: 60 }],
    (_, drawn) => paths.push(...drawn),
  )
  return paths
}

const calm = pathsOf(() => 0)

test('errors in the window and after it do not count', () => {
  // Their sum stays: draws are keyed by the figures of a series.
  const isAfter = (step: number): boolean => step >= window.from
  expect(pathsOf((step) => (isAfter(step) ? (step % 2 === 0 ? 30 : -30) : 0))).toEqual(calm)
})
test('errors before the window do', () => {
  expect(pathsOf((step) => (step < window.from ? 10 : 0))).not.toEqual(calm)
  expect(new Set(calm).size).toBeGreaterThan(5)
})

test('a fleet of several batches draws the same paths from memory and from the file, and reads the residuals of each once for a plan', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headroom-paths-'))
  const pathsWithin = (memoryBytes: number, loads: number[]): number[][] => {
    // As many as fill a batch, so that each bin is one.
    const task = createTask((step) => step % 5, loads, 1_000_000)
    const bins = Int32Array.from(positions, (position) => position % 2)
    const joint = JointPaths.overHorizon({
      ...task,
      series: { ...task.series, bins },
      residualsSpace: { folder, memoryBytes },
    })
    const drawn: number[][] = []
    for (const some of [positions.slice(0, 7), positions.slice(7), positions]) {
      const forecasts = some.map((position) => ({ position, forecast: new Float64Array(windowRows).fill(50), maxMeasured: 60 }))
      joint.draw(forecasts, (index, paths) => (drawn[drawn.length] = [some[index]!, ...paths]))
    }
    return drawn
  }
  try {
    const [loads, loadsOfFile]: [number[], number[]] = [[], []]
    const paths = pathsWithin(1e6, loads)
    expect(paths).toHaveLength(2 * series)
    expect(new Set(paths.map(String)).size).toBe(series)
    expect(pathsWithin(0, loadsOfFile)).toEqual(paths)
    expect([loads, loadsOfFile]).toEqual([
      [series / 2, series / 2],
      [series / 2, series / 2],
    ])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('residuals that were forgotten are read again, and who drew from them before goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headroom-paths-'))
  const whole = createTask((step) => step % 5, [], 1_000_000)
  const bins = Int32Array.from(positions, (position) => position % 2)
  const task = { ...whole, series: { ...whole.series, bins }, residualsSpace: { folder, memoryBytes: 0 } }
  const draw = (joint: JointPaths): number[][] => {
    const drawn: number[][] = []
    const forecasts = positions.map((position) => ({ position, forecast: new Float64Array(windowRows).fill(50), maxMeasured: 60 }))
    joint.draw(forecasts, (index, paths) => (drawn[index] = [...paths]))
    return drawn
  }
  try {
    const before = JointPaths.overHorizon(task)
    const paths = draw(before)
    const filesBefore = await readdir(folder)
    forgetResiduals(task)
    expect(draw(JointPaths.overHorizon(task))).toEqual(paths)
    expect(draw(before)).toEqual(paths)
    expect([filesBefore.length, (await readdir(folder)).length]).toEqual([1, 2])
  } finally {
    await rm(folder, { recursive: true })
  }
})

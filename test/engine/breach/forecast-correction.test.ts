// What backtest windows tell of a forecast's own movement and of its latest error, worked out by hand.
import { expect, test } from 'vitest'
import type { SeriesResiduals, WindowOutcome } from '../../../src-main/engine/breach/backtest-residuals.ts'
import { fitCorrections, type Corrections } from '../../../src-main/engine/breach/forecast-correction.ts'

/** `count` equal series of metric cpu_p95 and model `forecast`, all their rows in windows of two. */
const fit = (count: number, predicted: readonly number[], residuals: readonly number[]): Corrections => {
  const ids = Array.from({ length: count }, (_, id) => id)
  const rows = predicted.length
  const figures = { p95: 0, maximum: 0 }
  const outcome: WindowOutcome = { range: { from: 0, to: 1 }, measured: figures, predicted: figures, maxOutside: 0, maxBefore: 0 }
  const load = (): SeriesResiduals => ({
    runs: {
      residuals: Float32Array.from(ids.flatMap(() => residuals)),
      offsets: Uint32Array.from([...ids, count]),
      steps: new Int32Array(count),
      starts: Uint32Array.from(ids, (id) => id * rows),
      lengths: new Uint32Array(count).fill(rows),
    },
    rowOffsets: Uint32Array.from([...ids, count], (id) => id * rows),
    predicted: Float32Array.from(ids.flatMap(() => predicted)),
    holdOutOffsets: new Uint32Array(count + 1),
    holdOutExcess: new Float64Array(0),
    holdOutBounded: new Uint8Array(0),
    holdOutThirds: new Uint8Array(0),
  })
  return fitCorrections(
    {
      seriesIds: Int32Array.from(ids),
      metrics: ids.map(() => 'cpu_p95'),
      models: ids.map(() => 'forecast'),
      thresholds: new Float64Array(count).fill(80),
    },
    { load, windows: () => Array.from({ length: rows / 2 }, () => outcome), windowRows: () => 2 },
    2,
  )
}

test('half of the forecast’s movement comes about: the slope is -0.5, and leans on none with few windows', () => {
  // Measured 51, 49, 51, 49: mean 50, errors -0.5 times the forecast's distance from it.
  const damping = (count: number): number => fit(count, [52, 48, 52, 48], [-1, 1, -1, 1]).damping[0]!
  // 200 windows: -0.5 x 200 / 230 of the metric; (-0.5 x 200 + that x 100) / 300 of the model.
  expect(damping(100)).toBeCloseTo((-100 - (100 * 100) / 230) / 300, 6)
  // Two windows.
  expect(damping(1)).toBeCloseTo((-1 - (100 * 1) / 32) / 102, 6)
})

test('a forecast that moves too little is not stretched', () => {
  expect(fit(100, [51, 49, 51, 49], [1, -1, 1, -1]).damping[0]).toBe(0)
})

test('a third of the latest error remains, at every step', () => {
  // Levels 3, 3 and -3 before windows of 3, -3 and -3: (9 - 9 + 9) / 27, times 300 / 400 windows.
  const { damping, persistence } = fit(100, Array<number>(8).fill(50), [3, 3, 3, 3, -3, -3, -3, -3])
  expect(damping[0]).toBe(0)
  expect(persistence[0]!.share).toBeCloseTo(0.25, 6)
  expect(persistence[0]!.decay).toBe(1)
})

test('what is next to nothing, or fitted on few windows, is left out', () => {
  expect(fit(5, Array<number>(8).fill(50), [3, 3, 3, 3, -3, -3, -3, -3]).persistence[0]).toBeUndefined()
})

// Paths over a backtest window know nothing of what came later.
import { expect, test } from 'vitest'
import type { BacktestResiduals, SeriesResiduals } from '../../../src-main/engine/breach/backtest-residuals.ts'
import { JointPaths } from '../../../src-main/engine/breach/joint-paths.ts'
import type { SimulationTask } from '../../../src-main/engine/breach/path-batches.ts'
import { completeConfig } from '../../../src-shared/config/analysis-config.ts'

const [series, rows, windowRows] = [20, 60, 10]
const positions = Array.from({ length: series }, (_, position) => position)
const window = { from: 30, to: 39 }

/** Daily forecasts of 50 for twenty servers; `errorAt` by step. */
const pathsOf = (errorAt: (step: number) => number): number[] => {
  const residuals = (): SeriesResiduals => ({
    runs: {
      residuals: Float32Array.from({ length: series * rows }, (_, index) => errorAt(index % rows) + (index % 7)),
      offsets: Uint32Array.from([...positions, series]),
      steps: new Int32Array(series),
      starts: Uint32Array.from(positions, (s) => s * rows),
      lengths: new Uint32Array(series).fill(rows),
    },
    rowOffsets: Uint32Array.from([...positions, series], (s) => s * rows),
    predicted: new Float32Array(series * rows).fill(50),
    holdOutOffsets: new Uint32Array(series + 1),
    holdOutExcess: new Float64Array(0),
    holdOutBounded: new Uint8Array(0),
    holdOutThirds: new Uint8Array(0),
  })
  const task: SimulationTask = {
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
    backtestResiduals: {
      residualCount: () => rows,
      load: residuals,
      maxMeasured: () => 90,
      windowRows: () => windowRows,
      windowRanges: () => [{ range: window, maxOutside: 90, maxBefore: 60 }],
    } as unknown as BacktestResiduals,
    grid: { granularity: 'daily', stepSeconds: 86_400, step: { unit: 'second', count: 86_400 } } as SimulationTask['grid'],
    config: completeConfig({}, 'headroom'),
  }
  const paths: number[] = []
  JointPaths.overWindow(task, window).draw(
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

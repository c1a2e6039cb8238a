// Which span of time the heatmap begins with: history next to the forecast, unless a wide gap lies between the two.
import { beforeEach, describe, expect, it } from 'vitest'
import { resetHeatmap, visibleTimeRange, useHeatmapState } from '../../src-renderer/state/heatmap-state.ts'
import { hasWideGap, type RunOverview } from '../../src-shared/ipc/run-view.ts'

const hour = 3_600_000

/** 24 hours of forecast from hour 1000, measured from hour 0 up to and including the one given. */
const runMeasuredUpTo = (lastHour: number | null): RunOverview =>
  ({
    stepMs: hour,
    extent: { startMs: 0, endMs: 1024 * hour },
    horizon: { startMs: 1000 * hour, endMs: 1024 * hour, periods: 24 },
    lastMeasuredMs: lastHour === null ? null : lastHour * hour,
  }) as unknown as RunOverview

const spanOf = (run: RunOverview): [number, number] => {
  resetHeatmap(run)
  const { fromMs, toMs } = visibleTimeRange(run, useHeatmapState.getState())
  return [fromMs / hour, toMs / hour]
}

describe('the span that the heatmap begins with', () => {
  beforeEach(() => useHeatmapState.setState({ span: 'all' }))

  it('is as much history as there is forecast: hours 976 to 1024', () => {
    expect(spanOf(runMeasuredUpTo(999))).toEqual([976, 1024])
  })
  it('reaches back over a short gap: measured up to hour 989, so from 990 - 24 = 966', () => {
    expect(spanOf(runMeasuredUpTo(989))).toEqual([966, 1024])
  })
  it('is the forecast alone behind a gap longer than it', () => {
    expect(hasWideGap(runMeasuredUpTo(975))).toBe(false)
    expect(hasWideGap(runMeasuredUpTo(974))).toBe(true)
    expect(spanOf(runMeasuredUpTo(800))).toEqual([1000, 1024])
  })
  it('knows no gap where nothing was measured', () => {
    expect(spanOf(runMeasuredUpTo(null))).toEqual([976, 1024])
  })
})

// How the heatmap stands: order, reduction and zoom, kept while other views are up, reset with every run.
import { create } from 'zustand'
import { hasWideGap, type HeatmapReduction, type HeatmapSort, type RunOverview } from '../../src-shared/run-view.ts'

export interface TimeRange {
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
}

export interface RowRange {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** Spans that have a name; `custom` is any other, reached by zooming. */
export type TimeSpan = 'forecast' | 'recent' | 'all' | 'custom'

export interface HeatmapState {
  readonly sort: HeatmapSort
  readonly reduction: HeatmapReduction
  readonly span: TimeSpan
  /** Counts for `custom` only. */
  readonly time: TimeRange | null
  /** null: the whole fleet. */
  readonly rows: RowRange | null
}

const start: HeatmapState = { sort: 'risk', reduction: 'max', span: 'recent', time: null, rows: null }

export const useHeatmapState = create<HeatmapState>(() => start)

/** Where a wide gap lies before the forecast, the forecast alone is what is worth the room. */
export const resetHeatmap = (run: RunOverview): void =>
  useHeatmapState.setState({ ...start, span: hasWideGap(run) ? 'forecast' : 'recent' })

/** The horizon and as much history before it is what answers "who, when?" at first sight. */
export const timeRangeOf = ({ extent, horizon, lastMeasuredMs, stepMs }: RunOverview, { span, time }: HeatmapState): TimeRange => {
  const whole = { fromMs: extent.startMs, toMs: extent.endMs }
  if (span === 'custom') return time ?? whole
  if (horizon === null || span === 'all') return whole
  if (span === 'forecast') return { fromMs: horizon.startMs, toMs: extent.endMs }
  const measuredUntil = Math.min(horizon.startMs, lastMeasuredMs === null ? horizon.startMs : lastMeasuredMs + stepMs)
  return { fromMs: Math.max(extent.startMs, measuredUntil - (horizon.endMs - horizon.startMs)), toMs: extent.endMs }
}

const fewestPeriods = 4
const fewestRows = 3

/** Keeps a zoomed span inside the run and at least four periods long. */
export const clampTime = ({ extent, stepMs }: RunOverview, wanted: TimeRange): TimeRange => {
  const whole = extent.endMs - extent.startMs
  const length = Math.min(whole, Math.max(wanted.toMs - wanted.fromMs, Math.min(whole, fewestPeriods * stepMs)))
  const middle = (wanted.fromMs + wanted.toMs) / 2
  const fromMs = Math.min(extent.endMs - length, Math.max(extent.startMs, middle - length / 2))
  return { fromMs, toMs: fromMs + length }
}

/** Whole servers, at least three of them; null for all. */
export const clampRows = (total: number, wanted: RowRange): RowRange | null => {
  const from = Math.max(0, Math.round(wanted.from))
  const to = Math.min(total, Math.round(wanted.to))
  const missing = Math.max(0, Math.min(total, fewestRows) - (to - from))
  const range = { from: Math.max(0, from - Math.ceil(missing / 2)), to: Math.min(total, to + Math.ceil(missing / 2)) }
  return range.from === 0 && range.to === total ? null : range
}

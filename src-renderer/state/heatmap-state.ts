// How the heatmap stands: order, reduction and zoom, kept while other views are up, reset with every run.
import { create } from 'zustand'
import { hasWideGap, type HeatmapReduction, type HeatmapSort, type RunOverview } from '../../src-shared/ipc/run-view.ts'

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

const initialState: HeatmapState = { sort: 'risk', reduction: 'max', span: 'recent', time: null, rows: null }

export const useHeatmapState = create<HeatmapState>(() => initialState)

/** Where a wide gap lies before the forecast, the forecast alone is what is worth the room. */
export const resetHeatmap = (run: RunOverview): void =>
  useHeatmapState.setState({ ...initialState, span: hasWideGap(run) ? 'forecast' : 'recent' })

/** The horizon and as much history before it is what answers "who, when?" at first sight. */
export const visibleTimeRange = ({ extent, horizon, lastMeasuredMs, stepMs }: RunOverview, { span, time }: HeatmapState): TimeRange => {
  const fullExtent = { fromMs: extent.startMs, toMs: extent.endMs }
  if (span === 'custom') return time ?? fullExtent
  if (horizon === null || span === 'all') return fullExtent
  if (span === 'forecast') return { fromMs: horizon.startMs, toMs: extent.endMs }
  const measuredEndMs = Math.min(horizon.startMs, lastMeasuredMs === null ? horizon.startMs : lastMeasuredMs + stepMs)
  return { fromMs: Math.max(extent.startMs, measuredEndMs - (horizon.endMs - horizon.startMs)), toMs: extent.endMs }
}

const minPeriods = 4
const minRows = 3

/** Keeps a zoomed span inside the run and at least four periods long. */
export const clampTime = ({ extent, stepMs }: RunOverview, requested: TimeRange): TimeRange => {
  const fullExtent = extent.endMs - extent.startMs
  const length = Math.min(fullExtent, Math.max(requested.toMs - requested.fromMs, Math.min(fullExtent, minPeriods * stepMs)))
  const center = (requested.fromMs + requested.toMs) / 2
  const fromMs = Math.min(extent.endMs - length, Math.max(extent.startMs, center - length / 2))
  return { fromMs, toMs: fromMs + length }
}

/** Whole servers, at least three of them; null for all. */
export const clampRows = (total: number, requested: RowRange): RowRange | null => {
  const from = Math.max(0, Math.round(requested.from))
  const to = Math.min(total, Math.round(requested.to))
  const missingRows = Math.max(0, Math.min(total, minRows) - (to - from))
  const range = { from: Math.max(0, from - Math.ceil(missingRows / 2)), to: Math.min(total, to + Math.ceil(missingRows / 2)) }
  return range.from === 0 && range.to === total ? null : range
}

// State of the heatmap: sort order, aggregation and zoom; preserved between views, reset with every run.
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

/** Named time ranges; zooming sets `custom`. */
export type TimeSpan = 'forecast' | 'recent' | 'all' | 'custom'

export interface HeatmapState {
  readonly sort: HeatmapSort
  readonly reduction: HeatmapReduction
  readonly span: TimeSpan
  /** Used with `custom` only. */
  readonly time: TimeRange | null
  /** null: the whole fleet. */
  readonly rows: RowRange | null
}

const initialState: HeatmapState = { sort: 'risk', reduction: 'max', span: 'recent', time: null, rows: null }

export const useHeatmapState = create<HeatmapState>(() => initialState)

/** After a wide gap in the data only the forecast is shown. */
export const defaultTimeSpan = (run: RunOverview): 'forecast' | 'recent' => (hasWideGap(run) ? 'forecast' : 'recent')

export const resetHeatmap = (run: RunOverview): void => useHeatmapState.setState({ ...initialState, span: defaultTimeSpan(run) })

/** `recent`: the horizon and an equal length of history before it. */
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

/** Keeps a zoomed range inside the run and at least four periods long. */
export const clampTime = ({ extent, stepMs }: RunOverview, requested: TimeRange): TimeRange => {
  const fullExtent = extent.endMs - extent.startMs
  const length = Math.min(fullExtent, Math.max(requested.toMs - requested.fromMs, Math.min(fullExtent, minPeriods * stepMs)))
  const center = (requested.fromMs + requested.toMs) / 2
  const fromMs = Math.min(extent.endMs - length, Math.max(extent.startMs, center - length / 2))
  return { fromMs, toMs: fromMs + length }
}

/** Whole servers, at least three; null for all. */
export const clampRows = (total: number, requested: RowRange): RowRange | null => {
  const from = Math.max(0, Math.round(requested.from))
  const to = Math.min(total, Math.round(requested.to))
  const missingRows = Math.max(0, Math.min(total, minRows) - (to - from))
  const range = { from: Math.max(0, from - Math.ceil(missingRows / 2)), to: Math.min(total, to + Math.ceil(missingRows / 2)) }
  return range.from === 0 && range.to === total ? null : range
}

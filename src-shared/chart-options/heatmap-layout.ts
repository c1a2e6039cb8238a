// Where the parts of a heatmap lie, in pixels of the chart: words, strip of marks, cells, time axis, legend.
import type { HeatmapData } from './chart-data.ts'
import { printable } from './format.ts'
import { fitText } from './text-width.ts'
import type { ChartTheme } from './theme.ts'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const fontSizes = { title: 20, subtitle: 13, label: 12, small: 11 } as const

/** Heights of everything that is not cells. */
const header = 74
const horizonLane = 18
const markLane = 16
const markBar = 9
const axisHeight = 30
const legendHeight = 62
export const margin = 20
const signColumn = 26

const labelSize = (rowHeight: number): number => (rowHeight >= 15 ? fontSizes.label : fontSizes.small)

export interface HeatmapLayout {
  /** The cells. */
  readonly plot: Rectangle
  /** Left edge of the legend and its top. */
  readonly legend: { readonly x: number; readonly y: number; readonly width: number }
  /** Label per row, cut to the width there is. */
  readonly labels: readonly string[]
  readonly labelSize: number
  /** Tops of the lanes above the cells. */
  readonly lanes: {
    readonly horizon: number
    readonly eoq: number
    readonly holiday: number
    readonly bar: number
  }
}

const laneHeights = (data: HeatmapData): { eoq: number; holiday: number; bar: number } => {
  const has = (kind: string): boolean => data.marks.some((mark) => mark.kind === kind)
  return {
    eoq: has('eoq') ? markLane : 0,
    holiday: has('holiday') ? markLane : 0,
    bar: data.marks.length > 0 ? markBar : 4,
  }
}

/** Height of the chart at which the cells are `plotHeight` high. */
export const heatmapHeight = (data: HeatmapData, plotHeight: number): number => {
  const lanes = laneHeights(data)
  return header + horizonLane + lanes.eoq + lanes.holiday + lanes.bar + plotHeight + axisHeight + legendHeight
}

export const layOutHeatmap = (
  data: HeatmapData,
  theme: ChartTheme,
  width: number,
  height: number,
): HeatmapLayout => {
  const heights = laneHeights(data)
  const horizon = header
  const eoq = horizon + horizonLane
  const holiday = eoq + heights.eoq
  const bar = holiday + heights.holiday
  const top = bar + heights.bar
  const plotHeight = Math.max(1, height - top - axisHeight - legendHeight)
  const size = labelSize(plotHeight / Math.max(1, data.rows.length))
  const measure = (text: string): number => theme.font.measure(text, size)
  const most = Math.min(240, width * 0.25)
  const labels = data.rows.map((row) => fitText(printable(row.label), most, measure))
  const widest = labels.reduce((wide, label) => Math.max(wide, measure(label)), 0)
  const left = Math.ceil(margin + widest + 10)
  return {
    plot: {
      x: left,
      y: top,
      width: Math.max(1, width - left - signColumn - margin),
      height: plotHeight,
    },
    legend: { x: margin, y: height - legendHeight + 14, width: width - 2 * margin },
    labels,
    labelSize: size,
    lanes: { horizon, eoq, holiday, bar },
  }
}

/** Whole pixels per cell at which the painted matrix is at least as fine as the plot on a screen of that density. */
export const cellScale = (
  data: HeatmapData,
  plot: Rectangle,
  pixelRatio: number,
): { readonly x: number; readonly y: number } => ({
  x: Math.max(1, Math.ceil((plot.width * pixelRatio) / Math.max(1, data.columns))),
  y: Math.max(1, Math.ceil((plot.height * pixelRatio) / Math.max(1, data.rows.length))),
})

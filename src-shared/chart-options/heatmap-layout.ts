// Positions of the parts of a heatmap in pixels: title, marks, cells, time axis and legend.
import type { HeatmapData, TimeMark } from './chart-data.ts'
import { type ChartFormatting, toPrintable } from './format.ts'
import { type HeatmapLegend, createLegendLayout } from './heatmap-legend.ts'
import { fitText } from './text-width.ts'
import type { ChartTheme } from './theme.ts'
import { fontSizes, margin, titleHeight } from './title.ts'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Heights of all parts except the cells. */
const horizonLane = 18
const markLane = 16
const eoqBar = 6
const holidayTick = 8
const axisHeight = 44
const legendGap = 14
const iconColumnWidth = 26

/** The properties of a heatmap that affect its layout. */
export interface HeatmapFrame {
  readonly theme: ChartTheme
  readonly formatting: ChartFormatting
  readonly width: number
}

export interface HeatmapLayout {
  /** The cells. */
  readonly plot: Rectangle
  readonly legend: HeatmapLegend & { readonly x: number; readonly y: number }
  /** Label per row, cut to the available width. */
  readonly labels: readonly string[]
  readonly labelSize: number
  /** Tops of the label lanes above the cells, and lower ends of the marks. */
  readonly lanes: {
    readonly horizon: number
    readonly eoq: number
    readonly holiday: number
    readonly eoqBar: number
    readonly holidayTick: number
  }
}

const createLanes = (data: HeatmapData): HeatmapLayout['lanes'] & { readonly bottom: number } => {
  const has = (kind: TimeMark['kind']): boolean => data.marks.some((mark) => mark.kind === kind)
  const eoq = titleHeight + horizonLane
  const holiday = eoq + (has('eoq') ? markLane : 0)
  const ticks = holiday + (has('holiday') ? markLane + holidayTick : 0)
  const bars = ticks + (has('eoq') ? eoqBar : 0)
  return { horizon: titleHeight, eoq, holiday, holidayTick: ticks, eoqBar: bars, bottom: bars + 2 }
}

const createLegend = (data: HeatmapData, { theme, formatting, width }: HeatmapFrame): HeatmapLegend =>
  createLegendLayout(data, theme, formatting, width - 2 * margin)

/** Height of the chart at which the cells are `plotHeight` high. */
export const measureHeatmapHeight = (data: HeatmapData, frame: HeatmapFrame, plotHeight: number): number =>
  Math.ceil(createLanes(data).bottom + plotHeight + axisHeight + 2 * legendGap + createLegend(data, frame).height)

export const createHeatmapLayout = (data: HeatmapData, frame: HeatmapFrame & { readonly height: number }): HeatmapLayout => {
  const { theme, width, height } = frame
  const { bottom: top, ...lanes } = createLanes(data)
  const legend = createLegend(data, frame)
  const legendTop = height - legendGap - legend.height
  const plotHeight = Math.max(1, legendTop - legendGap - axisHeight - top)
  const labelSize = plotHeight / Math.max(1, data.rows.length) >= 15 ? fontSizes.label : fontSizes.small
  const measure = (text: string): number => theme.font.measure(text, labelSize)
  const maxLabelWidth = Math.min(240, width * 0.25)
  const labels = data.rows.map((row) => fitText(toPrintable(row.label), maxLabelWidth, measure))
  const widest = labels.reduce((max, label) => Math.max(max, measure(label)), 0)
  const left = Math.ceil(margin + widest + 10)
  return {
    plot: { x: left, y: top, width: Math.max(1, width - left - iconColumnWidth - margin), height: plotHeight },
    legend: { ...legend, x: margin, y: legendTop },
    labels,
    labelSize,
    lanes,
  }
}

/** Whole pixels per cell, so that the image has at least the resolution of the plot at this pixel ratio. */
export const cellScale = (data: HeatmapData, plot: Rectangle, pixelRatio: number): { readonly x: number; readonly y: number } => ({
  x: Math.max(1, Math.ceil((plot.width * pixelRatio) / Math.max(1, data.columns))),
  y: Math.max(1, Math.ceil((plot.height * pixelRatio) / Math.max(1, data.rows.length))),
})

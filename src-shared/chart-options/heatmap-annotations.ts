// Annotations around the cells of a heatmap at every zoom: forecast start, quarter ends, holidays, dates and risk per row.
import { zoneClock } from '../run/zone-clock.ts'
import type { HeatmapData } from './chart-data.ts'
import { drawLine, drawRect, drawRiskIcon, drawText, type Element } from './drawing.ts'
import type { ChartFormatting } from './format.ts'
import { columnStartMs } from './heatmap-columns.ts'
import type { HeatmapLayout } from './heatmap-layout.ts'
import { drawHolidayTick } from './heatmap-legend.ts'
import { positionMarks, type Span } from './heatmap-marks.ts'
import type { ChartTheme } from './theme.ts'
import { timeLabels } from './time-ticks.ts'
import { fontSizes } from './title.ts'

/** The current zoom in pixels of the chart. */
export interface HeatmapScales {
  readonly xOf: (timeMs: number) => number
  readonly topOf: (row: number) => number
  /** Height of a row. */
  readonly band: number
}

const spanOf = ({ plot }: HeatmapLayout): Span => ({ from: plot.x, to: plot.x + plot.width })

/** "measured | forecast" with a line; each label is shown while its time range is visible. */
export const drawHorizon = (data: HeatmapData, theme: ChartTheme, layout: HeatmapLayout, { xOf }: HeatmapScales): Element[] => {
  const { plot, lanes } = layout
  const { from, to } = spanOf(layout)
  const widthOf = (word: string): number => theme.font.measure(word, fontSizes.small, true) + 16
  const x = xOf(data.horizonStartMs)
  const split = Math.min(to, Math.max(from, x))
  const middle = lanes.horizon + 9
  const elements: Element[] = []
  if (split - from > widthOf('measured')) {
    elements.push(drawText(theme, 'measured', split - 8, middle, { color: theme.muted, size: fontSizes.small, align: 'right' }))
  }
  if (to - split > widthOf('forecast')) {
    elements.push(drawText(theme, 'forecast', split + 8, middle, { color: theme.text, size: fontSizes.small, bold: true }))
  }
  if (x > from && x < to) {
    const bottom = plot.y + plot.height
    elements.push(drawLine(x, plot.y, x, bottom, theme.background, 4), drawLine(x, lanes.horizon + 2, x, bottom, theme.text, 1.5))
  }
  return elements
}

/** Quarter ends as bars and holidays as triangles, labelled where the label fits. */
export const drawMarks = (data: HeatmapData, theme: ChartTheme, layout: HeatmapLayout, { xOf }: HeatmapScales): Element[] => {
  const { lanes } = layout
  const horizonX = xOf(data.horizonStartMs)
  const widthOf = (label: string): number => theme.font.measure(label, fontSizes.small)
  return (['eoq', 'holiday'] as const).flatMap((kind) => {
    const marks = data.marks.filter((mark) => mark.kind === kind)
    return positionMarks(marks, spanOf(layout), xOf, widthOf, [{ from: horizonX, to: horizonX }]).flatMap(
      ({ label, fromX, toX, labelX }) => {
        const icon =
          kind === 'eoq'
            ? drawRect(fromX, lanes.eoqBar - 4, toX - fromX, 4, { fill: theme.accent })
            : drawHolidayTick(theme, (fromX + toX) / 2, lanes.holidayTick)
        if (labelX === null) return [icon]
        const textStyle = { color: theme.muted, size: fontSizes.small }
        return [icon, drawText(theme, label, labelX, lanes[kind] + 8, textStyle)]
      },
    )
  })
}

/** Dates below the cells for the visible part of the time. */
export const drawDates = (
  data: HeatmapData,
  theme: ChartTheme,
  formatting: ChartFormatting,
  { plot }: HeatmapLayout,
  { xOf }: HeatmapScales,
): Element[] => {
  const start = xOf(data.startMs)
  const pixelColumns = data.columns / (xOf(columnStartMs(data, data.columns)) - start)
  const fromColumn = (plot.x - start) * pixelColumns
  const axis = {
    fromMs: columnStartMs(data, fromColumn),
    toMs: columnStartMs(data, fromColumn + plot.width * pixelColumns),
    minStepMs: data.stepMs,
    x: plot.x,
    width: plot.width,
    clock: zoneClock(data.columnZone),
  }
  const bottom = plot.y + plot.height
  return timeLabels(axis, formatting, fontSizes.label, theme.font.measure).flatMap(({ x, label, context }) => [
    drawLine(x, bottom, x, bottom + 4, theme.muted),
    drawText(theme, label, x, bottom + 14, { color: theme.muted, size: fontSizes.label, align: 'center' }),
    drawText(theme, context, x, bottom + 30, { color: theme.text, size: fontSizes.label, align: 'center' }),
  ])
}

/** In rows too low for an icon the width of a bar shows the risk level: high 14, medium 8 pixels. */
const minIconHeight = 8

const drawRiskOfRow = (data: HeatmapData, theme: ChartTheme, row: number, x: number, y: number, band: number): Element[] => {
  const level = data.rows[row]?.riskLevel ?? null
  if (level === null) return []
  if (band >= minIconHeight) return [drawRiskIcon(theme.risk[level], x + 8, y, Math.min(6, band * 0.4))]
  if (level === 'low') return []
  return [drawRect(x, y - band / 2, level === 'high' ? 14 : 8, band, { fill: theme.risk[level].color })]
}

/** The risk icon at the right end of each visible row, and a frame around the selected row. */
export const drawRows = (
  data: HeatmapData,
  theme: ChartTheme,
  { plot }: HeatmapLayout,
  { topOf, band }: HeatmapScales,
  selected: string | undefined,
): Element[] =>
  data.rows.flatMap((row, index) => {
    const top = topOf(index)
    const middle = top + band / 2
    if (middle < plot.y || middle > plot.y + plot.height) return []
    const elements = drawRiskOfRow(data, theme, index, plot.x + plot.width + 6, middle, band)
    if (row.serverId === selected) {
      elements.push(
        drawRect(plot.x - 2, top - 2, plot.width + 4, band + 4, {
          fill: 'none',
          stroke: theme.background,
          lineWidth: 4,
        }),
        drawRect(plot.x - 1, top - 1, plot.width + 2, band + 2, { fill: 'none', stroke: theme.text, lineWidth: 2 }),
      )
    }
    return elements
  })

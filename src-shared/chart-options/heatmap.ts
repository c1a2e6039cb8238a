// Servers x time as an ECharts option: the cells are one image, everything else is drawn around it.
import type { CustomSeriesOption, CustomSeriesRenderItemAPI, EChartsOption } from 'echarts'
import type { HeatmapData } from './chart-data.ts'
import { drawGroup, drawLine, drawRect, drawRiskSign, drawText, type Element } from './drawing.ts'
import { type ChartFormatting, formatTick } from './format.ts'
import { drawHeatmapLegend, drawHolidayTick } from './heatmap-legend.ts'
import { fontSizes, type HeatmapLayout, layOutHeatmap, margin, type Rectangle } from './heatmap-layout.ts'
import { placeMarks, type Span } from './heatmap-marks.ts'
import { heatmapSubtitle, heatmapTitle } from './heatmap-title.ts'
import { fitText } from './text-width.ts'
import type { ChartTheme } from './theme.ts'

export interface HeatmapView {
  readonly theme: ChartTheme
  /** The painted matrix: a canvas in the window, a data URL in a file. */
  readonly image: unknown
  readonly width: number
  readonly height: number
  readonly formatting: ChartFormatting
  /** Zoom, crosshair and tooltip; off in files. */
  readonly interactive?: boolean
  /** Server id whose row is framed. */
  readonly selected?: string | undefined
}

/** Pixels of a time and of the top of a row under the present zoom. */
const scales = (api: CustomSeriesRenderItemAPI, data: HeatmapData) => {
  const xOf = (timeMs: number): number => api.coord([timeMs, 0])[0] ?? 0
  const first = api.coord([data.startMs, 0])[1] ?? 0
  const size = api.size?.([0, 1])
  const band = Math.abs(Array.isArray(size) ? (size[1] ?? 1) : 1)
  return { xOf, band, topOf: (row: number): number => first - band / 2 + row * band }
}

const cellsSeries = (data: HeatmapData, view: HeatmapView): CustomSeriesOption => ({
  type: 'custom',
  id: 'cells',
  clip: true,
  silent: true,
  data: [[data.startMs, 0]],
  renderItem: (_, api) => {
    const { xOf, band, topOf } = scales(api, data)
    const x = xOf(data.startMs)
    const box: Rectangle = {
      x,
      y: topOf(0),
      width: xOf(data.startMs + data.columns * data.stepMs) - x,
      height: band * data.rows.length,
    }
    const children = [drawRect(box.x, box.y, box.width, box.height, { fill: view.theme.noData })]
    if (view.image !== null && view.image !== undefined) {
      children.push({
        type: 'image',
        silent: true,
        style: { image: view.image as string, ...box },
      })
    }
    return drawGroup(children)
  },
})

/** "measured | forecast", quarter ends and holidays above the cells; returns nothing outside the visible span. */
const drawTimes = (
  data: HeatmapData,
  theme: ChartTheme,
  layout: HeatmapLayout,
  xOf: (timeMs: number) => number,
): Element[] => {
  const { plot, lanes } = layout
  const visible: Span = { from: plot.x, to: plot.x + plot.width }
  const widthOf = (label: string): number => theme.font.measure(label, fontSizes.small)
  const horizonX = xOf(data.horizonStartMs)
  const elements: Element[] = []
  const look = { color: theme.muted, size: fontSizes.small }
  const middle = lanes.horizon + 9
  const split = Math.min(visible.to, Math.max(visible.from, horizonX))
  if (split - visible.from > widthOf('measured') + 8) {
    elements.push(drawText(theme, 'measured', split - 8, middle, { ...look, align: 'right' }))
  }
  if (visible.to - split > widthOf('forecast') + 8) {
    elements.push(drawText(theme, 'forecast', split + 8, middle, { ...look, color: theme.text, bold: true }))
  }
  const isVisible = horizonX > visible.from && horizonX < visible.to
  const taken = isVisible ? [{ from: horizonX - 1, to: horizonX + 1 }] : []
  for (const kind of ['eoq', 'holiday'] as const) {
    const marks = data.marks.filter((mark) => mark.kind === kind)
    for (const { mark, fromX, toX, labelX } of placeMarks(marks, visible, xOf, widthOf, taken)) {
      if (labelX !== null) elements.push(drawText(theme, mark.label, labelX, lanes[kind] + 8, look))
      elements.push(
        kind === 'eoq'
          ? drawRect(fromX, plot.y - 6, toX - fromX, 4, { fill: theme.accent })
          : drawHolidayTick(theme, (fromX + toX) / 2, plot.y - 1),
      )
    }
  }
  if (isVisible) {
    elements.push(
      drawLine(horizonX, plot.y, horizonX, plot.y + plot.height, theme.background, 4),
      drawLine(horizonX, lanes.horizon + 2, horizonX, plot.y + plot.height, theme.text, 1.5),
    )
  }
  return elements
}

/** Sign per row at the right edge, and the frame of the selected row. */
const drawRows = (
  data: HeatmapData,
  view: HeatmapView,
  { plot }: HeatmapLayout,
  topOf: (row: number) => number,
  band: number,
): Element[] =>
  data.rows.flatMap((row, index) => {
    const top = topOf(index)
    const middle = top + band / 2
    if (middle < plot.y || middle > plot.y + plot.height) return []
    const elements: Element[] = []
    if (row.riskLevel !== null && (row.riskLevel !== 'low' || band >= 8)) {
      elements.push(
        drawRiskSign(
          view.theme.risk[row.riskLevel],
          plot.x + plot.width + 14,
          middle,
          Math.min(6, Math.max(2, band * 0.4)),
        ),
      )
    }
    if (row.serverId === view.selected) {
      elements.push(
        drawRect(plot.x, top, plot.width, band, {
          fill: 'none',
          stroke: view.theme.text,
          lineWidth: 2,
        }),
      )
    }
    return elements
  })

const surroundSeries = (data: HeatmapData, view: HeatmapView, layout: HeatmapLayout): CustomSeriesOption => ({
  type: 'custom',
  id: 'surround',
  clip: false,
  silent: true,
  data: [[data.startMs, 0]],
  z: 5,
  renderItem: (_, api) => {
    const { xOf, band, topOf } = scales(api, data)
    return drawGroup([
      ...drawTimes(data, view.theme, layout, xOf),
      ...drawRows(data, view, layout, topOf, band),
      ...drawHeatmapLegend(data, view.theme, view.formatting, layout),
    ])
  },
})

const interaction = (theme: ChartTheme, rows: number): EChartsOption => ({
  dataZoom: [
    { type: 'inside', xAxisIndex: 0, filterMode: 'none' },
    ...(rows > 30
      ? [
          {
            type: 'inside' as const,
            yAxisIndex: 0,
            filterMode: 'none' as const,
            zoomOnMouseWheel: 'shift' as const,
            moveOnMouseMove: 'shift' as const,
          },
        ]
      : []),
  ],
  tooltip: {
    trigger: 'none',
    confine: true,
    transitionDuration: 0,
    backgroundColor: theme.background,
    borderColor: theme.hairline,
    textStyle: { color: theme.text, fontFamily: theme.font.family, fontSize: fontSizes.subtitle },
    axisPointer: {
      type: 'cross',
      label: { show: false },
      crossStyle: { color: theme.text, width: 1 },
    },
  },
})

export const heatmapOption = (data: HeatmapData, view: HeatmapView): EChartsOption => {
  const { theme, formatting } = view
  const layout = layOutHeatmap(data, theme, view.width, view.height)
  const { plot } = layout
  const { family } = theme.font
  const most = view.width - 2 * margin
  const endMs = data.startMs + data.columns * data.stepMs
  const rowHeight = plot.height / Math.max(1, data.rows.length)
  return {
    animation: false,
    useUTC: true,
    backgroundColor: theme.background,
    textStyle: { fontFamily: family, color: theme.text },
    title: {
      left: margin,
      top: margin - 4,
      padding: 0,
      itemGap: 8,
      text: fitText(heatmapTitle(data, formatting), most, (text) =>
        theme.font.measure(text, fontSizes.title, true),
      ),
      textStyle: {
        fontFamily: family,
        fontSize: fontSizes.title,
        fontWeight: 'bold',
        color: theme.text,
      },
      subtext: fitText(heatmapSubtitle(data, formatting), most, (text) =>
        theme.font.measure(text, fontSizes.subtitle),
      ),
      subtextStyle: { fontFamily: family, fontSize: fontSizes.subtitle, color: theme.muted },
    },
    grid: {
      left: plot.x,
      top: plot.y,
      width: plot.width,
      height: plot.height,
      outerBoundsMode: 'none',
    },
    xAxis: {
      type: 'time',
      min: data.startMs,
      max: endMs,
      splitNumber: Math.max(2, Math.round(plot.width / 110)),
      splitLine: { show: false },
      axisLine: { show: false },
      axisTick: { lineStyle: { color: theme.muted } },
      axisLabel: {
        color: theme.muted,
        fontFamily: family,
        fontSize: fontSizes.label,
        hideOverlap: true,
        formatter: (timeMs: number) => (timeMs < endMs ? formatTick(timeMs, formatting) : ''),
      },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: layout.labels.slice(),
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        color: theme.text,
        fontFamily: family,
        fontSize: layout.labelSize,
        interval: rowHeight >= layout.labelSize + 2 ? 0 : 'auto',
      },
    },
    series: [cellsSeries(data, view), surroundSeries(data, view, layout)],
    ...(view.interactive === true ? interaction(theme, data.rows.length) : {}),
  }
}

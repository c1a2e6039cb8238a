// The heatmap of servers by time as an ECharts option: one image of all cells, with annotations around it.
import type { CustomSeriesOption, CustomSeriesRenderItemAPI, EChartsOption } from 'echarts'
import { zoneClock } from '../run/zone-clock.ts'
import type { HeatmapData } from './chart-data.ts'
import { drawGroup, drawRect } from './drawing.ts'
import { columnStartMs } from './heatmap-columns.ts'
import { type HeatmapFrame, type HeatmapLayout, createHeatmapLayout } from './heatmap-layout.ts'
import { drawDates, drawHorizon, drawMarks, drawRows, type HeatmapScales } from './heatmap-annotations.ts'
import { heatmapSubtitle, heatmapTitle } from './heatmap-title.ts'
import { createTitleOption } from './title.ts'

export interface HeatmapView extends HeatmapFrame {
  /** The painted matrix: a canvas in the window, a data URL in a file. */
  readonly image: unknown
  readonly height: number
  /** ID of the server whose row is framed. */
  readonly selected?: string | undefined
}

/** The axis is linear on the clock of the columns. */
const axisValue = ({ columnZone }: HeatmapData, timeMs: number): number => zoneClock(columnZone).toLocal(timeMs)
const axisEnd = (data: HeatmapData): number => axisValue(data, data.startMs) + data.columns * data.stepMs

const scalesOf = (api: CustomSeriesRenderItemAPI, data: HeatmapData): HeatmapScales => {
  const [, firstMiddle = 0] = api.coord([axisValue(data, data.startMs), 0])
  const size = api.size?.([0, 1])
  const band = Math.abs(Array.isArray(size) ? (size[1] ?? 1) : 1)
  return {
    xOf: (timeMs) => api.coord([axisValue(data, timeMs), 0])[0] ?? 0,
    topOf: (row) => firstMiddle - band / 2 + row * band,
    band,
  }
}

const cellsSeries = (data: HeatmapData, view: HeatmapView): CustomSeriesOption => ({
  type: 'custom',
  id: 'cells',
  clip: true,
  silent: true,
  data: [[axisValue(data, data.startMs), 0]],
  renderItem: (_, api) => {
    const { xOf, band, topOf } = scalesOf(api, data)
    const x = xOf(data.startMs)
    const y = topOf(0)
    const width = xOf(columnStartMs(data, data.columns)) - x
    const height = band * data.rows.length
    const background = drawRect(x, y, width, height, { fill: view.theme.noData })
    if (view.image === null || view.image === undefined) return background
    // ECharts accepts a canvas or a URL; its types allow only a DOM canvas.
    const style = { image: view.image as string, x, y, width, height }
    return drawGroup([background, { type: 'image', silent: true, style }])
  },
})

const annotationSeries = (data: HeatmapData, view: HeatmapView, layout: HeatmapLayout): CustomSeriesOption => ({
  type: 'custom',
  id: 'surround',
  clip: false,
  silent: true,
  data: [[axisValue(data, data.startMs), 0]],
  z: 5,
  renderItem: (_, api) => {
    const { theme, formatting, selected } = view
    const scales = scalesOf(api, data)
    return drawGroup([
      ...drawDates(data, theme, formatting, layout, scales),
      ...drawRows(data, theme, layout, scales, selected),
      ...drawHorizon(data, theme, layout, scales),
      ...drawMarks(data, theme, layout, scales),
      ...layout.legend.draw(layout.legend.x, layout.legend.y),
    ])
  },
})

/**
 * Needs CustomChart, GridComponent and TitleComponent. The image has no items to hover over, so hover and zoom use
 * `createHeatmapLayout` and `cellAt`.
 */
export const createHeatmapOption = (data: HeatmapData, view: HeatmapView): EChartsOption => {
  const { theme, formatting } = view
  const layout = createHeatmapLayout(data, view)
  const { plot, labels, labelSize } = layout
  const { family } = theme.font
  const rowHeight = plot.height / Math.max(1, data.rows.length)
  return {
    animation: false,
    useUTC: true,
    backgroundColor: theme.background,
    textStyle: { fontFamily: family, color: theme.text },
    title: createTitleOption(theme, view.width, heatmapTitle(data, formatting), heatmapSubtitle(data, formatting)),
    grid: { left: plot.x, top: plot.y, width: plot.width, height: plot.height, outerBoundsMode: 'none' },
    xAxis: { type: 'time', min: axisValue(data, data.startMs), max: axisEnd(data), show: false },
    yAxis: {
      type: 'category',
      inverse: true,
      data: [...labels],
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        color: theme.text,
        fontFamily: family,
        fontSize: labelSize,
        interval: rowHeight >= labelSize + 2 ? 0 : 'auto',
      },
    },
    series: [cellsSeries(data, view), annotationSeries(data, view, layout)],
  }
}

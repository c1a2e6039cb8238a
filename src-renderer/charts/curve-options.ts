// Two curves: cumulative breach probability over time, and calibration of predicted probabilities.
import type { EChartsOption } from 'echarts'
import { escapeHtml } from '../../src-shared/chart-options/format.ts'
import { formatChartMoment, createBaseOption, createTooltip, createTimeAxis, createValueAxis, type ChartContext } from './chart-axes.ts'
import { intervalShape, timeMark } from './chart-marks.ts'
import { fontSizes } from '../../src-shared/chart-options/title.ts'

export interface BreachCurveData {
  readonly timesMs: readonly number[]
  /** 0..1, monotonically increasing. */
  readonly probability: readonly number[]
  readonly startMs: number
  readonly stepMs: number
  readonly expectedMs: number | null
}

/** Pixels of half a page: the curve does not zoom, so that its ticks can be even. */
const curveWidth = 440

/** Needs LineChart, GridComponent, TooltipComponent and MarkLineComponent. */
export const createBreachCurveOption = (data: BreachCurveData, chart: ChartContext): EChartsOption => {
  const { theme, formatting } = chart
  const endMs = data.timesMs.at(-1) ?? data.startMs + data.stepMs
  // Centred, its name would lie over the labels of the axis.
  const isNearStart = data.expectedMs !== null && data.expectedMs - data.startMs < (endMs - data.startMs) / 8
  const points = [[data.startMs, 0], ...data.timesMs.map((timeMs, index) => [timeMs, 100 * (data.probability[index] ?? 0)])]
  return {
    ...createBaseOption(chart),
    xAxis: createTimeAxis(chart, data.startMs, endMs, curveWidth, data.stepMs),
    yAxis: createValueAxis(chart, '%', { min: 0, max: 100 }),
    tooltip: {
      ...createTooltip(chart),
      trigger: 'axis',
      formatter: (params) => {
        const [timeMs = 0, share = 0] = ((Array.isArray(params) ? params[0] : params)?.value ?? []) as number[]
        return `breach by ${formatChartMoment(chart, timeMs, data.stepMs)}<br><b>${formatting.value(share, '%')}</b>`
      },
    },
    series: [
      {
        type: 'line',
        data: points,
        // Linear between the known dates: the probability also rises within a step.
        symbol: 'circle',
        symbolSize: 4,
        lineStyle: { color: theme.risk.high.color, width: 2 },
        itemStyle: { color: theme.risk.high.color },
        areaStyle: { color: theme.risk.high.color, opacity: 0.14 },
        ...(data.expectedMs === null
          ? {}
          : {
              markLine: {
                silent: true,
                symbol: 'none',
                data: [timeMark(chart, data.expectedMs, 'expected', theme.text, { align: isNearStart ? 'left' : 'center' })],
              },
            }),
      },
    ],
  }
}

export interface ReliabilityRow {
  /** 0..1 */
  readonly predicted: number
  readonly observed: number
  /** Backtest windows of the group; in older runs one per series. */
  readonly series: number
}

/** Wilson's interval of a share, 0..1; the windows are taken as independent. */
export const wilsonInterval = (share: number, count: number): readonly [number, number] => {
  const z = 1.6449
  const centre = share + z ** 2 / (2 * count)
  const half = z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2))
  const scale = 1 + z ** 2 / count
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)]
}

/** Needs ScatterChart, LineChart, CustomChart, GridComponent and TooltipComponent. */
export const createReliabilityOption = (
  rows: readonly ReliabilityRow[],
  unit: 'windows' | 'series',
  chart: ChartContext,
): EChartsOption => {
  const { theme, formatting } = chart
  // Marks of zero reach over the axis.
  const percentAxis = createValueAxis(chart, '%', { min: 0, max: 100 }, 12)
  const maxCount = Math.max(1, ...rows.map(({ series }) => series))
  const percent = (share: number): string => formatting.value(100 * share, '%')
  return {
    ...createBaseOption(chart),
    grid: { left: 60, right: 20, top: 14, bottom: 50, outerBoundsMode: 'none' },
    xAxis: {
      ...(percentAxis as object),
      type: 'value',
      name: 'predicted probability',
      nameLocation: 'middle',
      nameGap: 32,
      nameTextStyle: { color: theme.text, fontFamily: theme.font.family, fontSize: fontSizes.label },
    },
    yAxis: percentAxis,
    tooltip: {
      ...createTooltip(chart),
      trigger: 'item',
      formatter: (params) => {
        const { dataIndex = 0 } = Array.isArray(params) ? {} : params
        const row = rows[dataIndex]
        if (row === undefined) return ''
        return `${escapeHtml(`predicted ${percent(row.predicted)}`)}<br>happened <b>${percent(row.observed)}</b><br>90 % interval ${wilsonInterval(row.observed, row.series).map(percent).join(' to ')}<br>of ${formatting.count(row.series)} ${unit}`
      },
    },
    series: [
      {
        type: 'line',
        id: 'perfect',
        silent: true,
        tooltip: { show: false },
        showSymbol: false,
        lineStyle: { color: theme.muted, type: 'dashed', width: 1 },
        data: [
          [0, 0],
          [100, 100],
        ],
      },
      {
        type: 'custom',
        id: 'intervals',
        silent: true,
        tooltip: { show: false },
        data: rows.map(({ predicted, observed, series }) => [100 * predicted, ...wilsonInterval(observed, series).map((end) => 100 * end)]),
        encode: { x: 0, y: [1, 2] },
        renderItem: (_, api) => {
          const [x, low, high] = [0, 1, 2].map((dimension) => Number(api.value(dimension))) as [number, number, number]
          return intervalShape(chart, api, [x, low], [x, high])
        },
      },
      {
        type: 'scatter',
        id: 'observed',
        data: rows.map(({ predicted, observed }) => [100 * predicted, 100 * observed]),
        symbolSize: (_: unknown, params: { readonly dataIndex: number }) =>
          7 + 9 * Math.sqrt((rows[params.dataIndex]?.series ?? 0) / maxCount),
        itemStyle: { color: theme.accent, opacity: 0.9 },
      },
    ],
  }
}

// Shared parts of the window's charts: axes with units, grid lines, tooltip and margins.
import type { EChartsOption, TooltipComponentOption, XAXisComponentOption, YAXisComponentOption } from 'echarts'
import { formatMoment, type ChartFormatting } from '../../src-shared/chart-options/format.ts'
import { timeTicks } from '../../src-shared/chart-options/time-ticks.ts'
import { utcClock } from '../../src-shared/run/zone-clock.ts'
import type { ChartTheme } from '../../src-shared/chart-options/theme.ts'
import { fontSizes } from '../../src-shared/chart-options/title.ts'

export interface ChartContext {
  readonly theme: ChartTheme
  readonly formatting: ChartFormatting
}

export const createBaseOption = ({ theme }: ChartContext): EChartsOption => ({
  animation: false,
  useUTC: true,
  backgroundColor: theme.background,
  textStyle: { fontFamily: theme.font.family, color: theme.text },
  grid: { left: 52, right: 28, top: 18, bottom: 30, outerBoundsMode: 'none' },
})

const label = ({ theme }: ChartContext) => ({ color: theme.muted, fontFamily: theme.font.family, fontSize: fontSizes.small })

/** `unit` is written at each tick. */
export const createValueAxis = (
  chart: ChartContext,
  unit: string,
  bounds: { readonly min?: number; readonly max?: number; readonly minInterval?: number } = {},
  labelMargin = 8,
): YAXisComponentOption => ({
  type: 'value',
  axisLine: { show: false },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: chart.theme.hairline } },
  axisLabel: { ...label(chart), hideOverlap: true, margin: labelMargin, formatter: (value: number) => chart.formatting.value(value, unit) },
  ...bounds,
})

/** `width` in pixels gives even ticks to a chart that does not zoom. */
export const createTimeAxis = (chart: ChartContext, fromMs: number, toMs: number, width?: number): XAXisComponentOption => ({
  type: 'time',
  min: fromMs,
  max: toMs,
  axisLine: { lineStyle: { color: chart.theme.muted } },
  axisTick: { show: true, lineStyle: { color: chart.theme.muted }, ...localTicks(chart, fromMs, toMs, width) },
  splitLine: { show: false },
  axisLabel: {
    ...label(chart),
    hideOverlap: true,
    formatter: (timeMs: number) => formatTick(timeMs, toMs - fromMs, chart.formatting),
    ...localTicks(chart, fromMs, toMs, width),
  },
})

/** ECharts knows ticks in UTC alone. */
const localTicks = (
  { formatting: { clock } }: ChartContext,
  fromMs: number,
  toMs: number,
  width: number | undefined,
): { readonly customValues?: number[] } =>
  clock.zone === utcClock.zone && width === undefined
    ? {}
    : { customValues: [...timeTicks(fromMs, toMs, width ?? nominalAxisWidth, 0, clock)] }

/** Pixels; labels that do not fit are hidden. */
const nominalAxisWidth = 800

const dayMs = 86_400_000

const formatTick = (timeMs: number, spanMs: number, formatting: ChartFormatting): string => {
  const localMs = formatting.clock.toLocal(timeMs)
  if (spanMs < 4 * dayMs) return localMs % dayMs === 0 ? formatting.shortDay(timeMs) : formatting.time(timeMs)
  if (spanMs < 200 * dayMs) return formatting.shortDay(timeMs)
  const isJanuary = new Date(localMs).getUTCMonth() === 0
  return spanMs < 1200 * dayMs && !isJanuary ? formatting.month(timeMs) : `${formatting.month(timeMs)} ${formatting.year(timeMs)}`
}

export const createCategoryAxis = (chart: ChartContext, names: readonly string[]): XAXisComponentOption => ({
  type: 'category',
  data: [...names],
  axisLine: { lineStyle: { color: chart.theme.muted } },
  axisTick: { show: false },
  axisLabel: { ...label(chart), hideOverlap: true, width: 110, overflow: 'truncate' },
})

export const createTooltip = ({ theme }: ChartContext): TooltipComponentOption => ({
  confine: true,
  transitionDuration: 0,
  backgroundColor: theme.background,
  borderColor: theme.hairline,
  textStyle: { color: theme.text, fontFamily: theme.font.family, fontSize: fontSizes.subtitle },
  axisPointer: { lineStyle: { color: theme.muted }, label: { show: false } },
})

export const formatChartMoment = ({ formatting }: ChartContext, timeMs: number, stepMs: number): string =>
  formatMoment(timeMs, stepMs, formatting)

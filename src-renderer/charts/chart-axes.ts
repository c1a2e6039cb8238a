// Shared parts of the window's charts: axes with units, grid lines, tooltip and margins.
import type { EChartsOption, TooltipComponentOption, XAXisComponentOption, YAXisComponentOption } from 'echarts'
import { formatMoment, type ChartFormatting } from '../../src-shared/chart-options/format.ts'
import { timeTicks } from '../../src-shared/chart-options/time-ticks.ts'
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

/** `width` of the plot in pixels: as many even ticks as have room, none between two steps of the data, on the clock of the run. */
export const createTimeAxis = (chart: ChartContext, fromMs: number, toMs: number, width: number, stepMs: number): XAXisComponentOption => {
  const { clock } = chart.formatting
  const ticks = [...timeTicks(fromMs, toMs, width, stepMs, clock)]
  const values = ticks.length === 0 ? {} : { customValues: ticks }
  const isMonthly = ticks.every((tick) => new Date(clock.toLocal(tick)).getUTCDate() === 1 && clock.toLocal(tick) % dayMs === 0)
  return {
    type: 'time',
    min: fromMs,
    max: toMs,
    axisLine: { lineStyle: { color: chart.theme.muted } },
    axisTick: { show: true, lineStyle: { color: chart.theme.muted }, ...values },
    splitLine: { show: false },
    axisLabel: {
      ...label(chart),
      hideOverlap: true,
      formatter: (timeMs: number) => formatTick(timeMs, toMs - fromMs, isMonthly && ticks.length > 1, chart.formatting),
      ...values,
    },
  }
}

const dayMs = 86_400_000

/** "18:00", "12 Nov", "Nov", "Jan 2027". */
const formatTick = (timeMs: number, spanMs: number, isMonthly: boolean, formatting: ChartFormatting): string => {
  const localMs = formatting.clock.toLocal(timeMs)
  if (localMs % dayMs !== 0) return formatting.time(timeMs)
  if (!isMonthly) return formatting.shortDay(timeMs)
  const isJanuary = new Date(localMs).getUTCMonth() === 0
  return spanMs < 1200 * dayMs && !isJanuary ? formatting.month(timeMs) : formatting.shortMonthAndYear(timeMs)
}

/** `nameWidth` in pixels: of the longest name that is not cut. */
export const createCategoryAxis = (chart: ChartContext, names: readonly string[], nameWidth = 110): XAXisComponentOption => ({
  type: 'category',
  data: [...names],
  axisLine: { lineStyle: { color: chart.theme.muted } },
  axisTick: { show: false },
  axisLabel: { ...label(chart), hideOverlap: true, width: nameWidth, overflow: 'truncate' },
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

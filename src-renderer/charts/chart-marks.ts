// What charts mark, in one style: a value that counts (dashed, its name at the right end), a time (dotted, its name above), and an interval.
import type { CustomSeriesRenderItemAPI } from 'echarts'
import { fontSizes } from '../../src-shared/chart-options/title.ts'
import type { ChartContext } from './chart-axes.ts'

const small = ({ theme }: ChartContext) => ({ fontSize: fontSizes.small, fontFamily: theme.font.family })

/** A horizontal line, such as a threshold; its name needs room on the right: `valueMarkSpace`. */
export const valueMark = (chart: ChartContext, value: number, name: string, color: string) => ({
  yAxis: value,
  lineStyle: { color, type: 'dashed' as const, width: 1 },
  label: { ...small(chart), color: chart.theme.muted, position: 'end' as const, formatter: name },
})

export const valueMarkSpace = ({ theme }: ChartContext, name: string): number => theme.font.measure(name, fontSizes.small) + 16

/** A vertical line, such as the first breach. */
export const timeMark = (
  chart: ChartContext,
  timeMs: number,
  name: string,
  color: string,
  { align = 'center', distance = 4 }: { readonly align?: 'left' | 'center' | 'right'; readonly distance?: number } = {},
) => ({
  xAxis: timeMs,
  lineStyle: { color, type: 'dotted' as const, width: 1.5 },
  label: { ...small(chart), color: chart.theme.text, position: 'end' as const, distance, align, formatter: name },
})

const capLength = 4

/** A line between two ends of an interval, with a cap at each; its outline shows on a bar of any colour. */
export const intervalShape = (
  chart: ChartContext,
  api: CustomSeriesRenderItemAPI,
  from: readonly [number, number],
  to: readonly [number, number],
) => {
  const [x1 = 0, y1 = 0] = api.coord([...from])
  const [x2 = 0, y2 = 0] = api.coord([...to])
  const line = { stroke: chart.theme.text, lineWidth: 1.25 }
  const outline = { stroke: chart.theme.background, lineWidth: 3.75 }
  const isVertical = Math.abs(x1 - x2) < 0.5
  const capAt = (x: number, y: number) =>
    isVertical ? { x1: x - capLength, y1: y, x2: x + capLength, y2: y } : { x1: x, y1: y - capLength, x2: x, y2: y + capLength }
  const shapes = [{ x1, y1, x2, y2 }, capAt(x1, y1), capAt(x2, y2)]
  return {
    type: 'group' as const,
    children: [outline, line].flatMap((style) => shapes.map((shape) => ({ type: 'line' as const, shape, style }))),
  }
}

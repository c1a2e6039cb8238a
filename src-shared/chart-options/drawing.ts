// Lines, text and icons that charts draw next to their data, as elements of an ECharts custom series.
import type { CustomSeriesRenderItemReturn } from 'echarts'
import type { ChartTheme, RiskIcon } from './theme.ts'

export type Element = NonNullable<CustomSeriesRenderItemReturn>

export interface TextStyle {
  readonly color: string
  readonly size: number
  readonly bold?: boolean
  readonly align?: 'left' | 'center' | 'right'
}

/** A line of text, vertically centred at `y`. */
export const drawText = (theme: ChartTheme, text: string, x: number, y: number, textStyle: TextStyle): Element => ({
  type: 'text',
  silent: true,
  style: {
    text,
    x,
    y,
    fill: textStyle.color,
    fontFamily: theme.font.family,
    fontSize: textStyle.size,
    fontWeight: textStyle.bold === true ? 'bold' : 'normal',
    align: textStyle.align ?? 'left',
    verticalAlign: 'middle',
  },
})

export const drawRect = (x: number, y: number, width: number, height: number, style: object): Element => ({
  type: 'rect',
  silent: true,
  shape: { x, y, width, height },
  style,
})

export const drawLine = (x1: number, y1: number, x2: number, y2: number, stroke: string, lineWidth = 1): Element => ({
  type: 'line',
  silent: true,
  shape: { x1, y1, x2, y2 },
  style: { stroke, lineWidth },
})

export const drawPolygon = (points: number[][], style: object): Element => ({
  type: 'polygon',
  silent: true,
  shape: { points },
  style,
})

export const drawGroup = (children: Element[]): Element => ({
  type: 'group',
  silent: true,
  children,
})

/** The icon of a risk level, centred at a point. */
export const drawRiskIcon = (icon: RiskIcon, x: number, y: number, radius: number): Element => {
  const style = { fill: icon.color, stroke: icon.outline, lineWidth: 0.75 }
  switch (icon.shape) {
    case 'triangle':
      return drawPolygon(
        [
          [x, y - radius],
          [x + radius, y + radius * 0.8],
          [x - radius, y + radius * 0.8],
        ],
        style,
      )
    case 'diamond':
      return drawPolygon(
        [
          [x, y - radius],
          [x + radius, y],
          [x, y + radius],
          [x - radius, y],
        ],
        style,
      )
    case 'circle':
      return {
        type: 'circle',
        silent: true,
        shape: { cx: x, cy: y, r: radius * 0.7 },
        style: { fill: 'none', stroke: icon.color, lineWidth: 1.5 },
      }
  }
}

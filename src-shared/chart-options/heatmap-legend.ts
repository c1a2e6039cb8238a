// The legend below a heatmap: colour scale with its thresholds, signs of risk, marks of the calendar.
import type { HeatmapData } from './chart-data.ts'
import { cividisColor } from './cividis.ts'
import { drawLine, drawPolygon, drawRect, drawRiskSign, drawText, type Element } from './drawing.ts'
import type { ChartFormatting } from './format.ts'
import { fontSizes, type HeatmapLayout } from './heatmap-layout.ts'
import { heatmapDomain } from './paint-matrix.ts'
import type { ChartTheme } from './theme.ts'
import { riskLevels } from '../server-risk.ts'

export interface ScaleTick {
  readonly value: number
  readonly label: string
  /** Middle of the label, pixels from the left end of the scale. */
  readonly x: number
  readonly isThreshold: boolean
}

/** Ticks whose labels do not touch: thresholds first, then the ends, then the steps between. The last bears the unit. */
export const scaleTicks = (
  data: HeatmapData,
  length: number,
  formatting: ChartFormatting,
  widthOf: (label: string) => number,
): readonly ScaleTick[] => {
  const { min, max } = heatmapDomain(data)
  const thresholds = [data.highThreshold, data.veryHighThreshold].filter(
    (value): value is number => value !== null && value > min && value < max,
  )
  const placed: ScaleTick[] = []
  const steps = [0, 1, 0.5, 0.25, 0.75].map((share) => min + share * (max - min))
  for (const value of new Set([...thresholds, ...steps])) {
    const x = ((value - min) / (max - min)) * length
    const label = formatting.value(value, value === max ? data.unit : '')
    const isThreshold = thresholds.includes(value)
    const free = placed.every(
      (tick) => Math.abs(tick.x - x) >= (widthOf(tick.label) + widthOf(label)) / 2 + 5,
    )
    if (free) placed.push({ value, label, x, isThreshold })
    else if (isThreshold) placed.push({ value, label: '', x, isThreshold })
  }
  return placed.sort((a, b) => a.value - b.value)
}

const barHeight = 10
const entryGap = 22

const gradient = {
  type: 'linear' as const,
  x: 0,
  y: 0,
  x2: 1,
  y2: 0,
  colorStops: Array.from({ length: 33 }, (_, step) => ({
    offset: step / 32,
    color: cividisColor(step / 32),
  })),
}

const drawScale = (
  data: HeatmapData,
  theme: ChartTheme,
  formatting: ChartFormatting,
  x: number,
  y: number,
  length: number,
): Element[] => {
  const widthOf = (label: string): number => theme.font.measure(label, fontSizes.small, true)
  return [
    drawRect(x, y, length, barHeight, { fill: gradient }),
    ...scaleTicks(data, length, formatting, widthOf).flatMap((tick) => [
      drawLine(
        x + tick.x,
        y + (tick.isThreshold ? -3 : barHeight),
        x + tick.x,
        y + barHeight + 4,
        theme.text,
        tick.isThreshold ? 1.5 : 1,
      ),
      drawText(theme, tick.label, x + tick.x, y + barHeight + 13, {
        color: tick.isThreshold ? theme.text : theme.muted,
        size: fontSizes.small,
        bold: tick.isThreshold,
        align: 'center',
      }),
    ]),
  ]
}

/** Words behind the classes: "high, P95 above 90 %". */
const riskWords = (
  data: HeatmapData,
  formatting: ChartFormatting,
): Readonly<Record<'low' | 'medium' | 'high', string>> => {
  const high = data.highThreshold === null ? '' : formatting.value(data.highThreshold, data.unit)
  const veryHigh =
    data.veryHighThreshold === null ? high : formatting.value(data.veryHighThreshold, data.unit)
  return {
    low: `low risk`,
    medium: `medium, P95 above ${high}`,
    high: `high, P95 above ${veryHigh}`,
  }
}

export const drawHeatmapLegend = (
  data: HeatmapData,
  theme: ChartTheme,
  formatting: ChartFormatting,
  { legend }: HeatmapLayout,
): Element[] => {
  const length = Math.min(280, legend.width * 0.4)
  const scaleX = legend.x + 4
  const elements = drawScale(data, theme, formatting, scaleX, legend.y, length)
  let x = scaleX + length + 40
  let y = legend.y + barHeight / 2
  const entries: { readonly word: string; readonly draw: (x: number, y: number) => Element }[] = []
  const words = riskWords(data, formatting)
  for (const level of [...riskLevels].reverse()) {
    if (data.rows.some((row) => row.riskLevel === level)) {
      entries.push({
        word: words[level],
        draw: (left, middle) => drawRiskSign(theme.risk[level], left + 6, middle, 6),
      })
    }
  }
  if (data.marks.some((mark) => mark.kind === 'eoq')) {
    entries.push({
      word: 'quarter end',
      draw: (left, middle) => drawRect(left, middle - 2, 12, 4, { fill: theme.accent }),
    })
  }
  if (data.marks.some((mark) => mark.kind === 'holiday')) {
    entries.push({
      word: 'holiday',
      draw: (left, middle) => drawHolidayTick(theme, left + 6, middle + 3),
    })
  }
  if (data.values.some(Number.isNaN)) {
    entries.push({
      word: 'no data',
      draw: (left, middle) =>
        drawRect(left, middle - 5, 12, 10, { fill: theme.noData, stroke: theme.hairline }),
    })
  }
  const start = x
  for (const entry of entries) {
    const width = 18 + theme.font.measure(entry.word, fontSizes.small)
    if (x > start && x + width > legend.x + legend.width) {
      x = start
      y += 18
    }
    elements.push(
      entry.draw(x, y),
      drawText(theme, entry.word, x + 18, y, { color: theme.muted, size: fontSizes.small }),
    )
    x += width + entryGap
  }
  return elements
}

/** Small pointer down, its tip at `y`. */
export const drawHolidayTick = (theme: ChartTheme, x: number, y: number): Element =>
  drawPolygon(
    [
      [x, y],
      [x - 4, y - 6],
      [x + 4, y - 6],
    ],
    { fill: theme.muted },
  )

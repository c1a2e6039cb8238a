// The legend below a heatmap: colour scale with thresholds, risk icons and calendar marks.
import type { HeatmapData } from './chart-data.ts'
import { cividisColor } from './cividis.ts'
import { drawLine, drawPolygon, drawRect, drawRiskIcon, drawText, type Element } from './drawing.ts'
import type { ChartFormatting } from './format.ts'
import { heatmapDomain } from './paint-matrix.ts'
import type { ChartTheme } from './theme.ts'
import { fontSizes } from './title.ts'
import { type RiskLevel, riskLevels } from '../artefacts/server-risk.ts'

export interface ScaleTick {
  readonly value: number
  readonly label: string
  /** Middle of the label, pixels from the left end of the scale. */
  readonly x: number
  readonly isThreshold: boolean
}

/** Ticks whose labels do not touch. Thresholds come first, then the ends, then steps; the first tick shows the unit. */
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
  const positioned: ScaleTick[] = []
  const steps = [0, 1, 0.5, 0.25, 0.75].map((share) => min + share * (max - min))
  for (const value of new Set([...thresholds, ...steps])) {
    const x = ((value - min) / (max - min)) * length
    const label = formatting.value(value, value === min ? data.unit : '')
    const isThreshold = thresholds.includes(value)
    const fits = positioned.every((tick) => Math.abs(tick.x - x) >= (widthOf(tick.label) + widthOf(label)) / 2 + 5)
    if (fits) positioned.push({ value, label, x, isThreshold })
    else if (isThreshold) positioned.push({ value, label: '', x, isThreshold })
  }
  return positioned.sort((a, b) => a.value - b.value)
}

const barHeight = 10
const scaleHeight = 30
const scaleInset = 8
const lineHeight = 18
const entryGap = 22
const iconWidth = 18

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

const drawScale = (data: HeatmapData, theme: ChartTheme, formatting: ChartFormatting, x: number, y: number, length: number): Element[] => {
  const widthOf = (label: string): number => theme.font.measure(label, fontSizes.small, true)
  return [
    drawRect(x, y, length, barHeight, { fill: gradient }),
    ...scaleTicks(data, length, formatting, widthOf).flatMap((tick) => [
      drawLine(x + tick.x, y + (tick.isThreshold ? -3 : barHeight), x + tick.x, y + barHeight + 4, theme.text, tick.isThreshold ? 1.5 : 1),
      drawText(theme, tick.label, x + tick.x, y + barHeight + 13, {
        color: tick.isThreshold ? theme.text : theme.muted,
        size: fontSizes.small,
        bold: tick.isThreshold,
        align: 'center',
      }),
    ]),
  ]
}

/** "high risk, P95 above 90 %"; without the figure where thresholds differ between servers. */
const riskLabels = (data: HeatmapData, formatting: ChartFormatting): Readonly<Record<RiskLevel, string>> => {
  const above = (threshold: number | null): string => (threshold === null ? '' : `, P95 above ${formatting.value(threshold, data.unit)}`)
  return {
    low: 'low risk',
    medium: `medium risk${above(data.highThreshold)}`,
    high: `high risk${above(data.veryHighThreshold ?? data.highThreshold)}`,
  }
}

interface LegendItem {
  readonly text: string
  /** Draws the icon, 12 pixels wide, from its left end and vertically centred. */
  readonly draw: (x: number, y: number) => Element
}

/** Only entries that occur in the picture. */
const createLegendItems = (data: HeatmapData, theme: ChartTheme, formatting: ChartFormatting): readonly LegendItem[] => {
  const labels = riskLabels(data, formatting)
  const risks = riskLevels
    .filter((level) => data.rows.some((row) => row.riskLevel === level))
    .map((level): LegendItem => ({ text: labels[level], draw: (x, y) => drawRiskIcon(theme.risk[level], x + 6, y, 6) }))
  const others: readonly (LegendItem & { readonly occurs: boolean })[] = [
    {
      text: 'quarter end',
      occurs: data.marks.some((mark) => mark.kind === 'eoq'),
      draw: (x, y) => drawRect(x, y - 2, 12, 4, { fill: theme.accent }),
    },
    {
      text: 'holiday',
      occurs: data.marks.some((mark) => mark.kind === 'holiday'),
      draw: (x, y) => drawHolidayTick(theme, x + 6, y + 3),
    },
    {
      text: 'no data',
      occurs: data.values.some(Number.isNaN),
      draw: (x, y) => drawRect(x, y - 5, 12, 10, { fill: theme.noData, stroke: theme.hairline }),
    },
  ]
  return [...risks.reverse(), ...others.filter(({ occurs }) => occurs)]
}

export interface HeatmapLegend {
  readonly height: number
  /** Draws the legend with its top left corner at a point. */
  readonly draw: (x: number, y: number) => Element[]
}

/** The colour scale and, next to it (below it in a narrow chart), the icons in as many lines as they need. */
export const createLegendLayout = (data: HeatmapData, theme: ChartTheme, formatting: ChartFormatting, width: number): HeatmapLegend => {
  const isWide = width >= 560
  const length = Math.min(300, isWide ? width * 0.4 : width - 3 * scaleInset)
  const left = isWide ? scaleInset + length + 40 : 0
  let x = left
  let y = isWide ? barHeight / 2 : scaleHeight + lineHeight / 2 + 4
  const positioned = createLegendItems(data, theme, formatting).map((entry) => {
    const itemWidth = iconWidth + theme.font.measure(entry.text, fontSizes.small)
    if (x > left && x + itemWidth > width) {
      x = left
      y += lineHeight
    }
    const position = { ...entry, x, y }
    x += itemWidth + entryGap
    return position
  })
  return {
    height: Math.max(scaleHeight, y + lineHeight / 2),
    draw: (originX, originY) => [
      ...drawScale(data, theme, formatting, originX + scaleInset, originY, length),
      ...positioned.flatMap((entry) => [
        entry.draw(originX + entry.x, originY + entry.y),
        drawText(theme, entry.text, originX + entry.x + iconWidth, originY + entry.y, {
          color: theme.muted,
          size: fontSizes.small,
        }),
      ]),
    ],
  }
}

/** A small triangle that points down, its tip at `y`. */
export const drawHolidayTick = (theme: ChartTheme, x: number, y: number): Element =>
  drawPolygon(
    [
      [x, y],
      [x - 4, y - 6],
      [x + 4, y - 6],
    ],
    { fill: theme.muted },
  )

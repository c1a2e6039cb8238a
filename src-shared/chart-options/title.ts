// Title and subtitle of a chart: the finding and its context. Both shrink, then are cut, to fit the width.
import type { TitleComponentOption } from 'echarts'
import { fitText } from './text-width.ts'
import type { ChartTheme } from './theme.ts'

export const fontSizes = { title: 20, subtitle: 13, label: 12, small: 11 } as const

/** Margin around a chart, and the height of title and subtitle with the space below. */
export const margin = 20
export const titleHeight = 74

export const createTitleOption = (theme: ChartTheme, width: number, title: string, subtitle: string): TitleComponentOption => {
  const { family, measure } = theme.font
  const maxWidth = width - 2 * margin
  // Without line heights they would depend on the fonts of the system.
  const size = [fontSizes.title, 18, 16, 14].find((candidate) => measure(title, candidate, true) <= maxWidth) ?? 14
  return {
    left: margin,
    top: margin - 4,
    padding: 0,
    itemGap: 8,
    text: fitText(title, maxWidth, (text) => measure(text, size, true)),
    textStyle: { fontFamily: family, fontSize: size, fontWeight: 'bold', lineHeight: size, color: theme.text },
    subtext: fitText(subtitle, maxWidth, (text) => measure(text, fontSizes.subtitle)),
    subtextStyle: { fontFamily: family, fontSize: fontSizes.subtitle, lineHeight: fontSizes.subtitle, color: theme.muted },
  }
}

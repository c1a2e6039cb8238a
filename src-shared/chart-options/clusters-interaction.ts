// What the window adds to the clusters scatter: hover, and the box or lasso that is drawn over it.
import type { BrushComponentOption, TooltipComponentOption } from 'echarts'
import type { ChartTheme } from './theme.ts'
import { fontSizes } from './title.ts'

export const createTooltipOption = (theme: ChartTheme): TooltipComponentOption => ({
  trigger: 'item',
  confine: true,
  transitionDuration: 0,
  backgroundColor: theme.background,
  borderColor: theme.hairline,
  textStyle: { color: theme.text, fontFamily: theme.font.family, fontSize: fontSizes.subtitle },
})

/** Drawn by hand over the marks; what it holds is worked out by who asked for it. */
export const createBrushOption = (theme: ChartTheme): BrushComponentOption => ({
  xAxisIndex: 0,
  yAxisIndex: 0,
  toolbox: [],
  throttleType: 'debounce',
  throttleDelay: 100,
  brushStyle: { color: 'transparent', borderColor: theme.text, borderWidth: 1.5 },
  outOfBrush: { colorAlpha: 1 },
})

// Savings as a waterfall: a bar for each step that saves, on top of those before, and their sum.
import type { EChartsOption } from 'echarts'
import { createBarsOption } from './bars-option.ts'
import type { ChartContext } from './chart-axes.ts'

export interface WaterfallStep {
  readonly name: string
  readonly usd: number
  /** What a pointer sees next to the amount. */
  readonly note: string
}

const sumOf = (steps: readonly WaterfallStep[]): number => steps.reduce((sum, { usd }) => sum + usd, 0)

/** One step needs no sum. */
export const createWaterfallOption = (
  steps: readonly WaterfallStep[],
  formatUsd: (usd: number) => string,
  { theme, formatting }: ChartContext,
): EChartsOption => {
  const bars = [
    ...steps.map((step, index) => ({ ...step, base: sumOf(steps.slice(0, index)) })),
    ...(steps.length === 1 ? [] : [{ name: 'All', base: null, usd: sumOf(steps), note: '' }]),
  ]
  return createBarsOption(
    {
      names: bars.map(({ name }) => name),
      unit: '',
      isHorizontal: true,
      kinds: [
        { name: 'base', color: 'transparent', isBase: true, values: bars.map(({ base }) => base) },
        { name: 'USD per month', color: theme.accent, values: bars.map(({ usd }) => usd) },
      ],
      labels: bars.map(({ usd }) => formatUsd(usd)),
      notes: bars.map(({ note }) => note),
    },
    // The axis and the pointer say dollars, as the labels do.
    { theme, formatting: { ...formatting, value: formatUsd } },
  )
}

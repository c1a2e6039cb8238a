// The charts of savings say dollars: on the axis, on the bars and at the pointer.
import { describe, expect, it } from 'vitest'
import { chartTheme } from '../../src-shared/chart-options/theme.ts'
import { createSavingsRiskOption, type SavingsPoint } from '../../src-renderer/charts/savings-risk-option.ts'
import { createWaterfallOption } from '../../src-renderer/charts/waterfall-option.ts'
import { fixedFormatting } from '../../src-shared/chart-options/format.ts'

const theme = chartTheme('light')
const dollars = (usd: number): string => `$${usd.toLocaleString('en-US')}`

/** The text that an axis writes at a value. */
const axisText = (axis: unknown, value: number): string =>
  (axis as { axisLabel: { formatter: (value: number) => string } }).axisLabel.formatter(value)

describe('savings by recommendation', () => {
  const option = createWaterfallOption(
    [
      { name: 'Retire', usd: 1200, note: '2 servers removed' },
      { name: 'Consolidate', usd: 300, note: '3 servers removed' },
    ],
    dollars,
    { theme, formatting: fixedFormatting },
  )

  it('write dollars on the axis', () => {
    expect([0, 500, 1500].map((value) => axisText(option.xAxis, value))).toEqual(['$0', '$500', '$1,500'])
  })

  it('write dollars on the bars, and their sum', () => {
    const [, bars] = option.series as { label: { formatter: (params: { dataIndex: number }) => string } }[]
    expect([0, 1, 2].map((dataIndex) => bars!.label.formatter({ dataIndex }))).toEqual(['$1,200', '$300', '$1,500'])
  })
})

describe('savings by risk', () => {
  const points: readonly SavingsPoint[] = [
    { name: 'this plan', risk: 0.02, usd: 1500, isChosen: true, isOnCurve: true },
    { name: 'bolder', risk: 0.05, usd: 2500, isChosen: false, isOnCurve: true },
  ]
  const option = createSavingsRiskOption(points, 'Expected share', dollars, { theme, formatting: fixedFormatting })

  it('write dollars on the axis of savings and percent on that of risk', () => {
    expect(axisText(option.yAxis, 2500)).toBe('$2,500')
    expect(axisText(option.xAxis, 5)).toMatch(/^5\s?%?$/)
  })

  it('say the savings of a point in dollars at the pointer', () => {
    const { formatter } = option.tooltip as { formatter: (params: { dataIndex: number }) => string }
    expect(formatter({ dataIndex: 1 })).toBe('bolder<br>saves <b>$2,500</b> per month<br>Expected share <b>5\u00a0%</b>')
  })
})

// Axes of time: even ticks, with the times that a person would write.
import { expect, test } from 'vitest'
import { createTimeAxis } from '../../src-renderer/charts/chart-axes.ts'
import { fixedFormatting } from '../../src-shared/chart-options/format.ts'
import { chartTheme } from '../../src-shared/chart-options/theme.ts'

const chart = { theme: chartTheme('light'), formatting: fixedFormatting }

const labelsOf = (from: string, to: string, width: number, stepMs = 0): string[] => {
  const { axisLabel } = createTimeAxis(chart, Date.parse(from), Date.parse(to), width, stepMs) as unknown as {
    axisLabel: { customValues: number[]; formatter: (timeMs: number) => string }
  }
  return axisLabel.customValues.map((timeMs) => axisLabel.formatter(timeMs))
}

test('two months of days have Mondays', () => {
  expect(labelsOf('2013-08-31', '2013-10-30', 640)).toEqual([
    '2 Sep',
    '9 Sep',
    '16 Sep',
    '23 Sep',
    '30 Sep',
    '7 Oct',
    '14 Oct',
    '21 Oct',
    '28 Oct',
  ])
})

test('a day of hours has its hours, and the day at midnight', () => {
  expect(labelsOf('2011-04-20', '2011-04-21', 640)).toEqual(['20 Apr', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00'])
})

test('half months are not named as months, however long the span', () => {
  expect(labelsOf('2026-01-01', '2026-08-01', 1100).slice(0, 4)).toEqual(['1 Jan', '15 Jan', '1 Feb', '15 Feb'])
})

test('three years have months or quarters, the year in January', () => {
  expect(labelsOf('2024-01-01', '2026-01-01', 640)).toEqual(['Jan 2024', 'Apr', 'Jul', 'Oct', 'Jan 2025', 'Apr', 'Jul', 'Oct'])
})

test('four days of daily data have no hours', () => {
  expect(labelsOf('2026-06-29', '2026-07-03', 640, 86_400_000)).toEqual(['29 Jun', '30 Jun', '1 Jul', '2 Jul'])
})

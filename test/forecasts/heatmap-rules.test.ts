// The heatmap rules that the view and the picture share: merged rows and marked days.
import { describe, expect, test } from 'vitest'
import { TimeZone } from '../../src-main/calendar/time-zone.ts'
import { createHeatmapRow, createTimeMarks } from '../../src-main/forecasts/heatmap-rules.ts'

const dayMs = 86_400_000
const day = (index: number): number => Date.UTC(2026, 5, 29) + index * dayMs

describe('a row', () => {
  test('of one server shows its name and level', () => {
    expect(createHeatmapRow('alpha', 1, 2)).toEqual({ label: 'alpha', serverId: 'alpha', servers: 1, riskLevel: 'high' })
  })
  test('of several servers shows the first name and the worst level', () => {
    expect(createHeatmapRow('alpha', 12, 1)).toEqual({ label: 'alpha + 11', serverId: 'alpha', servers: 12, riskLevel: 'medium' })
  })
  test('of servers without a threshold has no level', () => {
    expect(createHeatmapRow('alpha', 2, -1).riskLevel).toBeNull()
  })
})

describe('marked days', () => {
  const marks = createTimeMarks(
    [
      { day: day(0), is_eoq: true, is_holiday: false },
      { day: day(1), is_eoq: true, is_holiday: true },
      { day: day(4), is_eoq: false, is_holiday: true },
      { day: day(92), is_eoq: true, is_holiday: false },
    ],
    dayMs,
    new Map([['2026-07-03', 'Independence Day (observed)']]),
    TimeZone.utc,
  )
  test('of a quarter end form one window where they are consecutive', () => {
    expect(marks.filter(({ kind }) => kind === 'eoq')).toEqual([
      { kind: 'eoq', label: 'Quarter end', fromMs: day(0), toMs: day(2) },
      { kind: 'eoq', label: 'Quarter end', fromMs: day(92), toMs: day(93) },
    ])
  })
  test('of holidays are separate, with their names where known', () => {
    expect(marks.filter(({ kind }) => kind === 'holiday')).toEqual([
      { kind: 'holiday', label: 'Holiday', fromMs: day(1), toMs: day(2) },
      { kind: 'holiday', label: 'Independence Day (observed)', fromMs: day(4), toMs: day(5) },
    ])
  })
})

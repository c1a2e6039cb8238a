// Quarter-end, holiday and weekend uplift and weekly strength, worked out by hand (analysis definition, section 5).
import { describe, expect, test } from 'vitest'
import { estimateEffect } from '../../../src-main/engine/season/series-season.ts'
import { measureUplifts } from '../../../src-main/engine/season/measure-uplifts.ts'
import { measureWeeks } from '../../../src-main/engine/season/measure-weeks.ts'
import { dayMarks, isWeekend, createSeasonCalendar, type SeasonCalendar } from '../../../src-main/engine/season/season-calendar.ts'
import { seededRandom } from '../../fixtures/seeded-random.ts'

const dayNumber = (day: string): number => Date.parse(day) / 86_400_000
const plainConfig = { fiscal_year_start_month: 1, eoq_window_days: 7 }
const calendarOf = (from: string, to: string, holidays: readonly string[] = [], config: Partial<typeof plainConfig> = {}): SeasonCalendar =>
  createSeasonCalendar(
    dayNumber(from),
    dayNumber(to),
    { ...plainConfig, ...config },
    holidays.map((day) => ({ day, name: 'a holiday' })),
  )

/** A value for each day of the calendar within the span, by a rule; NaN outside it. */
const valuesOf = (
  calendar: SeasonCalendar,
  from: string,
  to: string,
  rule: (dayIndex: number, day: string, mark: number) => number,
): Float64Array =>
  Float64Array.from({ length: calendar.days }, (_, dayIndex) => {
    const number = calendar.firstDay + dayIndex
    if (number < dayNumber(from) || number > dayNumber(to)) return Number.NaN
    return rule(dayIndex, new Date(number * 86_400_000).toISOString().slice(0, 10), calendar.markOfDay[dayIndex]!)
  })

describe('a calendar', () => {
  test('begins on a Monday and ends on a Sunday', () => {
    // 2026-01-01 is a Thursday, 2026-07-01 a Wednesday.
    const calendar = calendarOf('2026-01-01', '2026-07-01')
    expect(calendar.firstDay).toBe(dayNumber('2025-12-29'))
    expect(calendar.firstDay + calendar.days - 1).toBe(dayNumber('2026-07-05'))
    expect(
      Array.from({ length: 14 }, (_, dayIndex) => isWeekend(dayIndex)).flatMap((weekend, dayIndex) => (weekend ? [dayIndex] : [])),
    ).toEqual([5, 6, 12, 13])
  })

  test('marks the windows, and holidays outside them', () => {
    const calendar = calendarOf('2026-01-01', '2026-07-01', ['2026-03-31', '2026-05-25', '2026-07-03'])
    expect(calendar.quarters).toEqual([
      { end: '2025-12', windowDays: 7 },
      { end: '2026-03', windowDays: 7 },
      { end: '2026-06', windowDays: 7 },
      { end: '2026-09', windowDays: 7 },
    ])
    // March 31 lies in a window: its effect cannot be separated from the quarter end.
    expect(calendar.holidays.map(({ day }) => day)).toEqual(['2026-05-25', '2026-07-03'])
    const marked = (mark: number): string[] =>
      [...calendar.markOfDay].flatMap((value, dayIndex) =>
        value === mark ? [new Date((calendar.firstDay + dayIndex) * 86_400_000).toISOString().slice(0, 10)] : [],
      )
    expect(marked(dayMarks.quarterEnd)).toEqual([
      ...['29', '30', '31'].map((day) => `2025-12-${day}`),
      ...['25', '26', '27', '28', '29', '30', '31'].map((day) => `2026-03-${day}`),
      ...['24', '25', '26', '27', '28', '29', '30'].map((day) => `2026-06-${day}`),
    ])
  })

  test('follows the fiscal year, and windows are no longer than their month', () => {
    // A year from February: quarters end in April, July, October, January; April has 30 days.
    const calendar = calendarOf('2026-02-02', '2026-05-03', [], { fiscal_year_start_month: 2, eoq_window_days: 31 })
    expect(calendar.quarters).toEqual([
      { end: '2026-04', windowDays: 30 },
      { end: '2026-07', windowDays: 31 },
    ])
  })
})

describe('uplift', () => {
  const span = ['2026-01-05', '2026-09-13'] as const
  const holidays = ['2026-02-16', '2026-05-25', '2026-06-25']
  const calendar = calendarOf(...span, holidays)
  /** 40 points and a tenth of a point more every day, 12 points less on weekends. */
  const everyday = (dayIndex: number): number => 40 + 0.1 * dayIndex - (isWeekend(dayIndex) ? 12 : 0)

  test('is the excess of a quarter end over its weekdays, without trend and weekly pattern', () => {
    const values = valuesOf(calendar, ...span, (dayIndex, day, mark) => {
      if (mark === dayMarks.quarterEnd) return everyday(dayIndex) + (day < '2026-04-01' ? 8 : 4)
      return everyday(dayIndex) - (mark === dayMarks.holiday ? (day < '2026-03-01' ? 5 : 3) : 0)
    })
    const { quarterEnds, holidays: days } = measureUplifts(values, calendar, 1)
    expect([...quarterEnds]).toEqual([expect.closeTo(8, 9), expect.closeTo(4, 9), Number.NaN])
    expect([...days]).toEqual([expect.closeTo(-5, 9), expect.closeTo(-3, 9)])
    // Distances from the mean 6 are 2 and -2: variance 8 / 1, standard error sqrt(8 / 2) = 2.
    // With one degree of freedom the 95 % interval reaches 12.7062 standard errors.
    expect(estimateEffect(quarterEnds)).toEqual({
      mean: expect.closeTo(6, 9),
      count: 2,
      standardError: expect.closeTo(2, 9),
      low: expect.closeTo(6 - 2 * 12.706204736174694, 9),
      high: expect.closeTo(6 + 2 * 12.706204736174694, 9),
    })
  })

  test('compares a day with its own weekday', () => {
    // In the window of March 2026 (Wednesday 25 to Tuesday 31) only the Sunday rises, to the level of a weekday: 12 points / 7 days.
    const values = valuesOf(calendar, ...span, (dayIndex, day) => everyday(dayIndex) + (day === '2026-03-29' ? 12 : 0))
    expect(measureUplifts(values, calendar, 1).quarterEnds[0]).toBeCloseTo(12 / 7, 9)
  })

  test('counts a quarter whose window lacks one day in seven, not one that lacks two', () => {
    const until = (last: string): number => measureUplifts(valuesOf(calendar, '2026-01-05', last, everyday), calendar, 1).quarterEnds[1]!
    expect(until('2026-06-30')).toBeCloseTo(0, 9)
    expect(until('2026-06-29')).toBeCloseTo(0, 9)
    expect(until('2026-06-28')).toBeNaN()
  })

  test('needs ordinary days of the same weekdays in the same quarter', () => {
    // From Monday 2026-03-23 on, the quarter of March has two ordinary days: a Monday and a Tuesday.
    const values = valuesOf(calendar, '2026-03-23', '2026-09-13', everyday)
    expect([...measureUplifts(values, calendar, 1).quarterEnds]).toEqual([Number.NaN, expect.closeTo(0, 9), Number.NaN])
  })

  test('of weekly values rests on the one that falls into the window', () => {
    // Mondays; of the windows' days March 30 and June 29.
    const values = valuesOf(calendar, ...span, (dayIndex, _, mark) =>
      dayIndex % 7 === 0 ? everyday(dayIndex) + (mark === dayMarks.quarterEnd ? 9 : 0) : Number.NaN,
    )
    expect([...measureUplifts(values, calendar, 7).quarterEnds]).toEqual([expect.closeTo(9, 9), expect.closeTo(9, 9), Number.NaN])
  })

  test('is unknown without measurements, and without a trend', () => {
    expect([...measureUplifts(new Float64Array(calendar.days).fill(Number.NaN), calendar, 1).quarterEnds]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ])
    const oneDay = valuesOf(calendar, '2026-03-20', '2026-03-20', everyday)
    expect([...measureUplifts(oneDay, calendar, 1).quarterEnds]).toEqual([Number.NaN, Number.NaN, Number.NaN])
    expect(estimateEffect(new Float64Array([Number.NaN]))).toEqual({ mean: null, count: 0, standardError: null, low: null, high: null })
    expect(estimateEffect(new Float64Array([7]))).toEqual({ mean: 7, count: 1, standardError: null, low: null, high: null })
  })

  test('does not change with the level, a line or a weekly pattern added, and grows with the unit', () => {
    const random = seededRandom(11)
    const values = valuesOf(calendar, ...span, () => 30 + 20 * random())
    const baseline = measureUplifts(values, calendar, 1)
    const moved = measureUplifts(
      values.map((value, dayIndex) => value + everyday(dayIndex) * 3 + 17),
      calendar,
      1,
    )
    baseline.quarterEnds.slice(0, 2).forEach((uplift, quarter) => expect(moved.quarterEnds[quarter]).toBeCloseTo(uplift, 9))
    baseline.holidays.forEach((uplift, holiday) => expect(moved.holidays[holiday]).toBeCloseTo(uplift, 9))
    const inBytes = measureUplifts(
      values.map((value) => value * 1024),
      calendar,
      1,
    )
    baseline.quarterEnds.slice(0, 2).forEach((uplift, quarter) => expect(inBytes.quarterEnds[quarter]! / 1024).toBeCloseTo(uplift, 9))
  })
})

describe('a week', () => {
  const weekValues = (monday: number, tuesday: number): number[] => [32 + monday, 32 + tuesday, 32, 32, 32, 25, 25]

  test('is strong where the weekdays explain what varies within it', () => {
    // Distances from the week's mean 30: five times 2, twice -5, so the seasonal variance is (5 x 4 + 2 x 25) / 7 = 10. Monday and
    // Tuesday swing by 1 against each other: remainder 2 / 7. Strength 1 - (2 / 7) / (10 + 2 / 7) = 70 / 72.
    const swinging = Float64Array.from([...weekValues(1, -1), ...weekValues(-1, 1), ...weekValues(1, -1), ...weekValues(-1, 1)])
    expect(measureWeeks(swinging).strength).toBeCloseTo(70 / 72, 12)
    // The same with a level that moves from week to week.
    const moving = swinging.map((value, dayIndex) => value + 10 * Math.floor(dayIndex / 7))
    expect(measureWeeks(moving).strength).toBeCloseTo(70 / 72, 12)
  })

  test('that is the same every time has strength 1, one that varies without pattern 0', () => {
    expect(measureWeeks(Float64Array.from([0, 1, 2, 3].flatMap(() => weekValues(0, 0)))).strength).toBeCloseTo(1, 12)
    const flat = [weekValues(7, -7), weekValues(-7, 7), weekValues(7, -7), weekValues(-7, 7)].map((week) => [
      ...week.slice(0, 2),
      32,
      32,
      32,
      32,
      32,
    ])
    expect(measureWeeks(Float64Array.from(flat.flat())).strength).toBeCloseTo(0, 12)
  })

  test('has no strength below four weeks, nor where nothing varies', () => {
    expect(measureWeeks(Float64Array.from([0, 1, 2].flatMap(() => weekValues(1, -1)))).strength).toBeNull()
    expect(measureWeeks(new Float64Array(70).fill(0.1)).strength).toBeNull()
  })

  test('separates weekend and weekdays; a week with a gap does not count', () => {
    const values = Float64Array.from([...weekValues(1, -1), ...weekValues(0, 0), ...weekValues(5, 0)])
    // 25 - 32; in the third week 25 - 33.
    expect([...measureWeeks(values).weekends]).toEqual([expect.closeTo(-7, 12), expect.closeTo(-7, 12), expect.closeTo(-8, 12)])
    // Weekend mean 25; weekdays 15 x 32 + 5 = 485, 485 / 15 on average.
    expect(measureWeeks(values).ratio).toBeCloseTo(25 / (485 / 15), 12)
    values[20] = Number.NaN
    expect([...measureWeeks(values).weekends]).toEqual([expect.closeTo(-7, 12), expect.closeTo(-7, 12), Number.NaN])
    expect(measureWeeks(values).ratio).toBeCloseTo(25 / 32, 12)
    expect(measureWeeks(new Float64Array(14)).ratio).toBeNull()
  })
})

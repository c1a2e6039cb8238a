// Trend without season, its standard error over weeks, and time to exhaustion, worked out by hand or by NumPy (analysis definition, section 5).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  estimateExhaustion,
  fitOrdinaryLines,
  isRising,
  measureWeeklyTrend,
  type WeeklyTrend,
} from '../../../src-main/engine/season/measure-trend.ts'
import { createSeasonCalendar, dayMarks, isWeekend } from '../../../src-main/engine/season/season-calendar.ts'
import { seriesRows, timeAfter, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'

const dayNumber = (day: string): number => Date.parse(day) / 86_400_000
/** 26 weeks from Monday 2026-01-05 on; the windows of March and June lie inside. */
const calendar = createSeasonCalendar(
  dayNumber('2026-01-05'),
  dayNumber('2026-07-05'),
  { fiscal_year_start_month: 1, eoq_window_days: 7 },
  [],
)
const weekly = (dayIndex: number): number => (isWeekend(dayIndex) ? 25.1 : 37.3)
const valuesOf = (rule: (dayIndex: number) => number): Float64Array => Float64Array.from({ length: calendar.days }, (_, day) => rule(day))
const bumpOf = (dayIndex: number): number => (calendar.markOfDay[dayIndex] === dayMarks.quarterEnd ? 20 : 0)

describe('the slope', () => {
  test('of a weekly pattern with quarter-end bumps is 0', () => {
    const values = valuesOf((day) => weekly(day) + bumpOf(day))
    expect(Math.abs(fitOrdinaryLines(values, calendar, 1).slope)).toBeLessThan(1e-15)
    const trend = measureWeeklyTrend(values, calendar, 1)!
    expect(Math.abs(trend.slope)).toBeLessThan(1e-15)
    expect(trend.degreesOfFreedom).toBe(24)
  })

  test('of a line is that of the line, whatever season lies on it', () => {
    const values = valuesOf((day) => weekly(day) + bumpOf(day) + 0.1 * day)
    expect(fitOrdinaryLines(values, calendar, 1).slope).toBeCloseTo(0.1, 12)
    expect(measureWeeklyTrend(values, calendar, 1)!.slope).toBeCloseTo(0.1, 12)
  })

  test('of monthly values does not mix them with their weekdays', () => {
    const months = valuesOf((day) => (day % 30 === 0 ? 40 + 0.1 * day : Number.NaN))
    expect(fitOrdinaryLines(months, calendar, 30).slope).toBeCloseTo(0.1, 12)
  })

  test('needs 28 measured days, or four weekly values', () => {
    const first = (days: number): Float64Array => valuesOf((day) => (day < days ? weekly(day) : Number.NaN))
    expect(measureWeeklyTrend(first(27), calendar, 1)).toBeNull()
    expect(measureWeeklyTrend(first(28), calendar, 1)).not.toBeNull()
    const mondays = (weeks: number): Float64Array => valuesOf((day) => (day % 7 === 0 && day < 7 * weeks ? 40 : Number.NaN))
    expect(measureWeeklyTrend(mondays(3), calendar, 7)).toBeNull()
    expect(measureWeeklyTrend(mondays(4), calendar, 7)).not.toBeNull()
  })
})

test('the standard error is that of Newey and West', () => {
  // The sandwich of statsmodels' HAC covariance (lag 2, Bartlett, n / (n - 2)), written out in NumPy matrices.
  const weeks = [0, 3, -2, 4, 1, 6, 2, 9]
  const trend = measureWeeklyTrend(
    valuesOf((day) => weekly(day) + (weeks[Math.floor(day / 7)] ?? Number.NaN)),
    calendar,
    1,
  )!
  expect(trend.slope).toBeCloseTo(0.13435374149659865, 12)
  expect(trend.standardError).toBeCloseTo(0.0355941316574911, 12)
  expect(trend.degreesOfFreedom).toBe(6)
  expect(trend.meanDay).toBeCloseTo(27.5, 12)
})

describe('time to exhaustion', () => {
  const trend: WeeklyTrend = { slope: 0.1, standardError: 0.02, degreesOfFreedom: 10, meanDay: 50 }
  /** On the trend through 58 on day 50, but for one value in ten that lies 2 above it: the 95th percentile is 60. */
  const days = Float64Array.from({ length: 100 }, (_, day) => day)
  const actual = days.map((day) => 58 + 0.1 * (day - 50) + (day % 10 === 0 ? 2 : 0))

  test('ends where line and 95th percentile reach the threshold, between the limits of the slope', () => {
    // 20 points at 0.1 a day: 200 days after day 50. The 80 % limits lie 1.372184 standard errors away.
    expect(estimateExhaustion(trend, days, actual, 80)).toEqual({
      at: expect.closeTo(250, 9),
      earliest: expect.closeTo(50 + 20 / (0.1 + 0.02 * 1.372183641110336), 9),
      latest: expect.closeTo(50 + 20 / (0.1 - 0.02 * 1.372183641110336), 9),
    })
  })

  test('has no date beyond five years after the last value', () => {
    // Day 99 and 5 x 365.25 days: 1925.25. A distance of 187.525 points takes 1875.25 days from day 50.
    expect(estimateExhaustion(trend, days, actual, 60 + 187.5)).toMatchObject({ at: expect.closeTo(1925, 6), latest: null })
    expect(estimateExhaustion(trend, days, actual, 60 + 187.6)).toMatchObject({
      at: null,
      earliest: expect.closeTo(50 + 187.6 / 0.12744367, 3),
    })
    expect(estimateExhaustion({ ...trend, standardError: 0.08 }, days, actual, 80).latest).toBeNull()
  })

  test('is known where the whole 95 % interval of the slope lies above 0', () => {
    expect(isRising(trend)).toBe(true)
    // The limit of 10 degrees of freedom is 2.228139.
    expect(isRising({ ...trend, standardError: 0.0448 })).toBe(true)
    expect(isRising({ ...trend, standardError: 0.0449 })).toBe(false)
    expect(isRising({ ...trend, slope: -0.1 })).toBe(false)
  })
})

describe('a run', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  test('states trends and exhaustion of series that do not breach in the horizon', async () => {
    const start = '2026-01-05'
    const measuredDays = 100
    const day = (index: number): string => timeAfter(start, index).slice(0, 10)
    const isQuarterEnd = (index: number): boolean => day(index) >= '2026-03-25' && day(index) <= '2026-03-31'
    const flat = Array.from({ length: measuredDays }, (_, index) => weekly(index) + (isQuarterEnd(index) ? 20 : 0))
    // 50 and a tenth of a point a day: 80 on day 300, 2026-11-01.
    const rising = Array.from({ length: measuredDays }, (_, index) => 50 + 0.1 * index)
    const horizon = Array.from({ length: 30 }, (_, step) => 60 + 0.1 * step)
    // The quarter end of June is the end of this horizon.
    const flatHorizon = Array.from(
      { length: 77 },
      (_, step) => weekly(measuredDays + step) + (day(measuredDays + step) >= '2026-06-24' ? 20 : 0),
    )
    const run = await workspace.analyse(
      await workspace.writeForecasts('trends.parquet', [
        ...seriesRows({ server: 'flat', start, actual: flat, horizon: flatHorizon }),
        ...seriesRows({ server: 'rising', start, actual: rising, horizon }),
        ...seriesRows({ server: 'rising to a breach', start, actual: rising, horizon: [...horizon, 81] }),
        ...seriesRows({ server: 'high', start, actual: rising.map((value) => value + 25), horizon: times(30, 70) }),
        ...seriesRows({ server: 'without threshold', metric: 'requests', start, actual: rising, horizon }),
        ...seriesRows({ server: 'horizon alone', start: day(measuredDays), horizon }),
      ]),
      { config: { breach_probability: false } },
    )
    expect(Math.abs(Number((await run.riskOf('flat'))['trend_per_30_days']))).toBeLessThan(1e-13)
    const dateOf = (value: unknown): string | null => (value instanceof Date ? value.toISOString().slice(0, 10) : null)
    const exhaustionOf = async (server: string): Promise<unknown[]> => {
      const row = await run.riskOf(server)
      return ['exhaustion_at', 'exhaustion_earliest', 'exhaustion_latest'].map((name) => dateOf(row[name]))
    }
    expect(await run.riskOf('rising')).toMatchObject({
      trend_per_30_days: expect.closeTo(3, 9),
      trend_standard_error: expect.closeTo(0, 9),
    })
    expect(await exhaustionOf('rising')).toEqual(times(3, '2026-11-01'))
    // Its measured trend has already reached the threshold, its forecast does not: after the horizon at the earliest.
    expect(await exhaustionOf('high')).toEqual(times(3, '2026-05-14'))
    const others = ['flat', 'rising to a breach', 'without threshold', 'horizon alone']
    expect(await Promise.all(others.map(exhaustionOf))).toEqual(times(others.length, times(3, null)))
    expect(await run.riskOf('horizon alone')).toMatchObject({ trend_per_30_days: null, trend_standard_error: null })
  })
})

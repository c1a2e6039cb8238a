// The models of own forecasts on series whose forecasts are worked out by hand or by other programs.
import { describe, expect, test } from 'vitest'
import { calendarTrend, dampedDays, shrink } from '../../src-main/forecasting/calendar-trend.ts'
import { flatMedian } from '../../src-main/forecasting/flat-median.ts'
import { singleModelNames, slowModelName } from '../../src-main/forecasting/model-names.ts'
import { models } from '../../src-main/forecasting/models.ts'
import { mstl } from '../../src-main/forecasting/mstl.ts'
import { seasonalNaive } from '../../src-main/forecasting/seasonal-naive.ts'
import type { SeriesHistory } from '../../src-main/forecasting/series-history.ts'
import { createStepCalendar, type StepCalendar } from '../../src-main/forecasting/step-calendar.ts'
import { seasonalIndices, theta, thetaForecast } from '../../src-main/forecasting/theta.ts'
import { weekdayMedian } from '../../src-main/forecasting/weekday-median.ts'
import { TimeZone } from '../../src-main/calendar/time-zone.ts'
import { gridOf } from '../../src-main/forecasts/time-grid.ts'

const day = 86_400
const dayNumber = (date: string): number => Date.parse(date) / (day * 1000)
const dailyGrid = gridOf({ unit: 'day', count: 1 }, day, TimeZone.utc)
const quarterEnds = { months: [3, 6, 9, 12], days: 7 }

/** Days from Monday 5 January 2026 on, unless stated. */
const dailyCalendar = (steps: number, first = '2026-01-05', holidays: readonly string[] = []): StepCalendar =>
  createStepCalendar(dailyGrid, dayNumber(first), steps, quarterEnds, new Set(holidays.map(dayNumber)))

const historyOf = (values: readonly number[], calendar = dailyCalendar(values.length + 60)): SeriesHistory => ({
  calendar,
  values: Float64Array.from(values),
  from: 0,
  origin: values.length,
})
const missing = Number.NaN
const near = (values: readonly number[]): unknown[] => values.map((value) => expect.closeTo(value, 5))

describe('seasonal_naive', () => {
  test('repeats the latest value of each weekday, also across gaps', () => {
    const history = historyOf([1, 2, 3, 4, 5, 6, 7, 11, 12, missing, 14, 15, 16, 17])
    expect([...seasonalNaive(history, 9)]).toEqual([11, 12, 3, 14, 15, 16, 17, 11, 12])
  })

  test('a weekday that was never measured takes the median of the last four weeks', () => {
    expect([...seasonalNaive(historyOf([1, 2, 6]), 5)]).toEqual([2, 2, 2, 2, 1])
  })
})

describe('flat_median', () => {
  test('is the median of the last 28 days', () => {
    const values = [...Array<number>(10).fill(1000), ...Array.from({ length: 28 }, (_, at) => at + 1)]
    expect([...flatMedian(historyOf(values), 2)]).toEqual([14.5, 14.5])
  })

  test('is the median of all values where the last 28 days hold none', () => {
    expect([...flatMedian(historyOf([3, 9, 4, ...Array<number>(28).fill(missing)]), 1)]).toEqual([4])
  })
})

describe('weekday_median', () => {
  test('is the median of the weekday over the last four weeks', () => {
    const mondays = [100, 1, 2, 4, 9]
    const values = mondays.flatMap((monday) => [monday, 5, 5, 5, 5, 5, 5])
    expect([...weekdayMedian(historyOf(values), 8)]).toEqual([3, 5, 5, 5, 5, 5, 5, 3])
  })

  test('a weekday without a value takes the median of all weekdays', () => {
    expect([...weekdayMedian(historyOf([1, 2, 6]), 4)]).toEqual([2, 2, 2, 2])
  })
})

describe('calendar_trend', () => {
  test('goes on along a straight line, and slows after 30 days', () => {
    const values = Array.from({ length: 84 }, (_, at) => 10 + at)
    const forecast = calendarTrend(historyOf(values), 32)
    expect([forecast[0], forecast[29], forecast[30], forecast[31]]).toEqual(near([94, 123, 123.9, 124.71]))
  })

  test('adds the level of each weekday', () => {
    const week = [30, 30, 30, 30, 30, 10, 10]
    const values = Array.from({ length: 70 }, (_, at) => week[at % 7]!)
    expect([...calendarTrend(historyOf(values), 7)]).toEqual(near(week))
  })

  test('adds what quarter ends, month ends and holidays added before', () => {
    const first = '2025-01-01'
    const holidays = ['2025-05-01', '2025-07-16', '2025-10-15', '2025-11-12', '2026-01-06']
    const calendar = dailyCalendar(460, first, holidays)
    const levels = (step: number): number =>
      20 + (calendar.quarterEnd[step] === 0 ? 0 : 30) + (calendar.monthEnd[step] === 0 ? 0 : 8) - (calendar.holiday[step] === 0 ? 0 : 12)
    const origin = dayNumber('2026-01-02') - dayNumber(first)
    const values = Array.from({ length: origin }, (_, step) => levels(step))
    const forecast = calendarTrend(historyOf(values, calendar), 90)
    // Four equal occasions leave no error to shrink by, but the median of the last weeks holds a quarter end.
    expect([...forecast]).toEqual(near(Array.from({ length: 90 }, (_, ahead) => levels(origin + ahead))))
  })

  test('an effect no greater than its standard error is 0; a greater one is reduced', () => {
    expect([shrink(2, 3), shrink(-2, 2), shrink(2, 1), shrink(-2, 1), shrink(5, 0), shrink(5, Number.NaN)]).toEqual([
      0, -0, 1.5, -1.5, 5, 0,
    ])
  })

  test('30 days of trend count whole, later ones by 0.9 more each', () => {
    expect([10, 30, 31, 32].map(dampedDays)).toEqual(near([10, 30, 30.9, 31.71]))
  })
})

describe('theta', () => {
  // 35 days: a line, a weekly season, and five repeated errors.
  const week = [0, 3, 5, 4, 2, -6, -8]
  const errors = [1, -2, 0.5, 1.5, -1]
  const values = Float64Array.from({ length: 35 }, (_, at) => 40 + 0.3 * at + week[at % 7]! + errors[at % 5]!)
  const weekSlot = Uint8Array.from(values, (_, at) => at % 7)

  test('the season equals seasonal_decompose of statsmodels 0.15.0 (additive, period 7)', () => {
    const indices = [-0.160714, 3.535714, 4.892857, 4.017857, 1.892857, -6.392857, -7.785714]
    expect([...seasonalIndices(values, weekSlot, 7)]).toEqual(near(indices))
  })

  test('at its weight 0.3712908, the forecast equals ThetaModel of statsmodels 0.15.0 (additive, theta 2)', () => {
    const indices = seasonalIndices(values, weekSlot, 7)
    const adjusted = values.map((value, at) => value - indices[at % 7]!)
    const forecast = thetaForecast(adjusted, 0.3712908212050865, 10).map((value, at) => value + indices[at % 7]!)
    // statsmodels estimates the first level too, which the 35 steps have forgotten to the third digit.
    const reference = [49.870222, 53.716673, 55.223838, 54.498861, 52.523883, 44.388192, 43.145357, 50.92038, 54.766831, 56.273996]
    expect([...forecast]).toEqual(reference.map((value) => expect.closeTo(value, 2)))
  })

  test('the whole model is within 0.25 of AutoTheta-style Theta of statsforecast 2.1.1 (additive, season 7)', () => {
    const reference = [49.6759, 53.5224, 55.0295, 54.3046, 52.3296, 44.1939, 42.9511, 50.7261, 54.5725, 56.0797]
    const forecast = theta(historyOf([...values]), 10)
    expect(Math.max(...forecast.map((value, at) => Math.abs(value - reference[at]!)))).toBeLessThan(0.25)
  })

  test('a gap is a straight line between its ends', () => {
    const line = Array.from({ length: 35 }, (_, at) => at)
    const gappy = line.map((value) => (value >= 20 && value < 26 ? missing : value))
    expect([...theta(historyOf(gappy), 14)]).toEqual([...theta(historyOf(line), 14)])
  })
})

describe('mstl', () => {
  const wave = Array.from({ length: 119 }, (_, at) => 30 + 8 * Math.sin((2 * Math.PI * at) / 7) + 0.05 * at + ((at * 7919) % 13) / 4)

  test('agrees with MSTL of statsforecast 2.1.1', () => {
    const reference = [37.15, 43.19, 44.92, 41.1, 34.74, 30.46, 31.55, 37.5, 43.54, 45.27, 41.45, 35.09, 30.81, 31.9]
    for (const [ahead, value] of mstl(historyOf(wave), 14).entries()) expect(Math.abs(value - reference[ahead]!)).toBeLessThan(0.1)
  })

  test('gives the same figures each time', () => {
    expect(mstl(historyOf(wave), 30)).toEqual(mstl(historyOf(wave), 30))
  })

  test('stays within one measured range of the measured range', () => {
    const explosive = mstl(historyOf(Array.from({ length: 60 }, (_, at) => 1.3 ** at)), 60)
    expect(Math.max(...explosive)).toBeLessThanOrEqual(2 * 1.3 ** 59)
  })

  test('with less than two weeks it is the median', () => {
    expect([...mstl(historyOf([10, 12, 11, 13, 12]), 2)]).toEqual([12, 12])
  })
})

describe('every model', () => {
  const seriesByName = {
    'all zero': Array<number>(60).fill(0),
    constant: Array<number>(60).fill(37.5),
    'five values': [10, 12, 11, 13, 12],
    'one value': [42],
    'gaps everywhere': Array.from({ length: 60 }, (_, at) => (at % 3 === 0 ? at % 20 : missing)),
    'one spike': Array.from({ length: 60 }, (_, at) => (at === 40 ? 1e6 : 20)),
    'values only at the start': [20, 21, 22, ...Array<number>(57).fill(missing)],
  }

  const modelNames = [...singleModelNames, slowModelName] as const

  test.each(modelNames.flatMap((model) => Object.keys(seriesByName).map((name) => [model, name as keyof typeof seriesByName] as const)))(
    '%s forecasts a number for each step: %s',
    (model, name) => {
      const forecast = models[model](historyOf(seriesByName[name]), 30)
      expect(forecast).toHaveLength(30)
      expect([...forecast].every(Number.isFinite)).toBe(true)
    },
  )

  test.each(modelNames)('%s forecasts a constant by itself', (model) => {
    expect([...models[model](historyOf(seriesByName.constant), 5)]).toEqual(near([37.5, 37.5, 37.5, 37.5, 37.5]))
  })
})

// Rolling origins: how many there are, and that a forecast knows nothing from its origin on.
import { describe, expect, test } from 'vitest'
import { TimeZone } from '../../src-main/calendar/time-zone.ts'
import { modelNames, singleModelNames } from '../../src-main/forecasting/model-names.ts'
import { forecastSeries, rollingOrigins, type Forecast } from '../../src-main/forecasting/rolling-origins.ts'
import { createStepCalendar } from '../../src-main/forecasting/step-calendar.ts'
import { gridOf } from '../../src-main/forecasts/time-grid.ts'

const calendar = createStepCalendar(
  gridOf({ unit: 'day', count: 1 }, 86_400, TimeZone.utc),
  20_458,
  800,
  { months: [3, 6, 9, 12], days: 7 },
  new Set(),
)

describe('the origins', () => {
  test('as many windows of the horizon as fit in half the history', () => {
    expect(rollingOrigins(0, 91, 14)).toEqual([
      { origin: 49, steps: 14 },
      { origin: 63, steps: 14 },
      { origin: 77, steps: 14 },
      { origin: 91, steps: 14 },
    ])
  })

  test('eight at most', () => {
    expect(rollingOrigins(0, 730, 30).map(({ origin }) => origin)).toEqual([490, 520, 550, 580, 610, 640, 670, 700, 730])
  })

  test('a history shorter than two horizons is tested on its latest half', () => {
    expect(rollingOrigins(10, 15, 30)).toEqual([
      { origin: 13, steps: 2 },
      { origin: 15, steps: 30 },
    ])
  })

  test('one value has no backtest', () => {
    expect(rollingOrigins(10, 11, 30)).toEqual([{ origin: 11, steps: 30 }])
  })
})

describe('the forecasts of a series', () => {
  const values = Float64Array.from({ length: 800 }, (_, step) => (step < 200 ? 30 + 10 * Math.sin(step / 3) + (step % 11) : Number.NaN))
  const series = { values, from: 0, origin: 200, ceiling: 100 }

  test('do not change with what comes after their origin', () => {
    const changed = values.map((value, step) => (step >= 170 ? value + 40 : value))
    const until = (all: readonly Forecast[]): unknown => all.filter(({ origin }) => origin <= 170)
    expect(until(forecastSeries({ ...series, values: changed }, calendar, 14, modelNames).forecasts)).toEqual(
      until(forecastSeries(series, calendar, 14, modelNames).forecasts),
    )
  })

  test('the ensemble is the median of the five single models', () => {
    const all = forecastSeries(series, calendar, 14, modelNames).forecasts
    const horizonOf = (model: string): Float64Array =>
      all.find((forecast) => forecast.model === model && forecast.origin === 200)!.predicted
    const third = horizonOf('theta').map((_, ahead) =>
      singleModelNames
        .map((model) => horizonOf(model)[ahead]!)
        .sort((a, b) => a - b)
        .at(2)!,
    )
    expect(horizonOf('median_ensemble')).toEqual(third)
    expect(forecastSeries(series, calendar, 14, ['median_ensemble']).forecasts.at(-1)!.predicted).toEqual(third)
  })

  test('lie between 0 and the ceiling', () => {
    const steep = { ...series, values: values.map((_, step) => (step < 200 ? step / 2 : Number.NaN)), ceiling: 100 }
    const rising = forecastSeries(steep, calendar, 30, modelNames).forecasts.flatMap(({ predicted }) => [...predicted])
    expect(Math.max(...rising)).toBe(100)
    const falling = { ...series, values: values.map((_, step) => (step < 200 ? 100 - step / 2 : Number.NaN)) }
    expect(Math.min(...forecastSeries(falling, calendar, 30, modelNames).forecasts.flatMap(({ predicted }) => [...predicted]))).toBe(0)
  })
})

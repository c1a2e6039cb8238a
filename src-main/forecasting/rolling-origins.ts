// Forecasts a series by every model: once for the horizon, and from earlier origins for its backtest.
import { createShiftFinder, type LevelShift } from './level-shift.ts'
import { ensembleName, singleModelNames, slowModelName, type ForecastModelName } from './model-names.ts'
import { models as modelsByName } from './models.ts'
import { medianInPlace, type SeriesHistory } from './series-history.ts'
import type { StepCalendar } from './step-calendar.ts'

/** Windows of the horizon, at most; they lie one after the other in the latest half of the history. */
const maxWindows = 8

export interface MeasuredSeries {
  /** By step of the calendar; NaN where nothing was measured. Steps from `origin` on may be missing. */
  readonly values: Float64Array
  /** First measured step. */
  readonly from: number
  /** First step of the horizon. */
  readonly origin: number
  /** Greatest value of a forecast. */
  readonly ceiling: number
}

/** The forecast of one model from one origin. */
export interface Forecast {
  readonly model: ForecastModelName
  readonly origin: number
  /** 0 from the origin of the horizon, 1 from the one before it, and so on. */
  readonly window: number
  /** Values of the steps from the origin on. */
  readonly predicted: Float64Array
  /** Size of the errors to expect, as far as the history before the origin tells. */
  readonly scale: number
}

/** Origins from the earliest to that of the horizon, each with the steps that are forecast from it. */
export const rollingOrigins = (from: number, origin: number, horizon: number): { origin: number; steps: number }[] => {
  const half = Math.floor((origin - from) / 2)
  const windows = Math.min(maxWindows, Math.floor(half / horizon))
  const backtests =
    windows === 0 && half > 0
      ? [{ origin: origin - half, steps: half }]
      : Array.from({ length: windows }, (_, index) => ({ origin: origin - (windows - index) * horizon, steps: horizon }))
  return [...backtests, { origin, steps: horizon }]
}

export interface SeriesForecasts {
  /** Ordered by model, then origin. */
  readonly forecasts: readonly Forecast[]
  /** The latest lasting change of level before the horizon. */
  readonly shift: LevelShift | null
}

/** What lies before a lasting change of level is left out, as far as an origin can know of it. */
export const forecastSeries = (
  series: MeasuredSeries,
  calendar: StepCalendar,
  horizon: number,
  models: readonly ForecastModelName[],
): SeriesForecasts => {
  const findShift = createShiftFinder(series.values, series.from, series.origin, calendar.season)
  const origins = rollingOrigins(series.from, series.origin, horizon).map(({ origin, steps }, index, { length }) => {
    const history: SeriesHistory = { calendar, values: series.values, from: findShift(origin)?.step ?? series.from, origin }
    return {
      origin,
      window: length - 1 - index,
      scale: errorScale(history),
      predictedBy: forecastOrigin(history, steps, models, series.ceiling),
    }
  })
  const forecasts = models.flatMap((model) =>
    origins.map(({ origin, window, scale, predictedBy }) => ({ model, origin, window, scale, predicted: predictedBy.get(model)! })),
  )
  return { forecasts, shift: findShift(series.origin) }
}

const forecastOrigin = (
  history: SeriesHistory,
  steps: number,
  models: readonly ForecastModelName[],
  ceiling: number,
): ReadonlyMap<ForecastModelName, Float64Array> => {
  const hasEnsemble = models.includes(ensembleName)
  const predicted = new Map<ForecastModelName, Float64Array>()
  for (const name of [...singleModelNames, slowModelName] as const) {
    if (!models.includes(name) && (!hasEnsemble || name === slowModelName)) continue
    const values = modelsByName[name](history, steps)
    predicted.set(
      name,
      values.map((value) => Math.min(ceiling, Math.max(0, value))),
    )
  }
  if (hasEnsemble) {
    const singles = singleModelNames.map((name) => predicted.get(name)!)
    predicted.set(
      ensembleName,
      Float64Array.from({ length: steps }, (_, ahead) => medianInPlace(Float64Array.from(singles, (values) => values[ahead]!))),
    )
  }
  return predicted
}

/** Weeks that the scale is taken from. */
const scaleSeasons = 8

/** The mean absolute change from week to week of the same weekday (and hour) over the last weeks: what MASE scales errors by. */
const errorScale = ({ calendar: { season }, values, from, origin }: SeriesHistory): number => {
  let sum = 0
  let pairs = 0
  for (let step = Math.max(from + season, origin - scaleSeasons * season); step < origin; step++) {
    const change = Math.abs(values[step]! - values[step - season]!)
    if (Number.isNaN(change)) continue
    sum += change
    pairs++
  }
  return pairs === 0 ? 0 : sum / pairs
}

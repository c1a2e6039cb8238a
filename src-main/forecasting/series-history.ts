// What a model sees of a series: the values of its steps up to an origin, and the calendar of all steps.
import type { StepCalendar } from './step-calendar.ts'

export interface SeriesHistory {
  readonly calendar: StepCalendar
  /** By step of the calendar; NaN where nothing was measured. */
  readonly values: Float64Array
  /** First step that counts. */
  readonly from: number
  /** First step that is forecast: values from here on are unknown to the model. */
  readonly origin: number
}

/** Forecasts the steps origin..origin+horizon-1 of a history that holds at least one value. */
export type ForecastModel = (history: SeriesHistory, horizon: number) => Float64Array

/** Four weeks: what models call recent. */
export const recentSeasons = 4

/** The values of steps from..to-1 that were measured. */
export const measuredValues = (values: Float64Array, from: number, to: number): Float64Array =>
  values.subarray(Math.max(0, from), Math.max(0, to)).filter((value) => !Number.isNaN(value))

/** Sorts `values`; NaN without any. */
export const medianInPlace = (values: Float64Array): number => {
  const { length } = values
  if (length === 0) return Number.NaN
  values.sort()
  const middle = length >> 1
  return length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2
}

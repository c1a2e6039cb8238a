// Seasonality of one series: the uplift of each quarter end, holiday and weekend, and the mean effect over repeated observations.
import { studentTLimit } from '../../statistics/student-t.ts'
import type { OrdinaryLines } from './measure-trend.ts'
import { measureUplifts } from './measure-uplifts.ts'
import { measureWeeks } from './measure-weeks.ts'
import type { SeasonCalendar } from './season-calendar.ts'

export interface SeriesSeason {
  /** Per quarter, holiday and week of the calendar, in the metric's unit; NaN where it was not measured. */
  readonly quarterEnds: Float64Array
  readonly holidays: Float64Array
  readonly weekends: Float64Array
  readonly weeklyStrength: number | null
}

/** `values`: a mean per day of the calendar, NaN where missing. `lines`: theirs, where they are known. Weekly values have neither holidays nor weekends. */
export const measureSeriesSeason = (
  values: Float64Array,
  calendar: SeasonCalendar,
  stepDays: number,
  lines?: OrdinaryLines,
): SeriesSeason => {
  const { quarterEnds, holidays } = measureUplifts(values, calendar, stepDays, lines)
  const { weekends, strength } = measureWeeks(values)
  return { quarterEnds, holidays: stepDays > 1 ? holidays.fill(Number.NaN) : holidays, weekends, weeklyStrength: strength }
}

/** Nominal level of the intervals of uplifts. */
export const upliftLevel = 0.95

export interface Effect {
  /** NULL without an observation. */
  readonly mean: number | null
  readonly count: number
  /** Sample standard deviation over the square root of the count; NULL below two. */
  readonly standardError: number | null
  /** 95 % interval of the mean by Student's t; NULL below two observations. */
  readonly low: number | null
  readonly high: number | null
}

/** Of the values that are not NaN, in their order. */
export const estimateEffect = (values: Float64Array): Effect => {
  let count = 0
  let sum = 0
  // By index, as in `maximumOf`.
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (Number.isNaN(value)) continue
    count += 1
    sum += value
  }
  if (count === 0) return { mean: null, count, standardError: null, low: null, high: null }
  const mean = sum / count
  if (count === 1) return { mean, count, standardError: null, low: null, high: null }
  let squares = 0
  for (let index = 0; index < values.length; index++) if (!Number.isNaN(values[index]!)) squares += (values[index]! - mean) ** 2
  const standardError = Math.sqrt(squares / (count - 1) / count)
  const margin = studentTLimit(upliftLevel, count - 1) * standardError
  return { mean, count, standardError, low: mean - margin, high: mean + margin }
}

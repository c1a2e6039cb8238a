// Trend of one series without its season: slope over ordinary days, standard error over weeks, and time to exhaustion.
import { percentileOf } from '../../statistics/percentile.ts'
import { studentTLimit } from '../../statistics/student-t.ts'
import { dayMarks, type SeasonCalendar } from './season-calendar.ts'

/** Parallel lines through the ordinary days, one per weekday; one line for values of more than a day. */
export interface OrdinaryLines {
  /** Per day; NaN where no line has two days. */
  readonly slope: number
  /** Value of each weekday's line on day 0 of the calendar; NaN for a weekday without a value. */
  readonly levels: Float64Array
}

/** With less, a slope says nothing. */
const minDays = 28

/**
 * Least squares over ordinary days with one intercept per weekday: a single intercept would count part of the weekly pattern as trend.
 * `values`: a mean per day of the calendar, NaN where missing. `stepDays`: days from one value to the next, at least 1.
 */
export const fitOrdinaryLines = (values: Float64Array, { ordinaryDays, weekday }: SeasonCalendar, stepDays: number): OrdinaryLines => {
  const counts = new Int32Array(7)
  const meanDays = new Float64Array(7)
  const means = new Float64Array(7)
  const isByWeekday = stepDays <= 1
  for (let index = 0; index < ordinaryDays.length; index++) {
    const dayIndex = ordinaryDays[index]!
    const value = values[dayIndex]!
    if (Number.isNaN(value)) continue
    const line = isByWeekday ? weekday[dayIndex]! : 0
    counts[line]! += 1
    meanDays[line]! += dayIndex
    means[line]! += value
  }
  for (let line = 0; line < 7; line++) {
    meanDays[line]! /= counts[line]!
    means[line]! /= counts[line]!
  }
  let products = 0
  let squares = 0
  for (let index = 0; index < ordinaryDays.length; index++) {
    const dayIndex = ordinaryDays[index]!
    const value = values[dayIndex]!
    if (Number.isNaN(value)) continue
    const line = isByWeekday ? weekday[dayIndex]! : 0
    const distance = dayIndex - meanDays[line]!
    products += distance * (value - means[line]!)
    squares += distance * distance
  }
  const slope = products / squares
  const levels = means.map((_, weekdayIndex) => {
    const line = isByWeekday ? weekdayIndex : 0
    return means[line]! - slope * meanDays[line]!
  })
  return { slope, levels }
}

/** Whether the measured days suffice for a trend. */
export const hasTrend = (measured: Float64Array, stepDays: number): boolean => {
  let count = 0
  // By index, as in `maximumOf`.
  for (let dayIndex = 0; dayIndex < measured.length; dayIndex++) if (!Number.isNaN(measured[dayIndex]!)) count += 1
  return count * stepDays >= minDays
}

/** A least-squares line through the weekly means of the measured ordinary days, without the weekdays' levels. */
export interface WeeklyTrend {
  /** Per day. */
  readonly slope: number
  /** Newey and West 1987, with Bartlett weights up to lag floor(4 (n / 100)^(2/9)) and the factor n / (n - 2). */
  readonly standardError: number
  /** Weeks less two. */
  readonly degreesOfFreedom: number
  /** Mean of the weeks' mean days, as an index of the calendar. */
  readonly meanDay: number
}

/** Null below 28 measured days or three weeks. `lines`: those of `measured`, where they are known. */
export const measureWeeklyTrend = (
  measured: Float64Array,
  calendar: SeasonCalendar,
  stepDays: number,
  lines?: OrdinaryLines,
): WeeklyTrend | null => {
  if (!hasTrend(measured, stepDays)) return null
  const { levels } = lines ?? fitOrdinaryLines(measured, calendar, stepDays)
  const days: number[] = []
  const means: number[] = []
  for (let monday = 0; monday < measured.length; monday += 7) {
    let count = 0
    let daySum = 0
    let sum = 0
    for (let dayIndex = monday; dayIndex < monday + 7; dayIndex++) {
      const value = measured[dayIndex]!
      if (calendar.markOfDay[dayIndex] !== dayMarks.ordinary || Number.isNaN(value)) continue
      count += 1
      daySum += dayIndex
      sum += value - levels[calendar.weekday[dayIndex]!]!
    }
    if (count === 0) continue
    days.push(daySum / count)
    means.push(sum / count)
  }
  return days.length < 3 ? null : fitWeeks(days, means)
}

const fitWeeks = (days: readonly number[], means: readonly number[]): WeeklyTrend => {
  const n = days.length
  const meanDay = days.reduce((sum, day) => sum + day, 0) / n
  const mean = means.reduce((sum, value) => sum + value, 0) / n
  const squares = days.reduce((sum, day) => sum + (day - meanDay) ** 2, 0)
  const slope = days.reduce((sum, day, week) => sum + (day - meanDay) * (means[week]! - mean), 0) / squares
  const scores = days.map((day, week) => (day - meanDay) * (means[week]! - mean - slope * (day - meanDay)))
  const covariance = (lag: number): number => scores.reduce((sum, score, week) => sum + (week < lag ? 0 : score * scores[week - lag]!), 0)
  const maxLag = Math.floor(4 * (n / 100) ** (2 / 9))
  let total = covariance(0)
  for (let lag = 1; lag <= maxLag; lag++) total += 2 * (1 - lag / (maxLag + 1)) * covariance(lag)
  const standardError = Math.sqrt((Math.max(0, total) * n) / (n - 2)) / squares
  return { slope, standardError, degreesOfFreedom: n - 2, meanDay }
}

/** Whether the measured slope lies above 0 with its whole 95 % interval. */
export const isRising = ({ slope, standardError, degreesOfFreedom }: WeeklyTrend): boolean =>
  slope > studentTLimit(0.95, degreesOfFreedom) * standardError

/** Day indexes of the calendar, fractions included; null beyond five years after the last measured value. */
export interface Exhaustion {
  readonly at: number | null
  /** From the limits of the slope's 80 % interval. */
  readonly earliest: number | null
  readonly latest: number | null
}

const maxDaysAhead = 5 * 365.25

/**
 * When the trend line plus the 95th percentile of the measured values about it reaches the threshold. The line turns about its mean day.
 * `days`: day indexes of the values, fractions included, ascending; at least one.
 */
export const estimateExhaustion = (trend: WeeklyTrend, days: Float64Array, actual: Float64Array, threshold: number): Exhaustion => {
  const { slope, standardError, degreesOfFreedom, meanDay } = trend
  const detrended = new Float64Array(actual.length)
  // By index, as in `maximumOf`.
  for (let row = 0; row < actual.length; row++) detrended[row] = actual[row]! - slope * (days[row]! - meanDay)
  detrended.sort()
  const distance = threshold - percentileOf(detrended, 0.95)
  const lastDay = days.at(-1)! + maxDaysAhead
  const dayFor = (growth: number): number | null => {
    const day = meanDay + distance / growth
    return growth > 0 && day <= lastDay ? day : null
  }
  const margin = studentTLimit(0.8, degreesOfFreedom) * standardError
  return { at: dayFor(slope), earliest: dayFor(slope + margin), latest: dayFor(slope - margin) }
}

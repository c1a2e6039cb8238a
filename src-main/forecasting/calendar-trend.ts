// calendar_trend: a robust line, weekday levels and effects of quarter ends, month ends and holidays, each shrunk by its standard error.
import { pairSlopes } from '../statistics/theil-sen.ts'
import { recentMedian } from './flat-median.ts'
import { measuredValues, medianInPlace, type SeriesHistory } from './series-history.ts'

/** Weeks that the line is laid through. */
const trendSeasons = 26
/** With fewer weekly medians a slope says nothing. */
const minTrendSeasons = 6
/** Weeks that the weekday levels are taken from. */
const weekdaySeasons = 8
/** The trend holds for 30 days; every later day adds 0.9 of what the day before added. */
const trendDays = 30
const damping = 0.9
/** Of a Normal sample, the standard deviation over the median absolute deviation, and the standard error of the median over that of the mean. */
const madToDeviation = 1.4826
const medianErrorFactor = 1.2533

/** Positive-part James-Stein: an estimate no greater than its standard error is 0. */
export const shrink = (estimate: number, error: number): number => {
  if (!Number.isFinite(error) || estimate === 0) return 0
  return estimate * Math.max(0, 1 - (error / estimate) ** 2)
}

/** How many days of trend lie `days` ahead. */
export const dampedDays = (days: number): number =>
  days <= trendDays ? days : trendDays + (damping * (1 - damping ** (days - trendDays))) / (1 - damping)

export const calendarTrend = (history: SeriesHistory, horizon: number): Float64Array => {
  const { calendar, values, from, origin } = history
  const { season, stepsPerDay, weekSlot } = calendar
  const slope = shrunkSlope(weeklyMedians(history)) / season
  const detrended = values.slice(0, origin)
  for (let step = from; step < origin; step++) detrended[step] = values[step]! + slope * (origin - 1 - step)
  const flat = { ...history, values: detrended }
  const level = recentMedian(flat)
  const weekdays = weekdayLevels(flat, level)
  const residualOf = residualReader(flat, weekdays)
  const effects = (['quarterEnd', 'monthEnd', 'holiday'] as const).map((kind) => ({
    occasions: calendar[kind],
    effect: occasionEffect(calendar[kind], history, residualOf),
  }))
  return Float64Array.from({ length: horizon }, (_, ahead) => {
    const step = origin + ahead
    const trend = slope * stepsPerDay * dampedDays((ahead + 1) / stepsPerDay)
    const base = level + trend + weekdays[weekSlot[step]!]!
    return effects.reduce((sum, { occasions, effect }) => (occasions[step] === 0 ? sum : sum + effect), base)
  })
}

/** Medians of the weeks before the origin, the latest first; NaN for a week with less than half of its values. */
const weeklyMedians = ({ calendar: { season }, values, from, origin }: SeriesHistory): Float64Array =>
  Float64Array.from({ length: Math.floor((origin - from) / season) }, (_, back) => {
    const week = measuredValues(values, origin - (back + 1) * season, origin - back * season)
    return week.length * 2 < season ? Number.NaN : medianInPlace(week)
  })

/** Theil-Sen slope of the latest weekly medians per week, shrunk by the error of a least-squares line with the residuals' robust deviation. */
const shrunkSlope = (weeks: Float64Array): number => {
  const used = Math.min(weeks.length, trendSeasons)
  const times: number[] = []
  for (let back = 0; back < used; back++) if (!Number.isNaN(weeks[back]!)) times.push(back)
  if (times.length < minTrendSeasons) return 0
  const slopes = pairSlopes(
    times.map((back) => -back),
    times.map((back) => weeks[back]!),
  )
  const slope = medianInPlace(slopes)
  const residuals = Float64Array.from(times, (back) => weeks[back]! + slope * back)
  const centre = medianInPlace(residuals.slice())
  const deviation = madToDeviation * medianInPlace(residuals.map((value) => Math.abs(value - centre)))
  const mean = times.reduce((sum, back) => sum + back, 0) / times.length
  const spread = times.reduce((sum, back) => sum + (back - mean) ** 2, 0)
  return shrink(slope, deviation / Math.sqrt(spread))
}

/** By place in the week: the median distance from the level over the last weeks, shrunk. */
const weekdayLevels = ({ calendar, values, from, origin }: SeriesHistory, level: number): Float64Array => {
  const { season, weekSlot } = calendar
  const bySlot = Array.from({ length: season }, (): number[] => [])
  for (let step = Math.max(from, origin - weekdaySeasons * season); step < origin; step++) {
    if (!Number.isNaN(values[step]!)) bySlot[weekSlot[step]!]!.push(values[step]! - level)
  }
  return Float64Array.from(bySlot, (distances) => {
    if (distances.length < 2) return 0
    const median = medianInPlace(Float64Array.from(distances))
    const deviation = madToDeviation * medianInPlace(Float64Array.from(distances, (value) => Math.abs(value - median)))
    return shrink(median, (medianErrorFactor * deviation) / Math.sqrt(distances.length))
  })
}

/** Distance of a value from the level of its time (the median of five weekly medians around it) and its weekday. */
const residualReader = (history: SeriesHistory, weekdays: Float64Array): ((step: number) => number) => {
  const { calendar, values, origin } = history
  const { season, weekSlot } = calendar
  const weeks = weeklyMedians(history)
  const levels = weeks.map((_, back) => medianInPlace(measuredValues(weeks, back - 2, back + 3)))
  return (step) => values[step]! - (levels[Math.floor((origin - 1 - step) / season)] ?? Number.NaN) - weekdays[weekSlot[step]!]!
}

/** The mean over occasions of each occasion's mean residual, shrunk; 0 with fewer than two occasions. */
const occasionEffect = (occasions: Uint16Array, { from, origin }: SeriesHistory, residualOf: (step: number) => number): number => {
  const means: number[] = []
  let sum = 0
  let count = 0
  for (let step = from; step < origin; step++) {
    const occasion = occasions[step]!
    if (occasion === 0) continue
    const residual = residualOf(step)
    if (!Number.isNaN(residual)) {
      sum += residual
      count++
    }
    // An occasion that the origin cuts counts with the days that it has.
    if (step + 1 < origin && occasions[step + 1] === occasion) continue
    if (count > 0) means.push(sum / count)
    sum = 0
    count = 0
  }
  if (means.length < 2) return 0
  const mean = means.reduce((total, value) => total + value, 0) / means.length
  const variance = means.reduce((total, value) => total + (value - mean) ** 2, 0) / (means.length - 1)
  return shrink(mean, Math.sqrt(variance / means.length))
}

// Quarter ends and holidays as SQL that marks rows with them.
import type { TimeZone } from './time-zone.ts'

/** The last `days` of each of the `months` (1 to 12). */
export interface EoqWindow {
  readonly months: readonly number[]
  readonly days: number
}

export interface Calendar {
  /** SQL for whether a TIMESTAMP expression is inside an end-of-quarter window. */
  readonly isEoq: (ts: string) => string
  /** SQL for whether a TIMESTAMP expression is on a public or bank holiday. */
  readonly isHoliday: (ts: string) => string
  /** The zone whose days these are; TIMESTAMP expressions are in UTC. */
  readonly zone: TimeZone
}

/** Whole years, both included. */
export interface YearSpan {
  readonly firstYear: number
  readonly lastYear: number
}

export interface HolidayDate {
  /** YYYY-MM-DD, the local date. */
  readonly day: string
  readonly name: string
}

/** SQL marks for the days of these years, whose holidays are `holidays`. Other days are unmarked. */
export const calendarForYears = (
  eoqWindow: EoqWindow,
  holidays: readonly HolidayDate[],
  { firstYear, lastYear }: YearSpan,
  zone: TimeZone,
): Calendar => {
  const firstDay = firstDayOfYear(firstYear)
  const dayCount = firstDayOfYear(lastYear + 1) - firstDay
  const dayNumbers = Array.from({ length: dayCount }, (_, index) => firstDay + index)
  const holidayNumbers = new Set(holidays.map(({ day }) => Date.parse(day) / dayMs))
  return {
    zone,
    isEoq: dayLookup(
      zone,
      firstDay,
      dayNumbers.map((day) => isInEoqWindow(day, eoqWindow)),
    ),
    isHoliday: dayLookup(
      zone,
      firstDay,
      dayNumbers.map((day) => holidayNumbers.has(day)),
    ),
  }
}

/** Limits of the calendar around the middle of the forecasts, so that a wrong date such as the year 9999 does not extend it. */
const maxYearsBack = 40
const maxYearsAhead = 20
const dayMs = 86_400_000

/** The calendar's years for forecasts from `first` to `last`, half of whose series are measured up to `middle`. */
export const yearsOfForecasts = (first: number, middle: number, last: number): YearSpan => {
  const firstYear = Math.max(first, middle - maxYearsBack)
  const lastYear = Math.min(last, middle + maxYearsAhead)
  // The heatmap looks back as far as the horizon is long, and its last column may end after the last forecast.
  return { firstYear: Math.max(1, firstYear - Math.min(lastYear - firstYear + 1, maxYearsBack)), lastYear: lastYear + 1 }
}

/** All years that the calendar can cover for forecasts around the year `middle`. */
export const yearsAround = (middle: number): YearSpan => ({
  firstYear: Math.max(1, middle - maxYearsBack),
  lastYear: middle + maxYearsAhead + 1,
})

/** First day of a year, in days since 1970. */
const firstDayOfYear = (year: number): number => new Date(0).setUTCFullYear(year) / dayMs

/** Whether a UTC day, in days since 1970, is in the window. */
export const isInEoqWindow = (day: number, { months, days }: EoqWindow): boolean => {
  const date = new Date(day * dayMs)
  const lastOfMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return months.includes(date.getUTCMonth() + 1) && lastOfMonth - date.getUTCDate() < days
}

/**
 * Looks up one bit per day by its position. The first and the last bit are 0 and cover all earlier and all later days. DuckDB would turn
 * an IN list of dates into a join, and joins change the order of rows.
 */
const dayLookup = (zone: TimeZone, firstDay: number, isMarked: readonly boolean[]): ((ts: string) => string) => {
  const bits = [false, ...isMarked, false].map((isMarkedDay) => (isMarkedDay ? '1' : '0')).join('')
  const dayBefore = `(DATE '1970-01-01' + ${firstDay - 1})`
  return (ts) => {
    // The cast comes last: functions before it are computed once per value of a dictionary.
    const position = `greatest(0, least(${isMarked.length + 1}, date_diff('day', ${dayBefore}, ${zone.localSql(ts)})))`
    return `(get_bit(CAST('${bits}' AS BIT), CAST(${position} AS INTEGER)) = 1)`
  }
}

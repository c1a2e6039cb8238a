// Quarter ends and holidays: the dates a configuration implies, and the SQL that marks rows with them.
import Holidays from 'date-holidays'
import { z } from 'zod'
import { literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'

/** The last `days` of each of the `months` (1 to 12). */
export interface EoqWindow {
  readonly months: readonly number[]
  readonly days: number
}

export interface Calendar {
  /** SQL over a TIMESTAMP expression: inside the end-of-quarter window? */
  readonly isEoq: (ts: string) => string
  /** SQL over a TIMESTAMP expression: on a public or bank holiday? */
  readonly isHoliday: (ts: string) => string
}

/** Marks for the years that the set and its picture cover; creates table `holidays` (day DATE, name). Times beyond are unmarked. */
export const createCalendar = async (database: Database, config: AnalysisConfig, eoqWindow: EoqWindow): Promise<Calendar> => {
  const span = await database.row(
    `SELECT greatest(CAST(year(min(first_at)) AS INTEGER), middle - ${maxYearsBack}) AS first_year,
            least(CAST(year(max(last_at)) AS INTEGER), middle + ${maxYearsAhead}) AS last_year
     FROM series_models, (SELECT CAST(year(quantile_disc(coalesce(last_measured_at, first_at), 0.5)) AS INTEGER) AS middle FROM series_models)
     GROUP BY middle`,
    z.object({ first_year: z.int(), last_year: z.int() }),
  )
  // The picture looks back as far as the horizon is long, and its last column may end after the set does.
  const first_year = Math.max(1, span.first_year - Math.min(span.last_year - span.first_year + 1, maxYearsBack))
  const last_year = span.last_year + 1
  const days = holidayDates(config, first_year, last_year)
  await database.run('CREATE OR REPLACE TABLE holidays (day DATE, name VARCHAR)')
  for (const { day, name } of days) await database.run('INSERT INTO holidays VALUES (CAST(? AS DATE), ?)', [day, name])
  return calendarForYears(eoqWindow, days, { first_year, last_year })
}

/** Marks for whole years, both included; `days`: their holidays. */
export const calendarForYears = (
  eoqWindow: EoqWindow,
  days: readonly HolidayDate[],
  { first_year, last_year }: { readonly first_year: number; readonly last_year: number },
): Calendar => {
  const firstDay = firstDayOfYear(first_year)
  const dayCount = firstDayOfYear(last_year + 1) - firstDay
  const dayNumbers = Array.from({ length: dayCount }, (_, index) => firstDay + index)
  const holidays = new Set(days.map(({ day }) => Date.parse(day) / dayMs))
  return {
    isEoq: dayLookup(
      firstDay,
      dayNumbers.map((day) => isInEoqWindow(day, eoqWindow)),
    ),
    isHoliday: dayLookup(
      firstDay,
      dayNumbers.map((day) => holidays.has(day)),
    ),
  }
}

/** A stray date, such as the year 9999, does not stretch the calendar: it reaches so far around the middle of the series' ends. */
const maxYearsBack = 40
const maxYearsAhead = 20
const dayMs = 86_400_000

/** The years that marks reach to where `middle` is about the year of the set: all that it can hold but strays. */
export const yearsAround = (middle: number): { readonly first_year: number; readonly last_year: number } => ({
  first_year: Math.max(1, middle - maxYearsBack),
  last_year: middle + maxYearsAhead + 1,
})

/** First day of a year, counted from 1970. */
const firstDayOfYear = (year: number): number => new Date(0).setUTCFullYear(year) / dayMs

/** Whether a day (counted from 1970, UTC) is one of the last `days` of one of the `months` (1 to 12). */
export const isInEoqWindow = (day: number, { months, days }: EoqWindow): boolean => {
  const date = new Date(day * dayMs)
  const lastOfMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return months.includes(date.getUTCMonth() + 1) && lastOfMonth - date.getUTCDate() < days
}

/**
 * A bit per day, looked up by position, with one that marks nothing for all days before and one for all after. A list of dates after IN
 * would become a join, and joins put rows out of order.
 */
const dayLookup = (firstDay: number, isMarked: readonly boolean[]): ((ts: string) => string) => {
  const bits = literal([false, ...isMarked, false].map((isMarkedDay) => (isMarkedDay ? '1' : '0')).join(''))
  const dayBefore = `(DATE '1970-01-01' + ${firstDay - 1})`
  return (ts) => {
    const position = `greatest(0, least(${isMarked.length + 1}, CAST(date_diff('day', ${dayBefore}, ${ts}) AS INTEGER)))`
    return `(get_bit(CAST(${bits} AS BIT), ${position}) = 1)`
  }
}

export interface HolidayDate {
  /** YYYY-MM-DD, the holiday's own local date. */
  readonly day: string
  readonly name: string
}

/** Public and bank holidays of the configured country and state, ascending, one per day. Source: date-holidays. */
export const holidayDates = (
  config: Pick<AnalysisConfig, 'holiday_country' | 'holiday_state'>,
  firstYear: number,
  lastYear: number,
): HolidayDate[] => {
  const calendar = new Holidays()
  const countries = Object.keys(calendar.getCountries())
  if (!countries.includes(config.holiday_country)) {
    throw new HeadroomError('config-invalid', `holiday_country ${config.holiday_country} is not a known country.`, {
      next: 'Use a two-letter country code such as US, GB or DE.',
    })
  }
  const states = Object.keys(calendar.getStates(config.holiday_country) ?? {})
  if (config.holiday_state !== undefined && !states.includes(config.holiday_state)) {
    throw new HeadroomError('config-invalid', `holiday_state ${config.holiday_state} is not a state of ${config.holiday_country}.`, {
      next: states.length === 0 ? 'Leave holiday_state out.' : `Use one of ${states.join(', ')}.`,
    })
  }
  if (config.holiday_state === undefined) calendar.init(config.holiday_country)
  else calendar.init(config.holiday_country, config.holiday_state)
  const byDay = new Map<string, string>()
  for (let year = firstYear; year <= lastYear; year++) {
    for (const holiday of calendar.getHolidays(year)) {
      if (holiday.type !== 'public' && holiday.type !== 'bank') continue
      const day = holiday.date.slice(0, 10)
      if (!byDay.has(day)) byDay.set(day, holiday.name)
    }
  }
  return [...byDay].map(([day, name]) => ({ day, name })).sort((a, b) => (a.day < b.day ? -1 : 1))
}

// Quarter ends and holidays: their dates by the configuration, and SQL that marks rows with them.
import Holidays from 'date-holidays'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { TimeZone } from './time-zone.ts'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'

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
    const position = `greatest(0, least(${isMarked.length + 1}, CAST(date_diff('day', ${dayBefore}, ${zone.localSql(ts)}) AS INTEGER)))`
    return `(get_bit(CAST('${bits}' AS BIT), ${position}) = 1)`
  }
}

export interface HolidayDate {
  /** YYYY-MM-DD, the local date. */
  readonly day: string
  readonly name: string
}

/** The zones of a country; none if it is unknown. */
export const holidayTimeZones = (country: string): string[] => new Holidays(country).getTimezones() ?? []

interface Region {
  readonly calendar: Holidays
  readonly years: Map<number, readonly HolidayDate[]>
}
const regions = new Map<string, Region>()

/** Public and bank holidays alone: observances and school holidays are days of work, and dating them takes most of the time. */
const openRegion = (country: string, state: string): Region => {
  const calendar = new Holidays()
  calendar.init(country, state, '', { types: ['public', 'bank'] })
  return { calendar, years: new Map() }
}

const dayOf = ({ date }: { readonly date: string }): string => date.slice(0, 10)

/** Days off of a year, in the order of the source. A region takes milliseconds to date, so each is dated once per process. */
const daysOff = (country: string, state: string, year: number): readonly HolidayDate[] => {
  const name = `${country} ${state}`
  const region = regions.get(name) ?? openRegion(country, state)
  regions.set(name, region)
  const days = region.years.get(year) ?? region.calendar.getHolidays(year).map((holiday) => ({ day: dayOf(holiday), name: holiday.name }))
  region.years.set(year, days)
  return days
}

/** Public and bank holidays of the configured country and state, ascending, one per day. Source: date-holidays. */
export const holidayDates = (
  config: Pick<AnalysisConfig, 'holiday_country' | 'holiday_state'>,
  { firstYear, lastYear }: YearSpan,
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
  const byDay = new Map<string, string>()
  for (let year = firstYear; year <= lastYear; year++) {
    for (const { day, name } of daysOff(config.holiday_country, config.holiday_state ?? '', year)) if (!byDay.has(day)) byDay.set(day, name)
  }
  return [...byDay].map(([day, name]) => ({ day, name })).sort((a, b) => (a.day < b.day ? -1 : 1))
}

type RegionalHoliday = HolidayDate & { readonly states: readonly string[] }
const regionalHolidays = new Map<string, RegionalHoliday | null>()

/** A holiday that most states of the country keep, but not the country as a whole; null where a state is set, or without one. */
export const commonRegionalHoliday = (
  { holiday_country: country, holiday_state: state }: Pick<AnalysisConfig, 'holiday_country' | 'holiday_state'>,
  year: number,
): RegionalHoliday | null => {
  if (state !== undefined) return null
  const name = `${country} ${year}`
  const known = regionalHolidays.get(name)
  const found = known === undefined ? findRegionalHoliday(country, year) : known
  regionalHolidays.set(name, found)
  return found
}

const findRegionalHoliday = (country: string, year: number): RegionalHoliday | null => {
  const states = Object.keys(new Holidays().getStates(country) ?? {})
  const nationwide = openRegion(country, '').calendar.getHolidays(year)
  const national = new Set(nationwide.map(dayOf))
  const keptBy = new Map<string, number>()
  let most = 0
  for (const [index, name] of states.entries()) {
    // Every state takes some milliseconds, and most countries have no such holiday.
    if (2 * (most + states.length - index) <= states.length) return null
    const { calendar } = openRegion(country, name)
    // Dating the rules that the whole country has takes most of the time, and their days do not count.
    for (const { rule } of nationwide) calendar.unsetRule(rule)
    const regional = new Map(calendar.getHolidays(year).map((holiday) => [dayOf(holiday), { day: dayOf(holiday), name: holiday.name }]))
    for (const holiday of regional.values()) {
      if (national.has(holiday.day)) continue
      const count = (keptBy.get(holiday.day) ?? 0) + 1
      if (2 * count > states.length) return { ...holiday, states }
      keptBy.set(holiday.day, count)
      most = Math.max(most, count)
    }
  }
  return null
}

// Dates of holidays by country and state. Its library takes long to load: an analysis imports this file while the database works.
import Holidays from 'date-holidays'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { HolidayDate, YearSpan } from './calendar.ts'

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

/**
 * Countries with states none of whose holidays most states keep alone, in any of the years 1990 to 2060. Found by looking, which takes a tenth of
 * a second for the 51 of the US, as much as a small analysis computes otherwise.
 */
export const countriesWithoutCommonRegional: ReadonlySet<string> = new Set(
  'AG AT BA BE BO BR CK CL CV EC GT HR IC IN IT MD NL NZ PE PK RU US VE'.split(' '),
)
export const yearsWithoutCommonRegional: YearSpan = { firstYear: 1990, lastYear: 2060 }

type RegionalHoliday = HolidayDate & { readonly states: readonly string[] }
const regionalHolidays = new Map<string, RegionalHoliday | null>()

/** A holiday that most states of the country keep, but not the country as a whole; null where a state is set, or without one. */
export const commonRegionalHoliday = (
  { holiday_country: country, holiday_state: state }: Pick<AnalysisConfig, 'holiday_country' | 'holiday_state'>,
  year: number,
): RegionalHoliday | null => {
  if (state !== undefined) return null
  const { firstYear, lastYear } = yearsWithoutCommonRegional
  if (countriesWithoutCommonRegional.has(country) && year >= firstYear && year <= lastYear) return null
  const name = `${country} ${year}`
  const known = regionalHolidays.get(name)
  const found = known === undefined ? findRegionalHoliday(country, year) : known
  regionalHolidays.set(name, found)
  return found
}

/** As `commonRegionalHoliday`, always by looking. Exported for its test. */
export const findRegionalHoliday = (country: string, year: number): RegionalHoliday | null => {
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

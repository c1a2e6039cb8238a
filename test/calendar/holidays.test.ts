// Holidays of several countries and years against the lists that their governments publish.
import { describe, expect, test } from 'vitest'
import {
  commonRegionalHoliday,
  countriesWithoutCommonRegional,
  findRegionalHoliday,
  holidayDates,
  yearsWithoutCommonRegional,
} from '../../src-main/calendar/holidays.ts'

/** Month-days of a year. */
const calculated = (year: number, holiday_country: string, holiday_state?: string): string[] =>
  holidayDates({ holiday_country, holiday_state }, { firstYear: year, lastYear: year })
    .map(({ day }) => day)
    .filter((day) => day.startsWith(`${year}-`))
    .map((day) => day.slice(5))
    .filter((day, index, days) => days.indexOf(day) === index)
    .sort()

const list = (text: string): string[] =>
  text
    .trim()
    .split(/\s+/)
    .filter((day) => day !== '')

/** The published days, and what we mark besides. */
const days = (publishedDates: string, additional = ''): string[] => [...list(publishedDates), ...list(additional)].sort()

describe('United States, federal (opm.gov, "Federal Holidays")', () => {
  // Besides: the days themselves where a weekend moves the observance.
  test.each([
    [2021, '01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31', '06-19 07-04 12-25'],
    [2023, '01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25', '01-01 11-11'],
    [2024, '01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25', ''],
    [2025, '01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25', ''],
    [2026, '01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25', '07-04'],
  ])('%i', (year, publishedDates, additional) => expect(calculated(year, 'US')).toEqual(days(publishedDates, additional)))
})

describe('England and Wales (gov.uk/bank-holidays)', () => {
  // 2022: Platinum Jubilee and the Queen's funeral; 2023: the coronation.
  test.each([
    [2022, '01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27', '01-01 12-25'],
    [2023, '01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26', '01-01'],
    [2024, '01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26', ''],
    [2025, '01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26', ''],
    [2026, '01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28', '12-26'],
  ])('%i', (year, publishedDates, additional) => expect(calculated(year, 'GB', 'ENG')).toEqual(days(publishedDates, additional)))
})

describe('Scotland and Northern Ireland (gov.uk/bank-holidays)', () => {
  test('2025', () => {
    expect(calculated(2025, 'GB', 'SCT')).toEqual(days('01-01 01-02 04-18 05-05 05-26 08-04 12-01 12-25 12-26', '11-30'))
    expect(calculated(2025, 'GB', 'NIR')).toEqual(days('01-01 03-17 04-18 04-21 05-05 05-26 07-14 08-25 12-25 12-26', '07-12'))
  })
})

describe('Germany (public holidays of all states; Bavarian Feiertagsgesetz)', () => {
  // Besides: banks are closed on 24 and 31 December (Deutsche Bundesbank).
  test.each([
    [2024, '01-01 03-29 04-01 05-01 05-09 05-20 10-03 12-25 12-26'],
    [2025, '01-01 04-18 04-21 05-01 05-29 06-09 10-03 12-25 12-26'],
    [2026, '01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26'],
  ])('%i', (year, publishedDates) => expect(calculated(year, 'DE')).toEqual(days(publishedDates, '12-24 12-31')))

  test('Bavaria 2025 has Epiphany, Corpus Christi and All Saints as well', () =>
    expect(calculated(2025, 'DE', 'BY')).toEqual(
      days('01-01 01-06 04-18 04-21 05-01 05-29 06-09 06-19 10-03 11-01 12-25 12-26', '12-24 12-31'),
    ))
})

describe('Japan (Cabinet Office, "National Holidays")', () => {
  // Besides: banks are closed from 31 December to 3 January (Banking Act).
  test.each([
    [2024, '01-01 01-08 02-11 02-12 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-15 08-11 08-12 09-16 09-22 09-23 10-14 11-03 11-04 11-23'],
    [2025, '01-01 01-13 02-11 02-23 02-24 03-20 04-29 05-03 05-04 05-05 05-06 07-21 08-11 09-15 09-23 10-13 11-03 11-23 11-24'],
    [2026, '01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 09-22 09-23 10-12 11-03 11-23'],
  ])('%i', (year, publishedDates) => expect(calculated(year, 'JP')).toEqual(days(publishedDates, '01-02 01-03 12-31')))
})

describe('France (Code du travail, article L3133-1)', () => {
  // Easter Monday, Ascension and Whit Monday follow Easter: 31 March 2024, 20 April 2025, 5 April 2026.
  test.each([
    [2024, '01-01 04-01 05-01 05-08 05-09 05-20 07-14 08-15 11-01 11-11 12-25'],
    [2025, '01-01 04-21 05-01 05-08 05-29 06-09 07-14 08-15 11-01 11-11 12-25'],
    [2026, '01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25'],
  ])('%i', (year, publishedDates) => expect(calculated(year, 'FR')).toEqual(days(publishedDates, '')))
})

describe('countries that are known to have no holiday of most states alone', () => {
  const { firstYear, lastYear } = yearsWithoutCommonRegional
  test.each([...countriesWithoutCommonRegional].map((country) => [country, country === 'US' ? 1 : 7] as const))(
    '%s has none, every %i years',
    (country, step) => {
      for (let year = firstYear; year <= lastYear; year += step) expect(findRegionalHoliday(country, year)).toBeNull()
    },
  )

  test('their years end where they were looked through', () => {
    expect([...countriesWithoutCommonRegional].filter((country) => !/^[A-Z]{2}$/.test(country))).toEqual([])
    expect(commonRegionalHoliday({ holiday_country: 'AU', holiday_state: undefined }, lastYear)?.name).toBe("King's Birthday")
    expect(commonRegionalHoliday({ holiday_country: 'US', holiday_state: undefined }, lastYear + 1)).toBeNull()
  })
})

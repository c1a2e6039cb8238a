// The calendar of a season: month and quarter of each day, quarter-end windows and holidays.
import { z } from 'zod'
import { eoqMonthsOf, type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { TimeZone } from '../../calendar/time-zone.ts'
import type { Database } from '../../database/database.ts'
import { isInEoqWindow } from '../../calendar/calendar.ts'

/** Marks of a day; a holiday inside a quarter-end window counts as quarter end. */
export const dayMarks = { ordinary: 0, quarterEnd: 1, holiday: 2 } as const

/** The arrays hold one entry per day from `firstDay` on. */
export interface SeasonCalendar {
  /** A Monday, in days since 1970. */
  readonly firstDay: number
  /** A whole number of weeks. */
  readonly days: number
  /** 0 January. */
  readonly month: Uint8Array
  /** 0 Monday to 6 Sunday. */
  readonly weekday: Uint8Array
  /** Index in `quarters` of the day's quarter. */
  readonly quarter: Int16Array
  readonly markOfDay: Uint8Array
  /** The days marked as ordinary, ascending, and those marked as quarter end. */
  readonly ordinaryDays: Int32Array
  readonly quarterEndDays: Int32Array
  readonly quarters: readonly SeasonQuarter[]
  /** The days marked as holidays, ascending. */
  readonly holidays: readonly SeasonHoliday[]
}

export interface SeasonQuarter {
  /** Month that ends it, YYYY-MM. */
  readonly end: string
  /** Days of its end-of-quarter window. */
  readonly windowDays: number
}

export interface SeasonHoliday {
  /** Index of the day in the calendar. */
  readonly dayIndex: number
  /** YYYY-MM-DD. */
  readonly day: string
  readonly name: string
}

const dayMs = 86_400_000
/** 1970-01-05 was a Monday. */
const firstMonday = 4

/** 0 Monday to 6 Sunday. */
const weekdayOf = (dayIndex: number): number => dayIndex % 7

export const isWeekend = (dayIndex: number): boolean => weekdayOf(dayIndex) >= 5

/** The whole weeks around `from`..`to` (days since 1970); quarters end with the configured months, also under method `module05`. */
export const createSeasonCalendar = (
  from: number,
  to: number,
  config: Pick<AnalysisConfig, 'eoq_months' | 'fiscal_year_start_month' | 'eoq_window_days'>,
  holidays: readonly { readonly day: string; readonly name: string }[],
): SeasonCalendar => {
  const firstDay = from - ((((from - firstMonday) % 7) + 7) % 7)
  const days = Math.ceil((to - firstDay + 1) / 7) * 7
  const months = eoqMonthsOf(config)
  const month = new Uint8Array(days)
  const quarter = new Int16Array(days)
  const markOfDay = new Uint8Array(days)
  const quarters: SeasonQuarter[] = []
  for (let dayIndex = 0; dayIndex < days; dayIndex++) {
    const date = new Date((firstDay + dayIndex) * dayMs)
    month[dayIndex] = date.getUTCMonth()
    const end = endOfQuarter(date, months)
    if (quarters.at(-1)?.end !== end) quarters.push({ end, windowDays: Math.min(config.eoq_window_days, daysOfMonth(end)) })
    quarter[dayIndex] = quarters.length - 1
    if (isInEoqWindow(firstDay + dayIndex, { months, days: config.eoq_window_days })) markOfDay[dayIndex] = dayMarks.quarterEnd
  }
  const holidaysOutsideWindows = holidays
    .map(({ day, name }) => ({ dayIndex: Date.parse(day) / dayMs - firstDay, day, name }))
    .filter(({ dayIndex }) => markOfDay[dayIndex] === dayMarks.ordinary)
  holidaysOutsideWindows.forEach(({ dayIndex }) => (markOfDay[dayIndex] = dayMarks.holiday))
  const allDays = Int32Array.from(markOfDay.keys())
  return {
    firstDay,
    days,
    month,
    weekday: Uint8Array.from(allDays, weekdayOf),
    quarter,
    markOfDay,
    ordinaryDays: allDays.filter((dayIndex) => markOfDay[dayIndex] === dayMarks.ordinary),
    quarterEndDays: allDays.filter((dayIndex) => markOfDay[dayIndex] === dayMarks.quarterEnd),
    quarters,
    holidays: holidaysOutsideWindows,
  }
}

/** The first of the months, this one included, that ends a quarter. */
const endOfQuarter = (date: Date, months: readonly number[]): string => {
  const calendarMonth = date.getUTCMonth() + 1
  const ahead = Math.min(...months.map((month) => (month - calendarMonth + 12) % 12))
  return new Date(Date.UTC(date.getUTCFullYear(), calendarMonth - 1 + ahead, 1)).toISOString().slice(0, 7)
}

const daysOfMonth = (month: string): number => {
  const first = new Date(`${month}-01T00:00:00Z`)
  return new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
}

/** Limits the calendar around the median end of the series, so that a wrong date such as the year 9999 does not extend it. */
const maxYears = { back: 30, ahead: 10 } as const

/** Reads `series_models` for the span and `holidays` for their days. */
export const readSeasonCalendar = async (database: Database, config: AnalysisConfig, zone: TimeZone): Promise<SeasonCalendar> => {
  const { first, last, middle } = await database.row(
    `SELECT CAST(CAST(${zone.localSql('min(first_at)')} AS DATE) - DATE '1970-01-01' AS INTEGER) AS first,
            CAST(CAST(${zone.localSql('max(last_at)')} AS DATE) - DATE '1970-01-01' AS INTEGER) AS last,
            CAST(CAST(${zone.localSql('quantile_disc(coalesce(last_measured_at, first_at), 0.5)')} AS DATE) - DATE '1970-01-01' AS INTEGER) AS middle
     FROM series_models`,
    z.object({ first: z.int(), last: z.int(), middle: z.int() }),
  )
  const holidays = await database.rows(
    `SELECT strftime(day, '%Y-%m-%d') AS day, name FROM holidays ORDER BY holidays.day`,
    z.object({ day: z.string(), name: z.string() }),
  )
  return createSeasonCalendar(
    Math.max(first, middle - maxYears.back * 365),
    Math.min(last, middle + maxYears.ahead * 365),
    config,
    holidays,
  )
}

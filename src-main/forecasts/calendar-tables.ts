// Creates the calendar of an analysis: table `holidays`, and the SQL that marks rows in the years of the forecasts.
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import type * as holidays from '../calendar/holidays.ts'
import type { TimeZone } from '../calendar/time-zone.ts'
import { calendarForYears, yearsOfForecasts, type Calendar, type EoqWindow } from '../calendar/calendar.ts'
import type { Database } from '../database/database.ts'

/** The dates of holidays, whose library this thread loads at the first call. */
export const loadHolidays = (): Promise<typeof holidays> => import('../calendar/holidays.ts')

/** Creates table `holidays` (day DATE, name). Reads `series_models`. */
export const createCalendar = async (
  database: Database,
  config: AnalysisConfig,
  eoqWindow: EoqWindow,
  zone: TimeZone,
): Promise<Calendar> => {
  const { first, middle, last } = await database.row(
    `SELECT CAST(year(min(first_at)) AS INTEGER) AS first,
            CAST(year(quantile_disc(coalesce(last_measured_at, first_at), 0.5)) AS INTEGER) AS middle,
            CAST(year(max(last_at)) AS INTEGER) AS last
     FROM series_models`,
    z.object({ first: z.int(), middle: z.int(), last: z.int() }),
  )
  const years = yearsOfForecasts(first, middle, last)
  const { holidayDates } = await loadHolidays()
  const dates = holidayDates(config, years)
  const named = { day: 'VARCHAR', name: 'VARCHAR' } as const
  await database.storeRows(
    'named_days',
    named,
    dates.map(({ day, name }) => [day, name]),
  )
  await database.run('CREATE OR REPLACE TABLE holidays AS SELECT CAST(day AS DATE) AS day, name FROM named_days')
  return calendarForYears(eoqWindow, dates, years, zone)
}

// Creates the calendar of an analysis: table `holidays`, and the SQL that marks rows in the years of the forecasts.
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import type { TimeZone } from '../calendar/time-zone.ts'
import { calendarForYears, holidayDates, yearsOfForecasts, type Calendar, type EoqWindow } from '../calendar/calendar.ts'
import type { Database } from '../database/database.ts'

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
  const holidays = holidayDates(config, years)
  await database.run('CREATE OR REPLACE TABLE holidays (day DATE, name VARCHAR)')
  for (const { day, name } of holidays) await database.run('INSERT INTO holidays VALUES (CAST(? AS DATE), ?)', [day, name])
  return calendarForYears(eoqWindow, holidays, years, zone)
}

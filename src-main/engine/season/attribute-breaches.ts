// Attributes predicted breach periods to quarter end, month end, holiday or ordinary days.
import type { TimeZone } from '../../calendar/time-zone.ts'
import type { Database } from '../../database/database.ts'
import { dayMarks, type SeasonCalendar } from './season-calendar.ts'

/** Last days of a month. */
const monthEndDays = 2

/**
 * Creates `season_breaches` (series_id, breaches_eoq, breaches_month_end, breaches_holiday, breaches_ordinary): periods of the selected
 * model's horizon above the high threshold, each counted once, under the first cause that applies. Reads `series`, `horizon`.
 */
export const attributeBreaches = async (database: Database, { firstDay, markOfDay }: SeasonCalendar, zone: TimeZone): Promise<void> => {
  const local = zone.localSql('h.ts')
  await database.storeRows(
    'season_days',
    { day: 'INTEGER', mark: 'INTEGER' },
    Array.from(markOfDay, (value, dayIndex) => [firstDay + dayIndex, value]),
  )
  await database.run(`
    CREATE OR REPLACE TABLE season_breaches AS
    WITH breaches AS (
      SELECT h.series_id, CASE
               WHEN d.mark = ${dayMarks.quarterEnd} THEN 'eoq'
               WHEN date_diff('day', CAST(${local} AS DATE), last_day(${local})) < ${monthEndDays} THEN 'month_end'
               WHEN d.mark = ${dayMarks.holiday} THEN 'holiday' ELSE 'ordinary' END AS cause
      FROM horizon h JOIN series s USING (series_id)
      LEFT JOIN season_days d ON d.day = CAST(${local} AS DATE) - DATE '1970-01-01'
      WHERE h.predicted > s.high_threshold
    )
    SELECT s.series_id, ${['eoq', 'month_end', 'holiday', 'ordinary']
      .map((cause) => `CAST(count(*) FILTER (WHERE b.cause = '${cause}') AS INTEGER) AS breaches_${cause}`)
      .join(', ')}
    FROM series s LEFT JOIN breaches b USING (series_id) GROUP BY s.series_id`)
}

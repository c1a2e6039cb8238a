// risk_flagged_forecasts.parquet: every input row and column as it was and in its order, and the flags of section 9.
import { z } from 'zod'
import { literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { Calendar } from './calendar.ts'
import type { ForecastSource } from './forecast-source.ts'
import { literalPath } from './source-files.ts'

/** Column of the series' flags while the rows pass; a name that no user's column bears. */
const flags = '"headroom flags of the series"'

/** Writes the file, without bloom filters, which DuckDB keeps in memory until the end; reads `source`, `series_risk`. Fails when a row went missing. */
export const writeFlaggedForecasts = async (
  database: Database,
  source: ForecastSource,
  calendar: Calendar,
  rows: number,
  path: string,
): Promise<void> => {
  const { server_id, metric, model, ts, predicted } = source.expressions
  const byMetric = source.columns.metric === undefined ? '' : `AND headroom_flags.headroom_metric = ${metric}`
  // A scalar subquery, not a join: joins put rows out of order, within a chunk or as a whole, but this keeps every row in its place.
  await database.run(`
    CREATE OR REPLACE VIEW headroom_flags AS
    SELECT server_id AS headroom_server, metric AS headroom_metric, model, high_threshold AS high, very_high_threshold AS very_high,
           seasonal_peak_risk AS seasonal_peak, is_underutilized AS underutilized
    FROM series_risk`)
  await database.run(`
    COPY (
      SELECT * EXCLUDE (${flags}),
             ${predicted} > ${flags}.high AS risk_flag,
             CASE WHEN ${predicted} IS NULL OR ${flags}.high IS NULL THEN NULL
                  WHEN ${predicted} > ${flags}.very_high THEN 'high'
                  WHEN ${predicted} > ${flags}.high THEN 'medium' ELSE 'low' END AS risk_level,
             CAST(month(${ts}) AS INTEGER) AS month,
             ${calendar.isEoq(ts)} AS is_eoq,
             ${calendar.isHoliday(ts)} AS is_holiday,
             ${flags}.seasonal_peak AS seasonal_peak_risk,
             ${flags}.underutilized AS is_underutilized,
             coalesce(${flags}.model = ${model}, false) AS is_selected
      FROM (
        SELECT source.*, (SELECT headroom_flags FROM headroom_flags WHERE headroom_flags.headroom_server = ${server_id} ${byMetric}) AS ${flags}
        FROM source
      )
    ) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false)`)
  const written = await database.row(
    `SELECT CAST(sum(num_rows) AS DOUBLE) AS rows FROM parquet_file_metadata(${literal(literalPath(path))})`,
    z.object({ rows: z.number() }),
  )
  if (written.rows !== rows) {
    throw new HeadroomError('internal', `The flagged forecasts hold ${written.rows} rows, but ${rows} came in.`, {
      next: 'Was the input replaced while it was read? Run again.',
    })
  }
}

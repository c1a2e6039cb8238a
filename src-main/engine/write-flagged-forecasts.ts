// risk_flagged_forecasts.parquet: every input row and column as it was and in its order, and the flags of section 9.
import { z } from 'zod'
import { literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { Calendar } from './calendar.ts'
import type { ForecastSource } from './forecast-source.ts'

/** Writes the file; reads `source`, `series_risk`. Fails when a row went missing. */
export const writeFlaggedForecasts = async (
  database: Database,
  source: ForecastSource,
  calendar: Calendar,
  rows: number,
  path: string,
): Promise<void> => {
  const { server_id, metric, model, ts, predicted } = source.expressions
  // The joined names begin with headroom_, so that the user's own columns stay unambiguous.
  const byMetric = source.columns.metric === undefined ? '' : `AND risk.headroom_metric = ${metric}`
  await database.run(`
    COPY (
      SELECT source.*,
             ${predicted} > risk.headroom_high AS risk_flag,
             CASE WHEN ${predicted} IS NULL OR risk.headroom_high IS NULL THEN NULL
                  WHEN ${predicted} > risk.headroom_very_high THEN 'high'
                  WHEN ${predicted} > risk.headroom_high THEN 'medium' ELSE 'low' END AS risk_level,
             CAST(month(${ts}) AS INTEGER) AS month,
             ${calendar.isEoq(ts)} AS is_eoq,
             ${calendar.isHoliday(ts)} AS is_holiday,
             risk.headroom_seasonal_peak AS seasonal_peak_risk,
             risk.headroom_underutilized AS is_underutilized,
             coalesce(risk.headroom_model = ${model}, false) AS is_selected
      FROM source
      LEFT JOIN (
        SELECT server_id AS headroom_server, metric AS headroom_metric, model AS headroom_model,
               high_threshold AS headroom_high, very_high_threshold AS headroom_very_high,
               seasonal_peak_risk AS headroom_seasonal_peak, is_underutilized AS headroom_underutilized
        FROM series_risk
      ) risk ON risk.headroom_server = ${server_id} ${byMetric}
    ) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy)`)
  const written = await database.row(
    `SELECT CAST(sum(num_rows) AS DOUBLE) AS rows FROM parquet_file_metadata(${literal(path)})`,
    z.object({ rows: z.number() }),
  )
  if (written.rows !== rows) {
    throw new HeadroomError('internal', `The flagged forecasts hold ${written.rows} rows, but ${rows} came in.`, {
      next: 'Was the input replaced while it was read? Run again.',
    })
  }
}

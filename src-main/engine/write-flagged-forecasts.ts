// risk_flagged_forecasts.parquet: every input row and column as it was and in its order, and the flags of section 9.
import { z } from 'zod'
import { identifier, literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { Calendar } from './calendar.ts'
import type { ForecastSource } from './forecast-source.ts'
import { literalPath } from './source-files.ts'

/**
 * Writes the file, without bloom filters, which DuckDB keeps in memory until the end; reads `source`, `series_risk`. Fails when a
 * row went missing.
 */
export const writeFlaggedForecasts = async (
  database: Database,
  source: ForecastSource,
  calendar: Calendar,
  rows: number,
  path: string,
): Promise<void> => {
  const { server_id, metric, model, ts, predicted } = source.expressions
  const metrics = await makeFlagLists(database)
  const flag = (name: FlagList): string => `${column(name)}[${place}]`
  await database.run(`
    COPY (
      SELECT * EXCLUDE (${[place, ...flagNames.map(column)].join(', ')}),
             ${predicted} > ${flag('high')} AS risk_flag,
             CASE WHEN ${predicted} IS NULL OR ${flag('high')} IS NULL THEN NULL
                  WHEN ${predicted} > ${flag('very_high')} THEN 'high'
                  WHEN ${predicted} > ${flag('high')} THEN 'medium' ELSE 'low' END AS risk_level,
             CAST(month(${ts}) AS INTEGER) AS month,
             ${calendar.isEoq(ts)} AS is_eoq,
             ${calendar.isHoliday(ts)} AS is_holiday,
             ${flag('seasonal_peak')} AS seasonal_peak_risk,
             ${flag('underutilized')} AS is_underutilized,
             coalesce(${flag('model')} = ${model}, false) AS is_selected
      FROM (
        SELECT source.*, CAST(enum_code(CAST(${server_id} AS headroom_server)) AS BIGINT) * ${metrics}
                         + enum_code(CAST(${metric} AS headroom_metric)) + 1 AS ${place}
        FROM source
      ), headroom_flag_lists
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

/** Flag -> the column of `series_risk` that it comes from. */
const flagLists = {
  model: 'model',
  high: 'high_threshold',
  very_high: 'very_high_threshold',
  seasonal_peak: 'seasonal_peak_risk',
  underutilized: 'is_underutilized',
} as const
type FlagList = keyof typeof flagLists
const flagNames = Object.keys(flagLists) as FlagList[]

/** Names with a blank, so that the user's own columns stay unambiguous. */
const column = (name: FlagList): string => identifier(`headroom ${name}`)
const place = identifier('headroom place')

/**
 * Creates `headroom_flag_lists`, and returns the number of metrics. One row of lists, and two enumerations that tell a series' place in them. Joins would put the rows out of order (DuckDB promises none
 * for them), and a constant list is built anew for every chunk; a single row crossed with the source is neither.
 */
const makeFlagLists = async (database: Database): Promise<number> => {
  await database.run(`
    DROP TYPE IF EXISTS headroom_server;
    DROP TYPE IF EXISTS headroom_metric;
    CREATE TYPE headroom_server AS ENUM (SELECT DISTINCT server_id FROM series_risk ORDER BY server_id);
    CREATE TYPE headroom_metric AS ENUM (SELECT DISTINCT metric FROM series_risk ORDER BY metric)`)
  await database.run(`
    CREATE OR REPLACE TABLE headroom_flag_lists AS
    SELECT ${flagNames.map((name) => `list(${flagLists[name]} ORDER BY server_id, metric) AS ${column(name)}`).join(', ')}
    FROM (SELECT DISTINCT server_id FROM series_risk) CROSS JOIN (SELECT DISTINCT metric FROM series_risk) LEFT JOIN series_risk USING (server_id, metric)`)
  const { metrics } = await database.row(
    'SELECT CAST(count(DISTINCT metric) AS INTEGER) AS metrics FROM series_risk',
    z.object({ metrics: z.int() }),
  )
  return metrics
}

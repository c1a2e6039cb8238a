// Lays the accountable models' values of one metric on a regular grid once, so that every zoom only bins a small table.
import { z } from 'zod'
import type { TimeMark } from '../../src-shared/chart-options/chart-data.ts'
import { identifier } from '../database/database.ts'
import type { OpenRun, SeriesGrid } from './open-run.ts'

const dayMs = 86_400_000

/** Whole numbers for servers: millions of rows are joined by them at every zoom. */
const serverKeysSql = `
  CREATE TABLE IF NOT EXISTS server_key AS
  SELECT server_id, CAST(row_number() OVER (ORDER BY server_id) AS INTEGER) AS server_key
  FROM (SELECT DISTINCT server_id FROM server_risk)`

/** Measured in the history (forecast where a measurement is absent), forecast in the horizon. */
const gridSql = (table: string): string => `
  CREATE OR REPLACE TABLE ${table} AS
  SELECT
    server_key,
    CAST((epoch_ms(ts) - CAST($2 AS BIGINT)) // CAST($3 AS BIGINT) AS INTEGER) AS period,
    CAST(CASE WHEN is_horizon THEN predicted ELSE coalesce(actual, predicted) END AS FLOAT) AS value,
    is_eoq,
    is_holiday
  FROM flagged JOIN server_key USING (server_id) WHERE is_selected AND metric = $1`

const marksSql = (table: string): string => `
  SELECT
    CAST(epoch_ms(date_trunc('day', make_timestamp_ms(CAST($1 AS BIGINT) + period * CAST($2 AS BIGINT)))) AS DOUBLE) AS day,
    coalesce(bool_or(is_eoq), false) AS is_eoq,
    coalesce(bool_or(is_holiday), false) AS is_holiday
  FROM ${table}
  GROUP BY 1 HAVING bool_or(is_eoq) OR bool_or(is_holiday) ORDER BY 1`

export const markedDaySchema = z.object({ day: z.number(), is_eoq: z.boolean(), is_holiday: z.boolean() })

export const seriesGrid = (run: OpenRun, metric: string): Promise<SeriesGrid> => {
  const known = run.grids.get(metric)
  if (known !== undefined) return known
  const made = makeGrid(run, metric, identifier(`grid_${run.grids.size}`))
  run.grids.set(metric, made)
  made.catch(() => run.grids.delete(metric))
  return made
}

const makeGrid = async (run: OpenRun, metric: string, table: string): Promise<SeriesGrid> => {
  const { extent, stepMs, horizon } = run.overview
  await run.database.run(serverKeysSql)
  await run.database.run(gridSql(table), [metric, extent.startMs, stepMs])
  const days = await run.database.rows(marksSql(table), markedDaySchema, [extent.startMs, stepMs])
  const periods = Math.max(1, Math.ceil((extent.endMs - extent.startMs) / stepMs))
  const horizonPeriod = horizon === null ? periods : Math.round((horizon.startMs - extent.startMs) / stepMs)
  return {
    table,
    originMs: extent.startMs,
    periods,
    stepMs,
    horizonPeriod: Math.min(periods, Math.max(0, horizonPeriod)),
    marks: marksOf(days, Math.max(dayMs, stepMs), run.holidayNames),
  }
}

/** Neighbouring days of quarter end form one window; each holiday stands alone. */
export const marksOf = (
  days: readonly z.infer<typeof markedDaySchema>[],
  lengthMs: number,
  holidayNames: ReadonlyMap<string, string>,
): TimeMark[] => {
  const windows: { fromMs: number; toMs: number }[] = []
  for (const { day } of days.filter(({ is_eoq }) => is_eoq)) {
    const last = windows.at(-1)
    if (last !== undefined && day <= last.toMs) last.toMs = day + lengthMs
    else windows.push({ fromMs: day, toMs: day + lengthMs })
  }
  return [
    ...windows.map((window): TimeMark => ({ kind: 'eoq', label: 'Quarter end', ...window })),
    ...days
      .filter(({ is_holiday }) => is_holiday)
      .map(({ day }): TimeMark => ({
        kind: 'holiday',
        label: holidayNames.get(new Date(day).toISOString().slice(0, 10)) ?? 'Holiday',
        fromMs: day,
        toMs: day + lengthMs,
      })),
  ]
}

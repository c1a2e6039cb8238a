// The regular grid that the accountable models' values of one metric lie on, and the days that are marked on it.
import { z } from 'zod'
import type { TimeMark } from '../../../src-shared/chart-options/chart-data.ts'
import { literal } from '../../database/database.ts'
import type { OpenRun, SeriesGrid } from '../run/open-run.ts'

const dayMs = 86_400_000

/** Whole numbers for servers: millions of rows are joined by them at every zoom. */
const serverKeysSql = `
  CREATE TABLE IF NOT EXISTS server_key AS
  SELECT server_id, CAST(row_number() OVER (ORDER BY server_id) AS INTEGER) AS server_key
  FROM (SELECT DISTINCT server_id FROM server_risk)`

/**
 * Measured in the history (forecast where a measurement is absent), forecast in the horizon. Rows of a run of our own are in the horizon where they say so
 * or have no measurement: so the join that tells for certain is not needed for the value.
 */
const cellsSql = (run: OpenRun, metric: string): string =>
  run.contents.kind === 'headroom'
    ? `SELECT server_id, ts, row_number, CASE WHEN is_future THEN predicted ELSE coalesce(actual, predicted) END AS value
       FROM flagged_rows WHERE is_selected AND metric = ${literal(metric)}`
    : `SELECT server_id, ts, CASE WHEN is_horizon THEN predicted ELSE coalesce(actual, predicted) END AS value
       FROM flagged WHERE is_selected AND metric = ${literal(metric)}`

/** NULL where rows bear no number. */
const rowsSql = `
  SELECT CASE WHEN (SELECT row_number IS NOT NULL FROM flagged_rows LIMIT 1) THEN (SELECT CAST(count(*) AS DOUBLE) FROM flagged_rows) END AS rows`

/** Days are marked alike for all servers; those with the earliest and latest times and an even choice of the others tell them. */
const markSampleServers = 400

const marksSql = (run: OpenRun): string => `
  SELECT CAST(epoch_ms(date_trunc('day', ts)) AS DOUBLE) AS day, coalesce(bool_or(is_eoq), false) AS is_eoq, coalesce(bool_or(is_holiday), false) AS is_holiday
  FROM ${run.contents.kind === 'headroom' ? 'flagged_rows' : 'flagged'}
  WHERE is_selected AND metric = $1 AND server_id IN (
    SELECT server_id FROM (
      SELECT server_id, row_number() OVER (ORDER BY server_id) AS place, row_number() OVER (ORDER BY horizon_end DESC NULLS LAST, server_id) AS latest,
             count(*) OVER () AS servers
      FROM server_risk WHERE metric = $1)
    WHERE latest <= 10 OR place % greatest(1, servers // ${markSampleServers}) = 0)
  GROUP BY 1 HAVING bool_or(is_eoq) OR bool_or(is_holiday) ORDER BY 1`

export const markedDaySchema = z.object({ day: z.number(), is_eoq: z.boolean(), is_holiday: z.boolean() })

export const loadSeriesGrid = (run: OpenRun, metric: string): Promise<SeriesGrid> => {
  const cached = run.grids.get(metric)
  if (cached !== undefined) return cached
  const created = createSeriesGrid(run, metric)
  run.grids.set(metric, created)
  created.catch(() => run.grids.delete(metric))
  return created
}

const createSeriesGrid = async (run: OpenRun, metric: string): Promise<SeriesGrid> => {
  const { extent, stepMs, horizon } = run.overview
  await run.database.run(serverKeysSql)
  const { servers } = await run.database.row('SELECT CAST(count(*) AS INTEGER) AS servers FROM server_key', z.object({ servers: z.int() }))
  const days = await run.database.rows(marksSql(run), markedDaySchema, [metric])
  const { rows } =
    run.contents.kind === 'headroom' ? await run.database.row(rowsSql, z.object({ rows: z.number().nullable() })) : { rows: null }
  const periods = Math.max(1, Math.ceil((extent.endMs - extent.startMs) / stepMs))
  const horizonPeriod = horizon === null ? periods : Math.round((horizon.startMs - extent.startMs) / stepMs)
  return {
    cellsSql: cellsSql(run, metric),
    rows,
    servers,
    originMs: extent.startMs,
    periods,
    stepMs,
    horizonPeriod: Math.min(periods, Math.max(0, horizonPeriod)),
    marks: createTimeMarks(days, Math.max(dayMs, stepMs), await run.holidayNames()),
  }
}

/** Neighbouring days of quarter end form one window; each holiday stands alone. */
export const createTimeMarks = (
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

// The regular grid of one metric's values by the selected models, and the days that are marked on it.
import { markedDaySchema } from '../../../src-shared/artefacts/selected-series.ts'
import { z } from 'zod'
import { literal } from '../../database/database.ts'
import {
  cellValueSql,
  createPeriodGrid,
  createTimeMarks,
  horizonStartMsSql,
  markSampleSql,
  periodAt,
  periodNear,
} from '../../forecasts/heatmap-rules.ts'
import type { OpenRun, SeriesGrid } from '../run/open-run.ts'
import { hasSelectedSeries, selectedSeriesPath } from '../run/selected-series-file.ts'
import { readMarkedDays } from '../../forecasts/read-selected-series.ts'

const dayMs = 86_400_000

/** Integer keys of servers: every zoom joins millions of rows by them. */
const serverKeysSql = `
  CREATE TABLE IF NOT EXISTS server_key AS
  SELECT server_id, CAST(row_number() OVER (ORDER BY server_id) AS INTEGER) AS server_key
  FROM (SELECT DISTINCT server_id FROM server_risk)`

/**
 * Rows of a Headroom run belong to the horizon where they say so or have no measurement, so their value needs no join with the last
 * measured times.
 */
const cellsSql = (run: OpenRun, metric: string): string =>
  run.contents.kind === 'headroom'
    ? `SELECT server_id, ts, row_number, ${cellValueSql('is_future')} AS value
       FROM flagged_rows WHERE is_selected AND metric = ${literal(metric)}`
    : `SELECT server_id, ts, ${cellValueSql('is_horizon')} AS value
       FROM flagged WHERE is_selected AND metric = ${literal(metric)}`

/** NULL where rows have no number. */
const rowsSql = `
  SELECT CASE WHEN (SELECT row_number IS NOT NULL FROM flagged_rows LIMIT 1) THEN (SELECT CAST(count(*) AS DOUBLE) FROM flagged_rows) END AS rows`

const marksSql = (run: OpenRun): string => `
  SELECT CAST(epoch_ms(date_trunc('day', ${run.zone.localSql('ts')})) AS DOUBLE) AS day, coalesce(bool_or(is_eoq), false) AS is_eoq, coalesce(bool_or(is_holiday), false) AS is_holiday
  FROM ${run.contents.kind === 'headroom' ? 'flagged_rows' : 'flagged'}
  WHERE is_selected AND metric = $1 AND server_id IN (
    SELECT server_id FROM (${markSampleSql('(SELECT server_id, metric, horizon_end FROM server_risk WHERE metric = $1)', 'server_id')}))
  GROUP BY 1 HAVING bool_or(is_eoq) OR bool_or(is_holiday) ORDER BY 1`

export const loadSeriesGrid = (run: OpenRun, metric: string): Promise<SeriesGrid> => {
  const cached = run.grids.get(metric)
  if (cached !== undefined) return cached
  const created = createSeriesGrid(run, metric)
  run.grids.set(metric, created)
  created.catch(() => run.grids.delete(metric))
  return created
}

const createSeriesGrid = async (run: OpenRun, metric: string): Promise<SeriesGrid> => {
  const { extent, stepMs } = run.overview
  await run.database.run(serverKeysSql)
  const { servers } = await run.database.row('SELECT CAST(count(*) AS INTEGER) AS servers FROM server_key', z.object({ servers: z.int() }))
  const { start } = await run.database.row(
    `SELECT ${horizonStartMsSql('server_risk')} AS start`,
    z.object({ start: z.number().nullable() }),
    [metric],
  )
  const isStored = hasSelectedSeries(run.contents)
  const days = isStored
    ? await readMarkedDays(selectedSeriesPath(run.contents), metric)
    : await run.database.rows(marksSql(run), markedDaySchema, [metric])
  const { rows } =
    run.contents.kind === 'headroom' && !isStored
      ? await run.database.row(rowsSql, z.object({ rows: z.number().nullable() }))
      : { rows: null }
  const periodGrid = createPeriodGrid(run.zone, extent.startMs, stepMs)
  const periods = Math.max(1, Math.floor(periodAt(periodGrid, extent.endMs - stepMs)) + 1)
  const horizonPeriod = start === null ? periods : periodNear(periodGrid, start)
  return {
    metric,
    cellsSql: cellsSql(run, metric),
    rows,
    servers,
    ...periodGrid,
    periods,
    horizonPeriod: Math.min(periods, Math.max(0, horizonPeriod)),
    marks: createTimeMarks(days, Math.max(dayMs, stepMs), await run.holidayNames(), run.zone),
  }
}

// The heatmap for the picture: servers by decreasing risk, over the horizon and a history of equal length, in at most 60 rows; and where its values lie.
import { z } from 'zod'
import { markedDaySchema } from '../../../src-shared/artefacts/selected-series.ts'
import type { Database } from '../../database/database.ts'
import type { PlannedHeatmap } from './fill-heatmap.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { isPercentMetric } from '../../../src-shared/config/metric-units.ts'
import type { HeatmapRow, TimeMark } from '../../../src-shared/chart-options/chart-data.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import {
  columnTimesUs,
  createBins,
  createColumns,
  createPeriodGrid,
  createHeatmapRow,
  createTimeMarks,
  heatmapCountsSchema,
  heatmapCountsSql,
  horizonStartMsSql,
  levelIndexSql,
  periodNear,
  periodStartMs,
  riskOrderSql,
} from '../../forecasts/heatmap-rules.ts'

const maxRows = 60
const maxColumns = 360
const dayMs = 86_400_000

/** Reads `series_risk`, `holidays`. The metric has at least one series with a horizon. */
export const planHeatmap = async (
  database: Database,
  config: AnalysisConfig,
  metric: string,
  calendar: Calendar,
  grid: TimeGrid,
): Promise<PlannedHeatmap> => {
  const extent = await database.row(
    `SELECT ${heatmapCountsSql}, ${horizonStartMsSql('series_risk')} AS horizon_start_ms, epoch_ms(max(horizon_end))::DOUBLE AS last_ms
     FROM series_risk WHERE metric = $1`,
    heatmapCountsSchema.extend({ horizon_start_ms: z.number(), last_ms: z.number() }),
    [metric],
  )
  const stepMs = grid.stepSeconds * 1000
  const horizonStartMs = extent.horizon_start_ms
  const periods = createPeriodGrid(calendar.zone, horizonStartMs, stepMs)
  const horizonPeriods = periodNear(periods, extent.last_ms) + 1
  const rows = createBins(0, extent.servers, maxRows)
  // Period 0 is the first of the horizon.
  const columns = createColumns(-horizonPeriods, horizonPeriods, 0, maxColumns)
  const startMs = periodStartMs(periods, columns.from)
  const endMs = periodStartMs(periods, columns.to)
  return {
    metric,
    unit: isPercentMetric(config, metric) ? '%' : '',
    rows: await readRows(database, metric, rows.size),
    startMs,
    stepMs: columns.size * periods.stepMs,
    columnZone: periods.zone.name,
    columns: columns.bins,
    horizonStartMs,
    reduction: 'max',
    marks: await readMarks(database, calendar, startMs, endMs),
    highThreshold: extent.high,
    veryHighThreshold: extent.very_high,
    counts: { servers: extent.servers, atRisk: extent.at_risk },
    cells: {
      metric,
      rows: rows.bins,
      rowOfServer: await readRowOfServer(database, metric, rows.size),
      columnTimesUs: columnTimesUs(periods, columns),
    },
  }
}

/** Each series of the metric, which is parameter 1, with its position in the order of risk. */
const rankedSeriesSql = `
  SELECT server_id, metric, model, risk_level, row_number() OVER (ORDER BY ${riskOrderSql}) - 1 AS position
  FROM series_risk WHERE metric = ?`

/** Rows of all servers, which are numbered by name from 0; -1 without the metric. */
const readRowOfServer = async (database: Database, metric: string, serversPerRow: number): Promise<Int32Array> => {
  const { row } = await database.columns(
    `SELECT CAST(coalesce(position // ${serversPerRow}, -1) AS INTEGER) AS row
     FROM (SELECT DISTINCT server_id FROM series_risk) LEFT JOIN (${rankedSeriesSql}) USING (server_id) ORDER BY server_id`,
    { row: 'number' },
    [metric],
  )
  return Int32Array.from(row)
}

const readRows = async (database: Database, metric: string, serversPerRow: number): Promise<HeatmapRow[]> => {
  const rows = await database.rows(
    `SELECT arg_min(server_id, position) AS server_id, CAST(count(*) AS INTEGER) AS servers, CAST(max(${levelIndexSql}) AS INTEGER) AS worst_level
     FROM (${rankedSeriesSql}) GROUP BY position // ${serversPerRow} ORDER BY min(position)`,
    z.object({ server_id: z.string(), servers: z.int(), worst_level: z.int() }),
    [metric],
  )
  return rows.map(({ server_id, servers, worst_level }) => createHeatmapRow(server_id, servers, worst_level))
}

/** Quarter-end windows and holidays within the picture's time. */
const readMarks = async (database: Database, calendar: Calendar, startMs: number, endMs: number): Promise<TimeMark[]> => {
  const { zone } = calendar
  const days = await database.rows(
    `SELECT CAST(epoch_ms(d.day) AS DOUBLE) AS day, ${calendar.isEoq(zone.instantSql('d.day'))} AS is_eoq, h.name IS NOT NULL AS is_holiday, h.name
     FROM (SELECT unnest(generate_series(date_trunc('day', make_timestamp_ms(${zone.toLocal(startMs)})),
             make_timestamp_ms(${zone.toLocal(endMs - 1)}), INTERVAL 1 DAY)) AS day) d
     LEFT JOIN holidays h ON h.day = CAST(d.day AS DATE)
     ORDER BY d.day`,
    markedDaySchema.extend({ name: z.string().nullable() }),
  )
  const holidayNames = new Map(days.map(({ day, name }) => [new Date(day).toISOString().slice(0, 10), name ?? '']))
  return createTimeMarks(days, dayMs, holidayNames, zone).map((mark) => ({
    ...mark,
    fromMs: Math.max(mark.fromMs, startMs),
    toMs: Math.min(mark.toMs, endMs),
  }))
}

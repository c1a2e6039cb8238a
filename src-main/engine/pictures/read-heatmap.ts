// The heatmap's matrix for the picture: servers, riskiest first, over the horizon and a history of equal length, in at most 60 rows.
import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import { isPercentMetric, type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { HeatmapData, HeatmapRow, TimeMark } from '../../../src-shared/chart-options/chart-data.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { TimeGrid } from '../../forecasts/detect-granularity.ts'
import {
  cellValueSql,
  createHeatmapRow,
  createTimeMarks,
  levelIndexSql,
  markedDaySchema,
  riskOrderSql,
} from '../../forecasts/heatmap-rules.ts'

const maxRows = 60
const maxColumns = 360
const dayMs = 86_400_000

/** Reads `series_risk`, `forecast`, `holidays`. The metric has at least one series with a horizon. */
export const readHeatmap = async (
  database: Database,
  config: AnalysisConfig,
  metric: string,
  calendar: Calendar,
  grid: TimeGrid,
): Promise<HeatmapData> => {
  const extent = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS servers, CAST(count(*) FILTER (WHERE is_at_risk) AS DOUBLE) AS at_risk,
            epoch(min(horizon_start)) AS start, epoch(max(horizon_end)) AS end_,
            CASE WHEN min(high_threshold) = max(high_threshold) THEN min(high_threshold) END AS high,
            CASE WHEN min(very_high_threshold) = max(very_high_threshold) THEN min(very_high_threshold) END AS very_high
     FROM series_risk WHERE metric = ? AND horizon_periods > 0`,
    z.object({
      servers: z.number(),
      at_risk: z.number(),
      start: z.number(),
      end_: z.number(),
      high: z.number().nullable(),
      very_high: z.number().nullable(),
    }),
    [metric],
  )
  const horizonSteps = Math.round((extent.end_ - extent.start) / grid.stepSeconds) + 1
  const firstSecond = extent.start - horizonSteps * grid.stepSeconds
  const stepsPerColumn = Math.ceil((2 * horizonSteps) / maxColumns)
  const columnSeconds = stepsPerColumn * grid.stepSeconds
  const columns = Math.ceil((extent.end_ - firstSecond + grid.stepSeconds) / columnSeconds)
  const rowCount = Math.min(maxRows, extent.servers)
  const rows = await readRows(database, metric, rowCount)
  const values = new Float32Array(rowCount * columns).fill(Number.NaN)
  const [row, column, value] = await database.numbers(
    `SELECT r.row_number, CAST((epoch(f.ts) - ${firstSecond}) // ${columnSeconds} AS INTEGER) AS column_number,
            max(${cellValueSql('is_horizon')}) AS value
     FROM forecast f JOIN (${rankedSeries(rowCount)}) r USING (server_id, metric, model)
     WHERE f.ts >= make_timestamp(${firstSecond * 1e6}) AND f.ts <= make_timestamp(${extent.end_ * 1e6})
     GROUP BY ALL`,
    3,
    [metric],
  )
  row!.forEach((rowNumber, index) => {
    values[rowNumber * columns + column![index]!] = value![index]!
  })
  return {
    metric,
    unit: isPercentMetric(config, metric) ? '%' : '',
    rows,
    startMs: firstSecond * 1000,
    stepMs: columnSeconds * 1000,
    columns,
    values,
    horizonStartMs: extent.start * 1000,
    reduction: 'max',
    marks: await readMarks(database, calendar, firstSecond, extent.end_ + grid.stepSeconds),
    highThreshold: extent.high,
    veryHighThreshold: extent.very_high,
    counts: { servers: extent.servers, atRisk: extent.at_risk },
  }
}

/** Each series of the metric with its row in the picture; parameter 1 is the metric. */
const rankedSeries = (rowCount: number): string => `
  SELECT *, CAST(rank_number * ${rowCount} // server_count AS INTEGER) AS row_number
  FROM (
    SELECT server_id, metric, model, risk_level, is_at_risk, count(*) OVER () AS server_count,
           row_number() OVER (ORDER BY ${riskOrderSql}) - 1 AS rank_number
    FROM series_risk WHERE metric = ? AND horizon_periods > 0
  )`

const readRows = async (database: Database, metric: string, rowCount: number): Promise<HeatmapRow[]> => {
  const rows = await database.rows(
    `SELECT row_number, arg_min(server_id, rank_number) AS server_id, CAST(count(*) AS INTEGER) AS servers,
            CAST(max(${levelIndexSql}) AS INTEGER) AS worst_level
     FROM (${rankedSeries(rowCount)}) GROUP BY row_number ORDER BY row_number`,
    z.object({ row_number: z.int(), server_id: z.string(), servers: z.int(), worst_level: z.int() }),
    [metric],
  )
  return rows.map(({ server_id, servers, worst_level }) => createHeatmapRow(server_id, servers, worst_level))
}

/** Quarter-end windows and holidays within the picture's time. */
const readMarks = async (database: Database, calendar: Calendar, fromSecond: number, toSecond: number): Promise<TimeMark[]> => {
  const days = await database.rows(
    `SELECT CAST(epoch_ms(d.day) AS DOUBLE) AS day, ${calendar.isEoq('d.day')} AS is_eoq, h.name IS NOT NULL AS is_holiday, h.name
     FROM (SELECT unnest(generate_series(date_trunc('day', make_timestamp(${fromSecond * 1e6})),
             make_timestamp(${toSecond * 1e6 - 1}), INTERVAL 1 DAY)) AS day) d
     LEFT JOIN holidays h ON h.day = CAST(d.day AS DATE)
     ORDER BY d.day`,
    markedDaySchema.extend({ name: z.string().nullable() }),
  )
  const holidayNames = new Map(days.map(({ day, name }) => [new Date(day).toISOString().slice(0, 10), name ?? '']))
  return createTimeMarks(days, dayMs, holidayNames).map((mark) => ({
    ...mark,
    fromMs: Math.max(mark.fromMs, fromSecond * 1000),
    toMs: Math.min(mark.toMs, toSecond * 1000),
  }))
}

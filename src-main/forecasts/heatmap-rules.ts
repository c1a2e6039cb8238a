// The rules of the risk heatmap for the window and the PNG: servers and their order, columns, values of cells, merged rows, marked days.
import type { MarkedDay } from '../../src-shared/artefacts/selected-series.ts'
import { z } from 'zod'
import type { HeatmapData, HeatmapRow, TimeMark } from '../../src-shared/chart-options/chart-data.ts'
import { hasMonths, meanMonthMs, monthAt, monthsIn, monthStartMs } from '../../src-shared/chart-options/format.ts'
import { riskLevels } from '../../src-shared/artefacts/server-risk.ts'
import { TimeZone } from '../calendar/time-zone.ts'
import { literal, type Database, type SqlParameters } from '../database/database.ts'

/** Riskiest first. */
export const riskOrderSql = 'is_at_risk DESC, horizon_p95 DESC NULLS LAST, server_id'

/** Measured in the history (forecast where a measurement is missing), forecast in the horizon. */
export const cellValueSql = (isHorizon: string): string => `CASE WHEN ${isHorizon} THEN predicted ELSE coalesce(actual, predicted) END`

/**
 * Columns of one query over the risk of one metric. Servers without a horizon count and have a row. A threshold is NULL where servers
 * have different ones.
 */
export const heatmapCountsSql = `
  CAST(count(*) AS DOUBLE) AS servers, CAST(count(*) FILTER (is_at_risk) AS DOUBLE) AS at_risk,
  CASE WHEN min(high_threshold) = max(high_threshold) THEN min(high_threshold) END AS high,
  CASE WHEN min(very_high_threshold) = max(very_high_threshold) THEN min(very_high_threshold) END AS very_high`

export const heatmapCountsSchema = z.object({
  servers: z.number(),
  at_risk: z.number(),
  high: z.number().nullable(),
  very_high: z.number().nullable(),
})

/**
 * SQL for where the horizon begins in the heatmap of the metric bound as $1, ms UTC: the most common start, the earliest of equally
 * common ones; NULL without a horizon.
 */
export const horizonStartMsSql = (riskTable: string): string => `
  (SELECT CAST(epoch_ms(horizon_start) AS DOUBLE) FROM ${riskTable} WHERE metric = $1 AND horizon_start IS NOT NULL
   GROUP BY horizon_start ORDER BY count(*) DESC, horizon_start LIMIT 1)`

/** Servers in their order or periods in time, in bins of equal size; the last bin may hold fewer. */
export interface Bins {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  /** Servers or periods in a bin. */
  readonly size: number
  readonly bins: number
}

export const createBins = (from: number, to: number, maxBins: number): Bins => {
  const size = Math.max(1, Math.ceil((to - from) / maxBins))
  return { from, to, size, bins: Math.ceil((to - from) / size) }
}

/**
 * Columns for the periods from `first` up to `end` (exclusive), aligned with the start of the horizon: no cell mixes measurement and
 * forecast. The first column may begin before `first`.
 */
export const createColumns = (first: number, end: number, horizonPeriod: number, maxColumns: number): Bins => {
  // Alignment may add a column.
  const size = end - first <= maxColumns ? 1 : Math.ceil((end - first) / Math.max(1, maxColumns - 1))
  const leadingPeriods = (((horizonPeriod - first) % size) + size) % size
  const from = leadingPeriods === 0 ? first : first + leadingPeriods - size
  return { from, to: end, size, bins: Math.ceil((end - from) / size) }
}

/** Periods of equal length on the clock of a zone, numbered from 0; or calendar months, where `stepMs` has months. */
export interface PeriodGrid {
  readonly zone: TimeZone
  /** Start of period 0, milliseconds UTC; of months a time in its first month. */
  readonly originMs: number
  readonly stepMs: number
}

/** Months are of their mean length, so that the end of many is about where they would be drawn. */
export const createPeriodGrid = (zone: TimeZone, originMs: number, stepMs: number): PeriodGrid =>
  hasMonths(stepMs)
    ? { zone, originMs, stepMs: Math.round(monthsIn(stepMs) * meanMonthMs) }
    : { zone: periodZone(zone, stepMs), originMs, stepMs }

const dayMs = 86_400_000

/** Steps of whole days are counted on the run's clock, so that a change of clocks moves no day; shorter ones in time. */
export const periodZone = (zone: TimeZone, stepMs: number): TimeZone => (stepMs % dayMs === 0 ? zone : TimeZone.utc)

/** SQL for the period of a time. */
export const periodSql = ({ zone, originMs, stepMs }: PeriodGrid, ts: string): string => {
  const local = zone.localSql(ts)
  return hasMonths(stepMs)
    ? `(12 * year(${local}) + month(${local}) - 1 - ${monthAt(zone.toLocal(originMs))}) // ${monthsIn(stepMs)}`
    : `(epoch_ms(${local}) - ${zone.toLocal(originMs)}) // ${stepMs}`
}

/** The period of a time, with its fraction. */
export const periodAt = ({ zone, originMs, stepMs }: PeriodGrid, timeMs: number): number => {
  const local = zone.toLocal(timeMs)
  if (!hasMonths(stepMs)) return (local - zone.toLocal(originMs)) / stepMs
  const month = monthAt(local)
  const fraction = (local - monthStartMs(month)) / (monthStartMs(month + 1) - monthStartMs(month))
  return (month + fraction - monthAt(zone.toLocal(originMs))) / monthsIn(stepMs)
}

export const periodStartMs = ({ zone, originMs, stepMs }: PeriodGrid, period: number): number =>
  zone.toInstant(
    hasMonths(stepMs)
      ? monthStartMs(monthAt(zone.toLocal(originMs)) + period * monthsIn(stepMs))
      : zone.toLocal(originMs) + period * stepMs,
  )

/** Microseconds since 1970 at which each column begins, and at which the last one ends. */
export const columnTimesUs = (grid: PeriodGrid, { from, to, size, bins }: Bins): Float64Array =>
  Float64Array.from({ length: bins + 1 }, (_, bin) => periodStartMs(grid, Math.min(to, from + bin * size)) * 1000)

/** The whole period of a time at about whose start it lies; of months the month that it lies in. */
export const periodNear = (grid: PeriodGrid, timeMs: number): number =>
  hasMonths(grid.stepMs) ? Math.floor(periodAt(grid, timeMs)) : Math.round(periodAt(grid, timeMs))

/** Values of servers by time: SQL with `position` (from 0, in the order of the rows), `ts` and `value`. */
export interface HeatmapCells {
  readonly sql: string
  readonly parameters?: SqlParameters
  readonly grid: PeriodGrid
}

const reductionSql: Readonly<Record<HeatmapData['reduction'], string>> = {
  max: 'max(value)',
  p95: 'quantile_cont(value, 0.95)',
  mean: 'avg(value)',
}

/** Row by row; NaN where no value is known. */
export const readBins = async (
  database: Database,
  { sql, parameters = [], grid }: HeatmapCells,
  reduction: HeatmapData['reduction'],
  rows: Bins,
  columns: Bins,
): Promise<Float32Array> => {
  const values = new Float32Array(rows.bins * columns.bins).fill(Number.NaN)
  const {
    bin_row: binRows,
    bin_column: binColumns,
    value: binValues,
  } = await database.columns(
    `SELECT CAST(position // ${rows.size} AS INTEGER) AS bin_row,
            CAST((${periodSql(grid, 'ts')} - ${columns.from}) // ${columns.size} AS INTEGER) AS bin_column,
            CAST(${reductionSql[reduction]} AS DOUBLE) AS value
     FROM (${sql})
     WHERE value IS NOT NULL AND ts >= make_timestamp_ms(${periodStartMs(grid, columns.from)}) AND ts < make_timestamp_ms(${periodStartMs(grid, columns.to)})
     GROUP BY 1, 2`,
    { bin_row: 'number', bin_column: 'number', value: 'number?' },
    parameters,
  )
  binValues.forEach((value, index) => (values[binRows[index]! * columns.bins + binColumns[index]!] = value))
  return values
}

/** Index in `riskLevels` of a server's level, -1 without. */
export const levelIndexSql = `coalesce(list_position([${riskLevels.map(literal).join(', ')}], risk_level), 0) - 1`

/** A row of one or several servers; it shows their worst level, given by its index. */
export const createHeatmapRow = (firstServer: string, servers: number, worstLevel: number): HeatmapRow => ({
  label: servers === 1 ? firstServer : `${firstServer} + ${servers - 1}`,
  serverId: firstServer,
  servers,
  riskLevel: riskLevels[worstLevel] ?? null,
})

/** All servers share their marked days, so a sample suffices: the servers with the latest horizons and an even selection of the others. */
const markSampleServers = 400

/** SQL for the sample of each metric: the named columns of rows of `riskTable`. */
export const markSampleSql = (riskTable: string, columns: string): string => `
  SELECT ${columns} FROM (
    SELECT *, row_number() OVER (PARTITION BY metric ORDER BY server_id) AS position,
           row_number() OVER (PARTITION BY metric ORDER BY horizon_end DESC NULLS LAST, server_id) AS latest,
           count(*) OVER (PARTITION BY metric) AS servers
    FROM ${riskTable})
  WHERE latest <= 10 OR position % greatest(1, servers // ${markSampleServers}) = 0`

/** Consecutive quarter-end days form one window; each holiday has its own mark. Holiday names by date, YYYY-MM-DD. */
export const createTimeMarks = (
  days: readonly MarkedDay[],
  lengthMs: number,
  holidayNames: ReadonlyMap<string, string>,
  zone: TimeZone,
): TimeMark[] => {
  const windows: { fromMs: number; toMs: number }[] = []
  for (const { day } of days.filter(({ is_eoq }) => is_eoq)) {
    const last = windows.at(-1)
    if (last !== undefined && day <= last.toMs) last.toMs = day + lengthMs
    else windows.push({ fromMs: day, toMs: day + lengthMs })
  }
  const between = (fromLocalMs: number, toLocalMs: number) => ({ fromMs: zone.toInstant(fromLocalMs), toMs: zone.toInstant(toLocalMs) })
  return [
    ...windows.map((window): TimeMark => ({ kind: 'eoq', label: 'Quarter end', ...between(window.fromMs, window.toMs) })),
    ...days
      .filter(({ is_holiday }) => is_holiday)
      .map(({ day }): TimeMark => ({
        kind: 'holiday',
        label: holidayNames.get(new Date(day).toISOString().slice(0, 10)) ?? 'Holiday',
        ...between(day, day + lengthMs),
      })),
  ]
}

// The risk heatmap of a run: servers x time, binned in DuckDB to the pixels there are.
import { z } from 'zod'
import type { HeatmapRow } from '../../src-shared/chart-options/chart-data.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { HeatmapReduction, HeatmapRequest, HeatmapView } from '../../src-shared/run-view.ts'
import { riskLevels, riskLevelSchema, type RiskLevel } from '../../src-shared/server-risk.ts'
import { filterCondition } from './fleet-filter.ts'
import { unitOf, type OpenRun, type SeriesGrid } from './open-run.ts'
import { seriesGrid } from './series-grid.ts'
import { rankedServersSql } from './server-order.ts'

const reductions: Readonly<Record<HeatmapReduction, string>> = {
  max: 'max(value)',
  p95: 'quantile_cont(value, 0.95)',
  mean: 'avg(value)',
}

const cellsSql = (grid: SeriesGrid, request: HeatmapRequest, where: string): string => `
  WITH ranked AS (SELECT server_key, rank FROM (${rankedServersSql(request.sort, where)}) JOIN server_key USING (server_id))
  SELECT
    (rank - CAST($2 AS INTEGER)) // CAST($4 AS INTEGER) AS bin_row,
    (period - CAST($5 AS INTEGER)) // CAST($7 AS INTEGER) AS bin_column,
    CAST(${reductions[request.reduction]} AS DOUBLE) AS value
  FROM ${grid.table} JOIN ranked USING (server_key)
  WHERE rank >= $2 AND rank < $3 AND period >= $5 AND period < $6 AND value IS NOT NULL
  GROUP BY 1, 2`

/** No common threshold where servers differ in theirs. */
const countsSql = (where: string): string => `
  SELECT
    count(*) AS servers, count(*) FILTER (is_at_risk) AS at_risk,
    CASE WHEN min(high_threshold) = max(high_threshold) THEN min(high_threshold) END AS high,
    CASE WHEN min(very_high_threshold) = max(very_high_threshold) THEN min(very_high_threshold) END AS very_high
  FROM server_risk WHERE metric = $1 AND (${where})`

const count = z.bigint().transform(Number)
const countsSchema = z.object({ servers: count, at_risk: count, high: z.number().nullable(), very_high: z.number().nullable() })
const rankedSchema = z.object({ server_id: z.string(), rank: z.number(), risk_level: riskLevelSchema.nullable() })

export const queryHeatmap = async (run: OpenRun, request: HeatmapRequest): Promise<HeatmapView> => {
  const unit = unitOf(run, request.metric)
  const grid = await seriesGrid(run, request.metric)
  const filter = filterCondition(request.filter, [request.metric])
  const counts = await run.database.row(countsSql(filter.where), countsSchema, filter.parameters)
  const rows = rowBins(request, counts.servers)
  const columns = columnBins(request, grid)
  const shown = filterCondition(request.filter, [request.metric, rows.from, rows.to])
  const servers = await run.database.rows(
    `SELECT * FROM (${rankedServersSql(request.sort, shown.where)}) WHERE rank >= $2 AND rank < $3 ORDER BY rank`,
    rankedSchema,
    shown.parameters,
  )
  const values = new Float32Array(rows.bins * columns.bins).fill(Number.NaN)
  const binned = filterCondition(request.filter, [request.metric, rows.from, rows.to, rows.size, columns.from, columns.to, columns.size])
  const cells = await run.database.columns(cellsSql(grid, request, binned.where), binned.parameters)
  fill(values, columns.bins, cells)
  return {
    data: {
      metric: request.metric,
      unit,
      rows: labelRows(servers, rows.size),
      startMs: grid.originMs + columns.from * grid.stepMs,
      stepMs: columns.size * grid.stepMs,
      columns: columns.bins,
      values,
      horizonStartMs: grid.originMs + grid.horizonPeriod * grid.stepMs,
      reduction: request.reduction,
      marks: grid.marks,
      highThreshold: counts.high,
      veryHighThreshold: counts.very_high,
      counts: { servers: counts.servers, atRisk: counts.at_risk },
    },
    totalRows: counts.servers,
    firstRow: rows.from,
    serversPerRow: rows.size,
    serverIds: servers.map(({ server_id }) => server_id),
  }
}

interface Bins {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  /** Servers or periods in a bin. */
  readonly size: number
  readonly bins: number
}

const rowBins = (request: HeatmapRequest, total: number): Bins => {
  const from = Math.min(request.rows?.from ?? 0, Math.max(0, total - 1))
  const to = Math.min(total, Math.max(from + 1, request.rows?.to ?? total))
  const size = Math.max(1, Math.ceil((to - from) / request.maxRows))
  return { from, to, size, bins: Math.ceil((to - from) / size) }
}

/** Bins are laid so that the horizon begins with one: no cell mixes measurement and forecast. */
const columnBins = (request: HeatmapRequest, grid: SeriesGrid): Bins => {
  const period = (timeMs: number): number => (timeMs - grid.originMs) / grid.stepMs
  const first = Math.max(0, Math.floor(request.time === null ? 0 : period(request.time.fromMs)))
  const last = Math.min(grid.periods, Math.ceil(request.time === null ? grid.periods : period(request.time.toMs)))
  if (last <= first) throw new HeadroomError('query-refused', 'The time range lies outside of the run.')
  // One column is kept back: aligning may need it.
  const size = last - first <= request.maxColumns ? 1 : Math.ceil((last - first) / Math.max(1, request.maxColumns - 1))
  const lead = (((grid.horizonPeriod - first) % size) + size) % size
  const from = lead === 0 ? first : first + lead - size
  return { from, to: last, size, bins: Math.ceil((last - from) / size) }
}

const fill = (values: Float32Array, width: number, cells: Record<string, unknown[]>): void => {
  const { bin_row: rows = [], bin_column: columns = [], value = [] } = cells
  for (let index = 0; index < value.length; index++) {
    values[Number(rows[index]) * width + Number(columns[index])] = Number(value[index])
  }
}

/** A bin bears the worst level of its servers. */
const labelRows = (servers: readonly z.infer<typeof rankedSchema>[], size: number): HeatmapRow[] => {
  const rows: HeatmapRow[] = []
  for (let start = 0; start < servers.length; start += size) {
    const bin = servers.slice(start, start + size)
    const first = bin[0]
    if (first === undefined) continue
    const worst = Math.max(...bin.map(({ risk_level }) => (risk_level === null ? -1 : riskLevels.indexOf(risk_level))))
    const riskLevel: RiskLevel | null = riskLevels[worst] ?? null
    rows.push({
      label: bin.length === 1 ? first.server_id : `${first.server_id} + ${bin.length - 1}`,
      serverId: first.server_id,
      servers: bin.length,
      riskLevel,
    })
  }
  return rows
}

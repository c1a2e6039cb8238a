// The risk heatmap of a run: servers x time, binned to the size of the chart.
import { listValue } from '@duckdb/node-api'
import { z } from 'zod'
import type { HeatmapRow } from '../../../src-shared/chart-options/chart-data.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { HeatmapReduction, HeatmapRequest, HeatmapView } from '../../../src-shared/ipc/run-view.ts'
import {
  createBins,
  createColumns,
  createHeatmapRow,
  heatmapCountsSchema,
  heatmapCountsSql,
  levelIndexSql,
  periodAt,
  periodStartMs,
  readBins,
  type Bins,
} from '../../forecasts/heatmap-rules.ts'
import { binMatrix, loadMatrix, type HeatmapMatrix } from './heatmap-matrix.ts'
import { filterCondition } from '../fleet/fleet-filter.ts'
import { requireMetricUnit, type OpenRun, type SeriesGrid } from '../run/open-run.ts'
import { hasSelectedSeries } from '../run/selected-series-file.ts'
import { loadSeriesGrid } from './series-grid.ts'
import { rankedServersSql } from '../servers/servers-query.ts'
import { binStoredMaxima } from './stored-cells.ts'

/** Servers under a sort and a filter, in their order; cached, because a zoom needs the same ones. */
interface Ranking {
  readonly key: string
  readonly keys: Int32Array
  /** Index of each server's level in `riskLevels`, -1 without. */
  readonly levels: Int8Array
}

const rankings = new WeakMap<SeriesGrid, Ranking>()

const maxNamesPerRow = 3
const hourMs = 3_600_000

export const queryHeatmap = async (run: OpenRun, request: HeatmapRequest): Promise<HeatmapView> => {
  const unit = requireMetricUnit(run, request.metric)
  const grid = await loadSeriesGrid(run, request.metric)
  const filter = filterCondition(request.filter, [request.metric])
  const counts = await run.database.row(
    `SELECT ${heatmapCountsSql} FROM server_risk WHERE metric = $1 AND (${filter.where})`,
    heatmapCountsSchema,
    filter.parameters,
  )
  const rows = rowBins(request, counts.servers)
  const columns = columnBins(request, grid)
  const ranking = await loadRanking(run, grid, request)
  const keys = ranking.keys.subarray(rows.from, rows.to)
  const matrix = await loadMatrix(run, grid, Math.max(0, columns.from), columns.to, request.reduction)
  const values =
    matrix === null
      ? request.reduction === 'max' && hasSelectedSeries(run.contents)
        ? await binStoredMaxima(run.contents, grid, keys, rows, columns)
        : await binInDatabase(run, grid, request.reduction, keys, rows, columns)
      : binColumns(matrix, keys, rows, columns, request.reduction)
  const names = await readRowNames(run, keys, rows.size)
  const selected = request.selected === null ? -1 : keys.indexOf(await findServerKey(run, request.selected))
  return {
    data: {
      metric: request.metric,
      unit,
      rows: createRows(names, ranking.levels.subarray(rows.from, rows.to), rows.size),
      startMs: periodStartMs(grid, columns.from),
      stepMs: columns.size * grid.stepMs,
      columnZone: grid.zone.name,
      columns: columns.bins,
      values,
      horizonStartMs: periodStartMs(grid, grid.horizonPeriod),
      reduction: request.reduction,
      marks: grid.marks,
      highThreshold: counts.high,
      veryHighThreshold: counts.very_high,
      counts: { servers: counts.servers, atRisk: counts.at_risk },
    },
    totalRows: counts.servers,
    firstRow: rows.from,
    serversPerRow: rows.size,
    shownServers: keys.length,
    names,
    selectedRow: selected < 0 ? null : Math.floor(selected / rows.size),
  }
}

const loadRanking = async (run: OpenRun, grid: SeriesGrid, { metric, sort, filter }: HeatmapRequest): Promise<Ranking> => {
  const key = JSON.stringify([sort, filter])
  const cached = rankings.get(grid)
  if (cached?.key === key) return cached
  const { where, parameters } = filterCondition(filter, [metric])
  const { server_key, level } = await run.database.columns(
    `SELECT server_key, ${levelIndexSql} AS level
     FROM (${rankedServersSql(sort, where)}) JOIN server_key USING (server_id) ORDER BY rank`,
    { server_key: 'number', level: 'number' },
    parameters,
  )
  const ranking = { key, keys: Int32Array.from(server_key), levels: Int8Array.from(level) }
  rankings.set(grid, ranking)
  return ranking
}

/** Columns that begin before the first period hold fewer of them. */
const binColumns = (matrix: HeatmapMatrix, keys: Int32Array, rows: Bins, columns: Bins, reduction: HeatmapReduction): Float32Array => {
  const leadingPeriods = Math.max(0, -columns.from)
  if (leadingPeriods === 0)
    return binMatrix(matrix, { keys, rowSize: rows.size, columnSize: columns.size, from: columns.from, to: columns.to }, reduction)
  const firstEnd = columns.from + columns.size
  const first = binMatrix(matrix, { keys, rowSize: rows.size, columnSize: columns.size, from: 0, to: firstEnd }, reduction)
  const laterColumns = binMatrix(matrix, { keys, rowSize: rows.size, columnSize: columns.size, from: firstEnd, to: columns.to }, reduction)
  const width = columns.bins
  const combined = new Float32Array(rows.bins * width)
  for (let row = 0; row < rows.bins; row++) {
    combined[row * width] = first[row]!
    combined.set(laterColumns.subarray(row * (width - 1), (row + 1) * (width - 1)), row * width + 1)
  }
  return combined
}

/** Like `binMatrix`, without holding the values in memory. */
export const binInDatabase = async (
  run: OpenRun,
  grid: SeriesGrid,
  reduction: HeatmapReduction,
  keys: Int32Array,
  rows: Bins,
  columns: Bins,
): Promise<Float32Array> => {
  await run.database.storeRows(
    'heatmap_order',
    { position: 'INTEGER', server_key: 'INTEGER' },
    Array.from(keys, (key, position) => [position, key]),
  )
  const sql = `SELECT o.position, c.ts, c.value FROM (${grid.cellsSql}) c JOIN server_key k USING (server_id) JOIN heatmap_order o USING (server_key)`
  return readBins(run.database, { sql, grid }, reduction, rows, columns)
}

const rowBins = (request: HeatmapRequest, total: number): Bins => {
  const from = Math.min(request.rows?.from ?? 0, Math.max(0, total - 1))
  const to = Math.min(total, Math.max(from + 1, request.rows?.to ?? total))
  return createBins(from, to, request.maxRows)
}

const columnBins = (request: HeatmapRequest, grid: SeriesGrid): Bins => {
  // A range of whole days lasts an hour more or less across a change of clocks.
  const slack = grid.zone.isUtc ? 0 : hourMs / grid.stepMs
  const first = Math.max(0, Math.floor(request.time === null ? 0 : periodAt(grid, request.time.fromMs) + slack))
  const last = Math.min(grid.periods, Math.ceil(request.time === null ? grid.periods : periodAt(grid, request.time.toMs) - slack))
  if (last <= first) throw new HeadroomError('query-refused', 'The time range lies outside the run.')
  return createColumns(first, last, grid.horizonPeriod, request.maxColumns)
}

/** Names of the first servers of each row. */
const readRowNames = async (run: OpenRun, keys: Int32Array, size: number): Promise<string[][]> => {
  // DuckDB takes no list without elements.
  if (keys.length === 0) return []
  const rows = Array.from({ length: Math.ceil(keys.length / size) }, (_, row) => [
    ...keys.subarray(row * size, Math.min((row + 1) * size, row * size + maxNamesPerRow)),
  ])
  const names = await run.database.columns(
    'SELECT server_key, server_id FROM server_key WHERE server_key IN (SELECT unnest($1))',
    { server_key: 'number', server_id: 'text' },
    [listValue(rows.flat())],
  )
  const nameByKey = new Map(names.server_id.map((name, index) => [names.server_key[index]!, name]))
  return rows.map((row) => row.map((key) => nameByKey.get(key)!))
}

/** 0 for a server that the run does not have. */
const findServerKey = async (run: OpenRun, serverId: string): Promise<number> => {
  const [found] = await run.database.rows(
    'SELECT CAST(server_key AS INTEGER) AS server_key FROM server_key WHERE server_id = $1',
    z.object({ server_key: z.int() }),
    [serverId],
  )
  return found?.server_key ?? 0
}

const createRows = (names: readonly (readonly string[])[], levels: Int8Array, size: number): HeatmapRow[] =>
  names.map(([first = ''], row) => {
    const rowLevels = levels.subarray(row * size, (row + 1) * size)
    return createHeatmapRow(
      first,
      rowLevels.length,
      rowLevels.reduce((max, level) => Math.max(max, level), -1),
    )
  })

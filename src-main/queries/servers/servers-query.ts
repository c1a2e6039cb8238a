// The server list page by page, and the sort orders of servers; DuckDB filters and sorts, so no fleet is loaded whole.
import { z } from 'zod'
import { serverColumns } from '../../../src-shared/artefacts/server-columns.ts'
import type { HeatmapSort } from '../../../src-shared/ipc/run-view.ts'
import { cellSchema, type ServersPage, type ServersRequest } from '../../../src-shared/ipc/fleet-view.ts'
import type { TimeZone } from '../../calendar/time-zone.ts'
import { identifier } from '../../database/database.ts'
import { riskOrderSql } from '../../forecasts/heatmap-rules.ts'
import { columnConditions } from '../fleet/column-conditions.ts'
import { filterCondition, type FilterCondition } from '../fleet/fleet-filter.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'

const kindByColumn = new Map(serverColumns.map(({ name, kind }) => [name as string, kind]))

/** "2027-11 (2027-05 to never)": month in which the trend exhausts the headroom, and its 80 % interval; NULL where neither is known. */
export const exhaustionSql = (zone: TimeZone): string => `
  CASE WHEN coalesce(exhaustion_at, exhaustion_earliest) IS NOT NULL
       THEN coalesce(strftime(${zone.localSql('exhaustion_at')}, '%Y-%m'), 'beyond 5 years') || ' ('
            || strftime(${zone.localSql('coalesce(exhaustion_earliest, exhaustion_at)')}, '%Y-%m') || ' to '
            || coalesce(strftime(${zone.localSql('exhaustion_latest')}, '%Y-%m'), 'never') || ')' END`

/** The level; why there is none for servers that have gone silent and for metrics without a threshold. */
const riskTextSql = `CASE WHEN is_silent THEN 'silent' WHEN high_threshold IS NULL THEN 'not judged' ELSE risk_level END`

/** Text for times, INTEGER or DOUBLE for numbers of any width. */
export const cellExpression = (name: string, zone: TimeZone): string => {
  const column = identifier(name)
  const kind = kindByColumn.get(name)
  if (kind === 'time') return zone.isoSql(column)
  if (kind === 'exhaustion') return exhaustionSql(zone)
  if (kind === 'risk') return riskTextSql
  if (kind === 'text' || kind === 'flag') return column
  return `CAST(${column} AS DOUBLE)`
}

/** Risk levels sort by their weight, not by their names; absent values come last either way. */
export const orderExpression = ({ column, descending }: ServersRequest['sort']): string => {
  const value = column === 'risk_level' ? "list_position(['low', 'medium', 'high'], risk_level)" : identifier(column)
  return `${value} ${descending ? 'DESC' : 'ASC'} NULLS LAST, server_id`
}

const orderBySort: Readonly<Record<HeatmapSort, string>> = {
  risk: riskOrderSql,
  breach: `first_breach_at NULLS LAST, ${riskOrderSql}`,
  cluster: `cluster NULLS LAST, ${riskOrderSql}`,
  group: `business_unit NULLS LAST, region NULLS LAST, criticality NULLS LAST, ${riskOrderSql}`,
  name: 'server_id',
}

/** `server_id` and `rank` from 0 of every server that has the metric bound as $1 and meets the condition. */
export const rankedServersSql = (sort: HeatmapSort, where = 'true'): string =>
  `SELECT server_id, CAST(row_number() OVER (ORDER BY ${orderBySort[sort]}) - 1 AS INTEGER) AS rank, risk_level
   FROM server_risk WHERE metric = $1 AND (${where})`

/** The shared filter and the filters of single columns, with the metric bound as $1. */
export const serversCondition = (
  { metric, filter, columnFilters = [] }: Pick<ServersRequest, 'metric' | 'filter' | 'columnFilters'>,
  zone: TimeZone,
): FilterCondition => {
  const { where, parameters } = filterCondition(filter, [metric])
  const columns = columnConditions(
    columnFilters,
    (column) => kindByColumn.get(column) ?? 'text',
    (column) => cellExpression(column, zone),
    parameters,
  )
  return { where: `${where} AND ${columns.where}`, parameters: columns.parameters }
}

const countSchema = z.object({ total: z.int(), of: z.int() })

const emptyColumnsOf = async (run: OpenRun, { metric, columns }: ServersRequest): Promise<ServersRequest['columns']> => {
  const counts = await run.database.row(
    `SELECT ${columns.map((name, index) => `CAST(count(${cellExpression(name, run.zone)}) AS INTEGER) AS c${index}`).join(', ')}
     FROM server_risk WHERE metric = $1`,
    z.record(z.string(), z.int()),
    [metric],
  )
  return columns.filter((_, index) => counts[`c${index}`] === 0)
}

export const queryServers = async (run: OpenRun, request: ServersRequest): Promise<ServersPage> => {
  requireMetricUnit(run, request.metric)
  const { where, parameters } = serversCondition(request, run.zone)
  const counts = await run.database.row(
    `SELECT CAST(count(*) FILTER (${where}) AS INTEGER) AS total, CAST(count(*) AS INTEGER) AS of FROM server_risk WHERE metric = $1`,
    countSchema,
    parameters,
  )
  const emptyColumns = request.offset === 0 ? await emptyColumnsOf(run, request) : []
  if (request.limit === 0) return { ...counts, rows: [], emptyColumns }
  const selectedExpressions = request.columns.map((name, index) => `${cellExpression(name, run.zone)} AS c${index}`)
  const rows = await run.database.rows(
    `SELECT ${selectedExpressions.join(', ')} FROM (
       SELECT * FROM server_risk WHERE metric = $1 AND (${where})
       ORDER BY ${orderExpression(request.sort)} LIMIT ${request.limit} OFFSET ${request.offset})`,
    z.record(z.string(), cellSchema),
    parameters,
  )
  return { ...counts, rows: rows.map((row) => request.columns.map((_, index) => row[`c${index}`] ?? null)), emptyColumns }
}

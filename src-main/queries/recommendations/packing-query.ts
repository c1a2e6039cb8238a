// The packing of a run host by host: who moves onto which host, and how full the host is then at every time of the horizon.
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import {
  hostColumnKinds,
  packingPageSchema,
  type HostLoad,
  type HostLoadRequest,
  type PackingPage,
  type PackingRequest,
} from '../../../src-shared/ipc/packing-view.ts'
import { columnConditions } from '../fleet/column-conditions.ts'
import { filterCondition } from '../fleet/fleet-filter.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'
import { createRecommendationsTable } from './recommendations-query.ts'

const hostRowSchema = packingPageSchema.shape.rows.element.omit({ consolidatedServers: true }).extend({ consolidated_servers: z.string() })

export const queryPacking = async (run: OpenRun, request: PackingRequest): Promise<PackingPage> => {
  requireMetricUnit(run, request.metric)
  if (!(await createRecommendationsTable(run))) return { total: 0, rows: [] }
  const { where, parameters } = filterCondition(request.filter, [request.metric])
  const columns = columnConditions(
    request.columnFilters ?? [],
    (column) => hostColumnKinds[column],
    (column) => (column === 'consolidated_servers' ? `array_to_string(consolidated_servers, ', ')` : column),
    parameters,
  )
  const hostsSql = `
    FROM (
      SELECT target_host AS host, list(server_id ORDER BY server_id) AS consolidated_servers, count(*) AS servers,
             CAST(sum(CAST(monthly_savings_usd AS DECIMAL(18, 4))) AS DOUBLE) AS monthly_savings_usd
      FROM recommendations WHERE target_host IN (SELECT server_id FROM server_risk WHERE metric = $1 AND (${where})) GROUP BY 1)
    LEFT JOIN (
      SELECT server_id AS host, any_value(host_load_p90) AS load_p90, any_value(host_share_above_target) AS share_above_target
      FROM server_risk GROUP BY 1) USING (host)
    WHERE ${columns.where}`
  const { total } = await run.database.row(
    `SELECT CAST(count(*) AS INTEGER) AS total ${hostsSql}`,
    z.object({ total: z.int() }),
    columns.parameters,
  )
  const hosts = await run.database.rows(
    `SELECT * REPLACE (to_json(consolidated_servers) AS consolidated_servers)
     ${hostsSql} ORDER BY monthly_savings_usd DESC, host LIMIT ${request.limit} OFFSET ${request.offset}`,
    hostRowSchema,
    columns.parameters,
  )
  return {
    total,
    rows: hosts.map(({ consolidated_servers, ...host }) => ({
      ...host,
      consolidatedServers: z.array(z.string()).parse(JSON.parse(consolidated_servers)),
    })),
  }
}

const demandSql = `
  WITH members AS (
    SELECT CAST($1 AS VARCHAR) AS server_id UNION SELECT server_id FROM recommendations WHERE target_host = $1
  ), host AS (SELECT any_value(capacity_units) AS units FROM server_risk WHERE server_id = $1)
  SELECT r.metric, r.server_id, CAST(epoch_ms(f.ts) AS DOUBLE) AS time, greatest(f.predicted, 0) * r.capacity_units / host.units AS share
  FROM server_risk r JOIN members USING (server_id) JOIN flagged f ON f.server_id = r.server_id AND f.metric = r.metric CROSS JOIN host
  WHERE r.high_threshold IS NOT NULL AND f.is_selected AND f.is_horizon AND f.predicted IS NOT NULL
  ORDER BY r.metric, r.server_id, f.ts`

/** As the packing counts: demands are summed per time, and a time that a server lacks counts with its peak. Throws query-refused. */
export const queryHostLoad = async (run: OpenRun, { host }: HostLoadRequest): Promise<HostLoad> => {
  if (!(await createRecommendationsTable(run))) throw unknownHost(host)
  const demands = await run.database.columns(demandSql, { metric: 'text', server_id: 'text', time: 'number', share: 'number?' }, [host])
  const metrics = new Map<string, Map<string, Map<number, number>>>()
  demands.metric.forEach((name, row) => {
    const servers = metrics.get(name) ?? new Map<string, Map<number, number>>()
    metrics.set(name, servers)
    const server = demands.server_id[row]!
    const demand = servers.get(server) ?? new Map<number, number>()
    servers.set(server, demand)
    demand.set(demands.time[row]!, demands.share[row]!)
  })
  const loads = [...metrics].map(([name, servers]) =>
    createHostLoad(host, name, servers, run.contents.manifest?.config.consolidation_target ?? 100),
  )
  const maxLoad = loads.reduce<ForecastLoad | null>((max, load) => (max === null || peakLoad(load) > peakLoad(max) ? load : max), null)
  if (maxLoad === null) throw unknownHost(host)
  return { ...maxLoad, paths: await readPathLoad(run, host) }
}

const readPathLoad = async (run: OpenRun, host: string): Promise<HostLoad['paths']> => {
  const [load] = await run.database.rows(
    `SELECT any_value(host_load_p50) AS p50, any_value(host_load_p90) AS p90, any_value(host_share_above_target) AS "aboveTarget"
     FROM server_risk WHERE server_id = $1 HAVING count(host_load_p50) > 0`,
    z.object({ p50: z.number(), p90: z.number(), aboveTarget: z.number() }),
    [host],
  )
  return load ?? null
}

/** By the point forecasts. */
type ForecastLoad = Omit<HostLoad, 'paths'>

const unknownHost = (host: string): HeadroomError => new HeadroomError('query-refused', `The run packs nothing onto "${host}".`)

const peakLoad = ({ consolidatedLoad: together }: ForecastLoad): number => together.reduce((max, share) => Math.max(max, share), 0)

const createHostLoad = (
  host: string,
  metric: string,
  servers: ReadonlyMap<string, ReadonlyMap<number, number>>,
  target: number,
): ForecastLoad => {
  const times = [...new Set([...servers.values()].flatMap((demand) => [...demand.keys()]))].sort((a, b) => a - b)
  const shareAt = (server: string, timeMs: number): number => {
    const demand = servers.get(server)
    return demand === undefined ? 0 : (demand.get(timeMs) ?? Math.max(...demand.values()))
  }
  const together = Float64Array.from(times, (timeMs) => [...servers.keys()].reduce((sum, server) => sum + shareAt(server, timeMs), 0))
  const busiestMs = times[together.indexOf(together.reduce((max, share) => Math.max(max, share), 0))] ?? Number.NaN
  return {
    host,
    metric,
    target,
    timesMs: Float64Array.from(times),
    currentLoad: Float64Array.from(times, (timeMs) => shareAt(host, timeMs)),
    consolidatedLoad: together,
    peakMs: busiestMs,
    members: [...servers.keys()]
      .map((server) => ({ server_id: server, share: shareAt(server, busiestMs) }))
      .sort(
        (a, b) => Number(b.server_id === host) - Number(a.server_id === host) || b.share - a.share || (a.server_id < b.server_id ? -1 : 1),
      ),
  }
}

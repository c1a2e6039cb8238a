// One disposition per server and what it saves: add capacity, retire, consolidate or keep (analysis definition, section 8).
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import type { AnalysisConfig } from '../../src-shared/analysis-config.ts'
import type { ServerRiskRow } from '../../src-shared/server-risk.ts'
import { packServers, type PackableServer } from './pack-servers.ts'

export type Disposition = ServerRiskRow['disposition']

/** Horizon peak in percent below which a server does nothing worth its cost. */
export const retirePeak = 5
/** Servers packed against each other at most; larger groups are cut by server name. */
const subgroupSize = 2000
const fewestKept = 2

const serverSchema = z.object({
  server_id: z.string(),
  business_unit: z.string().nullable(),
  region: z.string().nullable(),
  criticality: z.string().nullable(),
  monthly_cost_usd: z.number(),
  capacity_units: z.number(),
  is_at_risk: z.boolean(),
  is_underutilized: z.boolean(),
  horizon_peak: z.number().nullable(),
  horizon_mean: z.number().nullable(),
  /** Of the metric with the least headroom. */
  metric: z.string(),
  horizon_p95: z.number().nullable(),
  high_threshold: z.number().nullable(),
  units_to_add: z.number().nullable(),
  first_breach_at: z.string().nullable(),
})
export type FleetServer = z.infer<typeof serverSchema>

export interface DisposedServer extends FleetServer {
  readonly disposition: Disposition
  readonly consolidateOnto: string | null
}

/** One entry per server, by name. Reads `series_risk` and `horizon`. */
export const disposeServers = async (database: Database, config: AnalysisConfig): Promise<DisposedServer[]> => {
  const servers = await readServers(database)
  const first = new Map<string, Disposition>()
  for (const server of servers) {
    if (server.is_at_risk) first.set(server.server_id, 'add capacity')
    else if (server.horizon_peak !== null && server.horizon_peak < retirePeak) first.set(server.server_id, 'retire')
  }
  const hosts = await packGroups(database, config, servers, first)
  return servers.map((server) => {
    const onto = hosts.get(server.server_id) ?? null
    return {
      ...server,
      disposition: first.get(server.server_id) ?? (onto === null ? 'keep' : 'consolidate'),
      consolidateOnto: onto,
    }
  })
}

/** One row per server: the figures of its tightest metric, peak and mean over all judged metrics. */
const readServers = async (database: Database): Promise<FleetServer[]> =>
  database.rows(
    `SELECT server_id, business_unit, region, criticality, monthly_cost_usd, capacity_units,
            bool_or(is_at_risk) OVER server AS is_at_risk, is_underutilized,
            CASE WHEN bool_and(horizon_peak IS NOT NULL) FILTER (WHERE high_threshold IS NOT NULL) OVER server
                 THEN max(horizon_peak) FILTER (WHERE high_threshold IS NOT NULL) OVER server END AS horizon_peak,
            max(horizon_mean) FILTER (WHERE high_threshold IS NOT NULL) OVER server AS horizon_mean,
            metric, horizon_p95, high_threshold, units_to_add,
            strftime(first_breach_at, '%Y-%m-%dT%H:%M:%SZ') AS first_breach_at
     FROM series_risk
     WINDOW server AS (PARTITION BY server_id)
     QUALIFY row_number() OVER (PARTITION BY server_id ORDER BY headroom_points NULLS LAST, metric) = 1
     ORDER BY server_id`,
    serverSchema,
  )

export const groupKey = (server: Pick<FleetServer, 'business_unit' | 'region' | 'criticality'>): string =>
  JSON.stringify([server.business_unit, server.region, server.criticality])

const packGroups = async (
  database: Database,
  config: AnalysisConfig,
  servers: readonly FleetServer[],
  disposed: ReadonlyMap<string, Disposition>,
): Promise<Map<string, string>> => {
  const groups = new Map<string, FleetServer[]>()
  for (const server of servers) {
    const group = groups.get(groupKey(server))
    if (group === undefined) groups.set(groupKey(server), [server])
    else group.push(server)
  }
  const hosts = new Map<string, string>()
  for (const members of groups.values()) {
    const retired = members.filter((server) => disposed.get(server.server_id) === 'retire').length
    const packable = members.filter((server) => server.is_underutilized && !disposed.has(server.server_id))
    let mostRemovals = members.length - retired - fewestKept
    for (let from = 0; from < packable.length && mostRemovals > 0; from += subgroupSize) {
      const demands = await readDemands(database, packable.slice(from, from + subgroupSize))
      const placed = packServers(demands, { target: config.consolidation_target / 100, mostRemovals })
      for (const [server, host] of placed) hosts.set(server, host)
      mostRemovals -= placed.size
    }
  }
  return hosts
}

/** Demand per judged metric and time, metrics one after the other; a time that a server lacks counts with its peak. */
const readDemands = async (database: Database, servers: readonly FleetServer[]): Promise<PackableServer[]> => {
  if (servers.length < 2) return []
  const ids = servers.map((server) => server.server_id)
  await database.run('CREATE OR REPLACE TABLE packed (place INTEGER, server_id VARCHAR)')
  await database.appendRows(
    'packed',
    ids.map((id, place) => [place, id]),
  )
  const [places, slots, values] = await database.numbers(
    `SELECT p.place, dense_rank() OVER (ORDER BY s.metric, h.ts) - 1, h.predicted
     FROM horizon h JOIN series s USING (series_id) JOIN packed p USING (server_id)
     WHERE s.high_threshold IS NOT NULL`,
    3,
  )
  const width = slots!.reduce((most, slot) => Math.max(most, slot + 1), 0)
  const demand = servers.map(() => new Float64Array(width).fill(Number.NaN))
  places!.forEach((place, index) => {
    const units = (Math.max(0, values![index]!) / 100) * servers[place]!.capacity_units
    demand[place]![slots![index]!] = units
  })
  return servers.map((server, place) => ({
    serverId: server.server_id,
    capacityUnits: server.capacity_units,
    demand: fillWithPeak(demand[place]!),
  }))
}

const fillWithPeak = (demand: Float64Array): Float64Array => {
  const peak = demand.reduce((most, units) => (Number.isNaN(units) ? most : Math.max(most, units)), 0)
  return demand.map((units) => (Number.isNaN(units) ? peak : units))
}

// One disposition per server and what it saves: add capacity, watch, retire, consolidate or keep (analysis definition, section 8).
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
/** Breach probability above which a server that is not at risk is watched. */
export const watchProbability = 0.2
const dayMs = 86_400_000

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
  expected_first_breach: z.string().nullable(),
  last_measured_at: z.string().nullable(),
  lead_time_days: z.number(),
  /** The greatest of its metrics. */
  breach_probability: z.number().nullable(),
})
export type FleetServer = z.infer<typeof serverSchema>

export interface DisposedServer extends FleetServer {
  readonly disposition: Disposition
  readonly consolidateOnto: string | null
  /** ISO 8601 UTC; only of a server at risk. */
  readonly orderBy: string | null
  readonly isOrderLate: boolean
}

/** One entry per server, by name. Reads `series_risk`, `breach_estimates` and `horizon`. */
export const disposeServers = async (database: Database, config: AnalysisConfig): Promise<DisposedServer[]> => {
  const servers = await readServers(database)
  const first = new Map<string, Disposition>()
  for (const server of servers) {
    if (server.is_at_risk) first.set(server.server_id, 'add capacity')
    else if ((server.breach_probability ?? 0) > watchProbability) first.set(server.server_id, 'watch')
    else if (server.horizon_peak !== null && server.horizon_peak < retirePeak) first.set(server.server_id, 'retire')
  }
  const hosts = await packGroups(database, config, servers, first)
  // In place: a million of them would not fit into memory twice.
  return servers.map((server) => {
    const onto = hosts.get(server.server_id) ?? null
    return Object.assign(server, {
      disposition: first.get(server.server_id) ?? (onto === null ? 'keep' : 'consolidate'),
      consolidateOnto: onto,
      ...orderFor(server),
    })
  })
}

/** Capacity must be there at the expected first breach; where no path breaches, at the forecast's own first breach. */
const orderFor = (server: FleetServer): Pick<DisposedServer, 'orderBy' | 'isOrderLate'> => {
  const breach = server.expected_first_breach ?? server.first_breach_at
  if (!server.is_at_risk || breach === null) return { orderBy: null, isOrderLate: false }
  const orderBy = new Date(Date.parse(breach) - server.lead_time_days * dayMs).toISOString().replace('.000Z', 'Z')
  return { orderBy, isOrderLate: server.last_measured_at !== null && orderBy < server.last_measured_at }
}

/** Rows that are read at a time. */
const pageRows = 50_000

/** One row per server: the figures of its tightest metric; peak, mean and units to add over all judged metrics. */
const readServers = async (database: Database): Promise<FleetServer[]> => {
  await database.run(`
    CREATE OR REPLACE TABLE fleet_servers AS
    SELECT row_number() OVER (ORDER BY server_id) - 1 AS place, * FROM (
      SELECT server_id, business_unit, region, criticality, monthly_cost_usd, capacity_units,
             bool_or(is_at_risk) OVER server AS is_at_risk, is_underutilized,
             CASE WHEN bool_and(horizon_peak IS NOT NULL) FILTER (WHERE high_threshold IS NOT NULL) OVER server
                  THEN max(horizon_peak) FILTER (WHERE high_threshold IS NOT NULL) OVER server END AS horizon_peak,
             max(horizon_mean) FILTER (WHERE high_threshold IS NOT NULL) OVER server AS horizon_mean,
             metric, horizon_p95, high_threshold, max(units_to_add) OVER server AS units_to_add,
             strftime(first_breach_at, '%Y-%m-%dT%H:%M:%SZ') AS first_breach_at,
             strftime(expected_first_breach, '%Y-%m-%dT%H:%M:%SZ') AS expected_first_breach,
             strftime(last_measured_at, '%Y-%m-%dT%H:%M:%SZ') AS last_measured_at, lead_time_days,
             max(breach_probability) OVER server AS breach_probability
      FROM series_risk LEFT JOIN breach_estimates USING (series_id)
      WINDOW server AS (PARTITION BY server_id)
      QUALIFY row_number() OVER (PARTITION BY server_id ORDER BY headroom_points NULLS LAST, metric) = 1)
    ORDER BY place`)
  const servers: FleetServer[] = []
  for (;;) {
    const page = await database.rows(
      `SELECT * EXCLUDE (place) FROM fleet_servers WHERE place >= ${servers.length} AND place < ${servers.length + pageRows} ORDER BY place`,
      serverSchema,
    )
    for (const server of page) servers.push(server)
    if (page.length < pageRows) break
  }
  await database.run('DROP TABLE fleet_servers')
  return servers
}

export const groupKey = (server: Pick<FleetServer, 'business_unit' | 'region' | 'criticality'>): string =>
  JSON.stringify([server.business_unit, server.region, server.criticality])

/** Servers that may be packed onto each other. */
interface PackingGroup {
  readonly servers: readonly FleetServer[]
  readonly mostRemovals: number
}

const packGroups = async (
  database: Database,
  config: AnalysisConfig,
  servers: readonly FleetServer[],
  disposed: ReadonlyMap<string, Disposition>,
): Promise<Map<string, string>> => {
  const target = config.consolidation_target / 100
  const hosts = new Map<string, string>()
  const batches = inBatches(findPackable(servers, disposed))
  await layDemands(database, batches)
  for (const [number, batch] of batches.entries()) {
    const demands = await readDemands(database, number, batch)
    for (const [index, { mostRemovals }] of batch.entries()) {
      for (const [server, host] of packServers(demands[index]!, { target, mostRemovals })) hosts.set(server, host)
    }
  }
  await database.run('DROP TABLE packed_demands')
  return hosts
}

/** Groups by business unit, region and criticality, cut into subgroups; those where nothing can move are left out. */
const findPackable = (servers: readonly FleetServer[], disposed: ReadonlyMap<string, Disposition>): PackingGroup[] => {
  const groups = new Map<string, FleetServer[]>()
  for (const server of servers) {
    const members = groups.get(groupKey(server))
    if (members === undefined) groups.set(groupKey(server), [server])
    else members.push(server)
  }
  return [...groups.values()].flatMap((members) => {
    const retired = members.filter((server) => disposed.get(server.server_id) === 'retire').length
    const packable = members.filter((server) => server.is_underutilized && !disposed.has(server.server_id))
    const subgroups: PackingGroup[] = []
    let removable = members.length - retired - fewestKept
    for (let from = 0; from < packable.length; from += subgroupSize) {
      const subgroup = packable.slice(from, from + subgroupSize)
      const mostRemovals = Math.min(removable, subgroup.length - 1)
      if (mostRemovals > 0) subgroups.push({ servers: subgroup, mostRemovals })
      removable -= Math.max(0, mostRemovals)
    }
    return subgroups
  })
}

/** Consecutive groups of at most a subgroup's size together: one query reads them all, and memory stays bounded. */
const inBatches = (groups: readonly PackingGroup[]): PackingGroup[][] => {
  const batches: PackingGroup[][] = []
  let room = 0
  for (const group of groups) {
    if (room < group.servers.length) {
      batches.push([])
      room = subgroupSize
    }
    batches.at(-1)!.push(group)
    room -= group.servers.length
  }
  return batches
}

/** Creates `packed_demands`, the horizons of what may be packed, batch after batch: each batch reads its own part alone. */
const layDemands = async (database: Database, batches: readonly (readonly PackingGroup[])[]): Promise<void> => {
  await database.storeRows('packed', { batch: 'INTEGER', place: 'INTEGER', pack_group: 'INTEGER', server_id: 'VARCHAR' }, placesOf(batches))
  await database.run(`
    CREATE OR REPLACE TABLE packed_demands AS
    SELECT p.batch, p.place, p.pack_group, p.metric_number, h.ts, h.predicted
    FROM horizon h JOIN (
      SELECT s.series_id, s.metric_number, q.batch, q.place, q.pack_group
      FROM (SELECT series_id, server_id, dense_rank() OVER (ORDER BY metric) AS metric_number FROM series WHERE high_threshold IS NOT NULL) s
      JOIN packed q USING (server_id)) p USING (series_id)
    ORDER BY p.batch`)
}

function* placesOf(batches: readonly (readonly PackingGroup[])[]): Generator<readonly (string | number)[]> {
  for (const [batch, groups] of batches.entries()) {
    let place = 0
    for (const [group, { servers }] of groups.entries()) for (const { server_id } of servers) yield [batch, place++, group, server_id]
  }
}

/** Per group and server the demand per judged metric and time, metrics one after the other; a time that a server lacks counts with its peak. */
const readDemands = async (database: Database, batch: number, groups: readonly PackingGroup[]): Promise<PackableServer[][]> => {
  const members = groups.flatMap(({ servers }, group) => servers.map((server) => ({ server, group })))
  const [places, slots, values] = await database.numbers(
    `SELECT place, dense_rank() OVER (PARTITION BY pack_group ORDER BY metric_number, ts) - 1, predicted
     FROM packed_demands WHERE batch = ${batch}`,
    3,
  )
  const widths = groups.map(() => 0)
  places!.forEach((place, index) => {
    const { group } = members[place]!
    widths[group] = Math.max(widths[group]!, slots![index]! + 1)
  })
  const demands = members.map(({ group }) => new Float64Array(widths[group]!).fill(Number.NaN))
  places!.forEach((place, index) => {
    demands[place]![slots![index]!] = (Math.max(0, values![index]!) / 100) * members[place]!.server.capacity_units
  })
  const packable: PackableServer[][] = groups.map(() => [])
  members.forEach(({ server, group }, place) =>
    packable[group]!.push({ serverId: server.server_id, capacityUnits: server.capacity_units, demand: fillWithPeak(demands[place]!) }),
  )
  return packable
}

const fillWithPeak = (demand: Float64Array): Float64Array => {
  const peak = demand.reduce((most, units) => (Number.isNaN(units) ? most : Math.max(most, units)), 0)
  return demand.map((units) => (Number.isNaN(units) ? peak : units))
}

// Packs underutilised servers onto target hosts by their forecasts alone: where no paths are known, and to compare.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import type { ConsolidationGroup } from './consolidation-groups.ts'
import { packServers, type PackableServer } from '../../statistics/pack-servers.ts'

/** Maximum servers that are packed together; larger groups are split by server name. */
const subgroupSize = 2000

type PackingCandidate = Pick<PackableServer, 'serverId' | 'capacityUnits'>

/** Servers that may share hosts. */
interface PackingGroup {
  readonly servers: readonly PackingCandidate[]
  readonly maxRemovals: number
}

/** Server -> target host, packed by the forecasts alone. Reads `series` and `horizon`. */
export const packFleet = async (
  database: Database,
  groups: readonly ConsolidationGroup[],
  config: AnalysisConfig,
): Promise<Map<string, string>> => {
  const target = config.consolidation_target / 100
  const hostByServer = new Map<string, string>()
  const batches = createBatches(groups.flatMap(splitGroup))
  await createDemands(database, batches)
  for (const [number, batch] of batches.entries()) {
    const demands = await readDemands(database, number, batch)
    for (const [index, { maxRemovals }] of batch.entries()) {
      for (const [server, host] of packServers(demands[index]!, { target, maxRemovals })) hostByServer.set(server, host)
    }
  }
  await database.run('DROP TABLE packed_demands')
  return hostByServer
}

/** Subgroups without a possible move are dropped. */
const splitGroup = ({ candidates, maxRemovals: groupRemovals }: ConsolidationGroup): PackingGroup[] => {
  const servers = candidates.filter(({ mayMove }) => mayMove).sort((a, b) => (a.serverId < b.serverId ? -1 : 1))
  const subgroups: PackingGroup[] = []
  let removable = groupRemovals
  for (let from = 0; from < servers.length; from += subgroupSize) {
    const subgroup = servers.slice(from, from + subgroupSize)
    const maxRemovals = Math.min(removable, subgroup.length - 1)
    if (maxRemovals > 0) subgroups.push({ servers: subgroup, maxRemovals })
    removable -= Math.max(0, maxRemovals)
  }
  return subgroups
}

/** Joins consecutive groups up to a subgroup's size, so that one query reads them all in bounded memory. */
const createBatches = (groups: readonly PackingGroup[]): PackingGroup[][] => {
  const batches: PackingGroup[][] = []
  let remaining = 0
  for (const group of groups) {
    if (remaining < group.servers.length) {
      batches.push([])
      remaining = subgroupSize
    }
    batches.at(-1)!.push(group)
    remaining -= group.servers.length
  }
  return batches
}

/** Creates `packed_demands`, the horizons of all packable servers ordered by batch, so that each batch reads only its own rows. */
const createDemands = async (database: Database, batches: readonly (readonly PackingGroup[])[]): Promise<void> => {
  await database.storeRows(
    'packable_servers',
    { batch: 'INTEGER', position: 'INTEGER', pack_group: 'INTEGER', server_id: 'VARCHAR' },
    demandRows(batches),
  )
  await database.run(`
    CREATE OR REPLACE TABLE packed_demands AS
    SELECT p.batch, p.position, p.pack_group, p.metric_number, h.ts, h.predicted
    FROM horizon h JOIN (
      SELECT s.series_id, s.metric_number, q.batch, q.position, q.pack_group
      FROM (SELECT series_id, server_id, dense_rank() OVER (ORDER BY metric) AS metric_number FROM series WHERE high_threshold IS NOT NULL) s
      JOIN packable_servers q USING (server_id)) p USING (series_id)
    ORDER BY p.batch`)
}

function* demandRows(batches: readonly (readonly PackingGroup[])[]): Generator<readonly (string | number)[]> {
  for (const [batch, groups] of batches.entries()) {
    let position = 0
    for (const [group, { servers }] of groups.entries()) for (const { serverId } of servers) yield [batch, position++, group, serverId]
  }
}

/** Per group and server the demand by metric and time, one metric after the other; a missing time counts with the server's peak. */
const readDemands = async (database: Database, batch: number, groups: readonly PackingGroup[]): Promise<PackableServer[][]> => {
  const members = groups.flatMap(({ servers }, group) => servers.map((server) => ({ server, group })))
  const {
    position: positions,
    slot: slots,
    predicted: values,
  } = await database.columns(
    `SELECT position, CAST(dense_rank() OVER (PARTITION BY pack_group ORDER BY metric_number, ts) - 1 AS INTEGER) AS slot, predicted
     FROM packed_demands WHERE batch = ${batch}`,
    { position: 'number', slot: 'number', predicted: 'number?' },
  )
  const widths = groups.map(() => 0)
  positions.forEach((position, index) => {
    const { group } = members[position]!
    widths[group] = Math.max(widths[group]!, slots[index]! + 1)
  })
  const demands = members.map(({ group }) => new Float64Array(widths[group]!).fill(Number.NaN))
  positions.forEach((position, index) => {
    demands[position]![slots[index]!] = (Math.max(0, values[index]!) / 100) * members[position]!.server.capacityUnits
  })
  const packable: PackableServer[][] = groups.map(() => [])
  members.forEach(({ server, group }, position) => packable[group]!.push({ ...server, demand: fillWithPeak(demands[position]!) }))
  return packable
}

const fillWithPeak = (demand: Float64Array): Float64Array => {
  const peak = demand.reduce((currentMax, units) => (Number.isNaN(units) ? currentMax : Math.max(currentMax, units)), 0)
  return demand.map((units) => (Number.isNaN(units) ? peak : units))
}

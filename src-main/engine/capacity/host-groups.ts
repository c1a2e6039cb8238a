// Clusters and hosts with their capacity and members, from the servers table.
import { z } from 'zod'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import { identifier, type Database } from '../../database/database.ts'

export interface Host {
  readonly name: string
  readonly cluster: string | null
  /** NaN where it is not known. */
  readonly capacities: Readonly<Record<CapacityColumn, number>>
}

/** A series of a server on a host or in a cluster. */
export interface Member {
  readonly seriesId: number
  readonly serverId: string
  readonly metric: string
  readonly host: string | null
  readonly cluster: string | null
  /** NaN where it is not known. */
  readonly capacity: number
  /** Nothing is known of what it will need. */
  readonly isSilent: boolean
}

export interface HostGroups {
  readonly hosts: readonly Host[]
  readonly members: readonly Member[]
  /** Sentences about what is missing. */
  readonly notes: readonly string[]
}

const capacityOf = z
  .number()
  .nullable()
  .transform((value) => (value === null || value <= 0 ? Number.NaN : value))
const hostSchema = z.object({
  name: z.string(),
  cluster: z.string().nullable(),
  cores: capacityOf,
  mem_gib: capacityOf,
  disk_gib: capacityOf,
  capacity_units: capacityOf,
})

/** Of `server_attributes`. */
export const isHostSql = `(server_id IN (SELECT host FROM server_attributes WHERE host IS NOT NULL)
  OR (host IS NULL AND host_cluster IS NOT NULL AND server_id NOT IN (SELECT server_id FROM series)))`

/**
 * A row of the servers table is a host where another row names it, or where it has a cluster, no host and no forecast. Null without the columns
 * `host` and `host_cluster`. Creates `hosts`; reads `server_attributes`, `series`, `series_capacity`.
 */
export const readHostGroups = async (database: Database): Promise<HostGroups | null> => {
  const { named } = await database.row(
    'SELECT count(host) + count(host_cluster) > 0 AS named FROM server_attributes',
    z.object({ named: z.boolean() }),
  )
  if (!named) return null
  await database.run(`
    CREATE OR REPLACE TABLE hosts AS
    SELECT server_id AS name, host_cluster AS cluster, cores, mem_gib, disk_gib, capacity_units FROM server_attributes
    WHERE ${isHostSql}
    ORDER BY name`)
  const hosts = await database.rows(
    `SELECT ${Object.keys(hostSchema.shape).map(identifier).join(', ')} FROM hosts ORDER BY name`,
    hostSchema,
  )
  const rows = await database.columns(
    `SELECT s.series_id, s.server_id, s.metric, coalesce(a.host, '') AS host, coalesce(a.host_cluster, h.cluster, '') AS cluster, c.capacity,
            CAST(s.is_silent AS INTEGER) AS is_silent
     FROM series s JOIN server_attributes a USING (server_id) LEFT JOIN hosts h ON h.name = a.host LEFT JOIN series_capacity c USING (series_id)
     WHERE (a.host IS NOT NULL OR a.host_cluster IS NOT NULL) AND s.server_id NOT IN (SELECT name FROM hosts)
     ORDER BY s.series_id`,
    { series_id: 'number', server_id: 'text', metric: 'text', host: 'text', cluster: 'text', capacity: 'number?', is_silent: 'number' },
  )
  const members = rows.server_id.map((serverId, index) => ({
    seriesId: rows.series_id[index]!,
    serverId,
    metric: rows.metric[index]!,
    host: rows.host[index] === '' ? null : rows.host[index]!,
    cluster: rows.cluster[index] === '' ? null : rows.cluster[index]!,
    capacity: rows.capacity[index]!,
    isSilent: rows.is_silent[index] === 1,
  }))
  return {
    hosts: hosts.map(({ name, cluster, ...capacities }) => ({ name, cluster, capacities })),
    members,
    notes: describeHosts(hosts, members),
  }
}

const describeHosts = (hosts: readonly Pick<Host, 'name'>[], members: readonly Member[]): string[] => {
  if (hosts.length === 0) return ['No row of the servers table is a host, so no capacity of a group is known.']
  const known = new Set(hosts.map(({ name }) => name))
  const used = new Set(members.flatMap(({ host }) => host ?? []))
  const strangers = [...used].filter((host) => !known.has(host))
  const empty = used.size === 0 ? [] : [...known].filter((host) => !used.has(host))
  return [
    ...(strangers.length === 0
      ? []
      : [
          sentenceOf(strangers, [
            'has no row in the servers table, so its capacity is not known',
            'have no row in the servers table, so their capacity is not known',
          ]),
        ]),
    ...(empty.length === 0 ? [] : [sentenceOf(empty, ['has no members', 'have no members'])]),
  ]
}

/** "2 hosts have no members: a, b." */
const sentenceOf = (names: readonly string[], [one, several]: readonly [string, string]): string => {
  const listed = [...names].sort().slice(0, 3).join(', ')
  const count = names.length === 1 ? `1 host ${one}` : `${names.length.toLocaleString('en-US')} hosts ${several}`
  return `${count}: ${listed}${names.length > 3 ? ', …' : ''}.`
}

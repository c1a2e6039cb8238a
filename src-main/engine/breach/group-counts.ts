// How many servers of each group run out by a metric: 90 % intervals over the simulated paths, which single probabilities do not hold.
import type { GroupCount } from '../../../src-shared/artefacts/run-summary.ts'
import type { Database } from '../../database/database.ts'
import type { ClusteredServers } from '../clusters/cluster-servers.ts'
import { forEachPathInAny, summarizeCounts, type SeriesBreaches } from './joint-breaches.ts'
import { pathCount } from './simulate-paths.ts'
import type { ThresholdSeries } from './threshold-series.ts'

/** The event "sustained breach" of every series. */
export interface SustainedBreaches {
  readonly series: Pick<ThresholdSeries, 'serverIds' | 'metrics' | 'isSilent'>
  readonly breaches: SeriesBreaches
}

const groupings = ['business_unit', 'region', 'criticality', 'cluster_name'] as const

/** More groups than a chart shows are left out, those with the fewest expected servers first. */
const maxGroups = 100

/** Reads `server_attributes`. Silent servers and series without a probability do not count; a group "" are servers without one. */
export const countGroups = async (
  database: Database,
  { series, breaches }: SustainedBreaches,
  clusteredServers: Pick<ClusteredServers, 'serverIds' | 'cluster' | 'clusters'>,
): Promise<GroupCount[]> => {
  const groupsByServer = await readGroups(database, clusteredServers)
  const counts = new Map<string, { readonly of: Omit<GroupCount, 'expected' | 'low' | 'high'>; readonly byPath: Uint32Array }>()
  for (const [index, server] of series.serverIds.entries()) {
    if (series.isSilent[index] === 1 || Number.isNaN(breaches.probability[index]!)) continue
    const metric = series.metrics[index]!
    const byPaths = groupings.map((groupBy) => {
      const group = groupsByServer[groupBy].get(server) ?? ''
      const key = JSON.stringify([metric, groupBy, group])
      const known = counts.get(key) ?? { of: { metric, group_by: groupBy, group }, byPath: new Uint32Array(pathCount) }
      counts.set(key, known)
      return known.byPath
    })
    forEachPathInAny(breaches.paths, index, index + 1, (path) => {
      for (const byPath of byPaths) byPath[path]!++
    })
  }
  const all = [...counts.values()].map(({ of, byPath }) => ({ ...of, ...summarizeCounts(byPath) }))
  return [...new Set(all.map(({ metric }) => metric))].sort().flatMap((metric) =>
    groupings.flatMap((groupBy) =>
      all
        .filter((count) => count.metric === metric && count.group_by === groupBy)
        .sort((a, b) => b.expected - a.expected || (a.group < b.group ? -1 : 1))
        .slice(0, maxGroups),
    ),
  )
}

type Grouping = (typeof groupings)[number]

const readGroups = async (
  database: Database,
  { serverIds, cluster, clusters }: Pick<ClusteredServers, 'serverIds' | 'cluster' | 'clusters'>,
): Promise<Readonly<Record<Grouping, ReadonlyMap<string, string | null>>>> => {
  const attributes = await database.columns('SELECT server_id, business_unit, region, criticality FROM server_attributes', {
    server_id: 'text',
    business_unit: 'text?',
    region: 'text?',
    criticality: 'text?',
  })
  const byServer = (column: 'business_unit' | 'region' | 'criticality'): Map<string, string | null> =>
    new Map(attributes.server_id.map((server, row) => [server, attributes[column][row] ?? null]))
  const names = new Map(clusters.map(({ cluster: number, name }) => [number, name]))
  return {
    business_unit: byServer('business_unit'),
    region: byServer('region'),
    criticality: byServer('criticality'),
    cluster_name: new Map(serverIds.map((server, index) => [server, names.get(cluster[index]!) ?? null])),
  }
}

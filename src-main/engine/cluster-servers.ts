// Which servers behave alike: standardised features of each server's horizon, K-means, names by rule (analysis definition, section 7).
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import type { AnalysisConfig } from '../../src-shared/analysis-config.ts'
import type { RunWarning } from '../../src-shared/run-event.ts'
import { clusterPoints, type Clustering } from './cluster-points.ts'

export const clusterFeatures = ['mean', 'std', 'p95', 'peak_to_mean', 'trend_per_30_days'] as const
export type ClusterFeature = (typeof clusterFeatures)[number]

/** One entry per server of the set, by name; the arrays share their index. */
export interface ClusteredServers {
  readonly metric: string
  readonly serverIds: readonly string[]
  /** Feature -> values in their own units; NaN where undefined. */
  readonly features: Readonly<Record<string, Float64Array>>
  /** -1 for a server without horizon. */
  readonly cluster: Int32Array
  readonly clusters: readonly ServerCluster[]
  readonly inertia: number
  readonly warnings: readonly RunWarning[]
}

export interface ServerCluster {
  readonly cluster: number
  readonly name: string
  readonly size: number
  /** Means of the members' features, in their own units. */
  readonly centre: Readonly<Record<string, number>>
}

type FleetFeatures = Readonly<Record<ClusterFeature, Float64Array>>

const restarts = 10

/** Reads `series_risk`. Clusters judge one metric; a server without a horizon of it belongs to none. */
export const clusterServers = async (
  database: Database,
  config: AnalysisConfig,
  metric: string,
  signal: AbortSignal | undefined,
): Promise<ClusteredServers> => {
  const fleet = await readFeatures(database, metric)
  const { serverIds, features } = fleet
  const known = serverIds.map((_, index) => index).filter((index) => !Number.isNaN(features.mean[index]!))
  const warnings: RunWarning[] = []
  const used = clusterFeatures.filter((feature) => {
    const keep = !isConstant(features[feature], known)
    if (!keep && known.length > 1) {
      warnings.push({
        code: 'cluster-feature-dropped',
        message: `Clusters leave out ${feature}: it is the same or undefined for all servers.`,
      })
    }
    return keep
  })
  const columns = used.map((feature) => standardise(features[feature], known))
  const points = known.map((_, index) => columns.map((column) => column[index]!))
  const clustering = await clusterPoints(points.length > 0 && used.length === 0 ? known.map(() => [0]) : points, {
    clusters: config.n_clusters,
    restarts,
    seed: config.seed,
    signal,
  })
  if (clustering.sizes.length < Math.min(config.n_clusters, Math.max(1, known.length)) || known.length < config.n_clusters) {
    warnings.push({
      code: 'clusters-shrunk',
      message: `${clustering.sizes.length} instead of ${config.n_clusters} clusters: the servers show no more distinct behaviours.`,
    })
  }
  return { ...numberByMean(fleet, known, clustering), warnings }
}

interface FleetBehaviour {
  readonly metric: string
  readonly serverIds: readonly string[]
  readonly features: FleetFeatures
  readonly horizonDays: number
}

const readFeatures = async (database: Database, metric: string): Promise<FleetBehaviour> => {
  const { horizon_days } = await database.row(
    `SELECT date_diff('second', min(horizon_start), max(horizon_end)) / 86400.0::DOUBLE AS horizon_days FROM series_risk WHERE metric = ?`,
    z.object({ horizon_days: z.number() }),
    [metric],
  )
  const chosen = `
    SELECT s.server_id, r.* EXCLUDE (server_id)
    FROM (SELECT DISTINCT server_id FROM series_risk) s
    LEFT JOIN (SELECT * FROM series_risk WHERE metric = ?) r USING (server_id)`
  const ids = await database.columns(`SELECT server_id FROM (${chosen}) ORDER BY server_id`, [metric])
  const [mean, std, p95, peakToMean, trend] = await database.numbers(
    `SELECT horizon_mean, horizon_std, horizon_p95, horizon_peak / nullif(horizon_mean, 0), trend_per_30_days
     FROM (${chosen}) ORDER BY server_id`,
    clusterFeatures.length,
    [metric],
  )
  return {
    metric,
    horizonDays: horizon_days,
    serverIds: (ids['server_id'] ?? []) as string[],
    features: { mean: mean!, std: std!, p95: p95!, peak_to_mean: peakToMean!, trend_per_30_days: trend! },
  }
}

const isConstant = (values: Float64Array, members: readonly number[]): boolean => {
  const defined = members.map((index) => values[index]!).filter((value) => !Number.isNaN(value))
  if (defined.length === 0) return true
  const least = defined.reduce((a, b) => Math.min(a, b))
  const greatest = defined.reduce((a, b) => Math.max(a, b))
  return greatest - least <= 1e-9 * Math.max(1, Math.abs(greatest))
}

/** To mean 0 and standard deviation 1; undefined values first take the fleet's median. */
const standardise = (values: Float64Array, members: readonly number[]): Float64Array => {
  const defined = members.map((index) => values[index]!).filter((value) => !Number.isNaN(value))
  const middle = medianOf(defined)
  const filled = Float64Array.from(members, (index) => (Number.isNaN(values[index]!) ? middle : values[index]!))
  const mean = filled.reduce((sum, value) => sum + value, 0) / filled.length
  const variance = filled.reduce((sum, value) => sum + (value - mean) ** 2, 0) / filled.length
  return filled.map((value) => (value - mean) / Math.sqrt(variance))
}

const medianOf = (values: readonly number[]): number => {
  const sorted = Float64Array.from(values).sort()
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** Renumbers by mean utilisation, 0 the quietest; K-means itself only knows standardised features. */
const numberByMean = (
  { metric, serverIds, features, horizonDays }: FleetBehaviour,
  known: readonly number[],
  { assignment, sizes, inertia }: Clustering,
): Omit<ClusteredServers, 'warnings'> => {
  const centres = sizes
    .map((_, cluster) => {
      const members = known.filter((_, index) => assignment[index] === cluster)
      const centre = Object.fromEntries(
        clusterFeatures.map((feature) => [feature, meanOf(members.map((index) => features[feature][index]!))]),
      ) as Record<ClusterFeature, number>
      return { members, centre }
    })
    .sort((a, b) => a.centre.mean - b.centre.mean)
  const cluster = new Int32Array(serverIds.length).fill(-1)
  centres.forEach(({ members }, number) => members.forEach((index) => (cluster[index] = number)))
  const names = distinctNames(
    centres.map(({ centre }) => centre),
    horizonDays,
  )
  return {
    metric,
    serverIds,
    features,
    cluster,
    clusters: centres.map(({ members, centre }, number) => ({ cluster: number, name: names[number]!, size: members.length, centre })),
    inertia,
  }
}

const meanOf = (values: readonly number[]): number => {
  const defined = values.filter((value) => !Number.isNaN(value))
  return defined.length === 0 ? Number.NaN : defined.reduce((sum, value) => sum + value, 0) / defined.length
}

/** Points that the fitted line must move over the horizon to be called rising or falling. */
const noticeableMove = 5

/** Peaks this many times the mean are called spikes. */
const spikyPeakToMean = 1.3

/** Level by mean utilisation, then direction, spikes, or variability (standard deviation above a quarter of the mean). */
export const nameCluster = (centre: Readonly<Record<ClusterFeature, number>>, horizonDays: number): string => {
  const level = levelOf(centre.mean)
  const move = (centre.trend_per_30_days * horizonDays) / 30
  if (move >= noticeableMove) return `${level}, rising`
  if (move <= -noticeableMove) return `${level}, falling`
  if (centre.peak_to_mean >= spikyPeakToMean) return `${level}, spiky`
  return centre.std > 0.25 * centre.mean ? `${level}, variable` : `${level}, steady`
}

const levelOf = (mean: number): string => {
  if (mean < 15) return 'idle'
  if (mean < 40) return 'quiet'
  if (mean < 60) return 'moderate'
  return mean < 80 ? 'busy' : 'full'
}

/** Clusters that share a name also state their mean, and their number where even that is shared. */
const distinctNames = (centres: readonly Readonly<Record<ClusterFeature, number>>[], horizonDays: number): string[] => {
  const names = centres.map((centre) => nameCluster(centre, horizonDays))
  const isUnique = (name: string, among: readonly string[]): boolean => among.filter((other) => other === name).length === 1
  const withMeans = names.map((name, index) => (isUnique(name, names) ? name : `${name}, mean ${centres[index]!.mean.toFixed(1)}`))
  return withMeans.map((name, index) => (isUnique(name, withMeans) ? name : `${name}, no. ${index}`))
}

// Clusters servers by standardised features with k-means and names the clusters (analysis definition, section 7).
import type { Database } from '../../database/database.ts'
import { clusterFeatures, type AnalysisConfig, type ClusterFeature } from '../../../src-shared/config/analysis-config.ts'
import type { ClusteringReport, ServerCluster } from '../../../src-shared/artefacts/clusters.ts'
import type { RunWarning } from '../../../src-shared/run/run-event.ts'
import { chooseClusterCount } from './choose-cluster-count.ts'
import { readClusterFeatures, standardize, hasVariation, type ClusterFeatureTable } from './cluster-features.ts'
import { uniqueClusterNames, type ClusterCentre } from './cluster-names.ts'
import { runKMeans, type Clustering } from '../../statistics/k-means.ts'
import { projectOnComponents } from '../../statistics/principal-components.ts'
import { meanSilhouettes, drawSampleIndices } from '../../statistics/silhouette.ts'

/** One entry per server, by name; the arrays share their index. */
export interface ClusteredServers {
  readonly metric: string
  readonly serverIds: readonly string[]
  /** Feature -> values in their own units; NaN where undefined. */
  readonly features: Readonly<Record<string, Float64Array>>
  /** Scores on the first two principal components; NaN for a server without a cluster. */
  readonly projection: { readonly pc1: Float64Array; readonly pc2: Float64Array }
  /** -1 for a server without horizon. */
  readonly cluster: Int32Array
  readonly clusters: readonly ServerCluster[]
  readonly clustering: ClusteringReport
  readonly warnings: readonly RunWarning[]
}

/** Ten miss the optimum in two fleets of three; more servers cost more time a restart. */
export const restartsFor = (servers: number): number => {
  if (servers <= 5000) return 100
  return servers <= 20_000 ? 25 : 10
}

/** Reads `series_risk`, `season_figures`. Uses one metric; a server without a horizon of it has no cluster. */
export const clusterServers = async (
  database: Database,
  config: AnalysisConfig,
  metric: string,
  signal: AbortSignal | undefined,
): Promise<ClusteredServers> => {
  const fleet = await readClusterFeatures(database, metric)
  const clusteredIndices = fleet.serverIds.map((_, index) => index).filter((index) => !Number.isNaN(fleet.features.mean[index]!))
  const requestedFeatures = clusterFeatures.filter((feature) => config.cluster_features.includes(feature))
  const usedFeatures = requestedFeatures.filter((feature) => hasVariation(fleet.features[feature], clusteredIndices))
  const columns = usedFeatures.map((feature) => standardize(fleet.features[feature], clusteredIndices))
  // Without a feature that differs, all servers are the same point.
  const points = clusteredIndices.map((_, index) => (columns.length === 0 ? [0] : columns.map((column) => column[index]!)))
  const restarts = restartsFor(points.length)
  const options = { restarts, seed: config.seed, signal }
  const { clusters, silhouettes } =
    config.n_clusters === 'auto' ? await chooseClusterCount(points, options) : { clusters: config.n_clusters, silhouettes: null }
  const kMeansResult = await runKMeans(points, { ...options, clusters })
  const { cluster, members } = renumberByMean(fleet, clusteredIndices, kMeansResult)
  const centres = members.map((indices) => centreOf(fleet, indices))
  const names = uniqueClusterNames(centres, fleet.horizonDays)
  return {
    metric,
    serverIds: fleet.serverIds,
    features: fleet.features,
    cluster,
    clusters: centres.map((centre, number) => ({ cluster: number, name: names[number]!, size: members[number]!.length, centre })),
    ...(await describeClustering(points, clusteredIndices, fleet.serverIds.length, usedFeatures, kMeansResult, {
      requested: config.n_clusters,
      silhouettesByK: silhouettes,
      restarts,
      seed: config.seed,
      signal,
    })),
    warnings: collectClusterWarnings(clusteredIndices, requestedFeatures, usedFeatures, kMeansResult, clusters),
  }
}

export interface ClusteringSettings {
  readonly requested: number | 'auto'
  readonly silhouettesByK: Readonly<Record<string, number>> | null
  readonly restarts: number
  readonly seed: number
  readonly signal: AbortSignal | undefined
}

/** `points` have one entry per feature; `clusteredIndices` holds the server of each point. */
export const describeClustering = async (
  points: readonly (readonly number[])[],
  clusteredIndices: readonly number[],
  servers: number,
  features: readonly string[],
  kMeansResult: Clustering,
  { requested, silhouettesByK, restarts: restartCount, seed, signal }: ClusteringSettings,
): Promise<Pick<ClusteredServers, 'projection' | 'clustering'>> => {
  const sampleIndices = drawSampleIndices(points.length, seed)
  const [silhouette] = await meanSilhouettes(
    Array.from(sampleIndices, (sampleIndex) => points[sampleIndex]!),
    [Int32Array.from(sampleIndices, (sampleIndex) => kMeansResult.assignment[sampleIndex]!)],
    signal,
  )
  const projected = projectOnComponents(features.length === 0 ? points.map(() => []) : points)
  const scoresByServer = (scores: Float64Array): Float64Array => {
    const all = new Float64Array(servers).fill(Number.NaN)
    clusteredIndices.forEach((server, index) => (all[server] = scores[index]!))
    return all
  }
  return {
    projection: { pc1: scoresByServer(projected.pc1), pc2: scoresByServer(projected.pc2) },
    clustering: {
      k: kMeansResult.sizes.length,
      k_requested: requested,
      features: [...features],
      silhouette: silhouette ?? null,
      silhouettes_by_k: silhouettesByK,
      stability: kMeansResult.stability,
      restarts: restartCount,
      inertia: kMeansResult.inertia,
      principal_components: {
        explained: [...projected.explained],
        loadings: Object.fromEntries(features.map((feature, index) => [feature, projected.loadings.map((weights) => weights[index]!)])),
      },
    },
  }
}

/** Numbers the clusters by mean utilisation, lowest first; k-means itself only sees standardised features. */
const renumberByMean = (
  { serverIds, features }: ClusterFeatureTable,
  clusteredIndices: readonly number[],
  { assignment, sizes }: Clustering,
): { cluster: Int32Array; members: number[][] } => {
  const members = sizes
    .map((_, number) => clusteredIndices.filter((_, index) => assignment[index] === number))
    .map((indices) => ({ indices, mean: definedMean(indices.map((index) => features.mean[index]!)) }))
    .sort((a, b) => a.mean - b.mean)
    .map(({ indices }) => indices)
  const cluster = new Int32Array(serverIds.length).fill(-1)
  members.forEach((indices, number) => indices.forEach((index) => (cluster[index] = number)))
  return { cluster, members }
}

const centreOf = ({ features }: ClusterFeatureTable, members: readonly number[]): ClusterCentre =>
  Object.fromEntries(clusterFeatures.map((feature) => [feature, definedMean(members.map((index) => features[feature][index]!))])) as Record<
    ClusterFeature,
    number
  >

/** NaN where none is defined. */
const definedMean = (values: readonly number[]): number => {
  const defined = values.filter((value) => !Number.isNaN(value))
  return defined.reduce((sum, value) => sum + value, 0) / defined.length
}

const collectClusterWarnings = (
  clusteredIndices: readonly number[],
  requestedFeatures: readonly ClusterFeature[],
  usedFeatures: readonly ClusterFeature[],
  { sizes }: Clustering,
  clusters: number,
): RunWarning[] => {
  const droppedFeatures = clusteredIndices.length > 1 ? requestedFeatures.filter((feature) => !usedFeatures.includes(feature)) : []
  const warnings =
    droppedFeatures.length === 0
      ? []
      : [
          {
            code: 'cluster-features-dropped',
            message: `Clusters leave out ${droppedFeatures.join(', ')}: the same or undefined for all servers.`,
            count: droppedFeatures.length,
          },
        ]
  if (sizes.length === clusters) return warnings
  return [
    ...warnings,
    {
      code: 'clusters-shrunk',
      message: `${sizes.length} instead of ${clusters} clusters: the servers show no more distinct behaviours.`,
    },
  ]
}

// Keys `clusters` and `clustering` of module_05_summary.json: the clusters, the settings behind them and their quality.
import { z } from 'zod'

const serverClusterSchema = z.object({
  cluster: z.int().describe('number of the cluster; 0 has the lowest mean'),
  name: z.string().describe('name of the cluster'),
  size: z.int().describe('number of servers'),
  centre: z.record(z.string(), z.number().nullable()).describe('means of the features in their units; empty where undefined'),
})
export type ServerCluster = z.infer<typeof serverClusterSchema>

const clusteringReportSchema = z.object({
  k: z.int().describe('number of clusters'),
  k_requested: z.union([z.int(), z.literal('auto')]).describe('configured number, or `auto`'),
  features: z.array(z.string()).describe('features that differ between servers'),
  silhouette: z.number().nullable().describe('mean silhouette, -1 to 1; empty with one cluster'),
  silhouettes_by_k: z
    .record(z.string(), z.number())
    .nullable()
    .describe('mean silhouette by number of clusters; empty if it was configured'),
  stability: z.number().nullable().describe('adjusted Rand index, at most 1'),
  restarts: z.int().describe('number of restarts'),
  inertia: z.number().describe('sum of squared distances, in units of the clustered features'),
  principal_components: z.object({
    explained: z.array(z.number()).describe('share of variance per component, 0 to 1'),
    loadings: z.record(z.string(), z.array(z.number())).describe('weight of each feature in each component'),
  }),
})
export type ClusteringReport = z.infer<typeof clusteringReportSchema>

export const clusterKeysSchema = z.object({ clusters: z.array(serverClusterSchema), clustering: clusteringReportSchema })

/** The keys that runs of every version have. */
export const statedClustersSchema = clusterKeysSchema.extend({
  clustering: clusteringReportSchema
    .pick({ features: true, silhouette: true, stability: true })
    .extend({ principal_components: clusteringReportSchema.shape.principal_components.pick({ explained: true }).nullable().optional() }),
})

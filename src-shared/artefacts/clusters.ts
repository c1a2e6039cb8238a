// Keys `clusters` and `clustering` of module_05_summary.json: the clusters, the settings behind them and their quality.
import { z } from 'zod'

const serverClusterSchema = z.object({
  /** 0 has the lowest mean. */
  cluster: z.int(),
  name: z.string(),
  size: z.int(),
  /** Means of the members' features, in their own units; null where undefined. */
  centre: z.record(z.string(), z.number().nullable()),
})
export type ServerCluster = z.infer<typeof serverClusterSchema>

const clusteringReportSchema = z.object({
  k: z.int(),
  k_requested: z.union([z.int(), z.literal('auto')]),
  /** Features that differ between servers. */
  features: z.array(z.string()),
  /** Mean over at most 2,000 sampled servers, -1..1; null with a single cluster. */
  silhouette: z.number().nullable(),
  /** By number of clusters tried; null if the number was configured. */
  silhouettes_by_k: z.record(z.string(), z.number()).nullable(),
  /** Mean adjusted Rand index of the best against the other restarts. */
  stability: z.number().nullable(),
  restarts: z.int(),
  /** Sum of squared distances to the centres, in units of the clustered features. */
  inertia: z.number(),
  principal_components: z.object({
    /** Share of the variance that each component explains. */
    explained: z.array(z.number()),
    /** Feature -> its weight in each component. */
    loadings: z.record(z.string(), z.array(z.number())),
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

// The clusters scatter of a run: each server's horizon mean and standard deviation with the cluster it belongs to.
import { join } from 'node:path'
import { z } from 'zod'
import type { ClustersData } from '../../src-shared/chart-options/chart-data.ts'
import type { ClustersRequest } from '../../src-shared/run-view.ts'
import { runFiles } from '../../src-shared/run-manifest.ts'
import { literal, type Database } from '../database/database.ts'
import { unitOf, type OpenRun } from './open-run.ts'

/** A server of one period has no standard deviation: it lies on the axis. */
const pointsSql = (assignment: string): string => `
  WITH assignment AS (${assignment})
  SELECT r.server_id, a.cluster, a.name, r.horizon_mean AS mean, coalesce(r.horizon_std, 0) AS std
  FROM server_risk r JOIN assignment a USING (server_id)
  WHERE r.metric = $1 AND r.horizon_mean IS NOT NULL AND a.cluster IS NOT NULL
  ORDER BY r.server_id`

const ownAssignment = `
  SELECT server_id, any_value(CAST(cluster AS INTEGER)) AS cluster, any_value(cluster_name) AS name
  FROM server_risk WHERE cluster IS NOT NULL GROUP BY server_id`

const csvAssignment = (run: OpenRun): string => `
  SELECT CAST(server_id AS VARCHAR) AS server_id, CAST(cluster AS INTEGER) AS cluster, CAST(NULL AS VARCHAR) AS name
  FROM read_csv(${literal(join(run.contents.folder, runFiles.clusters))}, header = true)`

const pointSchema = z.object({
  server_id: z.string(),
  cluster: z.number(),
  name: z.string().nullable(),
  mean: z.number(),
  std: z.number(),
})

/** No points where the run has no clusters. */
export const queryClusters = async (run: OpenRun, { metric }: ClustersRequest): Promise<ClustersData> => {
  const unit = unitOf(run, metric)
  const points = (await hasOwnClusters(run.database))
    ? await run.database.rows(pointsSql(ownAssignment), pointSchema, [metric])
    : run.contents.present.has(runFiles.clusters)
      ? await run.database.rows(pointsSql(csvAssignment(run)), pointSchema, [metric])
      : []
  return {
    metric,
    unit,
    serverIds: points.map(({ server_id }) => server_id),
    mean: Float64Array.from(points, ({ mean }) => mean),
    std: Float64Array.from(points, ({ std }) => std),
    cluster: Int32Array.from(points, ({ cluster }) => cluster),
    clusters: summarise(points),
    underutilizedThreshold: run.overview.underutilizedThreshold,
  }
}

const hasOwnClusters = async (database: Database): Promise<boolean> => {
  const { known } = await database.row('SELECT count(cluster) > 0 AS known FROM server_risk', z.object({ known: z.boolean() }))
  return known
}

const summarise = (points: readonly z.infer<typeof pointSchema>[]): ClustersData['clusters'] => {
  const members = new Map<number, z.infer<typeof pointSchema>[]>()
  for (const point of points) {
    const known = members.get(point.cluster)
    if (known === undefined) members.set(point.cluster, [point])
    else known.push(point)
  }
  const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  return [...members]
    .sort(([a], [b]) => a - b)
    .map(([cluster, of]) => ({
      cluster,
      name: of[0]?.name ?? `Cluster ${cluster}`,
      size: of.length,
      mean: average(of.map(({ mean }) => mean)),
      std: average(of.map(({ std }) => std)),
    }))
}

// The clusters scatter of a run: each server's horizon mean and standard deviation with the cluster it belongs to.
import { join } from 'node:path'
import { z } from 'zod'
import type { ClustersData } from '../../src-shared/chart-options/chart-data.ts'
import type { ClusterProfiles, ClustersRequest } from '../../src-shared/run-view.ts'
import { runFiles } from '../../src-shared/run-manifest.ts'
import { literal, type Database } from '../database/database.ts'
import { filterCondition } from './fleet-filter.ts'
import { literalPath } from './literal-path.ts'
import { unitOf, type OpenRun } from './open-run.ts'

/** A server of one period has no standard deviation: it lies on the axis. */
const pointsSql = (assignment: string, where: string): string => `
  WITH assignment AS (${assignment})
  SELECT r.server_id, a.cluster, a.name, r.horizon_mean AS mean, coalesce(r.horizon_std, 0) AS std
  FROM server_risk r JOIN assignment a USING (server_id)
  WHERE r.metric = $1 AND r.horizon_mean IS NOT NULL AND a.cluster IS NOT NULL
    AND r.server_id IN (SELECT server_id FROM server_risk WHERE metric = $1 AND (${where}))
  ORDER BY r.server_id`

const ownAssignment = `
  SELECT server_id, any_value(CAST(cluster AS INTEGER)) AS cluster, any_value(cluster_name) AS name
  FROM server_risk WHERE cluster IS NOT NULL GROUP BY server_id`

const csvAssignment = (run: OpenRun): string => `
  SELECT CAST(server_id AS VARCHAR) AS server_id, CAST(cluster AS INTEGER) AS cluster, CAST(NULL AS VARCHAR) AS name
  FROM read_csv(${literal(literalPath(join(run.contents.folder, runFiles.clusters)))}, header = true)`

const pointSchema = z.object({
  server_id: z.string(),
  cluster: z.number(),
  name: z.string().nullable(),
  mean: z.number(),
  std: z.number(),
})

type Point = z.infer<typeof pointSchema>

/** No points where the run has no clusters. */
export const queryClusters = async (run: OpenRun, { metric, filter, projection }: ClustersRequest): Promise<ClustersData> => {
  const unit = unitOf(run, metric)
  const { where, parameters } = filterCondition(filter, [metric])
  const points = (await hasOwnClusters(run.database))
    ? await run.database.rows(pointsSql(ownAssignment, where), pointSchema, parameters)
    : run.contents.present.has(runFiles.clusters)
      ? await run.database.rows(pointsSql(csvAssignment(run), where), pointSchema, parameters)
      : []
  const isProjected = projection === 'components'
  const places = isProjected ? await readComponents(run) : null
  const placed = places === null ? points : points.flatMap((point) => placePoint(point, places.get(point.server_id)))
  return describe(
    run,
    metric,
    unit,
    placed,
    places === null ? undefined : { x: 'first principal component', y: 'second principal component' },
  )
}

const describe = (run: OpenRun, metric: string, unit: string, points: readonly Point[], axes: ClustersData['axes']): ClustersData => ({
  metric,
  unit,
  serverIds: points.map(({ server_id }) => server_id),
  mean: Float64Array.from(points, ({ mean }) => mean),
  std: Float64Array.from(points, ({ std }) => std),
  cluster: Int32Array.from(points, ({ cluster }) => cluster),
  clusters: summarise(points),
  underutilizedThreshold: run.overview.underutilizedThreshold,
  ...(axes === undefined ? {} : { axes }),
})

const componentSchema = z.object({ server_id: z.string(), pc1: z.number().nullable(), pc2: z.number().nullable() })

/** null where server_clusters.csv does not hold them. */
const readComponents = async (run: OpenRun): Promise<ReadonlyMap<string, readonly [number, number]> | null> => {
  if (run.contents.kind !== 'headroom' || !run.contents.present.has(runFiles.clusters)) return null
  const file = literal(literalPath(join(run.contents.folder, runFiles.clusters)))
  const reader = `read_csv(${file}, header = true, delim = ',', quote = '"', escape = '"', types = {'server_id': 'VARCHAR'})`
  const columns = await run.database.rows(
    `SELECT column_name FROM (DESCRIBE SELECT * FROM ${reader})`,
    z.object({ column_name: z.string() }),
  )
  if (!['pc1', 'pc2'].every((name) => columns.some(({ column_name }) => column_name === name))) return null
  const rows = await run.database.rows(
    `SELECT server_id, CAST(pc1 AS DOUBLE) AS pc1, CAST(pc2 AS DOUBLE) AS pc2 FROM ${reader}`,
    componentSchema,
  )
  return new Map(rows.flatMap(({ server_id, pc1, pc2 }) => (pc1 === null || pc2 === null ? [] : [[server_id, [pc1, pc2]] as const])))
}

const placePoint = (point: Point, place: readonly [number, number] | undefined): Point[] =>
  place === undefined ? [] : [{ ...point, mean: place[0], std: place[1] }]

const statedSchema = z.looseObject({
  clusters: z.array(
    z.looseObject({ cluster: z.int(), name: z.string(), size: z.int(), centre: z.record(z.string(), z.number().nullable()) }),
  ),
  clustering: z.looseObject({
    features: z.array(z.string()),
    silhouette: z.number().nullable(),
    stability: z.number().nullable(),
    principal_components: z
      .looseObject({ explained: z.array(z.number()) })
      .nullable()
      .optional(),
  }),
})

/** Empty where the run's summary does not tell of its clusters. */
export const queryClusterProfiles = async ({ contents }: OpenRun): Promise<ClusterProfiles> => {
  const stated = statedSchema.safeParse(contents.summary).data
  if (stated === undefined) return { clusters: [], features: [], silhouette: null, stability: null, explained: null }
  const { features, silhouette, stability, principal_components: components } = stated.clustering
  return {
    clusters: stated.clusters.map(({ cluster, name, size, centre }) => ({ cluster, name, size, centre })),
    features,
    silhouette,
    stability,
    explained: components?.explained ?? null,
  }
}

const hasOwnClusters = async (database: Database): Promise<boolean> => {
  const { known } = await database.row('SELECT count(cluster) > 0 AS known FROM server_risk', z.object({ known: z.boolean() }))
  return known
}

const summarise = (points: readonly Point[]): ClustersData['clusters'] => {
  const members = new Map<number, Point[]>()
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

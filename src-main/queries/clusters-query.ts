// The clusters scatter of a run: each server's horizon mean and standard deviation with the cluster it belongs to.
import { join } from 'node:path'
import { listValue } from '@duckdb/node-api'
import { z } from 'zod'
import type { ClustersData } from '../../src-shared/chart-options/chart-data.ts'
import { isInside } from '../../src-shared/chart-options/inside-area.ts'
import { sampleMarks, type MarkPlaces } from '../../src-shared/chart-options/sample-marks.ts'
import { mostPickedServers } from '../../src-shared/fleet-filter.ts'
import type { ClusterProfiles, ClustersRequest, ServersInside, ServersInsideRequest } from '../../src-shared/run-view.ts'
import { runFiles } from '../../src-shared/run-manifest.ts'
import { literal, type Database } from '../database/database.ts'
import { filterCondition } from './fleet-filter.ts'
import { literalPath } from './literal-path.ts'
import { unitOf, type OpenRun } from './open-run.ts'

/** Marks that a scatter draws: more of them lie on each other. */
const usualMarks = 20_000

/** A server of one period has no standard deviation: it lies on the axis. */
const pointsSql = (assignment: string, components: boolean, where: string): string => `
  CREATE OR REPLACE TEMP TABLE cluster_points AS
  WITH assignment AS (${assignment}), points AS (
    SELECT r.server_id, a.cluster, a.name, ${components ? 'c.pc1 AS x, c.pc2 AS y' : 'r.horizon_mean AS x, coalesce(r.horizon_std, 0) AS y'}
    FROM server_risk r JOIN assignment a USING (server_id) ${components ? 'JOIN server_components c USING (server_id)' : ''}
    WHERE r.metric = $1 AND r.horizon_mean IS NOT NULL AND a.cluster IS NOT NULL
      AND r.server_id IN (SELECT server_id FROM server_risk WHERE metric = $1 AND (${where})))
  SELECT row_number() OVER (ORDER BY server_id) - 1 AS place, * FROM points`

const ownAssignment = `
  SELECT server_id, any_value(CAST(cluster AS INTEGER)) AS cluster, any_value(cluster_name) AS name
  FROM server_risk WHERE cluster IS NOT NULL GROUP BY server_id`

const csvAssignment = (run: OpenRun): string => `
  SELECT CAST(server_id AS VARCHAR) AS server_id, CAST(cluster AS INTEGER) AS cluster, CAST(NULL AS VARCHAR) AS name
  FROM read_csv(${literal(literalPath(join(run.contents.folder, runFiles.clusters)))}, header = true)`

/** Makes table `cluster_points` (place by name, server_id, cluster, name, x, y); false where the run has no clusters. */
const layPoints = async (run: OpenRun, { metric, filter, projection }: ClustersRequest): Promise<boolean> => {
  const isOwn = await hasOwnClusters(run.database)
  if (!isOwn && !run.contents.present.has(runFiles.clusters)) return false
  const { where, parameters } = filterCondition(filter, [metric])
  const isProjected = projection === 'components' && (await layComponents(run))
  await run.database.run(pointsSql(isOwn ? ownAssignment : csvAssignment(run), isProjected, where), parameters)
  return true
}

/** All points by place. */
const readPoints = async (database: Database): Promise<MarkPlaces> => {
  const { count } = await database.row('SELECT CAST(count(*) AS INTEGER) AS count FROM cluster_points', z.object({ count: z.int() }))
  const [x, y, cluster] = [new Float64Array(count), new Float64Array(count), new Int32Array(count)]
  await database.scanPlain(
    'SELECT CAST(place AS DOUBLE), CAST(cluster AS DOUBLE), CAST(x AS DOUBLE), CAST(y AS DOUBLE) FROM cluster_points',
    4,
    ([places, clusters, xs, ys]) =>
      places!.forEach((place: number, row: number) => {
        cluster[place] = clusters![row]!
        x[place] = xs![row]!
        y[place] = ys![row]!
      }),
  )
  return { x, y, cluster }
}

const readNames = async (database: Database, places: Int32Array): Promise<string[]> => {
  // DuckDB takes no list without elements.
  if (places.length === 0) return []
  const { server_id: names = [] } = await database.columns(
    'SELECT server_id FROM cluster_points WHERE place IN (SELECT unnest($1)) ORDER BY place',
    [listValue([...places])],
  )
  return names.map(String)
}

/** No points where the run has no clusters. Of more than `mostMarks` servers a choice that looks the same. */
export const queryClusters = async (run: OpenRun, request: ClustersRequest, mostMarks = usualMarks): Promise<ClustersData> => {
  const { database } = run
  const unit = unitOf(run, request.metric)
  const isKnown = await layPoints(run, request)
  const points = isKnown ? await readPoints(database) : { x: new Float64Array(0), y: new Float64Array(0), cluster: new Int32Array(0) }
  const drawn = sampleMarks(points, mostMarks)
  const isProjected = request.projection === 'components' && (await layComponents(run))
  return {
    metric: request.metric,
    unit,
    serverIds: isKnown ? await readNames(database, drawn) : [],
    mean: Float64Array.from(drawn, (place) => points.x[place]!),
    std: Float64Array.from(drawn, (place) => points.y[place]!),
    cluster: Int32Array.from(drawn, (place) => points.cluster[place]!),
    clusters: isKnown ? await summarise(database, points) : [],
    servers: points.cluster.length,
    underutilizedThreshold: run.overview.underutilizedThreshold,
    ...(isProjected ? { axes: { x: 'first principal component', y: 'second principal component' } } : {}),
  }
}

/** The servers inside a line drawn on the scatter, those without a mark of their own as well; too many to be picked are only counted. */
export const queryServersInside = async (run: OpenRun, { area, ...request }: ServersInsideRequest): Promise<ServersInside> => {
  unitOf(run, request.metric)
  if (!(await layPoints(run, request))) return { total: 0, servers: [] }
  const { x, y } = await readPoints(run.database)
  const inside = Int32Array.from(x.keys()).filter((place) => isInside(x[place]!, y[place]!, area))
  return { total: inside.length, servers: inside.length > mostPickedServers ? [] : await readNames(run.database, inside) }
}

/** Runs whose components lie in the table `server_components` already, and those that have none. */
const components = new WeakMap<OpenRun, boolean>()

/** Table `server_components`; false where server_clusters.csv does not hold them. */
const layComponents = async (run: OpenRun): Promise<boolean> => {
  const known = components.get(run)
  if (known !== undefined) return known
  const isThere = await readComponents(run)
  components.set(run, isThere)
  return isThere
}

const readComponents = async (run: OpenRun): Promise<boolean> => {
  if (run.contents.kind !== 'headroom' || !run.contents.present.has(runFiles.clusters)) return false
  const file = literal(literalPath(join(run.contents.folder, runFiles.clusters)))
  const reader = `read_csv(${file}, header = true, delim = ',', quote = '"', escape = '"', types = {'server_id': 'VARCHAR'})`
  const columns = await run.database.rows(
    `SELECT column_name FROM (DESCRIBE SELECT * FROM ${reader})`,
    z.object({ column_name: z.string() }),
  )
  if (!['pc1', 'pc2'].every((name) => columns.some(({ column_name }) => column_name === name))) return false
  await run.database.run(`
    CREATE OR REPLACE TABLE server_components AS
    SELECT server_id, CAST(pc1 AS DOUBLE) AS pc1, CAST(pc2 AS DOUBLE) AS pc2 FROM ${reader} WHERE pc1 IS NOT NULL AND pc2 IS NOT NULL`)
  return true
}

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

const summarise = async (database: Database, { x, y, cluster }: MarkPlaces): Promise<ClustersData['clusters']> => {
  const named = await database.rows(
    'SELECT cluster, any_value(name ORDER BY place) AS name FROM cluster_points GROUP BY cluster ORDER BY cluster',
    z.object({ cluster: z.int(), name: z.string().nullable() }),
  )
  return named.map(({ cluster: number, name }) => {
    let [size, sumX, sumY] = [0, 0, 0]
    cluster.forEach((of, place) => {
      if (of !== number) return
      size++
      sumX += x[place]!
      sumY += y[place]!
    })
    return { cluster: number, name: name ?? `Cluster ${number}`, size, mean: sumX / size, std: sumY / size }
  })
}

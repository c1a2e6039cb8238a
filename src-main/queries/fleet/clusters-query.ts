// The clusters scatter of a run: each server's horizon mean and standard deviation with the cluster it belongs to.
import { join } from 'node:path'
import { listValue } from '@duckdb/node-api'
import { z } from 'zod'
import type { ClustersData } from '../../../src-shared/chart-options/chart-data.ts'
import { isPointInPolygon, samplePoints, takePoints, type ScatterPoints } from '../../statistics/sample-points.ts'
import { statedClustersSchema } from '../../../src-shared/artefacts/clusters.ts'
import { maxPickedServers } from '../../../src-shared/ipc/fleet-filter.ts'
import type { ClusterProfiles, ClustersRequest, ServersInside, ServersInsideRequest } from '../../../src-shared/ipc/run-view.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { escapeGlob, literal, type Database } from '../../database/database.ts'
import { filterCondition } from './fleet-filter.ts'
import { clustersFileSql } from '../run/missing-columns.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'

/** A server of one period has no standard deviation: it lies on the axis. */
const pointsSql = (assignment: string, components: boolean, where: string): string => `
  CREATE OR REPLACE TEMP TABLE cluster_points AS
  WITH assignment AS (${assignment}), points AS (
    SELECT r.server_id, a.cluster, a.name, ${components ? 'c.pc1 AS x, c.pc2 AS y' : 'r.horizon_mean AS x, coalesce(r.horizon_std, 0) AS y'}
    FROM server_risk r JOIN assignment a USING (server_id) ${components ? 'JOIN server_components c USING (server_id)' : ''}
    WHERE r.metric = $1 AND r.horizon_mean IS NOT NULL AND a.cluster IS NOT NULL
      AND r.server_id IN (SELECT server_id FROM server_risk WHERE metric = $1 AND (${where})))
  SELECT row_number() OVER (ORDER BY server_id) - 1 AS position, * FROM points`

const riskTableAssignment = `
  SELECT server_id, any_value(CAST(cluster AS INTEGER)) AS cluster, any_value(cluster_name) AS name
  FROM server_risk WHERE cluster IS NOT NULL GROUP BY server_id`

const csvFileAssignment = (run: OpenRun): string => `
  SELECT CAST(server_id AS VARCHAR) AS server_id, CAST(cluster AS INTEGER) AS cluster, CAST(NULL AS VARCHAR) AS name
  FROM read_csv(${literal(escapeGlob(join(run.contents.folder, runFiles.clusters)))}, header = true)`

/** Creates table `cluster_points` (position by name, server_id, cluster, name, x, y); false where the run has no clusters. */
const createPointsTable = async (run: OpenRun, { metric, filter, projection }: ClustersRequest): Promise<boolean> => {
  const hasClusterColumn = await hasClusterColumnValues(run.database)
  if (!hasClusterColumn && !run.contents.presentFiles.has(runFiles.clusters)) return false
  const { where, parameters } = filterCondition(filter, [metric])
  const isProjected = projection === 'components' && (await createComponentsTable(run))
  await run.database.run(pointsSql(hasClusterColumn ? riskTableAssignment : csvFileAssignment(run), isProjected, where), parameters)
  return true
}

/** All points by position. */
const readPoints = async (database: Database): Promise<ScatterPoints> => {
  const { count } = await database.row('SELECT CAST(count(*) AS INTEGER) AS count FROM cluster_points', z.object({ count: z.int() }))
  const [x, y, cluster] = [new Float64Array(count), new Float64Array(count), new Int32Array(count)]
  await database.scan(
    'SELECT CAST(position AS INTEGER) AS position, cluster, CAST(x AS DOUBLE) AS x, CAST(y AS DOUBLE) AS y FROM cluster_points',
    { position: 'number', cluster: 'number', x: 'number', y: 'number' },
    (points) =>
      points.position.forEach((position: number, row: number) => {
        cluster[position] = points.cluster[row]!
        x[position] = points.x[row]!
        y[position] = points.y[row]!
      }),
  )
  return { x, y, cluster }
}

const readServerIds = async (database: Database, indexes: Int32Array): Promise<string[]> => {
  // DuckDB takes no list without elements.
  if (indexes.length === 0) return []
  const { server_id } = await database.columns(
    'SELECT server_id FROM cluster_points WHERE position IN (SELECT unnest($1)) ORDER BY position',
    { server_id: 'text' },
    [listValue([...indexes])],
  )
  return [...server_id]
}

/** No points where the run has no clusters; above `maxPoints` servers a sample that looks the same. */
export const queryClusters = async (run: OpenRun, request: ClustersRequest, maxPoints?: number): Promise<ClustersData> => {
  const { database } = run
  const unit = requireMetricUnit(run, request.metric)
  const hasClusters = await createPointsTable(run, request)
  const points = hasClusters ? await readPoints(database) : { x: new Float64Array(0), y: new Float64Array(0), cluster: new Int32Array(0) }
  const sampledIndexes = samplePoints(points, maxPoints)
  const sampled = takePoints(points, sampledIndexes)
  const isProjected = request.projection === 'components' && (await createComponentsTable(run))
  return {
    metric: request.metric,
    unit,
    serverIds: hasClusters ? await readServerIds(database, sampledIndexes) : [],
    mean: sampled.x,
    std: sampled.y,
    cluster: sampled.cluster,
    clusters: hasClusters ? await summariseClusters(database, points) : [],
    servers: points.cluster.length,
    stability: run.overview.clusterStability,
    underutilizedThreshold: run.overview.underutilizedThreshold,
    ...(isProjected ? { axes: { x: 'first principal component', y: 'second principal component' } } : {}),
  }
}

/** The servers inside a polygon drawn on the scatter, also those that the sample leaves out; too many to pick are only counted. */
export const queryServersInside = async (run: OpenRun, { area, ...request }: ServersInsideRequest): Promise<ServersInside> => {
  requireMetricUnit(run, request.metric)
  if (!(await createPointsTable(run, request))) return { total: 0, servers: [] }
  const { x, y } = await readPoints(run.database)
  const insideIndexes = Int32Array.from(x.keys()).filter((index) => isPointInPolygon(x[index]!, y[index]!, area))
  return {
    total: insideIndexes.length,
    servers: insideIndexes.length > maxPickedServers ? [] : await readServerIds(run.database, insideIndexes),
  }
}

/** Whether a run has the table `server_components`, once it is known. */
const components = new WeakMap<OpenRun, boolean>()

/** Table `server_components`; false where server_clusters.csv does not hold them. */
const createComponentsTable = async (run: OpenRun): Promise<boolean> => {
  const known = components.get(run)
  if (known !== undefined) return known
  const isAvailable = await readComponents(run)
  components.set(run, isAvailable)
  return isAvailable
}

const readComponents = async (run: OpenRun): Promise<boolean> => {
  if (run.contents.kind !== 'headroom' || !run.contents.presentFiles.has(runFiles.clusters)) return false
  const file = literal(escapeGlob(join(run.contents.folder, runFiles.clusters)))
  const reader = clustersFileSql(file)
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

/** Empty where the run's summary lacks its clusters. */
export const queryClusterProfiles = async ({ contents }: OpenRun): Promise<ClusterProfiles> => {
  const summary = statedClustersSchema.safeParse(contents.summary).data
  if (summary === undefined) return { clusters: [], features: [], silhouette: null, stability: null, explained: null }
  const { features, silhouette, stability, principal_components: components } = summary.clustering
  return {
    clusters: summary.clusters.map(({ cluster, name, size, centre }) => ({ cluster, name, size, centre })),
    features,
    silhouette,
    stability,
    explained: components?.explained ?? null,
  }
}

const hasClusterColumnValues = async (database: Database): Promise<boolean> => {
  const { known } = await database.row('SELECT count(cluster) > 0 AS known FROM server_risk', z.object({ known: z.boolean() }))
  return known
}

const summariseClusters = async (database: Database, { x, y, cluster }: ScatterPoints): Promise<ClustersData['clusters']> => {
  const clusterNames = await database.rows(
    'SELECT cluster, any_value(name ORDER BY position) AS name FROM cluster_points GROUP BY cluster ORDER BY cluster',
    z.object({ cluster: z.int(), name: z.string().nullable() }),
  )
  return clusterNames.map(({ cluster: number, name }) => {
    let [size, sumX, sumY] = [0, 0, 0]
    cluster.forEach((of, index) => {
      if (of !== number) return
      size++
      sumX += x[index]!
      sumY += y[index]!
    })
    return { cluster: number, name: name ?? `Cluster ${number}`, size, mean: sumX / size, std: sumY / size }
  })
}

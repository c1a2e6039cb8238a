// Writes server_risk.parquet: one row per server and metric, with the columns of src-shared/artefacts/server-risk.
import { serverRiskRowSchema } from '../../../src-shared/artefacts/server-risk.ts'
import { identifier, literal, type Database } from '../../database/database.ts'
import type { ClusteredServers } from '../clusters/cluster-servers.ts'
import type { RecommendedFleet } from '../recommendations/assign-recommendations.ts'

const columns = Object.keys(serverRiskRowSchema.shape)
/** Columns that are computed in the query. */
const derivedColumns: Readonly<Record<string, string>> = {
  is_limiting: 'metric = limiting_metric AS is_limiting',
  is_limiting_resource: `high_threshold IS NOT NULL AND row_number() OVER (PARTITION BY server_id ORDER BY high_threshold IS NULL,
    CASE WHEN r.is_at_risk THEN coalesce(expected_first_breach, first_breach_at) ELSE f.exhaustion_at END NULLS LAST,
    at_risk_probability DESC NULLS LAST, headroom_points NULLS LAST, metric) = 1 AS is_limiting_resource`,
  capacity_changes: 'coalesce(capacity_changes, 0) AS capacity_changes',
  // The basis of the run may put a series at risk whose forecast does not breach.
  ...Object.fromEntries(
    ['exhaustion_at', 'exhaustion_earliest', 'exhaustion_latest'].map((name) => [
      name,
      `CASE WHEN NOT r.is_at_risk THEN f.${name} END AS ${name}`,
    ]),
  ),
  // Without breach probabilities `breach_estimates` is empty.
  risk_basis: `CASE WHEN high_threshold IS NOT NULL THEN coalesce(risk_basis, 'expected') END AS risk_basis`,
}

/** Writes the file; reads `series_risk`, `candidates`, `season_figures`, `saturation`, `series_capacity`, `volume_growth`, `breach_estimates`. */
export const writeServerRisk = async (
  database: Database,
  clusteredServers: ClusteredServers,
  recommended: RecommendedFleet,
  path: string,
): Promise<void> => {
  await createServerTables(database, serverClusters(clusteredServers), recommended)
  await database.run(`COPY (${serverRiskQuery}) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy)`)
}

function* serverClusters(clusteredServers: ClusteredServers): Generator<ServerClusterRow> {
  for (const [index, serverId] of clusteredServers.serverIds.entries()) {
    const cluster = clusteredServers.clusters[clusteredServers.cluster[index]!]
    yield [serverId, cluster?.cluster ?? null, cluster?.name ?? null]
  }
}

/** Server, its cluster's number and name. */
export type ServerClusterRow = readonly [serverId: string, cluster: number | null, name: string | null]

/**
 * Creates `server_clusters` and `server_recommendations`, and from them and the stages before `server_assignments` and `series_assessments`:
 * joins of all tables at once would exceed a low memory limit.
 */
export const createServerTables = async (
  database: Database,
  clusters: Iterable<ServerClusterRow>,
  recommended: RecommendedFleet,
): Promise<void> => {
  await database.storeRows('server_clusters', { server_id: 'VARCHAR', cluster: 'INTEGER', cluster_name: 'VARCHAR' }, clusters)
  await database.storeRows('server_recommendations', recommendationColumns, [])
  let rows: (string | number | null)[][] = []
  const append = async (): Promise<void> => {
    await database.appendRows('server_recommendations', recommendationColumns, rows)
    rows = []
  }
  for await (const servers of recommended()) {
    for (const server of servers) {
      rows.push([
        server.server_id,
        server.recommendation,
        server.targetHost,
        server.orderBy,
        server.isOrderLate ? 1 : 0,
        server.metric,
        server.hostLoad?.p50 ?? null,
        server.hostLoad?.p90 ?? null,
        server.hostLoad?.aboveTarget ?? null,
      ])
    }
    if (rows.length >= rowsPerAppend) await append()
  }
  await append()
  await database.run(`CREATE OR REPLACE TABLE server_assignments AS ${serverAssignmentsQuery}`)
  await database.run(`CREATE OR REPLACE TABLE series_assessments AS ${seriesAssessmentsQuery}`)
}

/** Each append takes a few milliseconds, whatever its rows. */
const rowsPerAppend = 5000

const recommendationColumns = {
  server_id: 'VARCHAR',
  recommendation: 'VARCHAR',
  target_host: 'VARCHAR',
  order_by_text: 'VARCHAR',
  late: 'INTEGER',
  limiting_metric: 'VARCHAR',
  host_load_p50: 'DOUBLE',
  host_load_p90: 'DOUBLE',
  host_share_above_target: 'DOUBLE',
} as const

const serverAssignmentsQuery = `
  SELECT v.*, c.* EXCLUDE (server_id), r.* EXCLUDE (server_id)
  FROM server_verdicts v
  LEFT JOIN server_clusters c USING (server_id)
  LEFT JOIN (
    SELECT server_id, recommendation, target_host, CAST(CAST(order_by_text AS TIMESTAMPTZ) AS TIMESTAMP) AS order_by,
           late = 1 AS is_order_late, limiting_metric, host_load_p50, host_load_p90, host_share_above_target
    FROM server_recommendations
  ) r USING (server_id)`

const seriesAssessmentsQuery = `
  SELECT r.series_id, n.percent_to_add, n.units_to_add, k.* EXCLUDE (series_id), v.* EXCLUDE (series_id), s.* EXCLUDE (series_id), m.* EXCLUDE (server_id, metric, model), c.backtest_points, c.mae, c.mase
  FROM series_risk r
  LEFT JOIN capacity_needs n USING (series_id)
  LEFT JOIN saturation s USING (series_id)
  LEFT JOIN series_capacity k USING (series_id)
  LEFT JOIN volume_growth v USING (series_id)
  LEFT JOIN (
    SELECT server_id, metric, model, symmetric_error / nullif(backtest_points, 0) AS smape_percent,
           signed_error / nullif(backtest_points, 0) AS bias, covered_points / nullif(bounded_points, 0) AS interval_coverage
    FROM series_models
  ) m USING (server_id, metric, model)
  LEFT JOIN (SELECT series_id, model AS scored_model, common_points AS backtest_points, mae, mase FROM candidates) c
    ON c.series_id = r.series_id AND c.scored_model = r.model`

/** The rows of server_risk.parquet. */
export const serverRiskQuery = `
  SELECT ${columns.map((name) => derivedColumns[name] ?? identifier(name)).join(', ')}
  FROM series_risk r
  LEFT JOIN server_assignments USING (server_id)
  LEFT JOIN series_assessments USING (series_id)
  LEFT JOIN breach_estimates USING (series_id)
  JOIN season_figures f ON f.series_id = r.series_id
  ORDER BY r.series_id`

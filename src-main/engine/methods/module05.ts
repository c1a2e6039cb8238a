// Module 05's method, for reconciliation: all models mixed, unscaled clusters, half a cluster's cost as savings (section 10).
import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import type { AnalysisConfig, Thresholds } from '../../../src-shared/config/analysis-config.ts'
import { uniformThresholdsQuery } from '../../forecasts/thresholds.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import { fixedMeanSql, fixedSumOfSharesSql, type FixedPoint } from '../../statistics/fixed-point.ts'
import { runKMeans } from '../../statistics/k-means.ts'
import { describeClustering, type ClusteredServers } from '../clusters/cluster-servers.ts'
import type { FlaggedRowCounts } from '../../../src-shared/artefacts/run-summary.ts'
import type { Method } from './method.ts'

/** Module 05 ignored the configured threshold for rows; its upper threshold was 1.2 times 80 (analysis definition, section 10). */
export const module05Thresholds: Thresholds = { high: 80, very_high: 96 }

/** Module 05 ignored the configured number of clusters. */
const module05Clusters = 3
/** Module 05's ten restarts can miss the best optimum. */
const restarts = 100
const savingsShare = 0.5

/** Creates `mixed_horizon` (series_id, horizon_mean, seasonal_peak_risk) over the future rows of all models. */
export const mixHorizons = async (database: Database, calendar: Calendar, fixedPoint: FixedPoint): Promise<void> => {
  await database.run(`
    CREATE OR REPLACE TABLE mixed_horizon AS
    SELECT s.series_id, ${fixedMeanSql('f.predicted', fixedPoint)} AS horizon_mean,
           max(f.predicted) FILTER (WHERE ${calendar.isEoq('f.ts')} OR ${calendar.isHoliday('f.ts')}) AS seasonal_peak_risk
    FROM forecast f JOIN series s USING (server_id, metric)
    WHERE f.is_horizon AND f.predicted IS NOT NULL GROUP BY s.series_id`)
}

const deviationSql = '((f.predicted - m.mean) / m.max_deviation)'

/** Clusters on mean and sample standard deviation of `predicted` over all rows and models, unscaled. */
export const clusterByModule05 = async (
  database: Database,
  config: AnalysisConfig,
  fixedPoint: FixedPoint,
  signal: AbortSignal | undefined,
): Promise<ClusteredServers> => {
  const {
    server_id: serverIds,
    mean,
    std,
  } = await database.columns(
    `WITH means AS (
       SELECT server_id, ${fixedMeanSql('predicted', fixedPoint)} AS mean, min(predicted) AS lowest, max(predicted) AS highest
       FROM forecast_rows GROUP BY server_id
     ), spreads AS (
       SELECT server_id, mean, CASE WHEN highest > lowest THEN greatest(highest - mean, mean - lowest) END AS max_deviation FROM means
     )
     SELECT server_id, coalesce(any_value(m.mean), 0) AS mean,
            coalesce(any_value(m.max_deviation) * sqrt(${fixedSumOfSharesSql(`${deviationSql} * ${deviationSql}`)})
              / sqrt(nullif(count(f.predicted) - 1, 0)), 0) AS std
     FROM forecast_rows f JOIN spreads m USING (server_id)
     GROUP BY server_id ORDER BY server_id`,
    { server_id: 'text', mean: 'number', std: 'number' },
  )
  const points = serverIds.map((_, index) => [mean[index]!, std[index]!])
  const clustering = await runKMeans(points, { clusters: module05Clusters, restarts, seed: config.seed, signal })
  const allIndices = [...serverIds.keys()]
  return {
    metric: config.target_metric,
    serverIds,
    features: { mean, std },
    cluster: clustering.assignment,
    clusters: clustering.centres.map((centre, cluster) => ({
      cluster,
      name: module05ClusterNames[cluster] ?? `cluster ${cluster}`,
      size: clustering.sizes[cluster]!,
      centre: { mean: centre[0]!, std: centre[1]! },
    })),
    ...(await describeClustering(points, allIndices, serverIds.length, ['mean', 'std'], clustering, {
      requested: config.n_clusters,
      silhouettesByK: null,
      restarts,
      seed: config.seed,
      signal,
    })),
    warnings: [],
  }
}

const module05ClusterNames = ['lowest mean', 'middle mean', 'highest mean']

/** USD a month: servers of the lowest-mean cluster x cost_per_instance x 0.5. */
export const module05Savings = (quietestServers: number, config: AnalysisConfig): number =>
  quietestServers * config.cost_per_instance * savingsShare

/** Module 05's summary counted rows under the names of server counts. Reads `forecast_rows`, `series_risk`. */
const countFlaggedRows = async (database: Database, calendar: Calendar): Promise<FlaggedRowCounts> =>
  database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS rows,
            CAST(count(*) FILTER (WHERE f.predicted > r.high_threshold) AS DOUBLE) AS risk_flag_rows,
            CAST(count(*) FILTER (WHERE f.predicted > r.very_high_threshold) AS DOUBLE) AS high_rows,
            CAST(count(*) FILTER (WHERE f.predicted > r.high_threshold AND f.predicted <= r.very_high_threshold) AS DOUBLE) AS medium_rows,
            CAST(count(*) FILTER (WHERE ${calendar.isEoq('f.ts')}) AS DOUBLE) AS is_eoq_rows,
            CAST(count(*) FILTER (WHERE ${calendar.isHoliday('f.ts')}) AS DOUBLE) AS is_holiday_rows,
            CAST(count(*) FILTER (WHERE r.is_underutilized) AS DOUBLE) AS underutilized_rows
     FROM forecast_rows f JOIN series_risk r USING (server_id, metric)`,
    z.object({
      rows: z.number(),
      risk_flag_rows: z.number(),
      high_rows: z.number(),
      medium_rows: z.number(),
      is_eoq_rows: z.number(),
      is_holiday_rows: z.number(),
      underutilized_rows: z.number(),
    }),
  )

const isUnderutilizedSql = (config: AnalysisConfig): string => `
  coalesce(bool_and(mixed.horizon_mean IS NOT NULL AND mixed.horizon_mean < ${config.underutilized_threshold})
    OVER (PARTITION BY s.server_id), false)`

export const module05: Method = {
  name: 'module05',
  thresholdsQuery: () => uniformThresholdsQuery(module05Thresholds),
  // Module 05 marked only the last day of a calendar quarter.
  eoqWindow: () => ({ months: [3, 6, 9, 12], days: 1 }),
  prepareRisk: mixHorizons,
  riskSql: (config) => ({
    seasonalPeak: 'mixed.seasonal_peak_risk',
    isUnderutilized: isUnderutilizedSql(config),
    joins: 'LEFT JOIN mixed_horizon mixed USING (series_id)',
  }),
  cluster: (database, config, { fixedPoint, signal }) => clusterByModule05(database, config, fixedPoint, signal),
  withSavings: (report, { clusters }, config) => {
    const quietestServers = clusters[0]?.size ?? 0
    return { ...report, total_savings_usd: module05Savings(quietestServers, config), underutilized_count: quietestServers }
  },
  countRows: countFlaggedRows,
}

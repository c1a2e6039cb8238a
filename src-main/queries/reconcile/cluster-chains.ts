// From three clusters on unscaled figures of all rows to this run's: their number, and the members of the quietest.
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { ReconciliationChain, ReconciliationStep } from '../../../src-shared/ipc/reconciliation.ts'
import type { Database } from '../../database/database.ts'
import { runKMeans } from '../../statistics/k-means.ts'
import type { Method } from '../../engine/methods/method.ts'
import { createChain, decimalText, servers, countTransition } from './chain-steps.ts'

/** The intermediate k-means only explains a difference: fewer restarts than Module 05's hundred. */
const restarts = 10

export interface ClusterReconciliation {
  readonly config: AnalysisConfig
  /** As Module 05 clusters them. */
  readonly module05Clusters: Awaited<ReturnType<Method['cluster']>>
  readonly signal: AbortSignal | undefined
}

const runServerSchema = z.object({
  server_id: z.string(),
  cluster: z.int().nullable(),
  mean: z.number().nullable(),
  std: z.number().nullable(),
  count: z.int(),
  metrics: z.int(),
})

/** Reads `server_risk`; creates `cluster_stages`, whose `module05_quiet` are the servers of Module 05's quietest cluster. */
export const reconcileClusters = async (
  database: Database,
  { config, module05Clusters, signal }: ClusterReconciliation,
): Promise<ReconciliationChain[]> => {
  const runServers = await readRunClusters(database, config)
  const count = runServers[0]?.count ?? 0
  const options = { clusters: Math.max(1, count), restarts, seed: config.seed, signal }
  const { mean, std } = module05Clusters.features
  const withRunCount = await runKMeans(
    module05Clusters.serverIds.map((_, index) => [mean![index]!, std![index]!]),
    options,
  )
  const withMean = runServers.filter((server) => server.mean !== null)
  const onHorizon = await runKMeans(
    withMean.map((server) => [server.mean!, server.std ?? 0]),
    options,
  )
  const quietOnHorizon = new Set(withMean.filter((_, index) => onHorizon.assignment[index] === 0).map(({ server_id }) => server_id))
  const indexByServer = new Map(module05Clusters.serverIds.map((serverId, index) => [serverId, index]))
  await database.storeRows(
    'cluster_marks',
    {
      server_id: 'VARCHAR',
      module05_quiet: 'INTEGER',
      recounted_quiet: 'INTEGER',
      horizon_quiet: 'INTEGER',
      run_quiet: 'INTEGER',
      mixed_mean: 'DOUBLE',
      run_mean: 'DOUBLE',
      run_cluster: 'INTEGER',
    },
    runServers.map((server) => {
      const index = indexByServer.get(server.server_id)!
      const asInteger = (isQuiet: boolean): number => (isQuiet ? 1 : 0)
      return [
        server.server_id,
        asInteger(module05Clusters.cluster[index] === 0),
        asInteger(withRunCount.assignment[index] === 0),
        asInteger(quietOnHorizon.has(server.server_id)),
        asInteger(server.cluster === 0),
        mean![index]!,
        server.mean,
        server.cluster,
      ]
    }),
  )
  const stages = ['module05_quiet', 'recounted_quiet', 'horizon_quiet', 'run_quiet']
  await database.run(`
    CREATE OR REPLACE TABLE cluster_stages AS
    SELECT * REPLACE (${stages.map((stage) => `${stage} = 1 AS ${stage}`).join(', ')}) FROM cluster_marks`)
  return [
    createCountChain(module05Clusters.clusters.length, count),
    await createQuietestClusterChain(database, count, (runServers[0]?.metrics ?? 1) > 1),
  ]
}

/** Of the metric that the run clusters by: the target metric where it has a horizon, else the first by name that has one. */
const readRunClusters = async (database: Database, config: AnalysisConfig): Promise<z.infer<typeof runServerSchema>[]> =>
  database.rows(
    `WITH shown AS (
       SELECT coalesce(max(metric) FILTER (metric = ?), min(metric)) AS metric FROM server_risk WHERE horizon_periods > 0
     )
     SELECT s.server_id, CAST(s.cluster AS INTEGER) AS cluster, r.horizon_mean AS mean, r.horizon_std AS std,
            CAST((SELECT count(DISTINCT cluster) FROM server_risk) AS INTEGER) AS count,
            CAST((SELECT count(DISTINCT metric) FROM server_risk) AS INTEGER) AS metrics
     FROM (SELECT server_id, any_value(cluster) AS cluster FROM server_risk GROUP BY server_id) s
     LEFT JOIN (SELECT * FROM server_risk WHERE metric = (SELECT metric FROM shown)) r USING (server_id)
     ORDER BY s.server_id`,
    runServerSchema,
    [config.target_metric],
  )

const createCountChain = (before: number, after: number): ReconciliationChain => {
  const step: ReconciliationStep = {
    key: 'configured',
    title: 'configured number',
    sentence: 'Module 05 always forms three clusters; here the configuration and the fleet determine the number.',
    before: { value: before, unit: 'clusters' },
    after: { value: after, unit: 'clusters' },
    moved: { entered: Math.max(0, after - before), left: Math.max(0, before - after), unit: 'clusters' },
    examples: [],
  }
  return createChain('clusters', 'Clusters', [step], step.after)
}

const createQuietestClusterChain = async (database: Database, count: number, hasSeveralMetrics: boolean): Promise<ReconciliationChain> => {
  const table = 'cluster_stages'
  const detail = `'mean ' || ${decimalText('mixed_mean')} || ' over all rows, ' || ${decimalText('run_mean')} || ' over its horizon'`
  const weight = 'abs(mixed_mean - run_mean)'
  const steps = [
    await countTransition(database, {
      table,
      key: 'number',
      title: 'configured number',
      sentence: `With ${count} clusters instead of three, the quietest has other members.`,
      from: 'module05_quiet',
      to: 'recounted_quiet',
      detail: `'mean over all rows ' || ${decimalText('mixed_mean')}`,
      weight: 'mixed_mean',
    }),
    await countTransition(database, {
      table,
      key: 'horizon',
      title: "one model's horizon",
      sentence: `Module 05 clusters all rows of all models, the past included; here the horizon of the selected model counts${hasSeveralMetrics ? ', of one metric' : ''}.`,
      from: 'recounted_quiet',
      to: 'horizon_quiet',
      detail,
      weight,
    }),
    await countTransition(database, {
      table,
      key: 'features',
      title: 'standardised features',
      sentence: 'Module 05 does not scale mean and deviation, so the mean decides; here all standardised features weigh the same.',
      from: 'horizon_quiet',
      to: 'run_quiet',
      detail: `'mean of its horizon ' || ${decimalText('run_mean')} || coalesce(', now in cluster ' || run_cluster, ', in no cluster')`,
      weight: 'run_mean',
    }),
  ]
  return createChain('quietest_cluster', 'Servers of the quietest cluster', steps, servers(0))
}

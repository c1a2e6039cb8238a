// From three clusters on unscaled figures of all rows to this run's: their number, and the members of the quietest.
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { ReconciliationChain, ReconciliationStep } from '../../../src-shared/ipc/reconciliation.ts'
import type { Database } from '../../database/database.ts'
import { orNull } from '../../database/read-columns.ts'
import { collectAfter } from '../../database/result-memory.ts'
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

/** Reads `server_risk`; creates `cluster_stages`, whose `module05_quiet` are the servers of Module 05's quietest cluster. */
export const reconcileClusters = async (
  database: Database,
  { config, module05Clusters, signal }: ClusterReconciliation,
): Promise<ReconciliationChain[]> => {
  const { count, metrics } = await database.row(
    `SELECT CAST(count(DISTINCT cluster) AS INTEGER) AS count, CAST(count(DISTINCT metric) AS INTEGER) AS metrics FROM server_risk`,
    z.object({ count: z.int(), metrics: z.int() }),
  )
  const options = { clusters: Math.max(1, count), restarts, seed: config.seed, signal }
  const { mean, std } = module05Clusters.features
  const withRunCount = await runKMeans(
    module05Clusters.serverIds.map((_, index) => [mean![index]!, std![index]!]),
    options,
  )
  await collectAfter(module05Clusters.serverIds.length)
  const run = await readRunClusters(database, config)
  const withMean = [...run.server_id.keys()].filter((index) => !Number.isNaN(run.mean[index]!))
  const onHorizon = await runKMeans(
    withMean.map((index) => [run.mean[index]!, Number.isNaN(run.std[index]!) ? 0 : run.std[index]!]),
    options,
  )
  const isQuietOnHorizon = new Uint8Array(run.server_id.length)
  withMean.forEach((server, index) => (isQuietOnHorizon[server] = onHorizon.assignment[index] === 0 ? 1 : 0))
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
    markRows(module05Clusters, withRunCount.assignment, run, isQuietOnHorizon),
  )
  const stages = ['module05_quiet', 'recounted_quiet', 'horizon_quiet', 'run_quiet']
  await database.run(`
    CREATE OR REPLACE TABLE cluster_stages AS
    SELECT * REPLACE (${stages.map((stage) => `${stage} = 1 AS ${stage}`).join(', ')}) FROM cluster_marks`)
  return [createCountChain(module05Clusters.clusters.length, count), await createQuietestClusterChain(database, count, metrics > 1)]
}

/** A row per server of the run, which both lists have in the same order. */
function* markRows(
  { serverIds, features, cluster }: ClusterReconciliation['module05Clusters'],
  recounted: Int32Array,
  run: RunClusters,
  isQuietOnHorizon: Uint8Array,
): Generator<(string | number | null)[]> {
  const asInteger = (isQuiet: boolean): number => (isQuiet ? 1 : 0)
  let index = 0
  for (const [row, serverId] of run.server_id.entries()) {
    while (index < serverIds.length && serverIds[index] !== serverId) index++
    yield [
      serverId,
      asInteger(cluster[index] === 0),
      asInteger(recounted[index] === 0),
      isQuietOnHorizon[row]!,
      asInteger(run.cluster[row] === 0),
      features['mean']![index]!,
      orNull(run.mean[row]!),
      orNull(run.cluster[row]!),
    ]
  }
}

type RunClusters = Awaited<ReturnType<typeof readRunClusters>>

/**
 * By name; of the metric that the run clusters by: the target metric where it has a horizon, else the first by name that has one. NaN where a server
 * has no cluster or no horizon of it.
 */
const readRunClusters = async (database: Database, config: AnalysisConfig) =>
  database.columns(
    `WITH shown AS (
       SELECT coalesce(max(metric) FILTER (metric = ?), min(metric)) AS metric FROM server_risk WHERE horizon_periods > 0
     )
     SELECT s.server_id, CAST(s.cluster AS INTEGER) AS cluster, r.horizon_mean AS mean, r.horizon_std AS std
     FROM (SELECT server_id, any_value(cluster) AS cluster FROM server_risk GROUP BY server_id) s
     LEFT JOIN (SELECT * FROM server_risk WHERE metric = (SELECT metric FROM shown)) r USING (server_id)
     ORDER BY s.server_id`,
    { server_id: 'text', cluster: 'number?', mean: 'number?', std: 'number?' },
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

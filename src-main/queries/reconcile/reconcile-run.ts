// One run reconciled: the arithmetic of Module 05 on the run's own forecasts, and every step from its totals to the run's.
import { join } from 'node:path'
import { z } from 'zod'
import { completeConfig, type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Reconciliation, ReconciliationChain } from '../../../src-shared/ipc/reconciliation.ts'
import { runFiles, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import type { Database } from '../../database/database.ts'
import { collectAfter } from '../../database/result-memory.ts'
import { readRunFolder } from '../../run-folder/read-run-folder.ts'
import { clusterByModule05 } from '../../engine/methods/module05.ts'
import { openQueryDatabase } from '../run/query-database.ts'
import { readRecommendationTotals } from '../run/run-contents.ts'
import { ReadingSteps, type ReadingOptions } from '../run/reading-steps.ts'
import { openRunZone } from '../run/run-zone.ts'
import { createChain, servers } from './chain-steps.ts'
import { reconcileClusters } from './cluster-chains.ts'
import { reconcileUnderutilized } from './idle-chain.ts'
import { reconcileRisk } from './risk-chains.ts'
import { reconcileSavings } from './savings-chain.ts'
import { reconcileSeason } from './season-chains.ts'
import { createTallies } from './tally-run.ts'

/** Throws run-not-found for a folder that was not analysed by the default method, run-damaged where its files do not agree. */
export const reconcileRun = async (folder: string, options: ReadingOptions = {}): Promise<Reconciliation> => {
  const manifest = await readReconcilable(folder)
  const { database, close } = await openQueryDatabase(options.signal, options.memoryLimit)
  try {
    const chains = await reconcile(database, folder, manifest, options)
    await assertAgreement(folder, manifest, chains)
    return {
      run: {
        folder,
        run_id: manifest.run_id,
        analyzed_at: manifest.analyzed_at,
        rows: manifest.counts.rows,
        servers: manifest.counts.total_servers,
      },
      assumptions: describeAssumptions(manifest.config),
      chains,
    }
  } finally {
    await close()
  }
}

const readReconcilable = async (path: string): Promise<RunManifest> => {
  const run = await readRunFolder(path)
  if (run.kind !== 'headroom') {
    throw new HeadroomError('run-not-found', `${path} is a Module 05 folder, so it holds one side of the reconciliation alone.`, {
      next: 'Analyse its forecasts with headroom analyze, then reconcile that run.',
    })
  }
  if (run.manifest.method === 'module05') {
    throw new HeadroomError('run-not-found', `${path} was analysed by module05 itself, so there is nothing to reconcile it with.`, {
      next: 'Analyse its forecasts without --method module05, then reconcile that run.',
    })
  }
  return run.manifest
}

const readingSteps = [
  'Reading the forecasts',
  'Clustering as Module 05',
  'Explaining clusters',
  'Explaining risk',
  'Explaining seasons',
  'Explaining savings',
] as const

const reconcile = async (
  database: Database,
  folder: string,
  manifest: RunManifest,
  options: ReadingOptions,
): Promise<ReconciliationChain[]> => {
  const { signal } = options
  const steps = new ReadingSteps(readingSteps, database, options)
  const { config } = manifest
  const { start, end } = manifest.extent ?? manifest.horizon
  const zone = openRunZone(manifest.time_zone, { startMs: Date.parse(start), endMs: Date.parse(end) })
  const fixedPoint = await createTallies(database, folder, manifest, zone).catch((cause: unknown) => {
    if (!(cause instanceof HeadroomError) || !/^(query-failed|input-)/.test(cause.code)) throw cause
    throw new HeadroomError('run-damaged', `The tables of ${folder} cannot be read.`, { next: 'Download or analyse the run again.', cause })
  })
  const { total } = await database.row(
    'SELECT CAST(count(DISTINCT server_id) AS DOUBLE) AS total FROM server_risk',
    z.object({ total: z.number() }),
  )
  const clusters = await explainClusters(database, config, fixedPoint, steps, signal)
  steps.start('Explaining risk')
  await collectAfter(total)
  const risk = await reconcileRisk(database, config)
  steps.start('Explaining seasons')
  const season = await reconcileSeason(database, config, zone)
  const idle = await reconcileUnderutilized(database, config, module05UnderutilizedThreshold(config))
  steps.start('Explaining savings')
  await collectAfter(total)
  const savings = await reconcileSavings(database, config)
  return [createChain('total_servers', 'Servers', [], servers(total)), ...risk, ...season, idle, ...clusters, savings]
}

/** A function of its own: the clusters of a large fleet are not in memory any more once they are explained. */
const explainClusters = async (
  database: Database,
  config: AnalysisConfig,
  fixedPoint: Awaited<ReturnType<typeof createTallies>>,
  steps: ReadingSteps<(typeof readingSteps)[number]>,
  signal: AbortSignal | undefined,
): Promise<ReconciliationChain[]> => {
  steps.start('Clustering as Module 05')
  const module05Clusters = await clusterByModule05(database, config, fixedPoint, signal)
  steps.start('Explaining clusters')
  await collectAfter(module05Clusters.serverIds.length)
  return reconcileClusters(database, { config, module05Clusters, signal })
}

const headroomDefault = completeConfig({}, 'headroom').underutilized_threshold
const module05Default = completeConfig({}, 'module05').underutilized_threshold

/** The manifest holds the completed configuration: a threshold at this method's default counts as not set. */
const module05UnderutilizedThreshold = ({ underutilized_threshold }: AnalysisConfig): number =>
  underutilized_threshold === headroomDefault ? module05Default : underutilized_threshold

const describeAssumptions = (config: AnalysisConfig): string[] =>
  config.underutilized_threshold === headroomDefault
    ? [
        `The run's underutilised threshold is ${headroomDefault} %, Headroom's default; Module 05 gets its own default, ${module05Default} %.`,
      ]
    : []

/** A chain that ends elsewhere than the run's own totals would explain nothing. */
const assertAgreement = async (folder: string, { counts }: RunManifest, chains: readonly ReconciliationChain[]): Promise<void> => {
  const savings = await readRecommendationTotals(join(folder, runFiles.recommendations)).then(
    ({ total_savings_usd }) => total_savings_usd,
    () => undefined,
  )
  const expectedTotals: Readonly<Record<string, readonly [file: string, value: number | undefined]>> = {
    total_servers: [runFiles.manifest, counts.total_servers],
    at_risk: [runFiles.manifest, counts.at_risk_servers],
    underutilized: [runFiles.manifest, counts.underutilized_servers],
    savings: [runFiles.recommendations, savings],
  }
  for (const { key, title, own } of chains) {
    const [file, value] = expectedTotals[key] ?? []
    if (value === undefined || Math.abs(value - own.value) < 0.005) continue
    throw new HeadroomError(
      'run-damaged',
      `${folder} contradicts itself: "${title}" is ${value} in ${file}, but ${own.value} by ${runFiles.serverRisk}.`,
      { next: 'Check it with headroom verify, or analyse the forecasts again.' },
    )
  }
}

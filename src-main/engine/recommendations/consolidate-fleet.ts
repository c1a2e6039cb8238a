// The consolidation of a fleet with its check and its alternatives: on joint paths where they are known, else by the forecasts alone.
import type { PlacementCheck, PlacementPlan, PlacementReport } from '../../../src-shared/artefacts/recommendations.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { RunWarning } from '../../../src-shared/run/run-event.ts'
import type { Database } from '../../database/database.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import type { PathPool } from '../breach/path-pool.ts'
import { JointPaths } from '../breach/joint-paths.ts'
import { besides, startOnce } from '../other-work.ts'
import { checkPlacement } from './check-placement.ts'
import { findConsolidationGroups, type ConsolidationGroups } from './consolidation-groups.ts'
import { drawInThreads } from './draw-in-threads.ts'
import { drawHere } from './joint-demand.ts'
import { packFleet } from './pack-fleet.ts'
import { measurePlanRisk, placeFleet, readHorizonDemand, type FleetPlan, type HostLoad } from './place-fleet.ts'
import type { PreviousPlan } from './previous-plan.ts'

/** Accepted shares of the table of savings and risk. */
const alternativeShares = [0.01, 0.05, 0.2]

export interface ConsolidatedFleet {
  /** Server -> target host. */
  readonly hostByServer: ReadonlyMap<string, string>
  /** By host; empty where it is not known. */
  readonly hostLoads: ReadonlyMap<string, HostLoad>
  readonly retired: ReadonlySet<string>
  /** Threads may still measure what an alternative risks. */
  readonly readPlacement: () => Promise<PlacementReport>
  readonly warnings: readonly RunWarning[]
}

/** What the placement draws from; null where no paths are known. */
export type PlacementPaths = {
  readonly task: SimulationTask
  /** What holds the fleet where it is one batch: threads, or this one. */
  readonly pool: PathPool | null
} | null

/** `earlyCheck`: of the placement, where it is known already. Reads `fleet_servers`, `series` and `horizon`. */
export const consolidateFleet = async (
  database: Database,
  config: AnalysisConfig,
  paths: PlacementPaths,
  earlyCheck: PlacementCheck | null,
  previous: PreviousPlan | null,
  signal: AbortSignal | undefined,
): Promise<ConsolidatedFleet> => {
  const found = await findConsolidationGroups(database)
  const describePlan = createPlanDescription(found)
  const withPaths = found.groups.map((group) => ({ ...group, candidates: group.candidates.filter(({ hasPaths }) => hasPaths) }))
  const previousRun = previous?.runId ?? null
  if (paths === null || withPaths.every(({ candidates }) => candidates.length === 0)) {
    const hostByServer = await packFleet(database, found.groups, config)
    return {
      hostByServer,
      hostLoads: new Map(),
      retired: found.retired,
      readPlacement: always({
        plan: describePlan({ hostByServer, risk: null }, null),
        check: null,
        alternatives: [],
        previous_run: previousRun,
      }),
      warnings: hostByServer.size === 0 ? [] : [packedByForecasts(hostByServer.size)],
    }
  }
  const { task, pool } = paths
  const check = earlyCheck ?? (await checkPlacement(database, task, config, signal))
  const shares = [...new Set([check.accepted_share, ...alternativeShares])]
  const source = pool === null ? drawHere(JointPaths.overHorizon(task), signal) : drawInThreads(pool)
  const demand = readHorizonDemand(task, withPaths, source)
  const packing = startOnce(() => packFleet(database, withPaths, config))
  const packed = startOnce(async () => {
    const hostByServer = await packing.start()
    return { hostByServer, risk: await measurePlanRisk(hostByServer, demand, config) }
  })
  // Its queries run while this thread places; then the database is needed for other things.
  if (pool !== null) void packed.start()
  const plans = await besides(packing, () => placeFleet(withPaths, demand, shares, config, previous?.hosts ?? new Map(), signal))
  if (pool !== null) await packing.start()
  const planOf = (share: number): PlacementPlan => describePlan(plans[shares.indexOf(share)]!, share)
  const readPlacement = async (): Promise<PlacementReport> => ({
    plan: planOf(check.accepted_share),
    check,
    alternatives: [...alternativeShares.map(planOf), describePlan(await packed.start(), null)],
    previous_run: previousRun,
  })
  return {
    hostByServer: plans[0]!.hostByServer,
    hostLoads: plans[0]!.hostLoads,
    retired: found.retired,
    // Without threads it is measured now: what this thread drew from is not referred to afterwards.
    readPlacement: pool === null ? always(await readPlacement()) : readPlacement,
    warnings: check.verdict === 'cannot promise' ? [cannotPromise(config)] : [],
  }
}

/** Refers to the value alone, not to the variables of its caller. */
const always =
  <T>(value: T) =>
  (): Promise<T> =>
    Promise.resolve(value)

const packedByForecasts = (count: number): RunWarning => ({
  code: 'packed-by-forecasts',
  message: `${count.toLocaleString('en-US')} ${count === 1 ? 'server is consolidated by its forecast' : 'servers are consolidated by their forecasts'} alone: without simulated paths the risk of that plan is not known.`,
  count,
})

const cannotPromise = (config: AnalysisConfig): RunWarning => ({
  code: 'placement-not-promised',
  message: `The consolidation cannot promise that ${Math.round(config.consolidation_risk * 1000) / 10} % of hosts at most exceed ${config.consolidation_target} %: in the last backtest window more did.`,
})

const createPlanDescription = ({
  groups,
  retiredUsd,
}: ConsolidationGroups): ((plan: Pick<FleetPlan, 'hostByServer' | 'risk'>, acceptedShare: number | null) => PlacementPlan) => {
  const costs = new Map(
    groups.flatMap(({ candidates }) => candidates.map(({ serverId, monthlyCostUsd }) => [serverId, monthlyCostUsd] as const)),
  )
  return ({ hostByServer, risk }, acceptedShare) => {
    const shares = risk?.shares()
    const usd = [...hostByServer.keys()].sort().reduce((sum, server) => sum + costs.get(server)!, retiredUsd)
    return {
      accepted_share: acceptedShare,
      hosts: new Set(hostByServer.values()).size,
      consolidated: hostByServer.size,
      monthly_savings_usd: Math.round(usd * 100) / 100,
      share_above_target: shares?.target ?? null,
      share_above_80: shares?.above80 ?? null,
      share_above_100: shares?.above100 ?? null,
    }
  }
}

// Assigns one recommendation per server: add capacity, watch, retire, consolidate or keep (analysis definition, section 8).
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import { consolidateFleet, type ConsolidatedFleet } from './consolidate-fleet.ts'
import { createFleetServers, readFleetServers, recommendByRisk, type FleetServer, type RecommendedAction } from './fleet-servers.ts'
import type { PreviousPlan } from './previous-plan.ts'

const dayMs = 86_400_000

export interface RecommendedServer extends FleetServer {
  readonly recommendation: RecommendedAction
  readonly targetHost: string | null
  /** ISO 8601 UTC; only for a server at risk. */
  readonly orderBy: string | null
  readonly isOrderLate: boolean
}

/** All servers by name, in pages; can be read several times. */
export type RecommendedFleet = () => AsyncGenerator<RecommendedServer[]>

/** Recommendations of all servers, and the plan behind their moves. */
export interface AssignedRecommendations extends ConsolidatedFleet {
  readonly fleet: RecommendedFleet
}

/**
 * `task`: what paths are drawn from; null where none are known. Reads `series_risk`, `breach_estimates`, `saturation`, `series` and `horizon`.
 */
export const assignRecommendations = async (
  database: Database,
  config: AnalysisConfig,
  task: SimulationTask | null,
  previous: PreviousPlan | null,
  signal?: AbortSignal,
): Promise<AssignedRecommendations> => {
  await createFleetServers(database, config)
  const consolidated = await consolidateFleet(database, config, task, previous, signal)
  const { retired, hostByServer } = consolidated
  return {
    ...consolidated,
    fleet: async function* () {
      for await (const page of readFleetServers(database)) {
        yield page.map((server) => {
          const targetHost = hostByServer.get(server.server_id) ?? null
          const idle = retired.has(server.server_id) ? 'retire' : targetHost === null ? 'keep' : 'consolidate'
          return { ...server, recommendation: recommendByRisk(server) ?? idle, targetHost, ...orderFor(server) }
        })
      }
    },
  }
}

/** Capacity is due at the expected first breach, or at the forecast's first breach if no path breaches. */
const orderFor = (server: FleetServer): Pick<RecommendedServer, 'orderBy' | 'isOrderLate'> => {
  const breach = server.expected_first_breach ?? server.first_breach_at
  if (!server.is_at_risk || breach === null) return { orderBy: null, isOrderLate: false }
  const orderBy = new Date(Date.parse(breach) - server.lead_time_days * dayMs).toISOString().replace('.000Z', 'Z')
  return { orderBy, isOrderLate: server.last_measured_at !== null && orderBy < server.last_measured_at }
}

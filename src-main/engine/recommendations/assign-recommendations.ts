// Assigns one recommendation per server: add capacity, watch, retire, consolidate or keep (analysis definition, section 8).
import type { PlacementCheck } from '../../../src-shared/artefacts/recommendations.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { Database } from '../../database/database.ts'
import { consolidateFleet, type ConsolidatedFleet, type PlacementPaths } from './consolidate-fleet.ts'
import { createFleetServers, readFleetServers, recommendByRisk, type FleetServer, type RecommendedAction } from './fleet-servers.ts'
import type { HostLoad } from './place-fleet.ts'
import type { PreviousPlan } from './previous-plan.ts'

const dayMs = 86_400_000
/** Servers that stay in memory from one reading to the next. */
const maxKept = 20_000

export interface RecommendedServer extends FleetServer {
  readonly recommendation: RecommendedAction
  readonly targetHost: string | null
  /** Of a host that takes servers over; null for all others, and where it is not known. */
  readonly hostLoad: HostLoad | null
  /** ISO 8601 UTC: to order capacity, or to decide about a watched server; null for all others. */
  readonly orderBy: string | null
  readonly isOrderLate: boolean
}

/** All servers by name, some at a time; can be read several times. */
export type RecommendedFleet = () => AsyncGenerator<RecommendedServer[]>

/** Recommendations of all servers, and the plan behind their moves. */
export interface AssignedRecommendations extends ConsolidatedFleet {
  readonly fleet: RecommendedFleet
}

/**
 * `earlyCheck`: of the placement, where it is known already. Reads the tables of `applyBasis`, `saturation`, `series` and `horizon`.
 */
export const assignRecommendations = async (
  database: Database,
  config: AnalysisConfig,
  paths: PlacementPaths,
  earlyCheck: PlacementCheck | null,
  previous: PreviousPlan | null,
  clock: ZoneClock,
  signal?: AbortSignal,
): Promise<AssignedRecommendations> => {
  await createFleetServers(database, config)
  const consolidated = await consolidateFleet(database, config, paths, earlyCheck, previous, signal)
  const { retired, hostByServer, hostLoads } = consolidated
  const recommend = (server: FleetServer): RecommendedServer => {
    const targetHost = hostByServer.get(server.server_id) ?? null
    const idle = retired.has(server.server_id) ? 'retire' : targetHost === null ? 'keep' : 'consolidate'
    const recommendation: RecommendedAction = recommendByRisk(server) ?? idle
    const hostLoad = hostLoads.get(server.server_id) ?? null
    // Nobody else has this object; a copy of its many fields would take as long as reading it.
    return Object.assign(server, { recommendation, targetHost, hostLoad, ...orderFor(server, clock) })
  }
  /** A small fleet is read once. */
  let kept: RecommendedServer[] | undefined
  return {
    ...consolidated,
    fleet: async function* () {
      if (kept !== undefined) {
        yield kept
        return
      }
      let read: RecommendedServer[] | undefined = []
      for await (const servers of readFleetServers(database)) {
        const recommended = servers.map(recommend)
        if (read !== undefined) read = read.length + recommended.length > maxKept ? undefined : [...read, ...recommended]
        yield recommended
      }
      kept = read
    },
  }
}

/**
 * Capacity is due when the first metric may breach; lead times are days of the clock. An order is late where that day lies before the last
 * measured time.
 */
const orderFor = (server: FleetServer, { toLocal, toInstant }: ZoneClock): Pick<RecommendedServer, 'orderBy' | 'isOrderLate'> => {
  if (server.capacity_action === null || server.order_breach_at === null) return { orderBy: null, isOrderLate: false }
  const orderMs = toInstant(toLocal(Date.parse(server.order_breach_at)) - server.lead_time_days * dayMs)
  const orderBy = new Date(orderMs).toISOString().replace('.000Z', 'Z')
  const isPast = server.last_measured_at !== null && orderBy < server.last_measured_at
  return { orderBy, isOrderLate: isPast && server.capacity_action === 'add capacity' }
}

// Assigns one recommendation per server: add capacity, watch, retire, consolidate or keep (analysis definition, section 8).
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { createFleetServers, readFleetServers, recommendBeforePacking, type FleetServer, type RecommendedAction } from './fleet-servers.ts'
import { packFleet } from './pack-fleet.ts'

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

/** Reads `series_risk`, `breach_estimates` and `horizon`. */
export const assignRecommendations = async (database: Database, config: AnalysisConfig): Promise<RecommendedFleet> => {
  await createFleetServers(database)
  const hosts = await packFleet(database, config)
  return async function* () {
    for await (const page of readFleetServers(database)) {
      yield page.map((server) => {
        const host = hosts.get(server.server_id) ?? null
        return {
          ...server,
          recommendation: recommendBeforePacking(server) ?? (host === null ? 'keep' : 'consolidate'),
          targetHost: host,
          ...orderFor(server),
        }
      })
    }
  }
}

/** Capacity is due at the expected first breach, or at the forecast's first breach if no path breaches. */
const orderFor = (server: FleetServer): Pick<RecommendedServer, 'orderBy' | 'isOrderLate'> => {
  const breach = server.expected_first_breach ?? server.first_breach_at
  if (!server.is_at_risk || breach === null) return { orderBy: null, isOrderLate: false }
  const orderBy = new Date(Date.parse(breach) - server.lead_time_days * dayMs).toISOString().replace('.000Z', 'Z')
  return { orderBy, isOrderLate: server.last_measured_at !== null && orderBy < server.last_measured_at }
}

// optimization_recommendations.json: each server's recommendation with its reason, and the savings waterfall.
import type { RecommendationEntry, RecommendationReport } from '../../../src-shared/artefacts/recommendations.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import { groupKey } from './fleet-servers.ts'
import type { RecommendedFleet, RecommendedServer } from './assign-recommendations.ts'
import { describeReason, traceQuery, type ColumnName } from '../../forecasts/recommendation-text.ts'

const isRemoved = (server: RecommendedServer): boolean => server.recommendation === 'retire' || server.recommendation === 'consolidate'

const isSized = ({ recommendation }: RecommendedServer): boolean => recommendation === 'add capacity' || recommendation === 'watch'

/** Totals of several servers, added in their order. */
class RecommendationTotals {
  servers = 0
  at_risk = 0
  underutilized = 0
  retired = 0
  consolidated = 0
  units = 0
  #usd = 0

  add(server: RecommendedServer): void {
    this.servers++
    if (server.is_at_risk) this.at_risk++
    if (server.is_underutilized) this.underutilized++
    if (server.recommendation === 'retire') this.retired++
    if (server.recommendation === 'consolidate') this.consolidated++
    if (!isRemoved(server)) return
    this.units += server.capacity_units
    this.#usd += server.monthly_cost_usd
  }

  get savings(): number {
    return Math.round(this.#usd * 100) / 100
  }
}

interface Group extends Pick<RecommendedServer, 'business_unit' | 'region' | 'criticality'> {
  readonly totals: RecommendationTotals
}

/** Only removed hosts save money; freed capacity does not. */
export const describeRecommendations = async (fleet: RecommendedFleet): Promise<RecommendationReport> => {
  const fleetTotals = new RecommendationTotals()
  const groups = new Map<string, Group>()
  for await (const page of fleet()) {
    for (const server of page) {
      const { business_unit, region, criticality } = server
      const group = groups.get(groupKey(server)) ?? { business_unit, region, criticality, totals: new RecommendationTotals() }
      groups.set(groupKey(server), group)
      group.totals.add(server)
      fleetTotals.add(server)
    }
  }
  return {
    total_savings_usd: fleetTotals.savings,
    underutilized_count: fleetTotals.underutilized,
    waterfall: {
      capacity_freed_units: fleetTotals.units,
      hosts_removable: fleetTotals.retired + fleetTotals.consolidated,
      retired: fleetTotals.retired,
      consolidated: fleetTotals.consolidated,
      monthly_savings_usd: fleetTotals.savings,
    },
    groups: [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { totals, ...names }]) => ({
        ...names,
        servers: totals.servers,
        at_risk: totals.at_risk,
        underutilized: totals.underutilized,
        retired: totals.retired,
        consolidated: totals.consolidated,
        monthly_savings_usd: totals.savings,
      })),
  }
}

/** All recommendations except keep, by server. */
export async function* listRecommendations(
  fleet: RecommendedFleet,
  config: AnalysisConfig,
  columnName: ColumnName,
  clock: ZoneClock,
): AsyncGenerator<RecommendationEntry> {
  for await (const page of fleet()) {
    for (const server of page) {
      if (server.recommendation === 'keep') continue
      yield {
        server_id: server.server_id,
        recommendation: server.recommendation,
        reason: describeReason(server, config, clock),
        metric: server.metric,
        horizon_p95: server.horizon_p95,
        units_to_add: isSized(server) ? server.units_to_add : null,
        percent_to_add: isSized(server) ? server.percent_to_add : null,
        is_lower_limit: isSized(server) && server.is_saturated,
        first_breach_at: server.first_breach_at,
        expected_first_breach: server.expected_first_breach,
        at_risk_probability: server.server_at_risk_probability,
        breach_probability: server.breach_probability,
        order_by: server.orderBy,
        is_order_late: server.isOrderLate,
        target_host: server.targetHost,
        monthly_savings_usd: isRemoved(server) ? server.monthly_cost_usd : 0,
        query: traceQuery(server, columnName, config),
      }
    }
  }
}

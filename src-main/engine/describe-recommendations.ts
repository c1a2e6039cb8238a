// optimization_recommendations.json: what to do with each server, in words and numbers, and the savings waterfall.
import type { AnalysisConfig } from '../../src-shared/analysis-config.ts'
import { groupKey, retirePeak, watchProbability, type DisposedServer } from './recommend.ts'
import { traceQuery, type TraceColumns } from './trace-query.ts'

export interface Recommendation {
  readonly server_id: string
  readonly disposition: DisposedServer['disposition']
  readonly reason: string
  readonly metric: string
  readonly horizon_p95: number | null
  readonly units_to_add: number | null
  readonly first_breach_at: string | null
  readonly expected_first_breach: string | null
  readonly breach_probability: number | null
  /** Latest day to order, and whether that day lies before the last measured time. */
  readonly order_by: string | null
  readonly is_order_late: boolean
  readonly consolidate_onto: string | null
  /** What leaves the bill a month once the server is gone; 0 for servers that stay. */
  readonly monthly_savings_usd: number
  /** `headroom query RUN "..."` shows the rows behind it. */
  readonly query: string
}

/** All of the file but its last key, `recommendations`. */
export interface RecommendationReport {
  readonly total_savings_usd: number
  readonly underutilized_count: number
  readonly waterfall: {
    /** Capacity units of the servers that can leave. */
    readonly capacity_freed_units: number
    readonly hosts_removable: number
    readonly retired: number
    readonly consolidated: number
    readonly monthly_savings_usd: number
  }
  readonly groups: readonly GroupReport[]
}

interface GroupReport {
  readonly business_unit: string | null
  readonly region: string | null
  readonly criticality: string | null
  readonly servers: number
  readonly at_risk: number
  readonly underutilized: number
  readonly retired: number
  readonly consolidated: number
  readonly monthly_savings_usd: number
}

const leaves = (server: DisposedServer): boolean => server.disposition === 'retire' || server.disposition === 'consolidate'

const savingsOf = (servers: readonly DisposedServer[]): number =>
  Math.round(servers.filter(leaves).reduce((sum, server) => sum + server.monthly_cost_usd, 0) * 100) / 100

const countOf = (servers: readonly DisposedServer[], disposition: DisposedServer['disposition']): number =>
  servers.filter((server) => server.disposition === disposition).length

/** Only removed hosts save money; freed capacity alone does not. */
export const describeRecommendations = (servers: readonly DisposedServer[]): RecommendationReport => {
  const leaving = servers.filter(leaves)
  return {
    total_savings_usd: savingsOf(servers),
    underutilized_count: servers.filter((server) => server.is_underutilized).length,
    waterfall: {
      capacity_freed_units: leaving.reduce((sum, server) => sum + server.capacity_units, 0),
      hosts_removable: leaving.length,
      retired: countOf(servers, 'retire'),
      consolidated: countOf(servers, 'consolidate'),
      monthly_savings_usd: savingsOf(servers),
    },
    groups: describeGroups(servers),
  }
}

/** One after the other, by name: a million of them would not fit into memory beside their servers. */
export function* listRecommendations(
  servers: readonly DisposedServer[],
  config: AnalysisConfig,
  columns: TraceColumns,
): Generator<Recommendation> {
  for (const server of servers) {
    if (server.disposition === 'keep') continue
    yield {
      server_id: server.server_id,
      disposition: server.disposition,
      reason: reasonFor(server, config),
      metric: server.metric,
      horizon_p95: server.horizon_p95,
      units_to_add: server.disposition === 'add capacity' ? server.units_to_add : null,
      first_breach_at: server.first_breach_at,
      expected_first_breach: server.expected_first_breach,
      breach_probability: server.breach_probability,
      order_by: server.orderBy,
      is_order_late: server.isOrderLate,
      consolidate_onto: server.consolidateOnto,
      monthly_savings_usd: leaves(server) ? server.monthly_cost_usd : 0,
      query: traceQuery(server, columns),
    }
  }
}

const describeGroups = (servers: readonly DisposedServer[]): GroupReport[] => {
  const groups = new Map<string, DisposedServer[]>()
  for (const server of servers) {
    const members = groups.get(groupKey(server)) ?? []
    members.push(server)
    groups.set(groupKey(server), members)
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]) => ({
      business_unit: members[0]!.business_unit,
      region: members[0]!.region,
      criticality: members[0]!.criticality,
      servers: members.length,
      at_risk: members.filter((server) => server.is_at_risk).length,
      underutilized: members.filter((server) => server.is_underutilized).length,
      retired: countOf(members, 'retire'),
      consolidated: countOf(members, 'consolidate'),
      monthly_savings_usd: savingsOf(members),
    }))
}

const percentText = (value: number | null): string => (value === null ? 'unknown' : `${value.toFixed(1)} %`)

const reasonFor = (server: DisposedServer, config: AnalysisConfig): string => {
  switch (server.disposition) {
    case 'add capacity': {
      const breach = server.first_breach_at === null ? '' : `; first above on ${server.first_breach_at.slice(0, 10)}`
      const order =
        server.orderBy === null
          ? ''
          : ` Order by ${server.orderBy.slice(0, 10)}${server.isOrderLate ? ', which has passed: delivery will be late' : ''}.`
      const units = server.units_to_add ?? 0
      return `The horizon's P95 of ${server.metric} is ${percentText(server.horizon_p95)}, above ${percentText(server.high_threshold)}${breach}. Add ${
        Number.isInteger(units) ? units : units.toFixed(2)
      } capacity ${units === 1 ? 'unit' : 'units'}.${order}`
    }
    case 'watch':
      return `Not at risk by its forecast, but it breaches with a probability of ${percentText((server.breach_probability ?? 0) * 100)}, above ${watchProbability * 100} %.`
    case 'retire':
      return `The horizon's peak is ${percentText(server.horizon_peak)}, below ${retirePeak} %.`
    case 'consolidate':
      return `The horizon's mean of ${percentText(server.horizon_mean)} is below ${config.underutilized_threshold} %; at every time its demand fits on ${server.consolidateOnto} within ${config.consolidation_target} %.`
    case 'keep':
      return 'Neither at risk nor idle.'
  }
}

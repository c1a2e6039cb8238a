// module_05_summary.json: Module 05's five keys, then Headroom's keys.
import { z } from 'zod'
import type { AnalysisMethod } from '../../../src-shared/config/analysis-config.ts'
import type { EventReport } from '../../../src-shared/artefacts/event-report.ts'
import type { RunCounts } from '../../../src-shared/run/run-event.ts'
import type { FlaggedRowCounts, GroupCount, RunSummary } from '../../../src-shared/artefacts/run-summary.ts'
import type { Database } from '../../database/database.ts'
import type { BreachCount } from '../breach/joint-breaches.ts'
import type { ClusteredServers } from '../clusters/cluster-servers.ts'
import type { RecommendationReport } from '../../../src-shared/artefacts/recommendations.ts'
import type { SeasonReport } from '../../../src-shared/artefacts/season.ts'

export interface SummaryInput {
  readonly method: AnalysisMethod
  readonly analyzedAt: Date
  readonly counts: RunCounts
  readonly clusteredServers: ClusteredServers
  readonly season: SeasonReport
  readonly report: RecommendationReport
  /** Null without breach probabilities. */
  readonly atRiskCount: BreachCount | null
  readonly groupCounts: readonly GroupCount[] | null
  /** Null without an events table. */
  readonly events: EventReport | null
  /** Null if the method counts servers only. */
  readonly rowCounts: FlaggedRowCounts | null
}

/** Counts distinct servers; with method `module05`, the two server counts of Module 05 hold its row counts. */
export const summarizeRun = async (database: Database, input: SummaryInput): Promise<RunSummary> => {
  const { method, analyzedAt, counts, clusteredServers, season, report, atRiskCount, groupCounts, events, rowCounts } = input
  const fleet = await database.row(
    `SELECT strftime(min(horizon_start), '%Y-%m-%dT%H:%M:%SZ') AS horizon_start,
            strftime(max(horizon_end), '%Y-%m-%dT%H:%M:%SZ') AS horizon_end,
            strftime(min(first_breach_at), '%Y-%m-%dT%H:%M:%SZ') AS soonest_breach_at,
            arg_min(server_id, (first_breach_at, server_id)) FILTER (WHERE first_breach_at IS NOT NULL) AS soonest_breach_server,
            (SELECT CAST(count(*) FILTER (WHERE server_risk_level = 'high') AS DOUBLE) FROM server_verdicts) AS high_risk_servers,
            CAST(count(DISTINCT server_id) FILTER (WHERE seasonal_peak_risk IS NOT NULL) AS DOUBLE) AS servers_with_seasonal_peak,
            CAST(count(DISTINCT server_id) FILTER (WHERE seasonal_peak_risk > high_threshold AND NOT is_silent) AS DOUBLE) AS seasonal_peak_servers
     FROM series_risk`,
    z.object({
      horizon_start: z.string().nullable(),
      horizon_end: z.string().nullable(),
      soonest_breach_at: z.string().nullable(),
      soonest_breach_server: z.string().nullable(),
      high_risk_servers: z.number(),
      servers_with_seasonal_peak: z.number(),
      seasonal_peak_servers: z.number(),
    }),
  )
  return {
    analyzed_at: analyzedAt.toISOString(),
    total_servers: counts.total_servers,
    at_risk_servers: rowCounts?.risk_flag_rows ?? counts.at_risk_servers,
    underutilized_servers: rowCounts?.underutilized_rows ?? counts.underutilized_servers,
    optimization_savings_usd: report.total_savings_usd,
    method,
    ...fleet,
    at_risk_expected: atRiskCount?.expected ?? null,
    at_risk_low: atRiskCount?.low ?? null,
    at_risk_high: atRiskCount?.high ?? null,
    ...(groupCounts === null ? {} : { at_risk_groups: [...groupCounts] }),
    servers_removable: report.waterfall.hosts_removable,
    distinct_servers: { at_risk: counts.at_risk_servers, underutilized: counts.underutilized_servers },
    ...(rowCounts === null ? {} : { rows: rowCounts }),
    underutilized_count: report.underutilized_count,
    kmeans_inertia: clusteredServers.clustering.inertia,
    clusters: [...clusteredServers.clusters],
    clustering: clusteredServers.clustering,
    season,
    ...(events === null ? {} : { events }),
  }
}

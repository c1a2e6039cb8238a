// What an analysis method decides: thresholds, the quarter-end window, two figures of a series' risk, clusters, savings and what the summary counts.
import type { AnalysisConfig, AnalysisMethod } from '../../../src-shared/config/analysis-config.ts'
import type { Calendar, EoqWindow } from '../../calendar/calendar.ts'
import type { Database } from '../../database/database.ts'
import type { FixedPoint } from '../../statistics/fixed-point.ts'
import type { ClusteredServers } from '../clusters/cluster-servers.ts'
import type { RecommendationReport } from '../../../src-shared/artefacts/recommendations.ts'
import type { FlaggedRowCounts } from '../../../src-shared/artefacts/run-summary.ts'

export interface Method {
  readonly name: AnalysisMethod
  /** SQL for one row per metric and criticality that has thresholds: metric, criticality, high, very_high. Reads `series_models`, `server_attributes`. */
  readonly thresholdsQuery: (config: AnalysisConfig) => string
  readonly eoqWindow: (config: AnalysisConfig) => EoqWindow
  /** Creates what `riskSql` joins; reads `forecast`, `series`. */
  readonly prepareRisk: (database: Database, calendar: Calendar, fixedPoint: FixedPoint) => Promise<void>
  /** Over `series` s and `horizon_figures` f. */
  readonly riskSql: (config: AnalysisConfig) => RiskSql
  readonly cluster: (database: Database, config: AnalysisConfig, input: ClusterInput) => Promise<ClusteredServers>
  /** The recommendations' totals with the savings as the method counts them. */
  readonly withSavings: (report: RecommendationReport, clusteredServers: ClusteredServers, config: AnalysisConfig) => RecommendationReport
  /** Rows by flag, where the summary counts rows; else null. Reads `forecast_rows`, `series_risk`. */
  readonly countRows: (database: Database, calendar: Calendar) => Promise<FlaggedRowCounts | null>
}

export interface RiskSql {
  readonly seasonalPeak: string
  readonly isUnderutilized: string
  /** Further joins that both need; may be empty. */
  readonly joins: string
}

export interface ClusterInput {
  readonly primaryMetric: string
  readonly fixedPoint: FixedPoint
  readonly signal: AbortSignal | undefined
}

// The interface of an analysis method: thresholds, quarter-end window, risk, clusters, savings and the counts of the summary.
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
  /** Replaces the savings in the recommendations' totals by the method's. */
  readonly withSavings: (report: RecommendationReport, clusteredServers: ClusteredServers, config: AnalysisConfig) => RecommendationReport
  /** Rows by flag if the summary counts rows, otherwise null. Reads `forecast_rows`, `series_risk`. */
  readonly countRows: (database: Database, calendar: Calendar) => Promise<FlaggedRowCounts | null>
}

export interface RiskSql {
  readonly seasonalPeak: string
  readonly isUnderutilized: string
  /** Joins of both expressions; may be empty. */
  readonly joins: string
}

export interface ClusterInput {
  readonly primaryMetric: string
  readonly fixedPoint: FixedPoint
  readonly signal: AbortSignal | undefined
}

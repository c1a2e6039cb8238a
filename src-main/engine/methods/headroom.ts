// Headroom's method: the selected model's horizon, configured thresholds, standardised clusters, savings of removed hosts.
import { eoqMonthsOf, type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { thresholdsQuery } from '../../forecasts/thresholds.ts'
import { clusterServers } from '../clusters/cluster-servers.ts'
import type { Method } from './method.ts'

/** A server is underutilised if every metric with a threshold has a horizon with a mean below the configured percentage. */
const isUnderutilizedSql = (config: AnalysisConfig): string => `
  coalesce(bool_and(CASE WHEN s.high_threshold IS NOT NULL AND NOT s.is_silent THEN f.horizon_mean IS NOT NULL AND f.horizon_mean < ${config.underutilized_threshold} END)
    OVER (PARTITION BY s.server_id), false)`

export const headroom: Method = {
  name: 'headroom',
  thresholdsQuery,
  eoqWindow: (config) => ({ months: eoqMonthsOf(config), days: config.eoq_window_days }),
  prepareRisk: () => Promise.resolve(),
  riskSql: (config) => ({ seasonalPeak: 'f.seasonal_peak_risk', isUnderutilized: isUnderutilizedSql(config), joins: '' }),
  cluster: (database, config, { primaryMetric, signal }) => clusterServers(database, config, primaryMetric, signal),
  withSavings: (report) => report,
  countRows: () => Promise.resolve(null),
}

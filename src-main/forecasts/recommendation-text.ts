// What a recommendation says: its reason in words, and the SQL that shows the rows behind it.
import { fractionMetrics, type UnitConfig } from '../../src-shared/config/metric-units.ts'
import type { ServerRiskRow } from '../../src-shared/artefacts/server-risk.ts'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { identifier, literal } from '../database/database.ts'
import type { ColumnRole } from './forecast-columns.ts'

/** Horizon peak in percent below which a server does nothing worth its cost. */
export const retirePeakPercent = 5
/** Breach probability above which a server that is not at risk is watched. */
export const watchMinProbability = 0.2

/** A server with a recommendation. Times are ISO 8601 UTC. */
export interface RecommendationFigures {
  readonly server_id: string
  readonly recommendation: ServerRiskRow['recommendation']
  readonly targetHost: string | null
  readonly orderBy: string | null
  readonly isOrderLate: boolean
  /** Of the metric with the least headroom. */
  readonly metric: string
  readonly horizon_p95: number | null
  readonly high_threshold: number | null
  readonly first_breach_at: string | null
  /** The maximum over the server's metrics. */
  readonly units_to_add: number | null
  readonly breach_probability: number | null
  readonly horizon_peak: number | null
  readonly horizon_mean: number | null
}

type ReasonConfig = Pick<AnalysisConfig, 'underutilized_threshold' | 'consolidation_target'>

const percentText = (value: number | null): string => (value === null ? 'unknown' : `${value.toFixed(1)} %`)

/** One or two sentences with the figures that decided. */
export const describeReason = (server: RecommendationFigures, config: ReasonConfig): string => {
  switch (server.recommendation) {
    case 'add capacity': {
      const breachText = server.first_breach_at === null ? '' : `; first above on ${server.first_breach_at.slice(0, 10)}`
      const orderText =
        server.orderBy === null
          ? ''
          : ` Order by ${server.orderBy.slice(0, 10)}${server.isOrderLate ? ', which has passed: delivery will be late' : ''}.`
      const units = server.units_to_add ?? 0
      return `The horizon's P95 of ${server.metric} is ${percentText(server.horizon_p95)}, above ${percentText(server.high_threshold)}${breachText}. Add ${
        Number.isInteger(units) ? units : units.toFixed(2)
      } capacity ${units === 1 ? 'unit' : 'units'}.${orderText}`
    }
    case 'watch':
      return `Not at risk by its forecast, but it breaches with a probability of ${percentText((server.breach_probability ?? 0) * 100)}, above ${watchMinProbability * 100} %.`
    case 'retire':
      return `The horizon's peak is ${percentText(server.horizon_peak)}, below ${retirePeakPercent} %.`
    case 'consolidate':
      return `The horizon's mean of ${percentText(server.horizon_mean)} is below ${config.underutilized_threshold} %; its demand fits on ${server.targetHost} within ${config.consolidation_target} %.`
    case 'keep':
      return server.breach_probability === null && server.high_threshold !== null
        ? 'Neither at risk nor idle by its forecast. Its probability of a breach is not known.'
        : 'Neither at risk nor idle.'
  }
}

/** The user's name for a column; undefined where the forecasts lack it. */
export type ColumnName = (role: ColumnRole) => string | undefined

/** For `headroom query`: for a consolidation the host's demand per time with all consolidated servers, else the server's horizon. */
export const traceQuery = (server: RecommendationFigures, columnName: ColumnName, config: Pick<UnitConfig, 'metric_units'>): string => {
  const name = (role: ColumnRole): string => `f.${identifier(columnName(role) ?? role)}`
  const metric = columnName('metric') === undefined ? '' : ` AND r.metric = CAST(${name('metric')} AS VARCHAR)`
  const fractions = fractionMetrics(config).map(literal)
  // The forecasts hold the user's own values.
  const percent = fractions.length === 0 ? '' : ` * CASE WHEN r.metric IN (${fractions.join(', ')}) THEN 100 ELSE 1 END`
  const horizon = `FROM forecasts f JOIN server_risk r ON r.server_id = CAST(${name('server_id')} AS VARCHAR)${metric} WHERE f.is_selected AND CAST(${name('timestamp')} AS TIMESTAMPTZ) BETWEEN r.horizon_start AND r.horizon_end`
  if (server.targetHost !== null) {
    const host = literal(server.targetHost)
    return `SELECT ${name('timestamp')}, r.metric, sum(${name('predicted')}${percent} / 100 * r.capacity_units) AS demand_units, max(r.capacity_units) FILTER (WHERE r.server_id = ${host}) AS host_units ${horizon} AND (r.server_id = ${host} OR r.target_host = ${host}) GROUP BY ALL ORDER BY ALL`
  }
  return `SELECT ${name('timestamp')}, r.metric, ${percent === '' ? name('predicted') : `${name('predicted')}${percent} AS predicted_percent`}, r.high_threshold ${horizon} AND r.server_id = ${literal(server.server_id)} ORDER BY ALL`
}

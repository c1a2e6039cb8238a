// What a recommendation says: its reason in words, and the SQL that shows the rows behind it.
import { fractionMetrics, turnedMetrics, type UnitConfig } from '../../src-shared/config/metric-units.ts'
import { resourceLabel, resourceName } from '../../src-shared/artefacts/metric-label.ts'
import { probabilityText } from '../../src-shared/artefacts/likelihood.ts'
import type { ServerRiskRow } from '../../src-shared/artefacts/server-risk.ts'
import type { AnalysisConfig, RiskBasis } from '../../src-shared/config/analysis-config.ts'
import { dayText, type ZoneClock } from '../../src-shared/run/zone-clock.ts'
import { identifier, literal } from '../database/database.ts'
import type { ColumnRole } from './forecast-columns.ts'

/** Horizon peak in percent below which a server does nothing worth its cost. */
export const retirePeakPercent = 5
/** Probability of a sustained breach above which a server that is not at risk is watched. */
export const watchMinProbability = 0.2

/** A server with a recommendation. Times are ISO 8601 UTC. */
export interface RecommendationFigures {
  readonly server_id: string
  readonly recommendation: ServerRiskRow['recommendation']
  readonly targetHost: string | null
  readonly orderBy: string | null
  readonly isOrderLate: boolean
  /** Of the limiting metric. */
  readonly metric: string
  readonly risk_basis: RiskBasis
  readonly at_risk_probability: number | null
  readonly p95_median: number | null
  readonly horizon_p95: number | null
  readonly high_threshold: number | null
  readonly first_breach_at: string | null
  /** The maximum over the server's metrics; units are null where the capacity is not known. */
  readonly units_to_add: number | null
  readonly percent_to_add: number | null
  /** Whether the measured load was capped, so that the capacity to add is a lower limit. */
  readonly is_saturated: boolean
  /** Of a sustained breach of any metric. */
  readonly server_at_risk_probability: number | null
  readonly horizon_peak: number | null
  readonly horizon_mean: number | null
}

type ReasonConfig = Pick<AnalysisConfig, 'underutilized_threshold' | 'consolidation_target'>

/** "a probability of 66 %", "a probability above 99 %". */
const probabilityPhrase = (probability: number): string => {
  const text = probabilityText(probability)
  return `a probability ${text.startsWith('>') ? 'above' : text.startsWith('<') ? 'below' : 'of'} ${text.replace(/^[<>] /, '')}`
}

const percentText = (value: number | null): string => (value === null ? 'unknown' : `${value.toFixed(1)} %`)

/** "2 capacity units", "at least 12 % capacity", "under 1 % capacity". */
const capacityText = ({ units_to_add: units, percent_to_add: percent, is_saturated: isSaturated }: RecommendationFigures): string => {
  const atLeast = isSaturated ? 'at least ' : ''
  if (units === null || units === 0) return (percent ?? 0) < 1 ? 'under 1 % capacity' : `${atLeast}${Math.ceil(percent!)} % capacity`
  return `${atLeast}${Number.isInteger(units) ? units : units.toFixed(2)} capacity ${units === 1 ? 'unit' : 'units'}`
}

/** What the limiting metric is expected to do, on the basis that decided about it. */
const riskText = (server: RecommendationFigures, dayOf: (iso: string) => string): string => {
  const resource = resourceName(server.metric)
  const { risk_basis, first_breach_at, at_risk_probability: probability, server_at_risk_probability: joint } = server
  if (risk_basis !== 'probable') {
    const breachText = first_breach_at === null ? '' : `; first above on ${dayOf(first_breach_at)}`
    return `The horizon's P95 of ${resource} is ${percentText(server.horizon_p95)}, above ${percentText(server.high_threshold)}${breachText}.`
  }
  const median = `The median P95 of ${resource} is ${percentText(server.p95_median)}.`
  // Equal as written, the metric alone says it all.
  return joint !== null && probability !== null && joint > probability && probabilityText(joint) !== probabilityText(probability)
    ? `Some metric exceeds its threshold with ${probabilityPhrase(joint)}; ${resource} alone does with ${probabilityPhrase(probability)}. ${median}`
    : `The P95 of ${resource} exceeds ${percentText(server.high_threshold)} with ${probabilityPhrase(probability ?? 0)}. ${median}`
}

/** Some sentences with the figures that decided; days are those of the clock. */
export const describeReason = (server: RecommendationFigures, config: ReasonConfig, clock: ZoneClock): string => {
  const dayOf = (iso: string): string => dayText(clock, Date.parse(iso))
  switch (server.recommendation) {
    case 'add capacity': {
      const orderText =
        server.orderBy === null
          ? ''
          : ` Order by ${dayOf(server.orderBy)}${server.isOrderLate ? ', which has passed: delivery will be late' : ''}.`
      return `${riskText(server, dayOf)} Add ${capacityText(server)}.${orderText}`
    }
    case 'watch': {
      const decideText = server.orderBy === null ? '' : ` Decide by ${dayOf(server.orderBy)}: a breach would need ${capacityText(server)}.`
      return `A sustained breach has ${probabilityPhrase(server.server_at_risk_probability ?? 0)}, above ${watchMinProbability * 100} %.${decideText}`
    }
    case 'retire':
      return `The horizon's peak is ${percentText(server.horizon_peak)}, below ${retirePeakPercent} %.`
    case 'consolidate':
      return `The horizon's mean of ${percentText(server.horizon_mean)} is below ${config.underutilized_threshold} %; its demand fits on ${server.targetHost} within ${config.consolidation_target} %.`
    case 'keep':
      return server.server_at_risk_probability === null && server.high_threshold !== null
        ? 'Neither at risk nor idle by its forecast. Its probability of a breach is not known.'
        : 'Neither at risk nor idle.'
  }
}

/** "CPU at 92.6 %, above 80 %": the limiting metric's level over the horizon, by the figure that decided. */
const levelText = (server: RecommendationFigures): string => {
  const { risk_basis: basis, p95_median: median, horizon_p95: forecast, high_threshold: threshold } = server
  const level = basis === 'probable' ? (median ?? forecast) : forecast
  const limit = threshold === null ? 'its threshold' : `${threshold} %`
  return `${resourceLabel(server.metric)} at ${percentText(level)}, ${level !== null && threshold !== null && level > threshold ? 'above' : 'may pass'} ${limit}`
}

/** The reason in at most eight words. */
export const summarizeReason = (server: RecommendationFigures): string => {
  switch (server.recommendation) {
    case 'add capacity':
    case 'watch':
      return levelText(server)
    case 'retire':
      return `Peak of ${percentText(server.horizon_peak)} over the horizon`
    case 'consolidate':
      return `Mean of ${percentText(server.horizon_mean)}; fits on another host`
    case 'keep':
      return 'Neither at risk nor idle'
  }
}

/** What the recommendation adds; null where it adds nothing. */
export const capacityToAdd = (server: RecommendationFigures): string | null =>
  server.recommendation === 'add capacity' || server.recommendation === 'watch' ? capacityText(server) : null

/** The user's name for a column; undefined where the forecasts lack it. */
export type ColumnName = (role: ColumnRole) => string | undefined

/** For `headroom query`: for a consolidation the host's demand per time with all consolidated servers, else the server's horizon. */
export const traceQuery = (
  server: RecommendationFigures,
  columnName: ColumnName,
  config: Pick<UnitConfig, 'metric_units' | 'metric_directions'>,
): string => {
  const name = (role: ColumnRole): string => `f.${identifier(columnName(role) ?? role)}`
  const metric = columnName('metric') === undefined ? '' : ` AND r.metric = CAST(${name('metric')} AS VARCHAR)`
  const fractions = fractionMetrics(config).map(literal)
  const turned = turnedMetrics(config).map(literal)
  // The forecasts hold the user's own values.
  const percent =
    fractions.length === 0
      ? name('predicted')
      : `${name('predicted')} * CASE WHEN r.metric IN (${fractions.join(', ')}) THEN 100 ELSE 1 END`
  const used = turned.length === 0 ? percent : `CASE WHEN r.metric IN (${turned.join(', ')}) THEN 100 - ${percent} ELSE ${percent} END`
  const horizon = `FROM forecasts f JOIN server_risk r ON r.server_id = CAST(${name('server_id')} AS VARCHAR)${metric} WHERE f.is_selected AND CAST(${name('timestamp')} AS TIMESTAMPTZ) BETWEEN r.horizon_start AND r.horizon_end`
  if (server.targetHost !== null) {
    const host = literal(server.targetHost)
    return `SELECT ${name('timestamp')}, r.metric, sum(${used} / 100 * r.capacity_units) AS demand_units, max(r.capacity_units) FILTER (WHERE r.server_id = ${host}) AS host_units ${horizon} AND (r.server_id = ${host} OR r.target_host = ${host}) GROUP BY ALL ORDER BY ALL`
  }
  return `SELECT ${name('timestamp')}, r.metric, ${used === name('predicted') ? used : `${used} AS predicted_percent`}, r.high_threshold ${horizon} AND r.server_id = ${literal(server.server_id)} ORDER BY ALL`
}

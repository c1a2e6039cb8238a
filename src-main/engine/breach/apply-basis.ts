// Who is at risk on the configured basis: each series, and each server over its metrics (analysis definition, section 4).
import { likelyProbability } from '../../../src-shared/artefacts/likelihood.ts'
import type { AnalysisConfig, RiskBasis } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { unitsToAddSql } from '../risk/assess-risk.ts'

/** Basis that decided about a row of `breach_estimates`: without its figure, the forecast's P95 decides. */
export const decidingBasisSql = (basis: RiskBasis): string => {
  switch (basis) {
    case 'probable':
      return `CASE WHEN at_risk_probability IS NULL THEN 'expected' ELSE 'probable' END`
    case 'conservative':
      return `CASE WHEN conservative_p95 IS NULL THEN 'expected' ELSE 'conservative' END`
    case 'expected':
      return `'expected'`
  }
}

/**
 * Derives the risk of `series_risk` and creates `server_verdicts` (server_id, server_at_risk_probability, server_breach_probability,
 * is_server_at_risk, server_risk_level). Reads `breach_estimates`, `server_breaches`.
 */
export const applyBasis = async (database: Database, { basis }: Pick<AnalysisConfig, 'basis'>): Promise<void> => {
  if (basis === 'probable') await database.run(probableRiskSql)
  if (basis === 'conservative') await database.run(conservativeRiskSql)
  await database.run(serverVerdictsSql(basis))
}

const probableRiskSql = `
  UPDATE series_risk SET
    is_at_risk = b.at_risk_probability > ${likelyProbability},
    risk_level = CASE WHEN b.very_high_probability > ${likelyProbability} THEN 'high'
                      WHEN b.at_risk_probability > ${likelyProbability} THEN 'medium' ELSE 'low' END,
    units_to_add = ${unitsToAddSql('capacity_units', 'b.sizing_p95', 'high_threshold')}
  FROM breach_estimates b WHERE b.series_id = series_risk.series_id AND b.risk_basis = 'probable'`

const conservativeRiskSql = `
  UPDATE series_risk SET
    is_at_risk = b.conservative_p95 > high_threshold,
    risk_level = CASE WHEN b.conservative_p95 > very_high_threshold THEN 'high'
                      WHEN b.conservative_p95 > high_threshold THEN 'medium' ELSE 'low' END,
    headroom_points = high_threshold - b.conservative_p95,
    units_to_add = ${unitsToAddSql('capacity_units', 'b.conservative_p95', 'high_threshold')}
  FROM breach_estimates b WHERE b.series_id = series_risk.series_id AND b.risk_basis = 'conservative'`

/** A server is at risk with any of its metrics; on the basis `probable` also where only their joint probability says so. */
const serverVerdictsSql = (basis: RiskBasis): string => {
  const isLikely = (probability: string): string =>
    basis === 'probable' ? `coalesce(any_value(${probability}) > ${likelyProbability}, false)` : 'false'
  return `
  CREATE OR REPLACE TABLE server_verdicts AS
  SELECT server_id, server_at_risk_probability, server_breach_probability, is_server_at_risk,
         CASE WHEN is_high THEN 'high' WHEN is_server_at_risk THEN 'medium' WHEN has_level THEN 'low' END AS server_risk_level
  FROM (
    SELECT server_id, any_value(server_at_risk_probability) AS server_at_risk_probability,
           any_value(server_breach_probability) AS server_breach_probability,
           bool_or(is_at_risk) OR ${isLikely('server_at_risk_probability')} AS is_server_at_risk,
           coalesce(bool_or(risk_level = 'high'), false) OR ${isLikely('server_very_high_probability')} AS is_high,
           count(risk_level) > 0 AS has_level
    FROM series_risk LEFT JOIN server_breaches USING (server_id) GROUP BY server_id)`
}

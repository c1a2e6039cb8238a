// Who is at risk on the configured basis: each series, and each server over its metrics (analysis definition, section 4).
import { likelyProbability } from '../../../src-shared/artefacts/likelihood.ts'
import type { AnalysisConfig, RiskBasis } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { watchMinProbability } from '../../forecasts/recommendation-text.ts'

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

type BasisConfig = Pick<AnalysisConfig, 'basis' | 'purchase_probability'>

/**
 * Derives the risk of `series_risk`; creates `server_verdicts` (server_id, server_at_risk_probability, server_breach_probability,
 * is_server_at_risk, server_risk_level, capacity_action) and `capacity_needs` (series_id, percent_to_add, units_to_add). Reads
 * `breach_estimates`, `server_breaches`, `server_attributes`.
 */
export const applyBasis = async (database: Database, config: BasisConfig): Promise<void> => {
  if (config.basis === 'probable') await database.run(probableRiskSql)
  if (config.basis === 'conservative') await database.run(conservativeRiskSql)
  await database.run(serverVerdictsSql(config))
  await database.run(capacityNeedsSql)
}

const probableRiskSql = `
  UPDATE series_risk SET
    is_at_risk = b.at_risk_probability > ${likelyProbability},
    risk_level = CASE WHEN b.very_high_probability > ${likelyProbability} THEN 'high'
                      WHEN b.at_risk_probability > ${likelyProbability} THEN 'medium' ELSE 'low' END
  FROM breach_estimates b WHERE b.series_id = series_risk.series_id AND b.risk_basis = 'probable' AND NOT is_silent`

const conservativeRiskSql = `
  UPDATE series_risk SET
    is_at_risk = b.conservative_p95 > high_threshold,
    risk_level = CASE WHEN b.conservative_p95 > very_high_threshold THEN 'high'
                      WHEN b.conservative_p95 > high_threshold THEN 'medium' ELSE 'low' END,
    headroom_points = high_threshold - b.conservative_p95
  FROM breach_estimates b WHERE b.series_id = series_risk.series_id AND b.risk_basis = 'conservative' AND NOT is_silent`

/**
 * A server is at risk with any of its metrics; on the basis `probable` also where only their joint probability says so. Capacity is added
 * to servers at risk, on that basis from `purchase_probability` on; others above 0.2 are watched.
 */
const serverVerdictsSql = ({ basis, purchase_probability: purchase }: BasisConfig): string => {
  const exceeds = (probability: string, limit: number): string =>
    basis === 'probable' ? `coalesce(any_value(${probability}) > ${limit} AND NOT bool_or(is_silent), false)` : 'false'
  return `
  CREATE OR REPLACE TABLE server_verdicts AS
  SELECT server_id, server_at_risk_probability, server_breach_probability, is_server_at_risk,
         CASE WHEN is_high THEN 'high' WHEN is_server_at_risk THEN 'medium' WHEN has_level THEN 'low' END AS server_risk_level,
         CASE WHEN is_server_at_risk OR is_purchase THEN 'add capacity'
              WHEN server_at_risk_probability > ${watchMinProbability} AND NOT is_silent THEN 'watch' END AS capacity_action
  FROM (
    SELECT server_id, any_value(server_at_risk_probability) AS server_at_risk_probability,
           any_value(server_breach_probability) AS server_breach_probability,
           bool_or(is_at_risk) OR ${exceeds('server_at_risk_probability', likelyProbability)} AS is_server_at_risk,
           coalesce(bool_or(risk_level = 'high'), false) OR ${exceeds('server_very_high_probability', likelyProbability)} AS is_high,
           ${exceeds('server_at_risk_probability', purchase)} AS is_purchase,
           count(risk_level) > 0 AS has_level, bool_or(is_silent) AS is_silent
    FROM series_risk LEFT JOIN server_breaches USING (server_id) GROUP BY server_id)`
}

/**
 * Capacity to add is max(0, P95 / threshold - 1) of today's: the P95 that the basis sizes by, of a watched server the one on breaching paths.
 * Whole units are rounded up, and a server that needs any gets at least one. Where no capacity is stated, the percentage alone is known.
 */
const capacityNeedsSql = `
  CREATE OR REPLACE TABLE capacity_needs AS
  WITH sized AS (
    SELECT series_id, server_id, metric, high_threshold, capacity_action, a.capacity_units,
           CASE b.risk_basis WHEN 'probable' THEN b.sizing_p95 WHEN 'conservative' THEN b.conservative_p95 ELSE r.horizon_p95 END AS basis_p95,
           b.breaching_p95
    FROM series_risk r JOIN server_verdicts USING (server_id) LEFT JOIN breach_estimates b USING (series_id)
    LEFT JOIN server_attributes a USING (server_id)
  ), shares AS (
    SELECT *, CASE WHEN high_threshold IS NULL OR basis_p95 IS NULL THEN NULL
                   WHEN capacity_action IS NULL THEN 0
                   WHEN capacity_action = 'watch' THEN greatest(0, coalesce(breaching_p95, basis_p95) / high_threshold - 1)
                   ELSE greatest(0, basis_p95 / high_threshold - 1) END AS share
    FROM sized
  ), ranked AS (
    SELECT *, capacity_action IS NOT NULL AND row_number() OVER (PARTITION BY server_id ORDER BY share DESC NULLS LAST, metric) = 1 AS is_largest
    FROM shares
  )
  SELECT series_id, 100 * share AS percent_to_add,
         CASE WHEN share IS NULL OR capacity_units IS NULL THEN NULL
              WHEN capacity_units <> floor(capacity_units) THEN capacity_units * share
              ELSE greatest(ceil(round(capacity_units * share, 9)), CASE WHEN is_largest THEN 1 ELSE 0 END) END AS units_to_add
  FROM ranked`

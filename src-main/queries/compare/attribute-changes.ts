// Whether policy, model or data put a server at risk or cleared it: what each alone would have done, and its share of the headroom.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'

export type Basis = AnalysisConfig['basis']
export type Side = 'earlier' | 'later'

/** Creates `judged_changes` from `paired` and from `flagged` of the schemas `earlier` and `later`: a row per risk that is new, cleared or stays. */
export const attributeChanges = async (database: Database, basis: Readonly<Record<Side, Basis>>): Promise<void> => {
  await database.run(p95UnderOtherModelSql('earlier', 'later'))
  await database.run(p95UnderOtherModelSql('later', 'earlier'))
  await database.run(nextBreachesSql)
  await database.run(counterfactualsSql(basis))
}

/** The P95 of a run's horizon under the model that the other run selected, where that is another one and the run has it. */
const p95UnderOtherModelSql = (side: Side, other: Side): string => `
  CREATE OR REPLACE TABLE ${side}_other_model AS
  SELECT f.server_id, f.metric, quantile_cont(f.predicted, 0.95) AS p95
  FROM ${side}.flagged f
  JOIN (SELECT server_id, metric, ${other}_model AS model FROM paired
        WHERE status IN ('new risk', 'cleared', 'still at risk') AND ${other}_model IS DISTINCT FROM ${side}_model) w
    ON w.server_id = f.server_id AND w.metric = f.metric AND w.model = f.model
  WHERE f.is_horizon AND f.predicted IS NOT NULL
  GROUP BY ALL`

/** The earlier forecast's first breach from the later horizon's start on: time has passed between the two runs. */
const nextBreachesSql = `
  CREATE OR REPLACE TABLE next_breaches AS
  SELECT f.server_id, f.metric, min(f.ts) AS next_breach_at
  FROM earlier.flagged f
  JOIN (SELECT server_id, metric, earlier_high_threshold, later_horizon_start FROM paired WHERE status = 'still at risk') p
    ON p.server_id = f.server_id AND p.metric = f.metric
  WHERE f.is_selected AND f.is_horizon AND f.predicted > p.earlier_high_threshold AND f.ts >= p.later_horizon_start
  GROUP BY ALL`

/**
 * The figure that a run's own model has under a basis. A run by the plain forecast knows no conservative figure: it is taken to need the
 * surcharge of the other run.
 */
const selectedModelP95Sql = (side: Side, basis: Basis): string =>
  basis === 'conservative' ? conservativeP95Sql(side) : `${side}_horizon_p95`

const conservativeP95Sql = (side: Side): string => {
  const other = side === 'earlier' ? 'later' : 'earlier'
  return `coalesce(${side}_conservative_p95, ${side}_horizon_p95 + (${other}_conservative_p95 - ${other}_horizon_p95))`
}

/**
 * The figure under the other run's model; NULL where the run does not have it. Simulated paths exist for the selected
 * model only: under the conservative basis the other model is taken to need the same surcharge.
 */
const otherModelP95Sql = (side: Side, basis: Basis): string =>
  basis === 'conservative' ? `${side}_other.p95 + (${conservativeP95Sql(side)} - ${side}_horizon_p95)` : `${side}_other.p95`

/**
 * Headroom after each cause in turn: the earlier run, under the later policy, with the later model, with the later data. And
 * each alone on the earlier run. A later model that the earlier run lacks counts with the data; so does an earlier model that the
 * later run lacks.
 */
const counterfactualsSql = (basis: Readonly<Record<Side, Basis>>): string => `
  CREATE OR REPLACE TABLE judged_changes AS
  WITH figures AS (
    SELECT p.*, n.next_breach_at,
           ${selectedModelP95Sql('earlier', basis.earlier)} AS earlier_p95,
           ${selectedModelP95Sql('later', basis.later)} AS later_p95,
           ${selectedModelP95Sql('earlier', basis.later)} AS policy_p95,
           ${otherModelP95Sql('earlier', basis.earlier)} AS model_p95,
           coalesce(${otherModelP95Sql('earlier', basis.later)}, ${selectedModelP95Sql('earlier', basis.later)}) AS policy_model_p95,
           coalesce(${otherModelP95Sql('later', basis.earlier)}, ${selectedModelP95Sql('later', basis.earlier)}) AS data_p95,
           -- No model answers any more, though the earlier one still has a horizon: another was forced.
           later_model IS NULL AND later_other.p95 IS NOT NULL AS lost_by_selection
    FROM paired p
    LEFT JOIN earlier_other_model earlier_other USING (server_id, metric)
    LEFT JOIN later_other_model later_other USING (server_id, metric)
    LEFT JOIN next_breaches n USING (server_id, metric)
    WHERE status IN ('new risk', 'cleared', 'still at risk')
  ), tested AS (
    SELECT *,
           coalesce(policy_p95 > later_high_threshold, false) = later_is_at_risk AS policy_alone,
           CASE WHEN lost_by_selection THEN NOT later_is_at_risk
                ELSE model_p95 IS NOT NULL AND coalesce(model_p95 > earlier_high_threshold, false) = later_is_at_risk END AS model_alone,
           coalesce(data_p95 > earlier_high_threshold, false) = later_is_at_risk AS data_alone,
           (later_high_threshold - policy_p95) - (earlier_high_threshold - earlier_p95) AS policy_points,
           policy_p95 - policy_model_p95 AS model_points,
           policy_model_p95 - later_p95 AS data_points,
           later_p95 - earlier_p95 AS p95_change,
           date_diff('second', next_breach_at, later_first_breach_at) / 86400.0::DOUBLE AS breach_shift_days
    FROM figures
  )
  SELECT *, policy_points + model_points + data_points AS headroom_points,
         coalesce(abs(p95_change) >= 0.05, false) OR coalesce(breach_shift_days <> 0, false) AS is_moved,
         CASE WHEN status <> 'still at risk' THEN
                CASE WHEN policy_alone THEN 'policy' WHEN model_alone THEN 'model' WHEN data_alone THEN 'data' ELSE 'together' END
              WHEN greatest(abs(policy_points), abs(model_points), abs(data_points)) > 1e-9 THEN
                CASE greatest(abs(policy_points), abs(model_points), abs(data_points))
                  WHEN abs(policy_points) THEN 'policy' WHEN abs(model_points) THEN 'model' ELSE 'data' END
         END AS cause
  FROM tested`

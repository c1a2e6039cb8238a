// Whether definition, policy, model or data put a server at risk or cleared it: what each alone would have done, and its share of the headroom.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'

export type Basis = AnalysisConfig['basis']
export type Side = 'earlier' | 'later'

/** What each run means by "at risk", and the meaning under which both are compared. */
export interface Definitions extends Readonly<Record<Side, Basis>> {
  readonly common: Basis
}

/**
 * The earlier run's basis where the later run holds its figures, else the later run's where the earlier one does, else the forecast's P95, which
 * every run holds.
 */
export const findDefinitions = (earlier: Basis, later: Basis, holds: Readonly<Record<Side, (basis: Basis) => boolean>>): Definitions => ({
  earlier,
  later,
  common: holds.later(earlier) ? earlier : holds.earlier(later) ? later : 'expected',
})

/**
 * Creates `judged_changes` from `paired` and from `flagged` of the schemas `earlier` and `later`: a row per risk that is new, cleared or stays.
 */
export const attributeChanges = async (database: Database, definitions: Definitions): Promise<void> => {
  await database.run(p95UnderOtherModelSql('earlier', 'later'))
  await database.run(p95UnderOtherModelSql('later', 'earlier'))
  await database.run(nextBreachesSql)
  await database.run(counterfactualsSql(definitions))
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

/** The figure of a run's own model that is above the threshold exactly where the basis says "at risk". Without it the forecast's P95 decides. */
const decidingP95Sql = (side: Side, basis: Basis): string => {
  switch (basis) {
    case 'expected':
      return `${side}_horizon_p95`
    case 'conservative':
      return `coalesce(${side}_conservative_p95, ${side}_horizon_p95)`
    case 'probable':
      return `coalesce(${side}_likely_p95, ${side}_horizon_p95)`
  }
}

/**
 * The figure under the other run's model; NULL where the run does not have it. Simulated paths exist for the selected
 * model only: the other model is taken to lie as far from its own forecast's P95.
 */
const otherModelP95Sql = (side: Side, basis: Basis): string => `${side}_other.p95 + (${decidingP95Sql(side, basis)} - ${side}_horizon_p95)`

/**
 * By the common definition, headroom after each cause in turn: the earlier run, under the later policy, with the later model, with the later data.
 * And each alone on the earlier run. A later model that the earlier run lacks counts with the data; so does an earlier model that the later run
 * lacks. A change of state that the common definition does not show is one of definition.
 */
const counterfactualsSql = ({ earlier, later, common }: Definitions): string => `
  CREATE OR REPLACE TABLE judged_changes AS
  WITH figures AS (
    SELECT p.*, n.next_breach_at,
           ${decidingP95Sql('earlier', earlier)} AS earlier_p95,
           ${decidingP95Sql('later', later)} AS later_p95,
           ${decidingP95Sql('earlier', common)} AS earlier_common_p95,
           ${decidingP95Sql('later', common)} AS later_common_p95,
           ${otherModelP95Sql('earlier', common)} AS model_p95,
           coalesce(${otherModelP95Sql('later', common)}, ${decidingP95Sql('later', common)}) AS data_p95,
           -- No model answers any more, though the earlier one still has a horizon: another was forced.
           later_model IS NULL AND later_other.p95 IS NOT NULL AS lost_by_selection
    FROM paired p
    LEFT JOIN earlier_other_model earlier_other USING (server_id, metric)
    LEFT JOIN later_other_model later_other USING (server_id, metric)
    LEFT JOIN next_breaches n USING (server_id, metric)
    WHERE status IN ('new risk', 'cleared', 'still at risk')
  ), tested AS (
    SELECT *,
           coalesce(model_p95, earlier_common_p95) AS earlier_later_model_p95,
           coalesce(earlier_common_p95 > earlier_high_threshold, false) <> earlier_is_at_risk
             OR coalesce(later_common_p95 > later_high_threshold, false) <> later_is_at_risk AS definition_alone,
           coalesce(earlier_common_p95 > later_high_threshold, false) = later_is_at_risk AS policy_alone,
           CASE WHEN lost_by_selection THEN NOT later_is_at_risk
                ELSE model_p95 IS NOT NULL AND coalesce(model_p95 > earlier_high_threshold, false) = later_is_at_risk END AS model_alone,
           coalesce(data_p95 > earlier_high_threshold, false) = later_is_at_risk AS data_alone,
           (earlier_p95 - earlier_common_p95) - (later_p95 - later_common_p95) AS definition_points,
           later_high_threshold - earlier_high_threshold AS policy_points,
           later_p95 - earlier_p95 AS p95_change,
           date_diff('second', next_breach_at, later_first_breach_at) / 86400.0::DOUBLE AS breach_shift_days
    FROM figures
  ), split AS (
    SELECT *, earlier_common_p95 - earlier_later_model_p95 AS model_points, earlier_later_model_p95 - later_common_p95 AS data_points FROM tested
  ), measured AS (
    SELECT *, definition_points + policy_points + model_points + data_points AS headroom_points,
           greatest(abs(definition_points), abs(policy_points), abs(model_points), abs(data_points)) AS most_points
    FROM split
  )
  SELECT *,
         coalesce(abs(later_common_p95 - earlier_common_p95) >= 0.05, false) OR coalesce(breach_shift_days <> 0, false) AS is_moved,
         CASE WHEN status <> 'still at risk' THEN
                CASE WHEN definition_alone THEN 'definition' WHEN policy_alone THEN 'policy' WHEN model_alone THEN 'model'
                     WHEN data_alone THEN 'data' ELSE 'together' END
              WHEN most_points > 1e-9 THEN
                CASE most_points WHEN abs(definition_points) THEN 'definition' WHEN abs(policy_points) THEN 'policy'
                  WHEN abs(model_points) THEN 'model' ELSE 'data' END
         END AS cause
  FROM measured`

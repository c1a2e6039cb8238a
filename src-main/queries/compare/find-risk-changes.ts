// Every risk that is new, cleared or still there between two runs, with its figures on both sides, and how many there are.
import { z } from 'zod'
import { likelyProbability } from '../../../src-shared/artefacts/likelihood.ts'
import {
  changeCauseSchema,
  riskStatusSchema,
  unpairedSeriesSchema,
  type RiskChange,
  type RunComparison,
} from '../../../src-shared/ipc/run-comparison.ts'
import type { Database } from '../../database/database.ts'
import { attributeChanges, type Basis, type Definitions, type Side } from './attribute-changes.ts'

export type RiskChanges = Pick<RunComparison, 'risks' | 'servers' | 'causes' | 'causes_of_new' | 'changes' | 'added' | 'removed'>

/** Reads `flagged` and `server_risk` of the schemas `earlier` and `later`. */
export const findRiskChanges = async (database: Database, definitions: Definitions): Promise<RiskChanges> => {
  await database.run(pairSeriesSql)
  await database.run(pairServersSql(definitions.common))
  await attributeChanges(database, definitions)
  const rows = await database.rows(changesSql, flatChangeSchema)
  const changes = rows.map(toRiskChange)
  return {
    ...(await countChanges(database, changes)),
    changes,
    added: await findUnpairedSeries(database, 'later', 'earlier'),
    removed: await findUnpairedSeries(database, 'earlier', 'later'),
  }
}

const sideColumns = [
  'model',
  'horizon_p95',
  'conservative_p95',
  'likely_p95',
  'high_threshold',
  'is_at_risk',
  'horizon_start',
  'first_breach_at',
] as const

/** Table `paired`: series of both runs, one row each, the figures of a run under its prefix. */
const pairSeriesSql = `
  CREATE OR REPLACE TABLE paired AS
  SELECT a.server_id, a.metric,
         ${(['earlier', 'later'] as const)
           .flatMap((side) => sideColumns.map((name) => `${side === 'earlier' ? 'a' : 'b'}.${name} AS ${side}_${name}`))
           .join(', ')},
         CASE WHEN a.is_at_risk AND b.is_at_risk THEN 'still at risk'
              WHEN b.is_at_risk THEN 'new risk' WHEN a.is_at_risk THEN 'cleared'
              WHEN a.high_threshold IS NULL AND b.high_threshold IS NULL THEN 'not judged' ELSE 'still safe' END AS status
  FROM earlier.server_risk a JOIN later.server_risk b USING (server_id, metric)`

/** Whether a server is at risk by a basis: any of its metrics is, or on the basis \`probable\` their joint probability says so. */
const isServerAtRiskSql = (side: Side, basis: Basis): string => {
  const isAbove = {
    expected: 'horizon_p95 > high_threshold',
    conservative: 'coalesce(conservative_p95, horizon_p95) > high_threshold',
    probable: `coalesce(likely_p95, horizon_p95) > high_threshold OR server_at_risk_probability > ${likelyProbability}`,
  }[basis]
  return `SELECT server_id, any_value(is_server_at_risk) AS is_at_risk, coalesce(bool_or((${isAbove}) AND NOT is_silent), false) AS is_at_risk_by_common
          FROM ${side}.server_risk GROUP BY server_id`
}

/** Table `paired_servers`: servers of both runs, by their own definition and by the common one. */
const pairServersSql = (common: Basis): string => `
  CREATE OR REPLACE TABLE paired_servers AS
  SELECT a.is_at_risk AS was_at_risk, b.is_at_risk,
         a.is_at_risk <> a.is_at_risk_by_common OR b.is_at_risk <> b.is_at_risk_by_common AS is_by_definition
  FROM (${isServerAtRiskSql('earlier', common)}) a JOIN (${isServerAtRiskSql('later', common)}) b USING (server_id)`

const instant = (column: string): string => `strftime(${column}, '%Y-%m-%dT%H:%M:%SZ') AS ${column}`

const changesSql = `
  SELECT server_id, metric, status, cause, definition_alone, policy_alone, model_alone, data_alone, is_moved, p95_change, ${instant('next_breach_at')}, breach_shift_days,
         headroom_points, definition_points, policy_points, model_points, data_points,
         earlier_model, earlier_p95, earlier_high_threshold, earlier_is_at_risk, ${instant('earlier_first_breach_at')},
         later_model, later_p95, later_high_threshold, later_is_at_risk, ${instant('later_first_breach_at')}
  FROM judged_changes
  ORDER BY CASE status WHEN 'new risk' THEN 0 WHEN 'cleared' THEN 1 ELSE 2 END,
           coalesce(later_high_threshold - later_p95, earlier_high_threshold - earlier_p95), server_id, metric`

const nullableNumber = z.number().nullable()
const flatChangeSchema = z.object({
  server_id: z.string(),
  metric: z.string(),
  status: riskStatusSchema,
  cause: changeCauseSchema.nullable(),
  definition_alone: z.boolean(),
  policy_alone: z.boolean(),
  model_alone: z.boolean(),
  data_alone: z.boolean(),
  is_moved: z.boolean(),
  p95_change: nullableNumber,
  next_breach_at: z.string().nullable(),
  breach_shift_days: nullableNumber,
  headroom_points: nullableNumber,
  definition_points: nullableNumber,
  policy_points: nullableNumber,
  model_points: nullableNumber,
  data_points: nullableNumber,
  earlier_model: z.string().nullable(),
  earlier_p95: nullableNumber,
  earlier_high_threshold: nullableNumber,
  earlier_is_at_risk: z.boolean(),
  earlier_first_breach_at: z.string().nullable(),
  later_model: z.string().nullable(),
  later_p95: nullableNumber,
  later_high_threshold: nullableNumber,
  later_is_at_risk: z.boolean(),
  later_first_breach_at: z.string().nullable(),
})
type FlatChange = z.infer<typeof flatChangeSchema>

const toRiskChange = (row: FlatChange): RiskChange => ({
  server_id: row.server_id,
  metric: row.metric,
  status: row.status,
  cause: row.cause,
  alone:
    row.status === 'still at risk'
      ? null
      : { definition: row.definition_alone, policy: row.policy_alone, model: row.model_alone, data: row.data_alone },
  earlier: {
    model: row.earlier_model,
    p95: row.earlier_p95,
    threshold: row.earlier_high_threshold,
    is_at_risk: row.earlier_is_at_risk,
    first_breach_at: row.earlier_first_breach_at,
  },
  later: {
    model: row.later_model,
    p95: row.later_p95,
    threshold: row.later_high_threshold,
    is_at_risk: row.later_is_at_risk,
    first_breach_at: row.later_first_breach_at,
  },
  is_moved: row.is_moved,
  p95_change: row.p95_change,
  next_breach_at: row.next_breach_at,
  breach_shift_days: row.breach_shift_days,
  headroom_change:
    row.headroom_points === null ||
    row.definition_points === null ||
    row.policy_points === null ||
    row.model_points === null ||
    row.data_points === null
      ? null
      : {
          points: row.headroom_points,
          definition_points: row.definition_points,
          policy_points: row.policy_points,
          model_points: row.model_points,
          data_points: row.data_points,
        },
})

const countChanges = async (
  database: Database,
  changes: readonly RiskChange[],
): Promise<Pick<RunComparison, 'risks' | 'servers' | 'causes' | 'causes_of_new'>> => {
  const figures = await database.row(
    `SELECT CAST(count(*) FILTER (status = 'still safe') AS INTEGER) AS still_safe,
            CAST(count(*) FILTER (status = 'not judged') AS INTEGER) AS not_judged,
            (${serversOnlyInSql('later', 'earlier')}) AS added, (${serversOnlyInSql('earlier', 'later')}) AS removed
     FROM paired`,
    z.object({ still_safe: z.int(), not_judged: z.int(), added: z.int(), removed: z.int() }),
  )
  const servers = await database.row(
    `SELECT CAST(count(*) FILTER (is_at_risk AND NOT was_at_risk) AS INTEGER) AS new,
            CAST(count(*) FILTER (was_at_risk AND NOT is_at_risk) AS INTEGER) AS cleared,
            CAST(count(*) FILTER (is_at_risk AND was_at_risk) AS INTEGER) AS still_at_risk,
            CAST(count(*) FILTER (is_at_risk AND NOT was_at_risk AND is_by_definition) AS INTEGER) AS new_by_definition,
            CAST(count(*) FILTER (was_at_risk AND NOT is_at_risk AND is_by_definition) AS INTEGER) AS cleared_by_definition
     FROM paired_servers`,
    z.object({ new: z.int(), cleared: z.int(), still_at_risk: z.int(), new_by_definition: z.int(), cleared_by_definition: z.int() }),
  )
  const withStatus = (status: RiskChange['status']): readonly RiskChange[] => changes.filter((change) => change.status === status)
  const countCauses = (counted: readonly RiskChange[]): RunComparison['causes'] => {
    const ofCause = (cause: RiskChange['cause']): number => counted.filter((change) => change.cause === cause).length
    return {
      definition: ofCause('definition'),
      policy: ofCause('policy'),
      model: ofCause('model'),
      data: ofCause('data'),
      together: ofCause('together'),
    }
  }
  return {
    risks: {
      new: withStatus('new risk').length,
      cleared: withStatus('cleared').length,
      still_at_risk: withStatus('still at risk').length,
      moved: withStatus('still at risk').filter(({ is_moved }) => is_moved).length,
      still_safe: figures.still_safe,
      not_judged: figures.not_judged,
    },
    servers: { ...servers, added: figures.added, removed: figures.removed },
    causes: countCauses(changes.filter(({ status }) => status !== 'still at risk')),
    causes_of_new: countCauses(withStatus('new risk')),
  }
}

const serversOnlyInSql = (side: Side, other: Side): string =>
  `SELECT CAST(count(DISTINCT server_id) AS INTEGER) FROM ${side}.server_risk ANTI JOIN ${other}.server_risk USING (server_id)`

const findUnpairedSeries = async (database: Database, side: Side, other: Side): Promise<RunComparison['added']> =>
  database.rows(
    `SELECT s.server_id, s.metric, s.is_at_risk, o.server_id IS NULL AS is_whole_server
     FROM (SELECT * FROM ${side}.server_risk ANTI JOIN ${other}.server_risk USING (server_id, metric)) s
     LEFT JOIN (SELECT DISTINCT server_id FROM ${other}.server_risk) o USING (server_id)
     ORDER BY s.server_id, s.metric`,
    unpairedSeriesSchema,
  )

// The run's recommendations under the filter, page by page, each with the planner's decision.
import { z } from 'zod'
import { minSaturatedShare, recommendationKinds, recommendationKindSchema } from '../../../src-shared/artefacts/server-risk.ts'
import { riskBasisSchema } from '../../../src-shared/config/analysis-config.ts'
import {
  dueGroups,
  recommendationFilterKinds,
  recommendationSchema,
  recommendationsPageSchema,
  type Recommendation,
  type RecommendationsPage,
  type RecommendationsRequest,
} from '../../../src-shared/ipc/fleet-view.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { zoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { SqlParameters } from '../../database/database.ts'
import { capacityToAdd, describeReason, summarizeReason, traceQuery } from '../../forecasts/recommendation-text.ts'
import { createDecisionsTable } from '../../notes/decisions.ts'
import { columnConditions } from '../fleet/column-conditions.ts'
import { filterCondition } from '../fleet/fleet-filter.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'
import { referenceDay } from '../run/reference-day.ts'
import { addedUsdSql, breachAtSql, urgencyTieSql } from '../run/urgency-order.ts'
import { readRiskAfter } from './risk-after.ts'

/** Runs that hold the table `recommendations` already. */
const loadedRuns = new WeakSet<OpenRun>()

/** Creates table `recommendations` from `server_risk`, a row per server that needs an action; false where the run has no recommendations. */
export const createRecommendationsTable = async (run: OpenRun): Promise<boolean> => {
  if (!hasRecommendations(run)) return false
  if (loadedRuns.has(run)) return true
  await run.database.run(`CREATE OR REPLACE TABLE recommendations AS ${recommendationsSql(run, 'true')}`)
  loadedRuns.add(run)
  return true
}

const hasRecommendations = ({ contents: { kind, presentFiles } }: OpenRun): boolean =>
  kind === 'headroom' && presentFiles.has(runFiles.recommendations)

/** Of the servers that meet the condition. */
const recommendationsSql = (run: OpenRun, condition: string): string => `
    SELECT server_id, recommendation, metric, risk_basis, at_risk_probability, p95_median, server_at_risk_probability,
           CASE WHEN recommendation IN ('add capacity', 'watch') THEN most_units END AS units_to_add, most_percent AS percent_to_add, is_saturated,
           capacity_units, monthly_cost_usd,
           ${run.zone.isoSql('order_by')} AS order_by, epoch_ms(order_by) AS order_ms, is_order_late, target_host,
           CASE WHEN recommendation IN ('retire', 'consolidate') THEN monthly_cost_usd ELSE 0 END AS monthly_savings_usd,
           horizon_p95, high_threshold, ${run.zone.isoSql('first_breach_at')} AS first_breach_at,
           ${run.zone.isoSql(breachAtSql)} AS breach_at, epoch_ms(${breachAtSql}) AS breach_ms,
           server_peak AS horizon_peak, server_mean AS horizon_mean
    FROM (
      SELECT *, max(units_to_add) OVER server AS most_units, max(percent_to_add) OVER server AS most_percent,
             coalesce(bool_or(saturated_share >= ${minSaturatedShare}) OVER server, false) AS is_saturated,
             max(horizon_peak) FILTER (WHERE high_threshold IS NOT NULL) OVER server AS server_peak,
             max(horizon_mean) FILTER (WHERE high_threshold IS NOT NULL) OVER server AS server_mean
      FROM server_risk WHERE ${condition} WINDOW server AS (PARTITION BY server_id))
    WHERE is_limiting AND recommendation <> 'keep'`

const nullableNumber = z.number().nullable()
const rowSchema = recommendationSchema
  .omit({
    reason: true,
    summary: true,
    capacity_to_add: true,
    risk_before: true,
    risk_after: true,
    added_monthly_usd: true,
    is_lower_limit: true,
    query: true,
  })
  .extend({
    horizon_p95: nullableNumber,
    high_threshold: nullableNumber,
    first_breach_at: z.string().nullable(),
    risk_basis: riskBasisSchema.nullable(),
    at_risk_probability: nullableNumber,
    p95_median: nullableNumber,
    server_at_risk_probability: nullableNumber,
    percent_to_add: nullableNumber,
    is_saturated: z.boolean(),
    capacity_units: nullableNumber,
    monthly_cost_usd: nullableNumber,
    horizon_peak: nullableNumber,
    horizon_mean: nullableNumber,
    decision_ids: z.string().nullable(),
  })

/** Rows of `recommendations`, each with its reason and the query that shows the rows behind it. `asOf`: orders due before that day are late. */
const readRows = async (run: OpenRun, sql: string, parameters: SqlParameters, asOf?: string): Promise<Recommendation[]> => {
  const { manifest } = run.contents
  if (manifest === null) return []
  const columnName = (role: string): string | undefined => manifest.mapped_columns.find((mapping) => mapping.role === role)?.column
  const found = await run.database.rows(sql, rowSchema, parameters)
  const added = new Map(found.map((row) => [row.server_id, addedShare(row)]))
  const riskAfter = await readRiskAfter(run, added)
  const { startMs } = referenceDay(run, asOf)
  const isLate = ({ order_by: orderBy, is_order_late: isOrderLate }: z.infer<typeof rowSchema>): boolean =>
    isOrderLate || (asOf !== undefined && orderBy !== null && Date.parse(orderBy) < startMs)
  return found.map((given) => {
    const row = { ...given, is_order_late: isLate(given) }
    const share = added.get(row.server_id) ?? null
    const figures = {
      ...row,
      risk_basis: row.risk_basis ?? ('expected' as const),
      targetHost: row.target_host,
      orderBy: row.order_by,
      isOrderLate: row.is_order_late,
    }
    return recommendationSchema.parse({
      ...row,
      decision_ids: row.decision_ids?.split(' ') ?? [],
      reason: describeReason(figures, manifest.config, zoneClock(run.zone.name)),
      summary: summarizeReason(figures),
      capacity_to_add: capacityToAdd(figures),
      risk_before: capacityToAdd(figures) === null ? null : (row.server_at_risk_probability ?? row.at_risk_probability),
      // What a capped load would need is not known.
      risk_after: row.is_saturated ? null : (riskAfter.get(row.server_id) ?? null),
      added_monthly_usd: share === null || row.monthly_cost_usd === null ? null : share * row.monthly_cost_usd,
      is_lower_limit: row.is_saturated,
      query: traceQuery(figures, columnName, manifest.config),
    })
  })
}

/** Capacity to add now as a share of today's; null where none is. */
const addedShare = ({
  recommendation,
  units_to_add: units,
  percent_to_add: percent,
  capacity_units: capacity,
}: z.infer<typeof rowSchema>): number | null => {
  if (recommendation !== 'add capacity') return null
  const share = units !== null && capacity !== null && capacity > 0 ? units / capacity : (percent ?? 0) / 100
  return share > 0 ? share : null
}

/** A dismissal ends by the day that the forecast begins on, or by `asOf`, a later one. */
export const loadDecisions = (run: OpenRun, asOf?: string): Promise<void> =>
  createDecisionsTable(run.database, run.contents.folder, referenceDay(run, asOf).day)

/** A decision about a recommendation that the run no longer makes does not count. */
const joinDecisionsSql = (recommendations: string): string => `
  SELECT r.*, d.verdict, d.reason AS verdict_reason, d.decided_by AS verdict_by, d.until AS verdict_until, d.conflict AS verdict_conflict,
         d.ids AS decision_ids
  FROM ${recommendations} r LEFT JOIN decisions d ON d.server_id = r.server_id AND d.recommendation = r.recommendation`

const withDecisionsSql = joinDecisionsSql('recommendations')

const sqlList = (names: readonly string[]): string => `[${names.map((name) => `'${name}'`).join(', ')}]`

const dayMs = 86_400_000

/** A date before the forecast begins has passed: capacity is overdue, what is watched is to be decided now. */
const dueSql = (startMs: number): string => `
  CASE WHEN order_ms IS NULL THEN 'any time'
       WHEN order_ms < ${startMs} THEN CASE WHEN recommendation = 'watch' THEN 'now' ELSE 'overdue' END
       ${[7, 30, 90].map((days) => `WHEN order_ms < ${startMs + days * dayMs} THEN 'within ${days} days'`).join(' ')}
       ELSE 'later' END`

/** Name of the group of a row, and the order: of the groups, and within them. */
const groupingOf = (
  run: OpenRun,
  { groupBy = 'kind' }: RecommendationsRequest,
): { readonly nameSql: string; readonly groupOrderSql: string; readonly rowOrderSql: string } => {
  const [nameSql, names] =
    groupBy === 'kind' ? ['recommendation', recommendationKinds] : [dueSql(run.overview.horizon?.startMs ?? 0), dueGroups]
  const groupOrderSql = `list_position(${sqlList(names)}, ${nameSql})`
  return { nameSql, groupOrderSql, rowOrderSql: `${groupOrderSql}, ${dueOrderSql(run)}` }
}

/**
 * The soonest due first, as its date is shown: by the day or, of shorter steps, by the hour; what is past by the day, what is watched and past at
 * once. Then the soonest breach, savings and risk.
 */
const dueOrderSql = ({ overview: { stepMs, horizon } }: OpenRun): string => {
  const dayDigits = '2026-11-22'.length
  const timeDigits = stepMs < dayMs ? '2026-11-22T00'.length : dayDigits
  const shownDueSql = `CASE WHEN order_ms IS NULL THEN NULL WHEN order_ms >= ${horizon?.startMs ?? 0} THEN left(order_by, ${timeDigits})
    WHEN recommendation = 'watch' THEN '' ELSE left(order_by, ${dayDigits}) END`
  return `${shownDueSql} NULLS LAST, breach_ms NULLS LAST, monthly_savings_usd DESC, ${urgencyTieSql('units_to_add', 'percent_to_add')}`
}

const totalsSchema = z.object({
  recommendation: recommendationKindSchema,
  servers: z.int(),
  monthly_savings_usd: z.number(),
  units: z.number(),
})
const sumsSql = `CAST(sum(CAST(monthly_savings_usd AS DECIMAL(18, 4))) AS DOUBLE) AS monthly_savings_usd,
  CAST(coalesce(sum(CAST(units_to_add AS DECIMAL(18, 4))), 0) AS DOUBLE) AS units`
const addedSql = `CAST(coalesce(sum(CAST(${addedUsdSql('units_to_add', 'percent_to_add')} AS DECIMAL(18, 4)))
  FILTER (recommendation = 'add capacity'), 0) AS DOUBLE) AS added_monthly_usd`
const verdictsSchema = z.object({ open: z.int(), accepted: z.int(), dismissed: z.int(), done: z.int(), accepted_savings_usd: z.number() })

const emptyPage: RecommendationsPage = {
  isKnown: false,
  total: 0,
  rows: [],
  groups: [],
  placement: null,
  totalsByRecommendation: [],
  verdicts: { open: 0, accepted: 0, dismissed: 0, done: 0, accepted_savings_usd: 0 },
  emptyColumns: [],
}

export const queryRecommendations = async (run: OpenRun, request: RecommendationsRequest): Promise<RecommendationsPage> => {
  requireMetricUnit(run, request.metric)
  if (!(await createRecommendationsTable(run))) return emptyPage
  await loadDecisions(run)
  const { where, parameters } = filterCondition(request.filter, [request.metric])
  const filteredSql = `FROM (${withDecisionsSql}) WHERE server_id IN (SELECT server_id FROM server_risk WHERE metric = $1 AND (${where}))`
  const verdictCondition =
    request.verdict === 'all' ? 'true' : request.verdict === 'open' ? 'verdict IS NULL' : `verdict = '${request.verdict}'`
  const columns = columnConditions(
    request.columnFilters ?? [],
    (column) => recommendationFilterKinds[column],
    (column) => column,
    parameters,
  )
  const listedSql = `${filteredSql} AND ${verdictCondition} AND ${columns.where}`
  const { nameSql, groupOrderSql, rowOrderSql } = groupingOf(run, request)
  const groups = await run.database.rows(
    `SELECT ${nameSql} AS name, CAST(count(*) AS INTEGER) AS rows, ${sumsSql}, ${addedSql} ${listedSql} GROUP BY name ORDER BY ${groupOrderSql}`,
    recommendationsPageSchema.shape.groups.element,
    columns.parameters,
  )
  return {
    isKnown: true,
    total: groups.reduce((sum, { rows }) => sum + rows, 0),
    rows: await readRows(
      run,
      `SELECT * ${listedSql} ORDER BY ${rowOrderSql} LIMIT ${request.limit} OFFSET ${request.offset}`,
      columns.parameters,
    ),
    groups,
    totalsByRecommendation: await run.database.rows(
      `SELECT recommendation, CAST(count(*) AS INTEGER) AS servers, ${sumsSql}
       ${filteredSql} GROUP BY 1 ORDER BY list_position(${sqlList(recommendationKinds)}, recommendation)`,
      totalsSchema,
      parameters,
    ),
    verdicts: await run.database.row(
      `SELECT CAST(count(*) FILTER (verdict IS NULL) AS INTEGER) AS open, CAST(count(*) FILTER (verdict = 'accepted') AS INTEGER) AS accepted,
              CAST(count(*) FILTER (verdict = 'dismissed') AS INTEGER) AS dismissed, CAST(count(*) FILTER (verdict = 'done') AS INTEGER) AS done,
              CAST(coalesce(sum(CAST(monthly_savings_usd AS DECIMAL(18, 4))) FILTER (verdict = 'accepted'), 0) AS DOUBLE) AS accepted_savings_usd
       ${filteredSql}`,
      verdictsSchema,
      parameters,
    ),
    placement: placementOf(run),
    emptyColumns: await findEmptyColumns(run, filteredSql, parameters),
  }
}

/** Recommendations to act on, of all servers, without those that are dismissed or done; the soonest due first. */
export interface Actions {
  readonly count: number
  /** The recommendations `from` up to, but without, `to`. */
  readonly read: (from: number, to: number) => Promise<Recommendation[]>
}

/**
 * Hands over the actions as they are now; they can be read until `use` is done.
 * `asOf`, YYYY-MM-DD: the day by which orders are late and dismissals have ended, where that is later than the first of the forecast.
 */
export const withActions = async <Result>(
  run: OpenRun,
  asOf: string | undefined,
  use: (actions: Actions) => Promise<Result>,
): Promise<Result> => {
  if (!(await createRecommendationsTable(run))) return use({ count: 0, read: async () => [] })
  await loadDecisions(run, asOf)
  const table = `actions_${(actionTables += 1)}`
  await run.database.run(
    `CREATE TABLE ${table} AS SELECT *, row_number() OVER (ORDER BY ${dueOrderSql(run)}) - 1 AS position
     FROM (${withDecisionsSql}) WHERE recommendation <> 'watch' AND coalesce(verdict, '') NOT IN ('dismissed', 'done')`,
  )
  try {
    const { count } = await run.database.row(`SELECT CAST(count(*) AS INTEGER) AS count FROM ${table}`, z.object({ count: z.int() }))
    return await use({
      count,
      read: (from, to) =>
        readRows(run, `SELECT * FROM ${table} WHERE position >= ${from} AND position < ${to} ORDER BY position`, [], asOf),
    })
  } finally {
    await run.database.run(`DROP TABLE ${table}`)
  }
}

/** Tables of actions so far: each call has its own. */
let actionTables = 0

/** All actions, as `withActions` hands them over. */
export const readActions = (run: OpenRun, asOf?: string): Promise<Recommendation[]> =>
  withActions(run, asOf, ({ count, read }) => read(0, count))

const placementOf = ({ contents: { manifest, recommendationTotals } }: OpenRun): RecommendationsPage['placement'] => {
  const placement = recommendationTotals?.placement
  return placement === undefined || manifest === null ? null : { ...placement, target: manifest.config.consolidation_target }
}

const optionalColumns = ['units_to_add', 'order_by', 'target_host', 'verdict'] as const

const findEmptyColumns = async (
  run: OpenRun,
  filteredSql: string,
  parameters: SqlParameters,
): Promise<RecommendationsPage['emptyColumns']> => {
  const counts = await run.database.row(
    `SELECT ${optionalColumns.map((name) => `CAST(count(${name}) AS INTEGER) AS ${name}`).join(', ')} ${filteredSql}`,
    z.record(z.string(), z.int()),
    parameters,
  )
  return optionalColumns.filter((name) => counts[name] === 0)
}

/** The recommendation for one server; null where it needs none or the run states none. The table of all takes longer, and is not needed. */
export const findRecommendation = async (run: OpenRun, serverId: string): Promise<Recommendation | null> => {
  if (!hasRecommendations(run)) return null
  await loadDecisions(run)
  const rows = await readRows(run, joinDecisionsSql(`(${recommendationsSql(run, 'server_id = $1')})`), [serverId])
  return rows[0] ?? null
}

// The run's recommendations under the filter, page by page, with the planner's decision beside each.
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { recommendationKindSchema } from '../../../src-shared/ipc/fleet-filter.ts'
import {
  recommendationSchema,
  type Recommendation,
  type RecommendationsPage,
  type RecommendationsRequest,
} from '../../../src-shared/ipc/fleet-view.ts'
import { withCurrentNames } from '../../../src-shared/artefacts/renamed-names.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { SqlParameters } from '../../database/database.ts'
import type { RecommendationEntries } from '../../run-folder/recommendations-file.ts'
import { createDecisionsTable } from '../../notes/decisions.ts'
import { filterCondition } from '../fleet/fleet-filter.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'

const text = z.string().nullable().optional()
const entryFieldsSchema = z.looseObject({
  server_id: z.string(),
  recommendation: recommendationKindSchema,
  reason: z.string(),
  metric: z.string(),
  units_to_add: z.number().nullable().optional(),
  order_by: text,
  is_order_late: z.boolean().optional(),
  target_host: text,
  monthly_savings_usd: z.number(),
  query: z.string().optional(),
})
const recommendationEntrySchema = z.preprocess(withCurrentNames, entryFieldsSchema)

/** Runs whose recommendations lie in the table `recommendations` already. */
const loadedRuns = new WeakSet<OpenRun>()

/** Table `recommendations`; false where the run states none. Throws run-damaged where its file does not fit. */
export const createRecommendationsTable = async (run: OpenRun): Promise<boolean> => {
  const fileEntries: unknown = run.contents.recommendations?.['recommendations']
  const { recommendationEntries: entries } = run.contents
  if (run.contents.kind !== 'headroom' || (entries === null && !Array.isArray(fileEntries))) return false
  if (loadedRuns.has(run)) return true
  await (entries === null ? createTableFromFile(run, fileEntries) : createTableFromServerRisk(run, entries))
  loadedRuns.add(run)
  return true
}

const recommendationsDamaged = (cause?: unknown): HeadroomError =>
  new HeadroomError('run-damaged', `${runFiles.recommendations} of the run cannot be read.`, { cause })

/** A list too long to be parsed: what it says of each server stands in server_risk as well; its texts are read for those that are shown. */
const createTableFromServerRisk = async ({ database }: OpenRun, entries: RecommendationEntries): Promise<void> => {
  await database.run(`
    CREATE OR REPLACE TABLE recommendations AS
    SELECT CAST(row_number() OVER (ORDER BY server_id) - 1 AS INTEGER) AS place, server_id, recommendation, '' AS reason, metric,
           CASE WHEN recommendation = 'add capacity' THEN most_units END AS units_to_add, strftime(order_by, '%Y-%m-%dT%H:%M:%SZ') AS order_by,
           CAST(is_order_late AS INTEGER) AS is_order_late, target_host,
           CASE WHEN recommendation IN ('retire', 'consolidate') THEN monthly_cost_usd ELSE 0 END AS monthly_savings_usd, '' AS query
    FROM (SELECT *, max(units_to_add) OVER (PARTITION BY server_id) AS most_units FROM server_risk)
    WHERE is_limiting AND recommendation <> 'keep'`)
  const { rows } = await database.row('SELECT CAST(count(*) AS INTEGER) AS rows FROM recommendations', z.object({ rows: z.int() }))
  if (rows !== (await entries.count())) throw recommendationsDamaged()
}

const indexedRecommendationSchema = recommendationSchema.extend({ place: z.int() })

/** Rows of `recommendations` with the texts that the table does not hold. */
const readRows = async (run: OpenRun, sql: string, parameters: SqlParameters): Promise<Recommendation[]> => {
  const rows = await run.database.rows(sql, indexedRecommendationSchema, parameters)
  const { recommendationEntries: entries } = run.contents
  if (entries === null) return rows.map((row) => recommendationSchema.parse(row))
  const fileEntries = await entries.read(rows.map(({ place }) => place)).catch((cause: unknown) => {
    throw recommendationsDamaged(cause)
  })
  return rows.map((row, index) => {
    const entry = recommendationEntrySchema.safeParse(fileEntries[index])
    if (!entry.success || entry.data.server_id !== row.server_id) throw recommendationsDamaged(entry.error)
    return recommendationSchema.parse({ ...row, reason: entry.data.reason, query: entry.data.query ?? '' })
  })
}

const createTableFromFile = async (run: OpenRun, fileEntries: unknown): Promise<void> => {
  const parsed = z.array(recommendationEntrySchema).safeParse(fileEntries)
  if (!parsed.success) throw recommendationsDamaged(parsed.error)
  await run.database.storeRows(
    'recommendations',
    {
      place: 'INTEGER',
      server_id: 'VARCHAR',
      recommendation: 'VARCHAR',
      reason: 'VARCHAR',
      metric: 'VARCHAR',
      units_to_add: 'DOUBLE',
      order_by: 'VARCHAR',
      is_order_late: 'INTEGER',
      target_host: 'VARCHAR',
      monthly_savings_usd: 'DOUBLE',
      query: 'VARCHAR',
    },
    parsed.data.map((row, place) => [
      place,
      row.server_id,
      row.recommendation,
      row.reason,
      row.metric,
      row.units_to_add ?? null,
      row.order_by ?? null,
      row.is_order_late === true ? 1 : 0,
      row.target_host ?? null,
      row.monthly_savings_usd,
      row.query ?? '',
    ]),
  )
}

/** A decision about another recommendation than today's is void: the run was analysed anew. */
const withDecisionsSql = `
  SELECT r.*, d.verdict, d.reason AS verdict_reason
  FROM recommendations r LEFT JOIN decisions d ON d.server_id = r.server_id AND d.recommendation = r.recommendation`

const columnsSql = `place, server_id, recommendation, reason, metric, units_to_add, order_by, is_order_late = 1 AS is_order_late, target_host,
  monthly_savings_usd, query, verdict, verdict_reason`

/** What is late first, then what is due first, then what saves most. */
const orderSql = `list_position(['add capacity', 'watch', 'retire', 'consolidate'], recommendation), is_order_late DESC,
  order_by NULLS LAST, monthly_savings_usd DESC, server_id`

const totalsSchema = z.object({
  recommendation: recommendationKindSchema,
  servers: z.int(),
  monthly_savings_usd: z.number(),
  units: z.number(),
})
const verdictsSchema = z.object({ open: z.int(), accepted: z.int(), dismissed: z.int(), accepted_savings_usd: z.number() })

const emptyPage: RecommendationsPage = {
  isKnown: false,
  total: 0,
  rows: [],
  totalsByRecommendation: [],
  verdicts: { open: 0, accepted: 0, dismissed: 0, accepted_savings_usd: 0 },
}

export const queryRecommendations = async (run: OpenRun, request: RecommendationsRequest): Promise<RecommendationsPage> => {
  requireMetricUnit(run, request.metric)
  if (!(await createRecommendationsTable(run))) return emptyPage
  await createDecisionsTable(run.database, run.contents.folder)
  const { where, parameters } = filterCondition(request.filter, [request.metric])
  const filteredSql = `FROM (${withDecisionsSql}) WHERE server_id IN (SELECT server_id FROM server_risk WHERE metric = $1 AND (${where}))`
  const verdictCondition =
    request.verdict === 'all' ? 'true' : request.verdict === 'open' ? 'verdict IS NULL' : `verdict = '${request.verdict}'`
  const { total } = await run.database.row(
    `SELECT CAST(count(*) AS INTEGER) AS total ${filteredSql} AND ${verdictCondition}`,
    z.object({ total: z.int() }),
    parameters,
  )
  return {
    isKnown: true,
    total,
    rows: await readRows(
      run,
      `SELECT ${columnsSql} ${filteredSql} AND ${verdictCondition} ORDER BY ${orderSql} LIMIT ${request.limit} OFFSET ${request.offset}`,
      parameters,
    ),
    totalsByRecommendation: await run.database.rows(
      `SELECT recommendation, CAST(count(*) AS INTEGER) AS servers, CAST(sum(CAST(monthly_savings_usd AS DECIMAL(18, 4))) AS DOUBLE) AS monthly_savings_usd,
              CAST(coalesce(sum(CAST(units_to_add AS DECIMAL(18, 4))), 0) AS DOUBLE) AS units
       ${filteredSql} GROUP BY 1 ORDER BY list_position(['add capacity', 'watch', 'retire', 'consolidate'], recommendation)`,
      totalsSchema,
      parameters,
    ),
    verdicts: await run.database.row(
      `SELECT CAST(count(*) FILTER (verdict IS NULL) AS INTEGER) AS open, CAST(count(*) FILTER (verdict = 'accepted') AS INTEGER) AS accepted,
              CAST(count(*) FILTER (verdict = 'dismissed') AS INTEGER) AS dismissed,
              CAST(coalesce(sum(CAST(monthly_savings_usd AS DECIMAL(18, 4))) FILTER (verdict = 'accepted'), 0) AS DOUBLE) AS accepted_savings_usd
       ${filteredSql}`,
      verdictsSchema,
      parameters,
    ),
  }
}

/** The recommendation for one server; null where it needs none or the run states none. */
export const findRecommendation = async (run: OpenRun, serverId: string): Promise<Recommendation | null> => {
  if (!(await createRecommendationsTable(run))) return null
  await createDecisionsTable(run.database, run.contents.folder)
  const rows = await readRows(run, `SELECT ${columnsSql} FROM (${withDecisionsSql}) WHERE server_id = $1`, [serverId])
  return rows[0] ?? null
}

// The run's recommendations under the filter, page by page, with the planner's decision beside each.
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/errors.ts'
import { dispositionSchema } from '../../src-shared/fleet-filter.ts'
import {
  recommendationSchema,
  type Recommendation,
  type RecommendationsPage,
  type RecommendationsRequest,
} from '../../src-shared/fleet-view.ts'
import { runFiles } from '../../src-shared/run-manifest.ts'
import type { SqlParameters } from '../database/database.ts'
import type { RecommendationEntries } from '../run-folder/recommendations-file.ts'
import { layDecisions } from './decisions.ts'
import { filterCondition } from './fleet-filter.ts'
import { unitOf, type OpenRun } from './open-run.ts'

const text = z.string().nullable().optional()
const statedSchema = z.looseObject({
  server_id: z.string(),
  disposition: dispositionSchema,
  reason: z.string(),
  metric: z.string(),
  units_to_add: z.number().nullable().optional(),
  order_by: text,
  is_order_late: z.boolean().optional(),
  consolidate_onto: text,
  monthly_savings_usd: z.number(),
  query: z.string().optional(),
})

/** Runs whose recommendations lie in the table `recommendations` already. */
const laid = new WeakSet<OpenRun>()

/** Table `recommendations`; false where the run states none. Throws run-damaged where its file does not fit. */
export const layRecommendations = async (run: OpenRun): Promise<boolean> => {
  const stated: unknown = run.contents.recommendations?.['recommendations']
  const { recommendationEntries: entries } = run.contents
  if (run.contents.kind !== 'headroom' || (entries === null && !Array.isArray(stated))) return false
  if (laid.has(run)) return true
  await (entries === null ? layStated(run, stated) : layJudged(run, entries))
  laid.add(run)
  return true
}

const damaged = (cause?: unknown): HeadroomError =>
  new HeadroomError('run-damaged', `${runFiles.recommendations} of the run cannot be read.`, { cause })

/** A list too long to be parsed: what it says of each server stands in server_risk as well; its texts are read for those that are shown. */
const layJudged = async ({ database }: OpenRun, entries: RecommendationEntries): Promise<void> => {
  await database.run(`
    CREATE OR REPLACE TABLE recommendations AS
    SELECT CAST(row_number() OVER (ORDER BY server_id) - 1 AS INTEGER) AS place, server_id, disposition, '' AS reason, metric,
           CASE WHEN disposition = 'add capacity' THEN most_units END AS units_to_add, strftime(order_by, '%Y-%m-%dT%H:%M:%SZ') AS order_by,
           CAST(is_order_late AS INTEGER) AS is_order_late, consolidate_onto,
           CASE WHEN disposition IN ('retire', 'consolidate') THEN monthly_cost_usd ELSE 0 END AS monthly_savings_usd, '' AS query
    FROM (SELECT *, max(units_to_add) OVER (PARTITION BY server_id) AS most_units FROM server_risk)
    WHERE is_limiting AND disposition <> 'keep'`)
  const { rows } = await database.row('SELECT CAST(count(*) AS INTEGER) AS rows FROM recommendations', z.object({ rows: z.int() }))
  if (rows !== (await entries.count())) throw damaged()
}

const placed = recommendationSchema.extend({ place: z.int() })

/** Rows of `recommendations` with the texts that the table does not hold. */
const readRows = async (run: OpenRun, sql: string, parameters: SqlParameters): Promise<Recommendation[]> => {
  const rows = await run.database.rows(sql, placed, parameters)
  const { recommendationEntries: entries } = run.contents
  if (entries === null) return rows.map((row) => recommendationSchema.parse(row))
  const stated = await entries.read(rows.map(({ place }) => place)).catch((cause: unknown) => {
    throw damaged(cause)
  })
  return rows.map((row, index) => {
    const entry = statedSchema.safeParse(stated[index])
    if (!entry.success || entry.data.server_id !== row.server_id) throw damaged(entry.error)
    return recommendationSchema.parse({ ...row, reason: entry.data.reason, query: entry.data.query ?? '' })
  })
}

const layStated = async (run: OpenRun, stated: unknown): Promise<void> => {
  const parsed = z.array(statedSchema).safeParse(stated)
  if (!parsed.success) throw damaged(parsed.error)
  await run.database.storeRows(
    'recommendations',
    {
      place: 'INTEGER',
      server_id: 'VARCHAR',
      disposition: 'VARCHAR',
      reason: 'VARCHAR',
      metric: 'VARCHAR',
      units_to_add: 'DOUBLE',
      order_by: 'VARCHAR',
      is_order_late: 'INTEGER',
      consolidate_onto: 'VARCHAR',
      monthly_savings_usd: 'DOUBLE',
      query: 'VARCHAR',
    },
    parsed.data.map((row, place) => [
      place,
      row.server_id,
      row.disposition,
      row.reason,
      row.metric,
      row.units_to_add ?? null,
      row.order_by ?? null,
      row.is_order_late === true ? 1 : 0,
      row.consolidate_onto ?? null,
      row.monthly_savings_usd,
      row.query ?? '',
    ]),
  )
}

/** A decision about another disposition than today's is void: the run was analysed anew. */
const decided = `
  SELECT r.*, d.verdict, d.reason AS verdict_reason
  FROM recommendations r LEFT JOIN decisions d ON d.server_id = r.server_id AND d.disposition = r.disposition`

const columns = `place, server_id, disposition, reason, metric, units_to_add, order_by, is_order_late = 1 AS is_order_late, consolidate_onto,
  monthly_savings_usd, query, verdict, verdict_reason`

/** What is late first, then what is due first, then what saves most. */
const order = `list_position(['add capacity', 'watch', 'retire', 'consolidate'], disposition), is_order_late DESC,
  order_by NULLS LAST, monthly_savings_usd DESC, server_id`

const stepSchema = z.object({ disposition: dispositionSchema, servers: z.int(), monthly_savings_usd: z.number(), units: z.number() })
const verdictsSchema = z.object({ open: z.int(), accepted: z.int(), dismissed: z.int(), accepted_savings_usd: z.number() })

const none: RecommendationsPage = {
  isKnown: false,
  total: 0,
  rows: [],
  steps: [],
  verdicts: { open: 0, accepted: 0, dismissed: 0, accepted_savings_usd: 0 },
}

export const queryRecommendations = async (run: OpenRun, request: RecommendationsRequest): Promise<RecommendationsPage> => {
  unitOf(run, request.metric)
  if (!(await layRecommendations(run))) return none
  await layDecisions(run.database, run.contents.folder)
  const { where, parameters } = filterCondition(request.filter, [request.metric])
  const filtered = `FROM (${decided}) WHERE server_id IN (SELECT server_id FROM server_risk WHERE metric = $1 AND (${where}))`
  const shown = request.verdict === 'all' ? 'true' : request.verdict === 'open' ? 'verdict IS NULL' : `verdict = '${request.verdict}'`
  const { total } = await run.database.row(
    `SELECT CAST(count(*) AS INTEGER) AS total ${filtered} AND ${shown}`,
    z.object({ total: z.int() }),
    parameters,
  )
  return {
    isKnown: true,
    total,
    rows: await readRows(
      run,
      `SELECT ${columns} ${filtered} AND ${shown} ORDER BY ${order} LIMIT ${request.limit} OFFSET ${request.offset}`,
      parameters,
    ),
    steps: await run.database.rows(
      `SELECT disposition, CAST(count(*) AS INTEGER) AS servers, CAST(sum(CAST(monthly_savings_usd AS DECIMAL(18, 4))) AS DOUBLE) AS monthly_savings_usd,
              CAST(coalesce(sum(CAST(units_to_add AS DECIMAL(18, 4))), 0) AS DOUBLE) AS units
       ${filtered} GROUP BY 1 ORDER BY list_position(['add capacity', 'watch', 'retire', 'consolidate'], disposition)`,
      stepSchema,
      parameters,
    ),
    verdicts: await run.database.row(
      `SELECT CAST(count(*) FILTER (verdict IS NULL) AS INTEGER) AS open, CAST(count(*) FILTER (verdict = 'accepted') AS INTEGER) AS accepted,
              CAST(count(*) FILTER (verdict = 'dismissed') AS INTEGER) AS dismissed,
              CAST(coalesce(sum(CAST(monthly_savings_usd AS DECIMAL(18, 4))) FILTER (verdict = 'accepted'), 0) AS DOUBLE) AS accepted_savings_usd
       ${filtered}`,
      verdictsSchema,
      parameters,
    ),
  }
}

/** The recommendation for one server; null where it needs none or the run states none. */
export const findRecommendation = async (run: OpenRun, serverId: string): Promise<Recommendation | null> => {
  if (!(await layRecommendations(run))) return null
  await layDecisions(run.database, run.contents.folder)
  const rows = await readRows(run, `SELECT ${columns} FROM (${decided}) WHERE server_id = $1`, [serverId])
  return rows[0] ?? null
}

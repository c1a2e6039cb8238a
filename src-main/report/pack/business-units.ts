// A traffic light for each business unit of a run.
import { z } from 'zod'
import { fixedFormatting as text } from '../../../src-shared/chart-options/format.ts'
import { certainProbability } from '../../../src-shared/artefacts/likelihood.ts'
import { createRecommendationsTable, loadDecisions } from '../../queries/recommendations/recommendations-query.ts'
import type { OpenRun } from '../../queries/run/open-run.ts'
import { referenceDay } from '../../queries/run/reference-day.ts'
import {
  lightCell,
  lightColumn,
  numberColumn,
  orDash,
  textColumn,
  trafficLights,
  type ReportTable,
  type TrafficLight,
} from '../report-table.ts'

const rowSchema = z.object({
  unit: z.string().nullable(),
  servers: z.int(),
  at_risk: z.int(),
  certain: z.int(),
  overdue: z.int(),
  /** Of an order that is overdue. */
  first_overdue_ms: z.number().nullable(),
  next_order_ms: z.number().nullable(),
})

/** The red ones first, then those with most servers at risk. `asOf`, YYYY-MM-DD: orders due before that day are overdue. */
export const readLights = async (run: OpenRun, writeDate: (timeMs: number) => string, asOf?: string): Promise<ReportTable> => {
  const rows = (await readUnits(run, asOf)).map((row) => ({ ...row, light: lightOf(row) }))
  return {
    title: 'Business units',
    note: 'Red: an order for a server at risk is overdue. Amber: servers are at risk, and every order is still in time. Green: none is at risk.',
    columns: [
      textColumn('Business unit'),
      lightColumn('State'),
      numberColumn('Servers'),
      numberColumn('At risk'),
      numberColumn('Nearly certain'),
      numberColumn('Orders overdue'),
      textColumn('Next order by'),
    ],
    rows: rows
      .sort((a, b) => trafficLights.indexOf(a.light) - trafficLights.indexOf(b.light) || b.at_risk - a.at_risk || b.servers - a.servers)
      .map((row) => [
        row.unit ?? 'none',
        lightCell(row.light),
        text.count(row.servers),
        text.count(row.at_risk),
        text.count(row.certain),
        text.count(row.overdue),
        nextOrderText(row, writeDate),
      ]),
  }
}

/** "overdue since 20 Dec 2025, then 3 Jan 2026". */
const nextOrderText = (
  { overdue, first_overdue_ms: overdueMs, next_order_ms: nextMs }: z.infer<typeof rowSchema>,
  writeDate: (timeMs: number) => string,
): string => {
  if (overdue === 0) return orDash(nextMs, writeDate)
  const since = overdueMs === null ? 'overdue' : `overdue since ${writeDate(overdueMs)}`
  return nextMs === null ? since : `${since}, then ${writeDate(nextMs)}`
}

const lightOf = ({ overdue, at_risk: atRisk }: z.infer<typeof rowSchema>): TrafficLight =>
  overdue > 0 ? 'Red' : atRisk > 0 ? 'Amber' : 'Green'

/** Orders that are dismissed or done do not count. */
const readUnits = async (run: OpenRun, asOf?: string): Promise<z.infer<typeof rowSchema>[]> => {
  const hasOrders = await createRecommendationsTable(run)
  if (hasOrders) await loadDecisions(run, asOf)
  const ordersSql = hasOrders
    ? `SELECT server_id, is_order_late OR coalesce(order_ms < ${referenceDay(run, asOf).startMs}, false) AS is_order_late, order_ms FROM recommendations r
       WHERE recommendation = 'add capacity' AND NOT EXISTS (
         FROM decisions d WHERE d.server_id = r.server_id AND d.recommendation = r.recommendation AND d.verdict IN ('dismissed', 'done'))`
    : 'SELECT NULL AS server_id, NULL AS is_order_late, NULL AS order_ms WHERE false'
  return run.database.rows(
    `WITH servers AS (
       SELECT server_id, any_value(business_unit) AS unit, coalesce(bool_or(is_server_at_risk), false) AS is_at_risk,
              max(server_at_risk_probability) AS probability
       FROM server_risk GROUP BY server_id
     ), orders AS (${ordersSql})
     SELECT unit, CAST(count(*) AS INTEGER) AS servers, CAST(count(*) FILTER (is_at_risk) AS INTEGER) AS at_risk,
            CAST(count(*) FILTER (is_at_risk AND probability >= ${certainProbability}) AS INTEGER) AS certain,
            CAST(count(*) FILTER (is_order_late) AS INTEGER) AS overdue,
            CAST(min(order_ms) FILTER (is_order_late) AS DOUBLE) AS first_overdue_ms,
            CAST(min(order_ms) FILTER (NOT is_order_late) AS DOUBLE) AS next_order_ms
     FROM servers LEFT JOIN orders USING (server_id) GROUP BY unit ORDER BY unit NULLS LAST`,
    rowSchema,
  )
}

// module_05_summary.json: the five keys of Module 05, then Headroom's own.
import { z } from 'zod'
import { analysisMethodSchema } from '../config/analysis-config.ts'
import { clusterKeysSchema } from './clusters.ts'
import { eventReportSchema } from './event-report.ts'
import { seasonReportSchema } from './season.ts'

const count = z.int().min(0)
const instant = z.string()

/** Rows by flag, as Module 05 counted them. */
const flaggedRowCountsSchema = z.object({
  rows: count,
  risk_flag_rows: count,
  high_rows: count,
  medium_rows: count,
  is_eoq_rows: count,
  is_holiday_rows: count,
  underutilized_rows: count,
})
export type FlaggedRowCounts = z.infer<typeof flaggedRowCountsSchema>

const module05Keys = {
  analyzed_at: instant,
  total_servers: z.number(),
  /** Distinct servers; rows under `module05`. */
  at_risk_servers: z.number(),
  underutilized_servers: z.number(),
  optimization_savings_usd: z.number(),
}

export const runSummarySchema = z.strictObject({
  ...module05Keys,
  method: analysisMethodSchema,
  horizon_start: instant.nullable(),
  horizon_end: instant.nullable(),
  soonest_breach_at: instant.nullable(),
  soonest_breach_server: z.string().nullable(),
  high_risk_servers: count,
  servers_with_seasonal_peak: count,
  seasonal_peak_servers: count,
  servers_removable: count,
  distinct_servers: z.object({ at_risk: count, underutilized: count }),
  /** Only under `module05`. */
  rows: flaggedRowCountsSchema.optional(),
  underutilized_count: count,
  kmeans_inertia: z.number(),
  ...clusterKeysSchema.shape,
  season: seasonReportSchema,
  /** Only with an events table. */
  events: eventReportSchema.optional(),
})
export type RunSummary = z.infer<typeof runSummarySchema>

/** The summary of any version and of Module 05: any key may be absent; views parse `season`, `clusters` and `events` themselves. */
export const statedSummarySchema = z.looseObject(module05Keys).partial()
export type StatedSummary = z.infer<typeof statedSummarySchema>

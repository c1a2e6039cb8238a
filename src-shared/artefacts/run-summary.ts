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
  rows: count.describe('number of rows'),
  risk_flag_rows: count.describe('number of rows with `risk_flag`'),
  high_rows: count.describe('number of rows with `risk_level` high'),
  medium_rows: count.describe('number of rows with `risk_level` medium'),
  is_eoq_rows: count.describe('number of rows in a quarter-end window'),
  is_holiday_rows: count.describe('number of rows on a holiday'),
  underutilized_rows: count.describe('number of rows below the threshold'),
})
export type FlaggedRowCounts = z.infer<typeof flaggedRowCountsSchema>

const module05Keys = {
  analyzed_at: instant.describe('time of the analysis, UTC'),
  total_servers: z.number().describe('number of servers'),
  at_risk_servers: z.number().describe('number of servers; rows under `module05`'),
  underutilized_servers: z.number().describe('number of servers; rows under `module05`'),
  optimization_savings_usd: z.number().describe('USD a month'),
}

/** How many servers of a group have a sustained breach by a metric. */
export const groupCountSchema = z.object({
  metric: z.string().describe('name of the metric'),
  group_by: z.enum(['business_unit', 'region', 'criticality', 'cluster_name']).describe('what the servers are grouped by'),
  group: z.string().describe('name of the group; empty for servers without one'),
  expected: z.number().describe('number of servers; mean over the simulated paths'),
  low: z.number().describe('number of servers; 90 % interval of that number'),
  high: z.number().describe('number of servers; 90 % interval of that number'),
})
export type GroupCount = z.infer<typeof groupCountSchema>

export const runSummarySchema = z.strictObject({
  ...module05Keys,
  method: analysisMethodSchema.describe('`headroom` or `module05`'),
  horizon_start: instant.nullable().describe('first time of any horizon, UTC'),
  horizon_end: instant.nullable().describe('last time of any horizon, UTC'),
  soonest_breach_at: instant.nullable().describe('first time above a threshold, UTC; empty without a breach'),
  soonest_breach_server: z.string().nullable().describe('server of that breach'),
  /** Absent in runs of older versions. */
  at_risk_expected: z
    .number()
    .nullable()
    .optional()
    .describe('expected number of servers with a sustained breach; empty without probabilities'),
  at_risk_low: z.number().nullable().optional().describe('number of servers; 90 % interval of that number'),
  at_risk_high: z.number().nullable().optional().describe('number of servers; 90 % interval of that number'),
  /** By metric and group. Absent in runs of older versions and without probabilities. */
  at_risk_groups: z.array(groupCountSchema).optional(),
  high_risk_servers: count.describe('number of servers'),
  servers_with_seasonal_peak: count.describe('number of servers'),
  seasonal_peak_servers: count.describe('number of servers'),
  servers_removable: count.describe('number of servers'),
  distinct_servers: z.object({
    at_risk: count.describe('number of servers, by either method'),
    underutilized: count.describe('number of servers, by either method'),
  }),
  /** Only under `module05`. */
  rows: flaggedRowCountsSchema.optional(),
  underutilized_count: count.describe('number of servers'),
  kmeans_inertia: z.number().describe('as `clustering.inertia`'),
  ...clusterKeysSchema.shape,
  season: seasonReportSchema,
  /** Only with an events table. */
  events: eventReportSchema.optional(),
})
export type RunSummary = z.infer<typeof runSummarySchema>

/** The summary of any version and of Module 05: any key may be absent; views parse `season`, `clusters` and `events` themselves. */
export const statedSummarySchema = z.looseObject(module05Keys).partial()
export type StatedSummary = z.infer<typeof statedSummarySchema>

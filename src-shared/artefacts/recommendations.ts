// optimization_recommendations.json: the recommendation for each server, and the savings waterfall.
import { z } from 'zod'
import { recommendationKindSchema } from './server-risk.ts'

const nullableNumber = z.number().nullable()
const instant = z.string()

/** An entry of the list `recommendations`. */
export const recommendationEntrySchema = z.object({
  server_id: z.string().describe('name of the server'),
  recommendation: recommendationKindSchema.describe('one per server'),
  reason: z.string().describe('one sentence'),
  metric: z.string().describe('limiting metric of the server'),
  horizon_p95: nullableNumber.describe("95th percentile of the forecast, in the metric's unit"),
  units_to_add: nullableNumber.describe('capacity units'),
  first_breach_at: instant.nullable().describe('first forecast time above the threshold, UTC'),
  expected_first_breach: instant.nullable().describe('median first breach of the simulated paths, UTC'),
  breach_probability: nullableNumber.describe('probability, 0 to 1'),
  order_by: instant.nullable().describe('latest time to order, UTC'),
  is_order_late: z.boolean().describe('whether that time has passed'),
  target_host: z.string().nullable().describe('server that takes a consolidated one over'),
  monthly_savings_usd: z.number().describe('USD a month; 0 for servers that stay'),
  query: z.string().describe('SQL for `headroom query` that shows the rows behind it'),
})
export type RecommendationEntry = z.infer<typeof recommendationEntrySchema>

const groupSchema = z.object({
  business_unit: z.string().nullable().describe('group of the servers'),
  region: z.string().nullable().describe('group of the servers'),
  criticality: z.string().nullable().describe('group of the servers'),
  servers: z.int().describe('number of servers'),
  at_risk: z.int().describe('number of servers'),
  underutilized: z.int().describe('number of servers'),
  retired: z.int().describe('number of servers'),
  consolidated: z.int().describe('number of servers'),
  monthly_savings_usd: z.number().describe('USD a month'),
})

/** The file without its last key, `recommendations`. */
export const recommendationReportSchema = z.object({
  total_savings_usd: z.number().describe('USD a month'),
  underutilized_count: z.int().describe('number of servers'),
  waterfall: z.object({
    capacity_freed_units: z.number().describe('capacity units'),
    hosts_removable: z.int().describe('number of servers'),
    retired: z.int().describe('number of servers'),
    consolidated: z.int().describe('number of servers'),
    monthly_savings_usd: z.number().describe('USD a month'),
  }),
  groups: z.array(groupSchema),
})
export type RecommendationReport = z.infer<typeof recommendationReportSchema>

/** The whole file. Lists are long: the engine writes the last key entry by entry. */
export const recommendationsFileSchema = recommendationReportSchema.extend({ recommendations: z.array(recommendationEntrySchema) })

/** The keys that files of every version have, also Module 05's. */
export const recommendationTotalsSchema = recommendationReportSchema.pick({ total_savings_usd: true }).partial()
export type RecommendationTotals = z.infer<typeof recommendationTotalsSchema>

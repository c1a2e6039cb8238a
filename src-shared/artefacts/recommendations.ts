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
  units_to_add: nullableNumber.describe('capacity units to add, of a watched server if the risk comes true; empty where none are stated'),
  percent_to_add: nullableNumber.describe("the same in percent of today's capacity"),
  is_lower_limit: z.boolean().describe('whether the measured load was capped, so that more may be needed'),
  first_breach_at: instant.nullable().describe('first forecast time above the threshold, UTC'),
  expected_first_breach: instant.nullable().describe('median first breach of the simulated paths, UTC'),
  at_risk_probability: nullableNumber.describe('probability of a sustained breach of any metric, 0 to 1'),
  breach_probability: nullableNumber.describe('probability that any metric exceeds its threshold, 0 to 1'),
  order_by: instant.nullable().describe('latest time to order, or to decide about a watched server, UTC'),
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

export const placementCheckSchema = z.object({
  verdict: z
    .enum(['holds', 'cannot promise', 'too few hosts'])
    .describe('whether the share of hosts above the target stays within `consolidation_risk` in backtest windows'),
  accepted_share: z.number().describe('share of simulated paths on which a host may exceed the target'),
  windows: z.int().describe('number of backtest windows, the latest first'),
  hosts: z.int().describe('number of hosts in those windows'),
  hosts_above_target: z.int().describe('number of those whose measured demand exceeded the target'),
})
export type PlacementCheck = z.infer<typeof placementCheckSchema>

const placementPlanSchema = z.object({
  accepted_share: nullableNumber.describe('share of simulated paths on which a host may exceed the target; null: packed by the forecasts'),
  hosts: z.int().describe('number of servers that take others over'),
  consolidated: z.int().describe('number of servers'),
  monthly_savings_usd: z.number().describe('USD a month, retired servers included'),
  share_above_target: nullableNumber.describe('expected share of hosts above `consolidation_target` at some time; null if not known'),
  share_above_80: nullableNumber.describe('expected share of hosts above 80 % at some time; null if not known'),
  share_above_100: nullableNumber.describe('expected share of hosts above 100 % at some time; null if not known'),
})
export type PlacementPlan = z.infer<typeof placementPlanSchema>

export const placementReportSchema = z.object({
  plan: placementPlanSchema.describe('the plan behind the recommendations'),
  check: placementCheckSchema.nullable().describe('null without simulated paths'),
  alternatives: z.array(placementPlanSchema).describe('other plans: what they save, and at which risk'),
  previous_run: z.string().nullable().describe('ID of the run whose hosts are kept where they still fit'),
})
export type PlacementReport = z.infer<typeof placementReportSchema>

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
  placement: placementReportSchema.optional().describe('absent in runs of older versions'),
  groups: z.array(groupSchema),
})
export type RecommendationReport = z.infer<typeof recommendationReportSchema>

/** The whole file. Lists are long: the engine writes the last key entry by entry. */
export const recommendationsFileSchema = recommendationReportSchema.extend({ recommendations: z.array(recommendationEntrySchema) })

/** The keys that files of every version have, also Module 05's. */
export const recommendationTotalsSchema = recommendationReportSchema.pick({ total_savings_usd: true, placement: true }).partial()
export type RecommendationTotals = z.infer<typeof recommendationTotalsSchema>

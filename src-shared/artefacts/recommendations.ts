// optimization_recommendations.json: the recommendation for each server, and the savings waterfall.
import { z } from 'zod'
import { recommendationKindSchema } from './server-risk.ts'

const nullableNumber = z.number().nullable()
const instant = z.string()

/** An entry of the list `recommendations`. */
export const recommendationEntrySchema = z.object({
  server_id: z.string(),
  recommendation: recommendationKindSchema,
  reason: z.string(),
  metric: z.string(),
  horizon_p95: nullableNumber,
  units_to_add: nullableNumber,
  first_breach_at: instant.nullable(),
  expected_first_breach: instant.nullable(),
  breach_probability: nullableNumber,
  /** Latest day to order, and whether it is before the last measured time. */
  order_by: instant.nullable(),
  is_order_late: z.boolean(),
  target_host: z.string().nullable(),
  /** Monthly cost of a removed server; 0 for servers that stay. */
  monthly_savings_usd: z.number(),
  /** SQL for `headroom query RUN "..."` that shows the rows behind it. */
  query: z.string(),
})
export type RecommendationEntry = z.infer<typeof recommendationEntrySchema>

const groupSchema = z.object({
  business_unit: z.string().nullable(),
  region: z.string().nullable(),
  criticality: z.string().nullable(),
  servers: z.int(),
  at_risk: z.int(),
  underutilized: z.int(),
  retired: z.int(),
  consolidated: z.int(),
  monthly_savings_usd: z.number(),
})

/** The file without its last key, `recommendations`. */
export const recommendationReportSchema = z.object({
  total_savings_usd: z.number(),
  underutilized_count: z.int(),
  waterfall: z.object({
    /** Capacity units of the servers that can be removed. */
    capacity_freed_units: z.number(),
    hosts_removable: z.int(),
    retired: z.int(),
    consolidated: z.int(),
    monthly_savings_usd: z.number(),
  }),
  groups: z.array(groupSchema),
})
export type RecommendationReport = z.infer<typeof recommendationReportSchema>

/** The keys that files of every version have, also Module 05's. */
export const recommendationTotalsSchema = recommendationReportSchema.pick({ total_savings_usd: true }).partial()
export type RecommendationTotals = z.infer<typeof recommendationTotalsSchema>

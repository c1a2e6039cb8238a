// What the views of a whole fleet ask and get: figures under the filter, pages of servers, groups, seasons, models and recommendations.
import { z } from 'zod'
import { placementReportSchema } from '../artefacts/recommendations.ts'
import { recommendationKinds, recommendationKindSchema } from '../artefacts/server-risk.ts'
import { fleetFilterSchema } from './fleet-filter.ts'
import { modelAccuracySchema } from '../artefacts/model-accuracy.ts'
import { metricSeasonSchema } from '../artefacts/season.ts'
import { serverColumnNames, type ColumnKind } from '../artefacts/server-columns.ts'
import type { ServerRiskRow } from '../artefacts/server-risk.ts'

const count = z.int().min(0)
const nullableNumber = z.number().nullable()
/** ISO 8601 UTC. */
const instant = z.string()
const folder = z.string().min(1)

/** A page is a request for at most so many rows. */
export const maxPageSize = 1000

/** Of one metric under the shared filter. */
export const filteredRequestSchema = z.strictObject({ folder, metric: z.string().min(1), filter: fleetFilterSchema })
export type FilteredRequest = z.infer<typeof filteredRequestSchema>

/** One value of a cell that crosses a process border. */
export const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])
export type Cell = z.infer<typeof cellSchema>

/** Texts as `parseColumnFilter` reads them; those that are no filter of their column are left out. */
export const columnFiltersSchema = <Name extends z.ZodEnum>(column: Name) =>
  z
    .array(z.strictObject({ column, text: z.string().max(200) }))
    .max(column.options.length)
    .optional()

const columnName = z.enum(serverColumnNames as [keyof ServerRiskRow, ...(keyof ServerRiskRow)[]])

export const serversRequestSchema = filteredRequestSchema.extend({
  columns: z.array(columnName).min(1).max(serverColumnNames.length),
  columnFilters: columnFiltersSchema(columnName),
  sort: z.strictObject({ column: columnName, descending: z.boolean() }),
  offset: count,
  limit: z.int().min(0).max(maxPageSize),
})
export type ServersRequest = z.infer<typeof serversRequestSchema>

export const serversPageSchema = z.object({
  /** Servers that pass the filter, and servers that have the metric. */
  total: count,
  of: count,
  /** Values in the order of the columns asked for; times as ISO 8601 with the offset of the run's zone. */
  rows: z.array(z.array(cellSchema)),
  /** Those of the columns asked for that no server of the metric has a value in, whatever the filter; on the first page alone. */
  emptyColumns: z.array(columnName),
})
export type ServersPage = z.infer<typeof serversPageSchema>

const choiceSchema = z.object({ value: z.string(), servers: count })

/** What the filter can be set to. A group "" are servers without one. */
export const filterChoicesSchema = z.object({
  business_unit: z.array(choiceSchema),
  region: z.array(choiceSchema),
  criticality: z.array(choiceSchema),
  cluster: z.array(z.object({ cluster: count, name: z.string(), servers: count })),
})
export type FilterChoices = z.infer<typeof filterChoicesSchema>

/** A server named in a response. */
export const namedServerSchema = z.object({
  server_id: z.string(),
  horizon_p95: nullableNumber,
  first_breach_at: instant.nullable(),
  /** By the simulated paths: known where the forecast itself stays below the threshold, too. */
  expected_first_breach: instant.nullable(),
  days_to_breach: nullableNumber,
  /** Of a sustained breach, and the median P95 of what comes. */
  at_risk_probability: nullableNumber,
  p95_median: nullableNumber,
  risk_level: z.enum(['low', 'medium', 'high']).nullable(),
})

export const fleetFiguresSchema = z.object({
  servers: count,
  at_risk: count,
  high_risk: count,
  underutilized: count,
  /** Sums of the probabilities of a sustained breach and of any breach; null where none is known. */
  expected_at_risk: nullableNumber,
  expected_breaches: nullableNumber,
  /** Servers whose sustained breach is certain, and those for which it is possible but not likely. */
  certain: count,
  possible: count,
  /** Servers that can leave, and their monthly USD. */
  removable: count,
  savings_usd: z.number(),
  units_to_add: z.number(),
  /**
   * First breaches by time over the whole horizon: start of the bin, and servers by how sure a sustained breach is. Without
   * probabilities servers at risk are `likely`, and `brief` are breaches too short for risk.
   */
  calendar: z.array(z.object({ atMs: z.number(), certain: count, likely: count, possible: count, brief: count })),
  calendarStepMs: z.number(),
  soonest: z.array(namedServerSchema),
  groups: z.array(
    z.object({
      group: z.string(),
      servers: count,
      at_risk: count,
      /** Sum of the probabilities of a sustained breach. */
      expected_at_risk: nullableNumber,
      /** 90 % interval of that number; null under a filter, and where the run does not state it. */
      expected_low: nullableNumber,
      expected_high: nullableNumber,
      underutilized: count,
      savings_usd: z.number(),
      monthly_cost_usd: z.number(),
    }),
  ),
})
export type FleetFigures = z.infer<typeof fleetFiguresSchema>

export const fleetFiguresRequestSchema = filteredRequestSchema.extend({
  groupBy: z.enum(['business_unit', 'region', 'criticality', 'cluster_name']),
})
export type FleetFiguresRequest = z.infer<typeof fleetFiguresRequestSchema>

export const seasonResponseSchema = z.object({
  /** null where the run does not state its season. */
  season: metricSeasonSchema.nullable(),
  eoqWindowDays: nullableNumber,
  eoqMonths: z.array(z.int()).nullable(),
  holidayCountry: z.string().nullable(),
  /** Filtered servers with the highest quarter-end uplift. */
  strongest: z.array(
    z.object({
      server_id: z.string(),
      eoq_uplift_points: z.number(),
      eoq_uplift_quarters: count,
      eoq_uplift_low: nullableNumber,
      eoq_uplift_high: nullableNumber,
    }),
  ),
})
export type SeasonResponse = z.infer<typeof seasonResponseSchema>

export const modelAccuracyResponseSchema = z.object({
  /** null where the run does not state how right its models were. */
  accuracy: modelAccuracySchema.nullable(),
})
export type ModelAccuracyResponse = z.infer<typeof modelAccuracyResponseSchema>

export const verdicts = ['accepted', 'dismissed', 'done'] as const
export type Verdict = (typeof verdicts)[number]

/** The planner's decision on a recommendation; saved with the run, or with its history. */
export const decisionSchema = z.object({
  server_id: z.string(),
  recommendation: recommendationKindSchema,
  verdict: z.enum(verdicts),
  /** Why it was dismissed; may stay empty otherwise. */
  reason: z.string().max(2000),
  decided_at: instant,
  /** "" where the file does not say. */
  decided_by: z.string().max(320).default(''),
  /** YYYY-MM-DD: what is dismissed comes back then, what is accepted is due then. */
  until: z.iso.date().nullable().default(null),
})
export type Decision = z.infer<typeof decisionSchema>

export const recommendationSchema = z.object({
  server_id: z.string(),
  recommendation: recommendationKindSchema,
  reason: z.string(),
  /** The reason in at most eight words. */
  summary: z.string(),
  /** "2 capacity units"; null where the recommendation adds none. */
  capacity_to_add: z.string().nullable(),
  metric: z.string(),
  units_to_add: nullableNumber,
  /** Probability that the server runs out: as it is, and with the capacity added; null where the run does not know it. */
  risk_before: nullableNumber,
  risk_after: nullableNumber,
  /** USD a month of the capacity to add, at the server's cost per capacity; null where the recommendation adds none. */
  added_monthly_usd: nullableNumber,
  /** Whether the measured load was capped, so that more capacity may be needed. */
  is_lower_limit: z.boolean(),
  order_by: instant.nullable(),
  /** First breach of the forecast; where that stays below the threshold, the one that the paths expect. */
  breach_at: instant.nullable(),
  is_order_late: z.boolean(),
  target_host: z.string().nullable(),
  monthly_savings_usd: z.number(),
  query: z.string(),
  verdict: z.enum(verdicts).nullable(),
  verdict_reason: z.string().nullable(),
  verdict_by: z.string().nullable(),
  /** YYYY-MM-DD. */
  verdict_until: z.string().nullable(),
  /** What planners decided differently, without seeing each other; the verdict is the latest. */
  verdict_conflict: z.string().nullable(),
  /** Decisions that the verdict rests on; the next one replaces them. */
  decision_ids: z.array(z.string()),
})
export type Recommendation = z.infer<typeof recommendationSchema>

export const verdictFilters = ['open', ...verdicts, 'all'] as const

/** Columns of the list of recommendations that can be filtered. */
export const recommendationFilterKinds = {
  server_id: 'text',
  recommendation: 'text',
  units_to_add: 'count',
  order_by: 'time',
  target_host: 'text',
  monthly_savings_usd: 'usd',
  verdict: 'text',
} as const satisfies Record<string, ColumnKind>
export const recommendationFilters = Object.keys(recommendationFilterKinds) as (keyof typeof recommendationFilterKinds)[]

/** From the most to the least urgent; the days count from the start of the forecast. */
export const dueGroups = ['overdue', 'now', 'within 7 days', 'within 30 days', 'within 90 days', 'later', 'any time'] as const

export const recommendationsRequestSchema = filteredRequestSchema.extend({
  verdict: z.enum(verdictFilters),
  columnFilters: columnFiltersSchema(z.enum(recommendationFilters)),
  /** What the rows are grouped by; default: the kind of recommendation. */
  groupBy: z.enum(['kind', 'due']).optional(),
  offset: count,
  limit: z.int().min(0).max(maxPageSize),
})
export type RecommendationsRequest = z.infer<typeof recommendationsRequestSchema>

export const recommendationsPageSchema = z.object({
  /** Whether the run states recommendations at all. */
  isKnown: z.boolean(),
  total: count,
  rows: z.array(recommendationSchema),
  /** Groups of the listed rows in their order. */
  groups: z.array(
    z.object({
      name: z.enum([...recommendationKinds, ...dueGroups]),
      rows: count,
      monthly_savings_usd: z.number(),
      units: z.number(),
      /** Of the capacity to add. */
      added_monthly_usd: z.number(),
    }),
  ),
  /** Under the filter, whatever the verdict: servers and monthly savings by recommendation. */
  totalsByRecommendation: z.array(
    z.object({ recommendation: recommendationKindSchema, servers: count, monthly_savings_usd: z.number(), units: z.number() }),
  ),
  verdicts: z.object({ open: count, accepted: count, dismissed: count, done: count, accepted_savings_usd: z.number() }),
  /** What the consolidation saves at which risk, and the target of its hosts in percent; null where the run does not state it. */
  placement: placementReportSchema.extend({ target: z.number() }).nullable(),
  /** Columns without a value under the filter, whatever the verdict. */
  emptyColumns: z.array(z.enum(['units_to_add', 'order_by', 'target_host', 'verdict'])),
})
export type RecommendationsPage = z.infer<typeof recommendationsPageSchema>

const decisionRequestSchema = decisionSchema
  .pick({ server_id: true, recommendation: true, verdict: true, reason: true })
  .extend({
    until: z.iso.date().nullable().optional(),
    /** Decisions that the planner saw; where absent, all that stand when it is saved. */
    replaces: z.array(z.string()).max(100_000).optional(),
  })
  .strict()
export type DecisionRequest = z.infer<typeof decisionRequestSchema>

export const saveDecisionsRequestSchema = z.strictObject({ folder, decisions: z.array(decisionRequestSchema).min(1).max(10_000) })
/** Takes decisions back. */
export const withdrawDecisionsRequestSchema = z.strictObject({
  folder,
  decisions: z
    .array(decisionSchema.pick({ server_id: true, recommendation: true }).strict())
    .min(1)
    .max(10_000),
})

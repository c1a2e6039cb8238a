// Two runs side by side: which risks are new, cleared or moved and why, and how the earlier forecast held against what then happened.
import { z } from 'zod'
import { analysisMethodSchema, riskBasisSchema } from '../config/analysis-config.ts'
import { granularitySchema } from '../run/run-manifest.ts'

const count = z.int().min(0)
/** ISO 8601 UTC. */
const instant = z.string()

const comparedRunSchema = z.object({
  folder: z.string(),
  run_id: z.string(),
  analyzed_at: instant,
  method: analysisMethodSchema,
  engine_version: z.string(),
  format_version: z.int(),
  granularity: granularitySchema,
  step_seconds: z.number(),
  /** Whose days count. */
  time_zone: z.string(),
  last_measured_at: instant.nullable(),
  horizon: z.object({ start: instant, end: instant, periods: count }),
  /** Distinct servers. */
  servers: count,
  at_risk_servers: count,
})
export type ComparedRun = z.infer<typeof comparedRunSchema>

/** What makes the two runs less than alike, one plain sentence each. */
const comparisonNoteSchema = z.object({ code: z.string(), message: z.string() })
export type ComparisonNote = z.infer<typeof comparisonNoteSchema>

/** A setting that differs: a leaf of the configuration by its dotted path, or `method`, `forced_model`. Null: not set. */
const policyDifferenceSchema = z.object({
  key: z.string(),
  earlier: z.json(),
  later: z.json(),
  /** Whether the setting decides what a figure means, not only its limit. */
  is_definition: z.boolean(),
})
export type PolicyDifference = z.infer<typeof policyDifferenceSchema>

export const riskStatusSchema = z.enum(['new risk', 'cleared', 'still at risk'])

export const changeCauseSchema = z.enum(['definition', 'policy', 'model', 'data', 'together'])

export const evaluatedSideSchema = z.object({
  model: z.string().nullable(),
  /** The P95 that decided on the run's basis, in the metric's unit: of the forecast, of 95 % of the paths, or exceeded with a probability of one half. */
  p95: z.number().nullable(),
  threshold: z.number().nullable(),
  is_at_risk: z.boolean(),
  first_breach_at: instant.nullable(),
})

export const riskChangeSchema = z.object({
  server_id: z.string(),
  metric: z.string(),
  status: riskStatusSchema,
  /**
   * New and cleared: `definition` where the common definition of both runs shows no such change; else the first of policy, model, data that
   * suffices alone, else `together`. Still at risk: what moved the headroom most.
   */
  cause: changeCauseSchema.nullable(),
  /** Whether each alone would have changed the state; null for risks that stay. */
  alone: z.object({ definition: z.boolean(), policy: z.boolean(), model: z.boolean(), data: z.boolean() }).nullable(),
  earlier: evaluatedSideSchema,
  later: evaluatedSideSchema,
  /** Whether the P95 by the common definition moved by 0.05 or more, or the next breach at all. */
  is_moved: z.boolean(),
  p95_change: z.number().nullable(),
  /** The earlier forecast's first breach that is not past by the later run's horizon; null where all are, or for other statuses. */
  next_breach_at: instant.nullable(),
  /** From `next_breach_at` to the later run's first breach; negative: sooner than was thought. */
  breach_shift_days: z.number().nullable(),
  /** Change of threshold minus P95 in points, and its parts, which add up to it. Null where a side has no such figure. */
  headroom_change: z
    .object({
      points: z.number(),
      definition_points: z.number(),
      policy_points: z.number(),
      model_points: z.number(),
      data_points: z.number(),
    })
    .nullable(),
})
export type RiskChange = z.infer<typeof riskChangeSchema>

/** A series that only one of the runs has. */
export const unpairedSeriesSchema = z.object({
  server_id: z.string(),
  metric: z.string(),
  is_at_risk: z.boolean(),
  /** Whether the other run lacks the server altogether. */
  is_whole_server: z.boolean(),
})

const errorFigures = {
  /** Times at which the earlier forecast meets a later measurement. */
  points: count,
  mae: z.number(),
  /** Mean of predicted - actual. */
  bias: z.number(),
  /** Mean of 200 |a - p| / (|a| + |p|). */
  smape_percent: z.number(),
  /** Share of measured values inside the forecast's bounds; null without bounds. */
  coverage: z.number().nullable(),
}

export const checkedSeriesSchema = z.object({
  server_id: z.string(),
  model: z.string(),
  ...errorFigures,
  predicted_breach: z.boolean().nullable(),
  actual_breach: z.boolean().nullable(),
})
export type CheckedSeries = z.infer<typeof checkedSeriesSchema>

export const metricCheckSchema = z.object({
  metric: z.string(),
  series: count,
  ...errorFigures,
  bounded_points: count,
  /** MAE of the same series' models over the earlier run's backtest, weighted by the points compared; null without a backtest. */
  backtest_mae: z.number().nullable(),
  /** Series by whether a value above the earlier run's threshold was predicted and whether it was measured; null where no threshold applies. */
  breaches: z.object({ hits: count, misses: count, false_alarms: count, quiet: count }).nullable(),
})

const forecastCheckSchema = z.object({
  first_at: instant,
  last_at: instant,
  interval_level: z.number(),
  metrics: z.array(metricCheckSchema.extend({ worst: z.array(checkedSeriesSchema) })),
})
export type ForecastCheck = z.infer<typeof forecastCheckSchema>

const causeCountsSchema = z.object({ definition: count, policy: count, model: count, data: count, together: count })

export const runComparisonSchema = z.object({
  earlier: comparedRunSchema,
  later: comparedRunSchema,
  notes: z.array(comparisonNoteSchema),
  /** What decides who is at risk in each run, and in both where the two are split by cause. */
  definitions: z.object({ earlier: riskBasisSchema, later: riskBasisSchema, common: riskBasisSchema }),
  policy_differences: z.array(policyDifferenceSchema),
  /** A risk is one metric of one server. `moved` are among `still_at_risk`. */
  risks: z.object({ new: count, cleared: count, still_at_risk: count, moved: count, still_safe: count, not_judged: count }),
  /** Servers of both runs by their state, and those that only one run has. `by_definition`: the common definition shows no such change. */
  servers: z.object({
    new: count,
    cleared: count,
    still_at_risk: count,
    new_by_definition: count,
    cleared_by_definition: count,
    added: count,
    removed: count,
  }),
  /** Of the new and cleared risks. */
  causes: causeCountsSchema,
  causes_of_new: causeCountsSchema,
  /** New, then cleared, then still at risk; tightest headroom first. */
  changes: z.array(riskChangeSchema),
  added: z.array(unpairedSeriesSchema),
  removed: z.array(unpairedSeriesSchema),
  /** Null where the later run measured none of the times that the earlier one forecast; `notes` says why. */
  forecast_check: forecastCheckSchema.nullable(),
})
export type RunComparison = z.infer<typeof runComparisonSchema>

/** At most so many changes, added and removed series go to the window; the counts cover all of them. */
export const maxListed = 5000

export const compareRequestSchema = z.strictObject({ earlier: z.string().min(1), later: z.string().min(1) })
export type CompareRequest = z.infer<typeof compareRequestSchema>

export const compareResponseSchema = runComparisonSchema.extend({
  /** How many changes there are; `changes` holds the first of them. */
  totalChanges: z.int().min(0),
})
export type CompareResponse = z.infer<typeof compareResponseSchema>

// A history: the runs of one fleet in one folder, their headline figures, how long risks have lasted, and what came of each statement.
import { z } from 'zod'

const count = z.int().min(0)
/** ISO 8601 UTC. */
const instant = z.string()

/** What a run stated, held against what a later run measured; a risk is one metric of one server. */
const outcomeCheckSchema = z.object({
  /** Run whose measurements are taken. */
  measured_by: z.string(),
  /** Risks with a threshold and every time of the horizon measured; only these count below. */
  measured: count,
  /** Sum of the probabilities that were stated for the measured risks; null without probabilities. `at_risk_range` counts servers instead. */
  expected_risks: z.number().nullable(),
  /** Risks whose P95 of the measured values lies above the threshold of the time. */
  came: count,
  /** Risks that were stated as at risk. */
  stated: count,
  /** Stated, and came. */
  hits: count,
  /** Mean squared difference of probability and outcome; null without probabilities. */
  brier: z.number().nullable(),
  /** Mean absolute error of the P95 median, in the metrics' units; null without. */
  p95_error: z.number().nullable(),
})
export type OutcomeCheck = z.infer<typeof outcomeCheckSchema>

const historyRunSchema = z.object({
  folder: z.string(),
  run_id: z.string(),
  analyzed_at: instant,
  horizon: z.object({ start: instant, end: instant }),
  servers: count,
  at_risk: count,
  /** Of them not at risk in the run before; null in the first run. */
  new_at_risk: count.nullable(),
  /** At risk in the run before, no longer; null in the first run. */
  cleared: count.nullable(),
  /** Servers of the whole fleet, counted over simulated paths. Null in runs without probabilities. `low`, `high`: 90 % interval. */
  at_risk_range: z.object({ expected_servers: z.number(), low: z.number(), high: z.number() }).nullable(),
  underutilized: count,
  savings_usd: z.number().nullable(),
  /** Null where no later run measured the whole horizon of any risk. */
  outcome: outcomeCheckSchema.nullable(),
})
export type HistoryRun = z.infer<typeof historyRunSchema>

const lastingRiskSchema = z.object({
  server_id: z.string(),
  /** Consecutive runs at risk up to the latest one, itself included. */
  runs: z.int().min(1),
  /** Start of the horizon of the first of them. */
  since: instant,
  probability: z.number().nullable(),
})

/** YYYY-MM-DD. */
const day = z.string()

const decidedSchema = z.object({ server_id: z.string(), recommendation: z.string() })
const byWhom = { decided_by: z.string(), decided_at: instant }

/** What came of the decisions that stand. */
export const followUpSchema = z.object({
  accepted: count,
  done: count,
  /** Dismissals that still hold. */
  dismissed: count,
  /** Dismissals whose date has passed: their recommendations are open again. */
  expired: count,
  /** Where planners differ. */
  conflicts: count,
  /** Accepted, still recommended by the latest run, and due before `as_of`. */
  overdue: z.array(
    decidedSchema.extend({
      /** YYYY-MM-DD: the date of the decision, or else the order date of the run that it was made in. */
      due: z.string(),
      ...byWhom,
    }),
  ),
  /** USD a month: cost of the servers in `left`. */
  realised_usd: z.number(),
  /** USD a month: cost of accepted servers that are still there, where a run recommends what was accepted. */
  promised_usd: z.number(),
  /** Accepted to retire or consolidate, and in the latest run no more; the most expensive first. */
  left: z.array(
    decidedSchema.extend({
      monthly_usd: z.number(),
      /** Start of the horizon of the first run without the server. */
      left_by: instant,
    }),
  ),
  /** Accepted additions: probability of the server when it was decided and in the latest run; the largest fall first. */
  risk: z.array(z.object({ server_id: z.string(), before: z.number(), now: z.number(), is_at_risk: z.boolean() })),
  /** Additions and watched servers that were dismissed, and whose P95 of what was measured over the horizon lay above the threshold. */
  breached: z.array(decidedSchema.extend({ reason: z.string(), ...byWhom })),
  /** All that stand, by server; withdrawn ones and those about servers of no run left out. */
  decisions: z.array(
    decidedSchema.extend({
      verdict: z.string(),
      reason: z.string(),
      until: day.nullable(),
      ...byWhom,
      is_expired: z.boolean(),
      is_conflict: z.boolean(),
    }),
  ),
})
export type FollowUp = z.infer<typeof followUpSchema>

export const emptyFollowUp: FollowUp = {
  accepted: 0,
  done: 0,
  dismissed: 0,
  expired: 0,
  conflicts: 0,
  overdue: [],
  realised_usd: 0,
  promised_usd: 0,
  left: [],
  risk: [],
  breached: [],
  decisions: [],
}

export const runHistorySchema = z.object({
  folder: z.string(),
  /** Of the plan that makes its runs, or else of the folder. */
  name: z.string(),
  time_zone: z.string(),
  /** Dates before this day have passed: never earlier than the first day of the latest forecast. */
  as_of: day,
  /** By start of the horizon, the earliest first. */
  runs: z.array(historyRunSchema),
  /** Servers at risk in the latest run, the longest lasting first, then the likeliest. */
  lasting: z.array(lastingRiskSchema),
  /** Orders of the latest run, neither dismissed nor done, that were due before `as_of`. */
  overdue_orders: count,
  /** These orders, the earliest first. */
  late_orders: z.array(z.object({ server_id: z.string(), order_by: day })),
  follow_up: followUpSchema,
  /** One plain sentence for each run of the folder that does not count, and for each change of what a figure means. */
  notes: z.array(z.string()),
})
export type RunHistory = z.infer<typeof runHistorySchema>

/** A history that the window asks for. */
export const historyRequestSchema = z.strictObject({
  /** Folder of the runs. */
  folder: z.string().min(1),
  /** Name of a run in it, whose fleet counts; null: the latest run. */
  fleetOf: z
    .string()
    .regex(/^[^/\\\0]+$/)
    .nullable(),
})
export type HistoryRequest = z.infer<typeof historyRequestSchema>

/** Rows of each list that the window shows. */
export const maxHistoryRows = 1000

/** A history with lists of at most `maxHistoryRows`, and how long they are. */
export const historyViewSchema = runHistorySchema.extend({
  /** `path`: of the run's folder. */
  runs: z.array(historyRunSchema.extend({ path: z.string() })),
  totals: z.object({
    lasting: count,
    /** At risk for `oldRuns` runs or more. */
    old: count,
    overdue: count,
    left: count,
    risk: count,
    /** Accepted additions whose probability fell. */
    fell: count,
    breached: count,
    decisions: count,
  }),
})
export type HistoryView = z.infer<typeof historyViewSchema>

// Key `events` of module_05_summary.json: per event the rows excluded from the past and its effect on the horizon.
import { z } from 'zod'

const count = z.int().min(0)
/** ISO 8601 UTC. */
const instant = z.string()

/** Maximum names in a list; `count` is the total. */
export const maxNamedServers = 1000
const serversSchema = z.object({ count, servers: z.array(z.string()) })

const riskStateSchema = z.object({
  /** Of the servers that the event affects; of the fleet in `together`. */
  at_risk_servers: count,
  /** The P95 with the least headroom, in its metric's unit, and its server. */
  least_headroom: z.object({ server_id: z.string(), metric: z.string(), value: z.number(), threshold: z.number() }).nullable(),
  /** Of servers at risk. */
  soonest_breach_at: instant.nullable(),
})
export type EventRiskState = z.infer<typeof riskStateSchema>

const scenarioSchema = z.object({
  /** Servers with a threshold whose horizon the event changes. */
  servers: count,
  before: riskStateSchema,
  after: riskStateSchema,
  pushed_over: serversSchema,
  saved: serversSchema,
})
export type EventScenario = z.infer<typeof scenarioSchema>

const exclusionSchema = z.object({
  /** Backtest rows of selected models, and the series they belong to. */
  rows: count,
  series: count,
  /** Mean of actual - predicted over those rows, by metric, in its unit. */
  effects: z.array(z.object({ metric: z.string(), rows: count, mean_error: z.number() })),
})

export const eventReportEntrySchema = z.object({
  /** Line of the events table. */
  line: count,
  from: instant,
  /** The first instant after it. */
  until: instant,
  /** As named in the table. */
  target: z.string(),
  metric: z.string().nullable(),
  effect: z.object({ amount: z.number(), unit: z.enum(['points', 'percent']) }).nullable(),
  note: z.string().nullable(),
  /** Servers with forecasts that it applies to. */
  servers: count,
  /** Null if no measured row was excluded. */
  left_out: exclusionSchema.nullable(),
  /** The effect of this event only; null if it affects no horizon. */
  scenario: scenarioSchema.nullable(),
})
export type EventReportEntry = z.infer<typeof eventReportEntrySchema>

/** Key `events` of module_05_summary.json. The run's figures do not include the scenario. */
export const eventReportSchema = z.object({
  events: z.array(eventReportEntrySchema),
  /** All future events combined; null if none affects the horizon. */
  together: scenarioSchema.nullable(),
})
export type EventReport = z.infer<typeof eventReportSchema>

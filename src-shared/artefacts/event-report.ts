// What an event ledger did to a run: per event what was left out of the past and what it would do to the horizon, with units.
import { z } from 'zod'

const count = z.int().min(0)
/** ISO 8601 UTC. */
const instant = z.string()

/** At most so many names; `count` tells all. */
export const maxNamedServers = 1000
const serversSchema = z.object({ count, servers: z.array(z.string()) })

const riskStateSchema = z.object({
  /** Of the servers that the event touches; of the fleet in `together`. */
  at_risk_servers: count,
  /** The P95 that leaves the least headroom, in its metric's unit, and its server. */
  least_headroom: z.object({ server_id: z.string(), metric: z.string(), value: z.number(), threshold: z.number() }).nullable(),
  /** Of servers at risk. */
  soonest_breach_at: instant.nullable(),
})
export type EventRiskState = z.infer<typeof riskStateSchema>

const scenarioSchema = z.object({
  /** Servers with a judged horizon value that the event changes. */
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
  /** Mean of actual - predicted over those rows: what the event added to the forecasts. By metric, in its unit. */
  effects: z.array(z.object({ metric: z.string(), rows: count, mean_error: z.number() })),
})

export const eventReportEntrySchema = z.object({
  /** Line of the events table. */
  line: count,
  from: instant,
  /** The first instant after it. */
  until: instant,
  /** As the table names them. */
  target: z.string(),
  metric: z.string().nullable(),
  effect: z.object({ amount: z.number(), unit: z.enum(['points', 'percent']) }).nullable(),
  note: z.string().nullable(),
  /** Servers of the set that it is about. */
  servers: count,
  /** Null where no measured row was left out. */
  left_out: exclusionSchema.nullable(),
  /** The event alone, on the forecasts; null where it touches no horizon. */
  scenario: scenarioSchema.nullable(),
})
export type EventReportEntry = z.infer<typeof eventReportEntrySchema>

/** Key `events` of module_05_summary.json. The run's own figures stay those of the forecasts; the scenario stands beside them. */
export const eventReportSchema = z.object({
  events: z.array(eventReportEntrySchema),
  /** All events to come at once; null where none touches the horizon. */
  together: scenarioSchema.nullable(),
})
export type EventReport = z.infer<typeof eventReportSchema>

// Key `events` of module_05_summary.json: per event the rows excluded from the past and its effect on the horizon.
import { z } from 'zod'

const count = z.int().min(0)
/** ISO 8601 UTC. */
const instant = z.string()

/** Maximum names in a list; `count` is the total. */
export const maxNamedServers = 1000
const serversSchema = z.object({
  count: count.describe('number of servers'),
  servers: z.array(z.string()).describe('their names, at most 1,000'),
})

const riskStateSchema = z.object({
  at_risk_servers: count.describe('number of affected servers; of the fleet in `together`'),
  /** The P95 with the least headroom, in its metric's unit, and its server. */
  least_headroom: z
    .object({
      server_id: z.string().describe('server with the least headroom'),
      metric: z.string().describe('its metric'),
      value: z.number().describe("its P95, in the metric's unit"),
      threshold: z.number().describe("its threshold, in the metric's unit"),
    })
    .nullable(),
  soonest_breach_at: instant.nullable().describe('first breach of the servers at risk, UTC'),
})
export type EventRiskState = z.infer<typeof riskStateSchema>

const scenarioSchema = z.object({
  servers: count.describe('number of servers with a changed horizon'),
  before: riskStateSchema,
  after: riskStateSchema,
  pushed_over: serversSchema,
  saved: serversSchema,
})
export type EventScenario = z.infer<typeof scenarioSchema>

const exclusionSchema = z.object({
  rows: count.describe('number of excluded backtest rows'),
  series: count.describe('number of series behind them'),
  /** Mean of actual - predicted over those rows, by metric, in its unit. */
  effects: z.array(
    z.object({
      metric: z.string().describe('name of the metric'),
      rows: count.describe('number of rows'),
      mean_error: z.number().describe("mean of actual − predicted, in the metric's unit"),
    }),
  ),
})

export const eventReportEntrySchema = z.object({
  line: count.describe('line of the events table'),
  from: instant.describe('first instant, UTC'),
  until: instant.describe('first instant after the event, UTC'),
  target: z.string().describe('target as named in the table'),
  metric: z.string().nullable().describe('metric; empty for all'),
  effect: z
    .object({
      amount: z.number().describe('size of the effect'),
      unit: z.enum(['points', 'percent']).describe('points or percent'),
    })
    .nullable(),
  note: z.string().nullable().describe('note of the table'),
  servers: count.describe('number of servers with forecasts'),
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

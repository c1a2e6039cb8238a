// The event calendar that a planner saves with a run: its lines as in an events table, and the effect of each on the run.
import { z } from 'zod'
import { eventReportSchema } from '../artefacts/event-report.ts'
import { eventLineSchema } from '../run/event-line.ts'

/** Columns of an events table. */
export const eventColumns = ['from', 'to', 'servers', 'group', 'metric', 'effect', 'note'] as const
export type EventColumn = (typeof eventColumns)[number]

/** Maximum number of events in a calendar. */
export const maxEvents = 1000

export const saveEventsRequestSchema = z.strictObject({ folder: z.string().min(1), lines: z.array(eventLineSchema).max(maxEvents) })

export const eventCalendarSchema = z.object({
  lines: z.array(eventLineSchema),
  /** Entry i is for line i; scenarios use the calendar as it is now, `left_out` as the run applied it. */
  report: eventReportSchema,
  /** Whether the run was analysed with line i. */
  applied: z.array(z.boolean()),
  /** Why the run cannot have an event calendar; null where it can. */
  unavailableReason: z.string().nullable(),
})
export type EventCalendarView = z.infer<typeof eventCalendarSchema>

export const serverEventsRequestSchema = z.strictObject({ folder: z.string().min(1), serverId: z.string().min(1) })

/** The events of one server. */
export const serverEventsSchema = z.object({
  events: z.array(z.object({ note: z.string(), metric: z.string().nullable(), fromMs: z.number(), untilMs: z.number() })),
  /** The forecast with all events to come, by metric, in its unit; metrics that none changes are absent. */
  adjustedForecasts: z.array(z.object({ metric: z.string(), timesMs: z.instanceof(Float64Array), forecast: z.instanceof(Float32Array) })),
})
export type ServerEvents = z.infer<typeof serverEventsSchema>

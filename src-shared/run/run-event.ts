// Events of a running analysis, for the terminal, JSON lines, cloud log and window.
import { z } from 'zod'
import { eventLineSchema } from './event-line.ts'
import { wireErrorSchema } from './errors.ts'

export const warningSchema = z.object({
  code: z.string(),
  /** One plain sentence. */
  message: z.string(),
  /** Number of series, rows or servers affected. */
  count: z.int().optional(),
  examples: z.array(z.string()).optional(),
  /** Events that would explain what is warned of: the window offers them. */
  events: z.array(eventLineSchema).optional(),
})
export type RunWarning = z.infer<typeof warningSchema>

export const runCountsSchema = z.object({
  rows: z.int(),
  total_servers: z.int(),
  at_risk_servers: z.int(),
  underutilized_servers: z.int(),
  /** Servers gone silent: without a recent measurement, never at risk. 0 in runs of older versions. */
  silent_servers: z.int().default(0),
  series: z.int(),
  models: z.int(),
})
export type RunCounts = z.infer<typeof runCountsSchema>

export const runEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), run_id: z.string(), inputs: z.array(z.string()) }),
  z.object({
    type: z.literal('step'),
    /** Short label, such as "Selecting models". */
    label: z.string(),
    /** Completed share, 0..1; never falls. */
    progress: z.number().min(0).max(1),
  }),
  z.object({ type: z.literal('warning'), warning: warningSchema }),
  z.object({ type: z.literal('finished'), folder: z.string(), counts: runCountsSchema, seconds: z.number() }),
  z.object({ type: z.literal('cancelled') }),
  z.object({ type: z.literal('failed'), error: wireErrorSchema }),
])
export type RunEvent = z.infer<typeof runEventSchema>

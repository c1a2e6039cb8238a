// What a running analysis says of itself: one union for the terminal, JSON lines, cloud log and window.
import { z } from 'zod'
import { wireErrorSchema } from './errors.ts'

export const warningSchema = z.object({
  code: z.string(),
  /** One plain sentence. */
  message: z.string(),
  /** How many series, rows or servers it concerns. */
  count: z.int().optional(),
  examples: z.array(z.string()).optional(),
})
export type RunWarning = z.infer<typeof warningSchema>

export const runCountsSchema = z.object({
  rows: z.int(),
  total_servers: z.int(),
  at_risk_servers: z.int(),
  underutilized_servers: z.int(),
  series: z.int(),
  models: z.int(),
})
export type RunCounts = z.infer<typeof runCountsSchema>

export const runEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), run_id: z.string(), inputs: z.array(z.string()) }),
  z.object({
    type: z.literal('step'),
    /** Short sentence in the present: "Selecting models". */
    label: z.string(),
    /** Share of the whole done, 0..1, never falling. */
    progress: z.number().min(0).max(1),
  }),
  z.object({ type: z.literal('warning'), warning: warningSchema }),
  z.object({ type: z.literal('finished'), folder: z.string(), counts: runCountsSchema, seconds: z.number() }),
  z.object({ type: z.literal('cancelled') }),
  z.object({ type: z.literal('failed'), error: wireErrorSchema }),
])
export type RunEvent = z.infer<typeof runEventSchema>

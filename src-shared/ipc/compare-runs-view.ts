// What the window shows of two compared runs and of a reconciliation: the whole findings, lists cut to what can be read.
import { z } from 'zod'
import { runComparisonSchema } from './run-comparison.ts'

/** Most changes, added and removed series that cross to the window; the counts beside them are whole. */
export const maxListed = 5000

export const compareRequestSchema = z.strictObject({ earlier: z.string().min(1), later: z.string().min(1) })
export type CompareRequest = z.infer<typeof compareRequestSchema>

export const compareResponseSchema = runComparisonSchema.extend({
  /** How many changes there are; `changes` holds the first of them. */
  totalChanges: z.int().min(0),
})
export type CompareResponse = z.infer<typeof compareResponseSchema>

export const reconcileRequestSchema = z.strictObject({ folder: z.string().min(1) })

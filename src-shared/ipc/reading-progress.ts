// How far a long reading of run folders is.
import { z } from 'zod'

export const readingProgressSchema = z.object({
  /** What is done now, such as "Reading the forecasts". */
  label: z.string(),
  /** Of all steps, 0..1. */
  share: z.number().min(0).max(1),
})
export type ReadingProgress = z.infer<typeof readingProgressSchema>

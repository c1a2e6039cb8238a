// What a process asks of a database in a process of its own, and what that answers.
import { z } from 'zod'
import { wireErrorSchema } from '../../src-shared/run/errors.ts'

/** How the other process opens its database; an argument of its command line, as JSON. */
export const backgroundOptionsSchema = z.object({
  threads: z.int().positive(),
  /** As DuckDB writes it, such as "200000000B". */
  memoryLimit: z.string(),
  spillFolder: z.string(),
})
export type BackgroundOptions = z.infer<typeof backgroundOptionsSchema>

/** A statement; those of one connection run in turn. */
export const backgroundRequestSchema = z.object({
  id: z.int(),
  connection: z.int().nonnegative(),
  sql: z.string(),
  /** Whether the rows are wanted. */
  isQuery: z.boolean(),
})
export type BackgroundRequest = z.infer<typeof backgroundRequestSchema>

export const backgroundAnswerSchema = z.union([
  z.object({ id: z.int(), rows: z.array(z.unknown()) }),
  z.object({ id: z.int(), error: wireErrorSchema }),
])
export type BackgroundAnswer = z.infer<typeof backgroundAnswerSchema>

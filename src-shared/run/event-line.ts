// A line of an events table, each field as text.
import { z } from 'zod'

const field = z.string().max(100_000)

/** Empty where the event states nothing; `servers` or `group` says whom it is about. */
export const eventLineSchema = z.strictObject({
  from: field,
  to: field,
  servers: field,
  group: field,
  metric: field,
  effect: field,
  note: field,
})
export type EventLine = z.infer<typeof eventLineSchema>

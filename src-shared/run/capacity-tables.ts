// A planner's tables about capacity, by the option that names them on the command line.
import { z } from 'zod'

const path = z.string().min(1)

export const capacityTableKinds = ['projects', 'drivers', 'catalogue'] as const
export const companionTableKinds = ['servers', 'events', ...capacityTableKinds] as const
export const capacityTablesSchema = z.strictObject({ projects: path.optional(), drivers: path.optional(), catalogue: path.optional() })
/** What a planner states next to the forecasts. */
export const companionTablesSchema = capacityTablesSchema.extend({ servers: path.optional(), events: path.optional() })
export type CompanionTableFiles = z.infer<typeof companionTablesSchema>
export type CapacityTableFiles = z.infer<typeof capacityTablesSchema>

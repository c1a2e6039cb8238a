// A planner's tables about capacity, by the option that names them on the command line.
import { z } from 'zod'

const path = z.string().min(1)

export const capacityTableKinds = ['projects', 'drivers', 'catalogue'] as const
export const capacityTablesSchema = z.strictObject({ projects: path.optional(), drivers: path.optional(), catalogue: path.optional() })
export type CapacityTableFiles = z.infer<typeof capacityTablesSchema>

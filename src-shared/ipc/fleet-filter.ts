// The filter that every view shares: which servers of a run are looked at. An empty list or text lets everything through.
import { z } from 'zod'
import { recommendationKinds, recommendationKindSchema } from '../artefacts/server-risk.ts'

/** What may be asked of a server's risk; any of the chosen lets it through. */
export const riskFilters = ['at-risk', 'high', 'medium', 'low', 'breach', 'underutilised'] as const
export const riskFilterSchema = z.enum(riskFilters)
export type RiskFilter = z.infer<typeof riskFilterSchema>

const groupNames = z.array(z.string()).max(1000)

/** Servers that can be picked by hand. */
export const maxPickedServers = 20_000

export const fleetFilterSchema = z.strictObject({
  /** Words that must all occur in the server's name, groups, cluster, model or recommendation; case does not matter. */
  text: z.string().max(200),
  /** Names of groups; "" means servers without one. */
  business_unit: groupNames,
  region: groupNames,
  criticality: groupNames,
  risk: z.array(riskFilterSchema).max(riskFilters.length),
  cluster: z.array(z.int().min(0)).max(100),
  recommendation: z.array(recommendationKindSchema).max(recommendationKinds.length),
  /** Servers picked by hand, for instance with the lasso. */
  servers: z.array(z.string()).max(maxPickedServers),
})
export type FleetFilter = z.infer<typeof fleetFilterSchema>

export const noFilter: FleetFilter = {
  text: '',
  business_unit: [],
  region: [],
  criticality: [],
  risk: [],
  cluster: [],
  recommendation: [],
  servers: [],
}

export const isFilterActive = (filter: FleetFilter): boolean =>
  Object.values(filter).some((value: string | readonly unknown[]) => value.length > 0)

export const groupColumns = ['business_unit', 'region', 'criticality'] as const
export type GroupColumn = (typeof groupColumns)[number]

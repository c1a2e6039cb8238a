// Consolidation host by host: which servers move where, and what each host then carries.
import { z } from 'zod'
import type { ColumnKind } from '../artefacts/server-columns.ts'
import { columnFiltersSchema, filteredRequestSchema, maxPageSize } from './fleet-view.ts'

const count = z.int().min(0)

/** Columns of the list of hosts; each can be filtered. */
export const hostColumnKinds = {
  host: 'text',
  servers: 'count',
  consolidated_servers: 'text',
  load_p90: 'value',
  share_above_target: 'share',
  monthly_savings_usd: 'usd',
} as const satisfies Record<string, ColumnKind>
export const hostColumns = Object.keys(hostColumnKinds) as (keyof typeof hostColumnKinds)[]

export const packingRequestSchema = filteredRequestSchema.extend({
  columnFilters: columnFiltersSchema(z.enum(hostColumns)),
  offset: count,
  limit: z.int().min(0).max(maxPageSize),
})
export type PackingRequest = z.infer<typeof packingRequestSchema>

export const packingPageSchema = z.object({
  /** Hosts that take servers over and pass the filter. */
  total: count,
  /** The most saving first. */
  rows: z.array(
    z.object({
      host: z.string(),
      consolidatedServers: z.array(z.string()),
      monthly_savings_usd: z.number(),
      /** Highest load in the horizon on nine of ten paths, percent of capacity; share of paths above the target, 0..1. Null where not known. */
      load_p90: z.number().nullable(),
      share_above_target: z.number().nullable(),
    }),
  ),
})
export type PackingPage = z.infer<typeof packingPageSchema>

export const hostLoadRequestSchema = z.strictObject({ folder: z.string().min(1), host: z.string().min(1) })
export type HostLoadRequest = z.infer<typeof hostLoadRequestSchema>

/** Demand on a host after consolidation, by the metric that fills it most; shares are percent of the host's capacity. */
export const hostLoadSchema = z.object({
  host: z.string(),
  metric: z.string(),
  /** What the host may be filled up to, percent. */
  target: z.number(),
  timesMs: z.instanceof(Float64Array),
  currentLoad: z.instanceof(Float64Array),
  consolidatedLoad: z.instanceof(Float64Array),
  /** The fullest time, and what each server takes then; the host first, the others by what they take. */
  peakMs: z.number(),
  members: z.array(z.object({ server_id: z.string(), share: z.number() })),
  /**
   * What the placement decided by: quantiles over the simulated paths of the highest load in the horizon, percent of the host's capacity, and the
   * share of the paths above the target, 0..1. Null where the run does not know it.
   */
  paths: z.object({ p50: z.number(), p90: z.number(), aboveTarget: z.number() }).nullable(),
})
export type HostLoad = z.infer<typeof hostLoadSchema>

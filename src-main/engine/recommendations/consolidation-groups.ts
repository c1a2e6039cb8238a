// Which servers may be retired or take part in a consolidation, by business unit, region and criticality.
import type { Database } from '../../database/database.ts'
import { groupKey, readGroupMembers, recommendByRisk } from './fleet-servers.ts'

/** A group of two servers or more keeps two, retired ones included; a smaller one keeps all. */
export const maxRemovalsOf = (servers: number): number => Math.max(0, servers - 2)

/** An idle server that is not at risk. */
export interface Candidate {
  readonly serverId: string
  readonly capacityUnits: number
  readonly monthlyCostUsd: number
  /** Highest measured demand of its metrics in percent, in capacity units; that of the forecast where nothing was measured. */
  readonly peakUnits: number
  /** Mean of its forecasts, in capacity units. */
  readonly meanUnits: number
  /** Whether it may move; others may only take servers over. */
  readonly mayMove: boolean
  /** Whether its demand is known on paths. */
  readonly hasPaths: boolean
}

/** Servers that may share hosts, by falling peak; ties by mean, then by name. */
export interface ConsolidationGroup {
  readonly candidates: readonly Candidate[]
  readonly maxRemovals: number
}

export interface ConsolidationGroups {
  readonly groups: readonly ConsolidationGroup[]
  /** Servers to retire. */
  readonly retired: ReadonlySet<string>
  /** What they cost in a month. */
  readonly retiredUsd: number
}

interface Members {
  count: number
  readonly candidates: Candidate[]
  readonly retirable: Candidate[]
}

export const byFallingPeak = (a: Candidate, b: Candidate): number =>
  b.peakUnits - a.peakUnits || b.meanUnits - a.meanUnits || (a.serverId < b.serverId ? -1 : 1)

/** Candidates of a part of a group, about. */
const partSize = 2000

/**
 * Groups of about `max` candidates together, for what a part of a large fleet tells as well: a large group is divided into parts with every so
 * many of its ranks, and of all parts by size every so many are taken. All groups where they have no more than `max`.
 */
export const sampleGroups = (groups: readonly ConsolidationGroup[], max: number): readonly ConsolidationGroup[] => {
  const all = groups.reduce((sum, { candidates }) => sum + candidates.length, 0)
  if (all <= max) return groups
  const parts = groups
    .flatMap((group) => divideGroup(group, Math.ceil(group.candidates.length / partSize)))
    .sort((a, b) => b.candidates.length - a.candidates.length || peakOf(b) - peakOf(a))
  const chosen = Math.ceil((parts.length * max) / all)
  return Array.from({ length: chosen }, (_, index) => parts[Math.floor(((index + 0.5) * parts.length) / chosen)]!)
}

const peakOf = ({ candidates }: ConsolidationGroup): number => candidates[0]?.peakUnits ?? 0

const divideGroup = ({ candidates, maxRemovals }: ConsolidationGroup, parts: number): ConsolidationGroup[] =>
  Array.from({ length: parts }, (_, part) => ({
    candidates: candidates.filter((_, rank) => rank % parts === part),
    maxRemovals: Math.floor(maxRemovals / parts),
  }))

/** Reads `fleet_servers`. */
export const findConsolidationGroups = async (database: Database): Promise<ConsolidationGroups> => {
  const groups = new Map<string, Members>()
  for await (const page of readGroupMembers(database)) {
    for (const server of page) {
      const members = groups.get(groupKey(server)) ?? { count: 0, candidates: [], retirable: [] }
      groups.set(groupKey(server), members)
      members.count++
      const risk = recommendByRisk(server)
      if (risk === 'add capacity' || !(server.is_underutilized || server.is_retirable)) continue
      const candidate = {
        serverId: server.server_id,
        capacityUnits: server.capacity_units,
        monthlyCostUsd: server.monthly_cost_usd,
        peakUnits: ((server.measured_peak ?? server.horizon_peak ?? 0) / 100) * server.capacity_units,
        meanUnits: ((server.horizon_mean ?? 0) / 100) * server.capacity_units,
        mayMove: risk === null,
        hasPaths: server.has_paths,
      }
      if (risk === null && server.is_retirable) members.retirable.push(candidate)
      else members.candidates.push(candidate)
    }
  }
  const retired = new Set<string>()
  let retiredUsd = 0
  const consolidationGroups = [...groups.values()].flatMap(({ count, candidates, retirable }) => {
    const removable = maxRemovalsOf(count)
    // The quietest go first; what the group must keep stays.
    const leaving = retirable.sort(byFallingPeak).slice(Math.max(0, retirable.length - removable))
    for (const { serverId, monthlyCostUsd } of leaving) {
      retired.add(serverId)
      retiredUsd += monthlyCostUsd
    }
    const maxRemovals = removable - leaving.length
    return maxRemovals > 0 && candidates.length > 1 ? [{ candidates: candidates.sort(byFallingPeak), maxRemovals }] : []
  })
  return { groups: consolidationGroups, retired, retiredUsd }
}

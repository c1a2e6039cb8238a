// What hosts can carry, when the demand of their members exceeds it, and what projects add to that demand (analysis definition, section 13).
import { exceededByShare } from './running-quantiles.ts'

export interface CapacityRules {
  /** Hosts that may fail. */
  readonly reserve_hosts: number
  /** Percent of the remaining capacity that stays free. */
  readonly reserve_percent: number
  /** Percent of the usable capacity that the demand may reach. */
  readonly capacity_target: number
}

/** Capacity less the largest hosts that may fail, less the share that stays free. */
export const usableCapacity = (
  hosts: readonly number[],
  { reserve_hosts: lost, reserve_percent: free }: Omit<CapacityRules, 'capacity_target'>,
): number => {
  const kept = [...hosts].sort((a, b) => a - b).slice(0, Math.max(0, hosts.length - lost))
  return kept.reduce((sum, capacity) => sum + capacity, 0) * (1 - free / 100)
}

/** Hosts of `size` to add, so that `demand` stays within the target of what is usable; the largest hosts are the reserve already. */
export const countHostsToBuy = (
  demand: number,
  usable: number,
  size: number,
  { reserve_percent: free, capacity_target: target }: Omit<CapacityRules, 'reserve_hosts'>,
): number => Math.max(0, Math.ceil((demand / (target / 100) - usable) / (size * (1 - free / 100)) - 1e-9))

/** Of equally common sizes the largest. */
export const commonestSize = (sizes: readonly number[]): number => {
  const counts = new Map<number, number>()
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1)
  return [...counts].reduce((best, entry) => (entry[1] > best[1] || (entry[1] === best[1] && entry[0] > best[0]) ? entry : best))[0]
}

/** Demand that a project adds to a cluster or host. */
export interface ProjectDemand {
  /** In the unit of the group's capacity; below 0 for what goes away. */
  readonly units: number
  /** Milliseconds UTC. */
  readonly fromMs: number
  /** The first instant after it; infinite where it stays. */
  readonly untilMs: number
  /** 0..1. */
  readonly probability: number
}

/** Every project's paths are spread alike over all of them. */
const happensOn = (path: number, probability: number): boolean =>
  Math.floor((path + 1) * probability + 1e-9) > Math.floor(path * probability + 1e-9)

/** Demand by path and time. `times`: milliseconds UTC; `sums`: path after path. */
export interface DemandPaths {
  readonly times: readonly number[]
  readonly sums: Float64Array
}

/** The demand with the units of the projects. */
export const addProjects = ({ times, sums }: DemandPaths, projects: readonly ProjectDemand[]): Float64Array => {
  const demand = sums.slice()
  const paths = sums.length / times.length
  for (const { units, fromMs, untilMs, probability } of projects) {
    for (let path = 0; path < paths; path++) {
      if (!happensOn(path, probability)) continue
      times.forEach((time, step) => {
        if (time >= fromMs && time < untilMs) demand[path * times.length + step]! += units
      })
    }
  }
  return demand
}

/** Highest demand so far that half, and a tenth, of the paths exceed. */
export interface DemandCurves {
  readonly p50: Float64Array
  readonly p90: Float64Array
}

const shareP50 = 0.5
const shareP90 = 0.1

export const demandCurves = (sums: Float64Array, steps: number): DemandCurves => {
  const [p50, p90] = exceededByShare(sums, steps, [shareP50, shareP90]) as [Float64Array, Float64Array]
  return { p50, p90 }
}

/** When a curve first lies above the limit, ISO 8601 UTC; null where it never does, or the limit is not known. */
export const firstAbove = (curve: Float64Array, limit: number | null, times: readonly number[]): string | null => {
  const step = limit === null ? -1 : curve.findIndex((demand) => demand > limit)
  return step < 0 ? null : new Date(times[step]!).toISOString()
}

const dayMs = 86_400_000

const movedDays = (before: string | null, after: string | null): number | null =>
  before === null || after === null ? null : (Date.parse(after) - Date.parse(before)) / dayMs

/** The runway of a group without and with a project, and the days in between. */
export interface ProjectMovement {
  readonly runway_p50_without: string | null
  readonly runway_p50_with: string | null
  readonly runway_p90_without: string | null
  readonly runway_p90_with: string | null
  readonly moved_days_p50: number | null
  readonly moved_days_p90: number | null
}

/** `demand`: of the members alone; `others`: projects that happen in any case. */
export const projectMovement = (
  demand: DemandPaths,
  limit: number | null,
  project: ProjectDemand,
  others: readonly ProjectDemand[],
): ProjectMovement => {
  const runways = (projects: readonly ProjectDemand[]): { readonly p50: string | null; readonly p90: string | null } => {
    if (demand.sums.length === 0) return { p50: null, p90: null }
    const { p50, p90 } = demandCurves(addProjects(demand, projects), demand.times.length)
    return { p50: firstAbove(p50, limit, demand.times), p90: firstAbove(p90, limit, demand.times) }
  }
  const [without, included] = [runways(others), runways([...others, project])]
  return {
    runway_p50_without: without.p50,
    runway_p50_with: included.p50,
    runway_p90_without: without.p90,
    runway_p90_with: included.p90,
    moved_days_p50: movedDays(without.p50, included.p50),
    moved_days_p90: movedDays(without.p90, included.p90),
  }
}

// What is stated of a cluster or host and metric, and of its projects, from the demand of its members by path and time.
import type { CapacityGroup, CapacityProject } from '../../../src-shared/artefacts/capacity.ts'
import { capacityUnits, type CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import {
  commonestSize,
  countHostsToBuy,
  demandCurves,
  firstAbove,
  projectMovement,
  usableCapacity,
  type CapacityRules,
  type DemandPaths,
} from '../../statistics/cluster-capacity.ts'
import type { Host, Member } from './host-groups.ts'
import type { Project } from './projects.ts'

/** A cluster or host, and a metric of its members. */
export interface GroupMembers {
  readonly kind: CapacityGroup['kind']
  readonly group: string
  readonly cluster: string | null
  readonly metric: string
  readonly hosts: readonly Host[]
  readonly members: readonly Member[]
}

export const isoTime = (ms: number): string => new Date(ms).toISOString()

/** `sums`: demand in the unit of the capacity, path after path; empty without a forecast. */
export const describeGroup = (
  { kind, group, cluster, metric, hosts, members }: GroupMembers,
  { times, sums }: DemandPaths,
  column: CapacityColumn,
  isKnown: (member: Member) => boolean,
  rules: CapacityRules,
): CapacityGroup => {
  const sizes = hosts.map(({ capacities }) => capacities[column])
  const isCapacityKnown = sizes.length > 0 && !sizes.some(Number.isNaN)
  // A single host does not fail by itself.
  const usable = isCapacityKnown ? usableCapacity(sizes, kind === 'host' ? { ...rules, reserve_hosts: 0 } : rules) : null
  const limit = usable === null ? null : (usable * rules.capacity_target) / 100
  const { p50, p90 } = demandCurves(sums, times.length)
  const hasDemand = sums.length > 0
  const size = isCapacityKnown ? commonestSize(sizes) : null
  const demandP90 = hasDemand ? p90.at(-1)! : null
  return {
    kind,
    group,
    cluster,
    metric,
    unit: capacityUnits[column],
    capacity_column: column,
    hosts: hosts.length,
    members: members.length,
    unknown_members: members.filter((member) => !isKnown(member)).length,
    capacity: isCapacityKnown ? sizes.reduce((sum, capacity) => sum + capacity, 0) : null,
    usable,
    limit,
    allocated: members.reduce((sum, { capacity }) => sum + (Number.isNaN(capacity) ? 0 : capacity), 0),
    demand_p50: hasDemand ? p50.at(-1)! : null,
    demand_p90: demandP90,
    runway_p50: hasDemand ? firstAbove(p50, limit, times) : null,
    runway_p90: hasDemand ? firstAbove(p90, limit, times) : null,
    host_size: size,
    hosts_to_buy:
      kind === 'host' || usable === null || size === null || demandP90 === null ? null : countHostsToBuy(demandP90, usable, size, rules),
    is_limiting: false,
    demand_dates: hasDemand ? times.map(isoTime) : [],
    demand_p50_by: hasDemand ? [...p50] : [],
    demand_p90_by: hasDemand ? [...p90] : [],
  }
}

/** By how much a project moves the runway of its group, among the committed ones. `demand`: of the members alone. */
export const describeProject = (
  project: Project,
  { limit }: CapacityGroup,
  demand: DemandPaths,
  committed: readonly Project[],
): CapacityProject => {
  const { name, status, group, metric, units, from, to, probability } = project
  return {
    name,
    status,
    group,
    metric,
    units,
    from,
    to,
    probability,
    ...projectMovement(
      demand,
      limit,
      project,
      committed.filter((other) => other !== project),
    ),
  }
}

// Whether hosts would have held: members placed by the forecasts of backtest windows, counted on what was measured there.
import type { PlacementCheck } from '../../../src-shared/artefacts/recommendations.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import { maximumOf } from '../../statistics/percentile.ts'
import { tolerance } from '../../statistics/place-servers.ts'
import { JointPaths } from '../breach/joint-paths.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import type { StepRange } from '../breach/residual-runs.ts'
import {
  findWindows,
  readWindowServers,
  tuneAcceptedShare,
  type MeasuredHosts,
  type WindowSeries,
} from '../recommendations/check-placement.ts'
import type { Host, Member } from './host-groups.ts'
import { MemberPaths } from './member-paths.ts'
import {
  ClusterDemand,
  describePlaceable,
  placeCluster,
  type ClusterPlacing,
  type DemandMemory,
  type PlaceableCluster,
  type PlacedCluster,
} from './place-cluster.ts'

/** Older windows count, and more clusters, until there are so many hosts. */
const enoughHosts = 100

export interface ClusterMembers {
  readonly cluster: string
  readonly hosts: readonly Host[]
  readonly members: readonly Member[]
}

interface PlacementWindow {
  readonly demands: readonly ClusterPlacing[]
  readonly seriesOf: ReadonlyMap<number, WindowSeries>
}

/** Share of `consolidation_risk` to place members with, and whether it holds. */
export const checkMemberPlacement = async (
  task: SimulationTask,
  config: AnalysisConfig,
  columns: ReadonlyMap<string, CapacityColumn>,
  clusters: readonly ClusterMembers[],
  memory: DemandMemory,
  signal: AbortSignal | undefined,
): Promise<PlacementCheck> => {
  const chosen = firstWithHosts(clusters)
  const servers = new Set(chosen.flatMap(({ members }) => members.map(({ serverId }) => serverId)))
  const target = config.capacity_target / 100
  const openWindow = (range: StepRange): PlacementWindow => {
    const found = [...readWindowServers(task, range, { chosen: servers }).values()].flatMap(({ series }) => series)
    const seriesOf = new Map(found.map((series) => [task.series.seriesIds[series.position]!, series]))
    const forecasts = new Map([...seriesOf].map(([id, series]) => [id, { ...series, slots: series.times }]))
    const times = Array.from({ length: range.to - range.from + 1 }, (_, step) => step)
    const paths = new MemberPaths(JointPaths.overWindow(task, range), times, forecasts)
    // Several shares are tried on the same paths.
    const demands = chosen.flatMap(({ cluster, hosts, members }) => {
      const placeable = describePlaceable(cluster, hosts, members, columns, paths)
      if (placeable === null || placeable === 'too large') return []
      const demand = new ClusterDemand(placeable, paths, memory)
      demand.collectAll()
      return [{ placeable, demand }]
    })
    return { demands, seriesOf }
  }
  const windows: PlacementWindow[] = []
  const check = await tuneAcceptedShare(
    task,
    findWindows(task),
    config.consolidation_risk,
    enoughHosts,
    async (range, age, acceptedShare) => {
      const { demands, seriesOf } = (windows[age] ??= openWindow(range))
      const counted = { hosts: 0, above: 0 }
      for (const { placeable, demand } of demands) {
        const placed = await placeCluster(placeable, demand, { target, acceptedShare }, signal)
        const measured = countMeasured(placeable, placed, seriesOf, target)
        counted.hosts += measured.hosts
        counted.above += measured.above
      }
      return counted
    },
  )
  memory.release()
  return check
}

const firstWithHosts = (clusters: readonly ClusterMembers[]): readonly ClusterMembers[] => {
  let hosts = 0
  return clusters.filter(({ hosts: own }) => {
    const isWanted = hosts < enoughHosts
    hosts += own.length
    return isWanted
  })
}

/** Hosts with members, further ones too, and those above the target at some time in some resource. */
const countMeasured = (
  { hosts, size, members }: PlaceableCluster,
  { placement }: PlacedCluster,
  seriesOf: ReadonlyMap<number, WindowSeries>,
  target: number,
): MeasuredHosts => {
  const byName = new Map(members.map((member) => [member.name, member]))
  const loads = [
    ...placement.hosts().map(({ members: held }, index) => ({ held, capacities: hosts[index]!.capacities })),
    ...placement.added().map((held) => ({ held, capacities: size })),
  ].filter(({ held }) => held.length > 0)
  const isAbove = ({ held, capacities }: (typeof loads)[number]): boolean => {
    const sums = capacities.map((): Float64Array | null => null)
    for (const { seriesId, resource, capacity } of held.flatMap((name) => byName.get(name)!.series)) {
      const { measured } = seriesOf.get(seriesId)!
      const sum = (sums[resource] ??= new Float64Array(measured.length))
      measured.forEach((value, step) => (sum[step]! += (Math.max(0, value) / 100) * capacity))
    }
    return sums.some((sum, resource) => sum !== null && maximumOf(sum) > capacities[resource]! * target * (1 + tolerance))
  }
  return { hosts: loads.length, above: loads.filter(isAbove).length }
}

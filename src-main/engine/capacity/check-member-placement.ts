// Whether hosts would have held: members placed by the forecasts of backtest windows, counted on what was measured there.
import type { PlacementCheck } from '../../../src-shared/artefacts/recommendations.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import { upperLimitOfCount } from '../../statistics/binomial.ts'
import { maximumOf } from '../../statistics/percentile.ts'
import { tolerance } from '../../statistics/place-servers.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import type { StepRange } from '../breach/residual-runs.ts'
import {
  acceptedSharesOf,
  findWindows,
  isWithinAllowed,
  readWindowServers,
  tuneAcceptedShare,
  type MeasuredHosts,
  type WindowSeries,
} from '../recommendations/check-placement.ts'
import type { Host, Member } from './host-groups.ts'
import { MemberForecasts } from './member-paths.ts'
import type { ClusterPool } from './cluster-pool.ts'
import type { PlacedMembers } from './cluster-work.ts'
import { describePlaceable, type PlaceableCluster } from './place-cluster.ts'

/** Older windows count, and more clusters, until there are so many hosts. */
const enoughHosts = 100

/** The few hosts of a fleet tell less than many servers. Where they could show nothing, even with none above, they count as those do. */
const isWithinSmall = (above: number, allowed: number): boolean =>
  allowed < upperLimitOfCount(0) ? isWithinAllowed(above, allowed) : upperLimitOfCount(above) <= allowed

export interface ClusterMembers {
  readonly cluster: string
  readonly hosts: readonly Host[]
  readonly members: readonly Member[]
}

/** Share of `consolidation_risk` to place members with, and whether it holds. */
export const checkMemberPlacement = async (
  task: SimulationTask,
  config: AnalysisConfig,
  columns: ReadonlyMap<string, CapacityColumn>,
  clusters: readonly ClusterMembers[],
  pool: ClusterPool,
): Promise<PlacementCheck> => {
  const chosen = firstWithHosts(clusters)
  const servers = new Set(chosen.flatMap(({ members }) => members.map(({ serverId }) => serverId)))
  const target = config.capacity_target / 100
  const risk = config.consolidation_risk
  const acceptedShares = acceptedSharesOf(risk)
  const rules = acceptedShares.map((acceptedShare) => ({ target, acceptedShare }))
  /** By accepted share. Each cluster is drawn once, since the demand of several may not fit into memory. */
  const countWindow = async (range: StepRange): Promise<ReadonlyMap<number, MeasuredHosts>> => {
    const found = [...readWindowServers(task, range, { chosen: servers }).values()].flatMap(({ series }) => series)
    const seriesOf = new Map(found.map((series) => [task.series.seriesIds[series.position]!, series]))
    const times = Array.from({ length: range.to - range.from + 1 }, (_, step) => step)
    const forecasts = new MemberForecasts(
      times,
      new Map(
        [...seriesOf].map(([id, { position, forecast, maxMeasured, times: slots }]) => [id, { position, forecast, maxMeasured, slots }]),
      ),
    )
    const placeables = chosen.flatMap(({ cluster, hosts, members }) => {
      const placeable = describePlaceable(cluster, hosts, members, columns, forecasts)
      return placeable === null || placeable === 'too large' ? [] : [placeable]
    })
    const answers = await pool.ask(
      range,
      placeables.map((placeable) => {
        const members = placeable.members.flatMap(({ series }) => series)
        return { placement: { placeable, rules, times, forecasts: forecasts.pick(members) } }
      }),
    )
    const counts = new Map(acceptedShares.map((share) => [share, { hosts: 0, above: 0 }]))
    answers.forEach(({ placed }, cluster) =>
      placed!.forEach((plan, index) => {
        const { hosts: placedHosts, above } = countMeasured(placeables[cluster]!, plan, seriesOf, target)
        const counted = counts.get(acceptedShares[index]!)!
        counted.hosts += placedHosts
        counted.above += above
      }),
    )
    return counts
  }
  const windows: ReadonlyMap<number, MeasuredHosts>[] = []
  return tuneAcceptedShare(
    task,
    findWindows(task),
    risk,
    enoughHosts,
    async (range, age, acceptedShare) => {
      windows[age] ??= await countWindow(range)
      return windows[age].get(acceptedShare)!
    },
    isWithinSmall,
  )
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
  { hosts: placedHosts, added }: PlacedMembers,
  seriesOf: ReadonlyMap<number, WindowSeries>,
  target: number,
): MeasuredHosts => {
  const byName = new Map(members.map((member) => [member.name, member]))
  const loads = [
    ...placedHosts.map((held, index) => ({ held, capacities: hosts[index]!.capacities })),
    ...added.map((held) => ({ held, capacities: size })),
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

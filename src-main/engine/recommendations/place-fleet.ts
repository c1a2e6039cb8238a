// Places the idle servers of a fleet on joint paths under several rules at once (analysis definition, section 8).
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { Placement, type PlacedHost } from '../../statistics/place-servers.ts'
import { percentileOf } from '../../statistics/percentile.ts'
import { pathCount } from '../breach/simulate-paths.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import { readHorizonForecasts } from '../breach/horizon-file.ts'
import { layoutOf, type DemandSeries, type DemandServer } from './draw-demand.ts'
import { JointDemand, type DemandSource } from './joint-demand.ts'
import type { Candidate, ConsolidationGroup } from './consolidation-groups.ts'

/** How far hosts exceed on the paths: the mean over hosts of the share of their paths with a higher demand at some time. */
export class PlanRisk {
  hosts = 0
  readonly #target: number
  #aboveTarget = 0
  #above80 = 0
  #above100 = 0

  /** `target`: share of capacity. */
  constructor(target: number) {
    this.#target = target
  }

  add(host: PlacedHost): void {
    this.hosts++
    this.#aboveTarget += shareAbove(host, this.#target)
    this.#above80 += shareAbove(host, 0.8)
    this.#above100 += shareAbove(host, 1)
  }

  /** Null without a host. */
  shares(): { target: number | null; above80: number | null; above100: number | null } {
    const mean = (sum: number): number | null => (this.hosts === 0 ? null : sum / this.hosts)
    return { target: mean(this.#aboveTarget), above80: mean(this.#above80), above100: mean(this.#above100) }
  }
}

/** Share of a host's paths with a demand above this share of its capacity at some time. */
const shareAbove = ({ capacityUnits, maxima }: PlacedHost, share: number): number => {
  // Sums are in single precision.
  const limit = capacityUnits * share * (1 + 1e-5)
  let above = 0
  for (const maximum of maxima) if (maximum > limit) above++
  return above / maxima.length
}

/** What a host carries with the servers that it takes over: its highest load of each path. */
export interface HostLoad {
  /** Quantiles over the paths, percent of its capacity. */
  readonly p50: number
  readonly p90: number
  /** Share of the paths, 0..1. */
  readonly aboveTarget: number
}

/** `target`: share of capacity. */
export const measureHostLoad = (host: PlacedHost, target: number): HostLoad => {
  const sorted = Float64Array.from(host.maxima).sort()
  const quantile = (share: number): number => (100 * percentileOf(sorted, share)) / host.capacityUnits
  return { p50: quantile(0.5), p90: quantile(0.9), aboveTarget: shareAbove(host, target) }
}

export interface FleetPlan {
  /** Server -> target host. */
  readonly hostByServer: ReadonlyMap<string, string>
  /** Null where it is not known. */
  readonly risk: PlanRisk | null
  /** By host; empty where it is not known. */
  readonly hostLoads: ReadonlyMap<string, HostLoad>
}

/** A server in the order of placement. */
interface Turn {
  readonly group: number
  readonly candidate: Candidate
  readonly demand: DemandServer
  /** The previous run's host. */
  readonly preferred?: string
  readonly isHost: boolean
}

/** The demand of servers, by name. */
export interface FleetDemand {
  readonly joint: JointDemand
  readonly servers: ReadonlyMap<string, DemandServer>
}

/**
 * One plan per accepted share. A group's servers take their turns by falling peak; hosts of the previous run come first, each followed by the
 * servers that it held.
 */
export const placeFleet = async (
  groups: readonly ConsolidationGroup[],
  { joint, servers }: FleetDemand,
  acceptedShares: readonly number[],
  config: AnalysisConfig,
  previousHosts: ReadonlyMap<string, string>,
  signal: AbortSignal | undefined,
): Promise<FleetPlan[]> => {
  const target = config.consolidation_target / 100
  const turns = groups.flatMap(({ candidates }, group) =>
    orderTurns(candidates, servers, previousHosts).map((turn) => ({ ...turn, group })),
  )
  const plans = acceptedShares.map(() => ({
    hostByServer: new Map<string, string>(),
    risk: new PlanRisk(target),
    hostLoads: new Map<string, HostLoad>(),
  }))
  let placements: Placement[] = []
  const finishGroup = (): void =>
    placements.forEach((placement, index) => {
      const plan = plans[index]!
      placement.hostByServer.forEach((host, server) => plan.hostByServer.set(server, host))
      placement.finish().forEach((host) => {
        plan.risk.add(host)
        plan.hostLoads.set(host.serverId, measureHostLoad(host, target))
      })
    })
  let position = 0
  for await (const server of joint.read(
    turns.map(({ demand }) => demand),
    signal,
  )) {
    const { group, preferred, isHost } = turns[position]!
    if (position === 0 || turns[position - 1]!.group !== group) {
      finishGroup()
      const { maxRemovals } = groups[group]!
      placements = acceptedShares.map((acceptedShare) => new Placement({ target, acceptedShare, maxRemovals }))
    }
    for (const placement of placements) {
      if (isHost) placement.open(server)
      else placement.place(server, preferred)
    }
    position++
  }
  finishGroup()
  return plans
}

const orderTurns = (
  candidates: readonly Candidate[],
  servers: ReadonlyMap<string, DemandServer>,
  previousHosts: ReadonlyMap<string, string>,
): Omit<Turn, 'group'>[] => {
  const known = new Map(
    candidates.flatMap((candidate) => {
      const demand = servers.get(candidate.serverId)
      return demand === undefined ? [] : [[candidate.serverId, { candidate, demand }] as const]
    }),
  )
  const guests = new Map<string, string[]>()
  for (const { candidate } of known.values()) {
    const host = previousHosts.get(candidate.serverId)
    if (host === undefined || !candidate.mayMove || !known.has(host)) continue
    const others = guests.get(host)
    if (others === undefined) guests.set(host, [candidate.serverId])
    else others.push(candidate.serverId)
  }
  const first = [...known.keys()].flatMap((host) => {
    const held = guests.get(host)
    if (held === undefined) return []
    return [
      { ...known.get(host)!, isHost: true },
      ...held.filter((server) => !guests.has(server)).map((server) => ({ ...known.get(server)!, preferred: host, isHost: false })),
    ]
  })
  const placedFirst = new Set(first.map(({ candidate }) => candidate.serverId))
  const others = [...known.values()].filter(({ candidate }) => !placedFirst.has(candidate.serverId))
  return [...first, ...others.map((turn) => ({ ...turn, isHost: !turn.candidate.mayMove }))]
}

/** The candidates' demand over the horizon. `source`: draws it. */
export const readHorizonDemand = (task: SimulationTask, groups: readonly ConsolidationGroup[], source: DemandSource): FleetDemand => {
  const candidates = new Map(
    groups.flatMap((group) => group.candidates.filter(({ hasPaths }) => hasPaths).map((c) => [c.serverId, c] as const)),
  )
  const { serverIds, seriesIds, metrics, isPercent } = task.series
  const positions = [...serverIds.keys()].filter((position) => isPercent[position] === 1 && candidates.has(serverIds[position]!))
  const ids = Uint32Array.from(positions, (position) => seriesIds[position]!)
  const { offsets, predicted, times } = readHorizonForecasts(task, ids)
  const allTimes = [...new Set(times)].sort((a, b) => a - b)
  const indexOfTime = new Map(allTimes.map((time, index) => [time, index]))
  const servers = new Map<string, DemandServer & { series: DemandSeries[] }>()
  positions.forEach((position, s) => {
    const serverId = serverIds[position]!
    const server = servers.get(serverId) ?? { serverId, capacityUnits: candidates.get(serverId)!.capacityUnits, series: [] }
    servers.set(serverId, server)
    server.series.push({
      position,
      metric: metrics[position]!,
      forecast: predicted.slice(offsets[s], offsets[s + 1]),
      maxMeasured: task.backtestResiduals.maxMeasured(ids[s]!),
      times: Int32Array.from(times.subarray(offsets[s], offsets[s + 1]), (time) => indexOfTime.get(time)!),
    })
  })
  const percentMetrics = positions.map((position) => metrics[position]!)
  return { joint: new JointDemand(source, layoutOf(percentMetrics, allTimes.length)), servers }
}

/** Hosts that a plan's risk is measured of, every so many of a larger plan: its share above the target is then known to less than a hundredth. */
const maxMeasuredHosts = 5000

/** How far the hosts of a given plan exceed on the paths; `max`: hosts that are measured. */
export const measurePlanRisk = async (
  hostByServer: ReadonlyMap<string, string>,
  { joint, servers }: FleetDemand,
  config: AnalysisConfig,
  max = maxMeasuredHosts,
): Promise<PlanRisk> => {
  const guests = new Map<string, string[]>()
  hostByServer.forEach((host, server) => {
    const others = guests.get(host)
    if (others === undefined) guests.set(host, [server])
    else others.push(server)
  })
  const hosts = [...guests]
    .map(([host, held]) => [host, ...held].flatMap((server) => servers.get(server) ?? []))
    .filter((members) => members.length > 0)
  const count = Math.min(max, hosts.length)
  const measured = Array.from({ length: count }, (_, index) => hosts[Math.floor(((index + 0.5) * hosts.length) / count)]!)
  const risk = new PlanRisk(config.consolidation_target / 100)
  const maxima = await joint.sumHosts(measured)
  for (const [index, [host]] of measured.entries())
    risk.add({ ...host!, maxima: maxima.subarray(index * pathCount, (index + 1) * pathCount) })
  return risk
}

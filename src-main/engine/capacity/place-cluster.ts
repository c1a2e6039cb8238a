// Where the members of a cluster go: on joint paths, onto its hosts and, where these are full, onto further ones; and what if a host is gone.
import type { ClusterPlacement } from '../../../src-shared/artefacts/capacity.ts'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import { commonestSize } from '../../statistics/cluster-capacity.ts'
import { maximumOf } from '../../statistics/percentile.ts'
import {
  measureMember,
  MemberPlacement,
  type DemandShape,
  type MeasuredMember,
  type MemberPlacementRule,
} from '../../statistics/place-members.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import { pathCount } from '../breach/simulate-paths.ts'
import type { Host, Member } from './host-groups.ts'
import type { CollectedDemand, MemberForecasts, MemberPaths } from './member-paths.ts'

/** Values in memory, 128 MB; members beyond that are drawn again when they are needed. */
const maxValues = 32_000_000
/** Values of a cluster's hosts in memory, 240 MB. */
const maxHostValues = 60_000_000

const valuesOf = ({ paths, resources, steps }: DemandShape): number => paths * resources * steps

export interface PlaceableMember {
  readonly name: string
  readonly host: string | null
  /** Highest measured demand as a share of a host, of the resource with the greatest share. */
  readonly peak: number
  readonly series: readonly (Member & { readonly resource: number })[]
}

/** A cluster whose hosts are all known, in every resource that is placed. */
export interface PlaceableCluster {
  readonly cluster: string
  readonly hosts: readonly { readonly name: string; readonly capacities: readonly number[] }[]
  /** Of a further host. */
  readonly size: readonly number[]
  /** By falling peak, ties by name. */
  readonly members: readonly PlaceableMember[]
  readonly shape: DemandShape
}

/** Null without hosts, members or a resource whose capacity is known of every host. */
export const describePlaceable = (
  cluster: string,
  hosts: readonly Host[],
  members: readonly Member[],
  columns: ReadonlyMap<string, CapacityColumn>,
  forecasts: MemberForecasts,
): PlaceableCluster | 'too large' | null => {
  const known = members.filter(forecasts.isKnown)
  const capacitiesOf = (metric: string): number[] => hosts.map(({ capacities }) => capacities[columns.get(metric)!])
  const metrics = [...new Set(known.map(({ metric }) => metric))].filter((metric) => !capacitiesOf(metric).some(Number.isNaN)).sort()
  if (hosts.length === 0 || metrics.length === 0) return null
  const shape = { paths: pathCount, resources: metrics.length, steps: forecasts.times.length }
  if (hosts.length * valuesOf(shape) > maxHostValues) return 'too large'
  const size = metrics.map((metric) => commonestSize(capacitiesOf(metric)))
  const byServer = new Map<string, { name: string; host: string | null; peak: number; series: (Member & { resource: number })[] }>()
  for (const member of known) {
    const resource = metrics.indexOf(member.metric)
    if (resource < 0) continue
    const server = byServer.get(member.serverId) ?? { name: member.serverId, host: member.host, peak: 0, series: [] }
    byServer.set(member.serverId, server)
    server.series.push({ ...member, resource })
    const { maxMeasured, forecast } = forecasts.of(member.seriesId)
    const peak = Number.isFinite(maxMeasured) ? maxMeasured : maximumOf(forecast)
    server.peak = Math.max(server.peak, (peak / 100) * (member.capacity / size[resource]!))
  }
  return {
    cluster,
    hosts: hosts.map(({ name, capacities }) => ({ name, capacities: metrics.map((metric) => capacities[columns.get(metric)!]) })),
    size,
    members: [...byServer.values()].sort((a, b) => b.peak - a.peak || (a.name < b.name ? -1 : 1)),
    shape,
  }
}

/** Memory for the demand of the clusters that are placed, in turn or together. */
export class DemandMemory {
  /** Pages that nobody has written to take no memory. */
  readonly #values = new Float32Array(maxValues)
  #taken = 0

  /** Null where it would hold too much. */
  take(count: number): Float32Array | null {
    if (this.#taken + count > maxValues) return null
    this.#taken += count
    return this.#values.subarray(this.#taken - count, this.#taken).fill(0)
  }

  /** What was taken is no longer read. */
  release(): void {
    this.#taken = 0
  }
}

/** The demand of a cluster's members, collected or drawn where it is not too much. */
export class ClusterDemand {
  readonly #paths: MemberPaths
  readonly #shape: DemandShape
  readonly #valuesPerMember: number
  readonly #kept: Float32Array | null
  readonly #index: ReadonlyMap<string, number>
  /** Of the members in memory that were read before. */
  readonly #measured: MeasuredMember[] = []
  readonly #memberOf: ReadonlyMap<number, { readonly index: number; readonly resource: number; readonly capacity: number }>

  constructor({ members, shape }: PlaceableCluster, paths: MemberPaths, memory: DemandMemory) {
    this.#paths = paths
    this.#shape = shape
    this.#valuesPerMember = valuesOf(shape)
    this.#kept = memory.take(members.length * this.#valuesPerMember)
    this.#index = new Map(members.map(({ name }, index) => [name, index]))
    this.#memberOf = new Map(
      members.flatMap(({ series }, index) => series.map(({ seriesId, resource, capacity }) => [seriesId, { index, resource, capacity }])),
    )
  }

  /** Where the demand of a series is added; undefined where it is not collected. */
  placeOf(seriesId: number): CollectedDemand | undefined {
    const member = this.#memberOf.get(seriesId)
    if (this.#kept === null || member === undefined) return undefined
    const { resources, steps } = this.#shape
    return {
      values: this.#kept,
      first: member.index * this.#valuesPerMember + member.resource * steps,
      valuesPerPath: resources * steps,
    }
  }

  /** Draws what nobody collects. */
  collectAll(): void {
    if (this.#kept !== null) this.#drawInto(this.#kept, [...this.#memberOf.keys()], (seriesId) => this.#memberOf.get(seriesId)!.index)
  }

  /** In the order of `members`. */
  async *read(members: readonly PlaceableMember[], signal: AbortSignal | undefined): AsyncGenerator<MeasuredMember> {
    const size = this.#valuesPerMember
    const chunk = Math.max(1, Math.floor(maxValues / 4 / size))
    for (let from = 0; from < members.length; from += chunk) {
      await yieldToEventLoop(signal)
      const some = members.slice(from, from + chunk)
      const drawn = this.#kept === null ? this.#draw(some) : null
      for (const [index, { name, host }] of some.entries()) {
        const measure = (values: Float32Array, place: number): MeasuredMember =>
          measureMember({ name, host, demand: values.subarray(place * size, (place + 1) * size) }, this.#shape)
        const place = this.#index.get(name)!
        yield drawn === null ? (this.#measured[place] ??= measure(this.#kept!, place)) : measure(drawn, index)
      }
    }
  }

  #draw(members: readonly PlaceableMember[]): Float32Array {
    const values = new Float32Array(members.length * this.#valuesPerMember)
    const indexOf = new Map(members.flatMap(({ series }, index) => series.map(({ seriesId }) => [seriesId, index])))
    this.#drawInto(values, [...indexOf.keys()], (seriesId) => indexOf.get(seriesId)!)
    return values
  }

  #drawInto(values: Float32Array, seriesIds: readonly number[], indexOf: (seriesId: number) => number): void {
    const { resources, steps } = this.#shape
    this.#paths.draw(seriesIds, (seriesId, paths) => {
      const { resource, capacity } = this.#memberOf.get(seriesId)!
      const first = indexOf(seriesId) * this.#valuesPerMember + resource * steps
      this.#paths.addDemand(seriesId, paths, capacity / 100, [], { values, first, valuesPerPath: resources * steps })
    })
  }
}

export interface PlacedCluster {
  readonly placement: MemberPlacement
  readonly moves: ClusterPlacement['moves']
}

/**
 * Members stay on their hosts, the largest first; the others then go to the first host that holds them. By each rule; members that are not in memory
 * are drawn at most twice for as many rules as there is room for.
 */
export const placeCluster = async (
  placeable: PlaceableCluster,
  demand: ClusterDemand,
  rules: readonly MemberPlacementRule[],
  signal: AbortSignal | undefined,
): Promise<PlacedCluster[]> => {
  const { hosts, shape } = placeable
  const atOnce = Math.max(1, Math.floor(maxHostValues / (hosts.length * valuesOf(shape))))
  const placed: PlacedCluster[] = []
  for (let from = 0; from < rules.length; from += atOnce)
    placed.push(...(await placeByRules(placeable, demand, rules.slice(from, from + atOnce), signal)))
  return placed
}

const placeByRules = async (
  { hosts, size, members, shape }: PlaceableCluster,
  demand: ClusterDemand,
  rules: readonly MemberPlacementRule[],
  signal: AbortSignal | undefined,
): Promise<PlacedCluster[]> => {
  const plans = rules.map((rule) => ({ placement: new MemberPlacement(hosts, size, shape, rule), kept: new Set<string>() }))
  const settled = members.filter(({ host }) => host !== null)
  for await (const member of demand.read(settled, signal))
    for (const { placement, kept } of plans) if (placement.keep(member)) kept.add(member.name)
  const moves = plans.map((): ClusterPlacement['moves'] => [])
  const others = members.filter(({ name }) => plans.some(({ kept }) => !kept.has(name)))
  for await (const member of demand.read(others, signal)) {
    for (const [index, { placement, kept }] of plans.entries()) {
      if (kept.has(member.name)) continue
      const place = placement.place(member)
      moves[index]!.push({
        server_id: member.name,
        from: member.host,
        to: place !== null && 'host' in place ? place.host : null,
        added_host: place !== null && 'added' in place ? place.added + 1 : null,
      })
    }
  }
  return plans.map(({ placement }, index) => ({ placement, moves: moves[index]!.sort((a, b) => (a.server_id < b.server_id ? -1 : 1)) }))
}

/** The placement in full, with what the loss of each host would do. */
export const describePlacement = async (
  { cluster, members }: PlaceableCluster,
  demand: ClusterDemand,
  { placement, moves }: PlacedCluster,
  signal: AbortSignal | undefined,
): Promise<ClusterPlacement> => {
  const byName = new Map(members.map((member) => [member.name, member]))
  const hosts: ClusterPlacement['hosts'] = []
  for (const { host, members: held, shareAbove } of placement.hosts()) {
    const evacuated: MeasuredMember[] = []
    const onHost = new Set(held)
    const largestFirst = members.filter(({ name }) => onHost.has(name))
    for await (const member of demand.read(largestFirst, signal)) evacuated.push(member)
    const { added, tooLarge } = placement.without(host, evacuated)
    hosts.push({
      host,
      members: held.length,
      share_above_target: shareAbove,
      added_hosts_without: [...added],
      too_large_without: tooLarge,
    })
  }
  return {
    cluster,
    members: byName.size,
    added_hosts: placement.added().map(({ length }) => length),
    too_large: placement.tooLarge,
    hosts,
    moves,
  }
}

// Placement of members onto the hosts of their cluster on joint paths (analysis definition, section 13).
// Each stays where it fits, else goes to the first host that holds it; the rule is that of place-servers.
import { allowedPaths, maxShareAbove, smoothShareAbove, tolerance } from './place-servers.ts'

/** How demand is laid out: path after path; on each path the steps of one resource follow those of the one before. */
export interface DemandShape {
  readonly paths: number
  readonly resources: number
  readonly steps: number
}

export interface MemberDemand {
  readonly name: string
  /** Host of the cluster that it runs on; null without one. */
  readonly host: string | null
  /** Units of each resource, in the order of the shape. */
  readonly demand: Float32Array
}

export interface PlacementHost {
  readonly name: string
  /** Units of each resource. */
  readonly capacities: readonly number[]
}

export interface MemberPlacementRule {
  /** Share of a host's capacity that its members may use together, 0..1. */
  readonly target: number
  /** Share of paths on which a host may use more at some time. */
  readonly acceptedShare: number
}

/** A member with its highest demand of each resource on each path, and when that is. */
export interface MeasuredMember extends MemberDemand {
  readonly maxima: Float32Array
  readonly peaks: Int32Array
}

/** Where a member goes: a host, a further host by its number from 0, or nowhere, since not even an empty host holds it. */
export type MemberPlace = { readonly host: string } | { readonly added: number } | null

interface LoadArrays {
  readonly sums: Float32Array
  readonly maxima: Float32Array
  readonly peaks: Int32Array
  readonly highest: Float64Array
  readonly bounds: Float64Array
}

const createArrays = ({ paths, resources, steps }: DemandShape): LoadArrays => ({
  sums: new Float32Array(paths * resources * steps),
  maxima: new Float32Array(paths * resources),
  peaks: new Int32Array(paths * resources),
  highest: new Float64Array(paths),
  bounds: new Float64Array(paths),
})

/** The demand on one host. */
class HostLoad {
  readonly name: string
  readonly members: string[] = []
  readonly #shape: DemandShape
  readonly #rule: MemberPlacementRule
  /** By resource: 1 / units that may be used. */
  readonly #perUnit: Float64Array
  readonly #sums: Float32Array
  readonly #maxima: Float32Array
  readonly #peaks: Int32Array
  readonly #highest: Float64Array
  /** What `#highest` cannot exceed. */
  readonly #bounds: Float64Array

  /** `copied`: the load that it begins with, and arrays that nobody uses any more. */
  constructor(
    { name, capacities }: PlacementHost,
    shape: DemandShape,
    rule: MemberPlacementRule,
    copied?: { readonly source: HostLoad; readonly arrays: LoadArrays | undefined },
  ) {
    this.name = name
    this.#shape = shape
    this.#rule = rule
    this.#perUnit = Float64Array.from(capacities, (capacity) => 1 / (capacity * rule.target * (1 + tolerance)))
    const { sums, maxima, peaks, highest, bounds } = copied?.arrays ?? createArrays(shape)
    this.#sums = sums
    this.#maxima = maxima
    this.#peaks = peaks
    this.#highest = highest
    this.#bounds = bounds
    if (copied === undefined) return
    const { source } = copied
    sums.set(source.#sums)
    maxima.set(source.#maxima)
    peaks.set(source.#peaks)
    this.members.push(...source.members)
  }

  /** For another one; this one is not used any more. */
  get arrays(): LoadArrays {
    return { sums: this.#sums, maxima: this.#maxima, peaks: this.#peaks, highest: this.#highest, bounds: this.#bounds }
  }

  /**
   * Whether both stay within the target on enough paths, counted and by the smooth probability. Sums at the peaks of each reject most hosts at
   * once, and sums of the two peaks, whenever they are, accept most others: only what lies between needs every sum.
   */
  holds({ demand, maxima, peaks }: MeasuredMember): boolean {
    const { paths, resources, steps } = this.#shape
    const allowed = allowedPaths(this.#rule.acceptedShare, paths)
    const [highest, bounds] = [this.#highest, this.#bounds]
    let above = 0
    let possiblyAbove = 0
    for (let path = 0; path < paths; path++) {
      let use = 0
      let bound = 0
      for (let resource = 0; resource < resources; resource++) {
        const index = path * resources + resource
        const base = index * steps
        const atPeaks = Math.max(
          this.#maxima[index]! + demand[base + this.#peaks[index]!]!,
          maxima[index]! + this.#sums[base + peaks[index]!]!,
        )
        use = Math.max(use, atPeaks * this.#perUnit[resource]!)
        bound = Math.max(bound, (this.#maxima[index]! + maxima[index]!) * this.#perUnit[resource]!)
      }
      highest[path] = use
      bounds[path] = bound
      if (bound > 1) possiblyAbove++
      if (use > 1 && ++above > allowed) return false
    }
    if (smoothShareAbove(highest, 1) > this.#rule.acceptedShare) return false
    if (possiblyAbove <= allowed && maxShareAbove(highest, bounds, 1) <= this.#rule.acceptedShare) return true
    above = 0
    for (let path = 0; path < paths; path++) {
      for (let resource = 0; resource < resources; resource++) {
        const base = (path * resources + resource) * steps
        let units = 0
        for (let index = base; index < base + steps; index++) {
          const sum = this.#sums[index]! + demand[index]!
          if (sum > units) units = sum
        }
        highest[path] = Math.max(highest[path]!, units * this.#perUnit[resource]!)
      }
      if (highest[path]! > 1 && ++above > allowed) return false
    }
    return smoothShareAbove(highest, 1) <= this.#rule.acceptedShare
  }

  add({ name, demand }: MemberDemand): void {
    this.members.push(name)
    const { steps } = this.#shape
    for (let index = 0; index < this.#maxima.length; index++) {
      let highest = Number.NEGATIVE_INFINITY
      for (let step = index * steps; step < (index + 1) * steps; step++) {
        const sum = Math.fround(this.#sums[step]! + demand[step]!)
        this.#sums[step] = sum
        if (sum <= highest) continue
        highest = sum
        this.#peaks[index] = step - index * steps
      }
      this.#maxima[index] = highest
    }
  }

  /** Share of the paths on which some resource exceeds the target at some time. */
  shareAbove(): number {
    const { paths, resources } = this.#shape
    let above = 0
    for (let path = 0; path < paths; path++) {
      let use = 0
      for (let resource = 0; resource < resources; resource++)
        use = Math.max(use, this.#maxima[path * resources + resource]! * this.#perUnit[resource]!)
      if (use > 1) above++
    }
    return above / paths
  }
}

export const measureMember = (member: MemberDemand, { paths, resources, steps }: DemandShape): MeasuredMember => {
  const { demand } = member
  const [maxima, peaks] = [new Float32Array(paths * resources), new Int32Array(paths * resources)]
  for (let index = 0; index < maxima.length; index++) {
    let peak = 0
    for (let step = 1; step < steps; step++) if (demand[index * steps + step]! > demand[index * steps + peak]!) peak = step
    maxima[index] = demand[index * steps + peak]!
    peaks[index] = peak
  }
  return { ...member, maxima, peaks }
}

/** Members on the hosts of a cluster and, where these are full, on further ones of a given size. */
export class MemberPlacement {
  readonly #shape: DemandShape
  readonly #rule: MemberPlacementRule
  readonly #hosts: readonly HostLoad[]
  readonly #size: PlacementHost
  readonly #capacities: ReadonlyMap<string, PlacementHost>
  readonly #added: HostLoad[] = []
  /** Of copies that were made for a question. */
  readonly #spare: LoadArrays[] = []
  /** Members that not even an empty host holds. */
  tooLarge = 0

  /** `size`: of a further host. The first of `hosts` that holds a member takes it. */
  constructor(hosts: readonly PlacementHost[], size: readonly number[], shape: DemandShape, rule: MemberPlacementRule) {
    this.#shape = shape
    this.#rule = rule
    this.#hosts = hosts.map((host) => new HostLoad(host, shape, rule))
    this.#size = { name: '', capacities: size }
    this.#capacities = new Map(hosts.map((host) => [host.name, host]))
  }

  /** False where its own host does not hold it, or it has none. */
  keep(member: MeasuredMember): boolean {
    const own = member.host === null ? undefined : this.#hosts.find(({ name }) => name === member.host)
    if (own === undefined || !own.holds(member)) return false
    own.add(member)
    return true
  }

  place(member: MeasuredMember): MemberPlace {
    const host = this.#hosts.find((load) => load.holds(member))
    host?.add(member)
    return host === undefined ? this.#placeOnAdded(member, this.#added) : { host: host.name }
  }

  hosts(): { readonly host: string; readonly members: readonly string[]; readonly shareAbove: number }[] {
    return this.#hosts.map((load) => ({ host: load.name, members: load.members, shareAbove: load.shareAbove() }))
  }

  /** Members on each further host. */
  added(): readonly (readonly string[])[] {
    return this.#added.map(({ members }) => members)
  }

  /** Members on each further host if this host is gone and `members`, those on it, go to the others; the placement stays as it is. */
  without(host: string, members: readonly MeasuredMember[]): { readonly added: readonly number[]; readonly tooLarge: number } {
    const loads = this.#hosts.filter(({ name }) => name !== host)
    const copies = new Map<HostLoad, HostLoad>()
    const copyOf = (source: HostLoad, place: PlacementHost): HostLoad =>
      new HostLoad(place, this.#shape, this.#rule, { source, arrays: this.#spare.pop() })
    const added = this.#added.map((load) => copyOf(load, this.#size))
    let tooLarge = this.tooLarge
    for (const member of members) {
      const found = loads.find((load) => (copies.get(load) ?? load).holds(member))
      if (found === undefined) {
        if (this.#placeOnAdded(member, added) === null) tooLarge++
        continue
      }
      const copy = copies.get(found) ?? copyOf(found, this.#capacities.get(found.name)!)
      copies.set(found, copy)
      copy.add(member)
    }
    for (const { arrays } of [...copies.values(), ...added]) this.#spare.push(arrays)
    return { added: added.map((load) => load.members.length), tooLarge }
  }

  #placeOnAdded(member: MeasuredMember, added: HostLoad[]): MemberPlace {
    let place = added.findIndex((load) => load.holds(member))
    if (place < 0) {
      const empty = new HostLoad(this.#size, this.#shape, this.#rule)
      if (!empty.holds(member)) {
        if (added === this.#added) this.tooLarge++
        return null
      }
      place = added.push(empty) - 1
    }
    added[place]!.add(member)
    return { added: place }
  }
}

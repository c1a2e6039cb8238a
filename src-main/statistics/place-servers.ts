// Consolidation under uncertainty: a server moves to the first host that holds both on enough joint paths (analysis definition, section 8).
// Chance-constrained packing, after Cohen et al. 2019.

import { exceedanceProbability, type SampleMoments } from './student-t4.ts'

/** Demand of a server on joint paths: path k of one server happens together with path k of every other. */
export interface UncertainServer {
  readonly serverId: string
  readonly capacityUnits: number
  /** Capacity units, path after path, at least four paths; the same times and metrics on each path and for every server. */
  readonly demand: Float32Array
}

export interface PlacementRule {
  /** Share of a host's capacity that its servers may use together, 0..1. */
  readonly target: number
  /** Share of paths on which a host may use more at some time. */
  readonly acceptedShare: number
  /** Maximum servers that may leave the group. */
  readonly maxRemovals: number
}

/** A host that took servers over. */
export interface PlacedHost {
  readonly serverId: string
  readonly capacityUnits: number
  /** Highest demand of each path, in capacity units. */
  readonly maxima: Float32Array
}

/** Hosts that a server is offered to; when another one opens, the fullest closes. A deliberate approximation: it bounds time and memory. */
export const maxOpenHosts = 64

/** Sums are in single precision: 30 % and 40 % fill a host to exactly 70 %. */
export const tolerance = 1e-5

/** The demand of one server with its highest value on each path; measured once, whatever the number of rules. */
export interface MeasuredServer extends UncertainServer {
  readonly maxima: Float32Array
  /** Index within the path of its highest value. */
  readonly peaks: Int32Array
}

/** Fills the highest value of each path and its index within the path. */
export const measurePeaks = (demand: Float32Array, maxima: Float32Array, peaks: Int32Array): void => {
  const slots = demand.length / maxima.length
  for (let path = 0; path < maxima.length; path++) {
    const base = path * slots
    let peak = 0
    for (let slot = 1; slot < slots; slot++) if (demand[base + slot]! > demand[base + peak]!) peak = slot
    maxima[path] = demand[base + peak]!
    peaks[path] = peak
  }
}

const addDemand = ({ sums, maxima, peaks }: OpenHost, demand: Float32Array): void => {
  const slots = sums.length / maxima.length
  for (let path = 0; path < maxima.length; path++) {
    const base = path * slots
    let highest = Number.NEGATIVE_INFINITY
    for (let slot = 0; slot < slots; slot++) {
      const sum = Math.fround(sums[base + slot]! + demand[base + slot]!)
      sums[base + slot] = sum
      if (sum <= highest) continue
      highest = sum
      peaks[path] = slot
    }
    maxima[path] = highest
  }
}

interface OpenHost {
  readonly serverId: string
  readonly capacityUnits: number
  readonly limit: number
  readonly sums: Float32Array
  readonly maxima: Float32Array
  readonly peaks: Int32Array
  /** Units below the limit on the path that just counts. */
  left: number
  guests: number
}

/** Places the servers of one group in the order in which they are offered. */
export class Placement {
  readonly hostByServer = new Map<string, string>()
  readonly #rule: PlacementRule
  readonly #open: OpenHost[] = []
  readonly #closed: PlacedHost[] = []
  /** Of the host and server that are just compared, by path. */
  #highest = new Float64Array(0)

  constructor(rule: PlacementRule) {
    this.#rule = rule
  }

  /** The server moves to `preferred` where that still holds it, else to the first open host that does; otherwise it becomes a host. */
  place(server: MeasuredServer, preferred?: string): void {
    const host = this.hostByServer.size < this.#rule.maxRemovals ? this.#findHost(server, preferred) : undefined
    if (host === undefined) {
      this.open(server)
      return
    }
    this.hostByServer.set(server.serverId, host.serverId)
    host.guests++
    addDemand(host, server.demand)
    host.left = this.#leftOf(host)
  }

  /** The server stays, and others may move to it. */
  open({ serverId, capacityUnits, demand, maxima, peaks }: MeasuredServer): void {
    const limit = capacityUnits * this.#rule.target * (1 + tolerance)
    // A host that is too full by itself takes nobody over.
    const left = this.#leftOf({ limit, maxima })
    if (left < 0) return
    this.#open.push({
      serverId,
      capacityUnits,
      limit,
      sums: demand.slice(),
      maxima: maxima.slice(),
      peaks: peaks.slice(),
      left,
      guests: 0,
    })
    if (this.#open.length <= maxOpenHosts) return
    const least = Math.min(...this.#open.map((host) => host.left))
    const fullest = this.#open.findIndex((host) => host.left === least)
    this.#close(this.#open.splice(fullest, 1)[0]!)
  }

  /** The hosts that took servers over; ends the placement. */
  finish(): readonly PlacedHost[] {
    this.#open.splice(0).forEach((host) => this.#close(host))
    return this.#closed
  }

  #findHost(server: MeasuredServer, preferred: string | undefined): OpenHost | undefined {
    const { acceptedShare } = this.#rule
    if (this.#highest.length !== server.maxima.length) this.#highest = new Float64Array(server.maxima.length)
    const known = preferred === undefined ? undefined : this.#open.find(({ serverId }) => serverId === preferred)
    if (known !== undefined && fits(known, server, acceptedShare, this.#highest)) return known
    return this.#open.find((host) => host !== known && fits(host, server, acceptedShare, this.#highest))
  }

  /** Below 0 where the limit is exceeded on more paths than accepted. */
  #leftOf({ limit, maxima }: Pick<OpenHost, 'limit' | 'maxima'>): number {
    return (
      limit -
      maxima
        .slice()
        .sort()
        .at(-1 - allowedPaths(this.#rule.acceptedShare, maxima.length))!
    )
  }

  #close({ serverId, capacityUnits, maxima, guests }: OpenHost): void {
    if (guests > 0) this.#closed.push({ serverId, capacityUnits, maxima })
  }
}

/**
 * Whether both exceed the limit together on at most the accepted share of paths, counted and by the smooth probability: a count of none of 200
 * says little about rare events. Sums at the two peaks of a path, which miss little of its highest sum, reject most hosts at once.
 * `highest` is overwritten.
 */
const fits = (host: OpenHost, server: MeasuredServer, acceptedShare: number, highest: Float64Array): boolean => {
  const { sums, maxima, peaks, limit } = host
  const { demand } = server
  const paths = maxima.length
  const slots = sums.length / paths
  const allowed = allowedPaths(acceptedShare, paths)
  let above = 0
  for (let path = 0; path < paths; path++) {
    highest[path] = maxima[path]! + demand[path * slots + peaks[path]!]!
    if (highest[path]! > limit && ++above > allowed) return false
  }
  for (let path = 0; path < paths; path++) {
    const sum = server.maxima[path]! + sums[path * slots + server.peaks[path]!]!
    if (sum <= highest[path]!) continue
    if (highest[path]! <= limit && sum > limit && ++above > allowed) return false
    highest[path] = sum
  }
  if (smoothShareAbove(highest, limit) > acceptedShare) return false
  above = 0
  for (let path = 0; path < paths; path++) {
    let pathHighest = highest[path]!
    for (let index = path * slots; index < (path + 1) * slots; index++) {
      const sum = sums[index]! + demand[index]!
      if (sum > pathHighest) pathHighest = sum
    }
    highest[path] = pathHighest
    if (pathHighest > limit && ++above > allowed) return false
  }
  return smoothShareAbove(highest, limit) <= acceptedShare
}

export const allowedPaths = (acceptedShare: number, paths: number): number => Math.floor(acceptedShare * paths + 1e-9)

/** Paths of even and odd number have blocks of different length. */
export const smoothShareAbove = (highest: Float64Array, limit: number): number =>
  exceedanceProbability([momentsOf(highest, 0), momentsOf(highest, 1)], limit)

/**
 * What `smoothShareAbove` of values between `lowest` and `highest` cannot exceed; 1 where that is not known. Their mean is at most that of the
 * highest; their deviation at most that of the highest and the root mean square of the differences together.
 */
export const maxShareAbove = (lowest: Float64Array, highest: Float64Array, limit: number): number => {
  const halves = [0, 1].map((half): SampleMoments => {
    const { mean, deviation } = momentsOf(highest, half)
    let squares = 0
    let count = 0
    for (let path = half; path < highest.length; path += 2, count++) squares += (highest[path]! - lowest[path]!) ** 2
    return { mean: mean * (1 + rounding), deviation: (deviation + Math.sqrt(squares / (count - 1))) * (1 + rounding) }
  })
  const [first, second] = halves as [SampleMoments, SampleMoments]
  // Above the limit a greater deviation makes it less probable.
  if (!(Math.max(first.mean, second.mean) < limit * (1 - rounding))) return 1
  return exceedanceProbability([first, second], limit) + rounding
}

/** Far more than what sums of so many values are rounded by. */
const rounding = 1e-9

const momentsOf = (values: Float64Array, half: number): SampleMoments => {
  const count = (values.length + 1 - half) >> 1
  let sum = 0
  for (let path = half; path < values.length; path += 2) sum += values[path]!
  const mean = sum / count
  let squares = 0
  for (let path = half; path < values.length; path += 2) squares += (values[path]! - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / (count - 1)) }
}

// The demand of servers on joint paths, in capacity units: drawn when it is needed, some servers at a time.
import type { MeasuredServer } from '../../statistics/place-servers.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import type { JointPaths } from '../breach/joint-paths.ts'
import { pathCount } from '../breach/simulate-paths.ts'
import {
  demandSize,
  drawDemand,
  valuesOfServer,
  type DemandLayout,
  type DemandRequest,
  type DemandServer,
  type DemandValues,
} from './draw-demand.ts'

/** Values that are drawn at a time, 8 MB; 32 MB where each time all batches of the fleet are looked through. */
export const valuesAtOnce = 2_000_000
const valuesOfBatches = 8_000_000
/** Who draws: this thread, or others. */
export interface DemandSource {
  /** Values that it draws at a time, and how many times as many while those before are read. */
  readonly maxValues: number
  readonly ahead: number
  /** Fills the values of the request, which are of `arraysFor`. */
  readonly draw: (request: DemandRequest) => Promise<void>
  /** Zeros, or what those of the same name held before. */
  readonly arraysFor: (name: string, servers: number, size: number) => DemandValues
  /** The highest values on each path of the sums of some servers, host after host. */
  readonly sumHosts: (hosts: readonly (readonly DemandServer[])[], layout: DemandLayout) => Promise<Float32Array>
}

export class JointDemand {
  readonly #source: DemandSource
  readonly #layout: DemandLayout

  constructor(source: DemandSource, layout: DemandLayout) {
    this.#source = source
    this.#layout = layout
  }

  /** In the order of `servers`; the arrays are reused. Some servers are drawn while those before are read. */
  async *read(servers: readonly DemandServer[], signal: AbortSignal | undefined): AsyncGenerator<MeasuredServer> {
    const { ahead, maxValues } = this.#source
    const size = demandSize(this.#layout)
    const chunk = Math.min(servers.length, Math.max(1, Math.floor(maxValues / size)))
    const arrays = Array.from({ length: ahead + 1 }, (_, slot) => this.#source.arraysFor(String(slot), chunk, size))
    const drawings: Promise<DemandValues>[] = []
    const drawNext = (number: number): void => {
      const from = number * chunk
      if (from >= servers.length) return
      const values = arrays[number % arrays.length]!
      const drawing = this.#draw({ servers: servers.slice(from, from + chunk), layout: this.#layout, values }, signal)
      // Awaited later; until then a failure must not count as unhandled.
      drawing.catch(() => undefined)
      drawings.push(drawing)
    }
    try {
      for (let number = 0; number < ahead; number++) drawNext(number)
      for (let number = 0; number * chunk < servers.length; number++) {
        drawNext(number + ahead)
        const values = await drawings.shift()!
        for (const [index, { serverId, capacityUnits }] of servers.slice(number * chunk, (number + 1) * chunk).entries())
          yield { serverId, capacityUnits, ...valuesOfServer(values, index, size) }
      }
    } finally {
      // The next reader has the same arrays.
      await Promise.allSettled(drawings)
    }
  }

  /** The highest values on each path of the sums of some servers, host after host. */
  async sumHosts(hosts: readonly (readonly DemandServer[])[]): Promise<Float32Array> {
    return this.#source.sumHosts(hosts, this.#layout)
  }

  async #draw(request: DemandRequest, signal: AbortSignal | undefined): Promise<DemandValues> {
    await yieldToEventLoop(signal)
    await this.#source.draw(request)
    return request.values
  }
}

/** Draws in this thread. */
export const drawHere = (paths: JointPaths, signal: AbortSignal | undefined): DemandSource => {
  const source: DemandSource = {
    maxValues: paths.batches === 1 ? valuesAtOnce : valuesOfBatches,
    ahead: 0,
    draw: async (request) => drawDemand(paths, request),
    arraysFor: (_, servers, size) => ({
      demand: new Float32Array(servers * size),
      maxima: new Float32Array(servers * pathCount),
      peaks: new Int32Array(servers * pathCount),
    }),
    sumHosts: (hosts, layout) => sumHosts(new JointDemand(source, layout), hosts, signal),
  }
  return source
}

/** The guests' demand is summed host by host. */
export const sumHosts = async (
  joint: JointDemand,
  hosts: readonly (readonly DemandServer[])[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> => {
  const maxima = new Float32Array(hosts.length * pathCount)
  const ends: number[] = []
  for (const members of hosts) ends.push((ends.at(-1) ?? 0) + members.length)
  let sums = new Float32Array(0)
  let [host, position] = [0, 0]
  for await (const { demand } of joint.read(hosts.flat(), signal)) {
    if (position === (ends[host - 1] ?? 0)) sums = demand.slice()
    else addTo(sums, demand)
    if (++position === ends[host]) fillMaxima(sums, maxima.subarray(host * pathCount, ++host * pathCount))
  }
  return maxima
}

/** Apart from the async function, in which each sum was an object. */
const addTo = (sums: Float32Array, demand: Float32Array): void => {
  for (let index = 0; index < sums.length; index++) sums[index]! += demand[index]!
}

const fillMaxima = (sums: Float32Array, maxima: Float32Array): void => {
  const slots = sums.length / maxima.length
  for (let path = 0; path < maxima.length; path++) {
    for (let index = path * slots; index < (path + 1) * slots; index++) maxima[path] = Math.max(maxima[path]!, sums[index]!)
  }
}

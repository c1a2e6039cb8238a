// The demand of servers on joint paths, in capacity units: drawn when it is needed, some servers at a time.
import type { JointPaths, SeriesForecast } from '../breach/joint-paths.ts'
import { pathCount } from '../breach/simulate-paths.ts'
import { measureDemand, type MeasuredServer } from '../../statistics/place-servers.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'

/** A metric's forecast at the times with these indexes. */
export interface DemandSeries extends SeriesForecast {
  readonly metric: string
  readonly times: Int32Array
}

export interface DemandServer {
  readonly serverId: string
  readonly capacityUnits: number
  /** Its metrics in percent. */
  readonly series: readonly DemandSeries[]
}

/** Values in memory, 32 MB. */
const maxValues = 8_000_000

export class JointDemand {
  readonly #paths: JointPaths
  readonly #metrics: ReadonlyMap<string, number>
  readonly #times: number

  /** `times`: number of times of all series together. */
  constructor(paths: JointPaths, metrics: readonly string[], times: number) {
    this.#paths = paths
    this.#metrics = new Map([...new Set(metrics)].sort().map((metric, number) => [metric, number]))
    this.#times = times
  }

  /** In the order of `servers`; the arrays are reused. Each metric has its own sum: its values follow those of the metric before. */
  async *read(servers: readonly DemandServer[], signal: AbortSignal | undefined): AsyncGenerator<MeasuredServer> {
    const valuesPerServer = pathCount * this.#metrics.size * this.#times
    const chunk = Math.max(1, Math.floor(maxValues / valuesPerServer))
    const values = new Float32Array(Math.min(chunk, servers.length) * valuesPerServer)
    for (let from = 0; from < servers.length; from += chunk) {
      await yieldToEventLoop(signal)
      const members = servers.slice(from, from + chunk)
      values.fill(0)
      const demands = members.map((_, index) => values.subarray(index * valuesPerServer, (index + 1) * valuesPerServer))
      const drawn = members.flatMap(({ series, capacityUnits }, member) => series.map((entry) => ({ ...entry, capacityUnits, member })))
      this.#paths.draw(drawn, (index, paths) => {
        const entry = drawn[index]!
        this.#addDemand(demands[entry.member]!, entry, paths, entry.capacityUnits / 100)
      })
      for (const [index, { serverId, capacityUnits }] of members.entries())
        yield measureDemand({ serverId, capacityUnits, demand: demands[index]! }, pathCount)
    }
  }

  /** A time that a series lacks counts with the path's peak. */
  #addDemand(demand: Float32Array, { metric, times }: DemandSeries, paths: Float64Array, unitsPerPercent: number): void {
    const slots = this.#metrics.size * this.#times
    const first = this.#metrics.get(metric)! * this.#times
    for (let path = 0; path < pathCount; path++) {
      const from = path * times.length
      const base = path * slots + first
      if (times.length < this.#times) {
        let peak = 0
        for (let step = 0; step < times.length; step++) peak = Math.max(peak, paths[from + step]!)
        demand.fill(peak * unitsPerPercent, base, base + this.#times)
      }
      for (let step = 0; step < times.length; step++) demand[base + times[step]!] = Math.max(0, paths[from + step]!) * unitsPerPercent
    }
  }
}

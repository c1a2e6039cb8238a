// Draws the demand of servers on joint paths, in capacity units: in this thread, or in one of its own.
import { measurePeaks } from '../../statistics/place-servers.ts'
import type { JointPaths, SeriesForecast } from '../breach/joint-paths.ts'
import { pathCount } from '../breach/simulate-paths.ts'

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

/** The values of a path: all times of the first metric, then those of the next one. */
export interface DemandLayout {
  /** Number of each metric. */
  readonly metrics: ReadonlyMap<string, number>
  /** Number of times of all series together. */
  readonly times: number
}

/** Arrays that are filled server after server, path after path. */
export interface DemandValues {
  /** Capacity units, as laid out. */
  readonly demand: Float32Array
  /** Of each path: its highest value, and the index of that within the path. */
  readonly maxima: Float32Array
  readonly peaks: Int32Array
}

export interface DemandRequest {
  readonly servers: readonly DemandServer[]
  readonly layout: DemandLayout
  readonly values: DemandValues
}

/** `times`: number of times of all series together. */
export const layoutOf = (metrics: readonly string[], times: number): DemandLayout => ({
  metrics: new Map([...new Set(metrics)].sort().map((metric, number) => [metric, number])),
  times,
})

/** Values of a server's demand. */
export const demandSize = ({ metrics, times }: DemandLayout): number => pathCount * metrics.size * times

/** Those of the server with this index. */
export const valuesOfServer = ({ demand, maxima, peaks }: DemandValues, index: number, size: number): DemandValues => ({
  demand: demand.subarray(index * size, (index + 1) * size),
  maxima: maxima.subarray(index * pathCount, (index + 1) * pathCount),
  peaks: peaks.subarray(index * pathCount, (index + 1) * pathCount),
})

/** Fills the values of the servers. */
export const drawDemand = (paths: JointPaths, { servers, layout, values }: DemandRequest): void => {
  const size = demandSize(layout)
  values.demand.fill(0, 0, servers.length * size)
  const targets = servers.map((_, index) => valuesOfServer(values, index, size))
  const drawn = servers.flatMap(({ series, capacityUnits }, server) => series.map((entry) => ({ entry, capacityUnits, server })))
  paths.draw(
    drawn.map(({ entry }) => entry),
    (index, ofSeries) => {
      const { entry, capacityUnits, server } = drawn[index]!
      fillMetric(targets[server]!.demand, layout, entry, ofSeries, capacityUnits / 100)
    },
  )
  for (const { demand, maxima, peaks } of targets) measurePeaks(demand, maxima, peaks)
}

/** A time that a series lacks counts with the path's peak. */
const fillMetric = (
  demand: Float32Array,
  layout: DemandLayout,
  { metric, times }: DemandSeries,
  paths: Float64Array,
  unitsPerPercent: number,
): void => {
  const slots = layout.metrics.size * layout.times
  const first = layout.metrics.get(metric)! * layout.times
  for (let path = 0; path < pathCount; path++) {
    const from = path * times.length
    const base = path * slots + first
    if (times.length < layout.times) {
      let peak = 0
      for (let step = 0; step < times.length; step++) peak = Math.max(peak, paths[from + step]!)
      demand.fill(peak * unitsPerPercent, base, base + layout.times)
    }
    for (let step = 0; step < times.length; step++) demand[base + times[step]!] = Math.max(0, paths[from + step]!) * unitsPerPercent
  }
}

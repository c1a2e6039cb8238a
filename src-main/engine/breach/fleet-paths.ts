// Figures of each series that are read from its simulated paths: probabilities, quantiles, dates and the paths that breach.
import { pathMomentColumns, type PathMomentColumn } from '../../../src-shared/artefacts/server-risk.ts'
import { percentileOf } from '../../statistics/percentile.ts'
import { sharedFloats } from '../../threads/shared-arrays.ts'
import { addPath, createPathSets, type PathSets, type SeriesBreaches } from './joint-breaches.ts'
import type { PathTask } from './path-batches.ts'
import { createPathFigures, measurePaths, pathCount, type PathFigures } from './simulate-paths.ts'

/** Steps of the probability-by-date curve: a week of days, six hours of hours. */
const curveSteps = { hourly: 6, daily: 7, weekly: 1, monthly: 1, quarterly: 1 } as const

/** Of both events: P95 above the threshold (sustained), some value above it (any). */
export interface EventPair<T> {
  readonly sustained: T
  readonly any: T
}

/** Figures of each series over its horizon, in memory that all threads see; arrays by index in ThresholdSeries, NaN where a figure is not known. */
export interface FleetPaths {
  readonly raw: EventPair<Float64Array>
  readonly sustained: SeriesBreaches
  /** The sustained breach of the very high threshold. */
  readonly veryHigh: SeriesBreaches
  readonly any: SeriesBreaches
  /** Quantiles of the paths' P95, in the metric's unit. */
  readonly p95: PathP95s
  /** Of paths by blocks of residuals. */
  readonly moments: Readonly<Record<PathMomentColumn, Float64Array>>
  /** 95 % quantile of the paths' maxima, in the metric's unit. */
  readonly peakP95: Float64Array
  /** Milliseconds UTC: quantiles of the first time above the threshold among the paths with a sustained breach. */
  readonly firstBreach: { readonly p20: Float64Array; readonly median: Float64Array }
}

interface PathP95s {
  readonly p10: Float64Array
  readonly median: Float64Array
  readonly p90: Float64Array
  readonly p95: Float64Array
  /** Exceeded with a calibrated probability of one half. */
  readonly likely: Float64Array
  /** At `sizing_confidence`, over all paths and over those with a sustained breach. */
  readonly sizing: Float64Array
  readonly breaching: Float64Array
}

/** Of `count` series. */
export const createFleetPaths = (count: number): FleetPaths => {
  const nanArray = (): Float64Array => sharedFloats(count).fill(Number.NaN)
  return {
    raw: { sustained: nanArray(), any: nanArray() },
    sustained: { probability: nanArray(), paths: createPathSets(count) },
    veryHigh: { probability: nanArray(), paths: createPathSets(count) },
    any: { probability: nanArray(), paths: createPathSets(count) },
    p95: {
      p10: nanArray(),
      median: nanArray(),
      p90: nanArray(),
      p95: nanArray(),
      likely: nanArray(),
      sizing: nanArray(),
      breaching: nanArray(),
    },
    moments: Object.fromEntries(pathMomentColumns.map((column) => [column, nanArray()])) as Record<PathMomentColumn, Float64Array>,
    peakP95: nanArray(),
    firstBreach: { p20: nanArray(), median: nanArray() },
  }
}

/** The arrays of figures, in a fixed order. */
export const figuresOf = ({ raw, sustained, veryHigh, any, p95, moments, peakP95, firstBreach }: FleetPaths): Float64Array[] => [
  raw.sustained,
  raw.any,
  sustained.probability,
  veryHigh.probability,
  any.probability,
  p95.p10,
  p95.median,
  p95.p90,
  p95.p95,
  p95.likely,
  p95.sizing,
  p95.breaching,
  ...pathMomentColumns.map((column) => moments[column]),
  peakP95,
  firstBreach.p20,
  firstBreach.median,
]

/** The sets of paths that breach, in a fixed order. */
export const setsOf = ({ sustained, veryHigh, any }: FleetPaths): PathSets[] => [sustained.paths, veryHigh.paths, any.paths]

/** Draws and measures the paths of one series after the other in the same memory. */
export class Simulation {
  #paths = new Float64Array(0)
  readonly #count: number
  readonly #figures: PathFigures

  constructor(count = pathCount) {
    this.#count = count
    this.#figures = createPathFigures(count)
  }

  /** `draw` fills all paths of a series, path after path. */
  run(steps: number, threshold: number, draw: (out: Float64Array) => void): PathFigures {
    const values = this.#count * steps
    if (this.#paths.length < values) this.#paths = new Float64Array(values)
    draw(this.#paths.subarray(0, values))
    measurePaths(this.#paths, steps, threshold, this.#figures)
    return this.#figures
  }

  /** Step at which the median of the last series' paths is highest. */
  findHighestMedian(steps: number): number {
    const values = new Float64Array(this.#count)
    let [highest, found] = [Number.NEGATIVE_INFINITY, 0]
    for (let step = 0; step < steps; step++) {
      for (let path = 0; path < this.#count; path++) values[path] = this.#paths[path * steps + step]!
      const median = percentileOf(values.sort(), 0.5)
      if (median > highest) [highest, found] = [median, step]
    }
    return found
  }
}

/** Of the paths that breach, the shares that have breached by a date: those with a sustained breach, those with any. */
export const curveColumns = { series_id: 'INTEGER', at_ms: 'DOUBLE', share_sustained: 'DOUBLE', share_any: 'DOUBLE' } as const

const createCurve = (): Record<'ids' | 'times' | 'sustained' | 'any', number[]> => ({ ids: [], times: [], sustained: [], any: [] })

/** Rows of `breach_curve`, column by column. */
export type CurveRows = readonly [ids: Int32Array, times: Float64Array, sustained: Float64Array, any: Float64Array]

/** Probabilities as the run states them. */
export interface EventProbabilities {
  readonly sustained: number
  readonly veryHigh: number
  readonly any: number
}

/** Enters one series after the other into the figures of the fleet, and collects the rows of `breach_curve`. */
export class FleetRecorder {
  readonly #task: PathTask
  readonly #paths: FleetPaths
  readonly #simulation: Simulation
  readonly #sortedP95: Float64Array
  readonly #sortedMaxima: Float64Array
  /** Of the first 200 paths, which happen together with those of other series. */
  readonly #jointP95: Float64Array
  readonly #jointMaxima: Float64Array
  readonly #firstSustained: FirstSteps
  readonly #firstAny: FirstSteps
  #curve = createCurve()

  /** `count` paths in `simulation`. */
  constructor(task: PathTask, paths: FleetPaths, simulation: Simulation, count = pathCount) {
    this.#task = task
    this.#paths = paths
    this.#simulation = simulation
    this.#sortedP95 = new Float64Array(count)
    this.#sortedMaxima = new Float64Array(count)
    this.#jointP95 = count === pathCount ? this.#sortedP95 : new Float64Array(pathCount)
    this.#jointMaxima = count === pathCount ? this.#sortedMaxima : new Float64Array(pathCount)
    this.#firstSustained = new FirstSteps(count)
    this.#firstAny = new FirstSteps(count)
  }

  /** `figures`: of the paths that `simulation` drew last. `times`: of the horizon's steps, milliseconds UTC. */
  record(position: number, times: Float64Array, figures: PathFigures, { sustained, veryHigh, any }: EventProbabilities): void {
    const paths = this.#paths
    const { series, config } = this.#task
    const [sortedP95, sortedMaxima] = [this.#sortedP95, this.#sortedMaxima]
    sortInto(sortedP95, figures.p95)
    sortInto(sortedMaxima, figures.maxima)
    if (this.#jointP95 !== sortedP95) {
      sortInto(this.#jointP95, figures.p95.subarray(0, pathCount))
      sortInto(this.#jointMaxima, figures.maxima.subarray(0, pathCount))
    }
    paths.sustained.probability[position] = sustained
    paths.veryHigh.probability[position] = veryHigh
    paths.any.probability[position] = any
    paths.p95.p10[position] = percentileOf(sortedP95, 0.1)
    paths.p95.median[position] = percentileOf(sortedP95, 0.5)
    paths.p95.p90[position] = percentileOf(sortedP95, 0.9)
    paths.p95.p95[position] = percentileOf(sortedP95, 0.95)
    paths.p95.sizing[position] = percentileOf(sortedP95, config.sizing_confidence)
    paths.peakP95[position] = percentileOf(sortedMaxima, 0.95)
    addBreaching(paths.sustained.paths, position, figures.p95, limitOf(this.#jointP95, sustained))
    addBreaching(paths.veryHigh.paths, position, figures.p95, limitOf(this.#jointP95, veryHigh))
    addBreaching(paths.any.paths, position, figures.maxima, limitOf(this.#jointMaxima, any))
    this.#firstSustained.collect(figures.firstAbove, figures.p95, limitOf(sortedP95, sustained))
    this.#firstAny.collect(figures.firstAbove, figures.maxima, limitOf(sortedMaxima, any))
    const firstBreaching = findFirstBreaching(sortedP95, sustained)
    if (firstBreaching < sortedP95.length) {
      paths.p95.breaching[position] = percentileOf(sortedP95.subarray(firstBreaching), config.sizing_confidence)
      const isAbove = this.#firstSustained.count > 0
      const highest = isAbove ? 0 : this.#simulation.findHighestMedian(times.length)
      paths.firstBreach.p20[position] = times[isAbove ? this.#firstSustained.quantile(0.2) : highest]!
      paths.firstBreach.median[position] = times[isAbove ? this.#firstSustained.quantile(0.5) : highest]!
    }
    this.#addCurve(series.seriesIds[position]!, times)
  }

  #addCurve(id: number, times: Float64Array): void {
    const stepsPerPoint = curveSteps[this.#task.grid.granularity]
    for (let step = stepsPerPoint - 1; ; step += stepsPerPoint) {
      const last = Math.min(step, times.length - 1)
      const evenShare = (last + 1) / times.length
      this.#curve.ids.push(id)
      this.#curve.times.push(times[last]!)
      this.#curve.sustained.push(this.#firstSustained.shareBy(last) ?? evenShare)
      this.#curve.any.push(this.#firstAny.shareBy(last) ?? evenShare)
      if (last === times.length - 1) break
    }
  }

  /** The rows since the last call. */
  takeCurve(): CurveRows {
    const { ids, times, sustained, any } = this.#curve
    this.#curve = createCurve()
    return [Int32Array.from(ids), Float64Array.from(times), Float64Array.from(sustained), Float64Array.from(any)]
  }
}

const sortInto = (sorted: Float64Array, values: Float64Array): void => {
  sorted.set(values)
  sorted.sort()
}

/**
 * Index, in ascending margins, of the first path that counts as breaching: the mid-rank of its margin exceeds 1 - probability. So the share of
 * breaching paths is the probability. The number of paths if none breaches.
 */
export const findFirstBreaching = (sorted: Float64Array, probability: number): number => {
  let from = 0
  while (from < sorted.length) {
    let to = from + 1
    while (to < sorted.length && sorted[to] === sorted[from]) to++
    if ((from + to) / 2 / sorted.length > 1 - probability) break
    from = to
  }
  return from
}

/** Least margin of a path that breaches; infinite where none does. */
const limitOf = (sorted: Float64Array, probability: number): number =>
  sorted[findFirstBreaching(sorted, probability)] ?? Number.POSITIVE_INFINITY

const addBreaching = (sets: PathSets, position: number, values: Float64Array, limit: number): void => {
  for (let path = 0; path < pathCount; path++) if (values[path]! >= limit) addPath(sets, position, path)
}

/** First steps above the threshold of breaching paths, ascending; paths that stay below it have none. */
class FirstSteps {
  readonly #steps: Int32Array
  count = 0

  constructor(paths: number) {
    this.#steps = new Int32Array(paths)
  }

  collect(firstAbove: Int32Array, values: Float64Array, limit: number): void {
    this.count = 0
    for (let path = 0; path < firstAbove.length; path++) {
      if (firstAbove[path]! >= 0 && values[path]! >= limit) this.#steps[this.count++] = firstAbove[path]!
    }
    this.#steps.subarray(0, this.count).sort()
  }

  /** An observed step, the earlier one between two. */
  quantile(share: number): number {
    return this.#steps[Math.floor(share * (this.count - 1))]!
  }

  /** Share of the paths that are above by then; undefined without any path. */
  shareBy(step: number): number | undefined {
    let breached = 0
    while (breached < this.count && this.#steps[breached]! <= step) breached++
    return this.count === 0 ? undefined : breached / this.count
  }
}

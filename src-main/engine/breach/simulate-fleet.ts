// Simulates paths of all series with a threshold: over backtest windows for the calibration, then over their horizons; some bins at a time.
import { pathMomentColumns, type PathMomentColumn } from '../../../src-shared/artefacts/server-risk.ts'
import type { Database } from '../../database/database.ts'
import { calibrate, type Calibration } from '../../statistics/beta-calibration.ts'
import { findLikelyRaw, findLikelyValue } from '../../statistics/likely-value.ts'
import { percentileOf } from '../../statistics/percentile.ts'
import { exceedanceProbability } from '../../statistics/student-t4.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import { foldOf, type CalibrationSample } from './calibration.ts'
import type { IntervalGroup } from './interval-coverage.ts'
import { PathSets, type SeriesBreaches } from './joint-breaches.ts'
import {
  createBatches,
  createHorizonSource,
  createWindowSource,
  horizonMeansOf,
  loadBatch,
  rangeOf,
  windowSeedOf,
  type SeriesBatch,
  type SimulationTask,
} from './path-batches.ts'
import type { StepRange } from './residual-runs.ts'
import { readHorizonForecasts, type ThresholdSeries } from './threshold-series.ts'
import {
  createPathFigures,
  drawPaths,
  hasResiduals,
  hashOf,
  measureHalves,
  measurePaths,
  pathCount,
  rawProbability,
  type PathFigures,
  type PathRange,
  type PathSource,
} from './simulate-paths.ts'

/** Steps of the probability-by-date curve: a week of days, six hours of hours. */
const curveSteps = { hourly: 6, daily: 7, weekly: 1, monthly: 1, quarterly: 1 } as const
/** Series between two checks of the abort signal. */
const seriesPerYield = 200
/** Windows of different times that are simulated per batch, the commonest first. */
const maxWindowTimes = 24

/** Of both events: P95 above the threshold (sustained), some value above it (any). */
export interface EventPair<T> {
  readonly sustained: T
  readonly any: T
}

/** Simulates the windows of the calibration sample and compares them with what was measured. */
export const sampleCalibration = async (task: SimulationTask, signal: AbortSignal | undefined): Promise<EventPair<CalibrationSample>> => {
  const entries = new SampleBuilder()
  for (const positions of createBatches(task)) {
    const batch = loadBatch(task, positions)
    for (const window of findWindows(task, batch)) {
      await yieldToEventLoop(signal)
      sampleWindow(task, batch, window, entries)
    }
  }
  return entries.build()
}

interface WindowMember {
  /** Index in the batch. */
  readonly s: number
  /** Number of the window, 0 the latest. */
  readonly age: number
}

interface SimulatedWindow {
  readonly range: StepRange
  readonly members: readonly WindowMember[]
}

/** Windows of the batch by their times. */
const findWindows = ({ backtestResiduals }: SimulationTask, { ids }: SeriesBatch): SimulatedWindow[] => {
  const windows = new Map<string, { range: StepRange; members: WindowMember[] }>()
  ids.forEach((id, s) =>
    backtestResiduals.windows(id).forEach(({ range }, age) => {
      const key = `${range.from} ${range.to}`
      const known = windows.get(key)
      if (known === undefined) windows.set(key, { range, members: [{ s, age }] })
      else known.members.push({ s, age })
    }),
  )
  return [...windows.values()]
    .sort((a, b) => b.members.length - a.members.length || b.range.to - a.range.to || a.range.from - b.range.from)
    .slice(0, maxWindowTimes)
}

const sampleWindow = (task: SimulationTask, batch: SeriesBatch, { range, members }: SimulatedWindow, entries: SampleBuilder): void => {
  const { series, backtestResiduals } = task
  const { windowOffsets, windowPredicted } = batch.residuals
  const forecastOf = ({ s, age }: WindowMember): Float64Array => {
    const rows = backtestResiduals.windowRows(batch.ids[s]!)
    const from = windowOffsets[s]! + age * rows
    return Float64Array.from(windowPredicted.subarray(from, from + rows))
  }
  const means = horizonMeansOf(task, batch)
  for (const member of members) {
    const forecast = forecastOf(member)
    means[member.s] = forecast.reduce((sum, value) => sum + value, 0) / forecast.length
  }
  const windowSeed = windowSeedOf(task, range)
  const source = createWindowSource(task, batch, range, means, windowSeed)
  const simulation = new Simulation()
  for (const member of members) {
    const position = batch.positions[member.s]!
    const outcome = backtestResiduals.windows(batch.ids[member.s]!)[member.age]!
    const threshold = series.thresholds[position]!
    const seed = hashOf(windowSeed, series.serverIds[position]!, series.metrics[position]!)
    const figures = simulation.run(source, member.s, forecastOf(member), rangeOf(task, position, outcome.maxOutside), threshold, seed)
    entries.add(series.serverIds[position]!, 0.5 ** member.age, {
      sustained: { raw: rawProbability(figures.p95, threshold), outcome: outcome.sustained, flag: outcome.sustainedFlag },
      any: { raw: rawProbability(figures.maxima, threshold), outcome: outcome.any, flag: outcome.anyFlag },
    })
  }
}

interface SampleEntry {
  readonly raw: number
  readonly outcome: number
  readonly flag: number
}

class SampleBuilder {
  readonly #events: EventPair<SampleEntry[]> = { sustained: [], any: [] }
  readonly #weights: number[] = []
  readonly #folds: number[] = []
  readonly #servers: number[] = []
  readonly #serverNumbers = new Map<string, number>()

  add(serverId: string, weight: number, { sustained, any }: EventPair<SampleEntry>): void {
    let server = this.#serverNumbers.get(serverId)
    if (server === undefined) this.#serverNumbers.set(serverId, (server = this.#serverNumbers.size))
    this.#events.sustained.push(sustained)
    this.#events.any.push(any)
    this.#weights.push(weight)
    this.#folds.push(foldOf(serverId))
    this.#servers.push(server)
  }

  build(): EventPair<CalibrationSample> {
    const sampleOf = (entries: readonly SampleEntry[]): CalibrationSample => ({
      raw: Float64Array.from(entries, ({ raw }) => raw),
      outcomes: Uint8Array.from(entries, ({ outcome }) => outcome),
      flagged: Uint8Array.from(entries, ({ flag }) => flag),
      weights: Float64Array.from(this.#weights),
      fold: Uint8Array.from(this.#folds),
      servers: Uint32Array.from(this.#servers),
    })
    return { sustained: sampleOf(this.#events.sustained), any: sampleOf(this.#events.any) }
  }
}

/** Figures of each series over its horizon; arrays by index in ThresholdSeries, NaN where a figure is not known. */
export interface FleetPaths {
  readonly raw: EventPair<Float64Array>
  readonly sustained: SeriesBreaches
  /** The sustained breach of the very high threshold. */
  readonly veryHigh: SeriesBreaches
  readonly any: SeriesBreaches
  /** Quantiles of the paths' P95, in the metric's unit. */
  readonly p95: PathP95s
  readonly moments: Readonly<Record<PathMomentColumn, Float64Array>>
  /** 95 % quantile of the paths' maxima, in the metric's unit. */
  readonly peakP95: Float64Array
  /** Milliseconds UTC: quantiles of the first time above the threshold among the paths with a sustained breach. */
  readonly firstBreach: { readonly p20: Float64Array; readonly median: Float64Array }
  readonly intervals: ReadonlyMap<number, IntervalGroup>
  /** Calibration group of a series: its bin and its model. */
  readonly groups: Int32Array
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

/** Of the paths that breach, the shares that have breached by a date: those with a sustained breach, those with any. */
export const curveColumns = { series_id: 'INTEGER', at_ms: 'DOUBLE', share_sustained: 'DOUBLE', share_any: 'DOUBLE' } as const

/** Fills `breach_curve`. Reads `horizon`. */
export const simulateFleet = async (
  database: Database,
  task: SimulationTask,
  calibrations: EventPair<Calibration>,
  signal: AbortSignal | undefined,
): Promise<FleetPaths> => {
  const count = task.series.seriesIds.length
  const nanArray = (): Float64Array => new Float64Array(count).fill(Number.NaN)
  const intervals = new Map<number, IntervalGroup>()
  const paths: FleetPaths = {
    raw: { sustained: nanArray(), any: nanArray() },
    sustained: { probability: nanArray(), paths: new PathSets(count) },
    veryHigh: { probability: nanArray(), paths: new PathSets(count) },
    any: { probability: nanArray(), paths: new PathSets(count) },
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
    intervals,
    groups: calibrationGroupsOf(task.series),
  }
  await database.storeRows('breach_curve', curveColumns, [])
  for (const positions of createBatches(task)) {
    const batch = loadBatch(task, positions)
    await simulateHorizons(database, task, batch, calibrations, paths, signal)
    collectIntervals(task, batch, paths.groups, intervals)
  }
  return paths
}

const calibrationGroupsOf = ({ models, bins }: ThresholdSeries): Int32Array => {
  const indexByKey = new Map([...new Set(models)].sort().map((model, number) => [model, number]))
  return bins.map((bin, position) => bin * indexByKey.size + indexByKey.get(models[position]!)!)
}

/** Draws and measures the paths of one series after the other in the same memory. */
class Simulation {
  #paths = new Float64Array(0)
  readonly #figures = createPathFigures()

  run(source: PathSource, s: number, forecast: Float64Array, range: PathRange, threshold: number, seed: number): PathFigures {
    const values = pathCount * forecast.length
    if (this.#paths.length < values) this.#paths = new Float64Array(values)
    drawPaths(source, s, forecast, range, seed, this.#paths)
    measurePaths(this.#paths, forecast.length, threshold, this.#figures)
    return this.#figures
  }

  /** Step at which the median of the last series' paths is highest. */
  findHighestMedian(steps: number): number {
    const values = new Float64Array(pathCount)
    let [highest, found] = [Number.NEGATIVE_INFINITY, 0]
    for (let step = 0; step < steps; step++) {
      for (let path = 0; path < pathCount; path++) values[path] = this.#paths[path * steps + step]!
      const median = percentileOf(values.sort(), 0.5)
      if (median > highest) [highest, found] = [median, step]
    }
    return found
  }
}

const simulateHorizons = async (
  database: Database,
  task: SimulationTask,
  batch: SeriesBatch,
  calibrations: EventPair<Calibration>,
  paths: FleetPaths,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const { series, backtestResiduals, config } = task
  const source = createHorizonSource(task, batch)
  const { offsets, predicted, times } = await readHorizonForecasts(database, batch.ids)
  const stepsPerCurvePoint = curveSteps[task.grid.granularity]
  let curve: [id: number, at: number, sustained: number, any: number][] = []
  const flushCurve = async (): Promise<void> => {
    await database.appendRows('breach_curve', curveColumns, curve)
    curve = []
  }
  const simulation = new Simulation()
  const likelyRaw = findLikelyRaw(calibrations.sustained)
  const [sortedP95, sortedMaxima] = [new Float64Array(pathCount), new Float64Array(pathCount)]
  const [firstSustained, firstAny] = [new FirstSteps(), new FirstSteps()]
  for (const [s, position] of batch.positions.entries()) {
    if (s % seriesPerYield === 0) {
      await yieldToEventLoop(signal)
      await flushCurve()
    }
    if (!hasResiduals(source, s)) continue
    const from = offsets[s]!
    const forecast = predicted.subarray(from, offsets[s + 1])
    const threshold = series.thresholds[position]!
    const seed = hashOf(config.seed, series.serverIds[position]!, series.metrics[position]!)
    const range = rangeOf(task, position, backtestResiduals.maxMeasured(batch.ids[s]!))
    const figures = simulation.run(source, s, forecast, range, threshold, seed)
    const p95Halves = measureHalves(figures.p95)
    const peakHalves = measureHalves(figures.maxima)
    const moments = [...p95Halves, ...peakHalves].flatMap(({ mean, deviation }) => [mean, deviation])
    pathMomentColumns.forEach((column, index) => (paths.moments[column][position] = moments[index]!))
    const rawSustained = exceedanceProbability(p95Halves, threshold)
    const rawAny = exceedanceProbability(peakHalves, threshold)
    const sustained = calibrate(calibrations.sustained, rawSustained)
    paths.p95.likely[position] = findLikelyValue(p95Halves, likelyRaw)
    // The curve of the high threshold serves both, so that the very high one is never exceeded more probably.
    const veryHigh = calibrate(calibrations.sustained, exceedanceProbability(p95Halves, series.veryHighThresholds[position]!))
    // A sustained breach is a breach, whatever two separate curves say.
    const any = Math.max(calibrate(calibrations.any, rawAny), sustained)
    paths.raw.sustained[position] = rawSustained
    paths.raw.any[position] = rawAny
    paths.sustained.probability[position] = sustained
    paths.veryHigh.probability[position] = veryHigh
    paths.any.probability[position] = any
    sortedP95.set(figures.p95)
    sortedP95.sort()
    sortedMaxima.set(figures.maxima)
    sortedMaxima.sort()
    paths.p95.p10[position] = percentileOf(sortedP95, 0.1)
    paths.p95.median[position] = percentileOf(sortedP95, 0.5)
    paths.p95.p90[position] = percentileOf(sortedP95, 0.9)
    paths.p95.p95[position] = percentileOf(sortedP95, 0.95)
    paths.p95.sizing[position] = percentileOf(sortedP95, config.sizing_confidence)
    paths.peakP95[position] = percentileOf(sortedMaxima, 0.95)
    const firstBreaching = findFirstBreaching(sortedP95, sustained)
    const sustainedLimit = valueAt(sortedP95, firstBreaching)
    addBreaching(paths.sustained.paths, position, figures.p95, sustainedLimit)
    addBreaching(paths.veryHigh.paths, position, figures.p95, valueAt(sortedP95, findFirstBreaching(sortedP95, veryHigh)))
    const anyLimit = valueAt(sortedMaxima, findFirstBreaching(sortedMaxima, any))
    addBreaching(paths.any.paths, position, figures.maxima, anyLimit)
    firstSustained.collect(figures.firstAbove, figures.p95, sustainedLimit)
    firstAny.collect(figures.firstAbove, figures.maxima, anyLimit)
    if (firstBreaching < pathCount) {
      paths.p95.breaching[position] = percentileOf(sortedP95.subarray(firstBreaching), config.sizing_confidence)
      const isAbove = firstSustained.count > 0
      const highest = isAbove ? 0 : simulation.findHighestMedian(forecast.length)
      paths.firstBreach.p20[position] = times[from + (isAbove ? firstSustained.quantile(0.2) : highest)]!
      paths.firstBreach.median[position] = times[from + (isAbove ? firstSustained.quantile(0.5) : highest)]!
    }
    for (let step = stepsPerCurvePoint - 1; ; step += stepsPerCurvePoint) {
      const last = Math.min(step, forecast.length - 1)
      const evenShare = (last + 1) / forecast.length
      curve.push([batch.ids[s]!, times[from + last]!, firstSustained.shareBy(last) ?? evenShare, firstAny.shareBy(last) ?? evenShare])
      if (last === forecast.length - 1) break
    }
  }
  await flushCurve()
}

/**
 * Index, in ascending margins, of the first path that counts as breaching: the mid-rank of its margin exceeds 1 - probability. So the share of
 * breaching paths is the probability. The number of paths if none breaches.
 */
export const findFirstBreaching = (sorted: Float64Array, probability: number): number => {
  let from = 0
  while (from < sorted.length) {
    let to = from
    while (to < sorted.length && sorted[to] === sorted[from]) to++
    if ((from + to) / 2 / sorted.length > 1 - probability) break
    from = to
  }
  return from
}

const valueAt = (sorted: Float64Array, index: number): number => sorted[index] ?? Number.POSITIVE_INFINITY

const addBreaching = (sets: PathSets, position: number, values: Float64Array, limit: number): void => {
  for (let path = 0; path < pathCount; path++) if (values[path]! >= limit) sets.add(position, path)
}

/** First steps above the threshold of breaching paths, ascending; paths that stay below it have none. */
class FirstSteps {
  readonly #steps = new Int32Array(pathCount)
  count = 0

  collect(firstAbove: Int32Array, values: Float64Array, limit: number): void {
    this.count = 0
    for (let path = 0; path < pathCount; path++) {
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

/** All series of a group are in one batch. */
const collectIntervals = (
  { series }: SimulationTask,
  { positions, residuals: { holdOutOffsets, holdOutExcess, holdOutBounded } }: SeriesBatch,
  groups: Int32Array,
  intervals: Map<number, IntervalGroup>,
): void => {
  const membersOf = new Map<number, number[]>()
  positions.forEach((position, s) => {
    const members = membersOf.get(groups[position]!)
    if (members === undefined) membersOf.set(groups[position]!, [s])
    else members.push(s)
  })
  for (const [group, members] of membersOf) {
    const rows = members.reduce((sum, s) => sum + holdOutOffsets[s + 1]! - holdOutOffsets[s]!, 0)
    if (rows === 0) continue
    const entry = { excess: new Float64Array(rows), bounded: new Uint8Array(rows), fold: new Uint8Array(rows) }
    let at = 0
    for (const s of members) {
      const [from, to] = [holdOutOffsets[s]!, holdOutOffsets[s + 1]!]
      entry.excess.set(holdOutExcess.subarray(from, to), at)
      entry.bounded.set(holdOutBounded.subarray(from, to), at)
      entry.fold.fill(foldOf(series.serverIds[positions[s]!]!), at, at + to - from)
      at += to - from
    }
    intervals.set(group, entry)
  }
}

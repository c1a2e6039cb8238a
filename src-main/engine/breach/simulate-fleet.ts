// Simulates paths of all series with a threshold: over backtest windows for the calibration, then over their horizons; some bins at a time.
import { pathMomentColumns } from '../../../src-shared/artefacts/server-risk.ts'
import type { Database } from '../../database/database.ts'
import { calibrate, type Calibration } from '../../statistics/beta-calibration.ts'
import { findLikelyRaw, findLikelyValue } from '../../statistics/likely-value.ts'
import { exceedanceProbability } from '../../statistics/student-t4.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import { windowForecastOf } from './backtest-residuals.ts'
import { foldOf, type CalibrationSample } from './calibration.ts'
import { createFleetPaths, curveColumns, FleetRecorder, Simulation, type EventPair, type FleetPaths } from './fleet-paths.ts'
import type { IntervalGroup } from './interval-coverage.ts'
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
import { simulateFromQuantiles } from './simulate-quantiles.ts'
import { readHorizonForecasts } from './threshold-series.ts'
import { drawPaths, hasResiduals, measureHalves, rawProbability } from './simulate-paths.ts'

/** Series between two checks of the abort signal. */
const seriesPerYield = 200
/** Windows of different times that are simulated per batch, the commonest first. */
const maxWindowTimes = 24

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
  const forecastOf = ({ s, age }: WindowMember): Float64Array =>
    windowForecastOf(batch.residuals, s, backtestResiduals.windowRows(batch.ids[s]!), age)
  const means = horizonMeansOf(task, batch)
  for (const member of members) {
    const forecast = forecastOf(member)
    means[member.s] = forecast.reduce((sum, value) => sum + value, 0) / forecast.length
  }
  const windowSeed = windowSeedOf(task.config.seed, range)
  const source = createWindowSource(task, batch, range, means, windowSeed)
  const simulation = new Simulation()
  for (const member of members) {
    const position = batch.positions[member.s]!
    const outcome = backtestResiduals.windows(batch.ids[member.s]!)[member.age]!
    const threshold = series.thresholds[position]!
    const key = { seed: windowSeed, metric: series.metrics[position]! }
    const forecast = forecastOf(member)
    const range = rangeOf(task, position, outcome.maxOutside)
    const figures = simulation.run(forecast.length, threshold, (out) => drawPaths(source, member.s, forecast, range, key, out))
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

/** Fills `breach_curve`. Reads `horizon`, and `forecast` for series without residuals. */
export const simulateFleet = async (
  database: Database,
  task: SimulationTask,
  calibrations: EventPair<Calibration>,
  signal: AbortSignal | undefined,
): Promise<FleetPaths> => {
  const paths = createFleetPaths(task.series)
  const withoutResiduals: number[] = []
  await database.storeRows('breach_curve', curveColumns, [])
  for (const positions of createBatches(task)) {
    const batch = loadBatch(task, positions)
    withoutResiduals.push(...(await simulateHorizons(database, task, batch, calibrations, paths, signal)))
    collectIntervals(task, batch, paths.groups, paths.intervals)
  }
  await simulateFromQuantiles(database, task, withoutResiduals, paths, signal)
  return paths
}

/** Returns the series without residuals, their own or borrowed: nothing is known of them yet. */
const simulateHorizons = async (
  database: Database,
  task: SimulationTask,
  batch: SeriesBatch,
  calibrations: EventPair<Calibration>,
  paths: FleetPaths,
  signal: AbortSignal | undefined,
): Promise<number[]> => {
  const { series, backtestResiduals, config } = task
  const source = createHorizonSource(task, batch, config.seed)
  const { offsets, predicted, times } = await readHorizonForecasts(database, batch.ids)
  const simulation = new Simulation()
  const recorder = new FleetRecorder(database, task, paths, simulation)
  const likelyRaw = findLikelyRaw(calibrations.sustained)
  const withoutResiduals: number[] = []
  for (const [s, position] of batch.positions.entries()) {
    if (s % seriesPerYield === 0) {
      await yieldToEventLoop(signal)
      await recorder.flushMany()
    }
    if (!hasResiduals(source, s)) {
      withoutResiduals.push(position)
      continue
    }
    const [from, to] = [offsets[s]!, offsets[s + 1]!]
    const threshold = series.thresholds[position]!
    const key = { seed: config.seed, metric: series.metrics[position]! }
    const range = rangeOf(task, position, backtestResiduals.maxMeasured(batch.ids[s]!))
    const forecast = predicted.subarray(from, to)
    const figures = simulation.run(to - from, threshold, (out) => drawPaths(source, s, forecast, range, key, out))
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
    recorder.record(position, times.subarray(from, to), figures, { sustained, veryHigh, any })
  }
  await recorder.flush()
  return withoutResiduals
}

/** All series of a group are in one batch. */
const collectIntervals = (
  { series }: SimulationTask,
  { positions, residuals: { holdOutOffsets, holdOutExcess, holdOutBounded, holdOutThirds } }: SeriesBatch,
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
    const entry = { excess: new Float64Array(rows), bounded: new Uint8Array(rows), third: new Uint8Array(rows), fold: new Uint8Array(rows) }
    let at = 0
    for (const s of members) {
      const [from, to] = [holdOutOffsets[s]!, holdOutOffsets[s + 1]!]
      entry.excess.set(holdOutExcess.subarray(from, to), at)
      entry.bounded.set(holdOutBounded.subarray(from, to), at)
      entry.third.set(holdOutThirds.subarray(from, to), at)
      entry.fold.fill(foldOf(series.serverIds[positions[s]!]!), at, at + to - from)
      at += to - from
    }
    intervals.set(group, entry)
  }
}

// Simulates paths of all series with a threshold: over backtest windows for the calibration, then over their horizons; some bins at a time.
import type { Database } from '../../database/database.ts'
import { ReusedArrays } from '../../threads/shared-arrays.ts'
import type { Calibration } from '../../statistics/beta-calibration.ts'
import type { WindowFigures } from './backtest-residuals.ts'
import { foldOf, thresholdShares, type CalibrationSample, type ThresholdEntries } from './calibration.ts'
import { curveColumns, type CurveRows, type EventPair, type FleetPaths } from './fleet-paths.ts'
import type { IntervalGroup } from './interval-coverage.ts'
import { createBatches, loadBatch, pathBatchOf, rangeOf, type SeriesBatch, type SimulationTask } from './path-batches.ts'
import type { PathPool } from './path-pool.ts'
import type { SampledWindow, WindowMember } from './path-work.ts'
import type { StepRange } from './residual-runs.ts'
import { simulateFromQuantiles } from './simulate-quantiles.ts'
import { readHorizonForecasts, type ThresholdSeries } from './threshold-series.ts'

/** Series of one request to a thread. */
const seriesPerShare = 200
/** Windows of different times that are simulated per batch, the commonest first. */
const maxWindowTimes = 24

/** Windows and series that are simulated, at most. */
export const countSimulations = ({ series: { seriesIds }, backtestResiduals }: SimulationTask): number =>
  seriesIds.reduce((sum, id) => sum + 1 + backtestResiduals.windows(id).length, 0)

/** Simulates the windows of the calibration sample and compares them with what was measured. */
export const sampleCalibration = async (task: SimulationTask, pool: PathPool): Promise<EventPair<CalibrationSample>> => {
  const entries = new SampleBuilder()
  const reused = new ReusedArrays()
  for (const positions of createBatches(task)) {
    const batch = loadBatch(task, positions, reused)
    const windows = findWindows(task, batch)
    await pool.askAll({ batch: pathBatchOf(batch) })
    const answers = await pool.askEach(windows.map((window) => ({ window })))
    windows.forEach(({ members }, index) => addWindow(task, batch, members, answers[index]!.raw!, entries))
  }
  return entries.build()
}

/** Windows of the batch by their times. */
const findWindows = ({ backtestResiduals }: SimulationTask, { ids }: SeriesBatch): SampledWindow[] => {
  const windows = new Map<string, { range: StepRange; members: WindowMember[] }>()
  ids.forEach((id, s) =>
    backtestResiduals.windows(id).forEach(({ range, maxOutside }, age) => {
      const key = `${range.from} ${range.to}`
      const known = windows.get(key)
      if (known === undefined) windows.set(key, { range, members: [{ s, age, maxOutside }] })
      else known.members.push({ s, age, maxOutside })
    }),
  )
  return [...windows.values()]
    .sort((a, b) => b.members.length - a.members.length || b.range.to - a.range.to || a.range.from - b.range.from)
    .slice(0, maxWindowTimes)
}

/** `raw`: of the members, as a thread answers. */
const addWindow = (
  task: SimulationTask,
  batch: SeriesBatch,
  members: readonly WindowMember[],
  raw: EventPair<Float64Array>,
  entries: SampleBuilder,
): void =>
  members.forEach(({ s, age, maxOutside }, index) => {
    const position = batch.positions[s]!
    const { measured, predicted } = task.backtestResiduals.windows(batch.ids[s]!)[age]!
    const rawOf = (event: keyof EventPair<Float64Array>): Float64Array =>
      raw[event].subarray(index * thresholdShares.length, (index + 1) * thresholdShares.length)
    entries.add({
      server: task.series.serverIds[position]!,
      weight: 0.5 ** age,
      threshold: task.series.thresholds[position]!,
      highest: rangeOf(task, position, maxOutside).max,
      raw: { sustained: rawOf('sustained'), any: rawOf('any') },
      measured,
      predicted,
    })
  })

interface SampleEntry {
  readonly server: string
  readonly weight: number
  readonly threshold: number
  /** Paths do not exceed it. */
  readonly highest: number
  /** By share of the threshold. */
  readonly raw: EventPair<Float64Array>
  readonly measured: WindowFigures
  readonly predicted: WindowFigures
}

const figureOf = { sustained: 'p95', any: 'maximum' } as const

class SampleBuilder {
  readonly #entries: SampleEntry[] = []

  add(entry: SampleEntry): void {
    this.#entries.push(entry)
  }

  build(): EventPair<CalibrationSample> {
    const numbers = new Map<string, number>()
    for (const { server } of this.#entries) if (!numbers.has(server)) numbers.set(server, numbers.size)
    const servers = Uint32Array.from(this.#entries, ({ server }) => numbers.get(server)!)
    const fold = Uint8Array.from(this.#entries, ({ server }) => foldOf(server))
    const own = thresholdShares.indexOf(1)
    const sampleOf = (event: keyof typeof figureOf): CalibrationSample => {
      const levels = thresholdShares.map((share, level) => this.#entriesAt(event, share, level))
      return {
        ...levels[own]!,
        neighbours: levels.filter((_, level) => level !== own),
        flagged: Uint8Array.from(this.#entries, ({ predicted, threshold }) => (predicted[figureOf[event]] > threshold ? 1 : 0)),
        fold,
        servers,
      }
    }
    return { sustained: sampleOf('sustained'), any: sampleOf('any') }
  }

  #entriesAt(event: keyof typeof figureOf, share: number, level: number): ThresholdEntries {
    const entries = this.#entries
    return {
      raw: Float64Array.from(entries, ({ raw }) => raw[event][level]!),
      outcomes: Uint8Array.from(entries, ({ measured, threshold }) => (measured[figureOf[event]] > share * threshold ? 1 : 0)),
      // What no path can exceed tells nothing.
      weights: Float64Array.from(entries, ({ weight, threshold, highest }) => (share > 1 && share * threshold >= highest ? 0 : weight)),
    }
  }
}

/** What the horizons' paths say in addition to the figures of each series. */
export interface FleetIntervals {
  readonly intervals: Map<number, IntervalGroup>
  /** Calibration group of a series: its bin and its model. */
  readonly groups: Int32Array
}

/** Fills `paths` and `breach_curve`. Reads `horizon`, and `forecast` for series without residuals. */
export const simulateFleet = async (
  database: Database,
  task: SimulationTask,
  calibrations: EventPair<Calibration>,
  paths: FleetPaths,
  pool: PathPool,
  signal: AbortSignal | undefined,
  onThreadsAlone: () => void,
): Promise<FleetIntervals> => {
  const groups = calibrationGroupsOf(task.series)
  const intervals = new Map<number, IntervalGroup>()
  const withoutResiduals: number[] = []
  await database.storeRows('breach_curve', curveColumns, [])
  const reused = new ReusedArrays()
  for (const positions of createBatches(task)) {
    const batch = loadBatch(task, positions, reused)
    await pool.askAll({ batch: pathBatchOf(batch) })
    await pool.askAll({ horizons: { forecasts: await readHorizonForecasts(database, batch.ids), calibrations } })
    const answering = pool.askEach(sharesOf(positions.length).map((share) => ({ share })))
    onThreadsAlone()
    const answers = await answering
    await database.appendColumns('breach_curve', joinCurves(answers.flatMap(({ curve }) => (curve === undefined ? [] : [curve]))))
    withoutResiduals.push(...answers.flatMap((answer) => answer.withoutResiduals ?? []))
    collectIntervals(task, batch, groups, intervals)
  }
  await simulateFromQuantiles(database, task, withoutResiduals, paths, signal)
  return { intervals, groups }
}

const calibrationGroupsOf = ({ models, bins }: ThresholdSeries): Int32Array => {
  const indexByKey = new Map([...new Set(models)].sort().map((model, number) => [model, number]))
  return bins.map((bin, position) => bin * indexByKey.size + indexByKey.get(models[position]!)!)
}

const sharesOf = (series: number): { from: number; to: number }[] =>
  Array.from({ length: Math.ceil(series / seriesPerShare) }, (_, share) => ({
    from: share * seriesPerShare,
    to: Math.min(series, (share + 1) * seriesPerShare),
  }))

/** Each append takes a few milliseconds, whatever its rows. */
const joinCurves = (curves: readonly CurveRows[]): CurveRows => {
  const rows = curves.reduce((sum, [ids]) => sum + ids.length, 0)
  const joined: CurveRows = [new Int32Array(rows), new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)]
  let first = 0
  for (const curve of curves) {
    curve.forEach((values, column) => joined[column]!.set(values, first))
    first += curve[0].length
  }
  return joined
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

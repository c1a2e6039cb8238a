// Simulates paths of all series with a threshold: over backtest windows for the calibration, then over their horizons; some bins at a time.
import type { Database } from '../../database/database.ts'
import { ReusedArrays } from '../../threads/shared-arrays.ts'
import type { Calibration } from '../../statistics/beta-calibration.ts'
import type { WindowFigures } from './backtest-residuals.ts'
import { foldOf, thresholdShares, type CalibrationSample, type ThresholdEntries } from './calibration.ts'
import { curveColumns, type CurveRows, type EventPair, type FleetPaths } from './fleet-paths.ts'
import { readHorizonForecasts } from './horizon-file.ts'
import type { IntervalGroup } from './interval-coverage.ts'
import { createBatches, loadBatch, pathBatchOf, rangeOf, type SeriesBatch, type SimulationTask } from './path-batches.ts'
import type { PathPool } from './path-pool.ts'
import type { PathAnswer, SampledWindow, SeriesShare, WindowMember } from './path-work.ts'
import type { StepRange } from './residual-runs.ts'
import { simulateFromQuantiles } from './simulate-quantiles.ts'
import type { ThresholdSeries } from './threshold-series.ts'

/** Series of one request to a thread. */
const seriesPerShare = 200
/** Steps of horizons in memory: 16 MB of them. */
const maxHorizonSteps = 1_000_000
/** Windows of different times that are simulated per batch, the commonest first. */
const maxWindowTimes = 24

/** Windows and series that are simulated, at most. */
export const countSimulations = ({ series: { seriesIds }, backtestResiduals }: SimulationTask): number =>
  seriesIds.reduce((sum, id) => sum + 1 + backtestResiduals.windows(id).length, 0)

/** A window of some batch of `createBatches`. */
export interface WindowTask {
  readonly batch: number
  readonly window: SampledWindow
}

/** The windows of the calibration sample, batch by batch. */
export const listWindowTasks = (task: SimulationTask, batches: readonly (readonly number[])[]): WindowTask[] =>
  batches.flatMap((positions, batch) => findWindows(task, positions).map((window) => ({ batch, window })))

/** Raw probabilities of a window: by member, then by share of the threshold. */
export type WindowProbabilities = EventPair<Float64Array>

/** Simulates windows, in their order. */
export const simulateWindows = async (
  task: SimulationTask,
  batches: readonly (readonly number[])[],
  windowTasks: readonly WindowTask[],
  pool: PathPool,
): Promise<WindowProbabilities[]> => {
  const found: WindowProbabilities[] = []
  const reused = new ReusedArrays()
  for (const [batch, tasksOfBatch] of groupByBatch(windowTasks)) {
    await pool.askAll({ batch: pathBatchOf(loadBatch(task, batches[batch]!, reused)) })
    const answers = await pool.askEach(tasksOfBatch.map(({ window }) => ({ window })))
    found.push(...answers.map((answer) => answer.raw!))
  }
  return found
}

/** In order of the batches. */
const groupByBatch = <Task extends { readonly batch: number }>(tasks: readonly Task[]): Map<number, Task[]> => {
  const groups = new Map<number, Task[]>()
  for (const task of tasks) {
    const known = groups.get(task.batch)
    if (known === undefined) groups.set(task.batch, [task])
    else known.push(task)
  }
  return groups
}

/** Compares what was simulated in the windows with what was measured. */
export const sampleOfWindows = (
  task: SimulationTask,
  batches: readonly (readonly number[])[],
  windowTasks: readonly WindowTask[],
  probabilities: readonly WindowProbabilities[],
): EventPair<CalibrationSample> => {
  const entries = new SampleBuilder()
  windowTasks.forEach(({ batch, window }, index) => addWindow(task, batches[batch]!, window.members, probabilities[index]!, entries))
  return entries.build()
}

/** Simulates the windows of the calibration sample and compares them with what was measured. */
export const sampleCalibration = async (task: SimulationTask, pool: PathPool): Promise<EventPair<CalibrationSample>> => {
  const batches = createBatches(task)
  const windowTasks = listWindowTasks(task, batches)
  return sampleOfWindows(task, batches, windowTasks, await simulateWindows(task, batches, windowTasks, pool))
}

/** Windows of the batch by their times. */
const findWindows = ({ series, backtestResiduals }: SimulationTask, positions: readonly number[]): SampledWindow[] => {
  const windows = new Map<string, { range: StepRange; members: WindowMember[] }>()
  positions.forEach((position, s) =>
    backtestResiduals.windows(series.seriesIds[position]!).forEach(({ range, maxOutside }, age) => {
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
  positions: readonly number[],
  members: readonly WindowMember[],
  raw: EventPair<Float64Array>,
  entries: SampleBuilder,
): void =>
  members.forEach(({ s, age, maxOutside }, index) => {
    const position = positions[s]!
    const { measured, predicted } = task.backtestResiduals.windows(task.series.seriesIds[position]!)[age]!
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

/** Series `from` up to, but without, `to` of some batch of `createBatches`. */
export interface ShareTask extends SeriesShare {
  readonly batch: number
}

/** All series, batch by batch. */
export const listShareTasks = (batches: readonly (readonly number[])[]): ShareTask[] =>
  batches.flatMap((positions, batch) => sharesOf(positions.length).map((share) => ({ batch, ...share })))

/** Hold-out rows of some series of a batch, one series after the other. */
export interface HoldOutRows {
  readonly excess: Float64Array
  readonly bounded: Uint8Array
  readonly thirds: Uint8Array
}

/** Simulates series in the order of the tasks, whose shares of a batch are neighbours. Fills the paths of the pool. `onBatch`: takes what else is known of a batch; its arrays are used again. */
export const simulateShares = async (
  task: SimulationTask,
  batches: readonly (readonly number[])[],
  shareTasks: readonly ShareTask[],
  { calibrations, onThreadsAlone }: SharesWork,
  pool: PathPool,
  onBatch: (batch: SimulatedBatch) => Promise<void>,
): Promise<void> => {
  const reused = new ReusedArrays()
  for (const [number, shares] of groupByBatch(shareTasks)) {
    const batch = loadBatch(task, batches[number]!, reused)
    const all = { from: shares[0]!.from, to: shares.at(-1)!.to }
    await pool.askAll({ batch: pathBatchOf(batch) })
    const answers: PathAnswer[] = []
    for (const some of splitShares(shares, (s) => task.backtestResiduals.horizonSteps(batch.ids[s]!))) {
      const range = { from: some[0]!.from, to: some.at(-1)!.to }
      await pool.askAll({ horizons: { forecasts: readHorizonForecasts(task, batch.ids, range), calibrations } })
      const answering = pool.askEach(some.map(({ from, to }) => ({ share: { from, to } })))
      onThreadsAlone()
      answers.push(...(await answering))
    }
    await onBatch({
      positions: batches[number]!.slice(all.from, all.to),
      curve: joinCurves(answers.flatMap(({ curve }) => (curve === undefined ? [] : [curve]))),
      withoutResiduals: answers.flatMap((answer) => answer.withoutResiduals ?? []),
      holdOut: holdOutOf(batch, all),
    })
  }
}

/** Neighbouring shares whose horizons, of so many steps each, are in memory at once; at least one share. Exported for its test. */
export const splitShares = <Share extends SeriesShare>(
  shares: readonly Share[],
  stepsOf: (s: number) => number,
  maxSteps = maxHorizonSteps,
): Share[][] => {
  const parts: Share[][] = []
  let remaining = 0
  for (const share of shares) {
    let steps = 0
    for (let s = share.from; s < share.to; s++) steps += stepsOf(s)
    if (parts.length === 0 || steps > remaining) {
      parts.push([])
      remaining = maxSteps
    }
    parts.at(-1)!.push(share)
    remaining -= steps
  }
  return parts
}

/** What was simulated of the series at `positions`, which are neighbours in a batch. */
export interface SimulatedBatch {
  readonly positions: readonly number[]
  readonly curve: CurveRows
  /** Indexes in ThresholdSeries of series without residuals, their own or borrowed. */
  readonly withoutResiduals: readonly number[]
  readonly holdOut: HoldOutRows
}

export interface SharesWork {
  readonly calibrations: EventPair<Calibration>
  readonly onThreadsAlone: () => void
}

const holdOutOf = ({ residuals }: SeriesBatch, { from, to }: SeriesShare): HoldOutRows => {
  const [first, end] = [residuals.holdOutOffsets[from]!, residuals.holdOutOffsets[to]!]
  return {
    excess: residuals.holdOutExcess.subarray(first, end),
    bounded: residuals.holdOutBounded.subarray(first, end),
    thirds: residuals.holdOutThirds.subarray(first, end),
  }
}

/** Enters what was simulated, one batch after the other, into `breach_curve` and the intervals of the fleet. */
export class SimulationCollector {
  readonly #database: Database
  readonly #task: SimulationTask
  readonly #groups: Int32Array
  readonly #intervals = new GrowingIntervals()
  readonly #withoutResiduals: number[] = []

  private constructor(database: Database, task: SimulationTask) {
    this.#database = database
    this.#task = task
    this.#groups = calibrationGroupsOf(task.series)
  }

  /** Creates `breach_curve`. */
  static async create(database: Database, task: SimulationTask): Promise<SimulationCollector> {
    await database.storeRows('breach_curve', curveColumns, [])
    return new SimulationCollector(database, task)
  }

  async add({ positions, curve, withoutResiduals, holdOut }: SimulatedBatch): Promise<void> {
    await this.#database.appendColumns('breach_curve', curve)
    this.#withoutResiduals.push(...withoutResiduals)
    collectIntervals(this.#task, positions, holdOut, this.#groups, this.#intervals)
  }

  /** Completes `paths`. Reads `forecast` for series without residuals. */
  async finish(paths: FleetPaths, signal: AbortSignal | undefined): Promise<FleetIntervals> {
    await simulateFromQuantiles(this.#database, this.#task, this.#withoutResiduals, paths, signal)
    return { intervals: this.#intervals.build(), groups: this.#groups }
  }
}

/** Fills `paths` and `breach_curve`. Reads `forecast` for series without residuals. */
export const simulateFleet = async (
  database: Database,
  task: SimulationTask,
  calibrations: EventPair<Calibration>,
  paths: FleetPaths,
  pool: PathPool,
  signal: AbortSignal | undefined,
  onThreadsAlone: () => void,
): Promise<FleetIntervals> => {
  const batches = createBatches(task)
  const collector = await SimulationCollector.create(database, task)
  await simulateShares(task, batches, listShareTasks(batches), { calibrations, onThreadsAlone }, pool, (batch) => collector.add(batch))
  return collector.finish(paths, signal)
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

/** Rows of groups, which come in pieces. */
class GrowingIntervals {
  readonly #pieces = new Map<number, IntervalGroup[]>()

  add(group: number, piece: IntervalGroup): void {
    const known = this.#pieces.get(group)
    if (known === undefined) this.#pieces.set(group, [piece])
    else known.push(piece)
  }

  build(): Map<number, IntervalGroup> {
    return new Map([...this.#pieces].map(([group, pieces]) => [group, joinPieces(pieces)]))
  }
}

const joinPieces = (pieces: readonly IntervalGroup[]): IntervalGroup => {
  if (pieces.length === 1) return pieces[0]!
  const rows = pieces.reduce((sum, { excess }) => sum + excess.length, 0)
  const joined = createInterval(rows)
  let at = 0
  for (const { excess, bounded, third, fold } of pieces) {
    joined.excess.set(excess, at)
    joined.bounded.set(bounded, at)
    joined.third.set(third, at)
    joined.fold.set(fold, at)
    at += excess.length
  }
  return joined
}

const createInterval = (rows: number): IntervalGroup & { readonly fold: Uint8Array } => ({
  excess: new Float64Array(rows),
  bounded: new Uint8Array(rows),
  third: new Uint8Array(rows),
  fold: new Uint8Array(rows),
})

/** All series of a group are in one batch. */
const collectIntervals = (
  { series, backtestResiduals }: SimulationTask,
  positions: readonly number[],
  { excess, bounded, thirds }: HoldOutRows,
  groups: Int32Array,
  intervals: GrowingIntervals,
): void => {
  const offsets = new Uint32Array(positions.length + 1)
  positions.forEach((position, s) => (offsets[s + 1] = offsets[s]! + backtestResiduals.windowRows(series.seriesIds[position]!)))
  const membersOf = new Map<number, number[]>()
  positions.forEach((position, s) => {
    const members = membersOf.get(groups[position]!)
    if (members === undefined) membersOf.set(groups[position]!, [s])
    else members.push(s)
  })
  for (const [group, members] of membersOf) {
    const rows = members.reduce((sum, s) => sum + offsets[s + 1]! - offsets[s]!, 0)
    if (rows === 0) continue
    const entry = createInterval(rows)
    let at = 0
    for (const s of members) {
      const [from, to] = [offsets[s]!, offsets[s + 1]!]
      entry.excess.set(excess.subarray(from, to), at)
      entry.bounded.set(bounded.subarray(from, to), at)
      entry.third.set(thirds.subarray(from, to), at)
      entry.fold.fill(foldOf(series.serverIds[positions[s]!]!), at, at + to - from)
      at += to - from
    }
    intervals.add(group, entry)
  }
}

// Simulates paths of all series with a threshold, over their hold-out windows and their horizons, some bins at a time.
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import type { TimeGrid } from '../../forecasts/detect-granularity.ts'
import type { BacktestResiduals, SeriesResiduals } from './backtest-residuals.ts'
import { foldOf } from './calibration.ts'
import type { IntervalGroup } from './interval-coverage.ts'
import { readHorizonForecasts, type ThresholdSeries } from './threshold-series.ts'
import { findBlocks, poolBlocks } from './residual-blocks.ts'
import { conservativeP95, seedOf, simulateBreaches, type PathSource } from './simulate-paths.ts'

/** Longest block: a week of days or a day of hours. */
const blockSteps = { hourly: 24, daily: 7, weekly: 7 } as const
/** Steps of the probability-by-date curve: a week of days, six hours of hours. */
const curveSteps = { hourly: 6, daily: 7, weekly: 1 } as const
/** Series between two checks of the abort signal. */
const seriesPerYield = 500
/** Approximate residuals in memory, 100 MB with the arrays derived from them. Bins stay whole: their series share residuals. */
const maxResidualsInMemory = 8_000_000

/** Arrays by index in ThresholdSeries. */
export interface FleetPaths {
  /** Share of paths with a value above the threshold, over the horizon. */
  readonly raw: Float64Array
  /** Median first breach among breaching paths, milliseconds UTC; NaN where none breaches. */
  readonly firstBreach: Float64Array
  /** NaN unless the basis is conservative. */
  readonly conservativeP95: Float64Array
  /** The same share over the hold-out window, from residuals before it; NaN without a hold-out. */
  readonly holdOutRaw: Float64Array
  readonly intervals: ReadonlyMap<number, IntervalGroup>
  /** Calibration group of a series: its bin and its model. */
  readonly groups: Int32Array
}

interface SimulationTask {
  readonly series: ThresholdSeries
  readonly backtestResiduals: BacktestResiduals
  readonly grid: TimeGrid
  readonly config: AnalysisConfig
}

export const curveColumns = { series_id: 'INTEGER', at_ms: 'DOUBLE', share: 'DOUBLE' } as const

/** Fills `breach_curve` (series_id, at_ms, share of the breaching paths that have breached by then). Reads `horizon`. */
export const simulateFleet = async (database: Database, task: SimulationTask, signal: AbortSignal | undefined): Promise<FleetPaths> => {
  const { series, backtestResiduals } = task
  const count = series.seriesIds.length
  const nanArray = (): Float64Array => new Float64Array(count).fill(Number.NaN)
  const intervals = new Map<number, IntervalGroup>()
  const paths = {
    raw: nanArray(),
    firstBreach: nanArray(),
    conservativeP95: nanArray(),
    holdOutRaw: nanArray(),
    intervals,
    groups: calibrationGroupsOf(series),
  }
  await database.storeRows('breach_curve', curveColumns, [])
  for (const batch of createBatches(series, backtestResiduals)) {
    const ids = Uint32Array.from(batch, (position) => series.seriesIds[position]!)
    const seriesResiduals = backtestResiduals.load(ids)
    await simulateHoldOuts(task, batch, seriesResiduals, paths.holdOutRaw, signal)
    await simulateHorizons(database, task, { batch, ids, seriesResiduals }, paths, signal)
    collectIntervals(task, batch, seriesResiduals, paths.groups, intervals)
  }
  return paths
}

const calibrationGroupsOf = ({ models, bins }: ThresholdSeries): Int32Array => {
  const indexByKey = new Map([...new Set(models)].sort().map((model, number) => [model, number]))
  return bins.map((bin, position) => bin * indexByKey.size + indexByKey.get(models[position]!)!)
}

/** Indexes of the series in order of their bins; no bin is split. */
const createBatches = ({ bins, seriesIds }: ThresholdSeries, backtestResiduals: BacktestResiduals): number[][] => {
  const members = new Map<number, number[]>()
  bins.forEach((bin, position) => {
    const entry = members.get(bin)
    if (entry === undefined) members.set(bin, [position])
    else entry.push(position)
  })
  const batches: number[][] = []
  let remaining = 0
  for (const bin of [...members.keys()].sort((a, b) => a - b)) {
    const positions = members.get(bin)!
    const residuals = positions.reduce((sum, position) => sum + backtestResiduals.residualCount(seriesIds[position]!), 0)
    if (batches.length === 0 || residuals > remaining) {
      batches.push([])
      remaining = maxResidualsInMemory
    }
    for (const position of positions) batches.at(-1)!.push(position)
    remaining -= residuals
  }
  return batches
}

/** Blocks and pools of a batch; residuals from `ends` on are not drawn. */
const createPathSource = (
  { series, grid }: SimulationTask,
  batch: readonly number[],
  { starts, residuals }: SeriesResiduals,
  ends: Uint32Array,
): PathSource => {
  const indexByKey = new Map<number, number>()
  const bins = Int16Array.from(batch, (position) => {
    const bin = series.bins[position]!
    if (bin < 0) return -1
    if (!indexByKey.has(bin)) indexByKey.set(bin, indexByKey.size)
    return indexByKey.get(bin)!
  })
  const blocks = findBlocks({ starts, residuals }, ends, blockSteps[grid.granularity])
  return { grid: { starts, residuals }, blocks, bins, pools: poolBlocks(blocks, bins, indexByKey.size) }
}

const simulateHoldOuts = async (
  task: SimulationTask,
  batch: readonly number[],
  seriesResiduals: SeriesResiduals,
  holdOutRaw: Float64Array,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const source = createPathSource(task, batch, seriesResiduals, seriesResiduals.holdOutStarts)
  for (const [s, position] of batch.entries()) {
    if (s % seriesPerYield === 0) await yieldToEventLoop(signal)
    const predicted = seriesResiduals.holdOutPredicted.subarray(seriesResiduals.holdOutOffsets[s], seriesResiduals.holdOutOffsets[s + 1])
    if (predicted.length === 0) continue
    holdOutRaw[position] = simulateBreaches(source, s, predicted, task.series.thresholds[position]!, seedFor(task, position)).raw
  }
}

const seedFor = ({ series, config }: SimulationTask, position: number): number =>
  seedOf(config.seed, series.serverIds[position]!, series.metrics[position]!)

const simulateHorizons = async (
  database: Database,
  task: SimulationTask,
  { batch, ids, seriesResiduals }: { batch: readonly number[]; ids: Uint32Array; seriesResiduals: SeriesResiduals },
  paths: Pick<FleetPaths, 'raw' | 'firstBreach' | 'conservativeP95'>,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const source = createPathSource(task, batch, seriesResiduals, seriesResiduals.ends)
  const { offsets, predicted, times } = await readHorizonForecasts(database, ids)
  const stepsPerCurvePoint = curveSteps[task.grid.granularity]
  let curve: [id: number, at: number, share: number][] = []
  const flushCurve = async (): Promise<void> => {
    await database.appendRows('breach_curve', curveColumns, curve)
    curve = []
  }
  for (const [s, position] of batch.entries()) {
    if (s % seriesPerYield === 0) {
      await yieldToEventLoop(signal)
      await flushCurve()
    }
    const from = offsets[s]!
    const forecast = predicted.subarray(from, offsets[s + 1])
    const seed = seedFor(task, position)
    const { raw, rawByStep, medianFirstBreach } = simulateBreaches(source, s, forecast, task.series.thresholds[position]!, seed)
    paths.raw[position] = raw
    if (medianFirstBreach >= 0) paths.firstBreach[position] = times[from + medianFirstBreach]!
    if (task.config.basis === 'conservative') paths.conservativeP95[position] = conservativeP95(source, s, forecast, seed)
    for (let step = stepsPerCurvePoint - 1; ; step += stepsPerCurvePoint) {
      const last = Math.min(step, forecast.length - 1)
      curve.push([ids[s]!, times[from + last]!, raw > 0 ? rawByStep[last]! / raw : (last + 1) / forecast.length])
      if (last === forecast.length - 1) break
    }
  }
  await flushCurve()
}

/** All series of a group are in one batch. */
const collectIntervals = (
  { series }: SimulationTask,
  batch: readonly number[],
  { holdOutOffsets, holdOutExcess, holdOutBounded }: SeriesResiduals,
  groups: Int32Array,
  intervals: Map<number, IntervalGroup>,
): void => {
  const membersOf = new Map<number, number[]>()
  batch.forEach((position, s) => {
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
      entry.fold.fill(foldOf(series.serverIds[batch[s]!]!), at, at + to - from)
      at += to - from
    }
    intervals.set(group, entry)
  }
}

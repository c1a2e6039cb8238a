// Simulated paths of all judged series, some bins at a time: what the held-back windows would have foretold, and what the horizon brings.
import type { AnalysisConfig } from '../../../src-shared/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { breathe } from '../breathe.ts'
import type { TimeGrid } from '../detect-granularity.ts'
import type { BreachEvidence, EvidenceOfSeries } from './breach-evidence.ts'
import { foldOf } from './calibrate.ts'
import type { IntervalGroup } from './interval-coverage.ts'
import { readForecasts, type JudgedSeries } from './judged-series.ts'
import { findBlocks, poolBlocks } from './residual-grid.ts'
import { conservativeP95, seedOf, simulateBreaches, type PathSource } from './simulate-paths.ts'

/** Longest block: a week of days or a day of hours. */
const blockSteps = { hourly: 24, daily: 7, weekly: 7 } as const
/** Steps of the probability-by-date curve: a week of days, six hours of hours. */
const curveSteps = { hourly: 6, daily: 7, weekly: 1 } as const
/** Series between two looks at the abort signal. */
const breath = 500
/** Residuals that are held at a time, about; a bin, whose series borrow from each other, stays whole. 100 MB with all that is made of them. */
const residualsAtOnce = 8_000_000

/** Arrays by place in the judged series. */
export interface FleetPaths {
  /** Share of paths with a value above the threshold, over the horizon. */
  readonly raw: Float64Array
  /** Median first breach among breaching paths, milliseconds UTC; NaN where none breaches. */
  readonly firstBreach: Float64Array
  /** NaN unless the basis is conservative. */
  readonly conservativeP95: Float64Array
  /** The same share over the held-back window, drawn from what lies before it; NaN where nothing was held back. */
  readonly heldRaw: Float64Array
  readonly intervals: ReadonlyMap<number, IntervalGroup>
  /** Calibration group of a series: its bin and its model, whose errors differ in kind. */
  readonly groups: Int32Array
}

interface FleetTask {
  readonly series: JudgedSeries
  readonly evidence: BreachEvidence
  readonly grid: TimeGrid
  readonly config: AnalysisConfig
}

export const curveColumns = { series_id: 'INTEGER', at_ms: 'DOUBLE', share: 'DOUBLE' } as const

/** Fills `breach_curve` (series_id, at_ms, share of the breaching paths that have breached by then). Reads `horizon`. */
export const simulateFleet = async (database: Database, task: FleetTask, signal: AbortSignal | undefined): Promise<FleetPaths> => {
  const { series, evidence } = task
  const count = series.seriesIds.length
  const none = (): Float64Array => new Float64Array(count).fill(Number.NaN)
  const intervals = new Map<number, IntervalGroup>()
  const paths = { raw: none(), firstBreach: none(), conservativeP95: none(), heldRaw: none(), intervals, groups: groupsOf(series) }
  await database.storeRows('breach_curve', curveColumns, [])
  for (const portion of portionsOf(series, evidence)) {
    const ids = Uint32Array.from(portion, (place) => series.seriesIds[place]!)
    const known = evidence.load(ids)
    await foretellHeldBack(task, portion, known, paths.heldRaw, signal)
    await simulateHorizons(database, task, { portion, ids, known }, paths, signal)
    gatherIntervals(task, portion, known, paths.groups, intervals)
  }
  return paths
}

const groupsOf = ({ models, bins }: JudgedSeries): Int32Array => {
  const numbers = new Map([...new Set(models)].sort().map((model, number) => [model, number]))
  return bins.map((bin, place) => bin * numbers.size + numbers.get(models[place]!)!)
}

/** Places of the judged series, whole bins together, in order of the bins. */
const portionsOf = ({ bins, seriesIds }: JudgedSeries, evidence: BreachEvidence): number[][] => {
  const members = new Map<number, number[]>()
  bins.forEach((bin, place) => {
    const own = members.get(bin)
    if (own === undefined) members.set(bin, [place])
    else own.push(place)
  })
  const portions: number[][] = []
  let room = 0
  for (const bin of [...members.keys()].sort((a, b) => a - b)) {
    const places = members.get(bin)!
    const residuals = places.reduce((sum, place) => sum + evidence.placesOf(seriesIds[place]!), 0)
    if (portions.length === 0 || residuals > room) {
      portions.push([])
      room = residualsAtOnce
    }
    for (const place of places) portions.at(-1)!.push(place)
    room -= residuals
  }
  return portions
}

/** Blocks and pools of a portion; `ends` limits the residuals that may be drawn. */
const sourceUpTo = (
  { series, grid }: FleetTask,
  portion: readonly number[],
  { froms, residuals }: EvidenceOfSeries,
  ends: Uint32Array,
): PathSource => {
  const numbers = new Map<number, number>()
  const bins = Int16Array.from(portion, (place) => {
    const bin = series.bins[place]!
    if (bin < 0) return -1
    if (!numbers.has(bin)) numbers.set(bin, numbers.size)
    return numbers.get(bin)!
  })
  const blocks = findBlocks({ froms, residuals }, ends, blockSteps[grid.granularity])
  return { grid: { froms, residuals }, blocks, bins, pools: poolBlocks(blocks, bins, numbers.size) }
}

const foretellHeldBack = async (
  task: FleetTask,
  portion: readonly number[],
  known: EvidenceOfSeries,
  heldRaw: Float64Array,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const source = sourceUpTo(task, portion, known, known.cuts)
  for (const [s, place] of portion.entries()) {
    if (s % breath === 0) await breathe(signal)
    const predicted = known.heldPredicted.subarray(known.heldFroms[s], known.heldFroms[s + 1])
    if (predicted.length === 0) continue
    heldRaw[place] = simulateBreaches(source, s, predicted, task.series.thresholds[place]!, seedFor(task, place)).raw
  }
}

const seedFor = ({ series, config }: FleetTask, place: number): number =>
  seedOf(config.seed, series.serverIds[place]!, series.metrics[place]!)

const simulateHorizons = async (
  database: Database,
  task: FleetTask,
  { portion, ids, known }: { portion: readonly number[]; ids: Uint32Array; known: EvidenceOfSeries },
  paths: Pick<FleetPaths, 'raw' | 'firstBreach' | 'conservativeP95'>,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const source = sourceUpTo(task, portion, known, known.ends)
  const { offsets, predicted, times } = await readForecasts(database, ids)
  const every = curveSteps[task.grid.granularity]
  let curve: [id: number, at: number, share: number][] = []
  const keepCurve = async (): Promise<void> => {
    await database.appendRows('breach_curve', curveColumns, curve)
    curve = []
  }
  for (const [s, place] of portion.entries()) {
    if (s % breath === 0) {
      await breathe(signal)
      await keepCurve()
    }
    const from = offsets[s]!
    const forecast = predicted.subarray(from, offsets[s + 1])
    const seed = seedFor(task, place)
    const { raw, rawBy, medianFirstBreach } = simulateBreaches(source, s, forecast, task.series.thresholds[place]!, seed)
    paths.raw[place] = raw
    if (medianFirstBreach >= 0) paths.firstBreach[place] = times[from + medianFirstBreach]!
    if (task.config.basis === 'conservative') paths.conservativeP95[place] = conservativeP95(source, s, forecast, seed)
    for (let step = every - 1; ; step += every) {
      const last = Math.min(step, forecast.length - 1)
      curve.push([ids[s]!, times[from + last]!, raw > 0 ? rawBy[last]! / raw : (last + 1) / forecast.length])
      if (last === forecast.length - 1) break
    }
  }
  await keepCurve()
}

/** A group's series lie all in one portion. */
const gatherIntervals = (
  { series }: FleetTask,
  portion: readonly number[],
  { heldFroms, heldExcess, heldBounded }: EvidenceOfSeries,
  groups: Int32Array,
  intervals: Map<number, IntervalGroup>,
): void => {
  const membersOf = new Map<number, number[]>()
  portion.forEach((place, s) => {
    const members = membersOf.get(groups[place]!)
    if (members === undefined) membersOf.set(groups[place]!, [s])
    else members.push(s)
  })
  for (const [group, members] of membersOf) {
    const rows = members.reduce((sum, s) => sum + heldFroms[s + 1]! - heldFroms[s]!, 0)
    if (rows === 0) continue
    const own = { excess: new Float64Array(rows), bounded: new Uint8Array(rows), fold: new Uint8Array(rows) }
    let at = 0
    for (const s of members) {
      const [from, to] = [heldFroms[s]!, heldFroms[s + 1]!]
      own.excess.set(heldExcess.subarray(from, to), at)
      own.bounded.set(heldBounded.subarray(from, to), at)
      own.fold.fill(foldOf(series.serverIds[portion[s]!]!), at, at + to - from)
      at += to - from
    }
    intervals.set(group, own)
  }
}

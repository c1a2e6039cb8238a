// The other steps of a shard: draws the paths of its part of the calibration sample, and those of its part of the series.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../database/database.ts'
import { fixedGrid } from '../../forecasts/time-grid.ts'
import { BacktestResiduals } from '../breach/backtest-residuals.ts'
import { fitCalibrations, thresholdShares, type CalibrationSample } from '../breach/calibration.ts'
import type { SeriesHorizon, SeriesHorizons } from '../breach/horizon-file.ts'
import { createFleetPaths, figuresOf, setsOf, type EventPair, type FleetPaths } from '../breach/fleet-paths.ts'
import { createBatches, readSimulationTask, type SimulationTask } from '../breach/path-batches.ts'
import { wordsPerSet, type PathSets } from '../breach/joint-breaches.ts'
import { openPathPool, type PathPool } from '../breach/path-pool.ts'
import { SeriesFile } from '../breach/series-file.ts'
import {
  listShareTasks,
  listWindowTasks,
  sampleOfWindows,
  simulateShares,
  simulateWindows,
  type ShareTask,
  type SimulatedBatch,
  type WindowTask,
} from '../breach/simulate-fleet.ts'
import { loadSparkTables } from './load-spark-output.ts'
import { readMeasuredShard, readSeries, type MeasuredShard } from './measure-shard.ts'
import { readArrays, writeArrays } from './shard-arrays.ts'
import { sliceByWeight } from './shard-folder.ts'
import type { Shard } from '../../../src-shared/run/shard-steps.ts'
import type { SparkOutputNotes } from './spark-output.ts'

const files = { windows: 'windows', figures: 'figures' } as const
const batchFile = (index: number): string => `batch-${index}`

const windowArrays = { sustained: 'float64', any: 'float64' } as const
const figureArrays = { figures: 'float64', sets: 'uint32' } as const
const batchArrays = {
  curveIds: 'int32',
  curveTimes: 'float64',
  curveSustained: 'float64',
  curveAny: 'float64',
  withoutResiduals: 'uint32',
  excess: 'float64',
  bounded: 'uint8',
  thirds: 'uint8',
} as const

/** What the paths of the whole fleet are drawn from; null where no probabilities are asked for. `measured`: folders, shard by shard. */
const openTask = async (
  database: Database,
  sparkOutput: string,
  { config, step_seconds }: SparkOutputNotes,
  measured: readonly MeasuredShard[],
): Promise<SimulationTask | null> => {
  await loadSparkTables(database, sparkOutput, ['series', 'series_risk'])
  const grid = fixedGrid(step_seconds)
  const parts = measured.flatMap(({ residuals }) => (residuals === null ? [] : [residuals]))
  const residuals = parts.length === 0 ? null : await BacktestResiduals.ofParts(database, grid, measured[0]!.origin, parts)
  const horizons = horizonsOf(SeriesFile.ofParts(measured.map(({ series }) => series)))
  return readSimulationTask(database, config, grid, residuals === null ? null : { backtestResiduals: residuals, horizons })
}

const withPool = async <T>(
  database: Database,
  task: SimulationTask,
  paths: FleetPaths,
  simulations: number,
  signal: AbortSignal | undefined,
  work: (pool: PathPool) => Promise<T>,
): Promise<T> => {
  const pool = openPathPool({ task, paths }, simulations, Math.min(database.threads, availableParallelism()), signal)
  try {
    return await work(pool)
  } finally {
    await pool.close()
  }
}

const membersOf = ({ window }: WindowTask): number => window.members.length
const seriesOf = ({ from, to }: ShareTask): number => to - from

/** What the steps of one shard read and write. */
export interface ShardWork {
  readonly sparkOutput: string
  readonly notes: SparkOutputNotes
  readonly shard: Shard
  /** Folders of the steps before, shard by shard. */
  readonly measured: readonly string[]
  readonly signal: AbortSignal | undefined
}

/** Draws the paths of a part of the calibration sample; writes to `target`. */
export const calibrateShard = async (
  database: Database,
  { sparkOutput, notes, shard, measured, signal }: ShardWork,
  target: string,
): Promise<void> => {
  const task = await openTask(database, sparkOutput, notes, await Promise.all(measured.map(readMeasuredShard)))
  if (task === null) return
  const batches = createBatches(task)
  const windowTasks = sliceByWeight(listWindowTasks(task, batches), membersOf, shard)
  const simulations = windowTasks.reduce((sum, window) => sum + membersOf(window), 0)
  const probabilities = await withPool(database, task, createFleetPaths(0), simulations, signal, (pool) =>
    simulateWindows(task, batches, windowTasks, pool),
  )
  writeArrays(join(target, files.windows), windowArrays, {
    sustained: joinFloats(probabilities.map(({ sustained }) => sustained)),
    any: joinFloats(probabilities.map(({ any }) => any)),
  })
}

const joinFloats = (parts: readonly Float64Array[]): Float64Array => {
  const joined = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** The calibration sample of the whole fleet, in the order of a single process. `calibrated`: folders, shard by shard. */
export const readSample = (
  task: SimulationTask,
  batches: readonly (readonly number[])[],
  calibrated: readonly string[],
): EventPair<CalibrationSample> => {
  const parts = calibrated.map((folder) => readArrays(join(folder, files.windows), windowArrays))
  const [sustained, any] = [joinFloats(parts.map((part) => part.sustained)), joinFloats(parts.map((part) => part.any))]
  const windowTasks = listWindowTasks(task, batches)
  let at = 0
  const probabilities = windowTasks.map((windowTask) => {
    const from = at
    at += membersOf(windowTask) * thresholdShares.length
    return { sustained: sustained.subarray(from, at), any: any.subarray(from, at) }
  })
  return sampleOfWindows(task, batches, windowTasks, probabilities)
}

/** Draws the paths of a part of the series; writes to `target`. */
export const simulateShard = async (
  database: Database,
  { sparkOutput, notes, shard, measured, signal }: ShardWork,
  calibrated: readonly string[],
  target: string,
): Promise<void> => {
  const task = await openTask(database, sparkOutput, notes, await Promise.all(measured.map(readMeasuredShard)))
  if (task === null) return
  const batches = createBatches(task)
  const calibrations = fitCalibrations(readSample(task, batches, calibrated))
  const shareTasks = sliceByWeight(listShareTasks(batches), seriesOf, shard)
  const paths = createFleetPaths(task.series.seriesIds.length)
  const positions: number[] = []
  let batchCount = 0
  const onBatch = async (batch: SimulatedBatch): Promise<void> => {
    const { curve, withoutResiduals, holdOut } = batch
    const [curveIds, curveTimes, curveSustained, curveAny] = curve
    writeArrays(join(target, batchFile(batchCount++)), batchArrays, {
      curveIds,
      curveTimes,
      curveSustained,
      curveAny,
      withoutResiduals: Uint32Array.from(withoutResiduals),
      ...holdOut,
    })
    for (const position of batch.positions) positions.push(position)
  }
  const simulations = shareTasks.reduce((sum, share) => sum + seriesOf(share), 0)
  await withPool(database, task, paths, simulations, signal, (pool) =>
    simulateShares(task, batches, shareTasks, { calibrations, onThreadsAlone: () => undefined }, pool, onBatch),
  )
  writeArrays(join(target, files.figures), figureArrays, {
    figures: joinFloats(figuresOf(paths).map((values) => Float64Array.from(positions, (position) => values[position]!))),
    sets: gatherSets(setsOf(paths), positions),
  })
}

/** One set after the other, each of the series at `positions`. */
const gatherSets = (sets: readonly PathSets[], positions: readonly number[]): Uint32Array => {
  const gathered = new Uint32Array(sets.length * positions.length * wordsPerSet)
  sets.forEach((set, number) =>
    positions.forEach((position, index) =>
      gathered.set(set.subarray(position * wordsPerSet, (position + 1) * wordsPerSet), (number * positions.length + index) * wordsPerSet),
    ),
  )
  return gathered
}

/** Horizons from the files of the first step. */
export const horizonsOf = (file: SeriesFile): SeriesHorizons => ({
  *read(seriesIds: Uint32Array): Generator<SeriesHorizon> {
    for (const { stepUs, times, history, horizon } of readSeries(file, seriesIds)) {
      const timeAt = (row: number): number => (stepUs === 0 ? times[row]! : times[0]! + row * stepUs)
      yield { predicted: horizon, times: Float64Array.from(horizon, (_, row) => Math.floor(timeAt(history.length + row) / 1000)) }
    }
  },
})

/** Fills `paths`, and hands on the batches in the order of a single process. `simulated`: folders, shard by shard. */
export const readSimulated = async (
  batches: readonly (readonly number[])[],
  simulated: readonly string[],
  paths: FleetPaths,
  onBatch: (batch: SimulatedBatch) => Promise<void>,
): Promise<void> => {
  const shareTasks = listShareTasks(batches)
  for (const [index, folder] of simulated.entries()) {
    const shard = { number: index + 1, count: simulated.length }
    const positions: number[] = []
    const pieces = groupPieces(sliceByWeight(shareTasks, seriesOf, shard))
    for (let number = 0; number < pieces.length; number++) {
      const { curveIds, curveTimes, curveSustained, curveAny, withoutResiduals, ...holdOut } = readArrays(
        join(folder, batchFile(number)),
        batchArrays,
      )
      const { batch, from, to } = pieces[number]!
      const piece = batches[batch]!.slice(from, to)
      await onBatch({
        positions: piece,
        curve: [curveIds, curveTimes, curveSustained, curveAny],
        withoutResiduals: [...withoutResiduals],
        holdOut,
      })
      for (const position of piece) positions.push(position)
    }
    enterFigures(paths, positions, readArrays(join(folder, files.figures), figureArrays))
  }
}

/** The part of each batch that a shard has. */
const groupPieces = (shareTasks: readonly ShareTask[]): ShareTask[] => {
  const pieces = new Map<number, ShareTask>()
  for (const { batch, from, to } of shareTasks) pieces.set(batch, { batch, from: pieces.get(batch)?.from ?? from, to })
  return [...pieces.values()]
}

const enterFigures = (
  paths: FleetPaths,
  positions: readonly number[],
  { figures, sets }: { readonly figures: Float64Array; readonly sets: Uint32Array },
): void => {
  if (positions.length === 0) return
  figuresOf(paths).forEach((values, figure) =>
    positions.forEach((position, index) => (values[position] = figures[figure * positions.length + index]!)),
  )
  setsOf(paths).forEach((target, number) =>
    positions.forEach((position, index) => {
      const from = (number * positions.length + index) * wordsPerSet
      target.set(sets.subarray(from, from + wordsPerSet), position * wordsPerSet)
    }),
  )
}

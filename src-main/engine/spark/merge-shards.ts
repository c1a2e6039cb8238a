// Merges what the shards have left, so that the stages of a run go on as if one process had done the work.
import { literal, type Database } from '../../database/database.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { joinMarkedTimes, SelectedSeriesFile } from '../artefacts/write-selected-series.ts'
import { appliedEvents, type MeasuredBacktests } from '../backtest/measure-backtests.ts'
import { BacktestResiduals } from '../breach/backtest-residuals.ts'
import { fitCalibrations } from '../breach/calibration.ts'
import type { SimulatedTask } from '../breach/estimate-breaches.ts'
import { createFleetPaths } from '../breach/fleet-paths.ts'
import { createBatches, type SimulationTask } from '../breach/path-batches.ts'
import { SeriesFile } from '../breach/series-file.ts'
import { SimulationCollector } from '../breach/simulate-fleet.ts'
import { joinEventSums } from '../events/exclude-events.ts'
import type { AssessedFleet } from '../fleet-stages.ts'
import { SeasonReader } from '../season/assess-season.ts'
import { measuredTablePath, measuredTables, readMeasuredShard, readSeasonShares, readSeries } from './measure-shard.ts'
import { horizonsOf, readSample, readSimulated } from './simulate-shard.ts'

/** Series that are merged before other work gets a turn. */
const seriesPerTurn = 1000

/** As `measureBacktests`, from the folders of the first step, shard by shard. */
export const mergeMeasured = async (
  database: Database,
  config: AnalysisConfig,
  fleet: Pick<AssessedFleet, 'grid' | 'grids' | 'zone' | 'eventCalendar' | 'calendar'>,
  measured: readonly string[],
  seriesPath: string,
  signal: AbortSignal | undefined,
): Promise<MeasuredBacktests> => {
  const shards = await Promise.all(measured.map(readMeasuredShard))
  const { origin } = shards[0]!
  // Sums of floating point depend on their order: every share is added in the order of the series.
  const season = await SeasonReader.open(database, config, fleet.grids, fleet.zone, origin)
  let merged = 0
  for (const folder of measured)
    for (const [id, share] of readSeasonShares(folder, season.calendar)) {
      season.addShare(id, share)
      if (++merged % seriesPerTurn === 0) await yieldToEventLoop(signal)
    }
  for (const table of measuredTables) {
    const files = measured.map((folder) => literal(measuredTablePath(folder, table))).join(', ')
    await database.run(`CREATE OR REPLACE TABLE ${table} AS SELECT * FROM read_parquet([${files}])`)
  }
  const file = await SelectedSeriesFile.create(database, fleet.calendar, seriesPath)
  const stored = SeriesFile.ofParts(shards.map(({ series }) => series))
  for (const series of readSeries(
    stored,
    shards.flatMap(({ from, to }) => range(from, to)),
  )) {
    file.add(series)
    if (++merged % seriesPerTurn === 0) await yieldToEventLoop(signal)
  }
  await file.finish(joinMarkedTimes(shards.map(({ markedTimes }) => markedTimes)))
  const parts = shards.flatMap(({ residuals }) => (residuals === null ? [] : [residuals]))
  return {
    season: await season.finish(config),
    measures:
      parts.length === 0
        ? null
        : { backtestResiduals: await BacktestResiduals.ofParts(database, fleet.grid, origin, parts), horizons: horizonsOf(stored) },
    events: appliedEvents(fleet, joinEventSums(shards.map(({ eventSums }) => eventSums))),
    drivers: [],
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

/** As a simulation in this process, from the folders of the other steps, shard by shard. */
export const mergeSimulated = async (
  database: Database,
  task: SimulationTask,
  calibrated: readonly string[],
  simulated: readonly string[],
  signal: AbortSignal | undefined,
): Promise<SimulatedTask> => {
  const batches = createBatches(task)
  const sample = readSample(task, batches, calibrated)
  const calibrations = fitCalibrations(sample)
  const paths = createFleetPaths(task.series.seriesIds.length)
  const collector = await SimulationCollector.create(database, task)
  await readSimulated(batches, simulated, paths, async (batch) => {
    await yieldToEventLoop(signal)
    await collector.add(batch)
  })
  return { sample, calibrations, paths, fleetIntervals: await collector.finish(paths, signal) }
}

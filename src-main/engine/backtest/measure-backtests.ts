// Measures the selected models' backtests: seasonality, the naive errors behind MASE, and the residuals behind breach probabilities.
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import type { AssessedFleet } from '../fleet-stages.ts'
import { readSeriesGrids } from '../selection/series-grids.ts'
import { lagReader, naiveError, NaiveErrors, storeNaiveErrors } from './naive-errors.ts'
import {
  SelectedSeriesFile,
  SelectedSeriesReader,
  type MarkedTimesByMetric,
  type SelectedSeriesSink,
} from '../artefacts/write-selected-series.ts'
import { SaturationReader } from './measure-saturation.ts'
import { scanBacktests, type BacktestReader, type HorizonRows, type SeriesRange } from './scan-backtests.ts'
import { BacktestResiduals, needsBreachEstimates } from '../breach/backtest-residuals.ts'
import { HorizonFile } from '../breach/horizon-file.ts'
import type { PathMeasures } from '../breach/path-batches.ts'
import type { AppliedEvents } from '../../forecasts/assess-events.ts'
import { readSeriesAttributes } from '../../forecasts/event-targets.ts'
import { EventFilter, excludedRowsOf, type EventSums } from '../events/exclude-events.ts'
import type { CapacityDriver } from '../../../src-shared/artefacts/capacity.ts'
import { DriverReader } from '../capacity/driver-reader.ts'
import { storeVolumeGrowth, VolumeReader } from '../capacity/volume-growth.ts'
import { SeasonReader } from '../season/assess-season.ts'
import type { SeasonShare } from '../season/fleet-season.ts'
import type { SeasonReport } from '../../../src-shared/artefacts/season.ts'

export interface MeasuredBacktests {
  readonly season: SeasonReport
  /** Null if breach probabilities are turned off. */
  readonly measures: PathMeasures
  /** Null without an events table. */
  readonly events: AppliedEvents | null
  /** Series that follow a driver. */
  readonly drivers: readonly CapacityDriver[]
}

type MeasuredFleet = Pick<AssessedFleet, 'grid' | 'grids' | 'zone' | 'hasNaiveErrors' | 'eventCalendar' | 'capacityTables' | 'calendar'>

/** Reads the selected models' rows once, and writes their values to `seriesPath`, if any. Creates `season_figures`, `saturation` and `volume_growth`, completes `naive_errors`. Reads the tables of `assessFleet`. */
export const measureBacktests = async (
  database: Database,
  config: AnalysisConfig,
  fleet: MeasuredFleet,
  seriesPath: string | null = null,
): Promise<MeasuredBacktests> => {
  const file = seriesPath === null ? null : await SelectedSeriesFile.create(database, fleet.calendar, seriesPath)
  const horizons = needsBreachEstimates(config) ? await HorizonFile.create(database, await readScanOrigin(database)) : null
  const reading = { sink: file, ...(horizons === null ? {} : { onHorizons: (rows: HorizonRows) => horizons.add(rows) }) }
  const { season, backtestResiduals, drivers, eventSums, markedTimes } = await readBacktests(database, config, fleet, reading)
  await file?.finish(markedTimes)
  return {
    season: await season.finish(config),
    measures: backtestResiduals === null || horizons === null ? null : { backtestResiduals, horizons },
    events: appliedEvents(fleet, eventSums),
    drivers,
  }
}

/** Null without an events table. */
export const appliedEvents = ({ eventCalendar }: Pick<AssessedFleet, 'eventCalendar'>, sums: readonly EventSums[]): AppliedEvents | null =>
  eventCalendar === null ? null : { eventCalendar, excludedRows: excludedRowsOf(sums) }

/** Microseconds from 1970 to the origin of the times of a scan. Reads `series_models`. */
export const readScanOrigin = async (database: Database): Promise<number> => {
  const { origin } = await database.row(
    'SELECT CAST(epoch_us(min(first_at)) AS DOUBLE) AS origin FROM series_models',
    z.object({ origin: z.number() }),
  )
  return origin
}

interface BacktestReading {
  /** Takes the values of each series; null: nobody. */
  readonly sink: SelectedSeriesSink | null
  /** Takes the horizons of some series at a time. */
  readonly onHorizons?: (horizons: HorizonRows) => void
  /** The series that are read; all by default. */
  readonly range?: SeriesRange
  /** Where residuals are collected; in the database's spill folder by default. */
  readonly residualsPath?: string
  /** Takes what each series adds to the season of its fleet, in place of the reader of seasons. */
  readonly onSeasonShare?: (seriesId: number, share: SeasonShare) => void
}

interface ReadBacktests {
  readonly season: SeasonReader
  readonly backtestResiduals: BacktestResiduals | null
  readonly drivers: readonly CapacityDriver[]
  readonly eventSums: readonly EventSums[]
  readonly markedTimes: MarkedTimesByMetric
}

/** Reads the selected models' rows once. Creates `season_measures`, `saturation` and `volume_growth`, completes `naive_errors`. Reads the tables of `assessFleet`. */
export const readBacktests = async (
  database: Database,
  config: AnalysisConfig,
  { grid, grids, zone, hasNaiveErrors, eventCalendar, capacityTables, calendar }: MeasuredFleet,
  { sink, onHorizons, range, residualsPath, onSeasonShare }: BacktestReading,
): Promise<ReadBacktests> => {
  const origin = await readScanOrigin(database)
  const season = await SeasonReader.open(database, config, grids, zone, origin, onSeasonShare)
  const backtestResiduals = needsBreachEstimates(config) ? await BacktestResiduals.open(database, grid, origin, residualsPath) : null
  const naiveErrors = hasNaiveErrors ? null : await NaiveErrors.open(database)
  const saturation = await SaturationReader.open(database, config)
  const volumes = await VolumeReader.open(database, config, zone, origin)
  const drivers = await DriverReader.open(database, capacityTables?.drivers ?? [], origin)
  const filteredReaders: BacktestReader[] = [
    season,
    saturation,
    ...(backtestResiduals === null ? [] : [backtestResiduals]),
    ...(volumes === null ? [] : [volumes]),
    ...(drivers === null ? [] : [drivers]),
  ]
  const filter =
    eventCalendar === null
      ? null
      : new EventFilter(filteredReaders, eventCalendar.events, await readSeriesAttributes(database), grid, origin)
  // Past events must not count as errors of the model.
  const readers: BacktestReader[] = filter === null ? filteredReaders : [filter]
  if (onHorizons !== undefined) readers.push({ begin: (_from, _to, horizons) => onHorizons(horizons), read: () => undefined })
  if (naiveErrors !== null) {
    const gridOfSeries = await readSeriesGrids(database, grids)
    readers.push({
      read: ({ id, times, actual }) => naiveErrors.add(id, naiveError(times, actual, lagReader(gridOfSeries(id), origin))),
    })
  }
  const withBounds = backtestResiduals !== null
  const leadStepSeconds = withBounds && (await statesLeads(database)) ? grid.stepSeconds : null
  const series = sink === null ? null : await SelectedSeriesReader.open(database, calendar, origin, sink, range?.from)
  const scan = { origin, withBounds, leadStepSeconds, maxSeries: season.maxSeries, ...(range === undefined ? {} : { range }) }
  try {
    await scanBacktests(database, scan, readers, series)
    await saturation.finish(database)
    await storeVolumeGrowth(database, zone, volumes)
    if (naiveErrors !== null) await storeNaiveErrors(database, naiveErrors.rows())
    return {
      season,
      backtestResiduals,
      drivers: (await drivers?.finish()) ?? [],
      eventSums: filter?.sums() ?? [],
      markedTimes: series?.markedTimes() ?? [],
    }
  } finally {
    await drivers?.close()
  }
}

/** Whether rows of the backtest say how far they look ahead. The rows that a Spark job leaves do not. */
const statesLeads = async (database: Database): Promise<boolean> => {
  const { stated } = await database.row(
    `SELECT (SELECT count(*) FROM (DESCRIBE forecast) WHERE column_name IN ('cutoff', 'horizon_offset')) = 2
            AND (SELECT count(*) FROM series_models WHERE coalesce(backtest_lead_seconds, backtest_lead_periods) IS NOT NULL) > 0 AS stated`,
    z.object({ stated: z.boolean() }),
  )
  return stated
}

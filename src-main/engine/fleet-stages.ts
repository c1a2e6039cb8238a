// The first five stages of an analysis, as tables in the database: open, validate, profile, select models, assess risk.
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import type { InputHash } from '../forecasts/input-hashes.ts'
import type { InputEntry, ReadInput } from '../../src-shared/run/run-manifest.ts'
import type { Calendar } from '../calendar/calendar.ts'
import { createCalendar } from '../forecasts/calendar-tables.ts'
import type { Database } from '../database/database.ts'
import type { TimeZone } from '../calendar/time-zone.ts'
import { detectTimes, type SeriesStep } from '../forecasts/detect-granularity.ts'
import type { TimeGrid } from '../forecasts/time-grid.ts'
import { readEventsTable, type EventCalendar } from '../forecasts/events-table.ts'
import { openForecastDataset, type ForecastDataset, type OpenOptions } from '../forecasts/forecast-dataset.ts'
import type { ForecastFile } from '../forecasts/forecast-files.ts'
import { loadServersTable } from '../forecasts/servers-table.ts'
import { validateForecasts, type ForecastValidation } from '../forecasts/validate-forecasts.ts'
import { createCapacityHistory } from './capacity/series-capacity.ts'
import { readCapacityTables, type CapacityTables } from './capacity/assess-capacity.ts'
import type { AnalysisRequest } from './analysis-request.ts'
import type { Method } from './methods/method.ts'
import type { ProgressReporter } from './progress.ts'
import { assessRisk, extractHorizon } from './risk/assess-risk.ts'
import { storeSeriesGrids } from './selection/series-grids.ts'
import { prepareSeries } from './selection/prepare-series.ts'
import { profileSeries } from './selection/profile-series.ts'
import { collectHoldOutErrors } from './selection/hold-out.ts'
import { selectModels } from './selection/select-models.ts'

/** Shared by all stages. */
export interface FleetWork {
  readonly database: Database
  readonly config: AnalysisConfig
  readonly method: Method
  readonly progress: Pick<ProgressReporter, 'start'>
}

export type FleetRequest = Pick<
  AnalysisRequest,
  'inputs' | 'serversTable' | 'eventsTable' | 'projectsTable' | 'driversTable' | 'catalogue' | 'model'
>

export interface FleetOptions {
  /** How to treat flag columns of an earlier analysis. */
  readonly flags?: 'rejected' | 'ignored'
  /** Called with the input files before any row is read; an error it throws ends the analysis. `isConverted`: for a conversion. */
  readonly onOpened?: (files: readonly ForecastFile[], isConverted: boolean) => Promise<void>
  /** Called when `series` is known. */
  readonly onProfiled?: () => Promise<void>
  /** Folder for forecasts that are converted first; without it only Parquet in long form is read. */
  readonly conversionFolder?: string
  /** Whether files without any forecast are opened too. */
  readonly measurements?: OpenOptions['measurements']
}

export interface ValidatedFleet {
  readonly dataset: ForecastDataset
  /** As stated, with the level of the bounds that the dataset states. */
  readonly config: AnalysisConfig
  readonly serversTable: ReadInput | InputEntry | null
  /** About the columns of the servers table. */
  readonly tableWarnings?: readonly RunWarning[]
  /** Null without an events table. */
  readonly eventCalendar: EventCalendar | null
  /** Absent after a Spark job. */
  readonly capacityTables?: CapacityTables
  readonly validation: ForecastValidation
  readonly grid: TimeGrid
  /** Of all steps in the dataset, `grid` first; `series_grids` says whose is which where there are several. */
  readonly grids: readonly TimeGrid[]
  /** Whose days, weekends and months count. */
  readonly zone: TimeZone
  readonly steps: readonly SeriesStep[]
  /** About times and steps. */
  readonly timeWarnings: readonly RunWarning[]
}

export interface ProfiledFleet extends ValidatedFleet {
  readonly calendar: Calendar
}

export interface SelectedFleet extends ProfiledFleet {
  /** Whether `naive_errors` is complete; otherwise the scan of the backtests completes it. */
  readonly hasNaiveErrors: boolean
}

export interface AssessedFleet extends SelectedFleet {
  /** Metric of pictures and clusters: the target metric if it has a horizon, otherwise the first by name with one. */
  readonly primaryMetric: string
  /** The files that Spark read; by default those of `dataset`. */
  readonly inputs?: readonly InputEntry[]
  /** By the path of a file; worked out while the stages run. */
  readonly inputHashes?: Promise<ReadonlyMap<string, InputHash>>
}

/** Leaves the view `forecast_rows` and an empty `capacity_history`. */
export const openFleet = async (
  { database, config, progress }: FleetWork,
  { inputs }: FleetRequest,
  { flags = 'rejected', onOpened, conversionFolder, measurements = 'refused' }: FleetOptions,
): Promise<ForecastDataset> => {
  progress.start('open')
  const dataset = await openForecastDataset(database, inputs, config, {
    flags,
    measurements,
    ...(conversionFolder === undefined ? {} : { conversionFolder }),
    onFound: async (files) => onOpened?.(files, true),
  })
  await onOpened?.(dataset.readFiles, false)
  await createCapacityHistory(database)
  return dataset
}

/** The settings with the level of the bounds that names or a column of the dataset state. */
export const withStatedLevel = (config: AnalysisConfig, { mapping }: Pick<ForecastDataset, 'mapping'>): AnalysisConfig =>
  mapping.interval_level === null ? config : { ...config, interval_level: mapping.interval_level }

/** Leaves `server_attributes`. */
export const validateFleet = async (
  { database, config, progress }: FleetWork,
  request: Pick<FleetRequest, 'serversTable' | 'eventsTable' | 'projectsTable' | 'driversTable' | 'catalogue'>,
  dataset: ForecastDataset,
): Promise<ValidatedFleet> => {
  const { entry: serversTable, warnings: tableWarnings } = await loadServersTable(database, request.serversTable, config.decimal)
  progress.start('screen')
  const validation = await validateForecasts(database, dataset, config)
  const isZoned = dataset.columns.timestamp.type !== 'TIMESTAMP'
  const { warnings: timeWarnings, ...times } = await detectTimes(database, config, isZoned)
  const eventCalendar =
    request.eventsTable === undefined ? null : await readEventsTable(request.eventsTable, config.decimal, times.zone.name)
  const capacityTables = await readCapacityTables(request, config, times.zone.name)
  return { dataset, config, capacityTables, serversTable, tableWarnings, eventCalendar, validation, ...times, timeWarnings }
}

/** Leaves `series_models`, `series`, `holidays` and the view `forecast`. */
export const profileFleet = async ({ database, config, method, progress }: FleetWork, fleet: ValidatedFleet): Promise<ProfiledFleet> => {
  progress.start('survey')
  await profileSeries(database, fleet.dataset, fleet.grid, fleet.validation, config.interval_level)
  const calendar = await createCalendar(database, config, method.eoqWindow(config), fleet.zone)
  await prepareSeries(database, config, method, fleet.grids)
  if (fleet.grids.length > 1) await storeSeriesGrids(database, fleet.grids)
  return { ...fleet, calendar }
}

/** Leaves `candidates`, `selected_models` and `hold_out_errors`. `model` forces one model for all series. */
export const selectFleetModels = async (
  { database, progress }: FleetWork,
  fleet: ProfiledFleet,
  model: string | undefined,
): Promise<SelectedFleet> => {
  progress.start('select')
  const { grids, validation, dataset } = fleet
  const { hasNaiveErrors } = await selectModels(database, grids, validation.fixedPoint, dataset.name, model)
  await collectHoldOutErrors(database, grids, validation.fixedPoint, model)
  return { ...fleet, hasNaiveErrors }
}

/** Leaves `horizon` and `series_risk`. */
export const assessFleetRisk = async ({ database, config, method, progress }: FleetWork, fleet: SelectedFleet): Promise<AssessedFleet> => {
  progress.start('risk')
  const { calendar, grids, validation } = fleet
  await extractHorizon(database)
  await method.prepareRisk(database, calendar, validation.fixedPoint)
  await assessRisk(database, config, method, calendar, grids, validation.fixedPoint)
  return { ...fleet, primaryMetric: await findPrimaryMetric(database, config) }
}

/** Reads `series_risk`. */
export const findPrimaryMetric = async (database: Database, config: Pick<AnalysisConfig, 'target_metric'>): Promise<string> => {
  const { metric } = await database.row(
    'SELECT coalesce(max(metric) FILTER (WHERE metric = ?), min(metric)) AS metric FROM series_risk WHERE horizon_periods > 0',
    z.object({ metric: z.string() }),
    [config.target_metric],
  )
  return metric
}

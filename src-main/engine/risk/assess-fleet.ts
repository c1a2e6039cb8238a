// From the named inputs to every series' risk: opens, checks, surveys, selects models and assesses, as tables in the database.
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { InputEntry } from '../../../src-shared/run/run-manifest.ts'
import type { Database } from '../../database/database.ts'
import type { AnalysisRequest } from '../analysis-request.ts'
import { assessRisk, extractHorizon } from './assess-risk.ts'
import { createCalendar, type Calendar } from '../../calendar/calendar.ts'
import { detectGranularity, type TimeGrid } from '../../forecasts/detect-granularity.ts'
import { damagedFileError, explainFailure, openForecastDataset, type ForecastDataset } from '../../forecasts/forecast-dataset.ts'
import { mixHorizons } from '../methods/module05.ts'
import { prepareSeries } from '../selection/prepare-series.ts'
import type { ProgressReporter } from '../progress.ts'
import { validateForecasts, type ForecastValidation } from '../../forecasts/validate-forecasts.ts'
import { readEventsTable, type EventCalendar } from '../../forecasts/events-table.ts'
import { selectModels } from '../selection/select-models.ts'
import { loadServersTable } from '../../forecasts/servers-table.ts'
import { profileSeries } from '../selection/profile-series.ts'

export interface AssessedFleet {
  readonly dataset: ForecastDataset
  readonly serversTable: InputEntry | null
  /** Null without an events table. */
  readonly eventCalendar: EventCalendar | null
  readonly validation: ForecastValidation
  readonly grid: TimeGrid
  readonly calendar: Calendar
  /** Whether `naive_errors` is complete; else the selected backtests will tell it. */
  readonly hasNaiveErrors: boolean
  /** The metric of pictures and clusters: the target metric where it has a horizon, else the first by name that has one. */
  readonly primaryMetric: string
  /** The files that another engine read in this one's place; absent: those of `source`. */
  readonly inputs?: readonly InputEntry[]
}

export interface FleetOptions {
  /** Flag columns of an earlier analysis. */
  readonly flags?: 'refused' | 'left aside'
  /** Asked before any row is read; what it throws ends the work. */
  readonly onOpened?: (dataset: ForecastDataset) => Promise<void>
}

/** Leaves `forecast`, `series`, `series_models`, `candidates`, `selected_models`, `horizon`, `series_risk`, `holidays`. */
export const assessFleet = async (
  database: Database,
  request: Pick<AnalysisRequest, 'inputs' | 'method' | 'serversTable' | 'eventsTable' | 'model'>,
  config: AnalysisConfig,
  progress: Pick<ProgressReporter, 'start'>,
  { flags = 'refused', onOpened }: FleetOptions = {},
): Promise<AssessedFleet> => {
  progress.start('open')
  const dataset = await openForecastDataset(database, request.inputs, config, flags)
  await onOpened?.(dataset)
  try {
    return await assessDataset(database, request, config, progress, dataset)
  } catch (thrown) {
    throw await explainFailure(dataset, thrown)
  }
}

const assessDataset = async (
  database: Database,
  request: Pick<AnalysisRequest, 'method' | 'serversTable' | 'eventsTable' | 'model'>,
  config: AnalysisConfig,
  progress: Pick<ProgressReporter, 'start'>,
  dataset: ForecastDataset,
): Promise<AssessedFleet> => {
  const serversTable = await loadServersTable(database, request.serversTable)
  const eventCalendar = request.eventsTable === undefined ? null : await readEventsTable(request.eventsTable)
  progress.start('screen')
  const validation = await validateForecasts(database, dataset)
  // The first to read pages; the screening may have been answered by statistics.
  const grid = await detectGranularity(database).catch((cause: unknown) => {
    throw damagedFileError(dataset.files, dataset.name, cause)
  })
  progress.start('survey')
  await profileSeries(database, dataset, grid, validation)
  const calendar = await createCalendar(database, config, request.method)
  await prepareSeries(database, config, request.method)
  progress.start('select')
  const { hasNaiveErrors } = await selectModels(database, grid, validation.fixedPoint, dataset.name, request.model)
  progress.start('risk')
  await extractHorizon(database)
  if (request.method === 'module05') await mixHorizons(database, calendar, validation.fixedPoint)
  await assessRisk(database, config, request.method, calendar, grid, validation.fixedPoint)
  return {
    dataset,
    serversTable,
    validation,
    grid,
    calendar,
    hasNaiveErrors,
    eventCalendar,
    primaryMetric: await findPrimaryMetric(database, config),
  }
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

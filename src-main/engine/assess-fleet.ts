// From the named inputs to every series' risk: opens, checks, surveys, selects models and assesses, as tables in the database.
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/analysis-config.ts'
import type { InputEntry } from '../../src-shared/run-manifest.ts'
import type { Database } from '../database/database.ts'
import type { AnalysisRequest } from './analysis-request.ts'
import { assessRisk, extractHorizon } from './assess-risk.ts'
import { makeCalendar, type Calendar } from './calendar.ts'
import { detectGranularity, type TimeGrid } from './detect-granularity.ts'
import { damagedFile, explainFailure, openForecastSource, type ForecastSource } from './forecast-source.ts'
import { mixHorizons } from './module05-method.ts'
import { prepareSeries } from './prepare-series.ts'
import type { ProgressReporter } from './report-progress.ts'
import { screenForecasts, type Screening } from './screen-forecasts.ts'
import { readEvents, type EventLedger } from './events/read-events.ts'
import { selectModels } from './select-models.ts'
import { loadServersTable } from './servers-table.ts'
import { surveySeries } from './survey-series.ts'

export interface AssessedFleet {
  readonly source: ForecastSource
  readonly serversTable: InputEntry | null
  /** Null without an events table. */
  readonly ledger: EventLedger | null
  readonly screening: Screening
  readonly grid: TimeGrid
  readonly calendar: Calendar
  /** Whether `naive_errors` is complete; else the selected backtests will tell it. */
  readonly hasNaiveErrors: boolean
  /** The metric of pictures and clusters: the target metric where it has a horizon, else the first by name that has one. */
  readonly shownMetric: string
  /** The files that another engine read in this one's place; absent: those of `source`. */
  readonly inputs?: readonly InputEntry[]
}

export interface FleetOptions {
  /** Flag columns of an earlier analysis. */
  readonly flags?: 'refused' | 'left aside'
  /** Asked before any row is read; what it throws ends the work. */
  readonly onOpened?: (source: ForecastSource) => Promise<void>
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
  const source = await openForecastSource(database, request.inputs, config, flags)
  await onOpened?.(source)
  try {
    return await assessOpened(database, request, config, progress, source)
  } catch (thrown) {
    throw await explainFailure(source, thrown)
  }
}

const assessOpened = async (
  database: Database,
  request: Pick<AnalysisRequest, 'method' | 'serversTable' | 'eventsTable' | 'model'>,
  config: AnalysisConfig,
  progress: Pick<ProgressReporter, 'start'>,
  source: ForecastSource,
): Promise<AssessedFleet> => {
  const serversTable = await loadServersTable(database, request.serversTable)
  const ledger = request.eventsTable === undefined ? null : await readEvents(request.eventsTable)
  progress.start('screen')
  const screening = await screenForecasts(database, source)
  // The first to read pages; the screening may have been answered by statistics.
  const grid = await detectGranularity(database).catch((cause: unknown) => {
    throw damagedFile(source.files, source.name, cause)
  })
  progress.start('survey')
  await surveySeries(database, source, grid, screening)
  const calendar = await makeCalendar(database, config, request.method)
  await prepareSeries(database, config, request.method)
  progress.start('select')
  const { hasNaiveErrors } = await selectModels(database, grid, screening.fixedPoint, source.name, request.model)
  progress.start('risk')
  await extractHorizon(database)
  if (request.method === 'module05') await mixHorizons(database, calendar, screening.fixedPoint)
  await assessRisk(database, config, request.method, calendar, grid, screening.fixedPoint)
  return { source, serversTable, screening, grid, calendar, hasNaiveErrors, ledger, shownMetric: await findShownMetric(database, config) }
}

/** Reads `series_risk`. */
export const findShownMetric = async (database: Database, config: Pick<AnalysisConfig, 'target_metric'>): Promise<string> => {
  const { metric } = await database.row(
    'SELECT coalesce(max(metric) FILTER (WHERE metric = ?), min(metric)) AS metric FROM series_risk WHERE horizon_periods > 0',
    z.object({ metric: z.string() }),
    [config.target_metric],
  )
  return metric
}

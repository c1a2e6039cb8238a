// headroom forecast: measurements in, a forecasts file out, with bounded memory; after a failure nothing is left.
import { basename, dirname, join, resolve } from 'node:path'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { RunEvent } from '../../src-shared/run/run-event.ts'
import { parseConfig } from '../config/parse-config.ts'
import { Database } from '../database/database.ts'
import { writeForecasts } from '../forecasting/forecast-measurements.ts'
import type { ForecastOptions, ForecastReport } from '../forecasting/forecast-options.ts'
import { explainFailure } from '../forecasts/dataset-failures.ts'
import { hasForecasts, openForecastDataset } from '../forecasts/forecast-dataset.ts'
import { replaceFile } from '../run-folder/replace-file.ts'
import type { LongWork } from './analysis-request.ts'
import { assertDiskSpace, databaseMemory, estimateConvertedBytes, parseMemoryLimit } from './resource-limits.ts'
import { makeFolderNextTo } from '../run-folder/temporary-folder.ts'

export interface ForecastFileRequest extends ForecastOptions {
  readonly inputs: readonly string[]
  /** Parquet file to write; an existing one is replaced. */
  readonly out: string
  readonly config: Readonly<Record<string, unknown>>
  readonly threads?: number | undefined
  readonly memoryLimit?: string | undefined
}

/** Throws HeadroomError. */
export const forecastFile = async (request: ForecastFileRequest, { signal, onEvent }: LongWork<RunEvent> = {}): Promise<ForecastReport> => {
  const config = parseConfig(request.config, 'headroom')
  const out = resolve(request.out)
  const report = (progress: number): void => onEvent?.({ type: 'step', label: 'Forecasting measurements', progress })
  const { path: spillFolder, remove } = await makeFolderNextTo(join(dirname(out), `.${basename(out)}.spill-`))
  try {
    const memoryLimit = databaseMemory(parseMemoryLimit(request.memoryLimit))
    const database = await Database.open({ threads: request.threads, memoryLimit, spillFolder, signal })
    try {
      report(0)
      const dataset = await openForecastDataset(database, request.inputs, asWritten(config), {
        measurements: 'read',
        conversionFolder: spillFolder,
        onFound: (files) => assertDiskSpace(spillFolder, request.out, estimateConvertedBytes(files)),
      })
      if (hasForecasts(dataset)) throw forecastsGiven(dataset.name, dataset.columns.predicted.column)
      let result: ForecastReport | undefined
      try {
        await replaceFile(out, async (path) => {
          result = await writeForecasts(database, dataset, config, request, path, { signal, onProgress: report })
        })
      } catch (thrown) {
        throw await explainFailure(database, dataset, thrown)
      }
      for (const warning of result!.warnings) onEvent?.({ type: 'warning', warning })
      return result!
    } finally {
      database.close()
    }
  } finally {
    await remove()
  }
}

/** Forecasts stay in the unit and direction of their measurements, since the analysis converts both. */
export const asWritten = (config: AnalysisConfig): AnalysisConfig => ({
  ...config,
  metric_units: Object.fromEntries(
    Object.entries(config.metric_units).map(([metric, unit]) => [metric, unit === 'fraction' ? 'other' : unit]),
  ),
  metric_directions: {},
})

const forecastsGiven = (name: string, column: string): HeadroomError =>
  new HeadroomError('usage', `${name} holds forecasts: column ${column}.`, {
    next: 'Run headroom analyze on it, or name the measured column with --map actual=COLUMN.',
  })

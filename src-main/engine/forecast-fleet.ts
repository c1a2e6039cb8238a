// Measurements in one go: where an analysis is given no forecasts, Headroom's own take their place, and the run says so.
import { join } from 'node:path'
import { z } from 'zod'
import { findCloseName } from '../../src-shared/config/nearest-name.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { writeForecasts } from '../forecasting/forecast-measurements.ts'
import { canonicalExpressions, forecastRowsQuery } from '../forecasts/canonical-rows.ts'
import { explainFailure } from '../forecasts/dataset-failures.ts'
import { isForecastName, mapArgument } from '../forecasts/forecast-columns.ts'
import { openForecastDataset, type ForecastDataset } from '../forecasts/forecast-dataset.ts'
import type { Run } from './create-run.ts'
import { asWritten } from './forecast-file.ts'

/** Forecasts a dataset of measurements. The result has the files and the mapping of the measurements, and the rows of the forecasts. Throws HeadroomError. */
export const forecastFleet = async (run: Run, measured: ForecastDataset): Promise<ForecastDataset> => {
  const { database, config, progress, spillFolder, work } = run
  await assertMeasurements(run, measured)
  progress.start('forecast')
  const path = join(spillFolder, 'forecasts.parquet')
  try {
    // Forecasts stay in the unit and direction of their measurements: the analysis converts both.
    const written = asWritten(config)
    await database.run(
      `CREATE OR REPLACE VIEW forecast_rows AS ${forecastRowsQuery(canonicalExpressions(measured.columns, written), config)}`,
    )
    const { summary, models, warnings } = await writeForecasts(database, measured, config, {}, path, {
      signal: work.signal,
      onProgress: progress.advance,
    })
    const forecasts = await openForecastDataset(database, [path], { ...config, map: {}, wide: undefined, date_format: undefined })
    return {
      ...forecasts,
      files: measured.files,
      name: measured.name,
      mapping: { ...measured.mapping, is_converted: true },
      candidates: measured.candidates,
      leftOut: measured.leftOut,
      ...(measured.textRows === undefined ? {} : { textRows: measured.textRows }),
      warnings: [
        {
          code: 'own-forecasts',
          message: `The input holds measurements only. ${summary} Models: ${models.join(', ')}.`,
        },
        ...warnings,
      ],
    }
  } catch (thrown) {
    throw await explainFailure(database, measured, thrown)
  }
}

/** Throws input-column-missing where the input may be forecasts whose columns were not recognised. */
const assertMeasurements = async ({ database }: Pick<Run, 'database'>, { mapping, name, columns }: ForecastDataset): Promise<void> => {
  const unused = mapping.files.flatMap((file) => file.unused)
  const near = unused.find((column) => isForecastName(column) || findCloseName('predicted', [column]) !== undefined)
  const { last } = await database.row(
    'SELECT CAST(epoch_ms(max(ts)) AS DOUBLE) AS last FROM forecast_rows',
    z.object({ last: z.number().nullable() }),
  )
  const reason =
    near !== undefined
      ? `column ${near} may hold forecasts`
      : columns.model !== undefined
        ? `column ${columns.model.column} names models`
        : (last ?? 0) > Date.now()
          ? 'it has times in the future'
          : undefined
  if (reason === undefined) return
  throw new HeadroomError('input-column-missing', `${name} has no column predicted, but ${reason}.`, {
    next: `Name the forecasts with ${mapArgument('predicted', near ?? 'COLUMN')}; or, if these are measurements, run headroom forecast first.`,
  })
}

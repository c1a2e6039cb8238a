// Baselines: Headroom's own forecasts of the measured values, as further models.
import { join } from 'node:path'
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { literal } from '../database/database.ts'
import type { ForecastStep } from '../forecasting/forecast-options.ts'
import { forecastGrid } from '../forecasting/prepare-measurements.ts'
import { writeForecasts } from '../forecasting/forecast-measurements.ts'
import { explainFailure } from '../forecasts/dataset-failures.ts'
import { detectTimes, type DetectedTimes } from '../forecasts/detect-granularity.ts'
import { openForecastDataset, type ForecastDataset } from '../forecasts/forecast-dataset.ts'
import { slotSql } from '../forecasts/time-grid.ts'
import { instantOfSlotSql } from '../forecasting/step-calendar.ts'
import type { Run } from './create-run.ts'
import { withStatedLevel } from './fleet-stages.ts'

/** Of the names of baselines, since pipelines have a `seasonal_naive` or `mstl` too. */
const prefix = 'headroom_'

/** The dataset with the rows of both, converted; its horizon is that of the input. Throws HeadroomError. */
export const addBaselines = async (run: Run, given: ForecastDataset): Promise<ForecastDataset> => {
  const { database, progress, spillFolder, work } = run
  const config = asConverted(withStatedLevel(run.config, given))
  if (run.method.name === 'module05') {
    throw new HeadroomError('usage', 'Module 05 mixes all models, so it takes no baselines.', {
      next: 'Leave --with-baselines out, or use --method headroom.',
    })
  }
  progress.start('forecast')
  try {
    const times = await detectTimes(database, config, given.columns.timestamp.type !== 'TIMESTAMP')
    const step = await stepOfBaselines(run, given, times)
    const ownPath = join(spillFolder, 'baselines.parquet')
    const { summary, models, warnings } = await writeForecasts(database, given, config, { step, toLastRow: true }, ownPath, {
      signal: work.signal,
      onProgress: progress.advance,
    })
    const path = join(spillFolder, 'with-baselines.parquet')
    await database.run(
      `COPY (SELECT * RENAME (ts AS "timestamp") FROM forecast_rows UNION ALL BY NAME SELECT * REPLACE (${literal(prefix)} || model AS model) FROM read_parquet(${literal(ownPath)}))
       TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false)`,
    )
    const both = await openForecastDataset(database, [path], { ...config, map: {}, wide: undefined, date_format: undefined })
    return {
      ...both,
      files: given.files,
      name: given.name,
      mapping: { ...given.mapping, is_converted: true },
      candidates: given.candidates,
      leftOut: given.leftOut,
      ...(given.textRows === undefined ? {} : { textRows: given.textRows }),
      warnings: [
        {
          code: 'baselines-added',
          message: `Baselines are added to the models of the input. ${summary} Each server compares its models over the times that all of them cover. Models: ${models.map((model) => prefix + model).join(', ')}.`,
        },
        ...given.warnings,
        ...warnings,
      ],
    }
  } catch (thrown) {
    throw await explainFailure(database, given, thrown)
  }
}

/** The rows of `forecast_rows` are percent and used shares already. */
const asConverted = (config: AnalysisConfig): AnalysisConfig => ({
  ...config,
  metric_units: Object.fromEntries(
    Object.entries(config.metric_units).map(([metric, unit]) => [metric, unit === 'fraction' ? 'percent' : unit]),
  ),
  metric_directions: {},
})

/** Baselines have a value a day or hour, at the time at which it begins. Reads `forecast_rows`. */
const stepOfBaselines = async ({ database }: Run, { name }: ForecastDataset, times: DetectedTimes): Promise<ForecastStep> => {
  const { step: given, stepSeconds } = times.grid
  const isDaily = given.unit === 'business day' || (given.unit === 'day' && given.count === 1) || stepSeconds === 86_400
  const step = isDaily ? 'day' : 'hour'
  if ((!isDaily && stepSeconds !== 3600) || times.grids.length > 1) {
    const steps = times.steps.map((found) => found.step).join(' or ')
    throw new HeadroomError('input-unclear', `Baselines need a value a day or an hour in all series; ${name} has one every ${steps}.`, {
      next: 'Leave --with-baselines out.',
    })
  }
  const grid = forecastGrid(step, times)
  const { apart } = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS apart FROM forecast_rows WHERE ts IS NOT NULL AND ts <> ${instantOfSlotSql(grid, slotSql(grid, 'ts'))}`,
    z.object({ apart: z.number() }),
  )
  if (apart === 0) return step
  throw new HeadroomError(
    'input-unclear',
    `The times of ${name} do not begin ${step === 'day' ? 'a day' : 'an hour'} in ${grid.zone.name}.`,
    {
      next: 'State their zone with --time-zone, or leave --with-baselines out.',
    },
  )
}

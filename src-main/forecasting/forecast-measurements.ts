// Own forecasts: measurements in, an ordinary forecasts file with backtest and horizon of several models out.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { eoqMonthsOf, type AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { literal, type Database } from '../database/database.ts'
import type { ForecastDataset } from '../forecasts/forecast-dataset.ts'
import { maxSilentSteps } from '../forecasts/time-grid.ts'
import { groupsPerMetric, type ForecastRows, type SeriesBatch } from './forecast-batch.ts'
import { boundsSql } from './forecast-bounds.ts'
import type { ForecastOptions, ForecastReport, ForecastStep } from './forecast-options.ts'
import { openForecastPool } from './forecast-pool.ts'
import { modelNames, slowModelName, type ForecastModelName } from './model-names.ts'
import { prepareMeasurements, type PreparedMeasurements } from './prepare-measurements.ts'
import { offerShifts, type FoundShift } from './offer-shifts.ts'
import { createStepCalendar, instantOfSlotSql, localStartMs, type StepCalendar } from './step-calendar.ts'

const defaultHorizons: Readonly<Record<ForecastStep, number>> = { day: 30, hour: 168 }
/** A shorter history gets a shorter horizon. */
const maxHorizonShare = 1 / 3
/** Steps in a batch, and series at most. */
const batchSteps = 50_000
const batchSeries = 100

export interface ForecastWork {
  readonly signal?: AbortSignal | undefined
  /** Completed share, 0..1. */
  readonly onProgress?: ((share: number) => void) | undefined
}

/**
 * Writes `path`, Parquet sorted by server, metric, model and cut-off. The same bytes on any number of threads. Reads `forecast_rows`, whose
 * values are in the units of the file. Throws HeadroomError.
 */
export const writeForecasts = async (
  database: Database,
  dataset: ForecastDataset,
  config: AnalysisConfig,
  options: ForecastOptions,
  path: string,
  { signal, onProgress }: ForecastWork = {},
): Promise<ForecastReport> => {
  const measured = await prepareMeasurements(database, dataset, config, options)
  onProgress?.(0.2)
  const { grid, step, firstSlot, lastSlot, lastRowSlot } = measured
  const spanSteps = lastSlot - firstSlot + 1
  const defaultHorizon = Math.max(1, Math.min(defaultHorizons[step], Math.floor(spanSteps * maxHorizonShare)))
  const horizon = options.horizon ?? (options.toLastRow === true ? Math.max(1, lastRowSlot - lastSlot) : defaultHorizon)
  const calendar = await calendarOf(measured, spanSteps + horizon, config)
  const series = await readSeries(database)
  const models = options.models ?? defaultModels(step, series.count)
  await createValues(database)
  const shifts: FoundShift[] = []
  const pool = openForecastPool({ calendar, horizon, models }, Math.min(database.threads, availableParallelism()), signal)
  const close = (): void => void pool.close()
  signal?.addEventListener('abort', close)
  try {
    const running: { readonly rows: Promise<ForecastRows>; readonly to: number }[] = []
    const storeNext = async (): Promise<void> => {
      const { rows: forecast, to } = running.shift()!
      const rows = await forecast
      await database.appendColumns(
        'forecast_values',
        Object.values(valueColumns).map(({ of }) => of(rows)),
        valuesDatabase,
      )
      rows.shiftedSeries.forEach((id, at) =>
        shifts.push({ series: id, step: rows.shiftStep[at]!, before: rows.levelBefore[at]!, after: rows.levelAfter[at]! }),
      )
      onProgress?.(0.2 + 0.6 * (to / series.count))
    }
    for (const { from, to } of batches(series)) {
      if (running.length >= pool.size) await storeNext()
      const rows = pool.forecast(await readBatch(database, series, from, to, firstSlot))
      // A failure is thrown when its turn comes.
      rows.catch(() => undefined)
      running.push({ rows, to })
    }
    while (running.length > 0) await storeNext()
  } finally {
    signal?.removeEventListener('abort', close)
    await pool.close()
  }
  onProgress?.(0.85)
  const rows = await copyForecasts(database, config, { models, metrics: series.metrics, grid, firstSlot }, path)
  onProgress?.(1)
  return {
    rows,
    series: series.count,
    step,
    horizon,
    models,
    summary: `Forecast ${horizon} ${step}s ahead from ${measured.described}.`,
    warnings: [...measured.warnings, ...(await offerShifts(database, config, shifts, { grid, firstSlot, horizon, series }))],
  }
}

/** More series, or hours, would take minutes with the slow model. */
const maxSlowSeries = 2000

const defaultModels = (step: ForecastStep, series: number): readonly ForecastModelName[] =>
  step === 'day' && series <= maxSlowSeries ? modelNames : modelNames.filter((name) => name !== slowModelName)

const dayMs = 86_400_000

const calendarOf = async ({ grid, firstSlot }: PreparedMeasurements, steps: number, config: AnalysisConfig): Promise<StepCalendar> => {
  const { holidayDates } = await import('../calendar/holidays.ts')
  const [firstYear, lastYear] = [firstSlot, firstSlot + steps].map((slot) => new Date(localStartMs(grid, slot)).getUTCFullYear())
  const holidays = holidayDates(config, { firstYear: firstYear!, lastYear: lastYear! })
  const days = new Set(holidays.map(({ day }) => Date.parse(day) / dayMs))
  return createStepCalendar(grid, firstSlot, steps, { months: eoqMonthsOf(config), days: config.eoq_window_days }, days)
}

interface SeriesList {
  readonly count: number
  readonly metrics: readonly { readonly metric: string; readonly ceiling: number }[]
  /** Position in `metrics`. */
  readonly metric: Float64Array
  readonly firstSlot: Float64Array
  /** The slot of the last measurement that the forecast starts from. */
  readonly lastSlot: Float64Array
}

/** A server that went silent is forecast from its own last measurement, so that it stays in the fleet; the others from the latest of all. */
const readSeries = async (database: Database): Promise<SeriesList> => {
  const { name, ceiling } = await database.columns('SELECT DISTINCT metric AS name, ceiling FROM measured_series ORDER BY name', {
    name: 'text',
    ceiling: 'number',
  })
  const { first_slot, last_slot, metric } = await database.columns(
    `SELECT CAST(first_slot AS DOUBLE) AS first_slot, CAST(dense_rank() OVER (ORDER BY metric) - 1 AS DOUBLE) AS metric,
            CAST(CASE WHEN max(last_slot) OVER () - max(last_slot) OVER (PARTITION BY server_id) > ${maxSilentSteps} THEN last_slot ELSE max(last_slot) OVER () END AS DOUBLE) AS last_slot
     FROM measured_series ORDER BY series_id`,
    { first_slot: 'number', last_slot: 'number', metric: 'number' },
  )
  return {
    count: first_slot.length,
    metrics: name.map((text, index) => ({ metric: text, ceiling: ceiling[index]! })),
    metric,
    firstSlot: first_slot,
    lastSlot: last_slot,
  }
}

/** Batches depend on the series alone, not on threads. */
function* batches({ count, firstSlot, lastSlot }: SeriesList): Generator<{ from: number; to: number }> {
  for (let from = 0; from < count;) {
    let to = from
    for (let steps = 0; to < count && to - from < batchSeries && (to === from || steps < batchSteps); to++)
      steps += lastSlot[to]! - firstSlot[to]! + 1
    yield { from, to }
    from = to
  }
}

const readBatch = async (database: Database, list: SeriesList, from: number, to: number, firstSlot: number): Promise<SeriesBatch> => {
  const { series_id, slot, value } = await database.columns(
    `SELECT series_id, slot, value FROM measured_steps WHERE series_id >= ${from} AND series_id < ${to} ORDER BY series_id, slot`,
    { series_id: 'number', slot: 'number', value: 'number' },
  )
  const count = to - from
  const lengths = Array.from({ length: count }, (_, index) => list.lastSlot[from + index]! - list.firstSlot[from + index]! + 1)
  const offsets = new Float64Array(count)
  for (let index = 1; index < count; index++) offsets[index] = offsets[index - 1]! + lengths[index - 1]!
  const values = new Float64Array(lengths.reduce((sum, length) => sum + length, 0)).fill(Number.NaN)
  for (let row = 0; row < series_id.length; row++) {
    const index = series_id[row]! - from
    values[offsets[index]! + slot[row]! - list.firstSlot[from + index]!] = value[row]!
  }
  return {
    series: Int32Array.from({ length: count }, (_, index) => from + index),
    metric: Int32Array.from(list.metric.subarray(from, to)),
    from: Int32Array.from({ length: count }, (_, index) => list.firstSlot[from + index]! - firstSlot),
    origin: Int32Array.from({ length: count }, (_, index) => list.lastSlot[from + index]! + 1 - firstSlot),
    ceiling: Float64Array.from(list.metric.subarray(from, to), (metric) => list.metrics[metric]!.ceiling),
    values,
  }
}

const valueColumns: Readonly<Record<string, { type: 'INTEGER' | 'DOUBLE'; of: (rows: ForecastRows) => Int32Array | Float64Array }>> = {
  series_id: { type: 'INTEGER', of: ({ series }) => series },
  model: { type: 'INTEGER', of: ({ model }) => model },
  origin: { type: 'INTEGER', of: ({ origin }) => origin },
  step: { type: 'INTEGER', of: ({ step }) => step },
  predicted: { type: 'DOUBLE', of: ({ predicted }) => predicted },
  actual: { type: 'DOUBLE', of: ({ actual }) => actual },
  scale: { type: 'DOUBLE', of: ({ scale }) => scale },
  error_group: { type: 'INTEGER', of: ({ errorGroup }) => errorGroup },
  '"window"': { type: 'INTEGER', of: ({ window }) => window },
}

const valuesDatabase = 'forecast_store'

/** In a file, whose values are compressed: in memory, ten thousand series would take gigabytes. */
const createValues = async (database: Database): Promise<void> => {
  await database.run(`ATTACH ${literal(join(database.spillFolder, 'forecast-values.duckdb'))} AS ${valuesDatabase}`)
  const columns = Object.entries(valueColumns).map(([name, { type }]) => `${name} ${type}`)
  await database.run(`CREATE TABLE ${valuesDatabase}.forecast_values (${columns.join(', ')})`)
  await database.run(`CREATE TEMP VIEW forecast_values AS FROM ${valuesDatabase}.forecast_values`)
}

/** Names come from lists by position, since a join would change the order of the rows. Returns the rows. */
const copyForecasts = async (
  database: Database,
  config: AnalysisConfig,
  {
    models,
    metrics,
    grid,
    firstSlot,
  }: Pick<SeriesList, 'metrics'> & Pick<PreparedMeasurements, 'grid' | 'firstSlot'> & { readonly models: readonly string[] },
  path: string,
): Promise<number> => {
  const perMetric = groupsPerMetric(models.length)
  const { lower, upper } = await boundsSql(database, metrics.length * perMetric, config.interval_level)
  const at = (step: string): string => instantOfSlotSql(grid, `(${step} + ${firstSlot})`)
  const ofMetric = (values: readonly string[]): string => `[${values.join(', ')}][error_group // ${perMetric} + 1]`
  const ceilings = metrics.map(({ ceiling }) => (Number.isFinite(ceiling) ? `${ceiling}::DOUBLE` : `'Infinity'::DOUBLE`))
  await database.run('SET VARIABLE forecast_servers = (SELECT list(server_id ORDER BY series_id) FROM measured_series)')
  await database.run(
    `COPY (
       SELECT getvariable('forecast_servers')[series_id + 1] AS server_id, ${at('step')} AS "timestamp",
              ${ofMetric(metrics.map(({ metric }) => literal(metric)))} AS metric, [${models.map(literal).join(', ')}][model + 1] AS model,
              ${at('origin - 1')} AS cutoff, "window" = 0 AS is_future, CASE WHEN NOT isnan(actual) THEN actual END AS actual, predicted,
              ${lower} AS yhat_lower, ${upper(ofMetric(ceilings))} AS yhat_upper
       FROM forecast_values
     ) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false)`,
  )
  const { rows } = await database.row('SELECT CAST(count(*) AS DOUBLE) AS rows FROM forecast_values', z.object({ rows: z.number() }))
  await database.run('RESET VARIABLE forecast_servers')
  await database.run(`DROP VIEW forecast_values; DETACH ${valuesDatabase}`)
  return rows
}

// Measurements as one value per series and step, in tables: resampled, without half-measured periods and outliers.
import { agreeNumber } from '../../src-shared/run/agree-number.ts'
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { isPercentMetricSql, type PeriodStatistic, type UnitConfig } from '../../src-shared/config/metric-units.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import { literal, type Database } from '../database/database.ts'
import { detectTimes, type DetectedTimes } from '../forecasts/detect-granularity.ts'
import { isMeasuredSql } from '../forecasts/forecast-columns.ts'
import { hasForecasts, type ForecastDataset } from '../forecasts/forecast-dataset.ts'
import { describeStep, gridOf, slotSql, type TimeGrid } from '../forecasts/time-grid.ts'
import { validateForecasts } from '../forecasts/validate-forecasts.ts'
import { validationError, validationMessages } from '../forecasts/validation-rules.ts'
import { fixedMeanSql, fixedPointFor } from '../statistics/fixed-point.ts'
import type { ForecastOptions, ForecastStep } from './forecast-options.ts'

const hourSeconds = 3600
const daySeconds = 86_400
/** From so many days on, measurements are forecast by the day. */
const minDailySpanDays = 60
/** A period counts with this share of its usual samples. */
const minSampleShare = 0.75

export interface PreparedMeasurements {
  readonly grid: TimeGrid
  readonly step: ForecastStep
  readonly series: number
  /** Slots of the first and the last step with a value. */
  readonly firstSlot: number
  readonly lastSlot: number
  /** Slot of the last row of the file, measured or not. */
  readonly lastRowSlot: number
  /** "daily 95th percentiles of values every 5 minutes, in UTC"; "daily values" where nothing was resampled. */
  readonly described: string
  readonly warnings: readonly RunWarning[]
}

/**
 * Creates `measured_series` (series_id, server_id, metric, first_slot, last_slot, ceiling), numbered by server and metric, and
 * `measured_steps` (series_id, slot, value), sorted. Reads `forecast_rows`. Throws HeadroomError.
 */
export const prepareMeasurements = async (
  database: Database,
  dataset: ForecastDataset,
  config: AnalysisConfig,
  options: ForecastOptions,
): Promise<PreparedMeasurements> => {
  await validateForecasts(database, dataset, config)
  const times = await detectTimes(database, config, dataset.columns.timestamp.type !== 'TIMESTAMP')
  const step = await chooseStep(database, dataset, times, options.step)
  const grid = forecastGrid(step, times)
  const isResampled = times.grid.stepSeconds < grid.stepSeconds
  const statistics = { general: options.statistic, byMetric: config.metric_statistics }
  const { partial } = await resample(database, dataset, grid, statistics, isResampled)
  const outliers = await removeOutliers(database, config)
  await createSeries(database, config)
  const totals = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS series, min(first_slot) AS first_slot, max(last_slot) AS last_slot,
            (SELECT CAST(${slotSql(grid, 'max(ts)')} AS INTEGER) FROM forecast_rows) AS last_row_slot
     FROM measured_series`,
    z.object({ series: z.number(), first_slot: z.number().nullable(), last_slot: z.number().nullable(), last_row_slot: z.number() }),
  )
  if (totals.first_slot === null || totals.last_slot === null) {
    throw new HeadroomError('input-empty', `${dataset.name} holds no measured value.`, { next: 'Name a file with measurements.' })
  }
  return {
    grid,
    step,
    series: totals.series,
    firstSlot: totals.first_slot,
    lastSlot: totals.last_slot,
    lastRowSlot: totals.last_row_slot,
    described: await describeSteps(database, step, times, statistics, isResampled),
    warnings: [...dataset.warnings, ...times.warnings, ...partial, ...outliers, ...(await findUnmeasured(database))],
  }
}

const chooseStep = async (
  database: Database,
  { name }: ForecastDataset,
  { grid }: DetectedTimes,
  stated: ForecastStep | undefined,
): Promise<ForecastStep> => {
  if (grid.stepSeconds > daySeconds && grid.step.unit !== 'business day') {
    throw new HeadroomError('input-unclear', `${name} has a value every ${describeStep(grid.step)}; forecasts need one a day or more.`, {
      next: 'Export the measurements by day or hour, or forecast them with another tool.',
    })
  }
  if (grid.stepSeconds > hourSeconds) {
    if (stated !== 'hour') return 'day'
    throw new HeadroomError('usage', `${name} has a value every ${describeStep(grid.step)}, so hours cannot be forecast.`, {
      next: 'Leave --step out, or use --step day.',
    })
  }
  if (stated !== undefined) return stated
  const { days } = await database.row(
    `SELECT coalesce(CAST(date_diff('hour', min(ts), max(ts)) AS DOUBLE) / 24, 0) AS days FROM forecast_rows WHERE ${isMeasuredSql}`,
    z.object({ days: z.number() }),
  )
  // The first and the last sample of 60 days lie less than 60 days apart.
  return days >= minDailySpanDays - 1 ? 'day' : 'hour'
}

/** The grid of own forecasts with such a step. */
export const forecastGrid = (step: ForecastStep, { grid, zone }: DetectedTimes): TimeGrid => {
  if (step === 'hour') return gridOf({ unit: 'second', count: hourSeconds }, hourSeconds, zone)
  return gridOf({ unit: grid.step.unit === 'business day' ? 'business day' : 'day', count: 1 }, daySeconds, zone)
}

/** A metric that is a percentile by its name, such as `cpu_p95`. */
const isPercentileSql = `regexp_matches(metric, '(^|[^A-Za-z])[pP][5-9][0-9]($|[^0-9])')`

const statisticsSql: Readonly<Record<PeriodStatistic, string>> = {
  p95: 'quantile_cont(actual, 0.95)',
  max: 'max(actual)',
  mean: fixedMeanSql('actual', fixedPointFor(Number.MAX_VALUE)),
}

interface ChosenStatistics {
  /** Undefined: by the metric's name. */
  readonly general: PeriodStatistic | undefined
  readonly byMetric: Readonly<Record<string, PeriodStatistic>>
}

const chosenStatisticSql = ({ general, byMetric }: ChosenStatistics): string => {
  const stated = Object.entries(byMetric).map(([metric, statistic]) => `WHEN metric = ${literal(metric)} THEN ${statisticsSql[statistic]}`)
  const percentiles = general === undefined ? [`WHEN ${isPercentileSql} THEN ${statisticsSql.max}`] : []
  const rest = statisticsSql[general ?? 'p95']
  return stated.length + percentiles.length === 0 ? rest : `CASE ${[...stated, ...percentiles].join(' ')} ELSE ${rest} END`
}

/** A measured value stands in the row of each model's forecast. */
const measuredValuesQuery = (hasModels: boolean): string =>
  hasModels
    ? `SELECT server_id, metric, ts, max(actual) AS actual FROM forecast_rows WHERE ${isMeasuredSql} GROUP BY ALL`
    : `SELECT server_id, metric, ts, actual FROM forecast_rows WHERE ${isMeasuredSql}`

/** Creates `measured_periods` (server_id, metric, slot, value). Throws input-duplicate-rows. */
const resample = async (
  database: Database,
  { name, columns }: ForecastDataset,
  grid: TimeGrid,
  statistics: ChosenStatistics,
  isResampled: boolean,
): Promise<{ partial: RunWarning[] }> => {
  const hasModels = hasForecasts({ columns })
  const value = isResampled ? chosenStatisticSql(statistics) : 'max(actual)'
  await database.run(`
    CREATE OR REPLACE TABLE sampled_periods AS
    SELECT server_id, metric, slot, ${value} AS value, CAST(count(*) AS INTEGER) AS samples, count(*) > 1 AND min(ts) = max(ts) AS is_repeated
    FROM (SELECT *, CAST(${slotSql(grid, 'ts')} AS INTEGER) AS slot FROM (${measuredValuesQuery(hasModels)}))
    GROUP BY server_id, metric, slot`)
  const repeated = await database.rows(
    `SELECT server_id, metric, slot, CAST(count(*) OVER () AS DOUBLE) AS total FROM sampled_periods WHERE is_repeated
     ORDER BY server_id, metric, slot LIMIT 3`,
    z.object({ server_id: z.string(), metric: z.string(), slot: z.number(), total: z.number() }),
  )
  const [first] = repeated
  if (first !== undefined) {
    const examples = repeated.map((row) => `${row.server_id}, ${row.metric}`).join('; ')
    throw validationError(
      'input-duplicate-rows',
      validationMessages.repeatedRows(name, columns, `${first.total} ${first.total === 1 ? 'key' : 'keys'}`, examples),
    )
  }
  await database.run(`
    CREATE OR REPLACE TABLE measured_periods AS
    SELECT p.* EXCLUDE (samples, is_repeated), p.samples < ${minSampleShare} * u.samples AS is_partial
    FROM sampled_periods p JOIN (SELECT server_id, metric, quantile_disc(samples, 0.9) AS samples FROM sampled_periods GROUP BY ALL) u USING (server_id, metric)`)
  await database.run('DROP TABLE sampled_periods')
  const { periods } = await database.row(
    'SELECT CAST(count(*) FILTER (is_partial) AS DOUBLE) AS periods FROM measured_periods',
    z.object({ periods: z.number() }),
  )
  await database.run('DELETE FROM measured_periods WHERE is_partial')
  const count = periods.toLocaleString('en-US')
  return {
    partial:
      periods === 0
        ? []
        : [
            {
              code: 'partial-periods',
              message: agreeNumber(
                `${count} [period holds less than three quarters of its|periods hold less than three quarters of their] usual samples: left out.`,
                periods,
              ),
              count: periods,
            },
          ],
  }
}

/** A value this many times the 99.9th percentile is no measurement. */
const outlierFactor = 10
const outlierPercentile = 0.999

/** SQL for the value of the lower rank at the percentile: a single outlier never raises it. */
const lowerRankSql = `list_sort(list(value))[1 + CAST(floor(${outlierPercentile} * (count(*) - 1)) AS BIGINT)]`

/**
 * Removes values above ten times the 99.9th percentile both of their metric and of their series: one busy server among idle ones stays.
 * A percentage up to 100 always stays.
 */
const removeOutliers = async (database: Database, config: UnitConfig): Promise<RunWarning[]> => {
  await database.run(`
    CREATE OR REPLACE TEMP TABLE outliers AS
    WITH metric_limits AS (
      SELECT metric, ${outlierFactor} * ${lowerRankSql} AS highest FROM measured_periods GROUP BY metric HAVING max(value) > highest
    ), suspects AS (
      SELECT DISTINCT server_id, metric, highest FROM measured_periods JOIN metric_limits USING (metric) WHERE value > highest
    ), series_limits AS (
      SELECT server_id, metric, greatest(any_value(highest), ${outlierFactor} * ${lowerRankSql}, CASE WHEN ${isPercentMetricSql(config, 'metric', literal)} THEN 100 ELSE 0 END) AS highest
      FROM measured_periods JOIN suspects USING (server_id, metric) GROUP BY server_id, metric
    )
    SELECT server_id, metric, slot, value FROM measured_periods JOIN series_limits USING (server_id, metric) WHERE value > highest`)
  const examples = await database.rows(
    `SELECT server_id, metric, value, CAST(count(*) OVER () AS DOUBLE) AS total FROM outliers ORDER BY server_id, metric, slot LIMIT 3`,
    z.object({ server_id: z.string(), metric: z.string(), value: z.number(), total: z.number() }),
  )
  const [first] = examples
  if (first === undefined) return []
  await database.run(
    'DELETE FROM measured_periods p USING outliers o WHERE p.server_id = o.server_id AND p.metric = o.metric AND p.slot = o.slot',
  )
  const described = examples.map(({ server_id, metric, value }) => `${server_id}, ${metric}: ${value}`)
  const count = first.total.toLocaleString('en-US')
  return [
    {
      code: 'outliers-left-out',
      message: `${count} ${first.total === 1 ? 'value lies' : 'values lie'} above ten times the 99.9th percentile and ${first.total === 1 ? 'counts' : 'count'} as missing: ${described.join('; ')}.`,
      count: first.total,
      examples: described,
    },
  ]
}

/** A percentage that is exceeded in more than this share of its values has no ceiling. */
const maxShareAboveFull = 0.001

/** Creates `measured_series` and `measured_steps`. */
const createSeries = async (database: Database, config: UnitConfig): Promise<void> => {
  const full = `CASE WHEN NOT ${isPercentMetricSql(config, 'metric', literal)} THEN NULL WHEN metric IN (${fractionNames(config)}) THEN 1 ELSE 100 END`
  await database.run(`
    CREATE OR REPLACE TABLE measured_series AS
    WITH ceilings AS (
      SELECT metric, CASE WHEN count_if(value > "full") <= ${maxShareAboveFull} * count(*) THEN any_value("full") END AS ceiling
      FROM (SELECT metric, value, ${full} AS "full" FROM measured_periods) GROUP BY metric
    )
    SELECT CAST(row_number() OVER (ORDER BY server_id, metric) - 1 AS INTEGER) AS series_id, server_id, metric, first_slot, last_slot,
           coalesce(CAST(ceiling AS DOUBLE), CAST('Infinity' AS DOUBLE)) AS ceiling
    FROM (SELECT server_id, metric, min(slot) AS first_slot, max(slot) AS last_slot FROM measured_periods GROUP BY ALL)
    JOIN ceilings USING (metric) ORDER BY series_id`)
  await database.run(`
    CREATE OR REPLACE TABLE measured_steps AS
    SELECT series_id, slot, value FROM measured_periods JOIN measured_series USING (server_id, metric) ORDER BY series_id, slot`)
  await database.run('DROP TABLE measured_periods')
}

const fractionNames = ({ metric_units: stated }: UnitConfig): string =>
  [
    "''",
    ...Object.keys(stated)
      .filter((metric) => stated[metric] === 'fraction')
      .map(literal),
  ].join(', ')

/** Series of the input without any value that counts. Reads `measured_series`, `forecast_rows`. */
const findUnmeasured = async (database: Database): Promise<RunWarning[]> => {
  const missing = await database.rows(
    `SELECT server_id, metric, CAST(count(*) OVER () AS DOUBLE) AS total
     FROM (SELECT DISTINCT server_id, metric FROM forecast_rows) ANTI JOIN measured_series USING (server_id, metric)
     ORDER BY server_id, metric LIMIT 3`,
    z.object({ server_id: z.string(), metric: z.string(), total: z.number() }),
  )
  const [first] = missing
  if (first === undefined) return []
  const examples = missing.map(({ server_id, metric }) => `${server_id}, ${metric}`)
  const count = first.total.toLocaleString('en-US')
  return [
    {
      code: 'series-without-values',
      message: `${count} series ${first.total === 1 ? 'has' : 'have'} no measured value and ${first.total === 1 ? 'is' : 'are'} not forecast: ${examples.join('; ')}.`,
      count: first.total,
      examples,
    },
  ]
}

const statisticNames: Readonly<Record<PeriodStatistic, string>> = { p95: '95th percentiles', max: 'maxima', mean: 'means' }

/** Reads `measured_series`. */
const describeSteps = async (
  database: Database,
  step: ForecastStep,
  { grid, zone }: DetectedTimes,
  { general, byMetric }: ChosenStatistics,
  isResampled: boolean,
): Promise<string> => {
  const period = step === 'day' ? 'daily' : 'hourly'
  if (!isResampled) return `${period} values`
  const metrics = await database.rows(
    `SELECT metric, ${isPercentileSql} AS is_percentile FROM measured_series GROUP BY metric ORDER BY metric`,
    z.object({ metric: z.string(), is_percentile: z.boolean() }),
  )
  const of = (isPercentile: boolean): string =>
    others.flatMap(({ metric, is_percentile }) => (is_percentile === isPercentile ? [metric] : [])).join(', ')
  const stated = metrics.filter(({ metric }) => byMetric[metric] !== undefined)
  const others = metrics.filter((row) => !stated.includes(row))
  const statedNames = stated.map(({ metric }) => `${statisticNames[byMetric[metric]!]} of ${metric}`)
  const names =
    general !== undefined
      ? statisticNames[general]
      : of(true) === ''
        ? statisticNames.p95
        : of(false) === ''
          ? `${statisticNames.max} of percentiles`
          : `${statisticNames.p95} (${statisticNames.max} of the percentiles ${of(true)})`
  const described = [...(others.length === 0 ? [] : [names]), ...statedNames].join(', ')
  return `${period} ${described} of values every ${describeStep(grid.step)}, in ${zone.name}`
}

// Asks for the unit of a percentage whose values look like fractions.
import { z } from 'zod'
import { isPercentMetricSql, turnedMetrics, unitArgument, type UnitConfig } from '../../src-shared/config/metric-units.ts'
import { literal, type Database } from '../database/database.ts'
import type { ForecastDataset } from './forecast-dataset.ts'
import { InputQuestionError } from './input-question.ts'
import { validationMessages } from './validation-rules.ts'

/** Values of fractions: a few lie above 1, as on overbooked servers, and predictions of idle servers fall below 0. */
const fractionRange = { minMeasured: -0.01, minPredicted: -0.5, max: 1.5, p99: 1.01 } as const

/** SQL for metrics in percent by name alone whose predictions could be fractions. Reads `series_models`. */
export const suspectedUnitsQuery = (config: UnitConfig): string => {
  const { metric_units: stated } = config
  const unstated = { ...config, metric_units: Object.fromEntries(Object.keys(stated).map((metric) => [metric, 'other' as const])) }
  return `
    SELECT metric FROM series_models WHERE ${isPercentMetricSql(unstated, 'metric', literal)} GROUP BY metric
    HAVING min(${asWrittenSql(config, 'least_predicted', 'greatest_predicted')}) >= ${fractionRange.minPredicted}
       AND max(${asWrittenSql(config, 'greatest_predicted', 'least_predicted')}) <= ${fractionRange.max}`
}

/** SQL for a value as the forecasts have it; `turned` is the value where the analysis counts used shares. */
const asWrittenSql = (config: UnitConfig, value: string, turned = value): string => {
  const metrics = turnedMetrics(config).map(literal)
  return metrics.length === 0 ? value : `CASE WHEN metric IN (${metrics.join(', ')}) THEN 100 - ${turned} ELSE ${value} END`
}

/** SQL for the suspects whose measured and predicted values are all like fractions; zeros are the same in both units. Reads `unit_suspects`, `forecast_rows`. */
export const unclearUnitsQuery = (config: UnitConfig): string => `
  SELECT metric FROM (
    SELECT metric, ${asWrittenSql(config, 'actual')} AS actual, ${asWrittenSql(config, 'predicted')} AS value FROM forecast_rows WHERE metric IN (SELECT metric FROM unit_suspects)
    UNION ALL
    SELECT metric, ${asWrittenSql(config, 'actual')} AS actual, ${asWrittenSql(config, 'actual')} AS value FROM forecast_rows WHERE metric IN (SELECT metric FROM unit_suspects)
  ) valued
  GROUP BY metric
  HAVING coalesce(min(actual) >= ${fractionRange.minMeasured}, true) AND max(value) > 0 AND max(value) <= ${fractionRange.max}
    AND quantile_cont(value, 0.99) <= ${fractionRange.p99}`

/** Throws input-unit-unclear for the first such metric by name. Reads `series_models`, `forecast_rows`. */
export const assertClearUnits = async (database: Database, { name }: ForecastDataset, config: UnitConfig): Promise<void> => {
  await database.run(`CREATE OR REPLACE TABLE unit_suspects AS ${suspectedUnitsQuery(config)}`)
  const { suspects } = await database.row(
    'SELECT CAST(count(*) AS DOUBLE) AS suspects FROM unit_suspects',
    z.object({ suspects: z.number() }),
  )
  if (suspects === 0) return
  const unclear = await database.rows(`${unclearUnitsQuery(config)} ORDER BY metric LIMIT 1`, z.object({ metric: z.string() }))
  for (const { metric } of unclear) {
    const { message, next } = validationMessages.unclearUnit(name, metric, (unit) => unitArgument(metric, unit))
    const units = [
      { label: 'Fractions', unit: 'fraction' },
      { label: 'Percent', unit: 'percent' },
    ]
    throw new InputQuestionError(
      message,
      units.map(({ label, unit }) => ({ label, settings: { metric_units: { [metric]: unit } } })),
      'input-unit-unclear',
      next,
    )
  }
}

// Bounds of own forecasts: quantiles of the backtest's errors in units of their scale, by metric, model and third of the lead.
import type { Database } from '../database/database.ts'

/** Fewer errors than this give no quantiles: the group takes those of all groups. */
const minGroupErrors = 50

/**
 * SQL for the lower and the upper bound of a row of `forecast_values` at a nominal level; NULL where no backtest has an error. Split conformal
 * prediction with errors scaled by each series' history (Lei et al. 2018). Reads `forecast_values`.
 */
export const boundsSql = async (
  database: Database,
  groups: number,
  level: number,
): Promise<{ readonly lower: string; readonly upper: (ceiling: string) => string }> => {
  const shares = [(1 - level) / 2, (1 + level) / 2]
  const quantiles = shares.map((share, index) => `quantile_cont(error, ${share}) AS q${index}`).join(', ')
  const errors = `SELECT error_group, (actual - predicted) / scale AS error FROM forecast_values WHERE NOT isnan(actual) AND scale > 0`
  const {
    error_group,
    q0,
    q1,
    errors: counts,
  } = await database.columns(
    `SELECT CAST(coalesce(error_group, -1) AS INTEGER) AS error_group, ${quantiles}, CAST(count(*) AS INTEGER) AS errors
     FROM (${errors}) GROUP BY GROUPING SETS ((error_group), ()) HAVING count(*) > 0`,
    { error_group: 'number', q0: 'number', q1: 'number', errors: 'number' },
  )
  const overall = error_group.indexOf(-1)
  const unknown = 'CAST(NULL AS DOUBLE)'
  if (overall === -1) return { lower: unknown, upper: () => unknown }
  const rowOf = Array.from({ length: groups }, (_, group) => {
    const row = error_group.indexOf(group)
    return row === -1 || counts[row]! < minGroupErrors ? overall : row
  })
  // A bound never crosses the forecast.
  const margins = (values: Float64Array, clamp: (value: number) => number): string =>
    `CAST([${rowOf.map((row) => clamp(values[row]!).toExponential()).join(', ')}] AS DOUBLE[])`
  return {
    lower: `greatest(0, predicted + scale * ${margins(q0, (value) => Math.min(0, value))}[error_group + 1])`,
    upper: (ceiling) => `least(${ceiling}, predicted + scale * ${margins(q1, (value) => Math.max(0, value))}[error_group + 1])`,
  }
}

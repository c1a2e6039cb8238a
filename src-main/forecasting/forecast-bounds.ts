// Bounds of own forecasts: quantiles of the backtest's errors in units of their scale, by metric, model and third of the lead.
import type { Database } from '../database/database.ts'

/** Fewer errors than this give no quantiles: the group takes those of all groups. */
const minGroupErrors = 50

export interface ErrorQuantiles {
  readonly lower: number
  readonly upper: number
  readonly errors: number
}

/** Of a group of errors. */
interface GroupQuantiles {
  readonly pooled: ErrorQuantiles
  readonly windows: readonly ErrorQuantiles[]
}

/**
 * SQL for the lower and the upper bound of a row of `forecast_values` at a nominal level; NULL where no backtest has an error. Split conformal
 * prediction with errors scaled by each series' history (Lei et al. 2018). Reads `forecast_values`.
 */
export const boundsSql = async (
  database: Database,
  groups: number,
  level: number,
): Promise<{ readonly lower: string; readonly upper: (ceiling: string) => string }> => {
  const own = await queryQuantiles(database, level, 'error_group')
  const unknown = 'CAST(NULL AS DOUBLE)'
  if (own.size === 0) return { lower: unknown, upper: () => unknown }
  const isOwn = (group: number): boolean => (own.get(group)?.pooled.errors ?? 0) >= minGroupErrors
  const numbers = Array.from({ length: groups }, (_, group) => group)
  const overall = numbers.every(isOwn) ? undefined : (await queryQuantiles(database, level, '0')).get(0)
  const margins = numbers.map((group) => nextWindow(isOwn(group) ? own.get(group)! : overall!))
  // A bound never crosses the forecast.
  const byGroup = (values: readonly number[]): string => `CAST([${values.map((value) => value.toExponential()).join(', ')}] AS DOUBLE[])`
  const lowers = byGroup(margins.map(({ lower }) => Math.min(0, lower)))
  const uppers = byGroup(margins.map(({ upper }) => Math.max(0, upper)))
  return {
    lower: `greatest(0, predicted + scale * ${lowers}[error_group + 1])`,
    upper: (ceiling) => `least(${ceiling}, predicted + scale * ${uppers}[error_group + 1])`,
  }
}

/**
 * The quantiles of all windows' errors, or wider: all series share the shocks of a window, so a few windows tell less than their many errors
 * suggest. Of k exchangeable windows, the quantile of rank ceil((k + 1) / 2) by width holds in the next window at least as likely as not.
 */
export const nextWindow = ({ pooled, windows }: GroupQuantiles): Pick<ErrorQuantiles, 'lower' | 'upper'> => {
  const counted = windows.filter(({ errors }) => errors >= minGroupErrors)
  const byWidth = (widths: readonly number[]): number => Float64Array.from(widths).sort()[Math.ceil((widths.length + 1) / 2) - 1] ?? 0
  return {
    lower: Math.min(pooled.lower, -byWidth(counted.map(({ lower }) => -lower))),
    upper: Math.max(pooled.upper, byWidth(counted.map(({ upper }) => upper))),
  }
}

/** By error group; of groups with an error. One grouping at a time, since the database holds the errors of each in memory. */
const queryQuantiles = async (database: Database, level: number, group: string): Promise<ReadonlyMap<number, GroupQuantiles>> => {
  const query = async (keys: string) => {
    const { number, lower, upper, errors } = await database.columns(
      `SELECT CAST(${group} AS INTEGER) AS number, quantile_cont(error, ${(1 - level) / 2}) AS lower, quantile_cont(error, ${(1 + level) / 2}) AS upper,
              CAST(count(*) AS INTEGER) AS errors
       FROM (SELECT error_group, "window", (actual - predicted) / scale AS error FROM forecast_values WHERE "window" > 0 AND NOT isnan(actual) AND scale > 0)
       GROUP BY ${keys} ORDER BY ${keys}`,
      { number: 'number', lower: 'number', upper: 'number', errors: 'number' },
    )
    return Array.from(number, (of, row) => ({ of, quantiles: { lower: lower[row]!, upper: upper[row]!, errors: errors[row]! } }))
  }
  const byWindow = await query('number, "window"')
  const pooled = await query('number')
  return new Map(
    pooled.map(({ of, quantiles }) => [
      of,
      { pooled: quantiles, windows: byWindow.filter((row) => row.of === of).map((row) => row.quantiles) },
    ]),
  )
}

// What three models of different skill say of a sample's servers. Each errs in its backtest as it does in its horizon.
import { drawTags, withColumns } from './sample-draws.ts'
import type { SlowNoise } from './sample-steps.ts'

/** In the order in which they sort; the rows of a series carry the index. */
export const sampleModels = ['prophet', 'seasonal_naive', 'xgboost'] as const

/** How far behind the trend the trees stay: they cannot go beyond what they have seen. */
const treeTrendLagYears = 0.15

/** Half of a normal 80 % interval in deviations, and the share of it that the trees' quantiles leave: theirs hold about half. */
const normalHalfWidth80 = 1.2816
const treeIntervalShare = 0.55

export const modelNoise: SlowNoise = {
  name: 'model_wander',
  key: `xor(key, ${drawTags.modelNoise} + model_index)`,
  lagParts: 0,
  blockShare: 0.35,
}

/**
 * Adds to servers with a `model_index` the `model`, the deviation of its error, how far it stays behind the trend and half the
 * width of its interval, in points. `skill` is the model that should do best on the server.
 */
export const modelTraitsSql = (servers: string): string =>
  withColumns(
    servers,
    `['${sampleModels.join("', '")}'][model_index + 1] AS model, uniform(key, ${drawTags.modelDepth} + model_index) AS depth`,
    `sigma * CASE WHEN skill = 'seasonal_naive' THEN 1.5 + 0.5 * depth WHEN model = skill THEN 0.25 + 0.25 * depth
      ELSE 0.6 + 0.4 * depth END AS error_sigma,
    CASE WHEN model = 'xgboost' THEN slope * ${treeTrendLagYears} ELSE 0 END AS trend_lag`,
    `${normalHalfWidth80} * CASE model
      WHEN 'prophet' THEN sqrt(sigma * sigma + error_sigma * error_sigma)
      WHEN 'xgboost' THEN ${treeIntervalShare} * sqrt(sigma * sigma + error_sigma * error_sigma)
      ELSE sqrt(2) * sigma END AS half_width`,
  )

/** Adds the forecast of each step; the seasonal naive model repeats what was measured `lagParts` ago. */
const predictedSql = (utilisation: string): string =>
  withColumns(
    utilisation,
    `CASE WHEN model = 'seasonal_naive' THEN past_actual
      ELSE percent(expected - trend_lag + error_sigma * model_wander) END AS predicted`,
  )

/** Forecast rows of steps with their utilisation. */
export const forecastsSql = (utilisation: string): string => `
  SELECT server_id, model, moment AS timestamp, CASE WHEN is_future THEN NULL ELSE actual END AS actual, predicted,
    percent_bound(predicted - half_width) AS yhat_lower, percent_bound(predicted + half_width) AS yhat_upper, is_future
  FROM (${predictedSql(utilisation)})`

/**
 * The same of memory: it follows the processors by `memory_share` around a level of its own, and on a few servers grows by
 * `memory_slope` points per year, until it crosses 80 % within the horizon.
 */
export const memoryForecastsSql = (utilisation: string): string => {
  const memoryOf = (value: string, years: string) => `percent(memory_level + memory_share * (${value} - level) + memory_slope * ${years})`
  return `
  SELECT server_id, model, moment AS timestamp, CASE WHEN is_future THEN NULL ELSE memory END AS actual, memory_predicted AS predicted,
    percent_bound(memory_predicted - memory_share * half_width) AS yhat_lower,
    percent_bound(memory_predicted + memory_share * half_width) AS yhat_upper, is_future
  FROM (${withColumns(
    predictedSql(utilisation),
    `0.25 + 0.25 * uniform(key, ${drawTags.memoryShare}) AS memory_share,
    NOT is_idle AND uniform(key, ${drawTags.memoryTrend}) < 0.05 AS is_leaking`,
    `CASE WHEN is_leaking THEN 75 + 5 * uniform(key, ${drawTags.memoryLevel})
      WHEN fate = 'forgotten' THEN 1 + 2.5 * uniform(key, ${drawTags.memoryLevel})
      WHEN is_idle THEN 8 + 16 * uniform(key, ${drawTags.memoryLevel})
      ELSE 38 + 24 * uniform(key, ${drawTags.memoryLevel}) END AS memory_level,
    CASE WHEN is_leaking THEN 12 + 8 * uniform(key, ${drawTags.memorySlope}) ELSE 0 END AS memory_slope`,
    `${memoryOf('actual', 'years')} AS memory,
    CASE model WHEN 'seasonal_naive' THEN ${memoryOf('past_actual', 'past_years')}
      WHEN 'xgboost' THEN ${memoryOf('predicted', `(years - ${treeTrendLagYears})`)}
      ELSE ${memoryOf('predicted', 'years')} END AS memory_predicted`,
  )})`
}

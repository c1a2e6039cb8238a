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

/** Forecast rows of steps with their utilisation; the seasonal naive model repeats what was measured `lagParts` ago. */
export const forecastsSql = (utilisation: string): string => `
  SELECT server_id, model, moment AS timestamp, CASE WHEN is_future THEN NULL ELSE actual END AS actual, predicted,
    percent_bound(predicted - half_width) AS yhat_lower, percent_bound(predicted + half_width) AS yhat_upper, is_future
  FROM (${withColumns(
    utilisation,
    `CASE WHEN model = 'seasonal_naive' THEN past_actual
      ELSE percent(expected - trend_lag + error_sigma * model_wander) END AS predicted`,
  )})`

// Names of the models of own forecasts, as they stand in the column `model`.
export const modelNames = ['seasonal_naive', 'flat_median', 'weekday_median', 'calendar_trend', 'theta'] as const
export type ForecastModelName = (typeof modelNames)[number]

// Names of the models of own forecasts, as they stand in the column `model`.
export const singleModelNames = ['seasonal_naive', 'flat_median', 'weekday_median', 'calendar_trend', 'theta'] as const
export type SingleModelName = (typeof singleModelNames)[number]

/** The median of the single models' forecasts. */
export const ensembleName = 'median_ensemble'

/** No part of the ensemble, since it takes many times as long as the others together. */
export const slowModelName = 'mstl'

export const modelNames = [...singleModelNames, ensembleName, slowModelName] as const
export type ForecastModelName = (typeof modelNames)[number]

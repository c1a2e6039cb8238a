// What a user may choose about own forecasts, and what they report.
import type { PeriodStatistic } from '../../src-shared/config/metric-units.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import type { ForecastModelName } from './model-names.ts'

export const forecastSteps = ['day', 'hour'] as const
export type ForecastStep = (typeof forecastSteps)[number]

export interface ForecastOptions {
  /** Steps ahead; by default 30 days or 168 hours, at most a third of the measured span. */
  readonly horizon?: number | undefined
  /** The horizon ends with the last row of the file. */
  readonly toLastRow?: boolean | undefined
  /** By default days from 60 days of measurements on, else hours. */
  readonly step?: ForecastStep | undefined
  /** Of the measurements within a step; by default p95, and max of metrics that are percentiles by name. */
  readonly statistic?: PeriodStatistic | undefined
  /** By default all, but `mstl` only by the day and for up to 2,000 series. */
  readonly models?: readonly ForecastModelName[] | undefined
}

export interface ForecastReport {
  readonly rows: number
  readonly series: number
  readonly step: ForecastStep
  /** In steps. */
  readonly horizon: number
  readonly models: readonly ForecastModelName[]
  /** What was done, in one sentence: "Forecast 30 days ahead from daily 95th percentiles (UTC)." */
  readonly summary: string
  readonly warnings: readonly RunWarning[]
}

// The single models of own forecasts by their names in the column `model`.
import { calendarTrend } from './calendar-trend.ts'
import { flatMedian } from './flat-median.ts'
import { seasonalNaive } from './seasonal-naive.ts'
import type { SingleModelName } from './model-names.ts'
import type { ForecastModel } from './series-history.ts'
import { theta } from './theta.ts'
import { weekdayMedian } from './weekday-median.ts'

export const singleModels: Readonly<Record<SingleModelName, ForecastModel>> = {
  seasonal_naive: seasonalNaive,
  flat_median: flatMedian,
  weekday_median: weekdayMedian,
  calendar_trend: calendarTrend,
  theta,
}

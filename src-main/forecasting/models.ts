// The models, but for their ensemble, of own forecasts by their names in the column `model`.
import { calendarTrend } from './calendar-trend.ts'
import { flatMedian } from './flat-median.ts'
import { mstl } from './mstl.ts'
import { seasonalNaive } from './seasonal-naive.ts'
import type { SingleModelName, slowModelName } from './model-names.ts'
import type { ForecastModel } from './series-history.ts'
import { theta } from './theta.ts'
import { weekdayMedian } from './weekday-median.ts'

export const models: Readonly<Record<SingleModelName | typeof slowModelName, ForecastModel>> = {
  seasonal_naive: seasonalNaive,
  flat_median: flatMedian,
  weekday_median: weekdayMedian,
  calendar_trend: calendarTrend,
  theta,
  mstl,
}

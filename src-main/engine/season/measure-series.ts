// What the calendar did to one series: each quarter end, holiday and weekend by itself.
import { measureUplifts } from './measure-uplifts.ts'
import { measureWeeks } from './measure-weeks.ts'
import type { SeasonCalendar } from './season-calendar.ts'

export interface SeriesSeason {
  /** Per quarter, holiday and week of the calendar, in the metric's unit; NaN where it was not measured. */
  readonly quarterEnds: Float64Array
  readonly holidays: Float64Array
  readonly weekends: Float64Array
  readonly weeklyStrength: number | null
}

/** `values`: a mean per day of the calendar, NaN where there is none. Values that stand for a week know neither holidays nor weekends. */
export const measureSeriesSeason = (values: Float64Array, calendar: SeasonCalendar, stepDays: number): SeriesSeason => {
  const { quarterEnds, holidays } = measureUplifts(values, calendar, stepDays)
  const { weekends, strength } = measureWeeks(values)
  return { quarterEnds, holidays: stepDays > 1 ? holidays.fill(Number.NaN) : holidays, weekends, weeklyStrength: strength }
}

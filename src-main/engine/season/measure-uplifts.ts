// Quarter-end and holiday uplift of one series: the excess over ordinary days of the same weekday and quarter, without trend.
import { fitOrdinaryLines, type OrdinaryLines } from './measure-trend.ts'
import type { SeasonCalendar } from './season-calendar.ts'

export interface Uplifts {
  /** Per quarter of the calendar, in the metric's unit; NaN where its window was not measured. */
  readonly quarterEnds: Float64Array
  /** Per holiday of the calendar; NaN where it was not measured. */
  readonly holidays: Float64Array
  /** Slope of the ordinary days, per day; NaN where no two days tell it. */
  readonly slope: number
}

/**
 * `values`: a mean per day of the calendar, NaN where missing. `stepDays`: days from one value to the next, at least 1. `lines`: theirs, where they are known.
 * A quarter counts if at most one day in seven of its window is missing or has no ordinary day of its weekday in the quarter.
 * Only the slope of the trend is removed: its level cancels out.
 */
export const measureUplifts = (
  values: Float64Array,
  calendar: SeasonCalendar,
  stepDays: number,
  lines: OrdinaryLines = fitOrdinaryLines(values, calendar, stepDays),
): Uplifts => {
  const { quarter, weekday, ordinaryDays, quarterEndDays, quarters, holidays } = calendar
  const { slope } = lines
  const sums = new Float64Array(quarters.length * 7)
  const counts = new Int32Array(quarters.length * 7)
  for (let index = 0; index < ordinaryDays.length; index++) {
    const dayIndex = ordinaryDays[index]!
    const value = values[dayIndex]!
    if (Number.isNaN(value)) continue
    const cell = quarter[dayIndex]! * 7 + weekday[dayIndex]!
    sums[cell]! += value - slope * dayIndex
    counts[cell]! += 1
  }
  /** NaN without a value or an ordinary day to compare with. */
  const excessOnDay = (dayIndex: number): number => {
    const cell = quarter[dayIndex]! * 7 + weekday[dayIndex]!
    return values[dayIndex]! - slope * dayIndex - sums[cell]! / counts[cell]!
  }
  const quarterEnds = new Float64Array(quarters.length)
  const measured = new Int32Array(quarters.length)
  for (let index = 0; index < quarterEndDays.length; index++) {
    const dayIndex = quarterEndDays[index]!
    const excess = excessOnDay(dayIndex)
    if (Number.isNaN(excess)) continue
    quarterEnds[quarter[dayIndex]!]! += excess
    measured[quarter[dayIndex]!]! += 1
  }
  quarters.forEach(({ windowDays }, index) => {
    const expected = Math.max(1, Math.floor(windowDays / stepDays))
    const isMeasured = measured[index]! >= expected - Math.floor(expected / 7)
    quarterEnds[index] = isMeasured ? quarterEnds[index]! / measured[index]! : Number.NaN
  })
  const excesses = new Float64Array(holidays.length)
  holidays.forEach(({ dayIndex }, index) => (excesses[index] = excessOnDay(dayIndex)))
  return { quarterEnds, holidays: excesses, slope }
}

// Weekly seasonality of one series: weekend uplift and the strength of the weekly pattern.

export interface WeekFigures {
  /** Per week of the calendar: weekend mean minus weekday mean; NaN where one of its seven days is missing. */
  readonly weekends: Float64Array
  /**
   * max(0, 1 - Var(remainder) / Var(seasonal + remainder)), 0..1 (Wang, Smith and Hyndman 2006). Trend: each week's own mean;
   * seasonal: the weekday's mean distance from it. NULL below four complete weeks, or if values do not vary within weeks.
   */
  readonly strength: number | null
  /** Weekend mean over weekday mean of the complete weeks; NULL without one, or if the weekday mean is not positive. */
  readonly ratio: number | null
}

/** With fewer weeks, noise looks seasonal: its strength is about 1 / weeks. */
const minWeeks = 4

/** `values`: a mean per day from a Monday on, whole weeks, NaN where missing. */
export const measureWeeks = (values: Float64Array): WeekFigures => {
  const weeks = values.length / 7
  const weekends = new Float64Array(weeks).fill(Number.NaN)
  const distances = new Float64Array(7)
  let completeWeeks = 0
  let squares = 0
  let maxMagnitude = 0
  let weekendSum = 0
  let weekdaySum = 0
  for (let week = 0; week < weeks; week++) {
    const monday = week * 7
    const weekdays = values[monday]! + values[monday + 1]! + values[monday + 2]! + values[monday + 3]! + values[monday + 4]!
    const weekend = values[monday + 5]! + values[monday + 6]!
    const mean = (weekdays + weekend) / 7
    if (Number.isNaN(mean)) continue
    completeWeeks += 1
    weekends[week] = weekend / 2 - weekdays / 5
    weekendSum += weekend
    weekdaySum += weekdays
    for (let day = 0; day < 7; day++) {
      const distance = values[monday + day]! - mean
      distances[day]! += distance
      squares += distance * distance
      maxMagnitude = Math.max(maxMagnitude, Math.abs(values[monday + day]!))
    }
  }
  return {
    weekends,
    strength: completeWeeks < minWeeks ? null : weeklyStrengthOf(distances, squares, completeWeeks, maxMagnitude),
    ratio: weekdaySum > 0 ? weekendSum / 2 / (weekdaySum / 5) : null,
  }
}

/** Both parts have mean 0. Variation below a billionth of the largest value is rounding. */
const weeklyStrengthOf = (distances: Float64Array, squares: number, weeks: number, maxMagnitude: number): number | null => {
  const totalVariance = squares / (7 * weeks)
  if (totalVariance <= (1e-9 * maxMagnitude) ** 2) return null
  const seasonal = distances.reduce((sum, total) => sum + (total / weeks) ** 2, 0) / 7
  return Math.min(1, Math.max(0, 1 - (totalVariance - seasonal) / totalVariance))
}

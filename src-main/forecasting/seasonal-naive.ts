// seasonal_naive: every step repeats the latest value of the same weekday (and hour).
import { recentMedian } from './flat-median.ts'
import type { SeriesHistory } from './series-history.ts'

/** A place in the week without any value takes the median of the last four weeks. */
export const seasonalNaive = (history: SeriesHistory, horizon: number): Float64Array => {
  const { calendar, values, from, origin } = history
  const latest = new Float64Array(calendar.season).fill(Number.NaN)
  let missing = calendar.season
  for (let step = origin - 1; step >= from && missing > 0; step--) {
    const slot = calendar.weekSlot[step]!
    if (Number.isNaN(values[step]!) || !Number.isNaN(latest[slot]!)) continue
    latest[slot] = values[step]!
    missing--
  }
  if (missing > 0) {
    const median = recentMedian(history)
    latest.forEach((value, slot) => (latest[slot] = Number.isNaN(value) ? median : value))
  }
  return Float64Array.from({ length: horizon }, (_, ahead) => latest[calendar.weekSlot[origin + ahead]!]!)
}

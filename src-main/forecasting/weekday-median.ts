// weekday_median: every step is the median of the same weekday (and hour) over the last four weeks.
import { recentMedian } from './flat-median.ts'
import { medianInPlace, recentSeasons, type SeriesHistory } from './series-history.ts'

/** A place in the week without a value in those weeks takes the median of all of them. */
export const weekdayMedian = (history: SeriesHistory, horizon: number): Float64Array => {
  const { calendar, values, from, origin } = history
  const gathered = new Float64Array(calendar.season * recentSeasons)
  const counts = new Uint8Array(calendar.season)
  for (let step = Math.max(from, origin - recentSeasons * calendar.season); step < origin; step++) {
    const slot = calendar.weekSlot[step]!
    // Clocks that are put back repeat an hour of the week.
    if (Number.isNaN(values[step]!) || (counts[slot] ?? 0) === recentSeasons) continue
    gathered[slot * recentSeasons + counts[slot]!++] = values[step]!
  }
  const fallback = recentMedian(history)
  const medians = Float64Array.from(counts, (count, slot) =>
    count === 0 ? fallback : medianInPlace(gathered.subarray(slot * recentSeasons, slot * recentSeasons + count)),
  )
  return Float64Array.from({ length: horizon }, (_, ahead) => medians[calendar.weekSlot[origin + ahead]!]!)
}

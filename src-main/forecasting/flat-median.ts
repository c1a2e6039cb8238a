// flat_median: every step is the median of the last four weeks.
import { measuredValues, medianInPlace, recentSeasons, type SeriesHistory } from './series-history.ts'

/** The median of the last four weeks; of all values where those hold none. */
export const recentMedian = ({ calendar, values, from, origin }: SeriesHistory): number => {
  const recent = measuredValues(values, Math.max(from, origin - recentSeasons * calendar.season), origin)
  return medianInPlace(recent.length > 0 ? recent : measuredValues(values, from, origin))
}

export const flatMedian = (history: SeriesHistory, horizon: number): Float64Array => new Float64Array(horizon).fill(recentMedian(history))

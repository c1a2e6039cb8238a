// Lasting changes of a series' level, such as those of a capacity that was doubled.

/** Weeks of the new level that are needed, and of the old one. */
export const minShiftSeasons = 2
/** Weeks on each side that are compared. */
const comparedSeasons = 4
/** The levels differ by this share of the greater one, */
const minRelativeChange = 0.25
/** by this many times the range of their weekly means, */
const minRanges = 3
/** and this share of the values lies on its side of the middle. */
const minSeparated = 0.9

export interface LevelShift {
  /** First step of the new level. */
  readonly step: number
  /** Means of up to four weeks. */
  readonly before: number
  readonly after: number
}

/**
 * Returns a function for the latest lasting change before an origin, which sees nothing from the origin on. `season`: steps of a week.
 * A change is where the means of two weeks before and after differ most; it lasts where every later week keeps the new level.
 */
export const createShiftFinder = (
  values: Float64Array,
  from: number,
  to: number,
  season: number,
): ((origin: number) => LevelShift | null) => {
  const span = minShiftSeasons * season
  const sums = new Float64Array(to - from + 1)
  const counts = new Uint32Array(to - from + 1)
  for (let step = from; step < to; step++) {
    const value = values[step]!
    const isMissing = Number.isNaN(value)
    sums[step - from + 1] = sums[step - from]! + (isMissing ? 0 : value)
    counts[step - from + 1] = counts[step - from]! + (isMissing ? 0 : 1)
  }
  /** NaN with less than half of the values. */
  const meanOf = (first: number, end: number): number => {
    const count = counts[end - from]! - counts[first - from]!
    return 2 * count < end - first ? Number.NaN : (sums[end - from]! - sums[first - from]!) / count
  }
  const changes = new Float64Array(Math.max(0, to - from)).fill(Number.NaN)
  for (let step = from + span; step + span <= to; step++) {
    const [before, after] = [meanOf(step - span, step), meanOf(step, step + span)]
    const change = Math.abs(after - before)
    if (change > 0 && change >= minRelativeChange * Math.max(Math.abs(before), Math.abs(after))) changes[step - from] = change
  }
  const isGreatestNearby = (step: number, last: number): boolean => {
    const change = changes[step - from]!
    for (let other = Math.max(from, step - season); other <= Math.min(last, step + season); other++) {
      const otherChange = changes[other - from]!
      // Of equal ones, the first.
      if (otherChange > change || (other < step && otherChange === change)) return false
    }
    return true
  }
  const weeklyMeans = (step: number, end: number, direction: 1 | -1): number[] => {
    const means: number[] = []
    for (let week = 0; week < comparedSeasons; week++) {
      const first = direction === 1 ? step + week * season : step - (week + 1) * season
      if (first < from || first + season > end) break
      const mean = meanOf(first, first + season)
      if (!Number.isNaN(mean)) means.push(mean)
    }
    return means
  }
  const shiftAt = (step: number, origin: number): LevelShift | null => {
    const [old, latest] = [weeklyMeans(step, step, -1), weeklyMeans(step, origin, 1)]
    if (old.length < minShiftSeasons || latest.length < minShiftSeasons) return null
    const [before, after] = [meanOfAll(old), meanOfAll(latest)]
    const size = Math.abs(after - before)
    if (
      size < minRelativeChange * Math.max(Math.abs(before), Math.abs(after)) ||
      size < minRanges * Math.max(rangeOf(old), rangeOf(latest))
    )
      return null
    const middle = (before + after) / 2
    const isNew = (value: number): boolean => value > middle === after > before
    for (let first = step; first + season <= origin; first += season) {
      const mean = meanOf(first, first + season)
      if (!Number.isNaN(mean) && !isNew(mean)) return null
    }
    const separated = (first: number, end: number, expected: boolean): boolean => {
      const measured = values.subarray(Math.max(from, first), Math.min(origin, end)).filter((value) => !Number.isNaN(value))
      return measured.filter((value) => isNew(value) === expected).length >= minSeparated * measured.length
    }
    const compared = comparedSeasons * season
    return separated(step - compared, step, false) && separated(step, step + compared, true) ? { step, before, after } : null
  }
  return (origin) => {
    const last = origin - span
    for (let step = last; step >= from + span; step--) {
      if (Number.isNaN(changes[step - from]!) || !isGreatestNearby(step, last)) continue
      const shift = shiftAt(step, origin)
      if (shift !== null) return shift
    }
    return null
  }
}

const meanOfAll = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const rangeOf = (values: readonly number[]): number => Math.max(...values) - Math.min(...values)

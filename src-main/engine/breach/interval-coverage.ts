// How often measured values fall inside the forecasts' bounds, and the widening that makes the bounds hold (split conformal prediction).

/** Rows of the held-back windows; the arrays share their index. */
export interface IntervalTrials {
  /** How far a measured value lies outside its bounds, in points; negative inside. Without bounds: its distance from the forecast. */
  readonly excess: Float64Array
  /** 1 where the row had bounds of its own. */
  readonly bounded: Uint8Array
  /** Calibration group (metric, bin and model) and fold of each row. */
  readonly group: Int32Array
  readonly fold: Uint8Array
}

export interface IntervalCoverage {
  readonly nominal: number
  readonly points: number
  /** Of the rows with bounds; null where none has. */
  readonly before: number | null
  /** After widening each group by what the other folds' servers needed; null without rows. */
  readonly after: number | null
}

const folds = 5
/** A group with fewer rows in the other folds borrows from all groups. */
const fewestRows = 50

/** Vovk, Gammerman and Shafer 2005; Romano, Patterson and Candès 2019 for bounds that are widened. */
export const measureCoverage = (trials: IntervalTrials, nominal: number): IntervalCoverage => {
  const { excess, bounded, fold, group } = trials
  const grouped = groupRows(trials)
  const margins = Array.from({ length: folds }, (_, held) => marginsWithout(grouped, nominal, held))
  let bounds = 0
  let inside = 0
  let covered = 0
  for (let row = 0; row < excess.length; row++) {
    if (bounded[row] === 1) {
      bounds++
      if (excess[row]! <= 0) inside++
    }
    if (excess[row]! <= margins[fold[row]!]!.of(group[row]!)) covered++
  }
  return {
    nominal,
    points: excess.length,
    before: bounds === 0 ? null : inside / bounds,
    after: excess.length === 0 ? null : covered / excess.length,
  }
}

export interface Margins {
  /** Points by which a group's bounds are widened (or narrowed) on both sides. */
  readonly of: (group: number) => number
}

/** Each group's margin from all of its rows. */
export const fitMargins = (trials: IntervalTrials, nominal: number): Margins => marginsWithout(groupRows(trials), nominal, -1)

interface GroupedTrials {
  /** Rows of each group; and those of all groups together. */
  readonly groups: ReadonlyMap<number, GroupRows>
  readonly all: GroupRows
}

interface GroupRows {
  readonly excess: Float64Array
  readonly fold: Uint8Array
}

const groupRows = ({ excess, group, fold }: IntervalTrials): GroupedTrials => {
  const sizes = new Map<number, number>()
  for (const key of group) sizes.set(key, (sizes.get(key) ?? 0) + 1)
  const groups = new Map<number, { excess: Float64Array; fold: Uint8Array; filled: number }>()
  for (const [key, size] of sizes) groups.set(key, { excess: new Float64Array(size), fold: new Uint8Array(size), filled: 0 })
  for (let row = 0; row < excess.length; row++) {
    const rows = groups.get(group[row]!)!
    rows.excess[rows.filled] = excess[row]!
    rows.fold[rows.filled++] = fold[row]!
  }
  return { groups, all: { excess, fold } }
}

/** Margins from the rows outside one fold (-1: from all); a group with few such rows takes the margin of all groups. */
const marginsWithout = ({ groups, all }: GroupedTrials, nominal: number, held: number): Margins => {
  const everything = marginOf(all, nominal, held, 0) ?? 0
  const margins = new Map<number, number>()
  for (const [key, rows] of groups) margins.set(key, marginOf(rows, nominal, held, fewestRows) ?? everything)
  return { of: (key) => margins.get(key) ?? everything }
}

/** The finite-sample quantile: the value of rank ceil((n + 1) x nominal) among the n rows outside the fold. */
const marginOf = ({ excess, fold }: GroupRows, nominal: number, held: number, fewest: number): number | undefined => {
  const kept = new Float64Array(excess.length)
  let count = 0
  for (let row = 0; row < excess.length; row++) if (fold[row] !== held) kept[count++] = excess[row]!
  if (count === 0 || count < fewest) return undefined
  return valueOfRank(kept.subarray(0, count), Math.min(Math.ceil((count + 1) * nominal), count) - 1)
}

/** The value that would stand at `rank` (from 0) if the values were sorted; reorders them (quickselect, Hoare 1961). */
const valueOfRank = (values: Float64Array, rank: number): number => {
  let from = 0
  let to = values.length - 1
  while (from < to) {
    const pivot = values[(from + to) >> 1]!
    let low = from
    let high = to
    while (low <= high) {
      while (values[low]! < pivot) low++
      while (values[high]! > pivot) high--
      if (low > high) break
      const swapped = values[low]!
      values[low++] = values[high]!
      values[high--] = swapped
    }
    if (rank <= high) to = high
    else if (rank >= low) from = low
    else break
  }
  return values[rank]!
}

// Actual coverage of the forecasts' bounds, and the margin that widens it to the nominal level (split conformal prediction).
import { folds } from './calibration.ts'
import type { IntervalCoverage } from '../../../src-shared/artefacts/model-accuracy.ts'

/** Hold-out rows of one calibration group (metric, bin and model); the arrays share their index. */
export interface IntervalGroup {
  /** Distance of a measured value outside its bounds, in points; negative inside. Without bounds: its distance from the forecast. */
  readonly excess: Float64Array
  /** 1 if the row has bounds. */
  readonly bounded: Uint8Array
  /** Third of the row's lead, 0 to 2; 3 where it is not known. */
  readonly third: Uint8Array
  /** Fold of the row's server. */
  readonly fold: Uint8Array
}

/** By the group's number. */
export type IntervalGroups = ReadonlyMap<number, IntervalGroup>

/** A group with fewer rows in the other folds takes the margin of all groups. */
const minGroupRows = 50

/** Vovk, Gammerman and Shafer 2005; Romano, Patterson and Candès 2019 for bounds that are widened. */
export const measureCoverage = (groupsByKey: IntervalGroups, nominal: number): IntervalCoverage => {
  const margins = Array.from({ length: folds }, (_, excludedFold) => fitMarginsWithoutFold(groupsByKey, nominal, excludedFold))
  let points = 0
  let bounds = 0
  let inside = 0
  let covered = 0
  for (const [group, { excess, bounded, third, fold }] of groupsByKey) {
    // By fold, then by third; last the margin for rows whose lead is not known.
    const foldMargins = margins.map((foldMargin) => [...foldMargin.byThird(group), foldMargin.of(group)])
    points += excess.length
    for (let row = 0; row < excess.length; row++) {
      if (bounded[row] === 1) {
        bounds++
        if (excess[row]! <= 0) inside++
      }
      if (excess[row]! <= foldMargins[fold[row]!]![third[row]!]!) covered++
    }
  }
  return {
    nominal,
    points,
    before: bounds === 0 ? null : inside / bounds,
    after: points === 0 ? null : covered / points,
  }
}

export type ThirdMargins = readonly [first: number, second: number, last: number]

/** Points by which bounds are widened (or narrowed) on both sides. */
export interface Margins {
  /** Of a group, whatever the lead. */
  readonly of: (group: number) => number
  /** Of a group by thirds of the lead; a third with few rows takes the margin of the group. */
  readonly byThird: (group: number) => ThirdMargins
}

/** Each group's margins, fitted to all of its rows. */
export const fitMargins = (groupsByKey: IntervalGroups, nominal: number): Margins => fitMarginsWithoutFold(groupsByKey, nominal, -1)

/** Margins fitted without one fold (-1: to all rows); a group with few such rows takes the margin of all groups. */
const fitMarginsWithoutFold = (groupsByKey: IntervalGroups, nominal: number, excludedFold: number): Margins => {
  const margins = new Map<number, number | undefined>()
  for (const [key, rows] of groupsByKey) margins.set(key, conformalMargin([rows], nominal, { excludedFold, minRows: minGroupRows }))
  let overallMargin: number | undefined
  const of = (group: number): number =>
    margins.get(group) ?? (overallMargin ??= conformalMargin([...groupsByKey.values()], nominal, { excludedFold, minRows: 0 }) ?? 0)
  const ofThird = (group: number, third: number): number => {
    const rows = groupsByKey.get(group)
    if (rows === undefined || !rows.third.includes(third)) return of(group)
    return conformalMargin([rows], nominal, { excludedFold, minRows: minGroupRows, third }) ?? of(group)
  }
  return { of, byThird: (group) => [ofThird(group, 0), ofThird(group, 1), ofThird(group, 2)] }
}

interface ChosenRows {
  readonly excludedFold: number
  readonly minRows: number
  /** Absent: rows of any lead. */
  readonly third?: number
}

/** The finite-sample quantile: the value of rank ceil((n + 1) x nominal) among the n chosen rows; undefined below `minRows`. */
const conformalMargin = (groups: readonly IntervalGroup[], nominal: number, chosen: ChosenRows): number | undefined => {
  const pooledExcess = new Float64Array(groups.reduce((sum, { excess }) => sum + excess.length, 0))
  let count = 0
  for (const { excess, fold, third } of groups) {
    for (let row = 0; row < excess.length; row++) {
      if (fold[row] === chosen.excludedFold || (chosen.third !== undefined && third[row] !== chosen.third)) continue
      pooledExcess[count++] = excess[row]!
    }
  }
  if (count === 0 || count < chosen.minRows) return undefined
  return valueOfRank(pooledExcess.subarray(0, count), Math.min(Math.ceil((count + 1) * nominal), count) - 1)
}

/** The value of rank `rank`, from 0; reorders the values (quickselect, Hoare 1961). */
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
      const previous = values[low]!
      values[low++] = values[high]!
      values[high--] = previous
    }
    if (rank <= high) to = high
    else if (rank >= low) from = low
    else break
  }
  return values[rank]!
}

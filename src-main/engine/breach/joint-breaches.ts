// Which simulated paths of each series breach, and from them how many servers breach together.
import { percentileOf } from '../../statistics/percentile.ts'
import { sharedCounts } from '../../threads/shared-arrays.ts'
import { pathCount } from './simulate-paths.ts'

export const wordsPerSet = Math.ceil(pathCount / 32)

/** A set of paths per series, a bit per path, in memory that all threads see: those of 100,000 series take 3 MB. */
export type PathSets = Uint32Array

export const createPathSets = (series: number): PathSets => sharedCounts(series * wordsPerSet)

export const addPath = (sets: PathSets, series: number, path: number): void => {
  sets[series * wordsPerSet + (path >> 5)]! |= 1 << (path & 31)
}

/** Calls `visit` for each path in a set of the series `from` up to, but without, `to`. */
export const forEachPathInAny = (sets: PathSets, from: number, to: number, visit: (path: number) => void): void => {
  for (let word = 0; word < wordsPerSet; word++) {
    let bits = 0
    for (let series = from; series < to; series++) bits |= sets[series * wordsPerSet + word]!
    for (let path = word * 32; bits !== 0; path++, bits >>>= 1) if ((bits & 1) === 1) visit(path)
  }
}

/** Of one event: probability of each series (NaN where it is not known) and the paths on which it breaches. */
export interface SeriesBreaches {
  readonly probability: Float64Array
  readonly paths: PathSets
}

export interface ServerBreaches {
  /** NaN where no series of the server has a probability. */
  readonly probability: Float64Array
  /** Number of servers that breach on each path, without silent ones. */
  readonly serversByPath: Uint32Array
}

/**
 * A server breaches on the paths on which any of its series does. Its probability is their share, at least the maximum of its series'
 * and at most their sum. Series of server i: firstSeries[i] up to firstSeries[i + 1]. A silent server has a probability and is not counted.
 */
export const joinSeries = ({ probability, paths }: SeriesBreaches, firstSeries: Uint32Array, isSilent?: Uint8Array): ServerBreaches => {
  const servers = firstSeries.length - 1
  const joint = new Float64Array(servers).fill(Number.NaN)
  const serversByPath = new Uint32Array(pathCount)
  for (let server = 0; server < servers; server++) {
    const [from, to] = [firstSeries[server]!, firstSeries[server + 1]!]
    const known = probability.subarray(from, to).filter((value) => !Number.isNaN(value))
    if (known.length === 0) continue
    const counted = isSilent?.[from] === 1 ? 0 : 1
    let breaching = 0
    forEachPathInAny(paths, from, to, (path) => {
      breaching++
      serversByPath[path]! += counted
    })
    const sum = known.reduce((total, value) => total + value, 0)
    joint[server] = Math.min(Math.max(breaching / pathCount, ...known), sum, 1)
  }
  return { probability: joint, serversByPath }
}

/** First series of each server and the end; series of one server are neighbours. */
export const findFirstSeries = (serverIds: readonly string[]): Uint32Array =>
  Uint32Array.from([...serverIds.flatMap((server, index) => (serverIds[index - 1] === server ? [] : [index])), serverIds.length])

/** Mean and 90 % interval over the paths of the number of servers that breach. */
export interface BreachCount {
  readonly expected: number
  readonly low: number
  readonly high: number
}

export const summarizeCounts = (serversByPath: Uint32Array): BreachCount => {
  const sorted = Float64Array.from(serversByPath).sort()
  return {
    expected: sorted.reduce((sum, count) => sum + count, 0) / sorted.length,
    low: percentileOf(sorted, 0.05),
    high: percentileOf(sorted, 0.95),
  }
}

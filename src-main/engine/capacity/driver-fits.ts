// How metrics follow drivers: robust lines, offered where they explain what they had not seen (analysis definition, section 13).
import { explainedShare, fitRobustLine, type RobustLine } from '../../statistics/robust-line.ts'

const dayMs = 86_400_000
export const minDays = 70
export const minShare = 0.5
/** The last fifth is predicted from the rest. */
const heldOutShare = 0.2

/** A line that explained what it had not seen. */
export interface DriverFit {
  readonly line: RobustLine
  /** R2 of the last fifth, predicted from the rest. */
  readonly heldOutR2: number
  /** Median of the driver over the last 28 days of the history. */
  readonly current: number
  readonly points: number
}

/** `times` ascending, milliseconds UTC; null where the driver tells too little. */
export const fitDriver = (times: ArrayLike<number>, x: Float64Array, y: Float64Array): DriverFit | null => {
  const first = times[0]
  const last = times[times.length - 1]
  if (first === undefined || last === undefined || last - first < (minDays - 1) * dayMs) return null
  const kept = Math.floor(x.length * (1 - heldOutShare))
  const earlier = fitRobustLine(x.subarray(0, kept), y.subarray(0, kept))
  if (earlier === null) return null
  const heldOutR2 = explainedShare(x.subarray(kept), y.subarray(kept), earlier)
  const line = heldOutR2 >= minShare ? fitRobustLine(x, y) : null
  if (line === null) return null
  const recent = x.filter((_, index) => times[index]! > last - 28 * dayMs).sort()
  return { line, heldOutR2, current: recent[recent.length >> 1]!, points: x.length }
}

/** Series to fit, each with a value at every time that its alignment names. */
export interface FitRequest {
  readonly alignments: readonly DriverAlignment[]
  /** By series: its alignment. */
  readonly alignmentOf: Int32Array
  /** Series after series, as many as its alignment has times. */
  readonly values: Float64Array
}

/** A driver's values at times that both were measured. */
export interface DriverAlignment {
  /** Ascending, milliseconds UTC. */
  readonly times: Float64Array
  readonly x: Float64Array
}

/** Fits what it is asked for, in a thread or in this one. */
export class DriverWork {
  /** By series; null where the driver tells too little. */
  answer({ alignments, alignmentOf, values }: FitRequest): (DriverFit | null)[] {
    let first = 0
    return Array.from(alignmentOf, (alignment) => {
      const { times, x } = alignments[alignment]!
      const y = values.subarray(first, (first += x.length))
      return fitDriver(times, x, y)
    })
  }
}

// Simulated paths from a forecast's own quantiles: a Gaussian copula that correlates neighbouring steps.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { Granularity } from '../../../src-shared/run/run-manifest.ts'
import { normalQuantile } from '../../statistics/normal.ts'
import { hold, type PathRange } from './simulate-paths.ts'

export const quantilePathCount = 2000
/** Correlation of neighbouring steps' Normal scores, AR(1). Steps longer than a day are taken as days are. */
export const quantileStepCorrelations: Readonly<Record<Granularity, number>> = {
  hourly: 0.9,
  daily: 0.7,
  weekly: 0.7,
  monthly: 0.7,
  quarterly: 0.7,
}

export interface Quantile {
  /** Within 0..1, without its ends. */
  readonly level: number
  readonly value: number
}

/** Quantiles of a series' steps: step t has those from offsets[t] up to offsets[t + 1], at least two, ascending. */
export interface StepQuantiles {
  readonly offsets: Uint32Array
  /** Normal quantiles of the levels. */
  readonly z: Float64Array
  readonly values: Float64Array
}

/** `steps`: of each step, quantiles by ascending level. Null where a step has fewer than two. Crossed values are put in order. */
export const joinStepQuantiles = (statedSteps: readonly (readonly Quantile[])[]): StepQuantiles | null => {
  if (statedSteps.some(({ length }) => length < 2)) return null
  const steps = statedSteps.map(withoutImpliedQuantiles)
  const offsets = new Uint32Array(steps.length + 1)
  steps.forEach(({ length }, step) => (offsets[step + 1] = offsets[step]! + length))
  return {
    offsets,
    z: Float64Array.from(steps.flat(), ({ level }) => scoreOf(level)),
    values: Float64Array.from(steps.flatMap((quantiles) => quantiles.map(({ value }) => value).sort((a, b) => a - b))),
  }
}

/** Distance from a line as a share of the spread, up to which rounding in a file explains it. */
const roundingShare = 1e-6

/**
 * Leaves out the quantiles between the median and an end that lie on the Normal line between the two, but for rounding: they state nothing more, so
 * that a file with nine levels of a Normal forecast gives the paths of one with three.
 */
const withoutImpliedQuantiles = (quantiles: readonly Quantile[]): readonly Quantile[] => {
  const [first, last] = [quantiles[0]!, quantiles.at(-1)!]
  const tolerance = roundingShare * Math.abs(last.value - first.value)
  const middle = quantiles.findIndex(({ level }) => level === 0.5)
  const anchors = [0, ...(middle > 0 && middle < quantiles.length - 1 ? [middle] : []), quantiles.length - 1]
  const kept = new Set(anchors)
  anchors.slice(1).forEach((to, index) => {
    const from = anchors[index]!
    const [a, b] = [quantiles[from]!, quantiles[to]!]
    const slope = (b.value - a.value) / (scoreOf(b.level) - scoreOf(a.level))
    const between = quantiles.slice(from + 1, to)
    const isImplied = between.every(
      ({ level, value }) => Math.abs(a.value + slope * (scoreOf(level) - scoreOf(a.level)) - value) <= tolerance,
    )
    if (!isImplied) between.forEach((_, offset) => kept.add(from + 1 + offset))
  })
  return quantiles.filter((_, index) => kept.has(index))
}

const scores = new Map<number, number>()

/** Fleets have a handful of levels. */
const scoreOf = (level: number): number => {
  let score = scores.get(level)
  if (score === undefined) scores.set(level, (score = normalQuantile(level)))
  return score
}

/**
 * Draws paths into `out` until it is full, path after path, one value per step. Values between quantiles are linear in z, beyond them they go on
 * with the slope at that end.
 */
export const drawQuantilePaths = (
  { offsets, z, values }: StepQuantiles,
  correlation: number,
  { min, max }: PathRange,
  seriesHash: number,
  out: Float64Array,
): void => {
  const steps = offsets.length - 1
  const slopes = Float64Array.from(z, (from, index) => (values[index + 1]! - values[index]!) / (z[index + 1]! - from))
  const innovation = Math.sqrt(1 - correlation ** 2)
  const table = normalTable()
  const random = xoroshiro128plus(seriesHash)
  let bits = 0
  let isHalfUsed = true
  for (let base = 0; base < out.length; base += steps) {
    let score = 0
    for (let step = 0; step < steps; step++) {
      if (isHalfUsed) bits = random.next()
      const normal = table[isHalfUsed ? bits >>> 18 : (bits & 0xffff) >>> 2]!
      isHalfUsed = !isHalfUsed
      score = step === 0 ? normal : correlation * score + innovation * normal
      let segment = offsets[step]!
      const lastSegment = offsets[step + 1]! - 2
      while (segment < lastSegment && score > z[segment + 1]!) segment++
      out[base + step] = hold(values[segment]! + slopes[segment]! * (score - z[segment]!), min, max)
    }
  }
}

/** Each random number of 32 bits chooses two, by its upper and its lower half without the two weakest bits. */
const normalValues = 1 << 14
let normals: Float64Array | undefined

/** The Normal quantiles of so many equally likely levels. Choosing one is faster than a logarithm and a root. */
const normalTable = (): Float64Array => {
  if (normals !== undefined) return normals
  normals = new Float64Array(normalValues)
  for (let index = 0; index < normalValues / 2; index++) {
    normals[index] = normalQuantile((index + 0.5) / normalValues)
    normals[normalValues - 1 - index] = -normals[index]!
  }
  return normals
}

/** Share of the values above the threshold; a value on it counts half. */
export const shareAbove = (values: Float64Array, threshold: number): number => {
  let doubled = 0
  for (const value of values) doubled += value > threshold ? 2 : value === threshold ? 1 : 0
  return doubled / 2 / values.length
}

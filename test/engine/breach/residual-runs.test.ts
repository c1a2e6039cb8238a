// Runs of residuals, blocks cut from them, and the start times that series share.
import { describe, expect, test } from 'vitest'
import {
  findBlock,
  measureRuns,
  sharedDraw,
  StartTimes,
  StepCoverage,
  withoutSteps,
  type ResidualRuns,
} from '../../../src-main/engine/breach/residual-runs.ts'

/** Series of runs, each run its first step and its residuals. */
const runsOf = (...series: (readonly [step: number, residuals: readonly number[]])[][]): ResidualRuns => {
  const runs = series.flat()
  let start = 0
  const starts = runs.map(([, residuals]) => (start += residuals.length) - residuals.length)
  let end = 0
  return {
    residuals: Float32Array.from(runs.flatMap(([, residuals]) => residuals)),
    offsets: Uint32Array.from([0, ...series.map((own) => (end += own.length))]),
    steps: Int32Array.from(runs, ([step]) => step),
    starts: Uint32Array.from(starts),
    lengths: Uint32Array.from(runs, ([, residuals]) => residuals.length),
  }
}

test('measureRuns: number, mean absolute value and longest run', () => {
  const { counts, meanAbsolute, longest } = measureRuns(
    runsOf(
      [
        [0, [1, -3]],
        [5, [2, 2, -2]],
      ],
      [],
      [[0, [4]]],
    ),
  )
  expect([...counts]).toEqual([5, 0, 1])
  expect([...meanAbsolute]).toEqual([2, Number.NaN, 4])
  expect([...longest]).toEqual([3, 0, 1])
})

test('withoutSteps cuts a window out of the middle, the end and whole runs', () => {
  const runs = runsOf([[0, [10, 11, 12, 13, 14, 15]]], [[3, [20, 21]]], [[2, [30, 31]]], [[7, [40]]])
  const cut = withoutSteps(runs, { from: 3, to: 4 })
  expect([...cut.offsets]).toEqual([0, 2, 2, 3, 4])
  expect([...cut.steps]).toEqual([0, 5, 2, 7])
  expect([...cut.lengths]).toEqual([3, 1, 1, 1])
  expect(Array.from(cut.starts, (start) => cut.residuals[start])).toEqual([10, 15, 30, 40])
})

describe('findBlock', () => {
  // Steps 0..9 and 20..29; the residual is the step.
  const runs = runsOf([
    [0, Array.from({ length: 10 }, (_, step) => step)],
    [20, Array.from({ length: 10 }, (_, step) => 20 + step)],
  ])
  const stepFound = (length: number, step: number, cycles: readonly number[]): number | undefined =>
    runs.residuals[findBlock(runs, 0, length, step, cycles)]

  test('a block that the series has is taken as it is', () => {
    expect(stepFound(7, 3, [7])).toBe(3)
    expect(stepFound(7, 23, [7])).toBe(23)
  })
  test('else the nearest of the same weekday: from step 15, blocks of 7 start at 1 or 22', () => {
    expect(stepFound(7, 15, [7])).toBe(22)
  })
  test('else the nearest of the shorter cycle, else the nearest at all', () => {
    // Steps 0..3 and 20..23 can start blocks of 7; none of them is 11 modulo 100.
    expect(stepFound(7, 11, [100, 4])).toBe(3)
    expect(stepFound(7, 12, [100])).toBe(20)
    expect(stepFound(7, -5, [])).toBe(0)
    expect(stepFound(7, 99, [])).toBe(23)
  })
  test('no block is longer than the longest run', () => {
    expect(findBlock(runs, 0, 11, 0, [7])).toBe(-1)
  })
})

describe('StartTimes', () => {
  const coverage = new StepCoverage()
  coverage.add(0, 10)
  coverage.add(5, 5)
  const paths = 2000
  const drawn = (starts: StartTimes, length: number): number[] => Array.from({ length: paths }, (_, path) => starts.of(length, path, 0))

  test('StepCoverage counts the series of each step: 0..4 have one, 5..9 two', () => {
    expect(coverage.counts().first).toBe(0)
    expect([...coverage.counts().series]).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
  })
  test('a start is drawn as often as series cover it, and its block ends within the history', () => {
    // Blocks of 3 start at 0..7 with weights 1 1 1 1 1 2 2 2: eleven in all.
    const counts = Array.from({ length: 8 }, () => 0)
    for (const start of drawn(new StartTimes(coverage.counts(), paths, 42), 3)) counts[start]! += 1
    counts.forEach((count, start) => expect(Math.abs(count - (paths * (start < 5 ? 1 : 2)) / 11)).toBeLessThan(60))
  })
  test('no block touches the window that is left out', () => {
    expect(new Set(drawn(new StartTimes(coverage.counts(), paths, 42, { from: 4, to: 5 }), 3))).toEqual(new Set([0, 1, 6, 7]))
  })
  test('a block longer than the history starts nowhere', () => {
    expect(new StartTimes(coverage.counts(), paths, 42).of(11, 0, 0)).toBe(-1)
  })
  test('the same seed, path and block give the same start, whether it is remembered or not', () => {
    const [first, second] = [new StartTimes(coverage.counts(), paths, 42), new StartTimes(coverage.counts(), paths, 42)]
    for (const block of [0, 63, 64, 300]) expect(first.of(2, 5, block)).toBe(second.of(2, 5, block))
    expect(drawn(first, 2)).not.toEqual(drawn(new StartTimes(coverage.counts(), paths, 43), 2))
  })
})

test('sharedDraw spreads evenly over seed, path and block', () => {
  const draws = Array.from({ length: 4000 }, (_, index) => sharedDraw(7, index >> 4, index & 15))
  const tenths = Array.from({ length: 10 }, () => 0)
  for (const draw of draws) tenths[Math.floor(draw * 10)]! += 1
  for (const count of tenths) expect(Math.abs(count - 400)).toBeLessThan(80)
  expect(new Set(draws).size).toBeGreaterThan(3990)
})

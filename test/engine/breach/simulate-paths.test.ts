// Simulated paths and the figures that are read from them, worked out by hand.
import { describe, expect, test } from 'vitest'
import { StartTimes, StepCoverage, type ResidualRuns } from '../../../src-main/engine/breach/residual-runs.ts'
import {
  chooseLenders,
  createPathFigures,
  createPathSource,
  drawKeyOf,
  drawPaths,
  halfMoments,
  maxLenders,
  measurePaths,
  pathCount,
  measureHalves,
  type PathRange,
  type PathSource,
} from '../../../src-main/engine/breach/simulate-paths.ts'
import { exceedanceProbability } from '../../../src-main/statistics/student-t4.ts'

const unlimited: PathRange = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY }

/** One run per series from step 0 on. */
const sourceOf = (
  series: readonly (readonly number[])[],
  { blockSteps = 7, bins = series.map(() => 0), runSeed = 42 } = {},
): PathSource => {
  const coverage = new StepCoverage()
  let end = 0
  const starts = series.map((residuals) => (end += residuals.length) - residuals.length)
  const filled = series.flatMap((residuals, s) => (residuals.length > 0 ? [s] : []))
  let runs = 0
  const all: ResidualRuns = {
    residuals: Float32Array.from(series.flat()),
    offsets: Uint32Array.from([0, ...series.map((residuals) => (runs += residuals.length > 0 ? 1 : 0))]),
    steps: new Int32Array(filled.length),
    starts: Uint32Array.from(filled, (s) => starts[s]!),
    lengths: Uint32Array.from(filled, (s) => series[s]!.length),
  }
  filled.forEach((s) => coverage.add(0, series[s]!.length))
  return createPathSource(all, Int32Array.from(bins), new Float64Array(series.length).fill(80), {
    startTimes: new StartTimes(coverage.counts(), pathCount, runSeed),
    blockSteps,
    cycles: [7],
  })
}

const drawn = (source: PathSource, s: number, forecast: readonly number[], range = unlimited, seed = 1): number[][] => {
  const paths = new Float64Array(pathCount * forecast.length)
  drawPaths(source, s, Float64Array.from(forecast), range, { seed, metric: 'cpu_p95' }, paths)
  return Array.from({ length: pathCount }, (_, path) => [...paths.subarray(path * forecast.length, (path + 1) * forecast.length)])
}

describe('drawPaths', () => {
  test('with residuals of 0 every path is the forecast', () => {
    for (const path of drawn(sourceOf([Array.from({ length: 20 }, () => 0)]), 0, [70, 79, 81, 60])) expect(path).toEqual([70, 79, 81, 60])
  })
  test('without residuals and without a bin that has any, too', () => {
    for (const path of drawn(sourceOf([[]]), 0, [70, 71])) expect(path).toEqual([70, 71])
  })
  test('a block is consecutive: of 14 rising residuals, blocks of seven add seven neighbours', () => {
    const source = sourceOf([Array.from({ length: 14 }, (_, index) => index)])
    for (const path of drawn(
      source,
      0,
      Array.from({ length: 7 }, () => 0),
    )) {
      expect(path).toEqual(Array.from({ length: 7 }, (_, step) => path[0]! + step))
      expect(path[0]).toBeLessThanOrEqual(7)
    }
  })
  test('odd paths have blocks of half the history, even ones of seven', () => {
    // 40 rising residuals: a block of 20 covers 20 steps without a jump.
    const paths = drawn(
      sourceOf([Array.from({ length: 40 }, (_, index) => index)]),
      0,
      Array.from({ length: 20 }, () => 0),
    )
    const jumps = (path: readonly number[]): number => path.filter((value, step) => step > 0 && value !== path[step - 1]! + 1).length
    expect(paths.filter((_, path) => path % 2 === 1).every((path) => jumps(path) === 0)).toBe(true)
    expect(paths.filter((path, index) => index % 2 === 0 && jumps(path) > 0).length).toBeGreaterThan(90)
  })
  test('a percentage stays within its range', () => {
    const values = drawn(sourceOf([Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? 40 : -40))]), 0, [90, 10], {
      min: 0,
      max: 100,
    }).flat()
    expect(Math.max(...values)).toBe(100)
    expect(Math.min(...values)).toBe(0)
  })
  test("a series without residuals borrows its bin's, scaled from the donor's error to the bin's median", () => {
    // The donor: 10 residuals of 4. Its scale: its own MAE and the bin's median are both 4, so 4 + e; the borrower's is the same.
    for (const path of drawn(sourceOf([[], Array.from({ length: 10 }, () => 4)]), 0, [10])) expect(path[0]).toBeCloseTo(14, 5)
  })
  test('a quiet series borrows smaller residuals', () => {
    // Scales by hand, e = 0.04: s = exp((30 ln(MAE + e) + 30 ln(median + e)) / 60) of 30 residuals each; the bin's median of 1 and 9 is 5.
    const source = sourceOf([Array.from({ length: 30 }, () => 1), Array.from({ length: 30 }, () => 9)])
    expect(source.scales[0]).toBeCloseTo(Math.sqrt(1.04 * 5.04), 12)
    expect(source.scales[1]).toBeCloseTo(Math.sqrt(9.04 * 5.04), 12)
    const borrowed = 9 * Math.sqrt(1.04 / 9.04)
    const values = new Set(drawn(source, 0, [0]).map(([value]) => value!.toFixed(4)))
    expect(values).toEqual(new Set(['1.0000', borrowed.toFixed(4)]))
  })
  test('two servers that were struck at the same time are struck on the same paths', () => {
    // Both residuals are 50 at one step of 60 and 0 else; own blocks only, since each has its own bin.
    const shock = Array.from({ length: 60 }, (_, step) => (step === 30 ? 50 : 0))
    const source = sourceOf([shock, shock], { bins: [-1, -1] })
    const struck = (s: number, seed: number): boolean[] =>
      drawn(
        source,
        s,
        Array.from({ length: 7 }, () => 0),
        unlimited,
        seed,
      ).map((path) => Math.max(...path) > 40)
    expect(struck(0, 1)).toEqual(struck(1, 99))
    expect(struck(0, 1).some(Boolean)).toBe(true)
  })
  test('the same seed draws the same paths; another run seed draws others', () => {
    const noise = Array.from({ length: 100 }, (_, index) => 12 * Math.sin(index * index))
    expect(drawn(sourceOf([noise]), 0, [70, 72])).toEqual(drawn(sourceOf([noise]), 0, [70, 72]))
    expect(drawn(sourceOf([noise]), 0, [70, 72])).not.toEqual(drawn(sourceOf([noise], { runSeed: 43 }), 0, [70, 72]))
  })
})

describe('lenders of a bin', () => {
  test('are all of its series up to the limit, beyond it as many, evenly by the size of their errors', () => {
    const pool = Uint32Array.from({ length: 10 }, (_, rank) => 100 + rank)
    expect(chooseLenders(pool, 10)).toBe(pool)
    // Ranks 1.25, 3.75, 6.25 and 8.75 of ten.
    expect([...chooseLenders(pool, 4)]).toEqual([101, 103, 106, 108])
  })
  test('are ten thousand of a bin of more, whose errors have the same quantiles', () => {
    // Series s errs by s / 1000 all the time: 0 to 25, so a path of seven steps tells who lent.
    const series = Array.from({ length: maxLenders * 2.5 }, (_, s) => Array.from({ length: 7 }, () => s / 1000))
    const source = sourceOf([[], ...series])
    const lent = [...source.lenders[0]!].filter((_, index) => index % 8 === 0).map((s) => (s - 1) / 1000)
    expect(lent.length).toBe(maxLenders)
    for (const share of [0.1, 0.5, 0.9]) expect(lent[Math.floor(share * lent.length)]).toBeCloseTo(25 * share, 2)
    expect(new Set(drawn(source, 0, [0]).flat()).size).toBeGreaterThan(100)
  })
  test('lend blocks of each of their runs, never across the gap between two', () => {
    // Residuals of steps 0 to 9 are 0 to 9, those of steps 20 to 29 are 20 to 29.
    const steps = [...Array.from({ length: 10 }, (_, step) => step), ...Array.from({ length: 10 }, (_, step) => 20 + step)]
    const coverage = new StepCoverage()
    coverage.add(0, 10)
    coverage.add(20, 10)
    const runs = {
      residuals: Float32Array.from(steps),
      offsets: Uint32Array.of(0, 2),
      steps: Int32Array.of(0, 20),
      starts: Uint32Array.of(0, 10),
      lengths: Uint32Array.of(10, 10),
    }
    const startTimes = new StartTimes(coverage.counts(), pathCount, 42)
    const source = createPathSource(runs, Int32Array.of(-1), Float64Array.of(80), { startTimes, blockSteps: 7, cycles: [7] })
    const paths = drawn(
      source,
      0,
      Array.from({ length: 7 }, () => 0),
    )
    for (const path of paths) expect(path).toEqual(Array.from({ length: 7 }, (_, step) => path[0]! + step))
    expect(paths.some(([first]) => first! < 4) && paths.some(([first]) => first! >= 20)).toBe(true)
  })
})

test('measurePaths: maximum, P95 and first step above the threshold of each path', () => {
  const paths = new Float64Array(pathCount * 4)
  for (let path = 0; path < pathCount; path++) paths.set(path === 0 ? [70, 79, 81, 60] : [1, 2, 3, 4], path * 4)
  const figures = createPathFigures()
  measurePaths(paths, 4, 80, figures)
  expect([figures.maxima[0], figures.maxima[1]]).toEqual([81, 4])
  // Of 60, 70, 79, 81 at rank 2.85: 79 + 0.85 x 2.
  expect(figures.p95[0]).toBeCloseTo(80.7, 12)
  expect([figures.firstAbove[0], figures.firstAbove[1]]).toEqual([2, -1])
})

describe('raw probability of halves', () => {
  /** Both halves have the mean -8 + threshold and the sample standard deviation 4. */
  const spread = (mean: number, deviation: number): Float64Array => {
    const half = pathCount / 2
    const distance = deviation * Math.sqrt((half - 1) / half)
    return Float64Array.from({ length: pathCount }, (_, path) => mean + ((path >> 1) % 2 === 0 ? distance : -distance))
  }
  test('a margin of -8 with a standard deviation of 4 gives F_t4(-2) = 0.0581', () => {
    const values = spread(72, 4)
    expect(halfMoments(values, 0).mean).toBeCloseTo(72, 9)
    expect(halfMoments(values, 1).deviation).toBeCloseTo(4, 9)
    expect(exceedanceProbability(measureHalves(values), 80)).toBeCloseTo(0.0581, 4)
  })
  test('paths that are all alike are above, below, or exactly at the threshold, which is not above', () => {
    expect(exceedanceProbability(measureHalves(new Float64Array(pathCount).fill(81)), 80)).toBeCloseTo(1, 9)
    expect(exceedanceProbability(measureHalves(new Float64Array(pathCount).fill(79)), 80)).toBeCloseTo(0, 9)
    expect(exceedanceProbability(measureHalves(new Float64Array(pathCount).fill(80)), 80)).toBe(0)
  })
})

test('the key of the draws follows seed, metric and figures', () => {
  const key = (seed: number, metric: string, ...values: number[]): number => drawKeyOf(seed, metric, Float64Array.from(values))
  const keys = [key(1, 'a', 10, 20), key(2, 'a', 10, 20), key(1, 'b', 10, 20), key(1, 'a', 20, 10), key(1, 'a', 10, 20.000001)]
  expect(new Set(keys).size).toBe(5)
  expect(key(1, 'a', 10, 20)).toBe(keys[0])
})

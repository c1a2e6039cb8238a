// Servers that breach with any of their metrics, and how many do so together; worked out by hand.
import { describe, expect, test } from 'vitest'
import {
  addPath,
  createPathSets,
  findFirstSeries,
  forEachPathInAny,
  joinSeries,
  summarizeCounts,
  type PathSets,
} from '../../../src-main/engine/breach/joint-breaches.ts'
import { pathCount } from '../../../src-main/engine/breach/simulate-paths.ts'

/** Sets of the paths `from` up to, but without, `to`. */
const setsOf = (ranges: readonly (readonly [from: number, to: number])[]): PathSets => {
  const sets = createPathSets(ranges.length)
  ranges.forEach(([from, to], series) => {
    for (let path = from; path < to; path++) addPath(sets, series, path)
  })
  return sets
}

describe('two metrics at 0.4', () => {
  const join = (ranges: readonly (readonly [number, number])[], probability: readonly number[] = [0.4, 0.4]): number =>
    joinSeries({ probability: Float64Array.from(probability), paths: setsOf(ranges) }, Uint32Array.from([0, 2])).probability[0]!
  test('that breach on the same paths: 0.4', () => {
    expect(
      join([
        [0, 80],
        [0, 80],
      ]),
    ).toBe(0.4)
  })
  test('that never breach on the same path: 0.8, so that the server is at risk where neither metric is', () => {
    expect(
      join([
        [0, 80],
        [80, 160],
      ]),
    ).toBe(0.8)
  })
  test('that share half of their paths: 0.6', () => {
    expect(
      join([
        [0, 80],
        [40, 120],
      ]),
    ).toBe(0.6)
  })
  test('the share of paths stays between the maximum and the sum of the probabilities', () => {
    // 80 and 160 of 200 paths; the probabilities lie off the grid of 1/200.
    expect(
      join(
        [
          [0, 80],
          [0, 80],
        ],
        [0.402, 0.4],
      ),
    ).toBe(0.402)
    expect(
      join(
        [
          [0, 80],
          [80, 160],
        ],
        [0.399, 0.399],
      ),
    ).toBeCloseTo(0.798, 12)
  })
  test('a metric whose probability is not known does not count', () => {
    expect(
      join(
        [
          [0, 80],
          [0, 0],
        ],
        [0.4, Number.NaN],
      ),
    ).toBe(0.4)
    expect(
      join(
        [
          [0, 0],
          [0, 0],
        ],
        [Number.NaN, Number.NaN],
      ),
    ).toBeNaN()
  })
})

test('servers that breach together make the interval of their number wide, its mean is the sum of their probabilities', () => {
  // Ten servers, each on 40 of 200 paths.
  const probability = new Float64Array(10).fill(0.2)
  const firstSeries = Uint32Array.from({ length: 11 }, (_, server) => server)
  const countOf = (first: (server: number) => number): ReturnType<typeof summarizeCounts> =>
    summarizeCounts(
      joinSeries({ probability, paths: setsOf(Array.from(probability, (_, s) => [first(s), first(s) + 40] as const)) }, firstSeries)
        .serversByPath,
    )
  expect(countOf(() => 0)).toEqual({ expected: 2, low: 0, high: 10 })
  // Five blocks of 40 paths, two servers on each.
  expect(countOf((server) => 40 * (server % 5))).toEqual({ expected: 2, low: 2, high: 2 })
})

test('a bit per path: the last one is found as the first one is', () => {
  const sets = setsOf([
    [pathCount - 1, pathCount],
    [0, 1],
  ])
  const found: number[] = []
  forEachPathInAny(sets, 0, 2, (path) => found.push(path))
  expect(found).toEqual([0, pathCount - 1])
})

test('series of one server are neighbours', () => {
  expect([...findFirstSeries(['a', 'a', 'b', 'c', 'c'])]).toEqual([0, 2, 3, 5])
})

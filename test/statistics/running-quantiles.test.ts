// exceededByShare: by hand, and compared with sorting the highest values of all paths at each step.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { expect, test } from 'vitest'
import { exceededByShare } from '../../src-main/statistics/running-quantiles.ts'

test('of four paths half have exceeded 3 at the second step, and all stay at what they reached', () => {
  const paths = Float64Array.from([1, 2, 0, 2, 3, 1, 3, 1, 5, 0, 4, 4])
  expect(exceededByShare(paths, 3, [0.5, 0.25])).toEqual([Float64Array.from([2, 3, 4]), Float64Array.from([3, 4, 5])])
})

test('no share depends on how the values are found', () => {
  const random = xoroshiro128plus(7)
  const [count, steps, shares] = [200, 90, [0.5, 0.1, 0.005]]
  const paths = Float64Array.from({ length: count * steps }, (_, index) => (index % steps) + ((random.next() >>> 0) % 40))
  const curves = exceededByShare(paths, steps, shares)
  const highest = Array.from({ length: count }, () => Number.NEGATIVE_INFINITY)
  for (let step = 0; step < steps; step++) {
    highest.forEach((value, path) => (highest[path] = Math.max(value, paths[path * steps + step]!)))
    const sorted = [...highest].sort((a, b) => b - a)
    expect(curves.map((curve) => curve[step])).toEqual(shares.map((share) => sorted[Math.ceil(share * count - 1e-9) - 1]))
  }
})

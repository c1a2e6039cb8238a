// meanSilhouettes and drawSampleIndices: by hand, and compared with scikit-learn.
import { describe, expect, test } from 'vitest'
import { drawSampleIndices, meanSilhouettes } from '../../src-main/statistics/silhouette.ts'
import { points, reference } from '../fixtures/sixteen-servers.ts'

describe('meanSilhouettes', () => {
  test('equals the hand calculation for two pairs on a line', async () => {
    // Points 0 and 11: inside 1, to the others 10.5 on average. Points 1 and 10: inside 1, 9.5 to the others.
    const [mean] = await meanSilhouettes([[0], [1], [10], [11]], [Int32Array.from([0, 0, 1, 1])])
    expect(mean).toBeCloseTo((9.5 / 10.5 + 8.5 / 9.5) / 2, 12)
  })

  test('counts 0 for a point alone in its cluster and returns null for a single cluster', async () => {
    expect(
      await meanSilhouettes([[0], [1], [10]], [Int32Array.from([0, 0, 1]), Int32Array.from([0, 0, 0]), Int32Array.from([1, 1, 1])]),
    ).toEqual([expect.closeTo((9 / 10 + 8 / 9) / 3, 12), null, null])
    expect(await meanSilhouettes([], [new Int32Array(0)])).toEqual([null])
    expect(await meanSilhouettes([[5], [5]], [Int32Array.from([0, 1])])).toEqual([0])
  })

  test('equals scikit-learn for sixteen servers', async () => {
    const uneven = Int32Array.from([0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3])
    const [fourPoints, other] = await meanSilhouettes(points, [Int32Array.from(reference.fourClusters), uneven])
    expect(fourPoints).toBeCloseTo(reference.silhouette[4], 12)
    expect(other).toBeCloseTo(0.49900882846336986, 12)
  })

  test('throws when cancelled', async () => {
    await expect(meanSilhouettes(points, [Int32Array.from(reference.fourClusters)], AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    })
  })
})

describe('drawSampleIndices', () => {
  test('draws evenly from all parts of a large fleet and repeats with the same seed', () => {
    expect([...drawSampleIndices(5, 1)]).toEqual([0, 1, 2, 3, 4])
    const indices = drawSampleIndices(40_000, 7)
    expect(indices.length).toBe(2000)
    expect([...indices]).toEqual([...new Set(indices)].sort((a, b) => a - b))
    expect(indices.at(-1)).toBeLessThan(40_000)
    // A twentieth of each quarter; the standard deviation of 500 drawn is sqrt(2,000 x 0.25 x 0.75 x 0.95) = 19.
    for (let quarter = 0; quarter < 4; quarter++) {
      const drawn = indices.filter((pointIndex) => Math.floor(pointIndex / 10_000) === quarter).length
      expect(Math.abs(drawn - 500)).toBeLessThan(95)
    }
    expect([...drawSampleIndices(40_000, 7)]).toEqual([...indices])
    expect([...drawSampleIndices(40_000, 8)]).not.toEqual([...indices])
  })
})

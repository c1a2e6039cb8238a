// runKMeans: by hand, compared with all partitions of small samples, and compared with scikit-learn.
import { kmeans } from 'ml-kmeans'
import { describe, expect, test } from 'vitest'
import { adjustedRandIndex } from '../../src-main/statistics/adjusted-rand-index.ts'
import { chooseCentres, runKMeans } from '../../src-main/statistics/k-means.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'
import { points, reference } from '../fixtures/sixteen-servers.ts'

const options = { restarts: 10, seed: 42 }

describe('runKMeans', () => {
  test('finds three pairs on a line, with centres and inertia by hand', async () => {
    // Each pair lies 0.5 to both sides of its centre: 6 x 0.25.
    expect(await runKMeans([[21], [0], [10], [20], [1], [11]], { clusters: 3, ...options })).toMatchObject({
      assignment: Int32Array.from([2, 0, 1, 2, 0, 1]),
      centres: [[0.5], [10.5], [20.5]],
      sizes: [2, 2, 2],
      inertia: 1.5,
    })
  })

  test('begins with the centres that ml-kmeans chooses: the same steps to the same bits', () => {
    const random = seededRandom(5)
    for (const [count, k] of [
      [2, 1],
      [2, 2],
      [40, 3],
      [300, 8],
    ] as const) {
      const points = Array.from({ length: count }, () => [random() * 10, random(), Math.round(random())])
      for (const seed of [1, 42, 4242]) {
        const limits = { maxIterations: 300, tolerance: 0 }
        const theirs = kmeans(points, k, { seed, initialization: 'kmeans++', ...limits })
        expect(kmeans(points, k, { initialization: chooseCentres(points, k, seed), ...limits })).toEqual(theirs)
      }
    }
  })

  test('finds the best of all partitions of eight points', async () => {
    const random = seededRandom(3)
    for (let sample = 0; sample < 15; sample++) {
      const points = Array.from({ length: 8 }, () => [random() * 10, random() * 10])
      const { inertia } = await runKMeans(points, { clusters: 3, restarts: 100, seed: 42 })
      expect(inertia).toBeCloseTo(minInertia(points, 3), 9)
    }
  })

  test('assigns each point to the nearest centre, and each centre is the mean of its points', async () => {
    const random = seededRandom(4)
    const points = Array.from({ length: 400 }, () => [random(), random(), random()])
    const { assignment, centres, sizes, inertia } = await runKMeans(points, { clusters: 6, ...options })
    expect(sizes.reduce((sum, size) => sum + size)).toBe(400)
    const distances = points.map((point) => centres.map((centre) => squaredDistance(point, centre)))
    distances.forEach((toCentres, index) => expect(toCentres[assignment[index]!]).toBeCloseTo(Math.min(...toCentres), 9))
    expect(inertia).toBeCloseTo(
      distances.reduce((sum, toCentres, index) => sum + toCentres[assignment[index]!]!, 0),
      9,
    )
    expect(centres.map(([first]) => first)).toEqual(centres.map(([first]) => first!).sort((a, b) => a - b))
  })

  test('assigns every point to the nearest centre when the restarts use a sample', async () => {
    const random = seededRandom(6)
    // Four squares of side 1, far apart: any sample of them finds the four.
    const points = Array.from({ length: 2000 }, (_, index) => [10 * (index % 2) + random(), 10 * ((index % 4) >> 1) + random()])
    const all = await runKMeans(points, { clusters: 4, ...options })
    const sampleClustering = await runKMeans(points, { clusters: 4, ...options, maxSample: 100 })
    expect(sampleClustering.sizes).toEqual([500, 500, 500, 500])
    expect(sampleClustering.inertia).toBeCloseTo(all.inertia, 9)
    expect(sampleClustering.stability).toBe(1)
    // Noise has many optima; each is valid.
    const noise = Array.from({ length: 2000 }, () => [random(), random()])
    const { assignment, centres } = await runKMeans(noise, { clusters: 5, ...options, maxSample: 100 })
    noise.forEach((point, index) => {
      const toCentres = centres.map((centre) => squaredDistance(point, centre))
      expect(toCentres[assignment[index]!]).toBeCloseTo(Math.min(...toCentres), 9)
    })
  })

  test('returns the same clusters for the same seed', async () => {
    const random = seededRandom(5)
    const points = Array.from({ length: 200 }, () => [random(), random()])
    const once = await runKMeans(points, { clusters: 5, ...options })
    expect(await runKMeans(points, { clusters: 5, ...options })).toEqual(once)
  })

  test('returns fewer clusters when there are fewer distinct points', async () => {
    expect((await runKMeans([[1], [1], [2]], { clusters: 4, ...options })).sizes).toEqual([2, 1])
    expect((await runKMeans([[7]], { clusters: 4, ...options })).sizes).toEqual([1])
    expect((await runKMeans([], { clusters: 4, ...options })).sizes).toEqual([])
  })

  test('throws when cancelled', async () => {
    const work = runKMeans([[1], [2], [3]], { clusters: 2, ...options, signal: AbortSignal.abort() })
    await expect(work).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('equals scikit-learn for sixteen servers', async () => {
    for (const [clusters, inertia] of Object.entries(reference.inertia)) {
      expect((await runKMeans(points, { clusters: Number(clusters), restarts: 50, seed: 42 })).inertia).toBeCloseTo(inertia, 9)
    }
    const { assignment } = await runKMeans(points, { clusters: 4, restarts: 50, seed: 42 })
    expect(adjustedRandIndex(assignment, Int32Array.from(reference.fourClusters))).toBe(1)
  })

  test('has stability 1 when all restarts agree, and less when some end in another optimum', async () => {
    const pairs = [[0], [1], [100], [101]]
    expect((await runKMeans(pairs, { clusters: 2, ...options })).stability).toBe(1)
    expect((await runKMeans(pairs, { clusters: 2, restarts: 1, seed: 42 })).stability).toBeNull()
    expect((await runKMeans(pairs, { clusters: 1, ...options })).stability).toBeNull()
    const random = seededRandom(9)
    const noise = Array.from({ length: 300 }, () => [random(), random(), random(), random()])
    expect((await runKMeans(noise, { clusters: 7, ...options })).stability).toBeLessThan(0.9)
  })
})

const squaredDistance = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0)

/** By trying every assignment. */
const minInertia = (points: readonly (readonly number[])[], clusters: number): number => {
  let lowest = Number.POSITIVE_INFINITY
  for (let code = 0; code < clusters ** points.length; code++) {
    const members: (readonly number[])[][] = Array.from({ length: clusters }, () => [])
    let rest = code
    for (const point of points) {
      members[rest % clusters]!.push(point)
      rest = Math.floor(rest / clusters)
    }
    const inertia = members.reduce((sum, group) => {
      if (group.length === 0) return sum
      const centre = group[0]!.map((_, feature) => group.reduce((total, point) => total + point[feature]!, 0) / group.length)
      return sum + group.reduce((total, point) => total + squaredDistance(point, centre), 0)
    }, 0)
    lowest = Math.min(lowest, inertia)
  }
  return lowest
}

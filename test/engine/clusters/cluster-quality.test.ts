// Quality and names of clusters: silhouette, number of clusters, principal components, names.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { adjustedRandIndex } from '../../../src-main/statistics/adjusted-rand-index.ts'
import { chooseClusterCount } from '../../../src-main/engine/clusters/choose-cluster-count.ts'
import { standardize, hasVariation } from '../../../src-main/engine/clusters/cluster-features.ts'
import { nameCluster, type ClusterCentre } from '../../../src-main/engine/clusters/cluster-names.ts'
import { runKMeans } from '../../../src-main/statistics/k-means.ts'
import { projectOnComponents } from '../../../src-main/statistics/principal-components.ts'
import { meanSilhouettes, drawSampleIndices } from '../../../src-main/statistics/silhouette.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'
import { seriesRows } from '../../fixtures/forecast-rows.ts'
import { seededRandom, shuffled } from '../../fixtures/seeded-random.ts'

const options = { restarts: 10, seed: 42 }

/** Sixteen made-up servers: mean, deviation, P95. */
const rows = `
  12 1 14, 15 2 19, 11 1.5 13, 18 2.5 22, 45 6 55, 48 9 63, 52 7 64, 41 8 57, 44 5 52,
  75 3 80, 79 4 86, 71 6 83, 82 2 85, 77 5 88, 60 14 90, 30 12 52`
const servers = rows.split(',').map((row) => row.trim().split(' ').map(Number))
const allIndices = servers.map((_, index) => index)
const columns = [0, 1, 2].map((feature) =>
  standardize(
    Float64Array.from(servers, (server) => server[feature]!),
    allIndices,
  ),
)
const points = allIndices.map((index) => columns.map((column) => column[index]!))

/** Reference: scikit-learn 1.9.1 on the servers above, StandardScaler, KMeans(n_init=500, tol=0), silhouette_score, PCA(2). */
const reference = {
  inertia: { 2: 19.92262088112895, 3: 8.233934144234606, 4: 4.06871851492157, 5: 2.1479777100274124 },
  silhouette: {
    2: 0.5692510079828461,
    3: 0.6106323163854368,
    4: 0.6040176834745838,
    5: 0.5880846824216895,
    6: 0.5402863463038885,
    7: 0.4500306618631786,
    8: 0.410819134084462,
  },
  fourClusters: [2, 2, 2, 2, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 3, 3],
  explained: [0.7105881114408783, 0.28904685319923185],
  loadings: [
    [0.6357283026730982, 0.36369575137508653, 0.6808633678000988],
    [-0.39888221659012185, 0.9099360687211465, -0.11361922429085797],
  ],
  firstScores: [
    [-2.4880755158267003, -0.34943631368055655],
    [-2.1829874632914987, -0.17144764770445275],
    [-2.4900393556063563, -0.20449743568831064],
  ],
} as const

describe('silhouette', () => {
  test('of two pairs on a line', async () => {
    // Points 0 and 11: inside 1, to the others 10.5 on average. Points 1 and 10: inside 1, 9.5 to the others.
    const [mean] = await meanSilhouettes([[0], [1], [10], [11]], [Int32Array.from([0, 0, 1, 1])])
    expect(mean).toBeCloseTo((9.5 / 10.5 + 8.5 / 9.5) / 2, 12)
  })

  test('counts 0 for a point that is alone, and is unknown for one cluster', async () => {
    expect(
      await meanSilhouettes([[0], [1], [10]], [Int32Array.from([0, 0, 1]), Int32Array.from([0, 0, 0]), Int32Array.from([1, 1, 1])]),
    ).toEqual([expect.closeTo((9 / 10 + 8 / 9) / 3, 12), null, null])
    expect(await meanSilhouettes([], [new Int32Array(0)])).toEqual([null])
    expect(await meanSilhouettes([[5], [5]], [Int32Array.from([0, 1])])).toEqual([0])
  })

  test('is what scikit-learn says', async () => {
    const uneven = Int32Array.from([0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3])
    const [fourPoints, other] = await meanSilhouettes(points, [Int32Array.from(reference.fourClusters), uneven])
    expect(fourPoints).toBeCloseTo(reference.silhouette[4], 12)
    expect(other).toBeCloseTo(0.49900882846336986, 12)
  })

  test('stops when the work is cancelled', async () => {
    await expect(meanSilhouettes(points, [Int32Array.from(reference.fourClusters)], AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    })
  })

  test('is taken from a sample that holds every part of a large fleet alike', () => {
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

describe('clusters of sixteen servers', () => {
  test('are those of scikit-learn', async () => {
    for (const [clusters, inertia] of Object.entries(reference.inertia)) {
      expect((await runKMeans(points, { clusters: Number(clusters), restarts: 50, seed: 42 })).inertia).toBeCloseTo(inertia, 9)
    }
    const { assignment } = await runKMeans(points, { clusters: 4, restarts: 50, seed: 42 })
    expect(adjustedRandIndex(assignment, Int32Array.from(reference.fourClusters))).toBe(1)
  })

  test('are three by the silhouette', async () => {
    const { clusters, silhouettes } = await chooseClusterCount(points, { restarts: 50, seed: 42 })
    expect(clusters).toBe(3)
    expect(silhouettes).toEqual(
      Object.fromEntries(Object.entries(reference.silhouette).map(([count, value]) => [count, expect.closeTo(value, 9)])),
    )
  })

  test('are stable where every restart finds them, less where some stop short', async () => {
    const pairs = [[0], [1], [100], [101]]
    expect((await runKMeans(pairs, { clusters: 2, ...options })).stability).toBe(1)
    expect((await runKMeans(pairs, { clusters: 2, restarts: 1, seed: 42 })).stability).toBeNull()
    expect((await runKMeans(pairs, { clusters: 1, ...options })).stability).toBeNull()
    const random = seededRandom(9)
    const noise = Array.from({ length: 300 }, () => [random(), random(), random(), random()])
    expect((await runKMeans(noise, { clusters: 7, ...options })).stability).toBeLessThan(0.9)
  })

  test('number as many as there are behaviours, one where there is one', async () => {
    expect((await chooseClusterCount([[1], [1], [2], [2], [9], [9]], options)).clusters).toBe(3)
    expect(await chooseClusterCount([[4], [4]], options)).toEqual({ clusters: 1, silhouettes: {} })
    expect((await chooseClusterCount([], options)).clusters).toBe(1)
  })
})

describe('principal components', () => {
  test('are those of scikit-learn, signs included', () => {
    const { pc1, pc2, explained, loadings } = projectOnComponents(points)
    reference.explained.forEach((share, component) => expect(explained[component]).toBeCloseTo(share, 12))
    reference.loadings.forEach((weights, component) =>
      weights.forEach((weight, feature) => expect(loadings[component]![feature]).toBeCloseTo(weight, 9)),
    )
    reference.firstScores.forEach(([first, second], server) => {
      expect(pc1[server]).toBeCloseTo(first, 9)
      expect(pc2[server]).toBeCloseTo(second, 9)
    })
  })

  test('of points on a line lie along it', () => {
    // Direction (3, 4) / 5; the points lie at -5, 0 and 5 of it.
    const { pc1, pc2, explained } = projectOnComponents([
      [1, 1],
      [4, 5],
      [7, 9],
    ])
    expect([...pc1]).toEqual([-5, 0, 5].map((score) => expect.closeTo(score, 9)))
    expect([...pc2]).toEqual([0, 0, 0].map((score) => expect.closeTo(score, 9)))
    expect(explained).toEqual([expect.closeTo(1, 9), expect.closeTo(0, 9)])
  })

  test('are as many as there are features', () => {
    const one = projectOnComponents([[1], [3]])
    expect([...one.pc1]).toEqual([-1, 1])
    expect([...one.pc2]).toEqual([Number.NaN, Number.NaN])
    expect([...projectOnComponents([[], []]).pc1]).toEqual([Number.NaN, Number.NaN])
    expect(projectOnComponents([]).pc1).toHaveLength(0)
  })
})

describe('features', () => {
  test('that are constant tell nothing apart, whatever their size', () => {
    for (const size of [1e-6, 1, 1e9])
      expect(
        hasVariation(
          Float64Array.from([3, 3, 3], (value) => value * size),
          [0, 1, 2],
        ),
      ).toBe(false)
    expect(hasVariation(Float64Array.from([Number.NaN, Number.NaN]), [0, 1])).toBe(false)
    expect(hasVariation(Float64Array.from([1, 2, Number.NaN]), [0, 1, 2])).toBe(true)
    // A server that is not a member does not count.
    expect(hasVariation(Float64Array.from([1, 1, 2]), [0, 1])).toBe(false)
  })

  test('are standardised, what is undefined at the median', () => {
    // Median of 1, 2, 6 is 2: values 1, 2, 2, 6 less 2.75 over sqrt((3.0625 + 0.5625 + 0.5625 + 10.5625) / 4) = sqrt(3.6875).
    const standardised = standardize(Float64Array.from([1, 2, Number.NaN, 6]), [0, 1, 2, 3])
    expect([...standardised]).toEqual([-1.75, -0.75, -0.75, 3.25].map((distance) => expect.closeTo(distance / Math.sqrt(3.6875), 12)))
  })
})

describe('names', () => {
  const baseline: ClusterCentre = {
    mean: 50,
    std: 3,
    p95: 55,
    peak_to_mean: 1.1,
    trend_per_30_days: 0,
    eoq_uplift: 1,
    weekend_ratio: 0.95,
  }
  test.each([
    ['moderate, steady', {}],
    ['moderate, quarter-end heavy', { eoq_uplift: 9 }],
    // 6 points are less than 15 % of 50.
    ['moderate, steady', { eoq_uplift: 6 }],
    ['idle, steady', { mean: 12, std: 1, eoq_uplift: 4 }],
    ['moderate, weekday heavy', { weekend_ratio: 0.7, peak_to_mean: 1.5 }],
    ['moderate, weekend heavy', { weekend_ratio: 1.2 }],
    // Over 90 days 6 points.
    ['busy, rising, quarter-end heavy, weekday heavy', { mean: 70, trend_per_30_days: 2, eoq_uplift: 12, weekend_ratio: 0.6 }],
    ['moderate, falling', { trend_per_30_days: -2 }],
    ['moderate, spiky', { peak_to_mean: 1.4, std: 20 }],
    ['moderate, variable', { std: 13 }],
    ['moderate, steady', { eoq_uplift: Number.NaN, weekend_ratio: Number.NaN, trend_per_30_days: Number.NaN }],
  ])('%s', (name, settings) => {
    expect(nameCluster({ ...baseline, ...settings }, 90)).toBe(name)
  })
})

describe('a fleet', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  /** Three kinds of servers, far apart in mean and trend. */
  const fleetRows = (name: (index: number) => string): ForecastRow[] => {
    const random = seededRandom(21)
    return Array.from({ length: 24 }, (_, index) => {
      const [base, slope] = [
        [10, 0],
        [40, 1],
        [75, -1],
      ][index % 3]! as [number, number]
      return seriesRows({
        server: name(index),
        actual: [50],
        horizon: Array.from({ length: 10 }, (_, step) => base + slope * step + 2 * random()),
      })
    }).flat()
  }
  const clustersOf = async (run: FinishedRun): Promise<Map<unknown, unknown>> =>
    new Map((await run.clusters()).map((row) => [row['server_id'], row['cluster']]))
  const summaryOf = async (run: FinishedRun) =>
    run.json(
      'module_05_summary.json',
      z.object({
        kmeans_inertia: z.number(),
        clustering: z.object({
          k: z.number(),
          k_requested: z.union([z.number(), z.literal('auto')]),
          features: z.array(z.string()),
          silhouette: z.number(),
          silhouettes_by_k: z.record(z.string(), z.number()).nullable(),
          stability: z.number(),
          inertia: z.number(),
        }),
      }),
    )

  test('shows as many clusters as it has kinds when asked to find out', async () => {
    const run = await workspace.analyse(
      await workspace.writeForecasts(
        'kinds.parquet',
        fleetRows((index) => `server ${index}`),
      ),
      {
        config: { n_clusters: 'auto' },
      },
    )
    const { clustering, kmeans_inertia } = await summaryOf(run)
    expect(clustering).toMatchObject({
      k: 3,
      k_requested: 'auto',
      features: ['mean', 'std', 'p95', 'peak_to_mean', 'trend_per_30_days', 'weekend_ratio'],
      inertia: kmeans_inertia,
    })
    expect(Object.keys(clustering.silhouettes_by_k!)).toEqual(['2', '3', '4', '5', '6', '7', '8'])
    // The whole fleet is its own sample.
    expect(clustering.silhouette).toBeCloseTo(clustering.silhouettes_by_k!['3']!, 12)
    const kinds = await clustersOf(run)
    for (let index = 0; index < 24; index++) expect(kinds.get(`server ${index}`)).toBe(index % 3)
  })

  test('keeps its clusters when servers are renamed and rows shuffled', async () => {
    const config = { n_clusters: 3 }
    const renamed = (index: number): string => `host ${(index * 7) % 24}`
    const rows = shuffled(fleetRows(renamed), seededRandom(22))
    const kinds = await clustersOf(await workspace.analyse(await workspace.writeForecasts('renamed.parquet', rows), { config }))
    for (let index = 0; index < 24; index++) expect(kinds.get(renamed(index))).toBe(index % 3)
  })

  test('gives a server far from all others a cluster of its own and leaves the rest together', async () => {
    const distant = seriesRows({ server: 'far', actual: [50], horizon: Array.from({ length: 10 }, (_, step) => 100 + 2 * step) })
    const rows = [...fleetRows((index) => `server ${index}`), ...distant]
    const kinds = await clustersOf(
      await workspace.analyse(await workspace.writeForecasts('far.parquet', rows), { config: { n_clusters: 4 } }),
    )
    for (let index = 0; index < 24; index++) expect(kinds.get(`server ${index}`)).toBe(index % 3)
    expect(kinds.get('far')).toBe(3)
  })

  test('has its place on two components, empty without a horizon', async () => {
    const rows = [...fleetRows((index) => `server ${index}`), ...seriesRows({ server: 'past only', actual: [50, 51] })]
    const run = await workspace.analyse(await workspace.writeForecasts('places.parquet', rows))
    const clusters = await run.clusters()
    const first = clusters.map((row) => row['pc1']).filter((score) => typeof score === 'number')
    expect(first).toHaveLength(24)
    expect(first.reduce((sum, score) => sum + score, 0)).toBeCloseTo(0, 9)
    expect(clusters.find((row) => row['server_id'] === 'past only')).toMatchObject({ cluster: null, pc1: null, pc2: null })
  })

  test('refuses a number of clusters that is neither a number nor auto', async () => {
    const input = await workspace.writeForecasts(
      'refused.parquet',
      fleetRows((index) => `server ${index}`),
    )
    await expect(workspace.analyse(input, { config: { n_clusters: 'lots' } })).rejects.toMatchObject({
      code: 'config-invalid',
      message: 'The configuration\'s n_clusters must be a whole number from 1 to 50, or auto, not "lots".',
    })
  })
})

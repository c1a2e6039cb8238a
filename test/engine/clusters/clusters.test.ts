// Clusters of servers: the best of the restarts, numbered by mean, the same every time (analysis definition, section 7).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runKMeans } from '../../../src-main/statistics/k-means.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { seededRandom, shuffled } from '../../fixtures/seeded-random.ts'

const options = { restarts: 10, seed: 42 }

describe('points', () => {
  test('on a line fall into their three pairs', async () => {
    // Each pair lies 0.5 to both sides of its centre: 6 x 0.25.
    expect(await runKMeans([[21], [0], [10], [20], [1], [11]], { clusters: 3, ...options })).toMatchObject({
      assignment: Int32Array.from([2, 0, 1, 2, 0, 1]),
      centres: [[0.5], [10.5], [20.5]],
      sizes: [2, 2, 2],
      inertia: 1.5,
    })
  })

  test('in small sets get the best of all partitions', async () => {
    const random = seededRandom(3)
    for (let set = 0; set < 15; set++) {
      const points = Array.from({ length: 8 }, () => [random() * 10, random() * 10])
      const { inertia } = await runKMeans(points, { clusters: 3, restarts: 100, seed: 42 })
      expect(inertia).toBeCloseTo(minInertia(points, 3), 9)
    }
  })

  test('belong to the centre that is nearest, and centres are means of their points', async () => {
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

  test('of more than are tried by every restart belong to the nearest centre all the same', async () => {
    const random = seededRandom(6)
    // Four squares of side 1, far apart: any sample of them finds the four.
    const points = Array.from({ length: 2000 }, (_, index) => [10 * (index % 2) + random(), 10 * ((index % 4) >> 1) + random()])
    const all = await runKMeans(points, { clusters: 4, ...options })
    const sampleClustering = await runKMeans(points, { clusters: 4, ...options, maxSample: 100 })
    expect(sampleClustering.sizes).toEqual([500, 500, 500, 500])
    expect(sampleClustering.inertia).toBeCloseTo(all.inertia, 9)
    expect(sampleClustering.stability).toBe(1)
    // Noise has many optima; whichever is found is one.
    const noise = Array.from({ length: 2000 }, () => [random(), random()])
    const { assignment, centres } = await runKMeans(noise, { clusters: 5, ...options, maxSample: 100 })
    noise.forEach((point, index) => {
      const toCentres = centres.map((centre) => squaredDistance(point, centre))
      expect(toCentres[assignment[index]!]).toBeCloseTo(Math.min(...toCentres), 9)
    })
  })

  test('are clustered the same with the same seed', async () => {
    const random = seededRandom(5)
    const points = Array.from({ length: 200 }, () => [random(), random()])
    const once = await runKMeans(points, { clusters: 5, ...options })
    expect(await runKMeans(points, { clusters: 5, ...options })).toEqual(once)
  })

  test('fewer than the clusters asked for, or none, make as many clusters as they can', async () => {
    expect((await runKMeans([[1], [1], [2]], { clusters: 4, ...options })).sizes).toEqual([2, 1])
    expect((await runKMeans([[7]], { clusters: 4, ...options })).sizes).toEqual([1])
    expect((await runKMeans([], { clusters: 4, ...options })).sizes).toEqual([])
  })

  test('stop when the work is cancelled', async () => {
    const work = runKMeans([[1], [2], [3]], { clusters: 2, ...options, signal: AbortSignal.abort() })
    await expect(work).rejects.toMatchObject({ code: 'cancelled' })
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

describe('servers', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  const csvOf = async (run: FinishedRun): Promise<string> => readFile(join(run.folder, 'server_clusters.csv'), 'utf8')

  test('are numbered by mean utilisation, the quietest 0, and features that are the same for all are left out', async () => {
    const levels = { 'full one': 95, 'busy a': 70, 'busy b': 71, 'moderate a': 41, 'moderate b': 42, 'zzz idle a': 10, 'zzz idle b': 11 }
    const run = await workspace.analyse(
      await workspace.writeForecasts(
        'levels.parquet',
        Object.entries(levels).flatMap(([server, level]) => seriesRows({ server, actual: [50], horizon: times(5, level) })),
      ),
    )
    expect((await run.clusters()).map((row) => [row['server_id'], row['cluster'], row['cluster_name']])).toEqual([
      ['busy a', 2, 'busy, steady'],
      ['busy b', 2, 'busy, steady'],
      ['full one', 3, 'full, steady'],
      ['moderate a', 1, 'moderate, steady'],
      ['moderate b', 1, 'moderate, steady'],
      ['zzz idle a', 0, 'idle, steady'],
      ['zzz idle b', 0, 'idle, steady'],
    ])
    // Flat forecasts of one measured day: no deviation, peak equal to the mean, no trend, no quarter end, no whole week.
    const dropped = run.manifest.warnings.filter(({ code }) => code === 'cluster-feature-dropped').map(({ message }) => message)
    expect(dropped).toEqual(
      ['std', 'peak_to_mean', 'trend_per_30_days', 'eoq_uplift', 'weekend_ratio'].map(
        (feature) => `Clusters leave out ${feature}: it is the same or undefined for all servers.`,
      ),
    )
    expect((await run.riskOf('busy a'))['cluster']).toBe(2)
  })

  test('are told apart by features of small numbers, since features are standardised', async () => {
    // Means run from 20 to 27 in both kinds; in points the kinds differ by 1 only.
    const rows = Array.from({ length: 8 }, (_, index): ForecastRow[] => {
      const mean = 20 + index
      const swingOf = index % 2 === 1
      return seriesRows({
        server: `${swingOf ? 'swinging' : 'steady'} ${index}`,
        actual: [50],
        horizon: [1, -1, 1, -1, 1, -1, 1, -1].map((sign) => (swingOf ? mean + sign : mean)),
      })
    })
    const run = await workspace.analyse(await workspace.writeForecasts('kinds.parquet', rows.flat()), { config: { n_clusters: 2 } })
    const clusters = await run.clusters()
    const of = (weekKind: string): unknown[] => [
      ...new Set(clusters.filter((row) => String(row['server_id']).startsWith(weekKind)).map((row) => row['cluster'])),
    ]
    expect(of('steady')).toEqual([0])
    expect(of('swinging')).toEqual([1])
  })

  test('are made by the features that the configuration names alone; the others are written all the same', async () => {
    // By level the two low ones belong together, by swing the two first.
    const swing = (mean: number, by: number): number[] => [1, -1, 1, -1].map((sign) => mean + by * sign)
    const rows = [
      ...seriesRows({ server: 'low, swings', actual: [50], horizon: swing(20, 9) }),
      ...seriesRows({ server: 'high, swings', actual: [50], horizon: swing(70, 9) }),
      ...seriesRows({ server: 'low, steady', actual: [50], horizon: swing(20, 1) }),
      ...seriesRows({ server: 'high, steady', actual: [50], horizon: swing(70, 1) }),
    ]
    const forecasts = await workspace.writeForecasts('chosen.parquet', rows)
    const sameClusterBy = async (...features: string[]): Promise<unknown[]> => {
      const run = await workspace.analyse(forecasts, { config: { n_clusters: 2, cluster_features: features } })
      const clusters = await run.clusters()
      expect(clusters.map((row) => row['std'])).toEqual(
        clusters.map((row) => (String(row['server_id']).endsWith('swings') ? 10.392 : 1.155)).map((std) => expect.closeTo(std, 3)),
      )
      return clusters.filter((row) => row['cluster'] === clusters[0]!['cluster']).map((row) => row['server_id'])
    }
    expect(await sameClusterBy('mean')).toEqual(['high, steady', 'high, swings'])
    expect(await sameClusterBy('std')).toEqual(['high, steady', 'low, steady'])
  })

  test('without a defined feature take the middle of the fleet, without a horizon belong to no cluster', async () => {
    const run = await workspace.analyse(
      await workspace.writeForecasts('odd.parquet', [
        ...seriesRows({ server: 'rising', actual: [50], horizon: [10, 20, 30] }),
        ...seriesRows({ server: 'falling', actual: [50], horizon: [80, 60, 40] }),
        ...seriesRows({ server: 'one step', actual: [50], horizon: [20] }),
        ...seriesRows({ server: 'past only', actual: [50, 51] }),
      ]),
      { config: { n_clusters: 2 } },
    )
    const [falling, oneStep, pastOnly, rising] = await run.clusters()
    // Mean 60; deviations 20, 0, -20: squares 800 / 2 = 400. 20 points down a day.
    expect(falling).toMatchObject({
      server_id: 'falling',
      mean: 60,
      std: 20,
      p95: 78,
      trend_per_30_days: -600,
      cluster_name: 'busy, falling',
    })
    expect(rising).toMatchObject({ server_id: 'rising', mean: 20, peak_to_mean: 1.5, p95: 29 })
    expect(oneStep).toMatchObject({ server_id: 'one step', mean: 20, std: null, trend_per_30_days: null })
    expect(oneStep!['cluster']).toBe(rising!['cluster'])
    expect(falling!['cluster']).toBe(1)
    expect(pastOnly).toMatchObject({ server_id: 'past only', cluster: null, cluster_name: null, mean: null })
  })

  test('that show fewer behaviours than clusters asked for get fewer, with a warning', async () => {
    const run = await workspace.analyse(
      await workspace.writeForecasts('few.parquet', [
        ...seriesRows({ server: 'a', actual: [50], horizon: [10, 20] }),
        ...seriesRows({ server: 'b', actual: [50], horizon: [10, 20] }),
        ...seriesRows({ server: 'c', actual: [50], horizon: [60, 80] }),
      ]),
    )
    expect((await run.clusters()).map((row) => row['cluster'])).toEqual([0, 0, 1])
    expect(run.manifest.warnings).toContainEqual(expect.objectContaining({ code: 'clusters-shrunk' }))
  })

  test('keep their clusters whatever the order of rows and the unit of the metric', async () => {
    const random = seededRandom(6)
    const rows = Array.from({ length: 30 }, (_, index) => {
      const base = 10 + random() * 60
      const slope = (random() - 0.5) * 4
      return seriesRows({
        server: `server ${index}`,
        metric: 'load',
        actual: [50],
        horizon: Array.from({ length: 10 }, (_, step) => Math.round((base + slope * step + random() * 10) * 1e6) / 1e6),
      })
    }).flat()
    const config = { target_metric: 'load', percent_metrics: ['load'] }
    const run = await workspace.analyse(await workspace.writeForecasts('straight.parquet', rows), { config })
    const again = await workspace.analyse(await workspace.writeForecasts('shuffled.parquet', shuffled(rows, random)), {
      config,
      threads: 4,
    })
    expect(await csvOf(again)).toBe(await csvOf(run))
    const inBytes = rows.map((row) => ({ ...row, predicted: row.predicted! * 1e9 }))
    const scaled = await workspace.analyse(await workspace.writeForecasts('scaled.parquet', inBytes), {
      config: { target_metric: 'load', metric_thresholds: { load: { high: 80e9, very_high: 90e9 } } },
    })
    const numbers = async (of: FinishedRun): Promise<unknown[]> => (await of.clusters()).map((row) => row['cluster'])
    expect(new Set(await numbers(run)).size).toBe(4)
    expect(await numbers(scaled)).toEqual(await numbers(run))
  })
})

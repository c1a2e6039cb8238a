// Clusters in the run folder: numbered by mean, repeatable, with their features and figures (analysis definition, section 7).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { seededRandom, shuffled } from '../../fixtures/seeded-random.ts'

describe('servers', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  const csvOf = async (run: FinishedRun): Promise<string> => readFile(join(run.folder, 'server_clusters.csv'), 'utf8')

  test('are numbered by mean utilisation from the quietest, and constant features are left out', async () => {
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
    expect(run.manifest.warnings.filter(({ code }) => code.startsWith('cluster'))).toEqual([
      {
        code: 'cluster-features-dropped',
        message:
          'Clusters leave out std, peak_to_mean, trend_per_30_days, eoq_uplift, weekend_ratio: the same or undefined for all servers.',
        count: 5,
      },
    ])
    expect((await run.riskOf('busy a'))['cluster']).toBe(2)
  })

  test('are separated by features of small numbers, because features are standardised', async () => {
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
    const of = (kind: string): unknown[] => [
      ...new Set(clusters.filter((row) => String(row['server_id']).startsWith(kind)).map((row) => row['cluster'])),
    ]
    expect(of('steady')).toEqual([0])
    expect(of('swinging')).toEqual([1])
  })

  test('use only the configured features; the other features are still written', async () => {
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

  test('take the median for an undefined feature, and belong to no cluster without a horizon', async () => {
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
    // Mean 60; deviations 20, 0, -20: squares 800 / 2 = 400. One measured day tells no trend.
    expect(falling).toMatchObject({
      server_id: 'falling',
      mean: 60,
      std: 20,
      p95: 78,
      trend_per_30_days: null,
      cluster_name: 'busy, spiky',
    })
    expect(rising).toMatchObject({ server_id: 'rising', mean: 20, peak_to_mean: 1.5, p95: 29 })
    expect(oneStep).toMatchObject({ server_id: 'one step', mean: 20, std: null, trend_per_30_days: null })
    expect(oneStep!['cluster']).toBe(rising!['cluster'])
    expect(falling!['cluster']).toBe(1)
    expect(pastOnly).toMatchObject({ server_id: 'past only', cluster: null, cluster_name: null, mean: null })
  })

  test('get fewer clusters, with a warning, when they have fewer distinct features', async () => {
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

  test('have the same clusters for any order of rows and any unit of the metric', async () => {
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
    const config = { target_metric: 'load', metric_units: { load: 'percent' } }
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

  test('has three clusters for three kinds of servers with n_clusters auto', async () => {
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
      features: ['mean', 'std', 'p95', 'peak_to_mean', 'weekend_ratio'],
      inertia: kmeans_inertia,
    })
    expect(Object.keys(clustering.silhouettes_by_k!)).toEqual(['2', '3', '4', '5', '6', '7', '8'])
    // The whole fleet is its own sample.
    expect(clustering.silhouette).toBeCloseTo(clustering.silhouettes_by_k!['3']!, 12)
    const kinds = await clustersOf(run)
    for (let index = 0; index < 24; index++) expect(kinds.get(`server ${index}`)).toBe(index % 3)
  })

  test('has the same clusters after servers are renamed and rows shuffled', async () => {
    const config = { n_clusters: 3 }
    const renamed = (index: number): string => `host ${(index * 7) % 24}`
    const rows = shuffled(fleetRows(renamed), seededRandom(22))
    const kinds = await clustersOf(await workspace.analyse(await workspace.writeForecasts('renamed.parquet', rows), { config }))
    for (let index = 0; index < 24; index++) expect(kinds.get(renamed(index))).toBe(index % 3)
  })

  test('assigns an outlier to a separate cluster and leaves the others together', async () => {
    const distant = seriesRows({ server: 'far', actual: [50], horizon: Array.from({ length: 10 }, (_, step) => 100 + 2 * step) })
    const rows = [...fleetRows((index) => `server ${index}`), ...distant]
    const kinds = await clustersOf(
      await workspace.analyse(await workspace.writeForecasts('far.parquet', rows), { config: { n_clusters: 4 } }),
    )
    for (let index = 0; index < 24; index++) expect(kinds.get(`server ${index}`)).toBe(index % 3)
    expect(kinds.get('far')).toBe(3)
  })

  test('has scores on two components, which are empty without a horizon', async () => {
    const rows = [...fleetRows((index) => `server ${index}`), ...seriesRows({ server: 'past only', actual: [50, 51] })]
    const run = await workspace.analyse(await workspace.writeForecasts('scores.parquet', rows))
    const clusters = await run.clusters()
    const first = clusters.map((row) => row['pc1']).filter((score) => typeof score === 'number')
    expect(first).toHaveLength(24)
    expect(first.reduce((sum, score) => sum + score, 0)).toBeCloseTo(0, 9)
    expect(clusters.find((row) => row['server_id'] === 'past only')).toMatchObject({ cluster: null, pc1: null, pc2: null })
  })

  test('refuses n_clusters that is neither a number nor auto', async () => {
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

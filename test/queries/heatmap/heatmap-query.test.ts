// Queries over run folders: orders, bins, ranges and gaps, with values worked out by hand.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { queryClusters, queryServersInside } from '../../../src-main/queries/fleet/clusters-query.ts'
import { loadSeriesGrid } from '../../../src-main/queries/heatmap/series-grid.ts'
import { readMatrix } from '../../../src-main/queries/heatmap/heatmap-matrix.ts'
import { binInDatabase, queryHeatmap } from '../../../src-main/queries/heatmap/heatmap-query.ts'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { queryServer } from '../../../src-main/queries/servers/server-query.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { HeatmapRequest, HeatmapSort, HeatmapView } from '../../../src-shared/ipc/run-view.ts'
import { fabricateRun, firstDayMs, horizonStartMs } from '../../fixtures/fabricated-runs.ts'

const dayMs = 86_400_000
let folder: string
let run: OpenRun

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-queries-test-'))
  await fabricateRun(join(folder, 'run'))
  run = await openRunFolder(join(folder, 'run'))
})

afterAll(async () => {
  await run.close()
  await rm(folder, { recursive: true, force: true })
})

const requestHeatmap = (change: Partial<HeatmapRequest> = {}): Promise<HeatmapView> =>
  queryHeatmap(run, {
    folder,
    metric: 'cpu_p95',
    sort: 'risk',
    reduction: 'max',
    filter: noFilter,
    rows: null,
    time: null,
    maxRows: 100,
    maxColumns: 100,
    selected: null,
    ...change,
  })

const order = ({ data }: HeatmapView): string[] => data.rows.map(({ serverId }) => serverId)

/** The matrix row by row, NaN as null, to one decimal. */
const matrixOf = ({ data }: HeatmapView): (number | null)[][] =>
  data.rows.map((_, row) =>
    Array.from(data.values.subarray(row * data.columns, (row + 1) * data.columns), (value) =>
      Number.isNaN(value) ? null : Math.round(value * 100) / 100,
    ),
  )

describe('the heatmap at full resolution', () => {
  it('shows measurements, then the forecast of the selected model alone, riskiest server first', async () => {
    const response = await requestHeatmap()
    expect(response.data.rows.map(({ label }) => label)).toEqual(['alpha', 'charlie', 'bravo'])
    expect(matrixOf(response)).toEqual([
      [10, 20, 30, 35, 85, 95, 85, 85],
      [5, 5, 5, 5, 82, 10, 10, 10],
      [40, 40, 40, 40, 50, 60, 70, null],
    ])
    expect(response.data).toMatchObject({ startMs: firstDayMs, stepMs: dayMs, columns: 8, horizonStartMs, unit: '%' })
    expect(response.data).toMatchObject({ highThreshold: 80, veryHighThreshold: 90, counts: { servers: 3, atRisk: 1 } })
    expect(response.data.rows.map(({ riskLevel }) => riskLevel)).toEqual(['high', 'low', 'low'])
  })

  it.each<[HeatmapSort, string[]]>([
    ['breach', ['alpha', 'charlie', 'bravo']],
    ['cluster', ['bravo', 'charlie', 'alpha']],
    ['name', ['alpha', 'bravo', 'charlie']],
  ])('orders servers by %s', async (sort, expected) => {
    expect(order(await requestHeatmap({ sort }))).toEqual(expected)
  })

  it('orders servers by their groups, those of one group by risk, those without one last', async () => {
    // Another filter that all three pass: an order is cached while the same one is requested.
    const group = async (cards: string, text: string): Promise<string[]> => {
      await run.database.run(
        `UPDATE server_risk SET business_unit = CASE server_id WHEN 'alpha' THEN NULL WHEN 'bravo' THEN 'Retail' ELSE '${cards}' END`,
      )
      return order(await requestHeatmap({ sort: 'group', filter: { ...noFilter, text } }))
    }
    expect(await group('Cards', 'a')).toEqual(['charlie', 'bravo', 'alpha'])
    expect(await group('Shops', 'A')).toEqual(['bravo', 'charlie', 'alpha'])
    await run.database.run("UPDATE server_risk SET business_unit = 'Retail'")
    expect(order(await requestHeatmap({ sort: 'group' }))).toEqual(['alpha', 'charlie', 'bravo'])
  })

  it('marks the quarter end as one window and the holiday by its day', async () => {
    const { data } = await requestHeatmap()
    expect(data.marks).toEqual([
      { kind: 'eoq', label: 'Quarter end', fromMs: horizonStartMs, toMs: horizonStartMs + 2 * dayMs },
      { kind: 'holiday', label: 'Holiday', fromMs: firstDayMs + 7 * dayMs, toMs: firstDayMs + 8 * dayMs },
    ])
  })
})

describe('the heatmap in fewer pixels than cells', () => {
  it('keeps the highest value of merged servers', async () => {
    const response = await requestHeatmap({ maxRows: 2 })
    expect(response.data.rows).toEqual([
      { label: 'alpha + 1', serverId: 'alpha', servers: 2, riskLevel: 'high' },
      { label: 'bravo', serverId: 'bravo', servers: 1, riskLevel: 'low' },
    ])
    expect(matrixOf(response)[0]).toEqual([10, 20, 30, 35, 85, 95, 85, 85])
    expect(response).toMatchObject({ serversPerRow: 2, totalRows: 3, firstRow: 0, shownServers: 3, selectedRow: null })
    expect(response.names).toEqual([['alpha', 'charlie'], ['bravo']])
    expect((await requestHeatmap({ maxRows: 2, selected: 'bravo' })).selectedRow).toBe(1)
    expect((await requestHeatmap({ maxRows: 2, selected: 'nobody' })).selectedRow).toBeNull()
  })

  it('averages merged servers when asked for the mean', async () => {
    const [merged] = matrixOf(await requestHeatmap({ maxRows: 2, reduction: 'mean' }))
    expect(merged).toEqual([7.5, 12.5, 17.5, 20, 83.5, 52.5, 47.5, 47.5])
  })

  it('interpolates the 95th percentile of merged servers linearly', async () => {
    const [merged] = matrixOf(await requestHeatmap({ maxRows: 2, reduction: 'p95' }))
    // 5 + 0.95 x 5, 5 + 0.95 x 15, 5 + 0.95 x 25, 5 + 0.95 x 30, 82 + 0.95 x 3, 10 + 0.95 x 85, 10 + 0.95 x 75
    expect(merged).toEqual([9.75, 19.25, 28.75, 33.5, 84.85, 90.75, 81.25, 81.25])
  })

  it('merges periods so that no cell mixes measurement and forecast', async () => {
    const response = await requestHeatmap({ maxColumns: 4 })
    // Three days a column; the first column holds one known day, so that the forecast begins with the third.
    expect(response.data).toMatchObject({ columns: 4, stepMs: 3 * dayMs, startMs: firstDayMs - 2 * dayMs })
    expect((response.data.horizonStartMs - response.data.startMs) / response.data.stepMs).toBe(2)
    expect(matrixOf(response)).toEqual([
      [10, 35, 95, 85],
      [5, 5, 82, 10],
      [40, 40, 70, null],
    ])
  })

  it('never returns more rows or columns than there are pixels', async () => {
    for (const maxCells of [1, 2, 3, 5, 7]) {
      const { data } = await requestHeatmap({ maxRows: maxCells, maxColumns: maxCells + 1 })
      expect(data.rows.length).toBeLessThanOrEqual(maxCells)
      expect(data.columns).toBeLessThanOrEqual(maxCells + 1)
    }
  })
})

describe('the heatmap of a fleet that is too large to be held', () => {
  it('has the same values, read a few rows of the file at a time', async () => {
    const dataGrid = await loadSeriesGrid(run, 'cpu_p95')
    expect(dataGrid.rows).toBe(48)
    const fullMatrix = await readMatrix(run, dataGrid, 0, dataGrid.periods)
    // Rows 0 to 4, 5 to 9 and so on: the eight days of a server lie in three batches and more.
    expect(await readMatrix(run, dataGrid, 0, dataGrid.periods, 5)).toEqual(fullMatrix)
    expect(fullMatrix.values.filter((value) => !Number.isNaN(value)).length).toBeGreaterThan(20)
  })

  it.each(['max', 'mean', 'p95'] as const)('has the same cells (%s), binned in the database', async (reduction) => {
    const dataGrid = await loadSeriesGrid(run, 'cpu_p95')
    const [rows, columns] = [
      { from: 0, to: 3, size: 2, bins: 2 },
      { from: -2, to: 8, size: 3, bins: 4 },
    ]
    // alpha, charlie, bravo by their keys in order of name.
    const inDatabase = await binInDatabase(run, dataGrid, reduction, Int32Array.of(1, 3, 2), rows, columns)
    const { data } = await requestHeatmap({ reduction, maxRows: 2, maxColumns: 4 })
    expect([data.rows.length, data.columns]).toEqual([2, 4])
    expect([...inDatabase]).toEqual([...data.values])
  })
})

describe('the heatmap zoomed in', () => {
  it('returns the requested servers and days', async () => {
    const response = await requestHeatmap({ rows: { from: 1, to: 3 }, time: { fromMs: horizonStartMs, toMs: horizonStartMs + 2 * dayMs } })
    expect(order(response)).toEqual(['charlie', 'bravo'])
    expect(response.firstRow).toBe(1)
    expect(response.data.startMs).toBe(horizonStartMs)
    expect(matrixOf(response)).toEqual([
      [82, 10],
      [50, 60],
    ])
  })

  it('keeps ranges that reach beyond the run inside it', async () => {
    const response = await requestHeatmap({
      rows: { from: 2, to: 99 },
      time: { fromMs: firstDayMs - 9 * dayMs, toMs: firstDayMs + 99 * dayMs },
    })
    expect(order(response)).toEqual(['bravo'])
    expect(response.data).toMatchObject({ startMs: firstDayMs, columns: 8 })
  })

  it('refuses a time outside of the run and a metric it does not have', async () => {
    await expect(requestHeatmap({ time: { fromMs: 0, toMs: dayMs } })).rejects.toMatchObject({ code: 'query-refused' })
    await expect(requestHeatmap({ metric: 'memory' })).rejects.toMatchObject({ code: 'query-refused' })
  })
})

describe('the overview', () => {
  it('counts distinct servers and names the soonest breach of those at risk', () => {
    expect(run.overview).toMatchObject({
      kind: 'headroom',
      title: 'fleet',
      granularity: 'daily',
      metrics: [{ name: 'cpu_p95', unit: '%' }],
      models: ['quiet'],
      extent: { startMs: firstDayMs, endMs: firstDayMs + 8 * dayMs },
      horizon: { startMs: horizonStartMs, endMs: firstDayMs + 8 * dayMs, periods: 4 },
      lastMeasuredMs: firstDayMs + 3 * dayMs,
      counts: { servers: 3, atRisk: 1, underutilized: 1, series: 3 },
      soonestBreach: { serverId: 'alpha', atMs: horizonStartMs, days: 1 },
      savingsMonthlyUsd: 120,
      module05Totals: null,
    })
    expect(run.overview.missing.map(({ file }) => file)).toEqual(['server_clusters.csv', 'model_accuracy.json'])
    expect(run.overview.warnings).toHaveLength(1)
  })
})

describe('clusters', () => {
  it('places each server at its mean and deviation, and sums its cluster up', async () => {
    const data = await queryClusters(run, { folder, metric: 'cpu_p95', filter: noFilter, projection: 'spread' })
    expect(data.serverIds).toEqual(['alpha', 'bravo', 'charlie'])
    expect([...data.mean]).toEqual([87.5, 60, 28])
    expect([...data.std]).toEqual([5, 10, 36])
    expect([...data.cluster]).toEqual([2, 0, 1])
    expect(data.clusters[0]).toEqual({ cluster: 0, name: 'group 0', size: 1, mean: 60, std: 10 })
    expect(data.underutilizedThreshold).toBe(40)
  })

  it('draws some servers of many, but sums up and finds all of them', async () => {
    const requests = { folder, metric: 'cpu_p95', filter: noFilter, projection: 'spread' } as const
    const fullMatrix = await queryClusters(run, requests)
    const extraRows = await makeManyServers(run)
    try {
      const data = await queryClusters(extraRows, requests, 100)
      expect(data.servers).toBe(503)
      expect(data.serverIds.length).toBeGreaterThanOrEqual(100)
      expect(data.serverIds.length).toBeLessThan(110)
      // Alone far from the 500 others, so always drawn.
      expect(data.serverIds).toEqual(expect.arrayContaining(['alpha', 'charlie']))
      // Bravo at 60 and 500 servers at 0.1, 0.2, ... 50.0: (60 + 500 x 50.1 / 2) / 501 = 12,585 / 501.
      expect(data.clusters[0]).toMatchObject({ cluster: 0, size: 501, mean: expect.closeTo(12_585 / 501, 9) as number })
      expect(data.clusters.slice(1)).toEqual(fullMatrix.clusters.slice(1))
      const box = (from: number, to: number) => [[from, 0] as const, [to, 0] as const, [to, 40] as const, [from, 40] as const]
      const area = (from: number, to: number) => ({ ...requests, area: box(from, to).map(([x, y]): [number, number] => [x, y]) })
      // 10.05 to 20.05: 10.1 to 20.0 are a hundred servers, most of which have no mark.
      const { total, servers } = await queryServersInside(extraRows, area(10.05, 20.05))
      expect(total).toBe(100)
      expect(servers).toEqual(Array.from({ length: 100 }, (_, index) => `many-${101 + index}`))
      expect(await queryServersInside(extraRows, { ...area(20, 100), filter: { ...noFilter, risk: ['at-risk'] } })).toEqual({
        total: 1,
        servers: ['alpha'],
      })
    } finally {
      await run.database.run("DELETE FROM server_risk WHERE server_id LIKE 'many-%'")
    }
  })
})

/** 500 more servers in bravo's cluster, with means of 0.1 to 50.0. */
const makeManyServers = async (to: OpenRun): Promise<OpenRun> => {
  await to.database.run(`
    INSERT INTO server_risk SELECT s.* REPLACE ('many-' || i AS server_id, i / 10.0 AS horizon_mean, 1 + (i % 5) AS horizon_std)
    FROM server_risk s, range(1, 501) many(i) WHERE s.server_id = 'bravo'`)
  return to
}

describe('one server', () => {
  it('returns its figures, its rank by risk, and its line', async () => {
    const { metrics } = await queryServer(run, { folder, serverId: 'charlie' })
    const [figures] = metrics
    expect(figures).toMatchObject({
      rank: 2,
      rankedServers: 3,
      horizon_p95: 71.2,
      first_breach_at: '2026-06-29T00:00:00Z',
      backtest_points: 14,
      unit: '%',
    })
    expect([...(figures?.series.measured ?? [])]).toEqual([5, 5, 5, 5, Number.NaN, Number.NaN, Number.NaN, Number.NaN])
    expect([...(figures?.series.forecast ?? [])]).toEqual([6, 6, 6, 6, 82, 10, 10, 10])
    expect(figures?.series.timesMs[4]).toBe(horizonStartMs)
  })

  it('refuses a server that is not in the run', async () => {
    await expect(queryServer(run, { folder, serverId: 'delta' })).rejects.toMatchObject({ code: 'query-refused' })
  })
})

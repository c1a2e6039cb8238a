// series.parquet changes no answer: runs with it answer every query as the same runs without it, on fleets with gaps, zones, metrics and steps of all kinds.
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { literal } from '../../../src-main/database/database.ts'
import { binStoredMaxima, readStoredCells } from '../../../src-main/queries/heatmap/stored-cells.ts'
import { binInDatabase } from '../../../src-main/queries/heatmap/heatmap-query.ts'
import { readMatrix } from '../../../src-main/queries/heatmap/heatmap-matrix.ts'
import { loadSeriesGrid } from '../../../src-main/queries/heatmap/series-grid.ts'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { runQueries } from '../../../src-main/queries/run-queries.ts'
import { evaluateScenario, openWhatIfSession } from '../../../src-main/queries/what-if/evaluate-scenario.ts'
import { readReportContent } from '../../../src-main/report/report-content.ts'
import { verifyRunFolder } from '../../../src-main/run-folder/read-run-folder.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { HeatmapRequest } from '../../../src-shared/ipc/run-view.ts'
import { scenarioSchema } from '../../../src-shared/ipc/what-if.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { validRequests } from '../../fixtures/valid-requests.ts'

interface Fleet {
  readonly sql: string
  readonly config?: Record<string, unknown>
  readonly method?: 'headroom' | 'module05'
}

/** Rows of `servers` names, models `a` and `b`, one of the metrics each, and `steps` times, the last `horizon` without a measurement. */
const rowsSql = (
  names: string,
  steps: number,
  horizon: number,
  step: string,
  start = "TIMESTAMP '2026-05-01'",
  metrics = "'cpu_p95'",
): string => `
  SELECT server_id, metric, model, ${start} + i * INTERVAL '${step}' AS timestamp,
         CASE WHEN i < ${steps - horizon} THEN level + (hash(server_id, metric, i) % 2000) / 100.0 END AS actual,
         level + 10 + (hash(server_id, metric, model, i) % 1500) / 100.0 AS predicted,
         predicted - 7.5 AS yhat_lower, predicted + 7.5 AS yhat_upper
  FROM (SELECT *, 25 + hash(server_id) % 50 AS level FROM (${names}) CROSS JOIN (SELECT unnest([${metrics}]) AS metric) CROSS JOIN (SELECT unnest(['a', 'b']) AS model))
  CROSS JOIN (SELECT unnest(range(${steps})) AS i)`

const servers = (count: number, prefix: string): string => `SELECT '${prefix}-' || i AS server_id FROM range(${count}) r(i)`

const fleets: Readonly<Record<string, Fleet>> = {
  daily: { sql: rowsSql(servers(24, 'web'), 130, 30, '1 day') },
  hourly: { sql: rowsSql(servers(6, 'web'), 460, 48, '1 hour') },
  'of three metrics, one of them without a threshold and one that is bad when it is low': {
    sql: rowsSql(servers(9, 'db'), 120, 20, '1 day', undefined, "'cpu_p95', 'free_percent', 'requests'"),
    config: {
      metric_units: { free_percent: 'percent', requests: 'other' },
      metric_directions: { free_percent: 'below' },
      metric_thresholds: { free_percent: { high: 15, very_high: 5 } },
    },
  },
  'with gaps, NULL and NaN': {
    sql: `
      SELECT * REPLACE (
        CASE WHEN server_id = 'web-1' AND hash(timestamp) % 5 = 0 THEN NULL WHEN server_id = 'web-2' AND hash(timestamp) % 4 = 0 THEN 'NaN'::DOUBLE ELSE actual END AS actual,
        CASE WHEN server_id IN ('web-2', 'web-3') AND hash(timestamp) % 7 = 0 THEN NULL WHEN server_id = 'web-4' AND hash(timestamp) % 6 = 0 THEN 'NaN'::DOUBLE ELSE predicted END AS predicted)
      FROM (${rowsSql(servers(12, 'web'), 110, 20, '1 day')})
      WHERE NOT (server_id = 'web-5' AND hash(timestamp) % 3 = 0)
        AND NOT (server_id = 'web-6' AND actual IS NULL)
        AND NOT (server_id = 'web-7' AND actual IS NOT NULL)
        AND NOT (server_id = 'web-8' AND timestamp < TIMESTAMP '2026-07-01')`,
  },
  'that says which rows are future': {
    sql: `
      SELECT *, CASE WHEN server_id = 'web-0' THEN actual IS NULL WHEN server_id = 'web-1' THEN timestamp >= TIMESTAMP '2026-08-01' END AS is_future
      FROM (${rowsSql(servers(6, 'web'), 120, 20, '1 day')})`,
  },
  'on the days of Berlin, across a change of clocks': {
    sql: `
      SELECT * REPLACE (timestamp - CASE WHEN timestamp < TIMESTAMP '2026-10-26' THEN INTERVAL 2 HOUR ELSE INTERVAL 1 HOUR END AS timestamp)
      FROM (${rowsSql(servers(6, 'web'), 120, 30, '1 day', "TIMESTAMP '2026-09-01'")})`,
    config: { time_zone: 'Europe/Berlin' },
  },
  'of several steps': {
    sql: `${rowsSql(servers(4, 'hour'), 460, 48, '1 hour')} UNION ALL ${rowsSql(servers(4, 'day'), 60, 10, '1 day')}`,
  },
  'by Module 05': { sql: rowsSql(servers(10, 'web'), 120, 20, '1 day'), method: 'module05' },
}

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(() => workspace.close())

const manifestSchema = z.looseObject({ format_version: z.int(), files: z.array(z.looseObject({ name: z.string() })) })

/** The same run as format 4 had it. */
const withoutSeries = async (folder: string): Promise<string> => {
  const copy = `${folder}-without`
  await cp(folder, copy, { recursive: true })
  await rm(join(copy, runFiles.selectedSeries))
  const path = join(copy, runFiles.manifest)
  const manifest = manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  const files = manifest.files.filter(({ name }) => name !== runFiles.selectedSeries)
  await writeFile(path, JSON.stringify({ ...manifest, format_version: 4, files }))
  return copy
}

const heatmapRequests = (run: OpenRun): HeatmapRequest[] => {
  const { metrics, extent } = run.overview
  const third = (extent.endMs - extent.startMs) / 3
  const whole: HeatmapRequest = {
    folder: '',
    metric: '',
    sort: 'risk',
    reduction: 'max',
    filter: noFilter,
    rows: null,
    time: null,
    maxRows: 600,
    maxColumns: 800,
    selected: null,
  }
  const changes: Partial<HeatmapRequest>[] = [
    {},
    { reduction: 'mean' },
    { reduction: 'p95', maxRows: 4, maxColumns: 11 },
    { maxRows: 3, maxColumns: 40, sort: 'name' },
    { reduction: 'mean', maxRows: 5, maxColumns: 17 },
    { time: { fromMs: extent.startMs + third, toMs: extent.endMs - third }, rows: { from: 1, to: 4 } },
  ]
  return metrics.flatMap(({ name }) => changes.map((change) => ({ ...whole, metric: name, ...change })))
}

describe.each(Object.entries(fleets))('a fleet %s', (name, { sql, config = {}, method = 'headroom' }) => {
  let folder: string
  let [run, other]: OpenRun[] = []
  beforeAll(async () => {
    const path = await workspace.writeQuery(`${Object.keys(fleets).indexOf(name)}.parquet`, sql)
    folder = (await workspace.analyse([path], { config, method })).folder
    ;[run, other] = [await openRunFolder(folder), await openRunFolder(await withoutSeries(folder))]
  })
  afterAll(async () => {
    await run?.close()
    await other?.close()
  })

  test('verifies', async () => {
    const { manifest, files } = await verifyRunFolder(folder)
    expect([manifest.format_version, files.length, files.every(({ state }) => state === 'ok')]).toEqual([5, 11, true])
  })

  test('has the same heatmaps', async () => {
    for (const request of heatmapRequests(run!)) {
      const [answer, expected] = [await runQueries['heatmap.get'](run!, request), await runQueries['heatmap.get'](other!, request)]
      expect(answer).toEqual(expected)
      expect(answer.data.values.some((value) => !Number.isNaN(value))).toBe(true)
    }
  })

  test('has the same cells in parts, and the same maxima where they are not held in memory', async () => {
    for (const { name: metric } of run!.overview.metrics) {
      const [grid, otherGrid] = [await loadSeriesGrid(run!, metric), await loadSeriesGrid(other!, metric)]
      expect({ ...grid, cellsSql: '', rows: null }).toEqual({ ...otherGrid, cellsSql: '', rows: null })
      const middle = Math.floor(grid.periods / 2)
      const { values } = await readMatrix(other!, otherGrid, middle, otherGrid.periods)
      expect(await readStoredCells(run!.contents, grid, middle, grid.periods)).toEqual(values)
      const keys = Int32Array.from({ length: grid.servers - 1 }, (_, index) => grid.servers - index)
      const rows = { from: 0, to: keys.length, size: 3, bins: Math.ceil(keys.length / 3) }
      const columns = { from: -2, to: grid.periods, size: 7, bins: Math.ceil((grid.periods + 2) / 7) }
      expect(await binStoredMaxima(run!.contents, grid, keys, rows, columns)).toEqual(
        await binInDatabase(other!, otherGrid, 'max', keys, rows, columns),
      )
    }
  })

  test('has the same what-if', async () => {
    const [session, expected] = [
      await openWhatIfSession(run!.database, run!.contents),
      await openWhatIfSession(other!.database, other!.contents),
    ]
    expect({ ...session, evaluateRun: null }).toEqual({ ...expected, evaluateRun: null })
    expect([...session.fleet.serverIds]).toEqual([...expected.fleet.serverIds])
    // Worked out when they are first asked for.
    expect(session.fleet.ranks.order).toEqual(expected.fleet.ranks.order)
    for (const verdictBy of ['points', 'probability'] as const)
      expect(session.evaluateRun(verdictBy)).toEqual(expected.evaluateRun(verdictBy))
    expect(session.fleet.values.length).toBeGreaterThan(0)
    for (const scenario of [{}, { growth_percent: 20 }, { percentile: 80 }, { horizon_days: 5 }, { threshold: 60 }]) {
      const request = { scenario: scenarioSchema.parse(scenario), grid: true, max_listed: null }
      expect(evaluateScenario(session, request)).toEqual(evaluateScenario(expected, request))
    }
  })

  test('has the same answers to every other query, and the same report', async () => {
    const [server] = await run!.database.rows('SELECT server_id FROM server_risk ORDER BY 1 LIMIT 1', z.object({ server_id: z.string() }))
    const [metric] = run!.overview.metrics
    for (const query of Object.keys(runQueries) as (keyof typeof runQueries)[]) {
      const request = JSON.parse(
        JSON.stringify(validRequests[query]).replaceAll('web-1', server!.server_id).replaceAll('cpu_p95', metric!.name),
      ) as never
      expect(await runQueries[query](run!, request)).toEqual(await runQueries[query](other!, request))
    }
    const withoutFolder = (content: unknown): unknown => JSON.parse(JSON.stringify(content).replaceAll('-without', ''))
    const [content, expected] = [await readReportContent(run!), await readReportContent(other!)]
    expect(withoutFolder({ ...content, overview: null })).toEqual(withoutFolder({ ...expected, overview: null }))
  })
})

describe('the file', () => {
  test('holds a row per series, all of its values, and no more', async () => {
    const path = await workspace.writeQuery('rows.parquet', fleets['with gaps, NULL and NaN']!.sql)
    const { folder } = await workspace.analyse([path])
    const file = literal(join(folder, runFiles.selectedSeries))
    const flagged = literal(join(folder, runFiles.flaggedForecasts))
    expect(
      await workspace.query(
        `SELECT CAST(count(*) AS INTEGER) AS series, CAST(sum(len(history)) AS INTEGER) AS measured, CAST(sum(len(horizon)) AS INTEGER) AS forecast FROM ${file}`,
      ),
    ).toEqual(
      await workspace.query(`
        WITH selected AS (
          SELECT *, timestamp > (SELECT max(timestamp) FROM ${flagged} m WHERE m.server_id = f.server_id AND m.actual IS NOT NULL AND NOT isnan(m.actual)) AS is_later,
                 coalesce(actual, 'NaN') AS measured, coalesce(predicted, 'NaN') AS forecast FROM ${flagged} f WHERE is_selected)
        SELECT CAST((SELECT count(DISTINCT server_id) FROM ${flagged}) AS INTEGER) AS series,
               CAST(count(*) FILTER (NOT coalesce(is_later, true) AND NOT (isnan(measured) AND isnan(forecast))) AS INTEGER) AS measured,
               CAST(count(*) FILTER (coalesce(is_later, true) AND NOT isnan(forecast)) AS INTEGER) AS forecast FROM selected`),
    )
  })

  test('has the same bytes on 2, 3 and 8 threads, and under a small memory limit', async () => {
    const path = await workspace.writeQuery(
      'threads.parquet',
      rowsSql(servers(90, 'web'), 200, 30, '1 day', undefined, "'cpu_p95', 'mem_p95'"),
    )
    const hashes = new Set<string>()
    for (const settings of [{ threads: 2 }, { threads: 3 }, { threads: 8 }, { threads: 2, memoryLimit: '400MB' }]) {
      const { manifest } = await workspace.analyse([path], settings)
      hashes.add(manifest.files.find(({ name }) => name === runFiles.selectedSeries)!.sha256)
    }
    expect(hashes.size).toBe(1)
  })

  test('is named by verify where it changed, and queries refuse it where it is damaged', async () => {
    const path = await workspace.writeQuery('damaged.parquet', fleets['daily']!.sql)
    const { folder } = await workspace.analyse([path])
    const file = join(folder, runFiles.selectedSeries)
    await truncate(file, 1000)
    const { files } = await verifyRunFolder(folder)
    expect(files.filter(({ state }) => state !== 'ok')).toEqual([{ name: runFiles.selectedSeries, state: 'changed' }])
    const run = await openRunFolder(folder)
    await expect(runQueries['heatmap.get'](run, heatmapRequests(run)[0]!)).rejects.toMatchObject({ code: 'run-damaged' })
    await expect(openWhatIfSession(run.database, run.contents)).rejects.toMatchObject({ code: 'run-damaged' })
    await run.close()
  })
})

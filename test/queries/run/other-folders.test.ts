// Run folders that are not quite ours: the Python job's, newer ones, damaged ones, and folders that are no run.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database, literal } from '../../../src-main/database/database.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import { queryClusters } from '../../../src-main/queries/fleet/clusters-query.ts'
import { queryHeatmap } from '../../../src-main/queries/heatmap/heatmap-query.ts'
import { compareRuns } from '../../../src-main/queries/compare/compare-runs.ts'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { queryServer } from '../../../src-main/queries/servers/server-query.ts'
import { evaluateScenario, openWhatIfSession } from '../../../src-main/queries/what-if/evaluate-scenario.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { scenarioSchema } from '../../../src-shared/ipc/what-if.ts'
import { fabricatePythonRun, fabricateRun } from '../../fixtures/fabricated-runs.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-folders-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const withRun = async (path: string, inspectRun: (run: OpenRun) => Promise<void> | void): Promise<void> => {
  const run = await openRunFolder(path)
  try {
    await inspectRun(run)
  } finally {
    await run.close()
  }
}

const heatmapOf = (run: OpenRun) =>
  queryHeatmap(run, {
    folder: run.overview.folder,
    metric: run.overview.metrics[0]?.name ?? '',
    sort: 'name',
    reduction: 'max',
    filter: noFilter,
    rows: null,
    time: null,
    maxRows: 100,
    maxColumns: 100,
    selected: null,
  })

describe('a folder of the Python job', () => {
  it('chooses one selected model per series and counts servers, with the row totals next to them', async () => {
    const path = join(folder, 'python')
    await fabricatePythonRun(path, { clusters: true })
    await withRun(path, async (run) => {
      expect(run.overview).toMatchObject({
        kind: 'python-original',
        title: 'python',
        method: null,
        granularity: 'daily',
        models: ['quiet'],
        counts: { servers: 3, atRisk: 1, underutilized: 1 },
        module05Totals: { servers: 3, atRiskRows: 29, underutilizedRows: 16 },
        savingsMonthlyUsd: 50,
      })
      const { data } = await heatmapOf(run)
      expect(data.rows.map(({ label }) => label)).toEqual(['alpha', 'bravo', 'charlie'])
      expect(Array.from(data.values.subarray(0, 8))).toEqual([10, 20, 30, 35, 85, 95, 85, 85])
      expect(data.marks.filter(({ kind }) => kind === 'eoq')).toHaveLength(1)
    })
  })

  it('takes the clusters from its table', async () => {
    await withRun(join(folder, 'python'), async (run) => {
      const data = await queryClusters(run, { folder, metric: 'cpu_p95', filter: noFilter, projection: 'spread' })
      expect([...data.cluster]).toEqual([1, 0, 0])
      expect(data.clusters.map(({ size }) => size)).toEqual([2, 1])
    })
  })

  it('says what is not there, and shows no clusters without their table', async () => {
    const path = join(folder, 'python-bare')
    await fabricatePythonRun(path, { clusters: false })
    await withRun(path, async (run) => {
      expect(run.overview.missing.map(({ file }) => file)).toEqual(
        expect.arrayContaining([runFiles.manifest, runFiles.serverRisk, runFiles.clusters, runFiles.recommendations]),
      )
      expect((await queryClusters(run, { folder, metric: 'cpu_p95', filter: noFilter, projection: 'spread' })).serverIds).toEqual([])
    })
  })
})

describe('a run of an older version', () => {
  /** server_risk.parquet as the first version wrote it. */
  const firstColumns = `server_id, metric, model, business_unit, region, criticality, monthly_cost_usd, capacity_units, lead_time_days,
    last_measured_at, horizon_start, horizon_end, horizon_periods, horizon_p95, horizon_peak, horizon_mean, horizon_std, high_threshold,
    very_high_threshold, risk_level, is_at_risk, headroom_points, first_breach_at, days_to_breach, periods_over, longest_breach_run,
    units_to_add, seasonal_peak_risk, is_underutilized, cluster, cluster_name, backtest_points, mae, mase, recommendation AS disposition`

  it('opens, and what it did not know yet is unknown', async () => {
    const path = join(folder, 'older')
    await fabricateRun(path)
    const file = join(path, runFiles.serverRisk)
    const database = await Database.open()
    await database.run(`CREATE TABLE older AS SELECT ${firstColumns} FROM read_parquet(${literal(file)})`)
    await database.run(`COPY older TO ${literal(file)} (FORMAT parquet)`)
    database.close()
    await withRun(path, async (run) => {
      expect(run.overview.counts).toEqual({
        servers: 3,
        atRisk: 1,
        atRiskBySeveral: 0,
        atRiskByNone: 0,
        certain: 0,
        underutilized: 1,
        series: 3,
      })
      const { metrics } = await queryServer(run, { folder: path, serverId: 'alpha' })
      expect(metrics).toMatchObject([{ horizon_p95: 93.5, mae: 1.5, periods_over: 4, recommendation: 'keep', is_limiting: true }])
      expect(metrics).toMatchObject([
        { breach_probability: null, breach_probability_dates: null, order_by: null, is_order_late: false, trend_per_30_days: null },
      ])
      expect(metrics).toMatchObject([{ eoq_uplift_points: null, eoq_uplift_quarters: 0, breaches_ordinary: null, bias: null }])
      expect(
        evaluateScenario(await openWhatIfSession(run.database, run.contents), {
          ...unchanged,
          scenario: scenarioSchema.parse({ threshold: 70 }),
        }),
      ).toMatchObject({
        run: { at_risk_servers: 1 },
        outcome: { at_risk_servers: 2 },
      })
    })
    await expect(compareRuns(path, path)).resolves.toMatchObject({ risks: { new: 0, cleared: 0, still_at_risk: 1, moved: 0 } })
  })
})

const unchanged = { grid: false, max_listed: null } as const

describe('folders that cannot be opened', () => {
  it('refuses a folder that is no run', async () => {
    const path = join(folder, 'holiday-pictures')
    await mkdir(path)
    await expect(openRunFolder(path)).rejects.toMatchObject({ code: 'run-not-found' })
    await expect(openRunFolder(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'run-not-found' })
  })

  it('refuses a run of a newer format and a manifest that is no manifest', async () => {
    const newer = join(folder, 'newer')
    await fabricateRun(newer, (manifest) => ({ ...manifest, format_version: 99 }))
    const refusal = { code: 'run-damaged', message: expect.stringContaining('has format version 99; this Headroom reads up to') as string }
    await expect(openRunFolder(newer)).rejects.toMatchObject(refusal)
    // Also where the newer manifest has other keys.
    await writeFile(join(newer, runFiles.manifest), '{"format_version":99,"runs":[]}')
    await expect(openRunFolder(newer)).rejects.toMatchObject(refusal)
    const damaged = join(folder, 'broken')
    await fabricateRun(damaged)
    await writeFile(join(damaged, runFiles.manifest), '{"run_id":')
    await expect(openRunFolder(damaged)).rejects.toMatchObject({ code: 'run-damaged' })
  })

  it('names the table that a run lacks', async () => {
    const path = join(folder, 'torn')
    await fabricateRun(path)
    await rm(join(path, runFiles.serverRisk))
    await expect(openRunFolder(path)).rejects.toMatchObject({
      code: 'run-damaged',
      message: expect.stringContaining('server_risk.parquet'),
    })
  })
})

// The frozen fleet of test/data: every figure of an analysis equals the figure that Python computed from the same files.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { literal } from '../../src-main/database/database.ts'
import { verifyRunFolder } from '../../src-main/run-folder/read-run-folder.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { ForecastWorkspace, type FinishedRun } from '../fixtures/forecast-workspace.ts'
import { frozenFleet } from '../fixtures/fleets.ts'

const methodsPage = join(import.meta.dirname, '..', '..', 'docs', 'methods.md')

const serverReferenceSchema = z.object({
  business_unit: z.string(),
  region: z.string(),
  criticality: z.string(),
  monthly_cost_usd: z.number(),
  capacity_units: z.number(),
  lead_time_days: z.number(),
  last_measured_at: z.string(),
  horizon_start: z.string(),
  horizon_end: z.string(),
  high_threshold: z.number(),
  very_high_threshold: z.number(),
  is_limiting: z.boolean(),
  model: z.string(),
  backtest_points: z.number(),
  mae: z.number(),
  mase: z.number(),
  smape_percent: z.number(),
  bias: z.number(),
  interval_coverage: z.number().nullable(),
  horizon_periods: z.number(),
  horizon_p95: z.number(),
  horizon_peak: z.number(),
  horizon_mean: z.number(),
  horizon_std: z.number(),
  trend_per_30_days: z.null(),
  seasonal_peak_risk: z.number(),
  headroom_points: z.number(),
  risk_level: z.string(),
  is_at_risk: z.boolean(),
  first_breach_at: z.string().nullable(),
  days_to_breach: z.number().nullable(),
  periods_over: z.number(),
  longest_breach_run: z.number(),
  units_to_add: z.number(),
  order_by: z.string().nullable(),
  is_order_late: z.boolean(),
  is_underutilized: z.boolean(),
  recommendation: z.string(),
  target_host: z.string().nullable(),
})
const referenceColumns = Object.keys(serverReferenceSchema.shape)
const timeColumns = new Set(['last_measured_at', 'horizon_start', 'horizon_end', 'first_breach_at', 'order_by'])

const savingsSchema = z.object({
  capacity_freed_units: z.number(),
  hosts_removable: z.number(),
  retired: z.number(),
  consolidated: z.number(),
  monthly_savings_usd: z.number(),
})

const referenceSchema = z.object({
  counts: z.object({
    rows: z.number(),
    total_servers: z.number(),
    at_risk_servers: z.number(),
    underutilized_servers: z.number(),
  }),
  servers: z.record(z.string(), serverReferenceSchema),
  savings: savingsSchema,
  module05: z.object({
    rows: z.number(),
    risk_flag_rows: z.number(),
    high_rows: z.number(),
    medium_rows: z.number(),
    is_eoq_rows: z.number(),
    underutilized_servers: z.number(),
    underutilized_rows: z.number(),
    inertia: z.number(),
    centres: z.array(z.tuple([z.number(), z.number()])),
    sizes: z.array(z.number()),
    cluster_by_server: z.record(z.string(), z.number()),
    total_savings_usd: z.number(),
  }),
})
type Reference = z.infer<typeof referenceSchema>

let workspace: ForecastWorkspace
let reference: Reference
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  reference = referenceSchema.parse(JSON.parse(await readFile(frozenFleet.reference, 'utf8')))
})
afterAll(async () => workspace.close())

/** The columns of server_risk.parquet that the reference has, by server: times as ISO text. */
const readFigures = async (run: FinishedRun): Promise<Record<string, unknown>> => {
  const columns = referenceColumns.map((name) => (timeColumns.has(name) ? `strftime(${name}, '%Y-%m-%dT%H:%M:%S') AS ${name}` : name))
  const rows = await workspace.query(
    `SELECT server_id, ${columns.join(', ')} FROM read_parquet(${literal(join(run.folder, runFiles.serverRisk))}) ORDER BY server_id`,
  )
  return Object.fromEntries(rows.map(({ server_id, ...figures }) => [String(server_id), figures]))
}

/** Numbers as close to the reference's as double precision brings two orders of summation. */
const nearly = (value: unknown): unknown => (typeof value === 'number' && !Number.isInteger(value) ? expect.closeTo(value, 9) : value)

describe('the frozen fleet by the default method', () => {
  // Paths are drawn by Headroom's own generator: without them every figure has an outside reference.
  let run: FinishedRun
  beforeAll(async () => {
    run = await workspace.analyse(frozenFleet.forecasts, { serversTable: frozenFleet.servers, config: { breach_probability: false } })
  })

  test('has the reference figures of every server', async () => {
    const expected = Object.entries(reference.servers).map(([server, figures]) => [
      server,
      Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, nearly(value)])),
    ])
    expect(await readFigures(run)).toEqual(Object.fromEntries(expected))
  })

  test('has the reference counts', async () => {
    expect(run.manifest.counts).toMatchObject(reference.counts)
    const { total_servers, at_risk_servers, underutilized_servers } = reference.counts
    const optimization_savings_usd = reference.savings.monthly_savings_usd
    const summary = await run.json(runFiles.summary, z.looseObject({}))
    expect(summary).toMatchObject({ total_servers, at_risk_servers, underutilized_servers, optimization_savings_usd })
  })

  test('has the reference savings', async () => {
    const report = await run.json(runFiles.recommendations, z.looseObject({ waterfall: savingsSchema, total_savings_usd: z.number() }))
    expect(report).toMatchObject({
      waterfall: reference.savings,
      total_savings_usd: reference.savings.monthly_savings_usd,
      underutilized_count: reference.counts.underutilized_servers,
    })
  })

  test('writes twelve files that verify', async () => {
    expect((await readdir(run.folder)).sort()).toEqual(Object.values(runFiles).sort())
    const { files } = await verifyRunFolder(run.folder)
    expect(files).toHaveLength(11)
    expect(files.filter(({ state }) => state !== 'ok')).toEqual([])
  })

  test('is hourly, and warns of one gap and one missing model', () => {
    expect(run.manifest).toMatchObject({ granularity: 'hourly', step_seconds: 3600, horizon: { periods: 24 } })
    expect(run.manifest.warnings.map(({ code }) => code)).toEqual(expect.arrayContaining(['gaps', 'models-missing']))
  })
})

describe('the frozen fleet by the method of Module 05', () => {
  let run: FinishedRun
  beforeAll(async () => {
    run = await workspace.analyse(frozenFleet.forecasts, { method: 'module05' })
  })

  test('has the reference counts of rows in the flagged file', async () => {
    const [counts] = await run.flagged(
      `SELECT count(*)::DOUBLE AS rows, count_if(risk_flag)::DOUBLE AS risk_flag_rows,
              count_if(risk_level = 'high')::DOUBLE AS high_rows, count_if(risk_level = 'medium')::DOUBLE AS medium_rows,
              count_if(is_eoq)::DOUBLE AS is_eoq_rows, count_if(is_underutilized)::DOUBLE AS underutilized_rows,
              count(DISTINCT server_id) FILTER (WHERE is_underutilized)::DOUBLE AS underutilized_servers
       FROM flagged`,
    )
    const { rows, risk_flag_rows, high_rows, medium_rows, is_eoq_rows, underutilized_servers, underutilized_rows } = reference.module05
    expect(counts).toEqual({ rows, risk_flag_rows, high_rows, medium_rows, is_eoq_rows, underutilized_servers, underutilized_rows })
  })

  test('has the reference clusters: sizes, centres, inertia and every member', async () => {
    const summary = await run.json(
      runFiles.summary,
      z.looseObject({
        kmeans_inertia: z.number(),
        clusters: z.array(z.object({ size: z.number(), centre: z.object({ mean: z.number(), std: z.number() }) })),
      }),
    )
    const { inertia, centres, sizes, cluster_by_server: members } = reference.module05
    expect(summary.kmeans_inertia).toBeCloseTo(inertia, 6)
    expect(summary.clusters.map(({ size }) => size)).toEqual(sizes)
    expect(summary.clusters.map(({ centre }) => [centre.mean, centre.std])).toEqual(centres.map((centre) => centre.map(nearly)))
    const clusters = await run.clusters()
    expect(Object.fromEntries(clusters.map((row) => [row['server_id'], row['cluster']]))).toEqual(members)
  })

  test('has the reference savings', async () => {
    const { total_savings_usd } = reference.module05
    expect(await run.json(runFiles.recommendations, z.looseObject({}))).toMatchObject({ total_savings_usd })
  })
})

test('the worked example of docs/methods.md states the figures of the run', async () => {
  const run = await workspace.analyse(frozenFleet.forecasts, { serversTable: frozenFleet.servers })
  const [server] = await workspace.query(
    `SELECT model, round(mae, 3) AS mae, round(mase, 3) AS mase, round(mae / mase, 3) AS naive_error, round(horizon_p95, 3) AS p95, horizon_peak,
            risk_level, days_to_breach, periods_over, longest_breach_run, breaches_eoq, units_to_add,
            round(at_risk_probability_raw, 3) AS raw, round(at_risk_probability, 3) AS probability, round(p95_p10, 2) AS p95_p10,
            round(p95_median, 2) AS p95_median, round(p95_p90, 2) AS p95_p90, recommendation,
            strftime(first_breach_at, '%H:%M') AS first_breach, strftime(expected_first_breach, '%H:%M') AS expected_first_breach,
            strftime(first_breach_p20, '%H:%M') AS first_breach_p20, round(sizing_p95, 2) AS sizing_p95, round(percent_to_add, 1) AS percent_to_add,
            strftime(order_by, '%-d %B, %H:%M') AS order_by, is_order_late
     FROM read_parquet(${literal(join(run.folder, runFiles.serverRisk))}) WHERE server_id = 'vm-34'`,
  )
  expect(server).toEqual({
    model: 'seasonal_mean',
    mae: 2.694,
    mase: 0.676,
    naive_error: 3.985,
    p95: 81.221,
    horizon_peak: 81.62,
    risk_level: 'medium',
    days_to_breach: 0.5,
    periods_over: 4,
    longest_breach_run: 4,
    breaches_eoq: 4,
    raw: 0.935,
    probability: 0.941,
    p95_p10: 81.41,
    p95_median: 83.5,
    p95_p90: 86.01,
    units_to_add: 1,
    recommendation: 'add capacity',
    first_breach: '11:00',
    expected_first_breach: '04:00',
    first_breach_p20: '01:00',
    sizing_p95: 86.01,
    percent_to_add: 7.5,
    order_by: '1 March, 01:00',
    is_order_late: true,
  })
  const [, section = ''] = /^## One server, worked through$([^]*?)^## /m.exec(await readFile(methodsPage, 'utf8')) ?? []
  for (const stated of [
    '2.694',
    '0.676',
    '3.985',
    '81.221',
    '`medium`',
    '0.935',
    '0.941',
    '83.50',
    '81.41',
    '86.01',
    '11:00',
    '04:00',
    '01:00',
    '7.5 %',
    '1 March',
    '*add capacity*',
  ]) {
    expect(section).toContain(stated)
  }
})

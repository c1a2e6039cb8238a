// Invariants of an analysis: order of rows, division into files, names, costs and an outlier change no other figure.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { AnalysisRequest } from '../../src-main/engine/analysis-request.ts'
import { writeSampleFleet } from '../../src-main/sample/write-sample-fleet.ts'
import { pathMomentColumns } from '../../src-shared/artefacts/server-risk.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { ForecastWorkspace, type FinishedRun, type TestRow } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
let forecasts: string
let serversTable: string
let baseline: FinishedRun

beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const sample = await writeSampleFleet(
    { servers: 60, out: join(workspace.folder, 'sample.parquet'), granularity: 'daily', end: '2026-11-22', seed: 23 },
    {},
  )
  ;({ forecasts, serversTable } = sample)
  baseline = await analyse(forecasts)
})
afterAll(async () => workspace.close())

const config = { breach_probability: true }
const analyse = async (inputs: string | readonly string[], request: Partial<AnalysisRequest> = {}): Promise<FinishedRun> =>
  workspace.analyse(inputs, { serversTable, config, ...request })

const from = (): string => `FROM read_parquet('${forecasts}')`

/** Rows by server as text, so that every bit of every figure counts. */
const rowsOf = async (run: FinishedRun, ignoredKeys: readonly string[] = []): Promise<Map<string, string>> =>
  new Map((await run.serverRisk()).map((row) => [`${String(row['server_id'])} ${String(row['metric'])}`, textOf(row, ignoredKeys)]))

const textOf = (row: TestRow, ignoredKeys: readonly string[]): string =>
  JSON.stringify(
    Object.entries(row).filter(([name]) => !ignoredKeys.includes(name)),
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  )

const summaryOf = async (run: FinishedRun): Promise<object> => {
  const { analyzed_at: _, ...rest } = await run.json(runFiles.summary, z.looseObject({ analyzed_at: z.string() }))
  return rest
}

const textFiles = [runFiles.recommendations, runFiles.clusters, runFiles.modelAccuracy]

/** Recommendations quote the input's column names in their queries. */
const withoutQueries = (text: string): string => text.replaceAll(/"query": ".*"$/gm, '"query"')

/** Every figure of the run, except the flagged file, whose rows have the input's order. */
const figuresOf = async (run: FinishedRun, seen: (text: string) => string = (text) => text): Promise<object> => ({
  rows: await rowsOf(run),
  summary: await summaryOf(run),
  files: await Promise.all(textFiles.map(async (name) => seen(await readFile(join(run.folder, name), 'utf8')))),
})

describe('no figure changes', () => {
  test.each([1, 2])('when rows are shuffled (%i)', async (seed) => {
    const shuffled = await workspace.writeQuery(
      `shuffled-${seed}.parquet`,
      `SELECT * ${from()} ORDER BY hash(server_id, timestamp, model, ${seed})`,
    )
    const [first] = await workspace.query(`SELECT server_id, timestamp FROM read_parquet('${shuffled}') LIMIT 1`)
    const [before] = await workspace.query(`SELECT server_id, timestamp ${from()} LIMIT 1`)
    expect(first).not.toEqual(before)
    expect(await figuresOf(await analyse(shuffled))).toEqual(await figuresOf(baseline))
  })

  test('when the dataset is divided by server, time or model, in any order of files', async () => {
    for (const [name, cut] of [
      ['server', 'hash(server_id) % 3'],
      ['time', 'year(timestamp) % 3'],
      ['model', 'hash(model) % 3'],
    ] as const) {
      const parts: string[] = []
      for (const part of [2, 0, 1])
        parts.push(await workspace.writeQuery(`${name}-${part}.parquet`, `SELECT * ${from()} WHERE ${cut} = ${part}`))
      expect([name, await figuresOf(await analyse(parts))]).toEqual([name, await figuresOf(baseline)])
    }
  })

  test('when columns have another order and other names', async () => {
    const renamed = await workspace.writeQuery(
      'renamed.parquet',
      `SELECT yhat_upper AS p90, yhat_lower AS p10, predicted AS yhat, actual AS y, model, timestamp AS ds, server_id AS host, * EXCLUDE
         (yhat_upper, yhat_lower, predicted, actual, model, timestamp, server_id) ${from()}`,
    )
    expect(await figuresOf(await analyse(renamed), withoutQueries)).toEqual(await figuresOf(baseline, withoutQueries))
  })
})

describe('with other server names', () => {
  /** Draws and folds go by the server's name, so probabilities and what they decide may change with it. */
  const drawn = [
    'at_risk_probability',
    'at_risk_probability_raw',
    'at_risk_probability_by',
    'very_high_probability',
    'server_at_risk_probability',
    'server_breach_probability',
    'is_at_risk',
    'risk_level',
    'is_server_at_risk',
    'server_risk_level',
    'units_to_add',
    'percent_to_add',
    'likely_p95',
    'sizing_p95',
    'breaching_p95',
    'first_breach_p20',
    ...pathMomentColumns,
    'p95_median',
    'p95_p10',
    'p95_p90',
    'breach_probability',
    'breach_probability_raw',
    'breach_probability_by',
    'expected_first_breach',
    'conservative_p95',
    'interval_margin',
    'interval_margin_early',
    'interval_margin_middle',
    'interval_margin_late',
    'order_by',
    'is_order_late',
    'recommendation',
    'target_host',
    'host_load_p50',
    'host_load_p90',
    'host_share_above_target',
  ]
  const renameServers = async (
    name: string,
    as: string,
    ignoredKeys: readonly string[],
  ): Promise<{ found: Map<string, string>; expected: Map<string, string> }> => {
    const set = await workspace.writeQuery(`${name}.parquet`, `SELECT * REPLACE (${as} AS server_id) ${from()}`)
    const table = join(workspace.folder, `${name}.csv`)
    await workspace.query(`COPY (SELECT * REPLACE (${as} AS server_id) FROM read_csv('${serversTable}')) TO '${table}'`)
    const names = new Map(
      (await workspace.query(`SELECT DISTINCT server_id, ${as} AS other ${from()}`)).map((row) => [row['server_id'], row['other']]),
    )
    const hidden = ['server_id', ...ignoredKeys]
    const found = await rowsOf(await analyse(set, { serversTable: table }), hidden)
    const expectedCosts = [...(await rowsOf(baseline, hidden))].map(([key, text]): [string, string] => {
      const [server, metric] = key.split(' ')
      return [`${String(names.get(server))} ${metric}`, text]
    })
    return { found, expected: new Map(expectedCosts) }
  }

  test('in the same order, only simulated figures change', async () => {
    const { found, expected } = await renameServers('prefixed', `'x-' || server_id`, drawn)
    expect(found).toEqual(expected)
  })

  test('probabilities move by the error of simulation alone: half of them by less than 0.01, 99 % by less than 0.08', async () => {
    const set = await workspace.writeQuery('renamed-servers.parquet', `SELECT * REPLACE ('y-' || server_id AS server_id) ${from()}`)
    const renamed = await analyse(set)
    for (const figure of ['at_risk_probability', 'breach_probability']) {
      const of = (run: FinishedRun): string => `read_parquet('${join(run.folder, runFiles.serverRisk)}')`
      const [moved] = await workspace.query(
        `SELECT quantile_cont(abs(a.${figure} - b.${figure}), 0.5) AS median, quantile_cont(abs(a.${figure} - b.${figure}), 0.99) AS high,
                CAST(count(*) AS INTEGER) AS compared
         FROM ${of(baseline)} a JOIN ${of(renamed)} b ON b.server_id = 'y-' || a.server_id AND b.metric = a.metric
         WHERE a.${figure} IS NOT NULL`,
      )
      expect(moved!['compared']).toBe(60)
      expect(moved!['median']).toBeLessThan(0.01)
      expect(moved!['high']).toBeLessThan(0.08)
    }
  })

  test('in another order, only simulated figures and clusters may change', async () => {
    const { found, expected } = await renameServers('hashed', 'md5(server_id)', [...drawn, 'cluster', 'cluster_name'])
    expect(found).toEqual(expected)
  })
})

test('twice the cost saves twice as much and changes nothing else of a server', async () => {
  const doubledCosts = join(workspace.folder, 'dear.csv')
  await workspace.query(
    `COPY (SELECT * REPLACE (2 * monthly_cost_usd AS monthly_cost_usd) FROM read_csv('${serversTable}')) TO '${doubledCosts}'`,
  )
  const run = await analyse(forecasts, { serversTable: doubledCosts })
  expect(await rowsOf(run, ['monthly_cost_usd'])).toEqual(await rowsOf(baseline, ['monthly_cost_usd']))
  const savings = z.looseObject({ total_savings_usd: z.number() })
  const { total_savings_usd: before } = await baseline.json(runFiles.recommendations, savings)
  expect(before).toBeGreaterThan(0)
  expect((await run.json(runFiles.recommendations, savings)).total_savings_usd).toBe(2 * before)
})

test('an outlier changes only clusters and shared residuals of other servers', async () => {
  const distantServer = await workspace.writeQuery(
    'far.parquet',
    `SELECT * ${from()} UNION ALL BY NAME
     SELECT * REPLACE ('zz-far-away' AS server_id, 1000 * actual AS actual, 1000 * predicted AS predicted, 1000 * yhat_lower AS yhat_lower, 1000 * yhat_upper AS yhat_upper)
     ${from()} WHERE server_id = (SELECT min(server_id) ${from()})`,
  )
  // Breach probabilities borrow from a bin of like servers, and bins are by rank: they may change, so they are left out.
  const withoutPooling = { config: { breach_probability: false } }
  const run = await analyse(distantServer, withoutPooling)
  const others = ['cluster', 'cluster_name']
  const before = await rowsOf(await analyse(forecasts, withoutPooling), others)
  const after = await rowsOf(run, others)
  expect(after.size).toBe(before.size + 1)
  for (const [key, text] of before) expect(after.get(key)).toBe(text)
})

// What-if on a run: three servers with every answer worked out by hand, and what holds between any scenario and its run.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import {
  evaluateScenario,
  describeChoices,
  openWhatIfSession,
  type WhatIfSession,
} from '../../../src-main/queries/what-if/evaluate-scenario.ts'
import { writeSampleFleet } from '../../../src-main/sample/write-sample-fleet.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import { queryRecommendations } from '../../../src-main/queries/recommendations/recommendations-query.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { scenarioSchema, fleetResultSchema, type FleetResult } from '../../../src-shared/ipc/what-if.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { seededRandom } from '../../fixtures/seeded-random.ts'

let workspace: ForecastWorkspace
const opened: OpenRun[] = []

beforeAll(async () => void (workspace = await ForecastWorkspace.open()))
afterAll(async () => {
  await Promise.all(opened.map((run) => run.close()))
  await workspace.close()
})

const open = async (folder: string): Promise<{ run: OpenRun; whatIf: WhatIfSession }> => {
  const run = await openRunFolder(folder)
  opened.push(run)
  return { run, whatIf: await openWhatIfSession(run.database, run.contents) }
}

const requestScenario = (whatIf: WhatIfSession, scenario: object = {}, grid = false): FleetResult =>
  fleetResultSchema.parse(evaluateScenario(whatIf, { scenario: scenarioSchema.parse(scenario), grid, max_listed: null }))

const serversTable = `server_id,business_unit,region,criticality,monthly_cost_usd,capacity_units
a,shop,eu,usual,200,2
b,shop,eu,usual,100,1
c,shop,us,critical,400,4
`

/**
 * Five days from 2 January. P95 by linear interpolation, at rank 0.95 x 4 = 3.8: a 0.2 x 80 + 0.8 x 90 = 88, b 0.2 x 40 + 0.8 x 50 = 48
 * and 70, c 85. At risk above 80: a and c.
 */
const rows = [
  ...seriesRows({ server: 'a', metric: 'cpu_p95', actual: [50], horizon: [50, 60, 70, 80, 90] }),
  ...seriesRows({ server: 'b', metric: 'cpu_p95', actual: [10], horizon: [10, 20, 30, 40, 50] }),
  ...seriesRows({ server: 'b', metric: 'mem_p95', actual: [70], horizon: times(5, 70) }),
  ...seriesRows({ server: 'c', metric: 'cpu_p95', actual: [85], horizon: times(5, 85) }),
]

/** What Do next adds, USD a month. */
const addedUsd = async (run: OpenRun): Promise<number> => {
  const { groups } = await queryRecommendations(run, {
    folder: run.overview.folder,
    metric: 'cpu_p95',
    filter: noFilter,
    verdict: 'all',
    groupBy: 'kind',
    offset: 0,
    limit: 1,
  })
  return groups.reduce((sum, { added_monthly_usd: usd }) => sum + usd, 0)
}

/** Servers of a list with what is held against which limit, to nine decimals. */
const listed = (list: FleetResult['newly_at_risk']): unknown[] =>
  list.servers.map(({ server_id, metric, value, threshold }) => [server_id, metric, Number(value.toFixed(9)), threshold])

describe('three servers', () => {
  let fleet: WhatIfSession
  beforeAll(async () => {
    const forecasts = await workspace.writeForecasts('three.parquet', rows)
    const table = await workspace.writeText('three.csv', serversTable)
    fleet = (await open((await workspace.analyse(forecasts, { serversTable: table })).folder)).whatIf
  })

  test('equal those of the run', () => {
    // Units: a 2 x (88 / 80 - 1) = 0.2, up to 1; c 4 x (85 / 80 - 1) = 0.25, up to 1. A unit costs 200 / 2 and 400 / 4.
    const { run, outcome, newly_at_risk, no_longer_at_risk } = requestScenario(fleet)
    expect(run).toEqual({
      servers: 3,
      at_risk_servers: 2,
      underutilized_servers: 0,
      soonest_breach: { server_id: 'c', metric: 'cpu_p95', at: '2026-01-02T00:00:00Z' },
      // Without an error in the past a and c breach for certain and b by neither metric: 0.99 twice and 0.01.
      at_risk_expected: expect.closeTo(1.99, 9),
      breach_expected: expect.closeTo(1.99, 9),
      units_to_add: 2,
      units_monthly_usd: 200,
      fleet_monthly_usd: 700,
    })
    expect(outcome).toEqual(run)
    expect([newly_at_risk, no_longer_at_risk]).toEqual([
      { count: 0, servers: [] },
      { count: 0, servers: [] },
    ])
  })

  test('name the first breach as the summary bar does where date, probability, cost and units are the same', async () => {
    // Both need one unit of 100 USD: z 100 / 80 - 1 = 25 %, a 84 / 80 - 1 = 5 %.
    const twoRows = [
      ...seriesRows({ server: 'a', metric: 'cpu_p95', actual: [84], horizon: times(5, 84) }),
      ...seriesRows({ server: 'z', metric: 'cpu_p95', actual: [100], horizon: times(5, 100) }),
    ]
    const forecasts = await workspace.writeForecasts('same-date.parquet', twoRows)
    const table = await workspace.writeText('same-date.csv', 'server_id,monthly_cost_usd,capacity_units\na,100,1\nz,100,1\n')
    const { run, whatIf } = await open((await workspace.analyse(forecasts, { serversTable: table })).folder)
    expect(run.overview.soonestBreach).toMatchObject({ serverId: 'z', servers: 2 })
    expect(requestScenario(whatIf).outcome.soonest_breach).toMatchObject({ server_id: 'z' })
  })

  test('need percent of their capacity where that is not stated, as Do next says', async () => {
    const forecasts = await workspace.writeForecasts('percent.parquet', rows)
    const table = await workspace.writeText('percent.csv', serversTable.replaceAll(/,\w+$/gm, ''))
    const { run, whatIf } = await open((await workspace.analyse(forecasts, { serversTable: table })).folder)
    // a 88 / 80 - 1 = 10 % of 200 USD, c 85 / 80 - 1 = 6.25 % of 400 USD.
    expect(requestScenario(whatIf).outcome).toMatchObject({
      at_risk_servers: 2,
      units_to_add: null,
      units_monthly_usd: expect.closeTo(45, 9),
    })
    expect(await addedUsd(run)).toBeCloseTo(45, 4)
    // b 70 x 1.15 / 80 - 1 = 0.625 %.
    const [server] = requestScenario(whatIf, { growth_percent: 15 }).newly_at_risk.servers
    expect(server).toMatchObject({ server_id: 'b', units_to_add: null, percent_to_add: expect.closeTo(0.625, 9) })
  })

  test('say what a scenario may name', () => {
    expect(describeChoices(fleet)).toEqual({
      threshold: 80,
      underutilized_threshold: 40,
      horizon_days: 5,
      metrics: ['cpu_p95', 'mem_p95'],
      business_units: ['shop'],
      regions: ['eu', 'us'],
      criticalities: ['critical', 'usual'],
    })
  })

  test('are freed by a higher threshold, the one with the least headroom first', () => {
    const { outcome, no_longer_at_risk } = requestScenario(fleet, { threshold: 90 })
    expect(outcome).toMatchObject({ at_risk_servers: 0, soonest_breach: null, units_to_add: 0, units_monthly_usd: 0 })
    expect(listed(no_longer_at_risk)).toEqual([
      ['a', 'cpu_p95', 88, 90],
      ['c', 'cpu_p95', 85, 90],
    ])
  })

  test('at exactly the threshold are not above it', () => {
    expect(requestScenario(fleet, { threshold: 85 }).outcome.at_risk_servers).toBe(1)
    expect(requestScenario(fleet, { threshold: 88 }).outcome.at_risk_servers).toBe(0)
  })

  test('are evaluated by any percentile: the median of a is 70, its peak 90', () => {
    expect(listed(requestScenario(fleet, { percentile: 50 }).no_longer_at_risk)).toEqual([['a', 'cpu_p95', 70, 80]])
    // Rank 0.9 x 4 = 3.6: 0.4 x 80 + 0.6 x 90 = 86.
    expect(requestScenario(fleet, { percentile: 90, threshold: 85.9 }).outcome.at_risk_servers).toBe(1)
    expect(requestScenario(fleet, { percentile: 90, threshold: 86.1 }).outcome.at_risk_servers).toBe(0)
    expect(requestScenario(fleet, { percentile: 100, threshold: 89 }).outcome.at_risk_servers).toBe(1)
  })

  test('grow: 70 x 1.15 = 80.5 puts b at risk by its memory', () => {
    // Units: a 2 x (101.2 / 80 - 1) = 0.53, b 0.00625, c 4 x (97.75 / 80 - 1) = 0.8875; each up to 1, of 100 USD.
    const { outcome, newly_at_risk } = requestScenario(fleet, { growth_percent: 15 })
    expect(listed(newly_at_risk)).toEqual([['b', 'mem_p95', 80.5, 80]])
    expect(newly_at_risk.servers[0]).toMatchObject({ run_value: 70, first_breach_at: '2026-01-02T00:00:00Z', units_to_add: 1 })
    expect(outcome).toMatchObject({ at_risk_servers: 3, units_to_add: 3, units_monthly_usd: 300 })
  })

  test('grow apart by group, the last that fits: 85 x 0.9 = 76.5', () => {
    const groups = [
      { column: 'business_unit', value: 'shop', percent: 40 },
      { column: 'region', value: 'us', percent: -10 },
    ]
    const { newly_at_risk, no_longer_at_risk } = requestScenario(fleet, { growth_percent: 1000, group_growth: groups })
    expect(listed(newly_at_risk)).toEqual([['b', 'mem_p95', 98, 80]])
    expect(listed(no_longer_at_risk)).toEqual([['c', 'cpu_p95', 76.5, 80]])
  })

  test('of a shorter horizon: four days of a have 0.15 x 70 + 0.85 x 80 = 78.5', () => {
    expect(listed(requestScenario(fleet, { horizon_days: 4 }).no_longer_at_risk)).toEqual([['a', 'cpu_p95', 78.5, 80]])
    expect(requestScenario(fleet, { horizon_days: 5 }).outcome).toEqual(requestScenario(fleet).run)
    // One day: b has means of 10 and 70, a of 50.
    expect(requestScenario(fleet, { horizon_days: 1, underutilized_threshold: 60 }).outcome.underutilized_servers).toBe(1)
  })

  test('have thresholds by metric and by criticality', () => {
    const special = [
      { column: 'metric', value: 'mem_p95', threshold: 65 },
      { column: 'criticality', value: 'critical', threshold: 90 },
    ]
    const { newly_at_risk, no_longer_at_risk } = requestScenario(fleet, { special_thresholds: special })
    expect(listed(newly_at_risk)).toEqual([['b', 'mem_p95', 70, 65]])
    expect(listed(no_longer_at_risk)).toEqual([['c', 'cpu_p95', 85, 90]])
  })

  test('leave their demand to their group: b takes twice the percent of a, which has two units', () => {
    // b: 10 + 2 x 50 = 110 up to 50 + 2 x 90 = 230; P95 0.2 x 200 + 0.8 x 230 = 224. Units: 224 / 80 - 1 = 1.8, up to 2.
    const response = requestScenario(fleet, { removed_servers: ['a'] })
    expect(listed(response.newly_at_risk)).toEqual([['b', 'cpu_p95', 224, 80]])
    expect(response).toMatchObject({ removed_at_risk_servers: 1, no_longer_at_risk: { count: 0 }, unplaced: [] })
    expect(response.outcome).toMatchObject({ servers: 2, at_risk_servers: 2, units_to_add: 3, fleet_monthly_usd: 500 })
  })

  test('that leave no server are reported', () => {
    const response = requestScenario(fleet, { removed_servers: ['c'] })
    expect(response.unplaced).toEqual([{ business_unit: 'shop', region: 'us', criticality: 'critical' }])
    expect(response.outcome).toMatchObject({ servers: 2, at_risk_servers: 1 })
  })

  test('share the load: two more units next to three leave each three fifths, and carry the mean', () => {
    // a 0.6 x 88 = 52.8. The added one: (2 x a + b) / 5, 22 up to 46; memory 70 / 3, as b keeps. Means below 40: b and the added one.
    const response = requestScenario(fleet, { added_servers: [{ count: 1, like: 'a' }] })
    expect(listed(response.no_longer_at_risk)).toEqual([['a', 'cpu_p95', 52.8, 80]])
    expect(response.outcome).toMatchObject({ servers: 4, at_risk_servers: 1, underutilized_servers: 2, fleet_monthly_usd: 900 })
    // 0.2 x 40 + 0.8 x 46 = 44.8.
    expect(listed(requestScenario(fleet, { added_servers: [{ count: 1, like: 'a' }], threshold: 44 }).newly_at_risk)).toEqual([
      ['added like a', 'cpu_p95', 44.8, 44],
    ])
  })

  test('added alike share one entry and each counts', () => {
    const { outcome, newly_at_risk } = requestScenario(fleet, { added_servers: [{ count: 3, like: 'c' }], threshold: 20 })
    // c has 85 on 4 units; on 16 units that is 21.25 for c and the three like it.
    expect(newly_at_risk.servers.find(({ server_id }) => server_id === 'added like c')).toMatchObject({
      servers: 3,
      value: 21.25,
      run_value: null,
    })
    // b by its memory of 70, and the three; a and c stay.
    expect(newly_at_risk.count).toBe(4)
    expect(outcome).toMatchObject({ servers: 6, at_risk_servers: 6, fleet_monthly_usd: 1900 })
  })

  test('cost what the scenario says, and are idle below its mean', () => {
    // Means: a 70, b 30 and 70, c 85. A unit costs 50 / 2 and 50 / 4.
    const { outcome } = requestScenario(fleet, { monthly_cost_usd: 50, underutilized_threshold: 75 })
    expect(outcome).toMatchObject({ fleet_monthly_usd: 150, units_monthly_usd: 37.5, underutilized_servers: 2 })
  })

  test('make a grid, with separate lines for the scenario', () => {
    const { grid } = requestScenario(fleet, { threshold: 82, percentile: 60 }, true)
    expect(grid?.thresholds).toEqual([60, 65, 70, 75, 80, 82, 85, 90, 95])
    expect(grid?.percentiles).toEqual([50, 60, 75, 90, 95, 99, 100])
    // P50: 70, 70, 85. P95: 88, 70, 85. Peak: 90, 70, 85.
    expect([grid?.at_risk_servers[0], grid?.at_risk_servers[4], grid?.at_risk_servers[6]]).toEqual([
      [3, 3, 1, 1, 1, 1, 0, 0, 0],
      [3, 3, 2, 2, 2, 2, 1, 0, 0],
      [3, 3, 2, 2, 2, 2, 1, 0, 0],
    ])
  })

  test.each([
    [{ removed_servers: ['d'] }, 'The run has no server "d".'],
    [{ added_servers: [{ count: 1, like: 'zeta-web-1' }] }, 'The run has no server "zeta-web-1".'],
    [{ group_growth: [{ column: 'region', value: 'asia', percent: 5 }] }, 'The run has no region "asia".'],
    [{ special_thresholds: [{ column: 'metric', value: 'disk', threshold: 5 }] }, 'The run has no metric with a threshold called "disk".'],
    [
      { special_thresholds: [{ column: 'criticality', value: 'high', threshold: 5 }] },
      'The run has no criticality with a threshold called "high".',
    ],
    [
      { group_growth: [5, 50].map((percent) => ({ column: 'region', value: 'eu', percent })) },
      'The scenario states twice: growth for region "eu".',
    ],
    [
      { special_thresholds: [60, 90].map((threshold) => ({ column: 'metric', value: 'cpu_p95', threshold })) },
      'The scenario states twice: threshold for metric "cpu_p95".',
    ],
  ])('refuse %j', (scenario, message) => {
    expect(() => requestScenario(fleet, scenario)).toThrow(expect.objectContaining({ code: 'scenario-invalid', message }))
  })
})

test('the general threshold spares metrics and criticalities with a specific one, and a criticality wins', async () => {
  const forecasts = await workspace.writeForecasts('own.parquet', rows)
  const config = {
    metric_thresholds: { mem_p95: { high: 75, very_high: 85 } },
    criticality_thresholds: { critical: { high: 95, very_high: 98 } },
  }
  const table = await workspace.writeText('own.csv', serversTable)
  const { whatIf } = await open((await workspace.analyse(forecasts, { serversTable: table, config })).folder)
  // a falls under 30, b by its processor's 48; b's memory of 70 stays under 75 and c under 95.
  expect(requestScenario(whatIf, { threshold: 30 }).outcome.at_risk_servers).toBe(2)
  expect(listed(requestScenario(whatIf, { threshold: 30 }).newly_at_risk)).toEqual(
    [['b', 'mem_p95', 70, 75]].slice(1).concat([['b', 'cpu_p95', 48, 30]]),
  )
  // c is evaluated by its criticality's 95, whatever a metric is given.
  expect(
    requestScenario(whatIf, { special_thresholds: [{ column: 'metric', value: 'cpu_p95', threshold: 84 }] }).outcome.at_risk_servers,
  ).toBe(1)
})

test("a run of Module 05's method, and its bare folder, have their own figures, but none of idle servers", async () => {
  const forecasts = await workspace.writeForecasts('other.parquet', rows)
  const { folder } = await workspace.analyse(forecasts, { method: 'module05' })
  const module05 = (await open(folder)).whatIf
  expect(requestScenario(module05).outcome).toMatchObject({ servers: 3, at_risk_servers: 2, underutilized_servers: null })
  // Module 05 has one threshold of 80 for all.
  expect(requestScenario(module05, { threshold: 69 }).outcome.at_risk_servers).toBe(3)
  await rm(join(folder, runFiles.manifest))
  const baseline = (await open(folder)).whatIf
  expect(requestScenario(baseline).outcome).toMatchObject({ servers: 3, at_risk_servers: 2, underutilized_servers: null })
  expect(requestScenario(baseline, { growth_percent: 15 }).outcome.at_risk_servers).toBe(3)
})

test('a conservative run takes the forecast of a metric without a backtest', async () => {
  // Nothing was measured of mem_p95, so no path tells how far it may go: its forecast of 95 decides. cpu_p95 was measured as forecast.
  const { folder, riskOf } = await workspace.analyse(
    await workspace.writeForecasts('no-backtest.parquet', [
      ...seriesRows({ server: 'a', metric: 'cpu_p95', actual: times(20, 50), horizon: times(5, 50) }),
      ...seriesRows({ server: 'a', metric: 'mem_p95', actual: [], horizon: times(5, 95) }),
    ]),
    { config: { basis: 'conservative' } },
  )
  expect(await riskOf('a', 'mem_p95')).toMatchObject({
    is_at_risk: true,
    headroom_points: -15,
    at_risk_probability: null,
    breach_probability: null,
    conservative_p95: null,
  })
  expect(await riskOf('a', 'cpu_p95')).toMatchObject({ is_at_risk: false, conservative_p95: 50 })
  const { whatIf } = await open(folder)
  expect(requestScenario(whatIf).outcome.at_risk_servers).toBe(1)
  expect(requestScenario(whatIf, { threshold: 96 }).outcome.at_risk_servers).toBe(0)
})

test('a run with paths from quantiles is answered by the forecast, which is said', async () => {
  const rows = seriesRows({ server: 'a', horizon: times(30, 75) }).map((row) => ({ ...row, yhat_lower: 55, yhat_upper: 95 }))
  const { folder, riskOf } = await workspace.analyse(await workspace.writeForecasts('quantiles.parquet', rows))
  expect(await riskOf('a')).toMatchObject({ path_source: 'quantiles', is_at_risk: true })
  const answer = requestScenario((await open(folder)).whatIf, { growth_percent: 2 })
  expect(answer.points_reason).toContain('quantiles')
  // 75 x 1.02 lies below 80.
  expect(answer).toMatchObject({ verdict_by: 'points', outcome: { at_risk_servers: 0 } })
})

describe.each(['expected', 'conservative'] as const)('the sample fleet on a basis of %s', (basis) => {
  let run: OpenRun
  let fleet: WhatIfSession
  let forecasts: string
  let table: string
  beforeAll(async () => {
    const out = join(workspace.folder, `sample-${basis}.parquet`)
    const sample = await writeSampleFleet({ servers: 120, out, granularity: 'daily', end: '2026-11-22', seed: 7 }, {})
    forecasts = sample.forecasts
    table = sample.serversTable
    const analysed = await workspace.analyse(forecasts, { serversTable: table, config: { basis } })
    ;({ run, whatIf: fleet } = await open(analysed.folder))
  })

  test('without a change gives the figures of the run', async () => {
    const { run: baseline, outcome, newly_at_risk, no_longer_at_risk, grid } = requestScenario(fleet, {}, true)
    expect(outcome).toEqual(baseline)
    expect(newly_at_risk.count + no_longer_at_risk.count).toBe(0)
    const { counts, soonestBreach } = run.overview
    expect(baseline).toMatchObject({
      servers: counts.servers,
      at_risk_servers: counts.atRisk,
      underutilized_servers: counts.underutilized,
    })
    expect(baseline.soonest_breach).toEqual({
      server_id: soonestBreach!.serverId,
      metric: soonestBreach!.metric,
      at: new Date(soonestBreach!.atMs).toISOString().replace('.000', ''),
    })
    const [totals] = await run.database.connection
      .runAndReadAll(
        'SELECT sum(units) AS units FROM (SELECT max(units_to_add) AS units FROM server_risk WHERE is_at_risk GROUP BY server_id)',
      )
      .then((reader) => reader.getRowObjectsJS())
    expect(baseline.units_to_add).toBe(totals!['units'])
    expect(baseline.units_monthly_usd).toBeCloseTo(await addedUsd(run), 6)
    expect(baseline.units_monthly_usd).toBeGreaterThan(0)
    expect(grid?.at_risk_servers[grid.percentiles.indexOf(95)]?.[grid.thresholds.indexOf(80)]).toBe(counts.atRisk)
    expect(counts.atRisk).toBeGreaterThan(0)
  })

  test('without a change gives the probabilities of the run', async () => {
    const stored = await run.database.columns(
      'SELECT server_id, at_risk_probability, breach_probability FROM server_risk ORDER BY server_id, metric',
      { server_id: 'text', at_risk_probability: 'number', breach_probability: 'number' },
    )
    const { atRiskProbability, breachProbability } = fleet.evaluateRun('points')
    stored.server_id.forEach((_, server) => {
      expect(Math.abs(atRiskProbability[server]! - stored.at_risk_probability[server]!)).toBeLessThan(1e-9)
      expect(Math.abs(breachProbability[server]! - stored.breach_probability[server]!)).toBeLessThan(1e-9)
    })
    expect(stored.server_id).toEqual([...fleet.fleet.serverIds])
  })

  test.runIf(basis === 'expected')('gives what a new analysis of such forecasts would find', async () => {
    const again = await workspace.analyse(forecasts, {
      serversTable: table,
      config: { basis, high_risk_threshold: 65, underutilized_threshold: 50 },
    })
    expect(requestScenario(fleet, { threshold: 65, underutilized_threshold: 50 }).outcome).toMatchObject({
      at_risk_servers: again.manifest.counts.at_risk_servers,
      underutilized_servers: again.manifest.counts.underutilized_servers,
    })
    const grown = await workspace.writeQuery(
      'grown.parquet',
      `SELECT * REPLACE (CASE WHEN is_future THEN predicted * 1.3 ELSE predicted END AS predicted) FROM read_parquet('${forecasts}')
       WHERE NOT is_future OR timestamp < (SELECT min(timestamp) FROM read_parquet('${forecasts}') WHERE is_future) + INTERVAL 30 DAY`,
    )
    const growthAfterReset = await workspace.analyse(grown, { serversTable: table, config: { basis } })
    expect(requestScenario(fleet, { growth_percent: 30, horizon_days: 30 }).outcome).toMatchObject({
      at_risk_servers: growthAfterReset.manifest.counts.at_risk_servers,
      underutilized_servers: growthAfterReset.manifest.counts.underutilized_servers,
    })
  })

  test('in 60 drawn scenarios: the lists account for the change, harder terms put no fewer at risk, the grid agrees', () => {
    const random = seededRandom(11)
    const between = (low: number, high: number): number => low + (high - low) * random()
    const names = [...fleet.fleet.serverIds]
    const randomScenario = (): object => ({
      threshold: between(40, 95),
      percentile: between(0, 100),
      growth_percent: between(-30, 60),
      horizon_days: random() < 0.5 ? null : between(1, 90),
      removed_servers: names.filter(() => random() < 0.05),
      added_servers: random() < 0.5 ? [] : [{ count: 1 + Math.floor(random() * 3), like: names[Math.floor(random() * names.length)]! }],
    })
    for (let draw = 0; draw < 60; draw++) {
      const scenario = scenarioSchema.parse(randomScenario())
      const {
        run: baseline,
        outcome,
        newly_at_risk,
        no_longer_at_risk,
        removed_at_risk_servers,
        grid,
      } = requestScenario(fleet, scenario, true)
      expect(outcome.at_risk_servers).toBe(
        baseline.at_risk_servers + newly_at_risk.count - no_longer_at_risk.count - removed_at_risk_servers,
      )
      expect(outcome.servers).toBe(baseline.servers - scenario.removed_servers.length + (scenario.added_servers[0]?.count ?? 0))
      const stricter = requestScenario(fleet, {
        ...scenario,
        threshold: scenario.threshold! - 5,
        growth_percent: scenario.growth_percent + 5,
      })
      expect(stricter.outcome.at_risk_servers).toBeGreaterThanOrEqual(outcome.at_risk_servers)
      const row = grid!.at_risk_servers[grid!.percentiles.indexOf(scenario.percentile)]!
      expect(row[grid!.thresholds.indexOf(scenario.threshold!)]).toBe(outcome.at_risk_servers)
      expect([...row].sort((x, y) => y - x)).toEqual(row)
    }
  })

  test('conserves the demand of every group at every time, whichever servers leave or join', () => {
    const names = [...fleet.fleet.serverIds]
    const removed = names.filter((_, index) => index % 9 === 4)
    const added = [{ count: 2, like: names.find((name) => !removed.includes(name))! }]
    requestScenario(fleet, { removed_servers: removed, added_servers: added })
    const demand = ({
      serverIds,
      serverCounts: copies,
      groupOf,
      capacityUnits,
      firstSeries,
      ruleOf,
      offsets,
      periods,
      values,
    }: WhatIfSession['fleet']): Map<string, number> => {
      const totals = new Map<string, number>()
      for (let server = 0; server < serverIds.length; server++) {
        for (let series = firstSeries[server]!; series < firstSeries[server + 1]!; series++) {
          for (let at = offsets[series]!; at < offsets[series + 1]!; at++) {
            const key = `${groupOf[server]} ${ruleOf[series]} ${periods.of(series)[at - offsets[series]!]}`
            totals.set(key, (totals.get(key) ?? 0) + values[at]! * capacityUnits[server]! * copies[server]!)
          }
        }
      }
      return totals
    }
    const before = demand(fleet.fleet)
    const after = demand(fleet.changedFleet.value.fleet)
    expect(fleet.changedFleet.value.fleet.serverIds).toHaveLength(names.length + 1)
    const unplaced = new Set(fleet.changedFleet.value.groupsWithoutTaker.map(String))
    let compared = 0
    for (const [key, units] of before) {
      if (unplaced.has(key.split(' ')[0]!)) continue
      expect(after.get(key)).toBeCloseTo(units, 6)
      compared += 1
    }
    expect(compared).toBeGreaterThan(90)
  })
})

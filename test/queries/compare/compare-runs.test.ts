// Two runs of a fleet with one server per story: who is new at risk and why, who is cleared, and how the earlier forecast held.
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkForecast } from '../../../src-main/queries/compare/check-forecast.ts'
import { compareRuns } from '../../../src-main/queries/compare/compare-runs.ts'
import { openQueryDatabase } from '../../../src-main/queries/run/query-database.ts'
import { readRunContents } from '../../../src-main/queries/run/run-contents.ts'
import { createRunTables } from '../../../src-main/queries/run/run-tables.ts'
import type { CheckedSeries, RiskChange, RunComparison } from '../../../src-shared/ipc/run-comparison.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { forecastQuery, ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'

/** The earlier run measures 1 to 14 January and forecasts the 15th to 18th; the later one measures those too and forecasts to the 22nd. */
const measuredBefore = 14
const horizon = 4

interface ServerStory {
  readonly server: string
  /** Level forecast by the earlier and by the later run. */
  readonly before: number
  readonly after: number | readonly number[]
  /** Measured on the earlier run's horizon; absent: as forecast. */
  readonly happened?: readonly number[]
  /** Days that the earlier run forecasts; absent: `horizon`. */
  readonly reach?: number
}

const stories: readonly ServerStory[] = [
  { server: 'safe', before: 50, after: 50 },
  { server: 'policy', before: 78, after: 78 },
  { server: 'data', before: 70, after: 85, happened: [70, 72, 74, 84] },
  { server: 'together', before: 74, after: 78 },
  { server: 'either', before: 78, after: 85 },
  { server: 'cleared', before: 90, after: 60, happened: times(horizon, 60) },
  { server: 'stays', before: 82, after: [80, 88, 88, 88], reach: 2 * horizon },
]

const earlierRows = (): ForecastRow[] => [
  ...stories.flatMap(({ server, before, reach = horizon }) =>
    seriesRows({ server, model: 'x', actual: times(measuredBefore, before), horizon: times(reach, before) }),
  ),
  ...twoModels(measuredBefore, { x: 71, y: 72 }),
  ...seriesRows({ server: 'gone', model: 'x', actual: times(measuredBefore, 95), horizon: times(horizon, 95) }),
]

const laterRows = (): ForecastRow[] => [
  ...stories.flatMap(({ server, before, after, happened = times(horizon, before) }) =>
    seriesRows({
      server,
      model: 'x',
      actual: [...times(measuredBefore, before), ...happened],
      horizon: typeof after === 'number' ? times(horizon, after) : after,
    }),
  ),
  ...twoModels(measuredBefore + horizon, { x: 72, y: 71 }),
  ...seriesRows({ server: 'come', model: 'x', actual: times(measuredBefore + horizon, 50), horizon: times(horizon, 50) }),
]

/** x forecasts 70 and y 90, of 70 measured; the one that was less wrong is selected. */
const twoModels = (measured: number, fitted: { readonly x: number; readonly y: number }): ForecastRow[] =>
  (['x', 'y'] as const).flatMap((model) =>
    seriesRows({
      server: 'model',
      model,
      actual: times(measured, 70),
      predicted: times(measured, fitted[model]),
      horizon: times(horizon, model === 'x' ? 70 : 90),
    }),
  )

let workspace: ForecastWorkspace
let earlier: FinishedRun
let later: FinishedRun
let comparison: RunComparison

beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const serversTable = await workspace.writeText('servers.csv', 'server_id,criticality\npolicy,gold\ntogether,gold\neither,gold\n')
  // Bounds for one server alone: 70, 72 and 74 lie inside them, 84 does not.
  const bounded = earlierRows().map((row) => (row.server_id === 'data' ? { ...row, yhat_lower: 68, yhat_upper: 74 } : row))
  earlier = await workspace.analyse(await workspace.writeForecasts('earlier.parquet', bounded), {
    serversTable,
    // Figures of forecasts, so that each can be worked out by hand.
    config: { basis: 'expected' },
  })
  // The later set names its columns its own way.
  const renamed = await workspace.writeQuery(
    'later.parquet',
    `SELECT server_id AS host, model, CAST("timestamp" AS VARCHAR) || '+00:00' AS ds, actual AS y, predicted AS yhat FROM (${forecastQuery(laterRows())})`,
  )
  later = await workspace.analyse(renamed, {
    serversTable,
    config: { basis: 'expected', criticality_thresholds: { gold: { high: 75, very_high: 90 } }, eoq_window_days: 5 },
  })
  comparison = await compareRuns(earlier.folder, later.folder)
})
afterAll(async () => workspace.close())

const changeOf = (server: string): RiskChange => {
  const found = comparison.changes.find(({ server_id }) => server_id === server)
  if (found === undefined) throw new Error(`no change of ${server}`)
  return found
}

describe('each change of state has one cause', () => {
  test('policy: 78 is above the new threshold of 75, and nothing else changed', () => {
    expect(changeOf('policy')).toMatchObject({
      status: 'new risk',
      cause: 'policy',
      alone: { definition: false, policy: true, model: false, data: false },
      earlier: { p95: 78, threshold: 80, is_at_risk: false },
      later: { p95: 78, threshold: 75, is_at_risk: true },
      headroom_change: { points: -5, policy_points: -5, model_points: 0, data_points: 0 },
    })
  })

  test('model: the earlier set already forecast 90 by the model that answers now', () => {
    expect(changeOf('model')).toMatchObject({
      status: 'new risk',
      cause: 'model',
      alone: { definition: false, policy: false, model: true, data: false },
      earlier: { model: 'x', p95: 70 },
      later: { model: 'y', p95: 90 },
      headroom_change: { points: -20, policy_points: 0, model_points: -20, data_points: 0 },
    })
  })

  test('data: the same model forecasts more under the same threshold', () => {
    expect(changeOf('data')).toMatchObject({
      status: 'new risk',
      cause: 'data',
      alone: { definition: false, policy: false, model: false, data: true },
      headroom_change: { points: -15, policy_points: 0, model_points: 0, data_points: -15 },
    })
  })

  test('together: 74 is not above 75 and 78 is not above 80, but 78 is above 75', () => {
    expect(changeOf('together')).toMatchObject({
      status: 'new risk',
      cause: 'together',
      alone: { definition: false, policy: false, model: false, data: false },
      headroom_change: { points: -9, policy_points: -5, model_points: 0, data_points: -4 },
    })
  })

  test('where policy and data would each have done, policy is named', () => {
    expect(changeOf('either')).toMatchObject({
      status: 'new risk',
      cause: 'policy',
      alone: { definition: false, policy: true, model: false, data: true },
    })
  })

  test('cleared by data', () => {
    expect(changeOf('cleared')).toMatchObject({
      status: 'cleared',
      cause: 'data',
      earlier: { is_at_risk: true, first_breach_at: '2026-01-15T00:00:00Z' },
      later: { is_at_risk: false, first_breach_at: null },
      next_breach_at: null,
      breach_shift_days: null,
    })
  })

  test('causes are counted over new and cleared risks', () => {
    expect(comparison.causes).toEqual({ definition: 0, policy: 2, model: 1, data: 2, together: 1 })
  })
})

describe('what stays, comes and goes', () => {
  test('a risk that stays says how far its P95 and its next breach moved, and why', () => {
    // Of the first forecast's breaches from the 15th on, the 19th is the first that is not past; now it is the 20th: 80 is not above 80.
    expect(changeOf('stays')).toMatchObject({
      status: 'still at risk',
      cause: 'data',
      alone: null,
      is_moved: true,
      p95_change: 6,
      next_breach_at: '2026-01-19T00:00:00Z',
      breach_shift_days: 1,
      earlier: { p95: 82, first_breach_at: '2026-01-15T00:00:00Z' },
      later: { p95: 88, first_breach_at: '2026-01-20T00:00:00Z' },
    })
  })

  test('risks and servers are counted, the safe ones too', () => {
    expect(comparison).toMatchObject({
      risks: { new: 5, cleared: 1, still_at_risk: 1, moved: 1, still_safe: 1, not_judged: 0 },
      servers: { new: 5, cleared: 1, still_at_risk: 1, added: 1, removed: 1 },
      earlier: { servers: 9, at_risk_servers: 3 },
      later: { servers: 9, at_risk_servers: 6 },
    })
  })

  test('servers of one run alone are listed, and count as neither new nor cleared', () => {
    expect(comparison.added).toEqual([{ server_id: 'come', metric: 'cpu_p95', is_at_risk: false, is_whole_server: true }])
    expect(comparison.removed).toEqual([{ server_id: 'gone', metric: 'cpu_p95', is_at_risk: true, is_whole_server: true }])
    expect(comparison.changes.map(({ server_id }) => server_id)).not.toContain('gone')
  })

  test('new risks come first, the tightest leading', () => {
    // Headroom later: model 80 - 90, either 75 - 85, data 80 - 85, policy and together 75 - 78.
    expect(comparison.changes.map(({ server_id }) => server_id)).toEqual([
      'either',
      'model',
      'data',
      'policy',
      'together',
      'cleared',
      'stays',
    ])
  })

  test('settings that differ are listed with both values', () => {
    expect(comparison.policy_differences).toEqual([
      { key: 'criticality_thresholds.gold.high', earlier: null, later: 75, is_definition: false },
      { key: 'criticality_thresholds.gold.very_high', earlier: null, later: 90, is_definition: false },
      { key: 'eoq_window_days', earlier: 7, later: 5, is_definition: false },
    ])
  })
})

describe('the earlier forecast against what happened', () => {
  test('errors over the four days that the later run measured', () => {
    // data 0, -2, -4, -14; cleared 30 four times; the six others 0: 140 / 32 and 100 / 32 over 8 series x 4 days.
    const [metric] = comparison.forecast_check?.metrics ?? []
    const symmetric = 200 * (2 / 142 + 4 / 144 + 14 / 154) + 4 * 200 * (30 / 150)
    expect(comparison.forecast_check).toMatchObject({
      first_at: '2026-01-15T00:00:00Z',
      last_at: '2026-01-18T00:00:00Z',
      interval_level: 0.8,
    })
    expect(metric).toMatchObject({ metric: 'cpu_p95', series: 8, points: 32, mae: 4.375, bias: 3.125, bounded_points: 4, coverage: 0.75 })
    expect(metric?.smape_percent).toBeCloseTo(symmetric / 32, 8)
    // In the backtest only x of "model" was wrong, by 1, which weighs 4 of 32 points.
    expect(metric?.backtest_mae).toBe(0.125)
  })

  test('slice after slice of the servers, as a large fleet is read', async () => {
    const { database, close } = await openQueryDatabase()
    try {
      const runs = { earlier: await readRunContents(earlier.folder), later: await readRunContents(later.folder) }
      for (const [schema, run] of Object.entries(runs)) await createRunTables(database, run, schema)
      for (const serversPerSlice of [1, 3, 100]) {
        const { check } = await checkForecast(database, earlier.manifest, later.manifest, serversPerSlice)
        expect(check).toEqual(comparison.forecast_check)
      }
    } finally {
      await close()
    }
  })

  test('breaches foreseen, missed and feared in vain', () => {
    // stays was forecast and measured at 82; data reached 84 unforeseen; cleared was forecast at 90 and stayed at 60.
    expect(comparison.forecast_check?.metrics[0]?.breaches).toEqual({ hits: 1, misses: 1, false_alarms: 1, quiet: 5 })
  })

  test('the servers that were furthest off lead', () => {
    const worstServers: readonly CheckedSeries[] = comparison.forecast_check?.metrics[0]?.worst ?? []
    expect(worstServers.slice(0, 3).map(({ server_id, mae, bias }) => [server_id, mae, bias])).toEqual([
      ['cleared', 30, 30],
      ['data', 5, -5],
      ['either', 0, 0],
    ])
  })
})

describe('runs that are less than alike', () => {
  test('a run compared with itself: nothing changed, and nothing of its horizon was measured', async () => {
    const same = await compareRuns(earlier.folder, earlier.folder)
    expect(same).toMatchObject({
      risks: { new: 0, cleared: 0, still_at_risk: 3, moved: 0 },
      policy_differences: [],
      forecast_check: null,
      notes: [{ code: 'same-run' }, { code: 'forecast-not-checked' }],
    })
    expect(same.changes.every(({ cause, headroom_change }) => cause === null && headroom_change?.points === 0)).toBe(true)
  })

  test('the newer run named first is reported', async () => {
    const reversed = await compareRuns(later.folder, earlier.folder)
    expect(reversed.notes.map(({ code }) => code)).toContain('reversed')
    expect(reversed.risks).toMatchObject({ new: 1, cleared: 5 })
  })

  test('another step, horizon and method: said, and the forecast is left unchecked', async () => {
    const hourly = await workspace.analyse(
      await workspace.writeForecasts(
        'hourly.parquet',
        seriesRows({ server: 'safe', model: 'x', step: 'hour', actual: times(30, 60), horizon: times(6, 90) }),
      ),
      { method: 'module05' },
    )
    const mixed = await compareRuns(earlier.folder, hourly.folder)
    expect(mixed.notes.map(({ code }) => code)).toEqual([
      'reversed',
      'different-step',
      'different-horizon',
      'different-models',
      'servers-table',
      'forecast-not-checked',
    ])
    expect(mixed.policy_differences).toContainEqual({ key: 'method', earlier: 'headroom', later: 'module05', is_definition: true })
    expect(mixed.forecast_check).toBeNull()
    expect(mixed.changes.map(({ server_id, status }) => [server_id, status])).toEqual([['safe', 'new risk']])
  })

  test('no server in common: all of them are added and removed, and none is new or cleared', async () => {
    const rows = seriesRows({ server: 'other', model: 'x', actual: times(measuredBefore, 95), horizon: times(horizon, 95) })
    const other = await workspace.analyse(await workspace.writeForecasts('other.parquet', rows))
    const { servers, risks, changes } = await compareRuns(earlier.folder, other.folder)
    expect(servers).toEqual({
      new: 0,
      cleared: 0,
      still_at_risk: 0,
      new_by_definition: 0,
      cleared_by_definition: 0,
      added: 1,
      removed: stories.length + 2,
    })
    expect([risks.new, changes]).toEqual([0, []])
  })

  test('a forced model is a difference of settings, and what it changes is caused by the model', async () => {
    const input = join(workspace.folder, 'earlier.parquet')
    const [baseline, forcedModelRun] = [await workspace.analyse(input), await workspace.analyse(input, { model: 'y' })]
    const { policy_differences, changes, risks, causes } = await compareRuns(baseline.folder, forcedModelRun.folder)
    expect(policy_differences).toEqual([{ key: 'forced_model', earlier: null, later: 'y', is_definition: false }])
    expect(changes.find(({ server_id }) => server_id === 'model')).toMatchObject({ status: 'new risk', cause: 'model' })
    // The other servers have no model y: no model is selected for them, and those that were at risk no longer count.
    expect(risks).toMatchObject({ new: 1, cleared: 3 })
    expect(causes).toEqual({ definition: 0, policy: 0, model: 4, data: 0, together: 0 })
  })

  test('a conservative basis is another definition: by the forecast of both runs nothing changed', async () => {
    // Forecast at 75, measured 10 above or below in turn: the future's P95 may well pass 80.
    const input = await workspace.writeForecasts(
      'noisy.parquet',
      seriesRows({
        server: 'noisy',
        actual: Array.from({ length: 60 }, (_, day) => (day % 2 === 0 ? 65 : 85)),
        predicted: times(60, 75),
        horizon: times(30, 75),
      }),
    )
    // The run by the plain forecast is taken to need the surcharge that the other one found.
    const [expected, conservative] = [
      await workspace.analyse(input, { config: { basis: 'expected' } }),
      await workspace.analyse(input, { config: { basis: 'conservative' } }),
    ]
    const { conservative_p95 } = await conservative.riskOf('noisy')
    const { changes, policy_differences } = await compareRuns(expected.folder, conservative.folder)
    expect(policy_differences).toEqual([{ key: 'basis', earlier: 'expected', later: 'conservative', is_definition: true }])
    expect(changes).toMatchObject([
      {
        status: 'new risk',
        cause: 'definition',
        alone: { definition: true, policy: false, model: false, data: false },
        earlier: { p95: 75 },
        later: { p95: conservative_p95 },
        headroom_change: { definition_points: 75 - Number(conservative_p95), policy_points: 0, model_points: 0, data_points: 0 },
      },
    ])
  })

  test('the basis `probable` is another definition than `expected`: of two newly at risk one is so by the forecast of both runs too', async () => {
    // Measured 10 above or below the forecast in turn: what comes has a P95 near 10 above it. 75 and 76 stay below 80 by the forecast alone.
    const noisy = (server: string, level: number): ForecastRow[] =>
      seriesRows({
        server,
        actual: Array.from({ length: 60 }, (_, day) => (day % 2 === 0 ? level - 10 : level + 10)),
        predicted: times(60, level),
        horizon: times(30, level),
      })
    const before = await workspace.analyse(
      await workspace.writeForecasts('definition-1.parquet', [...noisy('named', 75), ...noisy('grown', 60), ...noisy('calm', 40)]),
      { config: { basis: 'expected' } },
    )
    const after = await workspace.analyse(
      await workspace.writeForecasts('definition-2.parquet', [...noisy('named', 75), ...noisy('grown', 85), ...noisy('calm', 40)]),
    )
    const { definitions, servers, causes_of_new, changes, notes } = await compareRuns(before.folder, after.folder)
    expect(definitions).toEqual({ earlier: 'expected', later: 'probable', common: 'expected' })
    expect(servers).toMatchObject({ new: 2, new_by_definition: 1, cleared: 0, cleared_by_definition: 0 })
    expect(causes_of_new).toEqual({ definition: 1, policy: 0, model: 0, data: 1, together: 0 })
    expect(Object.fromEntries(changes.map(({ server_id, cause }) => [server_id, cause]))).toEqual({ named: 'definition', grown: 'data' })
    expect(notes.map(({ code }) => code)).toContain('different-definition')
    // The other way round the earlier run's probability decides, which both runs hold.
    const reversed = await compareRuns(after.folder, before.folder)
    expect(reversed.definitions.common).toBe('probable')
    expect(reversed.servers).toMatchObject({ cleared: 2, cleared_by_definition: 1 })
    // Without probabilities in the later run the forecast decides in both.
    const without = await workspace.analyse(join(workspace.folder, 'definition-1.parquet'), { config: { breach_probability: false } })
    const pointwise = await compareRuns(after.folder, without.folder)
    expect(pointwise.definitions.common).toBe('expected')
    expect(pointwise.servers).toMatchObject({ cleared: 2, cleared_by_definition: 1 })
  })

  test('several metrics: each has a risk, servers are counted once', async () => {
    const fleet = (cpu: number, memory: number): ForecastRow[] => [
      ...seriesRows({ server: 's', metric: 'cpu_p95', actual: times(14, 50), horizon: times(4, cpu) }),
      ...seriesRows({ server: 's', metric: 'mem_p95', actual: times(14, 50), horizon: times(4, memory) }),
      ...seriesRows({ server: 's', metric: 'net_mbps', actual: times(14, 500), horizon: times(4, 900) }),
    ]
    const before = await workspace.analyse(await workspace.writeForecasts('metrics-1.parquet', fleet(70, 70)))
    const after = await workspace.analyse(await workspace.writeForecasts('metrics-2.parquet', fleet(90, 85)))
    const { risks, servers, changes } = await compareRuns(before.folder, after.folder)
    expect(risks).toMatchObject({ new: 2, cleared: 0, not_judged: 1 })
    expect(servers).toMatchObject({ new: 1, added: 0, removed: 0 })
    expect(changes.map(({ metric }) => metric)).toEqual(['cpu_p95', 'mem_p95'])
  })

  test('a folder with a bracket in its name is itself, not the one that the pattern would find', async () => {
    const [bracketed, baseline] = [join(workspace.folder, 'month[1]'), join(workspace.folder, 'month1')]
    await cp(earlier.folder, bracketed, { recursive: true })
    await cp(later.folder, baseline, { recursive: true })
    const { risks, notes } = await compareRuns(bracketed, baseline)
    expect(notes.map(({ code }) => code)).not.toContain('same-run')
    expect(risks).toEqual(comparison.risks)
  })

  test('a Module 05 folder is refused in one sentence', async () => {
    const folder = join(workspace.folder, 'python')
    await cp(earlier.folder, folder, { recursive: true })
    await rm(join(folder, runFiles.manifest))
    await expect(compareRuns(folder, later.folder)).rejects.toMatchObject({
      code: 'run-not-found',
      message: `${folder} is a Module 05 folder, which states neither its settings nor the selected models.`,
    })
  })

  test('a run without its table of risks is damaged', async () => {
    const folder = join(workspace.folder, 'damaged')
    await cp(later.folder, folder, { recursive: true })
    await rm(join(folder, runFiles.serverRisk))
    await expect(compareRuns(earlier.folder, folder)).rejects.toMatchObject({ code: 'run-damaged' })
  })
})

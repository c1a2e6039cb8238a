// From Module 05's totals to Headroom's: a fleet with one server per difference, chains that add up, and what is refused.
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { reconcileRun } from '../../../src-main/queries/reconcile/reconcile-run.ts'
import type { ReadingProgress } from '../../../src-shared/ipc/reading-progress.ts'
import type { Figure, Reconciliation, ReconciliationChain } from '../../../src-shared/ipc/reconciliation.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { frozenFleet, planetlab } from '../../fixtures/fleets.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'

const start = '2026-03-10'
/** 10 to 23 March are measured, 24 March to 2 April are forecast. */
const measured = 14
const ahead = 10

interface Level {
  readonly server: string
  readonly model?: string
  readonly metric?: string
  readonly past: number
  /** What was forecast for the past; absent: what was measured. */
  readonly fitted?: number
  readonly future: number | readonly number[]
}

const flat = ({ server, model = 'x', metric = 'cpu_p95', past, fitted = past, future }: Level): ForecastRow[] =>
  seriesRows({
    server,
    model,
    metric,
    start,
    actual: times(measured, past),
    predicted: times(measured, fitted),
    horizon: typeof future === 'number' ? times(ahead, future) : future,
  })

const fleet: readonly ForecastRow[] = [
  ...flat({ server: 'rows', past: 50, future: 85 }),
  ...flat({ server: 'loud', past: 50, future: 50 }),
  ...flat({ server: 'loud', model: 'y', past: 50, fitted: 55, future: 97 }),
  ...flat({ server: 'network', metric: 'net_mbps', past: 500, future: 900 }),
  ...flat({ server: 'past', past: 85, future: 50 }),
  // Its P95: 50 + 0.55 x 35 = 69.25.
  ...flat({ server: 'moment', past: 50, future: [85, ...times(ahead - 1, 50)] }),
  ...flat({ server: 'between', past: 50, future: 78 }),
  ...flat({ server: 'very', past: 50, future: 93 }),
  ...flat({ server: 'idle', past: 20, future: 20 }),
  ...flat({ server: 'mixture', past: 45, future: 45 }),
  ...flat({ server: 'mixture', model: 'y', past: 45, fitted: 40, future: 5 }),
  ...flat({ server: 'quiet', past: 35, future: 35 }),
  ...flat({ server: 'net idle', past: 20, future: 20 }),
  ...flat({ server: 'net idle', metric: 'net_mbps', past: 60, future: 60 }),
]

const config = { high_risk_threshold: 75, eoq_window_days: 3 }

let workspace: ForecastWorkspace
let run: FinishedRun
let original: FinishedRun
let found: Reconciliation

beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const path = await workspace.writeForecasts('fleet.parquet', fleet)
  const serversTable = await workspace.writeText('servers.csv', 'server_id,monthly_cost_usd\nidle,250\nnet idle,80\n')
  run = await workspace.analyse(path, { config, serversTable })
  original = await workspace.analyse(path, { config, serversTable, method: 'module05' })
  found = await reconcileRun(run.folder)
})
afterAll(async () => workspace.close())

const chainOf = (key: string, nameOf: Reconciliation = found): ReconciliationChain => {
  const chain = nameOf.chains.find((candidate) => candidate.key === key)
  if (chain === undefined) throw new Error(`no chain ${key}`)
  return chain
}

/** Step -> figure after it, counted in, left out. */
const moves = (chain: ReconciliationChain): (string | number)[][] =>
  chain.steps.map(({ key, after, moved }) => [key, after.value, moved.entered, moved.left])

const subjects = (chain: ReconciliationChain, key: string): string[] =>
  chain.steps.filter((step) => step.key === key).flatMap(({ examples }) => examples.map(({ subject }) => subject))

const numbers = z.record(z.string(), z.unknown())

/** Where a step does not begin at the figure before it, or what it counts in and leaves out is not the whole difference. */
const gaps = ({ chains }: Reconciliation): string[] =>
  chains.flatMap(({ key, original: first, own, steps }) => {
    const name = ({ value, unit }: Figure): string => `${value} ${unit}`
    const firstFigure = [first, ...steps.map(({ after }) => after)]
    return [
      ...steps
        .filter(({ before }, index) => name(before) !== name(firstFigure[index]!))
        .map((step) => `${key}: ${step.key} begins elsewhere`),
      ...steps
        .filter(({ before, after, moved }) => after.unit !== 'USD a month' && before.value + moved.entered - moved.left !== after.value)
        .map((step) => `${key}: ${step.key} does not add up`),
      ...(name(firstFigure.at(-1)!) === name(own) ? [] : [`${key} ends elsewhere`]),
    ]
  })

describe('each chain', () => {
  test('adds up exactly', () => {
    expect(gaps(found)).toEqual([])
  })

  test("begins at what Module 05's method says of the same forecasts", async () => {
    const summary = await original.json(runFiles.summary, numbers)
    const figures = Object.fromEntries(found.chains.map((chain) => [chain.key, chain.original.value]))
    expect(figures).toEqual({
      total_servers: summary['total_servers'],
      at_risk: summary['at_risk_servers'],
      high_level: (summary['rows'] as Record<string, number>)['high_rows'],
      eoq_rows: (summary['rows'] as Record<string, number>)['is_eoq_rows'],
      seasonal_peaks: summary['servers_with_seasonal_peak'],
      underutilized: summary['underutilized_servers'],
      clusters: (summary['clusters'] as unknown[]).length,
      quietest_cluster: summary['underutilized_count'],
      savings: summary['optimization_savings_usd'],
    })
  })

  test("ends at the run's own totals", async () => {
    const summary = await run.json(runFiles.summary, numbers)
    const clusters = summary['clusters'] as { size: number }[]
    const [marked] = await run.flagged('SELECT count_if(is_eoq)::DOUBLE AS eoq_rows FROM flagged')
    const figures = Object.fromEntries(found.chains.map((chain) => [chain.key, chain.own.value]))
    expect(figures).toEqual({
      total_servers: summary['total_servers'],
      at_risk: summary['at_risk_servers'],
      high_level: summary['high_risk_servers'],
      eoq_rows: marked?.['eoq_rows'],
      seasonal_peaks: summary['servers_with_seasonal_peak'],
      underutilized: summary['underutilized_servers'],
      clusters: clusters.length,
      quietest_cluster: clusters[0]?.size,
      savings: summary['optimization_savings_usd'],
    })
  })
})

describe('at risk', () => {
  test('one server for each difference', () => {
    // Rows above 80: rows 10, loud's y 10, network 24, past 14, moment 1, very 10.
    expect(chainOf('at_risk').original).toEqual({ value: 69, unit: 'rows' })
    expect(moves(chainOf('at_risk'))).toEqual([
      ['servers', 6, 0, 63],
      ['selected_model', 5, 0, 1],
      ['judged_metrics', 4, 0, 1],
      ['threshold', 5, 1, 0],
      ['horizon', 4, 0, 1],
      ['p95', 3, 0, 1],
      // Without a spread in the past what comes is what was forecast.
      ['basis', 3, 0, 0],
      ['joint', 3, 0, 0],
    ])
  })

  test('the servers that move are named with their figures', () => {
    const chain = chainOf('at_risk')
    expect(chain.steps.map(({ examples }) => examples)).toEqual([
      [
        { subject: 'network', change: 'counted', detail: '24 of 24 rows' },
        { subject: 'past', change: 'counted', detail: '14 of 24 rows' },
        { subject: 'loud', change: 'counted', detail: '10 of 48 rows' },
      ],
      [{ subject: 'loud', change: 'left', detail: 'y reaches 97.0, the selected x 50.0' }],
      [{ subject: 'network', change: 'left', detail: 'net_mbps is no percentage' }],
      [{ subject: 'between', change: 'entered', detail: 'highest 78.0, limit 75.0' }],
      [{ subject: 'past', change: 'left', detail: 'forecast up to 85.0 for the past, 50.0 for the future' }],
      [{ subject: 'moment', change: 'left', detail: 'peak 85.0, P95 69.2, limit 75.0' }],
      [],
      [],
    ])
  })

  test('level high: rows above 96, then servers whose P95 is above 90', () => {
    // loud's y 10 and network 24; only very, at 93, is above 90.
    expect(chainOf('high_level').original).toEqual({ value: 34, unit: 'rows' })
    expect(moves(chainOf('high_level'))).toEqual([
      ['servers', 2, 0, 32],
      ['selected_model', 1, 0, 1],
      ['judged_metrics', 0, 0, 1],
      ['threshold', 1, 1, 0],
      ['horizon', 1, 0, 0],
      ['p95', 1, 0, 0],
      ['basis', 1, 0, 0],
      ['joint', 1, 0, 0],
    ])
  })

  test('the conservative basis is a separate step', async () => {
    const conservative = await workspace.analyse(join(workspace.folder, 'fleet.parquet'), { config: { ...config, basis: 'conservative' } })
    const reconciliation = await reconcileRun(conservative.folder)
    expect(gaps(reconciliation)).toEqual([])
    const chain = chainOf('at_risk', reconciliation)
    expect(chain.steps.map(({ key }) => key).slice(-2)).toEqual(['p95', 'basis'])
    expect(chain.own.value).toBe(conservative.manifest.counts.at_risk_servers)
  })
})

describe('the season', () => {
  test('three days of each of the fourteen series and models instead of one', () => {
    expect(chainOf('eoq_rows').original).toEqual({ value: 14, unit: 'rows' })
    expect(moves(chainOf('eoq_rows'))).toEqual([
      ['months', 14, 0, 0],
      ['window', 42, 28, 0],
    ])
    expect(subjects(chainOf('eoq_rows'), 'window')).toEqual(['2026-03-29', '2026-03-30'])
  })

  test("another fiscal year has other quarter ends; only the selected model's peak counts", async () => {
    // 1 to 14 April measured; x is forced and forecasts to the 17th, y to the 30th, where a fiscal quarter ends.
    const rows = [
      ...seriesRows({ server: 's', model: 'x', start: '2026-04-01', actual: times(14, 50), horizon: times(3, 50) }),
      ...seriesRows({
        server: 's',
        model: 'y',
        start: '2026-04-01',
        actual: times(14, 50),
        predicted: times(14, 60),
        horizon: times(16, 70),
      }),
      // Measured to 31 March, forecast for 1 April.
      ...seriesRows({ server: 't', model: 'x', start: '2026-03-18', actual: times(14, 50), horizon: [50] }),
    ]
    const shifted = await workspace.analyse(await workspace.writeForecasts('fiscal.parquet', rows), {
      config: { fiscal_year_start_month: 2 },
      // Too short to be selected next to y.
      model: 'x',
    })
    const reconciliation = await reconcileRun(shifted.folder)
    expect(gaps(reconciliation)).toEqual([])
    expect(chainOf('eoq_rows', reconciliation).original.value).toBe(1)
    expect(moves(chainOf('eoq_rows', reconciliation))).toEqual([
      ['months', 1, 1, 1],
      ['window', 7, 6, 0],
    ])
    expect(moves(chainOf('seasonal_peaks', reconciliation))).toEqual([
      ['window', 1, 1, 0],
      ['selected_model', 0, 0, 1],
    ])
  })
})

describe('underutilised', () => {
  test('one server for each difference', () => {
    // idle 24 rows, mixture 48: (45 + 5) / 2 = 25 is below 30.
    expect(chainOf('underutilized').original).toEqual({ value: 72, unit: 'rows' })
    expect(moves(chainOf('underutilized'))).toEqual([
      ['servers', 2, 0, 70],
      ['threshold', 3, 1, 0],
      ['selected_model', 2, 0, 1],
      ['judged_metrics', 3, 1, 0],
    ])
    expect(['threshold', 'selected_model', 'judged_metrics'].map((key) => subjects(chainOf('underutilized'), key))).toEqual([
      ['quiet'],
      ['mixture'],
      ['net idle'],
    ])
  })

  test("Headroom's default threshold counts as not set, and the assumptions say so", () => {
    expect(found.assumptions).toEqual([
      "The run's underutilised threshold is 40 %, Headroom's default; Module 05 gets its own default, 30 %.",
    ])
  })

  test('a configured threshold holds for both', async () => {
    const configured = await workspace.analyse(join(workspace.folder, 'fleet.parquet'), { config: { underutilized_threshold: 36 } })
    const reconciliation = await reconcileRun(configured.folder)
    expect(reconciliation.assumptions).toEqual([])
    // idle 24, mixture 48 and quiet 24 rows.
    expect(chainOf('underutilized', reconciliation).original).toEqual({ value: 96, unit: 'rows' })
    expect(moves(chainOf('underutilized', reconciliation))[1]).toEqual(['threshold', 3, 0, 0])
  })
})

test('savings: half the cost of a cluster, its whole cost, the removable servers, their own costs', async () => {
  const { waterfall } = await run.json(
    runFiles.recommendations,
    z.object({ waterfall: z.object({ hosts_removable: z.number(), monthly_savings_usd: z.number() }) }),
  )
  const quietest = chainOf('quietest_cluster').original.value
  expect(waterfall.hosts_removable).toBeGreaterThan(0)
  expect(chainOf('savings').steps.map(({ before, after }) => [before.value, after.value])).toEqual([
    [quietest * 50, quietest * 100],
    [quietest * 100, waterfall.hosts_removable * 100],
    [waterfall.hosts_removable * 100, waterfall.monthly_savings_usd],
  ])
})

describe('while it reads', () => {
  const labels = [
    'Reading the forecasts',
    'Clustering as Module 05',
    'Explaining clusters',
    'Explaining risk',
    'Explaining seasons',
    'Explaining savings',
  ]

  /** Reads, and looks at the progress whenever nothing else is to be done. */
  const watch = async (folder: string, look: (progress: ReadingProgress) => void, signal?: AbortSignal): Promise<Reconciliation> => {
    let progress: (() => ReadingProgress) | undefined
    const state = { isOver: false }
    const reading = reconcileRun(folder, { signal, onStart: (read) => void (progress = read) }).finally(() => void (state.isOver = true))
    reading.catch(() => undefined)
    while (!state.isOver) {
      await nextTurn()
      if (progress !== undefined && !state.isOver) look(progress())
    }
    return reading
  }

  test('its steps follow each other, and its share never falls', async () => {
    const seen: ReadingProgress[] = []
    await watch(run.folder, (progress) => seen.push(progress))
    const order = seen.map(({ label }) => labels.indexOf(label))
    expect(order).not.toContain(-1)
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(new Set(order).size).toBeGreaterThanOrEqual(4)
    const shares = seen.map(({ share }) => share)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(shares.at(-1)).toBeGreaterThan(0.5)
    expect(shares.at(-1)).toBeLessThanOrEqual(1)
  })

  test('it can be cancelled at each step', async () => {
    for (const label of labels.slice(0, 3)) {
      const controller = new AbortController()
      const reading = watch(
        run.folder,
        (progress) => {
          if (progress.label === label) controller.abort()
        },
        controller.signal,
      )
      await expect(reading).rejects.toMatchObject({ code: 'cancelled' })
    }
  })
})

describe('refused', () => {
  test("a run by Module 05's method", async () => {
    await expect(reconcileRun(original.folder)).rejects.toMatchObject({
      code: 'run-not-found',
      message: `${original.folder} was analysed by module05 itself, so there is nothing to reconcile it with.`,
    })
  })

  test('a Module 05 folder', async () => {
    const folder = join(workspace.folder, 'python')
    await cp(run.folder, folder, { recursive: true })
    await rm(join(folder, runFiles.manifest))
    await expect(reconcileRun(folder)).rejects.toMatchObject({
      code: 'run-not-found',
      message: `${folder} is a Module 05 folder, so it holds one side of the reconciliation alone.`,
    })
  })

  test('a run whose totals are not those of its tables', async () => {
    const folder = join(workspace.folder, 'edited')
    await cp(run.folder, folder, { recursive: true })
    await writeFile(join(folder, runFiles.recommendations), '{"total_savings_usd": 1}')
    await expect(reconcileRun(folder)).rejects.toMatchObject({
      code: 'run-damaged',
      message: expect.stringContaining(`contradicts itself: "Savings" is 1 in ${runFiles.recommendations}`) as string,
    })
  })

  test('a run whose flagged forecasts are damaged', async () => {
    const folder = join(workspace.folder, 'damaged')
    await cp(run.folder, folder, { recursive: true })
    await writeFile(join(folder, runFiles.flaggedForecasts), 'PAR1')
    await expect(reconcileRun(folder)).rejects.toMatchObject({ code: 'run-damaged' })
  })
})

test('the frozen fleet: from the figures that Python computed by the method of Module 05 to those of the run', async () => {
  const frozen = await workspace.analyse(frozenFleet.forecasts, { config: { basis: 'expected' } })
  const reconciliation = await reconcileRun(frozen.folder)
  expect(gaps(reconciliation)).toEqual([])
  const { counts, module05 } = z
    .object({
      counts: z.object({ total_servers: z.number(), at_risk_servers: z.number(), underutilized_servers: z.number() }),
      module05: z.object({
        risk_flag_rows: z.number(),
        high_rows: z.number(),
        underutilized_rows: z.number(),
        underutilized_servers: z.number(),
        sizes: z.array(z.number()),
        total_savings_usd: z.number(),
      }),
    })
    .parse(JSON.parse(await readFile(frozenFleet.reference, 'utf8')))
  const first = (key: string): Figure => chainOf(key, reconciliation).original
  const last = (key: string): Figure => chainOf(key, reconciliation).own
  expect(first('at_risk')).toEqual({ value: module05.risk_flag_rows, unit: 'rows' })
  expect(last('at_risk')).toEqual({ value: counts.at_risk_servers, unit: 'servers' })
  expect(first('high_level')).toEqual({ value: module05.high_rows, unit: 'rows' })
  expect(first('underutilized')).toEqual({ value: module05.underutilized_rows, unit: 'rows' })
  expect(chainOf('underutilized', reconciliation).steps[0]?.after).toEqual({ value: module05.underutilized_servers, unit: 'servers' })
  expect(last('underutilized')).toEqual({ value: counts.underutilized_servers, unit: 'servers' })
  expect(first('quietest_cluster')).toEqual({ value: module05.sizes[0], unit: 'servers' })
  expect(first('savings')).toEqual({ value: module05.total_savings_usd, unit: 'USD a month' })
})

test.skipIf(!planetlab.isAvailable)(`the PlanetLab fleet${planetlab.skipNote}`, async () => {
  const planetlabRun = await workspace.analyse(planetlab.forecasts, { config: { basis: 'expected' } })
  const reconciliation = await reconcileRun(planetlabRun.folder)
  expect(gaps(reconciliation)).toEqual([])
  const { at_risk_servers, underutilized_servers } = planetlabRun.manifest.counts
  const lastFigure = (key: string): unknown[] => {
    const { original: first, own } = chainOf(key, reconciliation)
    return [first.value, first.unit, own.value, own.unit]
  }
  // Module 05's figures are those of the reference: 78 flagged rows, 87,480 idle rows, 231 servers, 11,550 USD.
  expect(lastFigure('total_servers')).toEqual([486, 'servers', 486, 'servers'])
  expect(lastFigure('at_risk')).toEqual([78, 'rows', at_risk_servers, 'servers'])
  expect(lastFigure('high_level').slice(0, 2)).toEqual([1, 'rows'])
  expect(lastFigure('underutilized')).toEqual([87_480, 'rows', underutilized_servers, 'servers'])
  expect(chainOf('underutilized', reconciliation).steps[0]?.after).toEqual({ value: 405, unit: 'servers' })
  expect(lastFigure('quietest_cluster').slice(0, 2)).toEqual([231, 'servers'])
  expect(lastFigure('savings').slice(0, 2)).toEqual([11_550, 'USD a month'])
})

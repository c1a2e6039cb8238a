// A consolidation on simulated paths: its risk and check in the report, the floor of two, retiring, and the previous run's hosts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { measureHostLoad } from '../../../src-main/engine/recommendations/place-fleet.ts'
import { recommendationReportSchema } from '../../../src-shared/artefacts/recommendations.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

/** Forecast always `level`; measured `level`, but `jump` more on every tenth day, in its own `phase`. */
const jumping = (name: string, level: number, jump: number, phase: number): ForecastRow[] =>
  seriesRows({
    server: name,
    actual: Array.from({ length: 60 }, (_, day) => level + (day % 10 === phase ? jump : 0)),
    predicted: times(60, level),
    horizon: times(20, level),
  })

const recommendations = async (run: FinishedRun): Promise<Record<string, unknown>> =>
  Object.fromEntries((await run.serverRisk()).map((row) => [row['server_id'], [row['recommendation'], row['target_host']]]))
const placementOf = async (run: FinishedRun) => (await run.json('optimization_recommendations.json', recommendationReportSchema)).placement!

describe('servers that jump together', () => {
  test('stay apart, where the forecasts alone would join them', async () => {
    // Forecast 30 + 30 = 60 of 70. Together they reach 98 every tenth day.
    const forecasts = await workspace.writeForecasts(
      'together.parquet',
      ['a', 'b', 'c', 'd'].flatMap((name) => jumping(name, 30, 19, 3)),
    )
    const joint = await workspace.analyse(forecasts)
    expect(Object.values(await recommendations(joint))).toEqual(times(4, ['keep', null]))
    const { plan, check, alternatives } = await placementOf(joint)
    expect(plan).toMatchObject({ hosts: 0, consolidated: 0, monthly_savings_usd: 0, share_above_target: null })
    expect(check).toMatchObject({ verdict: 'too few hosts', accepted_share: 0.05 })
    expect(alternatives.map(({ accepted_share, consolidated }) => [accepted_share, consolidated])).toEqual([
      [0.01, 0],
      [0.05, 0],
      [0.2, 0],
      [null, 2],
    ])
    // Nearly every path of twenty days holds one on which both jump: 98 of 100 units.
    const packedPlan = alternatives.at(-1)!
    expect(packedPlan.hosts).toBe(2)
    expect(packedPlan.share_above_80).toBeGreaterThan(0.9)
    expect(packedPlan.share_above_100).toBe(0)

    const packed = await workspace.analyse(forecasts, { config: { breach_probability: false } })
    expect(await placementOf(packed)).toMatchObject({
      plan: { consolidated: 2, accepted_share: null, share_above_target: null },
      check: null,
    })
    expect(packed.manifest.warnings.map(({ code }) => code)).toContain('packed-by-forecasts')
  })
})

describe('the load of a host on its paths', () => {
  test('is the highest of each path: of 5 to 9 of 10 units the median is 7, 8.6 the 90 % quantile, and two of five exceed 70 %', () => {
    // 8 + (0.9 x 4 - 3) x (9 - 8) = 8.6. A path at the target does not exceed it.
    const host = { serverId: 'h', capacityUnits: 10, maxima: Float32Array.of(9, 5, 8, 7, 6) }
    const { p50, p90, aboveTarget } = measureHostLoad(host, 0.7)
    expect([p50, aboveTarget]).toEqual([70, 0.4])
    expect(p90).toBeCloseTo(86, 6)
  })

  test('stands in server_risk for hosts that take servers over, and for no other', async () => {
    const forecasts = await workspace.writeForecasts(
      'loads.parquet',
      ['a', 'b', 'c', 'd'].flatMap((name, phase) => jumping(name, 10, 2, phase)),
    )
    const rows = await (await workspace.analyse(forecasts)).serverRisk()
    const hosts = new Set<unknown>(rows.map((row) => row['target_host']).filter((host) => host !== null))
    expect(hosts.size).toBeGreaterThan(0)
    const loads = rows.map((row) => ({
      isHost: hosts.has(row['server_id']),
      p50: row['host_load_p50'],
      above: row['host_share_above_target'],
    }))
    expect(loads.filter(({ isHost }) => !isHost).every(({ p50, above }) => p50 === null && above === null)).toBe(true)
    // Two servers or more at 10 each, and little above.
    expect(loads.filter(({ isHost }) => isHost).every(({ p50, above }) => Number(p50) >= 20 && Number(p50) <= 70 && above === 0)).toBe(true)
  })
})

describe('idle servers', () => {
  let run: FinishedRun

  beforeAll(async () => {
    const level = (name: string, measured: number, predicted: number): ForecastRow[] =>
      seriesRows({ server: name, actual: times(40, measured), predicted: times(40, measured), horizon: times(10, predicted) })
    run = await workspace.analyse(
      await workspace.writeForecasts('idle.parquet', [
        ...level('three one', 1, 1),
        ...level('three two', 2, 2),
        ...level('three three', 3, 3),
        ...level('pair one', 1, 1),
        ...level('pair two', 2, 2),
        ...level('alone', 1, 1),
        // Forecast next to idle, but once measured above 5; forecast above 5, but measured below.
        ...seriesRows({
          server: 'was busy',
          actual: [...times(39, 1), 5],
          predicted: [...times(39, 1), 5],
          horizon: times(10, 1),
        }),
        ...level('will be busy', 1, 5),
        ...level('busy one', 60, 60),
        ...level('busy two', 60, 60),
      ]),
      {
        serversTable: await workspace.writeText(
          'idle.csv',
          [
            'server_id,business_unit',
            ...['three one', 'three two', 'three three'].map((name) => `${name},three`),
            ...['pair one', 'pair two'].map((name) => `${name},pair`),
            'alone,alone',
            ...['was busy', 'will be busy', 'busy one', 'busy two'].map((name) => `${name},more`),
          ].join('\n'),
        ),
      },
    )
  })

  test('a group keeps two: of three next to idle the quietest is retired', async () => {
    expect(await recommendations(run)).toMatchObject({
      'three one': ['retire', null],
      'three two': ['keep', null],
      'three three': ['keep', null],
      'pair one': ['keep', null],
      'pair two': ['keep', null],
      alone: ['keep', null],
    })
  })

  test('measured and simulated peaks both lie below 5 for a server to be retired', async () => {
    expect(await recommendations(run)).toMatchObject({
      // By falling measured peak: was busy opens, will be busy moves to it.
      'was busy': ['keep', null],
      'will be busy': ['consolidate', 'was busy'],
    })
  })
})

describe('the previous run', () => {
  test("keeps its hosts where they still fit; the manifest's run is named", async () => {
    // c peaked higher than a since: without the previous run it would be the host.
    const rows = (peakOfC: number): ForecastRow[] =>
      ['a', 'b', 'c', 'd'].flatMap((name) => {
        const level = name === 'a' ? 20 : name === 'c' ? peakOfC : 10
        return seriesRows({ server: name, actual: times(40, level), predicted: times(40, level), horizon: times(10, 10) })
      })
    const first = await workspace.analyse(await workspace.writeForecasts('first.parquet', rows(10)))
    expect((await recommendations(first))['b']).toEqual(['consolidate', 'a'])
    const next = await workspace.writeForecasts('next.parquet', rows(30))
    expect((await recommendations(await workspace.analyse(next)))['b']).toEqual(['consolidate', 'c'])
    const sticky = await workspace.analyse(next, { previousRun: first.folder })
    expect((await recommendations(sticky))['b']).toEqual(['consolidate', 'a'])
    expect((await placementOf(sticky)).previous_run).toBe(first.manifest.run_id)
  })

  test('is refused where it is no run', async () => {
    const forecasts = await workspace.writeForecasts('any.parquet', jumping('a', 10, 1, 1))
    await expect(workspace.analyse(forecasts, { previousRun: workspace.folder })).rejects.toMatchObject({ code: 'run-not-found' })
  })
})

test('equal bytes on two and on eight threads', async () => {
  const forecasts = await workspace.writeForecasts(
    'threads.parquet',
    Array.from({ length: 30 }, (_, number) => jumping(`s${number}`, 5 + number, 10, number % 10)).flat(),
  )
  const [two, eight] = [await workspace.analyse(forecasts, { threads: 2 }), await workspace.analyse(forecasts, { threads: 8 })]
  const report = z.unknown()
  expect(await two.json('optimization_recommendations.json', report)).toEqual(await eight.json('optimization_recommendations.json', report))
  expect((await placementOf(two)).plan.consolidated).toBeGreaterThan(0)
})

// Recommendations of a fleet without paths: who moves where, which limits hold, and what it saves (analysis definition, section 8).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'

const reportSchema = z.object({
  total_savings_usd: z.number(),
  underutilized_count: z.number(),
  waterfall: z.object({
    capacity_freed_units: z.number(),
    hosts_removable: z.number(),
    retired: z.number(),
    consolidated: z.number(),
    monthly_savings_usd: z.number(),
  }),
  groups: z.array(z.record(z.string(), z.unknown())),
  recommendations: z.array(
    z.looseObject({
      server_id: z.string(),
      recommendation: z.string(),
      reason: z.string(),
      target_host: z.string().nullable(),
      monthly_savings_usd: z.number(),
    }),
  ),
})

describe('a fleet', () => {
  let workspace: ForecastWorkspace
  let run: FinishedRun
  let report: z.infer<typeof reportSchema>

  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
    const level = (name: string, horizon: readonly number[], actual = 20): ForecastRow[] =>
      seriesRows({ server: name, start: '2026-02-01', actual: [actual], horizon })
    run = await workspace.analyse(
      await workspace.writeForecasts('fleet.parquet', [
        // Retail: day and night share a host; three more keep the group above two.
        ...level('retail day', [60, 10]),
        ...level('retail night', [10, 58]),
        ...level('retail busy', [85, 85]),
        ...level('retail normal', [50, 50]),
        ...level('retail dead', [4.9, 1], 4.9),
        ...level('retail barely alive', [5, 0]),
        // A pair: both would fit onto one, but a group of two keeps two.
        ...level('pair one', [10, 10]),
        ...level('pair two', [10, 10]),
        // Three of which one may go.
        ...level('trio one', [12, 12]),
        ...level('trio two', [11, 11]),
        ...level('trio three', [10, 10]),
        ...level('alone', [10, 10]),
        // The same unit elsewhere is another group.
        ...level('retail far', [10, 10]),
        // Where its second time is missing it counts with its peak: 30 + 45 exceed 70 although 30 + 40 would not.
        ...level('gap host', [30, 30]),
        ...level('gap server', [45]),
        ...level('gap third', [60, 1]),
      ]),
      {
        config: { breach_probability: false },
        serversTable: await workspace.writeText(
          'fleet.csv',
          [
            'server_id,business_unit,region,criticality,monthly_cost_usd,capacity_units',
            'retail day,retail,east,,250,1',
            'retail night,retail,east,,199.99,1',
            'retail busy,retail,east,,300,1',
            'retail normal,retail,east,,300,1',
            'retail dead,retail,east,,80.5,4',
            'retail barely alive,retail,east,,,1',
            'pair one,pairs,,,100,1',
            'pair two,pairs,,,100,1',
            'trio one,trios,,,10,1',
            'trio two,trios,,,20,1',
            'trio three,trios,,,40,1',
            'alone,single,,,100,1',
            'retail far,retail,west,,100,1',
            'gap host,gaps,,,1,1',
            'gap server,gaps,,,1,1',
            'gap third,gaps,,,1,1',
          ].join('\n'),
        ),
      },
    )
    report = await run.json('optimization_recommendations.json', reportSchema)
  })
  afterAll(async () => workspace.close())

  const recommendationByServer = async (): Promise<Record<string, unknown>> =>
    Object.fromEntries((await run.serverRisk()).map((row) => [row['server_id'], [row['recommendation'], row['target_host']]]))

  test('gets one recommendation per server, the first that applies', async () => {
    expect(await recommendationByServer()).toMatchObject({
      'retail busy': ['add capacity', null],
      'retail dead': ['retire', null],
      'retail normal': ['keep', null],
      // Opened hosts are kept: they carry others.
      'retail day': ['keep', null],
      // 60 + 10 and 10 + 58 stay within 70.
      'retail night': ['consolidate', 'retail day'],
    })
  })

  test('a peak of exactly 5 is not below 5', async () => {
    // At 70 of 70 at the first time, retail day has no room for 5 more: it opens itself.
    expect((await recommendationByServer())['retail barely alive']).toEqual(['keep', null])
  })

  test('a group that had two servers keeps two', async () => {
    expect(await recommendationByServer()).toMatchObject({
      'pair one': ['keep', null],
      'pair two': ['keep', null],
      // By falling peak: one opens, two moves onto it, then only two are left.
      'trio one': ['keep', null],
      'trio two': ['consolidate', 'trio one'],
      'trio three': ['keep', null],
      alone: ['keep', null],
    })
  })

  test('nothing moves to another region of the same business unit', async () => {
    expect((await recommendationByServer())['retail far']).toEqual(['keep', null])
  })

  test('a server counts with its peak where its forecast has no row', async () => {
    expect((await recommendationByServer())['gap server']).toEqual(['keep', null])
  })

  test('savings are those of the servers that leave, and the total is their sum', () => {
    // Retired 80.50 (4 units), consolidated 199.99 and 20 (1 unit each).
    expect(report.total_savings_usd).toBe(300.49)
    expect(report.waterfall).toEqual({
      capacity_freed_units: 6,
      hosts_removable: 3,
      retired: 1,
      consolidated: 2,
      monthly_savings_usd: 300.49,
    })
    const sum = report.recommendations.reduce((total, entry) => total + entry.monthly_savings_usd, 0)
    expect(sum).toBeCloseTo(report.total_savings_usd, 9)
    const ofGroups = report.groups.reduce((total, group) => total + Number(group['monthly_savings_usd']), 0)
    expect(ofGroups).toBeCloseTo(report.total_savings_usd, 9)
  })

  test('only recommendations that ask for an action are recommendations, each with its numbers in words', () => {
    expect(report.recommendations.map((entry) => [entry.server_id, entry.recommendation, entry.monthly_savings_usd])).toEqual([
      ['retail busy', 'add capacity', 0],
      ['retail dead', 'retire', 80.5],
      ['retail night', 'consolidate', 199.99],
      ['trio two', 'consolidate', 20],
    ])
    const [busyServers, unusedServers, night] = report.recommendations
    // 85 / 80 - 1 of one unit, rounded up.
    expect(busyServers!.reason).toBe(
      "The horizon's P95 of CPU is 85.0 %, above 80.0 %; first above on 2026-02-02. Add 1 capacity unit. Order by 2026-01-03, which has passed: delivery will be late.",
    )
    expect(unusedServers!.reason).toBe("The horizon's peak is 4.9 %, below 5 %.")
    expect(night!.reason).toBe("The horizon's mean of 34.0 % is below 40 %; its demand fits on retail day within 70 %.")
  })

  test('groups count their servers once', () => {
    expect(report.groups.find((group) => group['business_unit'] === 'retail' && group['region'] === 'east')).toEqual({
      business_unit: 'retail',
      region: 'east',
      criticality: null,
      servers: 6,
      at_risk: 1,
      // day 35, night 34, dead 2.95, barely alive 2.5
      underutilized: 4,
      retired: 1,
      consolidated: 1,
      monthly_savings_usd: 280.49,
    })
    expect(report.groups.reduce((sum, group) => sum + Number(group['servers']), 0)).toBe(16)
  })

  test('without a servers table all are one group, one unit and 100 USD each', async () => {
    const baseline = await workspace.analyse(
      await workspace.writeForecasts(
        'plain.parquet',
        ['a', 'b', 'c', 'd'].flatMap((name) => seriesRows({ server: name, actual: [10], horizon: times(3, 15) })),
      ),
      { config: { consolidation_target: 45 } },
    )
    // 15 + 15 + 15 = 45 on a; then two are to stay, and only b and c may go.
    expect(await baseline.json('optimization_recommendations.json', reportSchema)).toMatchObject({
      total_savings_usd: 200,
      underutilized_count: 4,
      waterfall: { hosts_removable: 2, capacity_freed_units: 2 },
    })
  })
})

// Resources with a capacity: amounts in percent of it, a capacity that changes, and the resource that runs out first.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src-main/config/parse-config.ts'
import { planSparkJob } from '../../../src-main/engine/spark/plan-spark-job.ts'
import { describeAbsoluteMetric } from '../../../src-shared/config/metric-capacity.ts'
import { literal } from '../../../src-main/database/database.ts'
import { Database } from '../../../src-main/database/database.ts'
import { bitbrains } from '../../fixtures/fleets.ts'
import { seriesRows, timeAfter, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

let files = 0
const analyse = async (rows: readonly ForecastRow[], servers?: string, config = {}): Promise<FinishedRun> => {
  const name = `capacity-${++files}`
  return workspace.analyse(await workspace.writeForecasts(`${name}.parquet`, rows), {
    config,
    ...(servers === undefined ? {} : { serversTable: await workspace.writeText(`${name}.csv`, servers) }),
  })
}
const messages = (run: FinishedRun): string[] => run.manifest.warnings.map(({ message }) => message)

describe('the capacity that a metric counts against', () => {
  const config = (settings = {}) => parseConfig(settings, 'headroom')
  test('follows words and units of its name', () => {
    expect(describeAbsoluteMetric(config(), 'mem_used_gib')).toEqual({
      metric: 'mem_used_gib',
      column: 'mem_gib',
      factor: 1,
      isFree: false,
    })
    expect(describeAbsoluteMetric(config(), 'disk_used_gb')?.factor).toBeCloseTo(0.931_322_574_615_478_5, 15)
    expect(describeAbsoluteMetric(config(), 'MemUsedBytes')?.factor).toBe(1 / 2 ** 30)
  })
  test('is none of a rate, a percentage, or a free amount without a direction', () => {
    for (const metric of ['disk_read_bytes', 'mem_p95', 'mem_used_percent', 'net_used_bytes', 'disk_free_gib'])
      expect(describeAbsoluteMetric(config(), metric)).toBeUndefined()
    const below = config({ metric_directions: { disk_free_gib: 'below' } })
    expect(describeAbsoluteMetric(below, 'disk_free_gib')).toMatchObject({ column: 'disk_gib', isFree: true })
  })
  test('is stated where the name does not say it', () => {
    const stated = config({ metric_capacities: { pool: 'disk_gib', threads: 'cores' }, metric_units: { pool: 'gb', threads: 'count' } })
    expect(describeAbsoluteMetric(stated, 'pool')).toMatchObject({ column: 'disk_gib', factor: 1e9 / 2 ** 30 })
    expect(describeAbsoluteMetric(stated, 'threads')).toMatchObject({ column: 'cores', factor: 1 })
  })
})

describe('an amount of a capacity', () => {
  const used = [...times(30, 6), ...times(30, 7)]
  const amounts = (metric: string, factor: number, servers = ['a', 'b']): ForecastRow[] =>
    servers.flatMap((server) =>
      seriesRows({ server, metric, actual: used.map((value) => value * factor), horizon: times(10, 7 * factor) }).map((row) => ({
        ...row,
        yhat_lower: row.predicted! * 0.9,
        yhat_upper: row.predicted! * 1.1,
      })),
    )
  const percent = amounts('mem_used_gib', 100 / 8)
  const table = 'server_id,mem_gib\na,8\nb,8\n'

  let given: FinishedRun
  beforeAll(async () => {
    given = await analyse(amounts('mem_used_gib', 1), table)
  })

  test('has every figure of its percentage', async () => {
    const reference = await analyse(percent, table, { metric_units: { mem_used_gib: 'percent' } })
    expect(await given.serverRisk()).toEqual(await reference.serverRisk())
    expect(await given.riskOf('a')).toMatchObject({ horizon_p95: 87.5, is_at_risk: true, capacity: 8, capacity_unit: 'GiB' })
    expect(messages(given)).toContain('mem_used_gib is analysed in percent of mem_gib.')
  })

  test('counts as used where it is free and a low value is the risk, in GB against GiB', async () => {
    const gb = 2 ** 30 / 1e9
    const freeRows = amounts('mem_free_gb', 1).map((row) => ({
      ...row,
      actual: row.actual === null || row.actual === undefined ? null : (8 - row.actual) * gb,
      predicted: (8 - row.predicted!) * gb,
      yhat_lower: (8 - row.yhat_upper!) * gb,
      yhat_upper: (8 - row.yhat_lower!) * gb,
    }))
    const free = await analyse(freeRows, table, { metric_directions: { mem_free_gb: 'below' } })
    expect((await free.riskOf('a'))['horizon_p95']).toBeCloseTo(87.5, 9)
    expect((await free.riskOf('a'))['at_risk_probability']).toBeCloseTo((await given.riskOf('a'))['at_risk_probability'] as number, 9)
  })

  test('is not known without a capacity, or with 0, and the run says so', async () => {
    const run = await analyse(
      [
        ...amounts('mem_used_gib', 1, ['a', 'b', 'c']),
        ...percent.filter(({ server_id }) => server_id === 'a').map((row) => ({ ...row, metric: 'cpu_p95' })),
      ],
      'server_id,mem_gib\na,8\nb,0\n',
    )
    expect(await run.riskOf('b')).toMatchObject({ horizon_periods: 0, at_risk_probability: null, is_at_risk: false, capacity: null })
    expect(messages(run)).toContain('2 servers have no mem_gib above 0, so mem_used_gib of them is not known: b, c.')
  })

  test('is refused by a Spark plan', async () => {
    const path = await workspace.writeForecasts('spark.parquet', amounts('mem_used_gib', 1))
    await expect(planSparkJob({ inputs: [path], out: `${workspace.folder}/plan`, config: {} })).rejects.toMatchObject({
      code: 'usage',
      message: 'A Spark cluster reads percentages only, but mem_used_gib is an amount of a capacity.',
    })
  })
})

describe('a capacity that changes in the history', () => {
  const capacityRows = (column: string, values: readonly number[]): ForecastRow[] =>
    values.map((value, day) => ({
      server_id: 'a',
      metric: column,
      timestamp: timeAfter('2026-01-01', day),
      actual: value,
      predicted: null,
    }))

  test('leaves demand in percent of the capacity of today', async () => {
    // 6 of 8 GiB are 75 %; from day 20 on the server has 16 GiB, and 6 GiB are 37.5 %.
    const measured = [...times(20, 75), ...times(20, 37.5)]
    const rows = [
      ...seriesRows({ server: 'a', metric: 'mem_p95', actual: measured, horizon: times(10, 37.5) }),
      ...capacityRows('mem_gib', [...times(20, 8), ...times(20, 16)]),
    ]
    const run = await analyse(rows)
    expect(await run.serverRisk()).toHaveLength(1)
    expect(await run.riskOf('a')).toMatchObject({
      metric: 'mem_p95',
      capacity: 16,
      capacity_changes: 1,
      p95_p90: 37.5,
      trend_per_30_days: 0,
      mae: 0,
    })
    expect(await run.flagged('SELECT DISTINCT actual, predicted FROM flagged ORDER BY actual NULLS LAST')).toEqual([
      { actual: 37.5, predicted: 37.5 },
      { actual: null, predicted: 37.5 },
    ])
    expect(messages(run)).toContain(
      'The capacity of 1 server changed in the history, so its demand counts in percent of today’s capacity: a.'.replace('’', "'"),
    )
  })

  test.runIf(bitbrains.isAvailable)(`is found on the machines of a bank that had one${bitbrains.skipNote}`, async () => {
    const servers = literal(bitbrains.path('servers.csv'))
    const forecasts = literal(bitbrains.path('forecasts-63.parquet'))
    const chosen = `(SELECT server_id, CAST(capacity_units AS DOUBLE) AS cores, core_changes FROM read_csv(${servers})
      WHERE core_changes > 1 OR server_id IN ('vm-100', 'vm-101', 'vm-102'))`
    // The archive says which machines changed, not when: here they had half of their cores in the first three weeks.
    const path = await workspace.writeQuery(
      'bank.parquet',
      `SELECT server_id, 'cpu_p95' AS metric, timestamp, actual, predicted, is_future FROM read_parquet(${forecasts}) JOIN ${chosen} USING (server_id)
         WHERE model = 'flat_mean4'
       UNION ALL
       SELECT DISTINCT server_id, 'cores', timestamp, CASE WHEN core_changes > 1 AND timestamp < TIMESTAMP '2013-08-12' THEN cores / 2 ELSE cores END,
              CAST(NULL AS DOUBLE), false
       FROM read_parquet(${forecasts}) JOIN ${chosen} USING (server_id) WHERE NOT is_future`,
    )
    const run = await workspace.analyse(path, { serversTable: bitbrains.path('servers.csv') })
    const found = await run.serverRisk()
    expect(new Map(found.map(({ server_id, capacity_changes: changes }) => [server_id, changes]))).toEqual(
      new Map([
        ['vm-100', 0],
        ['vm-101', 0],
        ['vm-102', 0],
        ['vm-204', 1],
        ['vm-286', 1],
        ['vm-410', 1],
      ]),
    )
  })

  test('holds for free shares and for amounts', async () => {
    const history = ['a', 'b'].flatMap((server_id) =>
      capacityRows('disk_gib', [...times(20, 100), ...times(20, 200)]).map((row) => ({ ...row, server_id })),
    )
    const usedGib = times(40, 60)
    const freePercent = usedGib.map((value, day) => 100 - (100 * value) / (day < 20 ? 100 : 200))
    const run = await analyse(
      [
        ...seriesRows({ server: 'a', metric: 'disk_free_percent', actual: freePercent, horizon: times(10, 70) }),
        ...seriesRows({ server: 'b', metric: 'disk_used_gib', actual: usedGib, horizon: times(10, 60) }),
        ...history,
      ],
      undefined,
      { metric_directions: { disk_free_percent: 'below' } },
    )
    for (const server of ['a', 'b']) expect(await run.riskOf(server)).toMatchObject({ horizon_p95: 30, p95_p90: 30, capacity: 200, mae: 0 })
  })
})

describe('the limiting resource', () => {
  const rising = (from: number, perDay: number, days: number): number[] => Array.from({ length: days }, (_, day) => from + perDay * day)

  test('runs out first, and is the fuller one where none rises', async () => {
    // On a, CPU stays at 70 %; memory rises by 0.2 points a day from 40 % and reaches 80 % after 200 days. On b nothing rises.
    const rows = [
      ...seriesRows({ server: 'a', metric: 'cpu_p95', actual: times(90, 70), horizon: times(10, 70) }),
      ...seriesRows({ server: 'a', metric: 'mem_p95', actual: rising(40, 0.2, 90), horizon: rising(58, 0.2, 10) }),
      ...seriesRows({ server: 'b', metric: 'cpu_p95', actual: times(90, 45), horizon: times(10, 45) }),
      ...seriesRows({ server: 'b', metric: 'mem_p95', actual: times(90, 20), horizon: times(10, 20) }),
    ]
    const run = await analyse(rows)
    const limiting = (await run.serverRisk()).filter((row) => row['is_limiting_resource'])
    expect(limiting.map((row) => [row['server_id'], row['metric']])).toEqual([
      ['a', 'mem_p95'],
      ['b', 'cpu_p95'],
    ])
    expect(await run.riskOf('a', 'mem_p95')).toMatchObject({ exhaustion_at: expect.any(Date) })
  })
})

describe.skipIf(!bitbrains.isAvailable)(`Machines of a bank${bitbrains.skipNote}`, () => {
  const days = 56
  const horizonDays = 14

  /** Daily P95 of the raw hours, by nearest rank. */
  const readDailyP95s = async (): Promise<Map<string, Record<'cpu_p95' | 'mem_p95', number[]>>> => {
    const database = await Database.open({ spillFolder: workspace.folder })
    try {
      const { server_id, metric, day, hours } = await database.columns(
        `SELECT server_id, metric, CAST(epoch_ms(timestamp) // 86400000 AS INTEGER) AS day, array_to_string(list(actual), ' ') AS hours
         FROM read_parquet(${literal(bitbrains.path('measurements.parquet'))}) WHERE CAST(substr(server_id, 4) AS INTEGER) % 4 = 0
         GROUP BY ALL HAVING count(*) = 24 ORDER BY server_id, metric, day`,
        { server_id: 'text', metric: 'text', day: 'number', hours: 'text' },
      )
      const machines = new Map<string, Record<'cpu_p95' | 'mem_p95', number[]>>()
      day.forEach((_, row) => {
        const machine = machines.get(server_id[row]!) ?? { cpu_p95: [], mem_p95: [] }
        machines.set(server_id[row]!, machine)
        const sorted = hours[row]!.split(' ')
          .map(Number)
          .sort((a, b) => a - b)
        machine[metric[row] as 'cpu_p95' | 'mem_p95'].push(sorted[Math.ceil(0.95 * 24) - 1]!)
      })
      return new Map(
        [...machines].map(([id, { cpu_p95: cpu, mem_p95: mem }]) => [id, { cpu_p95: cpu.slice(-days), mem_p95: mem.slice(-days) }]),
      )
    } finally {
      database.close()
    }
  }

  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

  /** Per day, by least squares. */
  const slopeOf = (values: readonly number[]): number => {
    const mean = meanOf(values)
    const middle = (values.length - 1) / 2
    const products = values.reduce((sum, value, day) => sum + (day - middle) * (value - mean), 0)
    return products / values.reduce((sum, _, day) => sum + (day - middle) ** 2, 0)
  }

  test('are limited by the memory where neither resource rises and its mean is above the fullest day of the processor', async () => {
    const machines = await readDailyP95s()
    const rows = [...machines].flatMap(([server, measured]) =>
      (['cpu_p95', 'mem_p95'] as const).flatMap((metric) => {
        const level = meanOf(measured[metric])
        return seriesRows({ server, metric, actual: measured[metric], predicted: times(days, level), horizon: times(horizonDays, level) })
      }),
    )
    const expected = new Map(
      [...machines].flatMap(([server, { cpu_p95: cpu, mem_p95: mem }]) => {
        if (slopeOf(cpu) > 0 || slopeOf(mem) > 0) return []
        if (meanOf(mem) > Math.max(...cpu)) return [[server, 'mem_p95']]
        return meanOf(cpu) > Math.max(...mem) ? [[server, 'cpu_p95']] : []
      }),
    )
    const run = await workspace.analyse(await workspace.writeForecasts('machines.parquet', rows))
    const limiting = new Map(
      (await run.serverRisk()).filter(({ is_limiting_resource: limits }) => limits).map(({ server_id, metric }) => [server_id, metric]),
    )
    expect(limiting.size).toBe(machines.size)
    expect(new Map([...expected.keys()].map((server) => [server, limiting.get(server)]))).toEqual(expected)
    expect([...expected.values()].filter((metric) => metric === 'mem_p95').length).toBeGreaterThan(4)
  })
})

// Rightsizing: the cheapest type that carries a server, its risk and licences, worked by hand; and savings that count once.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCatalogue, type InstanceSize } from '../../../src-main/engine/capacity/instance-catalogue.ts'
import type { ResourceUse } from '../../../src-main/engine/capacity/resource-use.ts'
import { findSize, licensedCores, performanceRisk } from '../../../src-main/engine/capacity/rightsize.ts'
import { allowedAbove, judgeSizes } from '../../../src-main/engine/capacity/check-rightsizing.ts'
import { selectGreatest, selectRank } from '../../../src-main/statistics/select-rank.ts'
import { capacityReportSchema } from '../../../src-shared/artefacts/capacity.ts'
import { sizingCheckText } from '../../../src-shared/artefacts/sizing-check-text.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { seededRandom } from '../../fixtures/seeded-random.ts'

const use = (quantile: number, peaks: readonly number[] = [quantile]): ResourceUse => ({ quantile, peaks: Float64Array.from(peaks) })
const size = (vcpu: number, memGib: number, arch = 'x86_64'): InstanceSize => ({
  type: `${vcpu}x${memGib}-${arch}`,
  vcpu,
  memGib,
  monthlyUsd: vcpu * 10 + memGib,
  arch,
})
const sizes = [size(2, 32), size(4, 16), size(4, 32), size(8, 16), size(8, 32), size(4, 32, 'arm64')].sort(
  (a, b) => a.monthlyUsd - b.monthlyUsd,
)
const current = size(8, 32)

describe('a server of 8 vCPUs', () => {
  test('at 30 % needs 4 with a fifth of headroom', () => {
    // 30 % of 8 are 60 % of 4, below 80; and 120 % of 2.
    expect(findSize(current, { cpu: use(30), memory: use(70) }, sizes, 0.2)).toEqual(size(4, 32))
  })
  test('keeps its size where the limit is reached', () => {
    expect(findSize(current, { cpu: use(40), memory: use(70) }, sizes, 0.2)).toBeUndefined()
    expect(findSize(current, { cpu: use(39.9), memory: use(70) }, sizes, 0.2)).toEqual(size(4, 32))
  })
  test('never shrinks a resource without a metric', () => {
    expect(findSize(current, { cpu: use(30), memory: null }, sizes, 0.2)?.memGib).toBe(32)
    expect(findSize(current, { cpu: null, memory: use(10) }, sizes, 0.2)).toEqual(size(8, 16))
    expect(findSize(current, { cpu: null, memory: null }, sizes, 0.2)).toBeUndefined()
  })
  test('stays on its architecture', () => {
    const arms = [size(4, 32, 'arm64'), current]
    expect(findSize(current, { cpu: use(10), memory: use(10) }, arms, 0.2)).toBeUndefined()
  })
  test.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [10, 2],
    [25, 3],
    [26, 4],
  ])('has, with %i of 100 paths above the new size, risk %i', (above, risk) => {
    const peaks = Array.from({ length: 100 }, (_, path) => (path < above ? 51 : 50))
    expect(performanceRisk(current, size(4, 32), { cpu: use(30, peaks), memory: null })).toBe(risk)
  })
})

test('SQL Server needs four cores at least, others what they have, unless stated', () => {
  expect([
    licensedCores('SQL Server Standard', 2, {}),
    licensedCores('SQL Server Standard', 8, {}),
    licensedCores('Oracle', 2, {}),
  ]).toEqual([4, 8, 2])
  expect(licensedCores('Oracle', 2, { Oracle: { usd_per_core: 100, min_cores: 6 } })).toBe(6)
})

test('a check counts twice the promise, less in windows shorter than the horizon, with a standard deviation to spare', () => {
  // 1 % of 2,000 values are 20: 16 + 4 are as many, 17 + 4.1 more. Windows of half the horizon may hold 10: 7 + 2.6 are fewer, 8 + 2.8 more.
  expect([16, 17].map((above) => judgeSizes(50, above, allowedAbove(2000, 14, 14)))).toEqual(['holds', 'cannot promise'])
  expect([7, 8].map((above) => judgeSizes(50, above, allowedAbove(2000, 12, 24)))).toEqual(['holds', 'cannot promise'])
  expect(judgeSizes(19, 0, 20)).toBe('too few servers')
})

test('the rank that is selected is that of the sorted values', () => {
  const random = seededRandom(3)
  for (const length of [1, 2, 7, 500]) {
    const values = Float64Array.from({ length }, () => Math.floor(random() * 40))
    const sorted = values.slice().sort()
    for (const rank of [0, length >> 1, length - 1]) expect(selectRank(values.slice(), rank)).toBe(sorted[rank])
    for (const count of [1, Math.ceil(length / 50), length]) expect(selectGreatest(values, count)).toBe(sorted[length - count])
  }
})

test('the shipped catalogue states source and date, and prices by size', async () => {
  const { source, sizes: shipped, entry } = await readCatalogue(undefined, 'auto')
  expect(source).toMatch(/us-east-1, as of January 2025/)
  expect(entry).toBeNull()
  // 0.096 USD an hour for two vCPUs, 730 hours.
  expect(shipped.find(({ type }) => type === 'm5.large')).toMatchObject({ vcpu: 2, memGib: 8, monthlyUsd: 70.08 })
  expect(shipped.find(({ type }) => type === 'r6i.2xlarge')).toMatchObject({ vcpu: 8, memGib: 64, monthlyUsd: 367.92 })
})

describe('a fleet', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  test('is rightsized where servers stay, and each saving counts once', async () => {
    const constant = (server: string, cpu: number, memory: number | null) => [
      ...seriesRows({ server, metric: 'cpu_p95', actual: times(40, cpu), horizon: times(10, cpu) }),
      ...(memory === null ? [] : seriesRows({ server, metric: 'mem_p95', actual: times(40, memory), horizon: times(10, memory) })),
    ]
    const rows = [
      // Stays: above 40 % in memory. 45 % of 8 vCPUs are 90 % of 4, so only its memory shrinks.
      ...constant('wide', 30, 60),
      ...constant('blind', 45, null),
      ...constant('busy', 95, 60),
      ...constant('odd', 30, 60),
      // Retired, since its group keeps two others.
      ...constant('idle', 1, 1),
    ]
    const table = [
      'server_id,business_unit,cores,mem_gib,instance_type,licence,monthly_cost_usd',
      'wide,a,8,32,m5.2xlarge,SQL Server,300',
      'blind,b,8,32,m5.2xlarge,,300',
      'busy,c,8,32,m5.2xlarge,,300',
      'odd,d,8,32,z9.large,,300',
      'idle,a,8,32,m5.2xlarge,,300',
      'third,a,8,32,m5.2xlarge,,300',
    ]
    const run = await workspace.analyse(await workspace.writeForecasts('sizes.parquet', [...rows, ...constant('third', 50, 60)]), {
      serversTable: await workspace.writeText('sizes.csv', table.join('\n')),
      catalogue: await workspace.writeText(
        'catalogue.csv',
        'type,vcpu,mem_gib,monthly_usd\nm5.large,2,8,70\nm5.xlarge,4,16,140\nr5.xlarge,4,32,184\nm5.2xlarge,8,32,280\n',
      ),
      config: { licence_costs: { 'SQL Server': { usd_per_core: 100 } } },
    })
    const { rightsizing, savings, notes } = await run.json(runFiles.capacity, capacityReportSchema)
    // 30 % of 8 vCPUs are 60 % of 4; 60 % of 32 GiB are 120 % of 16, so r5.xlarge. Four licensed cores go.
    expect(rightsizing.servers).toEqual([
      {
        server_id: 'wide',
        current_type: 'm5.2xlarge',
        new_type: 'r5.xlarge',
        vcpu: 4,
        mem_gib: 32,
        monthly_savings_usd: 96,
        licence: 'SQL Server',
        licence_cores_freed: 4,
        licence_savings_usd: 400,
        performance_risk: 0,
      },
    ])
    expect(savings).toEqual({ rightsize_usd: 96, consolidate_usd: 0, retire_usd: 300, total_usd: 396, licences_usd: 400 })
    expect(notes).toEqual(['The catalogue has no type z9.large, so servers of it keep their size.'])
    expect(run.manifest.catalogue).toMatchObject({ rows: 4 })
  })

  /** Servers of eight vCPUs with forecasts of one level each. */
  const rightsizeEight = async (name: string, levels: readonly number[], actual: readonly (readonly number[])[]) => {
    const rows = levels.flatMap((level, server) =>
      seriesRows({
        server: `s${server}`,
        metric: 'cpu_p95',
        actual: actual[server]!,
        predicted: times(60, level),
        horizon: times(14, level),
      }),
    )
    const run = await workspace.analyse(await workspace.writeForecasts(`${name}.parquet`, rows), {
      serversTable: await workspace.writeText(
        `${name}.csv`,
        ['server_id,business_unit,cores,instance_type', ...levels.map((_, server) => `s${server},unit-${server},8,size-8`)].join('\n'),
      ),
      catalogue: await workspace.writeText(
        `${name}-sizes.csv`,
        `type,vcpu,mem_gib,monthly_usd\n${[1, 2, 3, 4, 5, 6, 7, 8].map((vcpu) => `size-${vcpu},${vcpu},64,${50 * vcpu}`).join('\n')}\n`,
      ),
    })
    return (await run.json(runFiles.capacity, capacityReportSchema)).rightsizing
  }

  test('says that it cannot promise where levels rose in the last window', async () => {
    const levels = Array.from({ length: 24 }, (_, server) => 10 + server / 2)
    const { check } = await rightsizeEight(
      'risen',
      levels,
      levels.map((level) => [...times(46, level), ...times(14, 2.5 * level)]),
    )
    expect(check!.verdict).toBe('cannot promise')
    expect(sizingCheckText(check!)).toMatch(/too many for the promised 0\.5 %, so the sizes cannot be promised\.$/)
  })

  test('exceeds its new sizes in what then comes at most twice as often as promised', async () => {
    const random = seededRandom(17)
    const level = (server: number): number => 8 + 1.5 * server
    const value = (server: number): number => level(server) + 8 * (random() + random() + random() - 1.5)
    const ids = Array.from({ length: 24 }, (_, server) => server)
    const actual = ids.map((server) => Array.from({ length: 60 }, () => value(server)))
    const { servers, check } = await rightsizeEight('hold-out', ids.map(level), actual)
    expect(check).toMatchObject({ verdict: 'holds', values: check!.servers * 14 })
    expect(servers.length).toBeGreaterThan(15)
    // A thousand days after it: 0.5 % of the values may lie above 80 % of the new size.
    const after = servers.flatMap(({ server_id, vcpu }) =>
      Array.from({ length: 1000 }, () => (value(Number(server_id.slice(1))) * 8) / vcpu),
    )
    expect(after.filter((used) => used > 80).length / after.length).toBeLessThanOrEqual(2 * 0.005)
    // A size smaller breaks the promise, so none is larger than it must be.
    const smaller = servers.flatMap(({ server_id, vcpu }) =>
      vcpu === 1 ? [] : Array.from({ length: 1000 }, () => (value(Number(server_id.slice(1))) * 8) / (vcpu - 1)),
    )
    expect(smaller.filter((used) => used > 80).length / smaller.length).toBeGreaterThan(2 * 0.005)
  })

  test.each([
    ['a type twice but for case', 'type,vcpu,mem_gib,monthly_usd\na.l,2,8,70\nA.L,4,8,70\n', 'holds "A.L" once more'],
    ['a type twice', 'type,vcpu,mem_gib,monthly_usd\na,2,8,70\na,2,8,70\n', 'holds "a" once more'],
    ['a price of 0', 'type,vcpu,mem_gib,monthly_usd\na,2,8,0\n', 'column monthly_usd of the instance catalogue bad.csv holds "0"'],
    ['no prices', 'type,vcpu,mem_gib\na,2,8\n', 'has no column monthly_usd'],
  ])('with a catalogue of %s is refused', async (_title, text, message) => {
    await expect(readCatalogue(await workspace.writeText('bad.csv', text), 'auto')).rejects.toMatchObject({
      code: 'table-invalid',
      message: expect.stringContaining(message),
    })
  })
})

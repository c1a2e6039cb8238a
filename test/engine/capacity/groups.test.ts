// Hosts and clusters: what is usable, how long it lasts, what to buy; worked by hand, and on a real fleet against a plain computation.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../../src-main/config/parse-config.ts'
import { Database } from '../../../src-main/database/database.ts'
import { assessFleet } from '../../../src-main/engine/analyze.ts'
import { measureBacktests } from '../../../src-main/engine/backtest/measure-backtests.ts'
import { estimateBreaches } from '../../../src-main/engine/breach/estimate-breaches.ts'
import { JointPaths } from '../../../src-main/engine/breach/joint-paths.ts'
import { readSimulationTask } from '../../../src-main/engine/breach/path-batches.ts'
import { pathCount } from '../../../src-main/engine/breach/simulate-paths.ts'
import { assessGroups, capacityRulesOf } from '../../../src-main/engine/capacity/assess-groups.ts'
import { ClusterPool } from '../../../src-main/engine/capacity/cluster-pool.ts'
import { readMetricColumns, storeSeriesCapacity } from '../../../src-main/engine/capacity/series-capacity.ts'
import { describeCapacity } from '../../../src-main/cli/capacity-command.ts'
import { headroom } from '../../../src-main/engine/methods/headroom.ts'
import { queryCapacity } from '../../../src-main/queries/capacity/capacity-query.ts'
import { readReportContent } from '../../../src-main/report/report-content.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { countHostsToBuy, usableCapacity } from '../../../src-main/statistics/cluster-capacity.ts'
import { exceededByShare } from '../../../src-main/statistics/running-quantiles.ts'
import { capacityReportSchema, type CapacityGroup, type CapacityReport } from '../../../src-shared/artefacts/capacity.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { bitbrains } from '../../fixtures/fleets.ts'
import { seriesRows, timeAfter, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'

describe('four hosts of 100', () => {
  const hosts = [100, 100, 100, 100]
  test.each([
    [1, 0, 300],
    [0, 25, 300],
    [1, 25, 225],
    [5, 0, 0],
  ])('with %i in reserve and a free share of %i have %i usable', (reserve_hosts, reserve_percent, usable) => {
    expect(usableCapacity(hosts, { reserve_hosts, reserve_percent })).toBe(usable)
  })

  test('lose the largest', () => {
    expect(usableCapacity([50, 200, 100], { reserve_hosts: 1, reserve_percent: 0 })).toBe(150)
  })

  test('need as many more as the demand exceeds the target of what is usable', () => {
    const rules = { reserve_hosts: 1, reserve_percent: 0, capacity_target: 80 }
    // 250 at 80 % need 312.5: 12.5 more than 300, so one host. 240 need exactly 300.
    expect([countHostsToBuy(250, 300, 100, rules), countHostsToBuy(240, 300, 100, rules), countHostsToBuy(0, 300, 100, rules)]).toEqual([
      1, 0, 0,
    ])
    // 25 % free: a new host adds 75; 250 / 0.8 - 225 = 87.5.
    expect(countHostsToBuy(250, 225, 100, { ...rules, reserve_percent: 25 })).toBe(2)
  })
})

test('a share of the paths has exceeded a limit by a time where the curve has', () => {
  // Ten paths of two steps: path k rises from k to 10 + k, but path 9 falls to 0.
  const paths = Float64Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? index / 2 : index === 19 ? 0 : 10 + (index - 1) / 2))
  const [half, tenth] = exceededByShare(paths, 2, [0.5, 0.1])
  expect([...half!, ...tenth!]).toEqual([5, 14, 9, 18])
})

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

let files = 0
const analyse = async (rows: readonly ForecastRow[], servers: string, config = {}): Promise<FinishedRun> => {
  const name = `groups-${++files}`
  return workspace.analyse(await workspace.writeForecasts(`${name}.parquet`, rows), {
    serversTable: await workspace.writeText(`${name}.csv`, servers),
    config,
  })
}
const assess = async (...request: Parameters<typeof analyse>): Promise<CapacityReport> =>
  (await analyse(...request)).json(runFiles.capacity, capacityReportSchema)
const groupOf = ({ groups }: Pick<CapacityReport, 'groups'>, name: string, metric = 'cpu_p95'): CapacityGroup =>
  groups.find(({ group, metric: own }) => group === name && own === metric)!

describe('a cluster of four hosts with a member each', () => {
  // 100 cores at 60 %, then one point more a day: four members need 4 (60 + d) cores on day d of the horizon.
  const horizon = Array.from({ length: 30 }, (_, day) => 61 + day)
  const members = ['a', 'b', 'c', 'd']
  const rows = members.flatMap((server) => [
    ...seriesRows({ server, metric: 'cpu_p95', actual: times(40, 60), horizon }),
    ...seriesRows({ server, metric: 'mem_p95', actual: times(40, 20), horizon: times(30, 20) }),
  ])
  const hostRows = members.map((server) => `h${server},,prod,100,64`)
  const table = ['server_id,host,host_cluster,cores,mem_gib', ...hostRows, ...members.map((server) => `${server},h${server},,100,32`)].join(
    '\n',
  )
  let run: FinishedRun
  let report: CapacityReport
  beforeAll(async () => {
    run = await analyse(rows, table, { capacity_target: 100 })
    report = await run.json(runFiles.capacity, capacityReportSchema)
  })

  test('is full on the first day above 300 cores, and its hosts are not', () => {
    // 4 x 75 = 300 on day 15 is not above; day 16 is.
    const day16 = `${timeAfter('2026-01-01', 40 + 15)}.000Z`
    expect(groupOf(report, 'prod')).toMatchObject({
      kind: 'cluster',
      hosts: 4,
      members: 4,
      unknown_members: 0,
      unit: 'cores',
      capacity: 400,
      usable: 300,
      limit: 300,
      allocated: 400,
      demand_p50: 360,
      demand_p90: 360,
      runway_p50: day16,
      runway_p90: day16,
      host_size: 100,
      hosts_to_buy: 1,
      is_limiting: true,
    })
    expect(groupOf(report, 'ha')).toMatchObject({
      kind: 'host',
      cluster: 'prod',
      usable: 100,
      demand_p90: 90,
      runway_p90: null,
      hosts_to_buy: null,
    })
  })

  test('has memory in GiB, which does not limit it', () => {
    // 20 % of 32 GiB on each of four.
    expect(groupOf(report, 'prod', 'mem_p95')).toMatchObject({
      unit: 'GiB',
      usable: 192,
      allocated: 128,
      runway_p50: null,
      hosts_to_buy: 0,
      is_limiting: false,
    })
    expect(groupOf(report, 'prod', 'mem_p95').demand_p50).toBeCloseTo(25.6, 9)
  })

  test('needs what its hosts need: demand is conserved', () => {
    const { demand_p50_by: cluster } = groupOf(report, 'prod')
    const hosts = members.map((server) => groupOf(report, `h${server}`).demand_p50_by)
    expect(cluster).toHaveLength(30)
    cluster.forEach((demand, day) => expect(hosts.reduce((sum, own) => sum + own[day]!, 0)).toBeCloseTo(demand, 9))
  })

  test('is listed by headroom capacity with its runway, and with the resource that limits its members', async () => {
    const open = await openRunFolder(run.folder)
    const view = await queryCapacity(open)
    const { tables } = await readReportContent(open)
    await open.close()
    expect(tables.find(({ title }) => title === 'Capacity of clusters')?.rows[0]).toEqual([
      'prod',
      'cpu_p95',
      '300',
      '300',
      '360',
      'cores',
      '25 February 2026',
      '25 February 2026',
      '1',
    ])
    expect(view.resources).toEqual([
      { business_unit: null, metric: 'cpu_p95', servers: 4, limits: 4, is_limiting: true },
      { business_unit: null, metric: 'mem_p95', servers: 4, limits: 0, is_limiting: false },
    ])
    const text = describeCapacity(view)
    expect(text).toMatch(/all servers +cpu_p95 +4 +4 +limiting/)
    expect(text).toMatch(/cluster prod +cpu_p95 +cores +300 +300 +360 +133 % +2026-02-25 +2026-02-25 +1 +limiting/)
    expect(text).toMatch(/cluster prod +4 +0 +0 +0 +4 of 4: ha, hb, …/)
    expect(text).toMatch(/cluster prod +mem_p95 +GiB +192 +192 +25\.6 +67 % +after 2026-03-11 +after 2026-03-11 +0/)
  })

  test('keeps each member on its host; without one of them a member has no place, since two need up to 180 of 100 cores', () => {
    expect(report.placements).toEqual([
      {
        cluster: 'prod',
        members: 4,
        added_hosts: [],
        too_large: 0,
        moves: [],
        hosts: members.map((server) => ({
          host: `h${server}`,
          members: 1,
          share_above_target: 0,
          added_hosts_without: [1],
          too_large_without: 0,
        })),
      },
    ])
    // A window of 20 days for four hosts: fewer than 20 hosts tell nothing.
    expect(report.placement_check).toMatchObject({ verdict: 'too few hosts', accepted_share: 0.05 })
  })

  test('has no notes, and no groups without the columns; its hosts are no servers without a forecast', async () => {
    expect(run.manifest.warnings.map(({ code }) => code)).not.toContain('unknown-servers')
    expect(report.notes).toEqual([])
    expect(await assess(rows, 'server_id,cores\na,100\n')).toMatchObject({ groups: [], notes: [] })
  })
})

test('each gap is one sentence', async () => {
  const rows = ['a', 'b', 'c', 'd'].flatMap((server) =>
    seriesRows({ server, metric: 'cpu_p95', actual: times(30, 50), horizon: times(10, 50) }),
  )
  const { groups, notes } = await assess(
    rows,
    ['server_id,host,host_cluster,cores', 'h1,,prod,0', 'h2,,prod,16', 'h3,,spare,16', 'a,h1,,4', 'b,h2,,', 'c,h9,,4', 'd,,lone,4'].join(
      '\n',
    ),
  )
  expect(notes).toEqual([
    '1 host has no row in the servers table, so its capacity is not known: h9.',
    '1 host has no members: h3.',
    'Cluster lone has no hosts in the servers table, so its capacity is not known.',
    'Cluster prod has hosts without a capacity in cores, so cpu_p95 has no runway.',
    'Cluster prod: cpu_p95 of 1 of 2 servers is not known, so its runway may be shorter.',
  ])
  expect(groups.find(({ group }) => group === 'prod')).toMatchObject({
    usable: null,
    runway_p50: null,
    hosts_to_buy: null,
    is_limiting: false,
  })
  expect((await assess(rows, 'server_id,host,cores\na,h1,4\n')).notes).toEqual([
    'No row of the servers table is a host, so no capacity of a group is known.',
  ])
})

test('a server gone silent, and times that are past for others, move no runway', async () => {
  const rows = [
    ...seriesRows({ server: 'a', metric: 'cpu_p95', actual: times(60, 50), horizon: times(10, 50) }),
    // Measured a day less: its first forecast is for a day that the other has measured.
    ...seriesRows({ server: 'b', metric: 'cpu_p95', actual: times(59, 40), horizon: [90, ...times(10, 40)] }),
    ...seriesRows({ server: 'gone', metric: 'cpu_p95', actual: times(30, 90), horizon: times(10, 90) }),
  ]
  const { groups, notes } = await assess(rows, 'server_id,host,host_cluster,cores\nh,,c,100\na,h,,100\nb,h,,100\ngone,h,,100\n', {
    reserve_hosts: 0,
    capacity_target: 95,
  })
  expect(groups.find(({ kind }) => kind === 'cluster')).toMatchObject({
    members: 3,
    unknown_members: 1,
    demand_p50: 90,
    demand_p90: 90,
    runway_p50: null,
    allocated: 300,
  })
  expect(groups[0]!.demand_dates).toHaveLength(10)
  expect(notes).toEqual(['Cluster c: cpu_p95 of 1 of 3 servers is not known, so its runway may be shorter.'])
})

describe.skipIf(!bitbrains.isAvailable)(`Bitbrains in made-up clusters${bitbrains.skipNote}`, () => {
  test('has the demand and the runway of a plain computation on the same paths', async () => {
    const database = await Database.open({ spillFolder: workspace.folder })
    try {
      const config = parseConfig({ capacity_target: 90 }, 'headroom')
      // Machine i runs on host i mod 15, host j in cluster j mod 5; the size of hosts puts most runways inside the horizon.
      const serversTable = `${workspace.folder}/bitbrains.csv`
      await database.run(`
        COPY (
          SELECT server_id, 'h' || (row_number() OVER (ORDER BY server_id) % 15) AS host, NULL AS host_cluster, capacity_units AS cores FROM read_csv('${bitbrains.path('servers.csv')}')
          UNION ALL SELECT 'h' || j, NULL, 'c' || (j % 5), 4 * (1 + j % 5) FROM range(15) r(j)
        ) TO '${serversTable}' (HEADER)`)
      const work = { database, config, method: headroom, progress: { start: () => undefined } }
      const fleet = await assessFleet(work, { inputs: [bitbrains.path('forecasts-77.parquet')], serversTable })
      const { measures } = await measureBacktests(database, config, fleet)
      const task = (await readSimulationTask(database, config, fleet.grid, measures))!
      await estimateBreaches(database, config, task, undefined)
      const columns = await readMetricColumns(database, config)
      await storeSeriesCapacity(database, columns)
      const pool = new ClusterPool(task, { rules: capacityRulesOf(config), columns, projects: [] }, 0, undefined)
      const report = await assessGroups(database, config, columns, [], { task, pool, uses: null })

      const rows = await database.rows(
        `SELECT r.series_id, a.cores, b.host_cluster AS cluster, list(h.predicted ORDER BY h.ts) AS predicted, list(CAST(epoch_ms(h.ts) AS DOUBLE) ORDER BY h.ts) AS times
         FROM series_risk r JOIN horizon h USING (series_id) JOIN server_attributes a ON a.server_id = r.server_id JOIN server_attributes b ON b.server_id = a.host
         GROUP BY ALL ORDER BY r.series_id`,
        z.object({
          series_id: z.int(),
          cores: z.number(),
          cluster: z.string(),
          predicted: z.array(z.number()),
          times: z.array(z.number()),
        }),
      )
      const positions = new Map([...task.series.seriesIds].map((id, position) => [id, position]))
      const demand = new Map<string, number[][]>()
      const joint = JointPaths.overHorizon(task)
      joint.draw(
        rows.map(({ series_id: id, predicted }) => ({
          position: positions.get(id)!,
          forecast: Float64Array.from(predicted),
          maxMeasured: task.backtestResiduals.maxMeasured(id),
        })),
        (index, paths) => {
          const { predicted, cluster, cores } = rows[index]!
          const steps = predicted.length
          const sums = demand.get(cluster) ?? Array.from({ length: pathCount }, () => Array.from({ length: steps }, () => 0))
          demand.set(cluster, sums)
          for (let path = 0; path < pathCount; path++)
            for (let step = 0; step < steps; step++) sums[path]![step]! += (Math.max(0, paths[path * steps + step]!) * cores) / 100
        },
      )
      const dates = rows[0]!.times
      let inside = 0
      for (const [cluster, sums] of demand) {
        const group = groupOf(report, cluster)
        // Each path by itself: the first step above the limit; then the middle and the first tenth of the paths.
        const firsts = sums
          .map((path) => path.findIndex((value) => value > group.limit!))
          .map((step) => (step < 0 ? Number.POSITIVE_INFINITY : step))
          .sort((a, b) => a - b)
        const dateOf = (step: number): string | null => (Number.isFinite(step) ? new Date(dates[step] ?? 0).toISOString() : null)
        expect([group.runway_p50, group.runway_p90]).toEqual([dateOf(firsts[99]!), dateOf(firsts[19]!)])
        const peaks = sums.map((path) => Math.max(...path)).sort((a, b) => b - a)
        expect(group.demand_p50).toBeCloseTo(peaks[99]!, 6)
        expect(group.demand_p90).toBeCloseTo(peaks[19]!, 6)
        if (group.runway_p90 !== null) inside++
      }
      expect(demand.size).toBe(5)
      expect(inside).toBeGreaterThan(0)
      expect(inside).toBeLessThan(5)
    } finally {
      database.close()
    }
  })
})

// Threads assess clusters as this thread does, to the last bit; needs built code.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  workOfThread,
  type ClusterAnswer,
  type ClusterJob,
  type ClusterRequest,
  type ClusterThreadSetup,
} from '../../../src-main/engine/capacity/cluster-work.ts'
import type { GroupMembers } from '../../../src-main/engine/capacity/describe-group.ts'
import type { Host, Member } from '../../../src-main/engine/capacity/host-groups.ts'
import { MemberForecasts, type MemberForecast } from '../../../src-main/engine/capacity/member-paths.ts'
import { describePlaceable } from '../../../src-main/engine/capacity/place-cluster.ts'
import { sendPathTask } from '../../../src-main/engine/breach/send-path-task.ts'
import { poolOfThisThread, poolOfThreads, type ThreadPool } from '../../../src-main/engine/thread-pool.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { seriesRows } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { pathFixture } from '../../fixtures/path-fixture.ts'
import { headroomDone } from '../../fixtures/run-headroom.ts'
import { seededRandom } from '../../fixtures/seeded-random.ts'

const { series, horizon, rows, batch, task } = pathFixture
const built = resolve(import.meta.dirname, '..', '..', '..', 'out', 'main', 'cluster-worker.cjs')
const columns = new Map([['cpu_p95', 'cores' as const]])
const rule = { target: 0.8, acceptedShare: 0.05 }

const host = (name: string): Host => ({
  name,
  cluster: 'c',
  capacities: { cores: 30, mem_gib: Number.NaN, disk_gib: Number.NaN, capacity_units: Number.NaN },
})
const hosts = ['h0', 'h1', 'h2', 'h3', 'h4'].map(host)
const members = Array.from({ length: series }, (_, seriesId): Member => ({
  seriesId,
  serverId: `vm${seriesId}`,
  metric: 'cpu_p95',
  host: hosts[seriesId % hosts.length]!.name,
  cluster: 'c',
  capacity: 4 + (seriesId % 5),
  isSilent: false,
}))
const forecasts = new Map(
  members.map(({ seriesId }): [number, MemberForecast] => [
    seriesId,
    {
      position: seriesId,
      forecast: Float64Array.from({ length: horizon }, (_, step) => 50 + seriesId + (step % 7)),
      maxMeasured: 95,
      // One series lacks the last time of the others.
      slots: Int32Array.from({ length: horizon }, (_, step) => (seriesId === 3 && step === horizon - 1 ? -1 : step)),
    },
  ]),
)
const times = Array.from({ length: horizon }, (_, step) => step * 86_400_000)
const groups: GroupMembers[] = [
  { kind: 'cluster', group: 'c', cluster: null, metric: 'cpu_p95', hosts, members },
  ...hosts.map((own): GroupMembers => ({
    kind: 'host',
    group: own.name,
    cluster: 'c',
    metric: 'cpu_p95',
    hosts: [own],
    members: members.filter((member) => member.host === own.name),
  })),
]
const job: ClusterJob = { groups, forecasts, times, measured: new Set([1, 4]), rule }
const placeable = describePlaceable('c', hosts, members, columns, new MemberForecasts(times, forecasts))
if (placeable === null || placeable === 'too large') throw new Error('The cluster cannot be placed.')
const window = {
  range: { from: rows - horizon, to: rows - 1 },
  batches: [{ means: new Float64Array(series).fill(60), shifts: new Float64Array(series).fill(6) }],
}
const setup: ClusterThreadSetup = {
  setup: { rules: { reserve_hosts: 1, reserve_percent: 0, capacity_target: 80 }, columns, projects: [] },
  loaded: { task: sendPathTask(task), batches: [batch] },
}

const ask = async (pool: ThreadPool<ClusterRequest, ClusterAnswer>): Promise<ClusterAnswer[]> => {
  const drawn = [...forecasts.values()]
  await pool.askAll({ paths: null })
  const overHorizon = await pool.askEach([{ cluster: job }, { uses: drawn.slice(0, 5) }, { quantiles: drawn }, { cluster: job }])
  await pool.askAll({ paths: window })
  const rules = [0.05, 0.01].map((acceptedShare) => ({ ...rule, acceptedShare }))
  return [...overHorizon, ...(await pool.askEach([{ placement: { placeable, rules, forecasts, times } }, { quantiles: drawn }]))]
}

describe('threads', () => {
  const threads = poolOfThreads<ClusterRequest, ClusterAnswer>(built, setup, 2, undefined)
  afterAll(() => threads.close())

  test('two threads answer as this one does', async () => {
    const answers = await ask(poolOfThisThread(workOfThread(setup), undefined))
    expect(await ask(threads)).toEqual(answers)
    // What is compared is not empty, and a cluster leaves nothing behind for the next one.
    const [first, uses, , again, placed] = answers
    expect(again).toEqual(first)
    expect(first!.cluster!.uses.map(([seriesId]) => seriesId)).toEqual([1, 4])
    expect(first!.cluster!.groups[0]!.group.demand_p90).toBeGreaterThan(first!.cluster!.groups[0]!.group.demand_p50!)
    expect(first!.cluster!.placement).toMatchObject({ cluster: 'c', members: series })
    expect(uses!.uses).toHaveLength(5)
    expect(placed!.placed!.map((plan) => [...plan.hosts, ...plan.added].flat().length)).toEqual([series, series])
  })

  test('a request that fails ends the thread with an error', async () => {
    const broken = poolOfThreads<ClusterRequest, ClusterAnswer>(built, setup, 1, undefined)
    await expect(broken.askEach([{ quantiles: [...forecasts.values()] }])).rejects.toThrow('A worker thread ended early.')
    await broken.close()
  })
})

test('a run whose clusters threads assess has the bytes of one where this thread does', async () => {
  const workspace = await ForecastWorkspace.open()
  try {
    const random = seededRandom(5)
    const own = Array.from({ length: 48 }, (_, number) => `h${String(number).padStart(2, '0')}`)
    const servers = own.flatMap((name) => Array.from({ length: 11 }, (_, number) => ({ name: `${name}-vm${number}`, host: name })))
    const table = [
      'server_id,host,host_cluster,cores,mem_gib,instance_type',
      ...own.map((name, index) => `${name},,c${index % 4},32,128,`),
      ...servers.map(({ name, host: on }) => `${name},${on},,4,16,m5.xlarge`),
    ]
    const forecastRows = servers.flatMap(({ name: server }) =>
      ['cpu_p95', 'mem_used_percent'].flatMap((metric) => {
        const level = 20 + 40 * random()
        return seriesRows({
          server,
          metric,
          actual: Array.from({ length: 45 }, () => level + 10 * random()),
          predicted: Array.from({ length: 45 }, () => level + 5),
          horizon: Array.from({ length: 10 }, (_, step) => level + 5 + step / 2),
        })
      }),
    )
    const input = await workspace.writeForecasts('fleet.parquet', forecastRows)
    const serversTable = await workspace.writeText('fleet.csv', table.join('\n'))
    // Tests run the sources, without built threads; the command line is built.
    const here = await workspace.analyse(input, { serversTable })
    const out = join(workspace.folder, 'threads')
    await headroomDone(['analyze', input, '--servers', serversTable, '--out', out, '--quiet'])
    for (const file of [runFiles.capacity, runFiles.clusterDemand, runFiles.recommendations])
      expect((await readFile(join(here.folder, file))).equals(await readFile(join(out, file))), `${file} is the same`).toBe(true)
    const { placements, placement_check: check, rightsizing } = JSON.parse(await readFile(join(out, runFiles.capacity), 'utf8'))
    expect(placements).toHaveLength(4)
    expect(check.hosts).toBeGreaterThan(0)
    expect(rightsizing.servers.length).toBeGreaterThan(0)
  } finally {
    await workspace.close()
  }
}, 120_000)

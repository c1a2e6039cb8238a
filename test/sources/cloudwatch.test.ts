// Measurements out of CloudWatch on the simulated account: within AWS's limits, with its price, resumed and extended to the same bytes.
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { CloudWatchRequest, CollectedMeasurements, SourceSurvey } from '../../src-shared/sources/source-requests.ts'
import { connect, type Connection } from '../../src-main/cloud/account/connection.ts'
import { literal } from '../../src-main/database/database.ts'
import { hashFile } from '../../src-main/run-folder/hash-file.ts'
import { assembleMeasurements } from '../../src-main/sources/assemble-measurements.ts'
import { CloudWatchCalls } from '../../src-main/sources/cloudwatch/cloudwatch-calls.ts'
import { collectCloudWatch, surveyCloudWatch } from '../../src-main/sources/cloudwatch/collect-cloudwatch.ts'
import { discoverCloudWatch, type Discovery } from '../../src-main/sources/cloudwatch/discover-cloudwatch.ts'
import type { CollectWork } from '../../src-main/sources/collection.ts'
import { proxyCertificate, startInterceptingProxy } from '../fixtures/intercepting-proxy.ts'
import { queryRows } from '../fixtures/query-rows.ts'
import { addFleet, loadOf } from '../simulator/ec2.ts'
import { AwsSimulator } from '../simulator/simulator.ts'

let folder: string
let simulator: AwsSimulator
const environment = { ...process.env }
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-cloudwatch-'))
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(async () => {
  simulator = await AwsSimulator.start()
  Object.assign(process.env, simulator.environment)
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) delete process.env[name]
})
afterEach(async () => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  for (const [name, value] of Object.entries(environment)) if (name.startsWith('AWS_')) process.env[name] = value
  await simulator.stop()
})

/** The last whole hour that the collect counts as finished. */
const now = Math.floor(Date.now() / 3_600_000) * 3600 + 1200
const lastHour = now - 1200

const request = (changes: Partial<CloudWatchRequest> = {}): CloudWatchRequest => ({
  profiles: [null],
  regions: [],
  namespaces: ['AWS/EC2', 'CWAgent'],
  metrics: [],
  periodSeconds: 3600,
  statistic: 'p95',
  costLimitUsd: 5,
  days: 3,
  until: null,
  attributes: { business_unit: 'Team' },
  ...changes,
})

const work: CollectWork = { retryMs: 1, nowSeconds: now }

const withDiscovery = async <Value>(
  asked: CloudWatchRequest,
  act: (discovery: Discovery) => Promise<Value>,
  more: CollectWork = {},
): Promise<Value> => {
  const discovery = await discoverCloudWatch(
    asked,
    (profile, region) => connect({ profile: profile ?? undefined, region: region ?? undefined, maxAttempts: 1 }),
    { ...work, ...more },
  )
  try {
    return await act(discovery)
  } finally {
    for (const connection of discovery.connections.values()) connection.close()
  }
}

const survey = (changes: Partial<CloudWatchRequest> = {}): Promise<SourceSurvey> =>
  withDiscovery(request(changes), (discovery) =>
    surveyCloudWatch({ request: request(changes), out: join(folder, 'survey.parquet'), extends: false }, discovery, work),
  )

const collect = (
  name: string,
  changes: Partial<CloudWatchRequest> = {},
  { extends: isExtension = false, ...more }: CollectWork & { extends?: boolean } = {},
): Promise<CollectedMeasurements> =>
  withDiscovery(
    request(changes),
    async (discovery) => {
      const target = { request: request(changes), out: join(folder, name), extends: isExtension }
      const { collection, parts, source } = await collectCloudWatch(target, discovery, { ...work, ...more })
      const collected = await assembleMeasurements({ folder: collection.folder, parts, out: target.out, extends: isExtension, source })
      await collection.remove()
      return collected
    },
    more,
  )

const hashOf = (name: string): Promise<string> => hashFile(join(folder, name))

const errorOf = async (running: Promise<unknown>): Promise<{ code: string; message: string }> => {
  const thrown = await running.catch((caught: unknown) => caught)
  if (!(thrown instanceof HeadroomError)) throw new Error(`no error for users: ${String(thrown)}`)
  return { code: thrown.code, message: thrown.message }
}

describe('a survey', () => {
  test('says what there is and what it costs before a value is asked for', async () => {
    addFleet(simulator.account, 400)
    // The simulated fleet is listed without one value.
    const found = await survey({ days: 90 })
    expect(found).toMatchObject({
      servers: 400,
      metrics: [
        { metric: 'cpu_p95', series: 400 },
        { metric: 'disk_p95:/', series: 200 },
        { metric: 'memory_p95', series: 200 },
      ],
      attributes: ['business_unit', 'capacity_units', 'criticality', 'instance_type', 'name', 'region'],
      values: 800 * 90 * 24,
      // 800 metrics at 0.01 USD per 1,000.
      costUsd: 0.008,
      notes: [],
    })
    // 46 metrics of 2,160 hours stay within 100,800 points.
    expect(found.requests).toBe(Math.ceil(800 / 46))
    expect(simulator.requestsOf('GetMetricData')).toEqual([])
  })

  test('refuses what exceeds the cost limit, or the days that CloudWatch keeps', async () => {
    addFleet(simulator.account, 10)
    expect(await errorOf(survey({ costLimitUsd: 0 }))).toEqual({
      code: 'cloud-limit',
      message: 'The collect would cost about 0.00 USD, more than the limit of 0.00 USD.',
    })
    expect(await errorOf(survey({ days: 456 }))).toEqual({ code: 'usage', message: 'CloudWatch keeps hours and days for 455 days.' })
  })

  test('of an empty account says what is missing', async () => {
    expect(await errorOf(survey())).toEqual({ code: 'input-empty', message: 'CloudWatch in eu-west-1 holds none of the metrics.' })
  })
})

describe('a collect', () => {
  test('holds the value of every hour, once for each metric and disk', async () => {
    const [first] = addFleet(simulator.account, 12)
    const collected = await collect('all.parquet')
    expect(collected).toMatchObject({ rows: (12 + 6 + 6) * 72, servers: 12, metrics: ['cpu_p95', 'disk_p95:/', 'memory_p95'], notes: [] })
    const rows = await queryRows(
      `SELECT epoch("timestamp") AS seconds, actual FROM read_parquet(${literal(collected.file)})
       WHERE server_id = ${literal(first!.id)} AND metric = 'cpu_p95' ORDER BY seconds`,
      z.object({ seconds: z.number(), actual: z.number() }),
    )
    expect(rows).toEqual(
      Array.from({ length: 72 }, (_, hour) => {
        const seconds = lastHour - (72 - hour) * 3600
        return { seconds, actual: loadOf(first!, seconds * 1000) }
      }),
    )
    expect((await readFile(collected.serversTable, 'utf8')).split('\n').slice(0, 2)).toEqual([
      '"server_id","business_unit","capacity_units","criticality","instance_type","name","region"',
      `"${first!.id}","Retail","2","high","m5.large","web-000","eu-west-1"`,
    ])
  })

  test('stays within 500 queries and 100,800 points a call', async () => {
    addFleet(simulator.account, 400)
    const { rows } = await collect('limits.parquet', { days: 1 })
    // Stopped instances are listed and hold no values.
    const running = simulator.account.instances.filter(({ state }) => state === 'running')
    expect(rows).toBe(running.reduce((sum, { hasAgent }) => sum + (hasAgent ? 3 : 1), 0) * 24)
    expect(simulator.requestsOf('GetMetricData').map(({ status }) => status)).toEqual([200, 200])
    expect(simulator.requestsOf('ListMetrics').length).toBeGreaterThanOrEqual(3)
  })

  test('reads every page of instances and metrics', async () => {
    addFleet(simulator.account, 1005)
    const found = await survey({ namespaces: ['AWS/EC2'] })
    expect(found.servers).toBe(1005)
    expect(simulator.requestsOf('DescribeInstances')).toHaveLength(2)
    expect(simulator.requestsOf('ListMetrics')).toHaveLength(3)
  })

  test('waits where AWS asks to slow down', async () => {
    addFleet(simulator.account, 3)
    for (let time = 0; time < 3; time++) simulator.faults.add({ kind: 'throttle', operation: 'GetMetricData' })
    const waits: string[] = []
    const { rows } = await collect('throttled.parquet', { namespaces: ['AWS/EC2'] }, { onWait: (sentence) => waits.push(sentence) })
    expect([rows, waits]).toEqual([3 * 72, Array.from({ length: 3 }, () => 'AWS in eu-west-1 is busy or asks to slow down. Waiting 1 s.')])
  })

  test('leaves out regions that deny access, and says so', async () => {
    addFleet(simulator.account, 2)
    addFleet(simulator.account, 2, 'us-east-1')
    // The same names in two regions.
    const both = await collect('regions.parquet', { regions: ['eu-west-1', 'us-east-1'], namespaces: ['AWS/EC2'] })
    expect(both.servers).toBe(4)
    const names = await queryRows(
      `SELECT DISTINCT server_id FROM read_parquet(${literal(both.file)}) ORDER BY 1 LIMIT 2`,
      z.object({ server_id: z.string() }),
    )
    expect(names.map(({ server_id }) => server_id)).toEqual([
      'i-00a00000000000000@123456789012/eu-west-1',
      'i-00a00000000000000@123456789012/us-east-1',
    ])
    simulator.faults.add({
      kind: 'error',
      operation: 'DescribeInstances',
      code: 'UnauthorizedOperation',
      message: 'You are not authorized to perform this operation.',
      status: 403,
    })
    const one = await survey({ regions: ['eu-west-1', 'us-east-1'], namespaces: ['AWS/EC2'] })
    expect(one.servers).toBe(2)
    expect(one.notes).toEqual([expect.stringMatching(/^the default account, eu-west-1 is left out: /)])
  })

  test('goes on after it was broken off, and gives the same bytes', async () => {
    // A call asks one region.
    const regions = ['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-north-1', 'eu-south-1', 'us-east-1', 'us-east-2', 'us-west-1', 'us-west-2']
    for (const region of regions) addFleet(simulator.account, 1, region)
    await collect('whole.parquet', { regions })
    const calls = simulator.requestsOf('GetMetricData').length
    const controller = new AbortController()
    const stopped = collect(
      'resumed.parquet',
      { regions },
      {
        signal: controller.signal,
        onProgress: (label, share) => {
          if (label === 'Collecting from CloudWatch' && share < 1) controller.abort()
        },
      },
    )
    expect(await errorOf(stopped)).toEqual({ code: 'cancelled', message: 'Cancelled.' })
    expect(existsSync(join(folder, 'resumed.parquet'))).toBe(false)
    await collect('resumed.parquet', { regions }, { nowSeconds: now + 3600 })
    expect(await hashOf('resumed.parquet')).toBe(await hashOf('whole.parquet'))
    expect(simulator.requestsOf('GetMetricData').length).toBeLessThan(2 * calls + 4)
    expect(await readdir(folder)).not.toContain('resumed.parquet.collecting')
  })

  test('extended holds what one collect of the whole span holds', async () => {
    addFleet(simulator.account, 5)
    const until = new Date((lastHour - 2 * 86_400) * 1000).toISOString()
    await collect('grown.parquet', { days: 4, until })
    await collect('grown.parquet', { days: 1 }, { extends: true })
    await collect('once.parquet', { days: 6 })
    expect(await hashOf('grown.parquet')).toBe(await hashOf('once.parquet'))
  })

  test('takes any other metric by its dimension', async () => {
    addFleet(simulator.account, 2)
    const metrics = [{ namespace: 'CWAgent', metric: 'mem_used_percent', dimension: 'InstanceId' }]
    expect((await survey({ namespaces: [], metrics })).metrics).toEqual([{ metric: 'mem_used_percent_p95', series: 1 }])
  })
})

describe('what CloudWatch refuses', () => {
  test.each([
    ['DescribeInstances', 'ec2'],
    ['ListMetrics', 'monitoring'],
  ])('%s denied is one sentence with a code', async (operation) => {
    addFleet(simulator.account, 2)
    simulator.faults.add({
      kind: 'error',
      operation,
      code: operation === 'DescribeInstances' ? 'UnauthorizedOperation' : 'AccessDeniedException',
      message: 'You are not authorized to perform this operation.',
      status: 403,
    })
    expect((await errorOf(survey())).code).toBe('cloud-refused')
  })
})

describe('answers that AWS does not send', () => {
  const hour = 3600
  const at = (hours: number): Date => new Date(hours * hour * 1000)
  const page = (changes: object = {}, more: object = {}): object => ({
    MetricDataResults: [{ Id: 'm0', Timestamps: [at(1), at(0)], Values: [2, 1], StatusCode: 'Complete', ...changes }],
    ...more,
  })
  /** Each call gets the next page, the last one for ever. */
  const stubOf = (pages: readonly object[]): Connection => {
    let call = 0
    const send = async (): Promise<object> => pages[Math.min(call++, pages.length - 1)]!
    return { region: 'eu-west-1', metrics: { send }, ec2: async () => ({ send }) } as unknown as Connection
  }
  const read = (pages: readonly object[]) =>
    new CloudWatchCalls(work).getMetricData(stubOf(pages), [{ Id: 'm0' }], { StartTime: at(0), EndTime: at(3) })

  test('unsorted values are read by their times', async () => {
    const { points } = await read([page({ StatusCode: 'PartialData' }, { NextToken: 'a' }), page({ Timestamps: [at(2)], Values: [3] })])
    expect(points).toEqual(
      new Map([
        [
          'm0',
          [
            [hour, 2],
            [0, 1],
            [2 * hour, 3],
          ],
        ],
      ]),
    )
  })

  test.each<[string, object[]]>([
    ['states a time of one metric twice', [page({ Timestamps: [at(1), at(1)] })]],
    ['states a time of one metric twice', [page({}, { NextToken: 'a' }), page()]],
    ['states another number of times than of values', [page({ Values: [1] })]],
    ['states another number of times than of values', [page({ Timestamps: undefined })]],
    ['states a value of a time that was not asked for', [page({ Timestamps: [at(3), at(0)] })]],
    ['states a value of a time that was not asked for', [page({ Timestamps: [at(-1), at(0)] })]],
    ['states a value of a time that was not asked for', [page({ Timestamps: [new Date(Number.NaN), at(0)] })]],
    ['answers what was not asked', [page({ Id: '__proto__' })]],
    ['ends before all values of a metric are there', [page({ StatusCode: 'PartialData' })]],
    ['sends the same page again and again', [{ NextToken: 'a' }]],
    ['sends the same page again and again', [{ NextToken: 'a' }, { NextToken: 'b' }, { NextToken: 'a' }]],
  ])('CloudWatch %s', async (what, pages) => {
    expect(await errorOf(read(pages))).toEqual({ code: 'cloud-refused', message: `CloudWatch in eu-west-1 ${what}.` })
  })

  test('lists that never end', async () => {
    const calls = new CloudWatchCalls(work)
    expect((await errorOf(calls.listMetrics(stubOf([{ NextToken: 'a' }]), 'AWS/EC2', 'CPUUtilization'))).message).toBe(
      'CloudWatch in eu-west-1 sends the same page again and again.',
    )
    expect((await errorOf(calls.describeInstances(stubOf([{ NextToken: 'a' }])))).message).toBe(
      'EC2 in eu-west-1 sends the same page again and again.',
    )
  })

  test('faults in the middle are passed over', async () => {
    addFleet(simulator.account, 2)
    simulator.faults.add({ kind: 'error', operation: 'GetMetricData', code: 'InternalFailure', message: 'x', status: 500, times: 3 })
    const { rows } = await collect('faults.parquet', { namespaces: ['AWS/EC2'] })
    expect(rows).toBe(2 * 72)
  })
})

test('the shipped policy is enough, and each of its actions is needed', async () => {
  addFleet(simulator.account, 2)
  const text = await readFile(join(import.meta.dirname, '..', '..', 'resources', 'cloud', 'collect-policy.json'), 'utf8')
  const statement = z.object({ Effect: z.literal('Allow'), Action: z.array(z.string()), Resource: z.literal('*') })
  const [{ Action }] = z.object({ Statement: z.tuple([statement]) }).parse(JSON.parse(text)).Statement
  simulator.account.policies.user = [{ Effect: 'Allow', Action, Resource: ['*'] }]
  await collect('policy.parquet')
  // A signed request names EC2 and CloudWatch as IAM does.
  const asked = new Set(simulator.account.requestedPermissions.user.map(({ action }) => action.replace('monitoring:', 'cloudwatch:')))
  expect([...asked].sort()).toEqual([...Action].sort())
})

test('no host is asked but those of the region', async () => {
  addFleet(simulator.account, 2)
  const proxy = await startInterceptingProxy(simulator.endpoint)
  delete process.env['AWS_ENDPOINT_URL']
  const settings = {
    HTTPS_PROXY: proxy.url,
    HTTP_PROXY: proxy.url,
    NO_PROXY: '',
    AWS_CA_BUNDLE: proxyCertificate,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const before = Object.fromEntries(Object.keys(settings).map((name) => [name, process.env[name]]))
  try {
    Object.assign(process.env, settings)
    expect((await collect('proxied.parquet')).servers).toBe(2)
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    proxy.close()
  }
  expect(new Set(proxy.tunnels)).toEqual(new Set(['ec2', 'monitoring'].map((service) => `${service}.eu-west-1.amazonaws.com:443`)))
})

test('keys of the account reach no file', async () => {
  addFleet(simulator.account, 2)
  const discovered = await withDiscovery(request(), async (discovery) => {
    const { collection } = await collectCloudWatch(
      { request: request(), out: join(folder, 'keys.parquet'), extends: false },
      discovery,
      work,
    )
    const texts = await Promise.all((await readdir(collection.folder)).map((name) => readFile(join(collection.folder, name), 'utf8')))
    await collection.remove()
    return texts.join('')
  })
  expect(discovered).toContain('i-00a00000000000000')
  expect(discovered).not.toContain(simulator.environment['AWS_SECRET_ACCESS_KEY'])
  expect(discovered).not.toContain(simulator.environment['AWS_ACCESS_KEY_ID'])
})

// Measurements out of Prometheus: every value once, in requests that it accepts, resumed and extended to the same bytes, with no secret on disk.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { CollectedMeasurements, PrometheusAccess, PrometheusRequest } from '../../src-shared/sources/source-requests.ts'
import { Database, literal } from '../../src-main/database/database.ts'
import { loadServersTable } from '../../src-main/forecasts/servers-table.ts'
import { currentOwner } from '../../src-main/run-folder/process-owner.ts'
import { hashFile } from '../../src-main/run-folder/hash-file.ts'
import { assembleMeasurements } from '../../src-main/sources/assemble-measurements.ts'
import { assertOutput } from '../../src-main/sources/output-names.ts'
import type { CollectWork } from '../../src-main/sources/collection.ts'
import { collectPrometheus, surveyPrometheus } from '../../src-main/sources/prometheus/collect-prometheus.ts'
import { queryRows } from '../fixtures/query-rows.ts'
import { PrometheusDouble, type DoubleSeries } from '../simulator/prometheus-double.ts'

const hour = 3600
const day = 86_400
const seconds = (text: string): number => Date.parse(text) / 1000
const noSecrets: PrometheusAccess = { token: null, user: null, password: null, caBundle: null }

/** A value that tells server and time, as the query states it. */
const busyAt = (server: number, at: number): number => 20 + server + ((at / hour) % 24) / 100
const fleet = (servers: number): DoubleSeries[] =>
  Array.from({ length: servers }, (_, index) => ({
    labels: { instance: `web-${index}:9100`, job: 'node', team: index % 2 === 0 ? 'Retail' : 'Bank' },
    valueAt: (at) => String(busyAt(index, at)),
  }))

let folder: string
let prometheus: PrometheusDouble
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-prometheus-'))
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(async () => {
  prometheus = await PrometheusDouble.start()
  prometheus.series.set('busy', fleet(3))
})
afterEach(() => prometheus.stop())

const request = (changes: Partial<PrometheusRequest> = {}): PrometheusRequest => ({
  url: prometheus.url,
  queries: [{ metric: 'cpu_p95', query: 'busy' }],
  label: null,
  tenant: null,
  days: 10,
  until: '2026-11-01',
  attributes: {},
  ...changes,
})

const work: CollectWork = { retryMs: 1, nowSeconds: seconds('2026-11-20T10:20:00Z') }

const collect = async (
  name: string,
  changes: Partial<PrometheusRequest> = {},
  { access = noSecrets, extends: isExtension = false, ...more }: CollectWork & { access?: PrometheusAccess; extends?: boolean } = {},
): Promise<CollectedMeasurements> => {
  const out = join(folder, name)
  const { collection, parts, source } = await collectPrometheus(
    request(changes),
    access,
    { out, extends: isExtension },
    { ...work, ...more },
  )
  try {
    return await assembleMeasurements({ folder: collection.folder, parts, out, extends: isExtension, source })
  } finally {
    await collection.remove()
  }
}

const hashOf = (name: string): Promise<string> => hashFile(join(folder, name))

const errorOf = async (running: Promise<unknown>): Promise<{ code: string; message: string }> => {
  const thrown = await running.catch((caught: unknown) => caught)
  if (!(thrown instanceof HeadroomError)) throw new Error(`no error for users: ${String(thrown)}`)
  return { code: thrown.code, message: thrown.message.replaceAll(new URL(prometheus.url).host, 'HOST') }
}

describe('a collect', () => {
  test('holds every hour of every server once, by the name without its port', async () => {
    const collected = await collect('all.parquet')
    expect(collected).toMatchObject({ rows: 3 * 240, servers: 3, metrics: ['cpu_p95'], notes: [] })
    expect([collected.from, collected.until]).toEqual(['2026-10-22T00:00:00.000Z', '2026-11-01T00:00:00.000Z'])
    const [first] = await queryRows(
      `SELECT server_id, epoch("timestamp") AS at, actual, CAST((SELECT sum(actual) FROM read_parquet(${literal(collected.file)})) AS DOUBLE) AS total
       FROM read_parquet(${literal(collected.file)}) LIMIT 1`,
      z.object({ server_id: z.string(), at: z.number(), actual: z.number(), total: z.number() }),
    )
    expect(first).toMatchObject({ server_id: 'web-0', at: seconds('2026-10-22T00:00:00Z'), actual: 20 })
    // 240 hours of 20, 21 and 22, and ten times the hours of a day in hundredths for each.
    expect(first!.total).toBeCloseTo(240 * 63 + 3 * 10 * 2.76, 6)
    expect(await readdir(folder)).not.toContain('all.parquet.collecting')
  })

  test('makes the servers table of labels, under the names that it knows', async () => {
    const { serversTable } = await collect('labels.parquet', { attributes: { business_unit: 'team' } })
    expect(await readFile(serversTable, 'utf8')).toBe(
      '"server_id","business_unit","job"\n"web-0","Retail","node"\n"web-1","Bank","node"\n"web-2","Retail","node"\n',
    )
  })

  test('keeps the labels of servers with names of JavaScript', async () => {
    const names = ['__proto__', 'constructor', 'toString']
    prometheus.series.set(
      'busy',
      names.map((name) => ({ labels: { instance: name, job: `job of ${name}` }, valueAt: () => '20' })),
    )
    const { serversTable } = await collect('names.parquet')
    const rows = names.sort().map((name) => `"${name}","job of ${name}"\n`)
    expect(await readFile(serversTable, 'utf8')).toBe(`"server_id","job"\n${rows.join('')}`)
  })

  test('gives labels that one server alone has their columns, also under names of JavaScript and of the table', async () => {
    prometheus.series.set('busy', [
      { labels: { instance: 'a', constructor: 'y', toString: 'z', server_id: 'x' }, valueAt: () => '20' },
      { labels: { instance: 'b', note: '-'.repeat(2_000_000) }, valueAt: () => '20' },
    ])
    const { serversTable, notes } = await collect('rare.parquet')
    expect(await readFile(serversTable, 'utf8')).toBe(
      '"server_id","constructor","exported_server_id","toString"\n"a","y","x","z"\n"b","","",""\n',
    )
    expect(notes).toEqual(['Labels of more than 1,000 characters are left out.'])
  })

  test('guards the cells of its servers table against spreadsheets, and reads them as they were', async () => {
    prometheus.series.set('busy', [{ labels: { instance: '=1+1', team: '=HYPERLINK("http://x")', owner: 'a;@b' }, valueAt: () => '20' }])
    const attributes = { business_unit: 'team', region: 'owner' }
    const { serversTable } = await collect('formula.parquet', { attributes })
    const text = `"server_id","business_unit","region"\n"'=1+1","'=HYPERLINK(""http://x"")","a;'@b"\n`
    expect(await readFile(serversTable, 'utf8')).toBe(text)
    await rm(serversTable)
    await writeFile(serversTable, text.replace(',"region"', '').replace(`,"a;'@b"`, ''))
    await collect('formula.parquet', { attributes, until: '2026-11-02' }, { extends: true })
    expect(await readFile(serversTable, 'utf8')).toBe(text)
    const database = await Database.open()
    try {
      await loadServersTable(database, serversTable, 'auto')
      const [row] = await database.rows(
        'SELECT server_id, business_unit, region FROM server_attributes',
        z.object({ server_id: z.string(), business_unit: z.string(), region: z.string() }),
      )
      expect(row).toEqual({ server_id: '=1+1', business_unit: '=HYPERLINK("http://x")', region: 'a;@b' })
    } finally {
      database.close()
    }
  })

  test('cuts ports off, but no IPv6 address, and says where several share a server', async () => {
    const early = seconds('2026-10-25')
    prometheus.series.set('busy', [
      { labels: { instance: '2001:db8::10' }, valueAt: () => '1' },
      { labels: { instance: '2001:db8::20' }, valueAt: () => '2' },
      { labels: { instance: '[2001:db8::30]:9100' }, valueAt: () => '3' },
      { labels: { instance: 'gw:9101' }, valueAt: (at) => (at < early ? '4' : undefined) },
      { labels: { instance: 'gw:9102' }, valueAt: (at) => (at < early ? undefined : '5') },
    ])
    const { serversTable, notes } = await collect('ports.parquet')
    expect((await readFile(serversTable, 'utf8')).split('\n')).toEqual(
      ['server_id', '2001:db8::10', '2001:db8::20', '[2001:db8::30]', 'gw', ''].map((name) => (name === '' ? '' : `"${name}"`)),
    )
    expect(notes).toEqual(['The server gw holds the series of gw:9101, gw:9102.'])
  })

  test('is refused while another one writes the same file, also in another container', async () => {
    const results = await Promise.allSettled([collect('shared.parquet'), collect('shared.parquet', { days: 5 })])
    const refused = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []))
    expect(refused).toEqual([
      expect.objectContaining({ code: 'output-not-empty', message: `Another collect writes ${join(folder, 'shared.parquet')}.` }),
    ])
    const collecting = join(folder, 'elsewhere.parquet.collecting')
    await mkdir(collecting)
    await writeFile(join(collecting, 'owner.json'), JSON.stringify({ ...currentOwner(randomUUID()), pid_namespace: 'pid:[1]' }))
    expect((await errorOf(collect('elsewhere.parquet'))).code).toBe('output-not-empty')
  })

  test('that slept until another one took its folder over stores nothing there', async () => {
    const collecting = join(folder, 'taken.parquet.collecting')
    const others = JSON.stringify({ ...currentOwner(randomUUID()), pid_namespace: 'pid:[1]' })
    const sleeper = collect('taken.parquet', {}, { onProgress: () => writeFileSync(join(collecting, 'owner.json'), others) })
    await expect(sleeper).rejects.toThrow('took over')
    expect((await readdir(collecting)).sort()).toEqual(['owner.json', 'plan.json'])
  })

  test('asks for no more points than Prometheus allows', async () => {
    prometheus.series.set('busy', fleet(1))
    const { rows } = await collect('years.parquet', { days: 1000 })
    expect(rows).toBe(24_000)
    const spans = prometheus.requests.map(({ start, end, status }) => [(end - start) / hour + 1, status])
    expect(spans).toEqual([
      [1, 200],
      [11_000, 200],
      [11_000, 200],
      [2000, 200],
    ])
  })

  test('of the default queries stands at the beginning of each hour', async () => {
    const asked: number[] = []
    for (const text of await defaultQueries()) {
      prometheus.series.set(text, [
        {
          labels: { instance: 'db-1:9100' },
          valueAt: (at) => {
            asked.push(at)
            return '50'
          },
        },
      ])
    }
    const collected = await collect('default.parquet', { queries: [], days: 1 })
    expect(collected.metrics).toEqual(['cpu_p95', 'memory_p95'])
    // The value of an hour is known at its end.
    expect([Math.min(...asked), Math.max(...asked)]).toEqual([seconds('2026-10-31T01:00:00Z'), seconds('2026-11-01T00:00:00Z')])
    const [span] = await queryRows(
      `SELECT epoch(min("timestamp")) AS first, epoch(max("timestamp")) AS last FROM read_parquet(${literal(collected.file)})`,
      z.object({ first: z.number(), last: z.number() }),
    )
    expect(span).toEqual({ first: seconds('2026-10-31T00:00:00Z'), last: seconds('2026-10-31T23:00:00Z') })
  })

  test('counts values that are no number and leaves them out', async () => {
    prometheus.series.set('busy', [
      { labels: { instance: 'a' }, valueAt: (at) => ['NaN', '+Inf', '', ' ', '0x20'][(at % day) / hour] ?? '1' },
    ])
    const { rows, notes } = await collect('nan.parquet')
    expect([rows, notes]).toEqual([10 * 19, ['50 values are no finite number and are left out.']])
  })

  test('refuses times that were not asked for', async () => {
    prometheus.timeShift = 7 * 365 * day
    await expect(collect('shifted.parquet')).rejects.toMatchObject({
      code: 'source-refused',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ answers times that were not asked for\.$/),
    })
  })

  test('says that an answer may be incomplete', async () => {
    prometheus.warnings = ['store 2 is unavailable']
    expect((await collect('partial.parquet')).notes).toEqual(['Prometheus warns: store 2 is unavailable'])
  })

  test('ends before the hour under way', async () => {
    expect((await collect('now.parquet', { until: null })).until).toBe('2026-11-20T10:00:00.000Z')
  })
})

const defaultQueries = async (): Promise<string[]> => {
  await collectPrometheus(request({ queries: [], days: 1 }), noSecrets, { out: join(folder, 'asked.parquet'), extends: false }, work).catch(
    () => undefined,
  )
  const [cpu] = prometheus.requests.map(({ query: text }) => text)
  prometheus.series.set(cpu!, [])
  await collectPrometheus(request({ queries: [], days: 1 }), noSecrets, { out: join(folder, 'asked.parquet'), extends: false }, work).catch(
    () => undefined,
  )
  await rm(join(folder, 'asked.parquet.collecting'), { recursive: true, force: true })
  return [...new Set(prometheus.requests.splice(0).map(({ query: text }) => text))]
}

describe('a collect that was broken off', () => {
  test('goes on where it stopped and gives the same bytes', async () => {
    prometheus.series.set('busy', fleet(1))
    await collect('whole.parquet', { days: 1000 })
    prometheus.requests.length = 0
    const controller = new AbortController()
    const stopped = collect(
      'resumed.parquet',
      { days: 1000 },
      {
        signal: controller.signal,
        onProgress: (_, share) => {
          if (share > 0.3) controller.abort()
        },
      },
    )
    expect((await errorOf(stopped)).code).toBe('cancelled')
    expect(existsSync(join(folder, 'resumed.parquet'))).toBe(false)
    const before = prometheus.requests.filter(({ status }) => status === 200).length
    // An hour later, the same measurements are meant.
    await collect('resumed.parquet', { days: 1000 }, { nowSeconds: work.nowSeconds! + hour })
    expect(await hashOf('resumed.parquet')).toBe(await hashOf('whole.parquet'))
    expect(prometheus.requests.length - before).toBeLessThan(4)
  })

  test('begins anew where another request is made', async () => {
    prometheus.series.set('other', fleet(1))
    prometheus.instead.push(
      { status: 200, body: '{"status":"success","data":{"resultType":"matrix","result":[]}}' },
      { status: 403, body: '' },
    )
    expect((await errorOf(collect('changed.parquet'))).code).toBe('source-refused')
    const { servers } = await collect('changed.parquet', { queries: [{ metric: 'cpu_p95', query: 'other' }] })
    expect(servers).toBe(1)
  })
})

test.each([
  [
    'quantile_over_time(0.95, busy[1h])',
    [
      'cpu_p95 looks back over [1h], so that its values stand at the end of what they tell of. With "offset -1h" in the query they stand at the hour that they tell of.',
    ],
  ],
  ['quantile_over_time(0.95, busy[1h] offset -1h)', []],
  ['rate(busy[5m])', []],
])('an own query that looks back over its hour says where its values stand: %s', async (query, notes) => {
  prometheus.series.set(query, fleet(1))
  expect((await collect('own.parquet', { queries: [{ metric: 'cpu_p95', query }], days: 1 })).notes).toEqual(notes)
})

describe('an extension', () => {
  test('gives the same bytes as a collect of the whole span', async () => {
    await collect('once.parquet', { days: 14, until: '2026-11-05' })
    await collect('grown.parquet', { days: 10, until: '2026-11-01' })
    prometheus.requests.length = 0
    const collected = await collect('grown.parquet', { days: 1, until: '2026-11-05' }, { extends: true })
    expect(collected.rows).toBe(3 * 14 * 24)
    expect(await hashOf('grown.parquet')).toBe(await hashOf('once.parquet'))
    // Of what was there, the last day alone is asked for again.
    expect(Math.min(...prometheus.requests.map(({ start }) => start))).toBe(seconds('2026-10-31T00:00:00Z'))
  })

  test('keeps what a planner wrote into the servers table', async () => {
    const { serversTable } = await collect('edited.parquet')
    await writeFile(serversTable, 'server_id,business_unit,monthly_cost_usd\nweb-0,Bank,120\nweb-1,Bank,80\nweb-2,Bank,80\n')
    prometheus.series.set('busy', fleet(4))
    await collect('edited.parquet', { until: '2026-11-02' }, { extends: true })
    expect((await readFile(serversTable, 'utf8')).split('\n').slice(0, 2)).toEqual([
      '"server_id","business_unit","job","monthly_cost_usd","team"',
      '"web-0","Bank","node","120","Retail"',
    ])
    expect(await readFile(serversTable, 'utf8')).toContain('"web-3","","node","","Bank"\n')
  })

  test('reads the table as an analysis does, and leaves alone what it cannot read', async () => {
    const { serversTable } = await collect('planned.parquet')
    await writeFile(serversTable, 'Server ID;Monthly Cost USD\nweb-0;120\n')
    await collect('planned.parquet', { until: '2026-11-02' }, { extends: true })
    expect((await readFile(serversTable, 'utf8')).split('\n').slice(0, 2)).toEqual([
      '"server_id","Monthly Cost USD","job","team"',
      '"web-0","120","node","Retail"',
    ])
    for (const [text, sentence] of [
      ['fleet,cost\nweb-0,1\n', /has no column server_id/],
      ['server_id,cost\nweb-0,1\nweb-1\n', /cannot be read as CSV/],
      ['server_id,cost\nweb-0,1\nweb-0,2\n', /names web-0 more than once/],
      [Buffer.from('server_id,owner\nweb-0,Jos\xe9\n', 'latin1'), /cannot be read as CSV/],
    ] as const) {
      await writeFile(serversTable, text)
      const { code, message } = await errorOf(collect('planned.parquet', { until: '2026-11-03' }, { extends: true }))
      expect([code, message]).toEqual(['servers-invalid', expect.stringMatching(sentence)])
      expect(await readFile(serversTable)).toEqual(Buffer.from(text))
    }
  })

  test('refuses a file of another query or of another program', async () => {
    await collect('one-query.parquet')
    const other = { queries: [{ metric: 'cpu_p95', query: 'up' }] }
    expect((await errorOf(collect('one-query.parquet', other, { extends: true }))).message).toMatch(/was collected with another queries\.$/)
    await writeFile(join(folder, 'foreign.parquet'), 'PAR1')
    expect((await errorOf(collect('foreign.parquet', {}, { extends: true }))).message).toMatch(/was not written by headroom collect\.$/)
  })

  test('is what an existing file needs, or --force', async () => {
    await collect('there.parquet')
    const there = join(folder, 'there.parquet')
    expect((await errorOf(assertOutput(there, {}))).code).toBe('output-not-empty')
    await assertOutput(there, { extend: true })
    await assertOutput(there, { force: true })
    expect((await errorOf(assertOutput(join(folder, 'a.csv'), {}))).code).toBe('usage')
  })
})

test.skipIf(process.platform !== 'linux')('a collect into a folder that cannot be made says so', async () => {
  expect(await errorOf(collect('/../../../../../../proc/1/x/y.parquet'))).toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/^The output folder \/proc\/1\/x.* cannot be made\.$/),
  })
})

describe('what Prometheus refuses', () => {
  const refused = (changes: Partial<PrometheusRequest> = {}, access = noSecrets): Promise<{ code: string; message: string }> =>
    errorOf(surveyPrometheus(request(changes), access, work))

  test('is told in one sentence', async () => {
    expect(await refused({ queries: [{ metric: 'cpu_p95', query: 'cpu cpu' }] })).toEqual({
      code: 'source-refused',
      message: 'HOST refuses the query of cpu_p95: invalid parameter "query": 1:1: parse error: unexpected identifier.',
    })
    expect(await refused({ url: `${prometheus.url}/elsewhere` })).toEqual({
      code: 'source-refused',
      message: 'http://HOST/elsewhere has no interface of Prometheus (HTTP 404).',
    })
    prometheus.instead.push({ status: 200, body: '<html>' })
    expect((await refused()).message).toBe('http://HOST/ has no interface of Prometheus.')
    prometheus.series.set('busy', [])
    expect(await refused()).toEqual({ code: 'input-empty', message: 'HOST holds no series of cpu_p95 on its last day.' })
    prometheus.series.set('busy', [{ labels: { pod: 'a', job: 'b' }, valueAt: () => '1' }])
    expect((await refused()).message).toBe('A series of cpu_p95 has no label instance or node; it has job, pod.')
  })

  test('repeats neither what was sent nor pages of text', async () => {
    const access = { ...noSecrets, token: 'marked-secret-token' }
    const body = (error: string): string => JSON.stringify({ status: 'error', errorType: 'bad_data', error })
    prometheus.instead.push({ status: 400, body: body(`bad Bearer marked-secret-token\u001b[31m\n${'x'.repeat(3_000_000)}`) })
    const { message } = await errorOf(surveyPrometheus(request(), access, work))
    expect(message).toBe(`HOST refuses the query of cpu_p95: bad Bearer ***\ufffd[31m ${'x'.repeat(380)} ….`)
    prometheus.warnings = [`Basic marked-secret-token ${'y'.repeat(1000)}`]
    const { notes } = await collect('warned.parquet', {}, { access })
    expect(notes).toEqual([`Prometheus warns: Basic *** ${'y'.repeat(390)} …`])
  })

  test('a name of a server is no page of text', async () => {
    prometheus.series.set('busy', [{ labels: { instance: 'x'.repeat(3_000_000) }, valueAt: () => '1' }])
    expect(await refused()).toEqual({
      code: 'usage',
      message: 'The label instance of a series of cpu_p95 holds 3,000,000 characters; a server has 1,000 at most.',
    })
  })

  test('is not followed elsewhere', async () => {
    const elsewhere = await PrometheusDouble.start()
    prometheus.instead.push({ status: 302, headers: { location: `${elsewhere.url}/api/v1/query_range` }, body: '' })
    expect((await refused()).message).toBe(`HOST redirects to ${elsewhere.url}/api/v1/query_range.`)
    expect(elsewhere.requests).toEqual([])
    await elsewhere.stop()
  })

  test('for now is asked for again', async () => {
    prometheus.instead.push(
      { status: 503, headers: { 'retry-after': '0.01' }, body: '' },
      { status: 502, body: 'Bad gateway' },
      { status: 429, body: '' },
    )
    const waits: string[] = []
    const survey = await surveyPrometheus(request(), noSecrets, { ...work, onWait: (sentence) => waits.push(sentence) })
    expect([survey.servers, waits.length]).toEqual([3, 3])
    for (let attempt = 0; attempt < 6; attempt++) prometheus.instead.push({ status: 503, body: '' })
    expect(await refused()).toEqual({ code: 'source-unreachable', message: 'HOST fails (HTTP 503).' })
  })

  test('as too much is asked for in halves', async () => {
    prometheus.maxSamples = 100
    expect((await collect('halves.parquet')).rows).toBe(3 * 240)
    expect(prometheus.requests.some(({ status }) => status === 422)).toBe(true)
  })

  test('because nobody listens is told at once', async () => {
    const gone = await PrometheusDouble.start()
    const { url } = gone
    await gone.stop()
    expect(await refused({ url })).toEqual({
      code: 'source-unreachable',
      message: `${new URL(url).host} cannot be reached (ECONNREFUSED).`,
    })
  })

  test('where two series are one server, nothing is written', async () => {
    prometheus.series.set('busy', [
      { labels: { instance: 'a:1' }, valueAt: () => '1' },
      { labels: { instance: 'a:2' }, valueAt: () => '2' },
    ])
    expect(await errorOf(collect('double.parquet'))).toEqual({
      code: 'input-duplicate-rows',
      message: 'Several series of cpu_p95 belong to the server a.',
    })
    expect(existsSync(join(folder, 'double.parquet'))).toBe(false)
  })
})

describe('secrets', () => {
  const token = 'marked-secret-token-0001'

  test('are sent as a header and never written', async () => {
    prometheus.authorization = `Bearer ${token}`
    expect(await errorOf(surveyPrometheus(request(), noSecrets, work))).toEqual({
      code: 'source-refused',
      message: 'HOST requires a sign-in (HTTP 401).',
    })
    const access = { ...noSecrets, token }
    const { collection } = await collectPrometheus(request(), access, { out: join(folder, 'secret.parquet'), extends: false }, work)
    const parts = await Promise.all((await readdir(collection.folder)).map((name) => readFile(join(collection.folder, name), 'utf8')))
    expect(parts.length).toBeGreaterThan(2)
    expect(parts.join('')).not.toContain(token)
    await collection.remove()
    await collect('secret.parquet', {}, { access })
    expect((await readFile(join(folder, 'secret.parquet'))).includes(token)).toBe(false)
    prometheus.authorization = `Basic ${Buffer.from('planner:marked-secret').toString('base64')}`
    const basic = { ...noSecrets, user: 'planner', password: 'marked-secret' }
    expect((await surveyPrometheus(request(), basic, work)).servers).toBe(3)
  })

  test('in an address are refused, and not repeated', async () => {
    const { code, message } = await errorOf(surveyPrometheus(request({ url: 'http://planner:marked-secret@127.0.0.1:1' }), noSecrets, work))
    expect([code, message]).toEqual(['usage', 'The address holds a user name or a password.'])
    expect(await errorOf(surveyPrometheus(request({ url: `${prometheus.url}/p?token=marked-secret` }), noSecrets, work))).toEqual({
      code: 'usage',
      message: 'The address http://HOST/p has a query behind it, which would not be sent.',
    })
  })
})

test.skipIf(process.platform === 'win32')('certificates are read from a regular file', async () => {
  const pipe = join(folder, 'pipe.pem')
  execFileSync('mkfifo', [pipe])
  expect((await errorOf(surveyPrometheus(request(), { ...noSecrets, caBundle: pipe }, work))).message).toBe(
    `The certificates in ${pipe} cannot be read.`,
  )
})

test('no host is asked but the one that is named', async () => {
  const asked: string[] = []
  // Refuses every tunnel, so that nothing leaves this machine.
  const proxy = createServer((incoming, response) => {
    asked.push(incoming.url ?? '')
    response.writeHead(502).end()
  })
  proxy.on('connect', (incoming, socket) => {
    asked.push(incoming.url ?? '')
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const before = { ...process.env }
  try {
    process.env['http_proxy'] = process.env['https_proxy'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    process.env['no_proxy'] = ''
    await errorOf(surveyPrometheus(request({ url: 'https://prometheus.example.com' }), noSecrets, work))
  } finally {
    for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
    await new Promise((resolve) => proxy.close(resolve))
  }
  expect(new Set(asked)).toEqual(new Set(['prometheus.example.com:443']))
})

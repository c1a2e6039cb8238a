// The boundary between window and main process: every channel accepts valid requests and refuses all others.
import { describe, expect, it } from 'vitest'
import { handleWindowRequest, type WindowHandlers } from '../../../src-main/shell/ipc/serve-channels.ts'
import { emptyLaunchForm } from '../../../src-shared/ipc/cloud-contract.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import { responseSchema } from '../../../src-shared/ipc/envelope.ts'
import { channels, pushSchema, windowChannels, type Channel, type WindowChannel } from '../../../src-shared/ipc/ipc-contract.ts'
import { connection, decision, filtered, folder, runId, validRequests } from '../../fixtures/valid-requests.ts'

/** Per channel, what a compromised page might try. */
const invalid: { readonly [Name in WindowChannel]: readonly unknown[] } = {
  'start.get': [{ kind: 'path' }],
  'path.choose': [{}, { kind: 'device' }],
  'path.inspect': [{ path: '' }, { path: 7 }, { path: ['/etc'] }],
  'analysis.start': [
    { source: { kind: 'sample', servers: 0 } },
    { source: { kind: 'sample', servers: 1e9 } },
    { source: { kind: 'forecast' } },
    { source: { kind: 'shell', path: '/bin/sh' } },
    { source: { kind: 'forecast', paths: [], settings: {} } },
    { source: { kind: 'forecast', paths: ['/data'], settings: {}, out: '/etc' } },
    { source: { kind: 'forecast', paths: ['/data'], settings: { high_risk_threshold: 1 } } },
    { source: { kind: 'forecast', paths: ['/data'], settings: { map: { owner: 'x' } } } },
  ],
  'forecasts.columns': [{ paths: [] }, { paths: [''] }, { paths: '/data' }],
  'forecasts.inspect': [{ paths: ['/data'] }, { paths: [7], config: {} }, { paths: ['/data'], config: [], out: '/etc' }],
  'inspection.progress': [{ paths: [] }],
  'inspection.cancel': [{ analysisId: 'a-1' }],
  'reading.progress': [{ folder: '/data' }],
  'reading.cancel': [{ folder: '/data' }],
  'analysis.cancel': [{ analysisId: 1 }],
  'run.open': [{ folder: '' }, { folder: null }],
  'run.verify': [{ folder: '' }],
  'heatmap.get': [
    { ...validRequests['heatmap.get'], sort: 'random' },
    { ...validRequests['heatmap.get'], reduction: 'sum' },
    { ...validRequests['heatmap.get'], maxRows: 0 },
    { ...validRequests['heatmap.get'], maxColumns: 1e9 },
    { ...validRequests['heatmap.get'], maxRows: 1.5 },
    { ...validRequests['heatmap.get'], rows: { from: -1, to: 3 } },
    { ...validRequests['heatmap.get'], time: { fromMs: Number.NaN, toMs: 1 } },
    { ...validRequests['heatmap.get'], time: { fromMs: 0, toMs: Number.POSITIVE_INFINITY } },
  ],
  'clusters.get': [{ folder }, { folder, metric: '' }, { ...filtered, projection: 'sideways' }],
  'clusters.select': [
    { ...filtered, projection: 'spread' },
    { ...filtered, projection: 'spread', area: [[0]] },
  ],
  'cluster-profiles.get': [{}],
  'server.get': [{ folder, serverId: '' }],
  'filter-choices.get': [{ folder: '' }],
  'fleet.get': [
    { ...filtered, groupBy: '1; DROP TABLE server_risk' },
    { ...filtered, groupBy: 'region', filter: { ...noFilter, risk: ['anything'] } },
    { ...filtered, groupBy: 'region', filter: { ...noFilter, sql: 'true' } },
    { ...filtered, groupBy: 'region', filter: { ...noFilter, text: 'x'.repeat(201) } },
  ],
  'servers.list': [
    { ...validRequests['servers.list'], columns: ['server_id; --'] },
    { ...validRequests['servers.list'], columns: [] },
    { ...validRequests['servers.list'], sort: { column: 'random()', descending: true } },
    { ...validRequests['servers.list'], limit: 1_000_000 },
    { ...validRequests['servers.list'], offset: -1 },
  ],
  'season.get': [{ ...filtered, metric: '' }],
  'models.list': [{}],
  'capacity.get': [{}],
  'recommendations.list': [{ ...validRequests['recommendations.list'], verdict: 'maybe' }],
  'decisions.save': [
    { folder, decisions: [] },
    { folder, decisions: [{ ...decision, verdict: 'deleted' }] },
    { folder, decisions: [{ ...decision, file: '/etc/passwd' }] },
  ],
  'decisions.remove': [{ folder, decisions: [] }],
  'scenarios.list': [{}],
  'scenarios.save': [{ folder }, { folder, scenarios: [{ name: 'a', path: '/etc/passwd' }] }],
  'events.list': [{ folder: 7 }],
  'packing.list': [
    { ...filtered, offset: -1, limit: 200 },
    { ...filtered, offset: 0, limit: 1001 },
  ],
  'host-load.get': [{ folder }, { folder, host: '' }],
  'events.save': [{ folder }, { folder, lines: [{ from: '2027-01-01' }] }, { folder, lines: Array.from({ length: 1001 }, () => ({})) }],
  'server-events.list': [{ folder }, { folder, serverId: '' }],
  'history.get': [{ folder }, { folder, fleetOf: '../other' }, { folder: '', fleetOf: null }],
  'history.find': [{}, { folder: '' }],
  'pack.export': [
    { folder, fleetOf: null },
    { folder, fleetOf: null, format: 'docx' },
  ],
  'runs.compare': [{ earlier: folder }, { earlier: '', later: folder }],
  'run.reconcile': [{ folder: 7 }],
  'query.run': [{ folder }, { folder, sql: 7 }, { folder, sql: 'x'.repeat(100_001) }, { folder: '', sql: 'SELECT 1' }],
  'query-tables.list': [{}],
  'query.cancel': [{ id: 1 }],
  'query.export': [
    { folder, sql: 'SELECT 1', format: 'exe' },
    { folder, sql: 'SELECT 1', format: 'csv', path: '/etc/passwd' },
  ],
  'rows.export': [
    { ...validRequests['rows.export'], format: 'exe' },
    { ...validRequests['rows.export'], path: '/etc/passwd' },
  ],
  'report.export': [
    { folder, format: 'exe' },
    { folder, format: 'pdf', path: '/etc/passwd' },
  ],
  'file.save': [
    { ...validRequests['file.save'], name: '../../.bashrc' },
    { ...validRequests['file.save'], name: '' },
    { ...validRequests['file.save'], kind: 'sh' },
    { ...validRequests['file.save'], path: '/etc/passwd' },
    { ...validRequests['file.save'], content: 7 },
  ],
  'config.import': [{ path: '/etc/passwd' }],
  'scenario-choices.get': [{ folder: 7 }],
  'scenario.evaluate': [
    { ...validRequests['scenario.evaluate'], scenario: { threshold: -1 } },
    { ...validRequests['scenario.evaluate'], scenario: { percentile: 101 } },
    { ...validRequests['scenario.evaluate'], scenario: { growth_percent: Number.POSITIVE_INFINITY } },
    { ...validRequests['scenario.evaluate'], scenario: { added_servers: [{ count: 1e9, like: 'web-1' }] } },
    { ...validRequests['scenario.evaluate'], max_listed: -1 },
    { ...validRequests['scenario.evaluate'], folder: '' },
  ],
  'run.reveal': [{}, { folder: { toString: 'x' } }],
  'recent.list': [{ limit: 5 }],
  'recent.remove': [{}],
  'settings.get': [{ theme: 'dark' }],
  'settings.set': [{ theme: 'pink' }, { zoom: 40 }, { locale: '<script>' }, { layout: { drawerWidth: -5 } }],
  'source.survey': [
    {},
    { source: { kind: 'file', path: '/etc' } },
    { source: { ...validRequests['source.survey'].source, caBundle: '/etc/passwd' } },
    { source: { ...validRequests['source.survey'].source, access: { token: null, user: null, password: null, caBundle: '/etc/passwd' } } },
  ],
  'source.collect': [
    {},
    { ...validRequests['source.collect'], out: '/etc' },
    { source: { ...validRequests['source.collect'].source, out: '/etc' } },
    { source: { kind: 'cloudwatch', request: { profiles: [] } } },
  ],
  'source.cancel': [{ source: 1 }],
  'cloud.start': [{ profile: 'work' }],
  'cloud.connect': [{}, { ...connection, endpoint: 'http://evil' }, { ...connection, accessKeyId: 'AKIA' }],
  'cloud.sign-in': [{}, { profile: '' }],
  'cloud.submit-code': [{}, { code: 'x'.repeat(21) }],
  'cloud.save-form': [{}, { ...emptyLaunchForm, maxRuntimeMinutes: 0 }],
  'cloud.import-config': [{ ...emptyLaunchForm, file: '/etc/passwd' }],
  'cloud.choose-path': [{}, { kind: 'passwords' }],
  'cloud.download': [
    { connection, from: '' },
    { connection, from: 's3://data/', folder: '/etc' },
  ],
  'cloud.browse': [{ bucket: 'data', prefix: '' }],
  'cloud.roles': [{}, { ...connection, pathPrefix: '/' }],
  'cloud.update-prices': [{}, { ...connection, pathPrefix: '/' }],
  'cloud.accounts': [{}, { profile: '' }, { profile: null }],
  'cloud.preflight': [{}, { ...emptyLaunchForm, costCeilingUsd: -1 }],
  'cloud.launch': [
    {},
    { ...emptyLaunchForm, out: '/etc' },
    { ...emptyLaunchForm, costCeilingUsd: Number.POSITIVE_INFINITY },
    { ...emptyLaunchForm, kmsKeyId: 'k'.repeat(2049) },
    { ...emptyLaunchForm, subnets: 'subnet-1' },
    { ...emptyLaunchForm, subnets: Array.from({ length: 17 }, String) },
    { ...emptyLaunchForm, securityGroupIds: [''] },
    { ...emptyLaunchForm, securityGroupIds: Array.from({ length: 6 }, String) },
    { ...emptyLaunchForm, tags: { '': 'nameless' } },
    { ...emptyLaunchForm, tags: { team: 7 } },
    { ...emptyLaunchForm, volumeGb: 0 },
    { ...emptyLaunchForm, volumeGb: 1.5 },
    { ...emptyLaunchForm, volumeGb: 16_385 },
    { ...emptyLaunchForm, networkIsolation: 'no' },
  ],
  'cloud.log': [{ runId: '../../secrets' }],
  'cloud.stop': [{ runId: '' }],
  'cloud.resume': [{ runId: 7 }],
  'cloud.open-console': [{ runId, url: 'file:///etc/passwd' }],
  'cloud.jobs': [{}],
  'clipboard.write': [{ text: 7 }, { text: 'x'.repeat(1_000_001) }],
}

const internalChannels = (Object.keys(channels) as Channel[]).filter((name) => channels[name].isInternal)

/** Handlers of every channel, internal ones too, that only write down what reached them. */
const recordingHandlers = (): { handlers: WindowHandlers; reached: string[] } => {
  const reached: string[] = []
  const handlers = Object.fromEntries(
    Object.keys(channels).map((name) => [
      name,
      async () => {
        reached.push(name)
        return {}
      },
    ]),
  ) as unknown as WindowHandlers
  return { handlers, reached }
}

describe.each(windowChannels)('%s', (name) => {
  it('accepts a valid request', async () => {
    const { handlers, reached } = recordingHandlers()
    expect(await handleWindowRequest(handlers, name, validRequests[name])).toMatchObject({ ok: true })
    expect(reached).toEqual([name])
  })

  it('refuses invalid requests before the handler runs', async () => {
    const { handlers, reached } = recordingHandlers()
    const invalidPayloads = [undefined, null, 'text', 7, [], { ...validRequests[name], surprise: true }, ...invalid[name]]
    for (const invalidPayload of invalidPayloads) {
      const response = await handleWindowRequest(handlers, name, invalidPayload)
      expect({ invalidPayload, response }).toMatchObject({
        invalidPayload,
        response: { ok: false, error: { code: 'internal' } },
      })
    }
    expect(reached).toEqual([])
  })
})

describe('request handling', () => {
  it('refuses channels outside the contract', async () => {
    const { handlers, reached } = recordingHandlers()
    for (const name of ['run.delete', '__proto__', 'constructor', 'toString', '', 7, null, undefined]) {
      expect(await handleWindowRequest(handlers, name, {})).toMatchObject({ ok: false, error: { code: 'internal' } })
    }
    expect(reached).toEqual([])
  })

  it('refuses channels between processes, even if a handler exists', async () => {
    expect(internalChannels.sort()).toEqual([
      'analysis.run',
      'config.check',
      'config.read',
      'forecasts.plan',
      'measurements.assemble',
      'pack.write',
      'query.write',
      'report.write',
      'rows.write',
      'tables.check',
    ])
    const { handlers, reached } = recordingHandlers()
    const path = '/etc/passwd'
    const payloads: { readonly [Name in Channel]?: object } = {
      'config.read': { path },
      'report.write': { folder, format: 'pdf', path, hasByteOrderMark: false },
      'query.write': { folder, sql: '', format: 'csv', path, hasByteOrderMark: false },
    }
    for (const name of internalChannels) {
      const payload = payloads[name] ?? {}
      expect(await handleWindowRequest(handlers, name, payload)).toEqual({
        ok: false,
        error: { code: 'internal', message: `There is no channel ${name}.` },
      })
    }
    expect(reached).toEqual([])
  })

  it('returns a failure with its code, message, next step and SQL', async () => {
    const { handlers } = recordingHandlers()
    const failing: WindowHandlers = {
      ...handlers,
      'run.open': async () => {
        throw new HeadroomError('run-damaged', 'The manifest is torn.', { next: 'Analyse again.', sql: 'SELECT 1' })
      },
      'clusters.get': async () => {
        throw new TypeError('x is undefined')
      },
    }
    expect(await handleWindowRequest(failing, 'run.open', validRequests['run.open'])).toEqual({
      ok: false,
      error: { code: 'run-damaged', message: 'The manifest is torn.', next: 'Analyse again.', sql: 'SELECT 1' },
    })
    expect(await handleWindowRequest(failing, 'clusters.get', validRequests['clusters.get'])).toEqual({
      ok: false,
      error: { code: 'internal', message: 'x is undefined' },
    })
  })
})

describe('a response to the window', () => {
  const heatmap = {
    data: {
      metric: 'cpu_p95',
      unit: '%',
      rows: [{ label: 'web-1', serverId: 'web-1', servers: 1, riskLevel: 'high' }],
      startMs: 0,
      stepMs: 86_400_000,
      columnZone: 'UTC',
      columns: 2,
      values: Float32Array.of(1, Number.NaN),
      horizonStartMs: 86_400_000,
      reduction: 'max',
      marks: [],
      highThreshold: 80,
      veryHighThreshold: null,
      counts: { servers: 1, atRisk: 1 },
    },
    totalRows: 1,
    firstRow: 0,
    serversPerRow: 1,
    shownServers: 1,
    names: [['web-1']],
    selectedRow: null,
  }

  it('carries typed arrays through a structured clone and is parsed', () => {
    const { response } = channels['heatmap.get']
    expect([...response.parse(structuredClone(heatmap)).data.values]).toEqual([1, Number.NaN])
  })

  it('is refused if invalid', () => {
    const { response } = channels['heatmap.get']
    expect(response.safeParse({ ...heatmap, data: { ...heatmap.data, values: [1, 2] } }).success).toBe(false)
    expect(response.safeParse({ ...heatmap, serversPerRow: 0 }).success).toBe(false)
    expect(responseSchema.safeParse({ ok: false, error: { code: 'who-knows', message: '' } }).success).toBe(false)
    expect(responseSchema.safeParse({ value: 1 }).success).toBe(false)
    expect(pushSchema.safeParse({ type: 'analysis.event', analysisId: 'a', event: { type: 'step', label: '', progress: 2 } }).success).toBe(
      false,
    )
    expect(pushSchema.safeParse({ type: 'script.run', code: 'alert(1)' }).success).toBe(false)
  })
})

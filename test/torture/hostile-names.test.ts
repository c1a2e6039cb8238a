// Hostile names of servers, metrics, models, groups, criticalities and clusters: the figures are those of plain names, in every view and every export.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEngineHandlers } from '../../src-main/engine-host/engine-handlers.ts'
import { handleRequest } from '../../src-main/ipc/serve-requests.ts'
import { runUserSql } from '../../src-main/queries/user-sql/run-user-sql.ts'
import { verifyRunFolder } from '../../src-main/run-folder/read-run-folder.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import { channels, windowChannels } from '../../src-shared/ipc/ipc-contract.ts'
import { capacityReportSchema } from '../../src-shared/artefacts/capacity.ts'
import { scenarioSchema } from '../../src-shared/ipc/what-if.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { literal } from '../../src-main/database/database.ts'
import { readWorkbook } from '../../src-main/forecasts/workbook/read-workbook.ts'
import { ForecastWorkspace, type FinishedRun } from '../fixtures/forecast-workspace.ts'
import { hostileNames } from '../fixtures/hostile-names.ts'
import { rounds, tally } from '../fixtures/torture.ts'
import { validRequests } from '../fixtures/valid-requests.ts'

const roles = ['server', 'metric', 'model', 'group', 'criticality', 'cluster'] as const
type Role = (typeof roles)[number]

let workspace: ForecastWorkspace
let exports: string
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  exports = await mkdtemp(join(tmpdir(), 'headroom-names-'))
})
afterAll(async () => {
  await workspace.close()
  await rm(exports, { recursive: true })
})

/** Roles that the servers table states. */
const tableColumns: Partial<Record<Role, string>> = { group: 'business_unit', criticality: 'criticality', cluster: 'host_cluster' }

/** One entry per name in the role, with levels that differ by its position; every other role has one plain name. */
const forecastsOf = (role: Role, names: readonly string[]): string => {
  const name = (own: Role, plain: string): string => (role === own ? `names[n + 1]` : `'${plain}'`)
  const server = tableColumns[role] === undefined ? name('server', 'srv') : `'srv-' || n`
  return `
    SELECT ${server} AS server_id, ${name('metric', 'cpu_p95')} AS metric, ${name('model', 'm1')} AS model,
           TIMESTAMP '2026-01-01' + to_days(CAST(d AS INTEGER)) AS timestamp,
           CASE WHEN d < 40 THEN CAST(${role === 'model' ? '50' : '40 + n'} + d % 7 AS DOUBLE) END AS actual,
           CAST(40 + n + d % 7 AS DOUBLE) AS predicted
    FROM (SELECT [${names.map(literal).join(', ')}] AS names), range(${names.length}) entries(n), range(55) days(d)`
}

const csvText = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A cluster has one host and one server on it. */
const serversTableOf = (role: Role, names: readonly string[]): string =>
  role === 'cluster'
    ? `server_id,host,host_cluster,cores\n${names.map((name, n) => `h-${n},,${csvText(name)},16\nsrv-${n},h-${n},,4\n`).join('')}`
    : `server_id,${tableColumns[role]!}\n${names.map((name, n) => `srv-${n},${csvText(name)}\n`).join('')}`

const analyse = async (role: Role, names: readonly string[], file: string): Promise<FinishedRun> => {
  const path = await workspace.writeQuery(`${file}.parquet`, forecastsOf(role, names))
  const serversTable = tableColumns[role] === undefined ? undefined : await workspace.writeText(`${file}.csv`, serversTableOf(role, names))
  const thresholds = Object.fromEntries(names.map((name) => [name, { high: 60, very_high: 70 }]))
  return workspace.analyse(path, {
    serversTable,
    config: {
      breach_probability: false,
      ...(role === 'metric'
        ? { metric_thresholds: thresholds, metric_units: Object.fromEntries(names.map((name) => [name, 'percent'])) }
        : {}),
      ...(role === 'criticality' ? { criticality_thresholds: thresholds } : {}),
    },
  })
}

const column = {
  server: 'server_id',
  metric: 'metric',
  model: 'model',
  group: 'business_unit',
  criticality: 'criticality',
  cluster: 'host_cluster',
} as const
const figures = ['horizon_p95', 'horizon_mean', 'threshold', 'risk_level', 'is_at_risk', 'last_measured_at'] as const

/** Figures by name, in the order of the names. */
const figuresOf = async (run: FinishedRun, role: Role, names: readonly string[]): Promise<unknown[]> => {
  if (role === 'cluster') return clusterFiguresOf(run, names)
  const rows = await run.serverRisk()
  return names.map((name) => rows.filter((row) => row[column[role]] === name).map((row) => figures.map((figure) => row[figure])))
}

/** Each cluster with its host, without their names. */
const clusterFiguresOf = async (run: FinishedRun, names: readonly string[]): Promise<unknown[]> => {
  const { groups } = await run.json(runFiles.capacity, capacityReportSchema)
  expect(groups.length).toBe(2 * names.length)
  return names.map((name) =>
    groups
      .filter(({ group, cluster }) => group === name || cluster === name)
      .map(({ group, cluster, ...numbers }) => ({ ...numbers, isCluster: group === name, isHost: cluster === name })),
  )
}

const handlers = createEngineHandlers(() => undefined)

/** Every request of the window about a run, with the name where it takes one; the failures. */
const failingViews = async (run: FinishedRun, role: Role, name: string): Promise<string[]> => {
  const { folder } = run
  const [first] = await run.serverRisk()
  const named = {
    serverId: role === 'server' ? name : String(first!['server_id']),
    metric: role === 'metric' ? name : 'cpu_p95',
    group: role === 'group' ? name : undefined,
  }
  const filter = {
    ...noFilter,
    ...(role === 'server' ? { servers: [name], text: '' } : {}),
    ...(role === 'group' ? { business_unit: [name] } : {}),
    ...(role === 'criticality' ? { criticality: [name] } : {}),
  }
  const statement = { server_id: named.serverId, recommendation: 'retire' }
  const changes: Readonly<Record<string, unknown>> = {
    folder,
    paths: [join(workspace.folder, 'hostile.parquet')],
    config: {},
    metric: named.metric,
    filter,
    serverId: named.serverId,
    selected: named.serverId,
    host: named.serverId,
    earlier: folder,
    later: folder,
    servers: [named.serverId],
    scenarios: [],
    lines: [],
    scenario: scenarioSchema.parse({
      added_hosts: role === 'cluster' ? [{ cluster: name, count: 1 }] : [],
      group_growth: role === 'group' ? [{ column: 'business_unit', value: name, percent: 5 }] : [],
      special_thresholds: role === 'metric' || role === 'criticality' ? [{ column: role, value: name, threshold: 60 }] : [],
    }),
  }
  const failures: string[] = []
  for (const channel of windowChannels) {
    const { servedBy, request, response } = channels[channel]
    if (servedBy !== 'engine' || channel === 'analysis.cancel') continue
    const valid: Readonly<Record<string, unknown>> = validRequests[channel]
    // A decision that is withdrawn has no verdict.
    const decisions = [channel === 'decisions.remove' ? statement : { ...statement, verdict: 'dismissed', reason: name }]
    // A history is the folder of runs.
    const own = channel.startsWith('history.') ? { folder: dirname(folder) } : {}
    const stated: Readonly<Record<string, unknown>> = { ...changes, ...own, decisions }
    const payload = Object.fromEntries(Object.keys(valid).map((key) => [key, Object.hasOwn(stated, key) ? stated[key] : valid[key]]))
    if (!request.safeParse(payload).success) failures.push(`${channel}: not a request`)
    const outcome = await handleRequest(handlers, channel, payload)
    if (!outcome.ok) failures.push(`${JSON.stringify(name)} ${channel}: ${outcome.error.message}`)
    else if (!response.safeParse(outcome.value).success) failures.push(`${JSON.stringify(name)} ${channel}: not a response`)
  }
  return failures
}

const failingExports = async (run: FinishedRun, role: Role): Promise<string[]> => {
  const failures: string[] = []
  const target = (format: string) => ({ path: join(exports, `export.${format}`), hasByteOrderMark: false })
  const [first] = await run.serverRisk()
  for (const format of ['csv', 'parquet', 'json', 'xlsx'] as const) {
    const request = {
      ...validRequests['rows.export'],
      folder: run.folder,
      metric: String(first!['metric']),
      columns: ['server_id', role === 'model' ? 'model' : 'risk_level'],
      format,
      ...target(format),
    }
    const outcome = await handleRequest(handlers, 'rows.write', request)
    if (!outcome.ok) failures.push(`rows.write ${format}: ${outcome.error.message}`)
  }
  for (const format of ['html', 'pdf', 'xlsx', 'csv'] as const) {
    const outcome = await handleRequest(handlers, 'report.write', { folder: run.folder, format, ...target(format) })
    if (!outcome.ok) failures.push(`report.write ${format}: ${outcome.error.message}`)
  }
  const workbook = await readFile(join(exports, 'export.xlsx'))
  expect(() => readWorkbook(workbook)).not.toThrow()
  // Names of the input become text of the page, never markup.
  if ((await readFile(join(exports, 'export.html'), 'utf8')).includes('<script>alert(1)')) failures.push('html: live markup')
  return failures
}

/** Expects the figures of plain names; returns the views and exports that failed. */
const failuresOf = async (role: Role, names: readonly string[]): Promise<string[]> => {
  const plainNames = names.map((_, index) => `plain-${index}`)
  const [hostile, plain] = [await analyse(role, names, 'hostile'), await analyse(role, plainNames, 'plain')]
  try {
    const failures: string[] = []
    expect(await figuresOf(hostile, role, names)).toEqual(await figuresOf(plain, role, plainNames))
    expect(hostile.manifest.counts).toEqual(plain.manifest.counts)
    const { manifest, files } = await verifyRunFolder(hostile.folder)
    expect(files.filter(({ state }) => state !== 'ok')).toEqual([])
    expect(new Set(Object.keys(manifest.config.metric_thresholds))).toEqual(new Set(role === 'metric' ? names : []))
    const viewed = names.filter((_, index) => index % rounds(9, 1) === 0)
    for (const name of viewed) failures.push(...(await failingViews(hostile, role, name)))
    failures.push(...(await failingExports(hostile, role)))
    const sql = `SELECT DISTINCT ${role === 'cluster' ? 'server_id' : column[role]} FROM server_risk`
    const { rows } = await runUserSql(hostile.folder, sql)
    if (role !== 'model' && new Set(rows.map(([name]) => name)).size !== names.length) failures.push('a query shows other names')
    expect(Object.keys(Object.prototype)).toEqual([])
    return failures
  } finally {
    await Promise.all([hostile, plain].map(({ folder }) => rm(folder, { recursive: true })))
  }
}

describe('hostile names', () => {
  test.each(roles)('of every %s at once', { timeout: 300_000 }, async (role) => {
    expect(await failuresOf(role, hostileNames)).toEqual([])
    tally('hostile names in a role: analysis, views and exports', hostileNames.length)
  })

  const alone = rounds(0, hostileNames.length)
  const parts = roles.flatMap((role) => [1, 2, 3, 4].map((part) => [role, part] as const))
  test.skipIf(alone === 0).each(parts)('of a %s alone, part %i of 4', { timeout: 1_200_000 }, async (role, part) => {
    const names = hostileNames.filter((_, index) => index % 4 === part - 1)
    for (const name of names) expect(await failuresOf(role, [name])).toEqual([])
    tally('hostile names in a role: analysis, views and exports', names.length)
  })
})

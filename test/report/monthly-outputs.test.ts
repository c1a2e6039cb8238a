// What other tools take over of a run: tickets with numbers that stay, and metrics for Prometheus.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { saveDecisions } from '../../src-main/notes/decisions.ts'
import { withRunFolder } from '../../src-main/queries/run/open-run-folder.ts'
import { writeTickets } from '../../src-main/report/tickets.ts'
import { capacityReportSchema, type CapacityGroup } from '../../src-shared/artefacts/capacity.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { ForecastWorkspace, type FinishedRun } from '../fixtures/forecast-workspace.ts'
import { headroom, headroomDone } from '../fixtures/run-headroom.ts'

let workspace: ForecastWorkspace
let run: FinishedRun
const out = (name: string): string => join(workspace.folder, name)

/** db and =web exceed 80 % from the first day of the horizon, db has a lead time of 30 days; quiet does nothing. */
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const forecasts = await workspace.writeQuery(
    'fleet.parquet',
    `SELECT server AS server_id, 'm' AS model, TIMESTAMP '2026-01-01' + to_days(CAST(d AS INTEGER)) AS timestamp,
            CASE WHEN d < 60 THEN CAST(least(level, 70) AS DOUBLE) END AS actual,
            CAST(CASE WHEN d < 60 THEN least(level, 70) ELSE level END AS DOUBLE) AS predicted
     FROM (VALUES ('db', 95.0), ('=web', 90.0), ('quiet', 1.0), ('calm', 50.0)) fleet(server, level), range(120) days(d)`,
  )
  const serversTable = await workspace.writeText(
    'fleet.csv',
    [
      'server_id,business_unit,capacity_units,monthly_cost_usd,lead_time_days',
      'db,"Retail ""A""",4,100,30',
      '=web,Trading,2,100,0',
      'quiet,Trading,2,120.5,0',
      'calm,Trading,2,100,0',
      '',
    ].join('\n'),
  )
  run = await workspace.analyse(forecasts, { serversTable, config: { breach_probability: false } })
})
afterAll(() => workspace.close())

const rowsOf = async (name: string): Promise<string[][]> =>
  (await readFile(out(name), 'utf8'))
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/))

test('ServiceNow gets a row per recommendation to act on, late orders first', async () => {
  await headroomDone(['export', run.folder, '--format', 'servicenow', '--out', out('tickets.csv')])
  const [header, ...rows] = await rowsOf('tickets.csv')
  expect(header).toEqual(['correlation_id', 'short_description', 'description', 'cmdb_ci', 'assignment_group', 'priority', 'due_date'])
  expect(rows.map(([, title, , server, group, priority, due]) => [title, server, group, priority, due])).toEqual([
    ['Add capacity: db (1 capacity unit)', 'db', '"Retail ""A"""', '2', '2026-01-31'],
    ['Add capacity: =web (1 capacity unit)', "'=web", 'Trading', '3', '2026-03-02'],
    ['Retire: quiet', 'quiet', 'Trading', '5', ''],
  ])
})

test('tickets that are written in parts are the same, and a known ticket of any part is left out', async () => {
  const writeIn = (name: string, known: ReadonlyMap<string, 'open' | 'closed'>, actionsPerPart?: number) =>
    withRunFolder(run.folder, (opened) =>
      writeTickets(opened, 'jira', { path: out(name), hasByteOrderMark: true }, known, undefined, actionsPerPart),
    )
  expect(await writeIn('whole.csv', new Map())).toEqual({ written: 3, open: 0, closed: 0 })
  expect(await writeIn('parts.csv', new Map(), 2)).toEqual({ written: 3, open: 0, closed: 0 })
  expect(await readFile(out('parts.csv'), 'utf8')).toBe(await readFile(out('whole.csv'), 'utf8'))
  const [, [first], [second], [third]] = (await rowsOf('whole.csv')) as [string[], [string], [string], [string]]
  const known = new Map([
    [first, 'open'],
    [third, 'closed'],
  ] as const)
  expect(await writeIn('known.csv', known, 2)).toEqual({ written: 1, open: 1, closed: 1 })
  expect((await rowsOf('known.csv')).slice(1).map(([id]) => id)).toEqual([second])
})

test('the numbers of tickets are those of the next run; what is dismissed opens none', async () => {
  await headroomDone(['export', run.folder, '--format', 'jira', '--out', out('jira.csv')])
  const [header, ...rows] = await rowsOf('jira.csv')
  expect(header).toEqual(['External Issue ID', 'Summary', 'Description', 'Issue Type', 'Component', 'Priority', 'Due Date', 'Labels'])
  const config = { breach_probability: false, high_risk_threshold: 75 }
  const again = await workspace.analyse(out('fleet.parquet'), { config })
  await saveDecisions(again.folder, [{ server_id: 'quiet', recommendation: 'retire', verdict: 'dismissed', reason: 'spare' }], new Date(0))
  await headroomDone(['export', again.folder, '--format', 'jira', '--out', out('again.csv')])
  const idsOf = (lines: readonly string[][]) => new Map(lines.map(([id, title]) => [/: (\S+)/.exec(title!)![1], id]))
  const [first, second] = [idsOf(rows), idsOf((await rowsOf('again.csv')).slice(1))]
  expect(new Set(second.keys())).toEqual(new Set(['=web', 'db']))
  for (const [server, id] of second) expect(first.get(server)).toBe(id)
  expect(new Set(first.values()).size).toBe(3)
})

test('the metrics state the counts of the run, with escaped labels', async () => {
  await headroomDone(['export', run.folder, '--format', 'prometheus', '--out', out('headroom.prom')])
  const text = await readFile(out('headroom.prom'), 'utf8')
  expect(text.split('\n').filter((line) => /^headroom_(servers|at_risk|under|silent|late)/.test(line))).toEqual([
    String.raw`headroom_servers{business_unit="Retail \"A\""} 1`,
    'headroom_servers{business_unit="Trading"} 3',
    String.raw`headroom_at_risk_servers{business_unit="Retail \"A\""} 1`,
    'headroom_at_risk_servers{business_unit="Trading"} 1',
    'headroom_underutilized_servers 1',
    'headroom_silent_servers 0',
    'headroom_late_orders 1',
  ])
  expect(text).toMatch(/^# HELP headroom_servers .+\n# TYPE headroom_servers gauge\n/)
  expect(text.endsWith('\n')).toBe(true)
})

test('the runway of a cluster counts from the start of the horizon; one beyond it has no line', async () => {
  const file = join(run.folder, runFiles.capacity)
  const report = capacityReportSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  const cluster: CapacityGroup = {
    kind: 'cluster',
    group: 'c1',
    cluster: null,
    metric: 'cpu_p95',
    unit: 'cores',
    capacity_column: 'capacity_units',
    hosts: 2,
    members: 4,
    unknown_members: 0,
    capacity: 8,
    usable: 4,
    limit: 3,
    allocated: 8,
    demand_p50: 3,
    demand_p90: 4,
    runway_p50: null,
    runway_p90: '2026-03-14T00:00:00Z',
    host_size: 4,
    hosts_to_buy: 1,
    is_limiting: true,
    demand_dates: [],
    demand_p50_by: [],
    demand_p90_by: [],
  }
  await writeFile(file, JSON.stringify({ ...report, groups: [cluster] }))
  await headroomDone(['export', run.folder, '--format', 'prometheus', '--out', out('runway.prom')])
  // The horizon starts on 2 March.
  expect((await readFile(out('runway.prom'), 'utf8')).match(/^headroom_runway_days.*$/gm)).toEqual([
    'headroom_runway_days{kind="cluster",group="c1",metric="cpu_p95",percentile="p90"} 12',
  ])
})

test('an existing file stays without --force, and marks belong to CSV', async () => {
  await writeFile(out('kept.csv'), 'mine')
  expect((await headroom(['export', run.folder, '--format', 'jira', '--out', out('kept.csv')])).code).toBe(2)
  expect(await readFile(out('kept.csv'), 'utf8')).toBe('mine')
  expect((await headroom(['export', run.folder, '--format', 'prometheus', '--bom', '--out', out('x.prom')])).stderr).toBe(
    'Error: --bom applies to CSV only.\n',
  )
})

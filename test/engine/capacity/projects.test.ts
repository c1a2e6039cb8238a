// Projects: by how many days each moves the runway of its cluster, worked by hand, and what a table of them may hold.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readProjects } from '../../../src-main/engine/capacity/projects.ts'
import { unknownNameError } from '../../../src-main/queries/what-if/scenario-parameters.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { evaluateCapacity } from '../../../src-main/queries/what-if/evaluate-capacity.ts'
import { scenarioSchema, type Scenario, type ScenarioProject } from '../../../src-shared/ipc/what-if.ts'
import { memberPlacementText } from '../../../src-shared/artefacts/member-placement-text.ts'
import { capacityReportSchema, type CapacityReport } from '../../../src-shared/artefacts/capacity.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { seriesRows, timeAfter, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type FinishedRun } from '../../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

/** Day d of the horizon, from 1. */
const horizonDay = (day: number): string => timeAfter('2026-01-01', 39 + day).slice(0, 10)

let run: FinishedRun
let report: CapacityReport

describe('projects of a cluster whose members need 4 (60 + d) of 300 cores on day d', () => {
  beforeAll(async () => {
    const members = ['a', 'b', 'c', 'd']
    const rows = members.flatMap((server) =>
      seriesRows({ server, metric: 'cpu_p95', actual: times(40, 60), horizon: Array.from({ length: 30 }, (_, day) => 61 + day) }),
    )
    const hosts = ['h1', 'h2', 'h3', 'h4'].map((host) => `${host},prod,100`)
    run = await workspace.analyse(await workspace.writeForecasts('projects.parquet', rows), {
      config: { capacity_target: 100 },
      serversTable: await workspace.writeText(
        'projects.servers.csv',
        ['server_id,host_cluster,cores', ...hosts, ...members.map((id) => `${id},prod,100`)].join('\n'),
      ),
      projectsTable: await workspace.writeText(
        'projects.csv',
        [
          'Name;Group;Metric;Units;From;To;Probability;Status',
          `core banking;prod;cpu_p95;20,5;${horizonDay(1)};;;committed`,
          `retire batch;prod;cpu_p95;-12,5;${horizonDay(5)};;;planned`,
          `maybe;prod;cpu_p95;20;${horizonDay(1)};;0,3;planned`,
          `over by then;prod;cpu_p95;90;${horizonDay(1)};${horizonDay(2)};;planned`,
          `late;prod;cpu_p95;90;${horizonDay(25)};;;planned`,
          `elsewhere;lab;cpu_p95;5;${horizonDay(1)};;;planned`,
          `memory;prod;mem_p95;5;${horizonDay(1)};;;planned`,
        ].join('\n'),
      ),
    })
    report = await run.json(runFiles.capacity, capacityReportSchema)
  })

  test('move its runway by the days that arithmetic says', () => {
    // Alone: 4 x 76 = 304 on day 16. With 20.5 more: 4 (60 + d) + 20.5 > 300 from day 10 on. With 8 left of it after -12.5: day 14.
    const moved = report.projects.map(({ name, moved_days_p50, moved_days_p90 }) => [name, moved_days_p50, moved_days_p90])
    expect(moved).toEqual([
      ['core banking', -6, -6],
      ['late', 0, 0],
      // 40.5 more: from day 5 on. It happens on 60 of the 200 paths: more than a tenth, fewer than half.
      ['maybe', 0, -5],
      // 240 + 4 + 110.5 on the first day.
      ['over by then', -9, -9],
      ['retire batch', 4, 4],
    ])
  })

  test('are in the demand where they are committed, and only there', () => {
    expect(report.groups.find(({ kind }) => kind === 'cluster')).toMatchObject({
      runway_p50: `${horizonDay(10)}T00:00:00.000Z`,
      demand_p90: 360 + 20.5,
    })
  })

  test('without a known group or metric are named', () => {
    expect(report.notes).toEqual([
      'Project elsewhere names lab, which is no cluster or host of the servers table.',
      'Project memory adds mem_p95, which no server of prod has.',
    ])
    expect(run.manifest.warnings.filter(({ code }) => code === 'unknown-projects')).toEqual([
      {
        code: 'unknown-projects',
        message:
          '2 projects change no figure, since no server has their group and metric: elsewhere (lab, cpu_p95), memory (prod, mem_p95).',
        count: 2,
        examples: ['elsewhere (lab, cpu_p95)', 'memory (prod, mem_p95)'],
      },
    ])
    expect(run.manifest.projects_table).toMatchObject({ rows: 7, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
  })
})

describe('what if, on the same cluster with 20.5 cores committed', () => {
  const nothing = scenarioSchema.parse({})
  let open: OpenRun
  beforeAll(async () => {
    open = await openRunFolder(run.folder)
  })
  afterAll(async () => open.close())
  const ask = async (changes: Partial<Scenario>) => (await evaluateCapacity(open, { ...nothing, ...changes }))!
  const project = (changes: Partial<ScenarioProject>): ScenarioProject => ({
    name: 'core banking',
    group: 'prod',
    metric: 'cpu_p95',
    units: 20.5,
    from: horizonDay(1),
    to: null,
    probability: 1,
    status: 'committed',
    is_counted: true,
    ...changes,
  })
  const day = (number: number): string => `${horizonDay(number)}T00:00:00.000Z`

  test.each<[string, Partial<Scenario>, object]>([
    // 264.5 of 200 on the first day, and 380.5 at the end: two hosts more.
    ['a host is removed', { removed_hosts: ['h1'] }, { hosts: 3, usable: 200, runway_p50: day(1), hosts_to_buy: 2 }],
    ['a host fails, which is the reserve', { lost_hosts: ['h1'] }, { hosts: 3, usable: 300, runway_p50: day(10), hosts_to_buy: 1 }],
    ['two hosts fail', { lost_hosts: ['h1', 'h2'] }, { hosts: 2, usable: 200, runway_p50: day(1) }],
    ['a host is bought', { added_hosts: [{ cluster: 'prod', count: 1 }] }, { hosts: 5, usable: 400, runway_p50: null, hosts_to_buy: 0 }],
    // 4.4 (60 + d) + 20.5 > 300 from day 4 on: projects do not grow.
    ['all demand grows by 10 %', { growth_percent: 10 }, { hosts: 4, runway_p50: day(4) }],
    ['no project comes', { projects: [] }, { runway_p50: day(16), demand_p90: 360 }],
    // 4 (60 + d) - 12.5 > 300 from day 19 on.
    [
      'one project is left out and another counts',
      { projects: [project({ is_counted: false }), project({ name: 'retire batch', units: -12.5, from: horizonDay(5) })] },
      { runway_p50: day(19) },
    ],
  ])('%s', async (_title, changes, scenario) => {
    const { clusters } = await ask(changes)
    expect(clusters).toHaveLength(1)
    expect(clusters[0]).toMatchObject({
      cluster: 'prod',
      metric: 'cpu_p95',
      unit: 'cores',
      run: { hosts: 4, usable: 300, runway_p50: day(10), demand_p90: 380.5 },
      scenario,
    })
  })

  // Each member needs up to 90 of a host's 100 cores, so none shares a host.
  test.each<[string, Partial<Scenario>, string]>([
    ['a host is lost', { lost_hosts: ['h1'] }, '1 of 4 members of prod find no place on its hosts.'],
    ['a host is removed', { removed_hosts: ['h4'] }, '1 of 4 members of prod find no place on its hosts.'],
    [
      'a host replaces another',
      { removed_hosts: ['h4'], added_hosts: [{ cluster: 'prod', count: 1 }] },
      'All 4 members of prod find place on its hosts.',
    ],
    ['a host is bought', { added_hosts: [{ cluster: 'prod', count: 1 }] }, 'All 4 members of prod find place on its hosts.'],
    [
      'two hosts are lost',
      { lost_hosts: ['h1', 'h2'] },
      'Where the members of prod find place is known for one host less and the demand of the run; analyse again for more.',
    ],
  ])('members find place or not where %s', async (_title, changes, sentence) => {
    const { placements } = await ask(changes)
    expect(placements.map(({ cluster, members, unplaced }) => memberPlacementText(cluster, members, unplaced))).toEqual([sentence])
  })

  test('a project moves the date among those that count', async () => {
    const { projects } = await ask({
      projects: [project({ is_counted: false }), project({ name: 'retire batch', units: -12.5, from: horizonDay(5) })],
    })
    // 4 (60 + d) + 8 > 300 from day 14 on.
    expect(projects[0]).toMatchObject({ name: 'core banking', runway_p50_without: day(19), runway_p50_with: day(14), moved_days_p50: -5 })
  })

  test('the projects of the run move it as the run says', async () => {
    const { projects } = await ask({
      projects: report.projects.map(({ name, group, metric, units, from, to, probability, status }) =>
        project({ name, group, metric, units, from, to, probability, status, is_counted: status === 'committed' }),
      ),
    })
    expect(projects.map(({ name, moved_days_p50, moved_days_p90 }) => [name, moved_days_p50, moved_days_p90])).toEqual(
      report.projects.map(({ name, moved_days_p50, moved_days_p90 }) => [name, moved_days_p50, moved_days_p90]),
    )
  })

  test('each cluster of several metrics is named once', () => {
    expect(unknownNameError('cluster', 'nowhere', ['prod', 'prod', 'test']).next).toBe('It has prod, test.')
  })

  test('what changes no cluster has no answer', async () => {
    expect(await evaluateCapacity(open, { ...nothing, group_growth: [{ column: 'region', value: 'eu', percent: 5 }] })).toBeNull()
  })

  test.each<[string, Partial<Scenario>, string]>([
    ['a host that is not there', { lost_hosts: ['h9'] }, 'The run has no host of a cluster called "h9".'],
    ['a cluster that is not there', { added_hosts: [{ cluster: 'lab', count: 1 }] }, 'The run has no cluster with hosts called "lab".'],
    ['a project elsewhere', { projects: [project({ group: 'lab' })] }, 'The run has no cluster "lab".'],
    [
      'a project of another metric',
      { projects: [project({ metric: 'mem_p95' })] },
      'Project core banking adds mem_p95, which no server of prod has.',
    ],
    ['30 February', { projects: [project({ from: '2026-02-30' })] }, 'Project core banking holds "2026-02-30", which is no date.'],
    ['an end before its beginning', { projects: [project({ to: '2025-01-01' })] }, 'Project core banking ends before it begins.'],
  ])('%s is refused', async (_title, changes, message) => {
    await expect(ask(changes)).rejects.toMatchObject({ code: 'scenario-invalid', message })
  })
})

describe('a table of projects', () => {
  const read = async (text: string) => readProjects(await workspace.writeText('table.csv', text), 'auto', 'Europe/Berlin')
  const header = 'name,group,metric,units,from,to,probability,status\n'

  test('has days of the time zone, and a planned project without an end', async () => {
    const { projects } = await read(`${header}p,prod,cpu_p95,4,2026-07-01,2026-07-31,,\n`)
    expect(projects).toEqual([
      {
        name: 'p',
        group: 'prod',
        metric: 'cpu_p95',
        units: 4,
        from: '2026-07-01',
        to: '2026-07-31',
        fromMs: Date.parse('2026-06-30T22:00:00Z'),
        untilMs: Date.parse('2026-07-31T22:00:00Z'),
        probability: 1,
        status: 'planned',
      },
    ])
  })

  test.each([
    ['a line without units', `${header}p,prod,cpu_p95,,2026-07-01,,,\n`, 'Line 2, column units of the projects table table.csv is empty.'],
    ['a word for a number', `${header}p,prod,cpu_p95,four,2026-07-01,,,\n`, 'holds "four", which is no number.'],
    ['30 February', `${header}p,prod,cpu_p95,4,2026-02-30,,,\n`, 'holds "2026-02-30", which is no date.'],
    [
      'a percentage as probability',
      `${header}p,prod,cpu_p95,4,2026-07-01,,30,\n`,
      'column probability of the projects table table.csv holds "30".',
    ],
    [
      'more lines than a scenario takes',
      header + Array.from({ length: 1001 }, (_, index) => `p${index},prod,cpu_p95,4,2026-07-01,,,\n`).join(''),
      'The projects table table.csv has 1,001 lines; 1,000 is the limit.',
    ],
    ['a number beyond reason', `${header}p,prod,cpu_p95,1e308,2026-07-01,,,\n`, 'holds "1e308", which is beyond 1,000,000,000,000,000.'],
    [
      'more units than a scenario takes',
      `${header}p,prod,cpu_p95,-2e12,2026-07-01,,,\n`,
      'holds "-2e12", which is beyond 1,000,000,000,000.',
    ],
    [
      'a line twice, which would count twice',
      `${header}p,prod,cpu_p95,4,2026-07-01,,,\nq,prod,cpu_p95,4,2026-07-01,,,\np,prod,cpu_p95,4,2026-07-01,,0.5,\n`,
      'Line 4, column name of the projects table table.csv holds "p" once more for the same group, metric and days.',
    ],
    ['an unknown status', `${header}p,prod,cpu_p95,4,2026-07-01,,,sure\n`, 'column status of the projects table table.csv holds "sure".'],
    [
      'an end before its beginning',
      `${header}p,prod,cpu_p95,4,2026-07-02,2026-07-01,,\n`,
      'column to of the projects table table.csv lies before from.',
    ],
    ['a number with two readings', `${header}p,prod,cpu_p95,1.200,2026-07-01,,,\n`, 'holds "1.200", which reads as 1200 or 1.2.'],
    ['an unknown column', 'name,group,metric,unit,from\n', 'has a column unit that is not known.'],
    ['no column group', 'name,metric,units,from\np,cpu_p95,4,2026-07-01\n', 'has no column group.'],
  ])('with %s is refused', async (_title, text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'table-invalid', message: expect.stringContaining(message) })
  })
})

// The tables of a report about capacity: what is stated, what is left out, and what cannot be promised.
import { expect, test } from 'vitest'
import { capacitySummarySchema, type CapacitySummary } from '../../src-shared/artefacts/capacity.ts'
import type { CapacityView } from '../../src-shared/ipc/capacity-view.ts'
import { createCapacityTables } from '../../src-main/report/capacity-tables.ts'

const runway = '2026-03-01T00:00:00.000Z'
const report: CapacitySummary = capacitySummarySchema.parse({
  reserve_hosts: 1,
  reserve_percent: 0,
  capacity_target: 80,
  horizon_end: runway,
  hosts: [],
  groups: [],
  placements: [{ cluster: 'prod', members: 4, added_hosts: [2], too_large: 1, hosts: [], moves: [] }],
  placement_check: { verdict: 'cannot promise', accepted_share: 0.005, windows: 1, hosts: 40, hosts_above_target: 9 },
  projects: [
    {
      name: 'Cards',
      status: 'planned',
      group: 'prod',
      metric: 'cpu_p95',
      units: 12,
      from: '2026-02-01',
      to: null,
      probability: 1,
      runway_p50_without: runway,
      runway_p50_with: '2026-02-19T00:00:00.000Z',
      runway_p90_without: runway,
      runway_p90_with: null,
      moved_days_p50: -10,
      moved_days_p90: null,
    },
  ],
  drivers: ['a', 'b'].map((server, index) => ({
    server_id: server,
    metric: 'cpu_p95',
    driver: 'payments',
    group: index === 0 ? null : 'Retail',
    intercept: 10,
    slope: 0.02,
    slope_low: 0.019,
    slope_high: 0.021,
    held_out_r2: 0.98,
    points: 90,
    current: 2000,
    supported: index === 0 ? null : 8000,
    growth_factor: index === 0 ? null : 4,
    residual_percent: index === 0 ? null : 75,
  })),
  driver_plans: [],
  rightsizing: {
    catalogue: 'catalogue.csv',
    servers: ['small', 'large'].map((server, index) => ({
      server_id: server,
      current_type: 'x8',
      new_type: 'x4',
      vcpu: 4,
      mem_gib: 16,
      monthly_savings_usd: 100 * (index + 1),
      licence: null,
      licence_cores_freed: 0,
      licence_savings_usd: 0,
      performance_risk: 1,
    })),
    check: { verdict: 'cannot promise', servers: 40, values: 1000, values_above: 30 },
    unknown_types: [],
  },
  savings: { rightsize_usd: 300, consolidate_usd: 0, retire_usd: 50, total_usd: 350, licences_usd: 0 },
  notes: [],
})
const view: CapacityView = {
  report,
  resources: ['cpu_p95', 'mem_p95'].map((metric, index) => ({
    business_unit: null,
    metric,
    servers: 4,
    limits: 4 - 4 * index,
    is_limiting: index === 0,
  })),
  volumes: [],
  volume_count: 0,
  driver_months: [],
}
const tablesOf = (given: CapacityView) =>
  new Map(
    createCapacityTables(given, (ms) => new Date(ms).toISOString().slice(0, 10))
      .filter(({ rows }) => rows.length > 0)
      .map((table) => [table.title, table]),
  )

test('each table holds what the run states, the urgent rows first', () => {
  const tables = tablesOf(view)
  const rowsOf = (title: string) => tables.get(title)?.rows
  expect([...tables.keys()]).toEqual([
    'Limiting resources',
    'Placement on hosts',
    'Projects',
    'Business drivers',
    'Rightsizing',
    'Savings by step',
  ])
  expect(rowsOf('Limiting resources')?.[0]).toEqual(['All servers', 'cpu_p95', '4', '4', 'yes'])
  expect(rowsOf('Placement on hosts')).toEqual([['prod', '4', '1', '3', '0']])
  expect(rowsOf('Projects')).toEqual([
    ['Cards', 'planned', 'prod', 'cpu_p95', '12', '2026-02-01', '-10', '2026-02-19', '–', 'after 2026-03-01'],
  ])
  expect(rowsOf('Business drivers')?.map(([driver, server, , , , , , left]) => [driver, server, left])).toEqual([
    ['payments (Retail)', 'b', '75'],
    ['payments', 'a', '–'],
  ])
  expect(rowsOf('Rightsizing')?.map(([server, , , usd, , risk]) => [server, usd, risk])).toEqual([
    ['large', '$200', 'low'],
    ['small', '$100', 'low'],
  ])
  expect(rowsOf('Savings by step')).toEqual([
    ['Rightsize', '$300'],
    ['Consolidate', '$0'],
    ['Retire', '$50'],
    ['All', '$350'],
  ])
})

test('plans that cannot be promised say so, and a cut table says of how many rows', () => {
  const tables = tablesOf({ ...view, report: { ...report, projects: Array.from({ length: 201 }, () => report.projects[0]!) } })
  expect(tables.get('Placement on hosts')?.note).toMatch(
    /9 of 40 placed hosts exceeded the target, .*: the placement cannot be promised\.$/,
  )
  expect(tables.get('Rightsizing')?.note).toMatch(/so the sizes cannot be promised\. Catalogue: catalogue\.csv\.$/)
  expect(tables.get('Projects')).toMatchObject({ note: 'The first 200 of 201.', rows: { length: 200 } })
})

test('one resource alone limits nothing, and a run without a report has volumes alone', () => {
  expect([...tablesOf({ ...view, resources: view.resources.slice(0, 1), report: null }).keys()]).toEqual([])
})

// Placement of members on hosts, checked on earlier windows: it holds where demand stays as it was, and is not promised where levels rose.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memberPlacementCheckText } from '../../../src-shared/artefacts/member-placement-text.ts'
import { capacityReportSchema, type CapacityReport } from '../../../src-shared/artefacts/capacity.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { seededRandom } from '../../fixtures/seeded-random.ts'

let workspace: ForecastWorkspace
let steady: CapacityReport
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  steady = await placeAll('steady', 0)
})
afterAll(async () => workspace.close())

const hosts = Array.from({ length: 24 }, (_, host) => `h${String(host).padStart(2, '0')}`)

/** Two members of ten cores on each of 24 hosts of 20, at 45 to 55 %, and for the last `risenDays` 40 points higher. */
const placeAll = async (name: string, risenDays: number): Promise<CapacityReport> => {
  const random = seededRandom(11)
  const rows = hosts.flatMap((host) =>
    [1, 2].flatMap((number) => {
      const actual = Array.from({ length: 60 }, (_, day) => 45 + 10 * random() + (day < 60 - risenDays ? 0 : 40))
      return seriesRows({
        server: `${host}-vm${number}`,
        metric: 'cpu_p95',
        actual,
        predicted: times(60, 50),
        horizon: times(14, 50),
      })
    }),
  )
  const table = ['server_id,host,host_cluster,cores', ...hosts.map((host) => `${host},,prod,20`)]
  for (const host of hosts) for (const number of [1, 2]) table.push(`${host}-vm${number},${host},,10`)
  const run = await workspace.analyse(await workspace.writeForecasts(`${name}.parquet`, rows), {
    serversTable: await workspace.writeText(`${name}.csv`, table.join('\n')),
  })
  return run.json(runFiles.capacity, capacityReportSchema)
}

test('two members at half of their cores stay on their host, and the check says that it holds', () => {
  const { placements, placement_check: check } = steady
  // 2 x 10 cores at 45 to 55 % are 9 to 11 of the 16 that may be used; a third member would need up to 16.5.
  expect(placements[0]).toMatchObject({ members: 48, moves: [], added_hosts: [], too_large: 0 })
  // Every host is needed: 23 of them have room for none of the two.
  expect(placements[0]!.hosts.every(({ added_hosts_without: added }) => added.length > 0)).toBe(true)
  expect(check).toMatchObject({ verdict: 'holds', hosts_above_target: 0 })
  expect(check!.hosts % 24).toBe(0)
})

test('a run written before members were placed still opens', () => {
  const { placements: _placements, placement_check: _check, ...older } = steady
  expect(capacityReportSchema.parse(older)).toMatchObject({ placements: [], placement_check: null, groups: steady.groups })
})

test('levels that rose in the last window break the promise, and the run says so', async () => {
  const { notes, placement_check: check } = await placeAll('risen', 14)
  // 2 x 10 cores at 85 to 95 % are 17 to 19 of 16.
  expect(check).toMatchObject({ verdict: 'cannot promise' })
  expect(check!.hosts_above_target).toBeGreaterThanOrEqual(24)
  expect(notes).toContain('The placement on hosts cannot be promised: in earlier windows more hosts exceeded the target than accepted.')
  expect(memberPlacementCheckText(check!)).toMatch(/placed hosts exceeded the target, .* the placement cannot be promised\.$/)
})

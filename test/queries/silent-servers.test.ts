// A server gone silent has a probability like every other and is judged in no view: overview, what-if, compare.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareRuns } from '../../src-main/queries/compare/compare-runs.ts'
import { queryFleet } from '../../src-main/queries/fleet/fleet-query.ts'
import { openRunFolder } from '../../src-main/queries/run/open-run-folder.ts'
import { queryServers } from '../../src-main/queries/servers/servers-query.ts'
import { evaluateScenario, openWhatIfSession } from '../../src-main/queries/what-if/evaluate-scenario.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import { scenarioSchema } from '../../src-shared/ipc/what-if.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type ForecastRow } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const measuredFor = (server: string, days: number): ForecastRow[] => [
  ...seriesRows({ server, actual: times(days, 90) }),
  ...seriesRows({ server, start: '2026-02-10', horizon: times(10, 95) }),
]

test('a silent server counts nowhere', async () => {
  const file = await workspace.writeForecasts('silent.parquet', [...measuredFor('alive', 40), ...measuredFor('silent', 20)])
  const run = await workspace.analyse(file)
  expect((await run.riskOf('silent'))['at_risk_probability']).toBeGreaterThan(0.9)

  const opened = await openRunFolder(run.folder)
  const fleet = await queryFleet(opened, { folder: run.folder, metric: 'cpu_p95', filter: noFilter, groupBy: 'criticality' })
  expect(fleet).toMatchObject({ servers: 2, at_risk: 1, certain: 1, possible: 0 })
  expect(fleet.expected_at_risk).toBeLessThan(1)

  const { rows } = await queryServers(opened, {
    folder: run.folder,
    metric: 'cpu_p95',
    filter: noFilter,
    columns: ['server_id', 'risk_level'],
    sort: { column: 'server_id', descending: false },
    offset: 0,
    limit: 10,
  })
  expect(rows).toEqual([
    ['alive', 'high'],
    ['silent', 'silent'],
  ])

  const session = await openWhatIfSession(opened.database, opened.contents)
  const { outcome } = evaluateScenario(session, { scenario: scenarioSchema.parse({}), grid: false, max_listed: null })
  expect(outcome.at_risk_servers).toBe(1)
  await opened.close()

  const earlier = await workspace.analyse(file, { config: { basis: 'expected' } })
  const { risks, causes } = await compareRuns(earlier.folder, run.folder)
  expect(risks).toMatchObject({ new: 0, cleared: 0, still_at_risk: 1 })
  expect(causes.definition).toBe(0)
})

// The risk table of a large fleet is a view of its file: every query, what-if and the events answer as on the table.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { describeRun } from '../../../src-main/queries/run/describe-run.ts'
import { createServerRisk } from '../../../src-main/queries/run/run-tables.ts'
import { runQueries } from '../../../src-main/queries/run-queries.ts'
import { evaluateScenario, openWhatIfSession } from '../../../src-main/queries/what-if/evaluate-scenario.ts'
import { readRunEvents } from '../../../src-main/notes/run-events.ts'
import { scenarioSchema } from '../../../src-shared/ipc/what-if.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { validRequests } from '../../fixtures/valid-requests.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(() => workspace.close())

/** Nine servers with two metrics, of which one repeats for several servers, so that ranks have ties. */
const forecastsSql = `
  SELECT server_id, metric, 'a' AS model, TIMESTAMP '2026-05-01' + i * INTERVAL '1 day' AS timestamp,
         CASE WHEN i < 90 THEN level + (hash(server_id, i) % 900) / 100.0 END AS actual, level + 4 + i / 20.0 AS predicted
  FROM (SELECT 'web-' || n AS server_id, unnest(['cpu_p95', 'mem_p95']) AS metric, CASE WHEN n < 4 THEN 76 ELSE 20 + 7 * n END AS level FROM range(9) r(n))
  CROSS JOIN range(120) t(i)`

test('a view answers as the table', async () => {
  const path = await workspace.writeQuery('forecasts.parquet', forecastsSql)
  const { folder } = await workspace.analyse([path])
  const [table, view] = [await openRunFolder(folder), await openRunFolder(folder)]
  try {
    await view.database.run('DROP TABLE server_risk')
    await createServerRisk(view.database, view.contents, 'main', 'VIEW')
    expect(await describeRun(view.database, view.contents)).toEqual(table.overview)
    expect(table.overview.counts.atRisk).toBeGreaterThan(0)
    for (const query of Object.keys(runQueries) as (keyof typeof runQueries)[]) {
      const request = validRequests[query] as never
      expect(await runQueries[query](view, request)).toEqual(await runQueries[query](table, request))
    }
    for (let server = 0; server < 9; server++) {
      const request = { folder, serverId: `web-${server}` }
      expect(await runQueries['server.get'](view, request)).toEqual(await runQueries['server.get'](table, request))
    }
    const request = { scenario: scenarioSchema.parse({ growth_percent: 15 }), grid: true, max_listed: null }
    const [answer, expected] = [
      await openWhatIfSession(view.database, view.contents),
      await openWhatIfSession(table.database, table.contents),
    ]
    expect(evaluateScenario(answer, request)).toEqual(evaluateScenario(expected, request))
    expect(await readRunEvents(view)).toEqual(await readRunEvents(table))
  } finally {
    await view.close()
    await table.close()
  }
})

test('ranks servers by risk, each with its neighbours', async () => {
  const path = await workspace.writeQuery('ranks.parquet', forecastsSql)
  const { folder } = await workspace.analyse([path])
  const run = await openRunFolder(folder)
  try {
    const { server_id: order } = await run.database.columns(
      "SELECT server_id FROM server_risk WHERE metric = 'cpu_p95' ORDER BY is_at_risk DESC, horizon_p95 DESC NULLS LAST, server_id",
      { server_id: 'text' },
    )
    expect(order).toHaveLength(9)
    for (const [index, serverId] of order.entries()) {
      const { metrics } = await runQueries['server.get'](run, { folder, serverId })
      expect(metrics.find(({ metric }) => metric === 'cpu_p95')).toMatchObject({
        rank: index + 1,
        rankedServers: 9,
        previousServer: order[index - 1] ?? null,
        nextServer: order[index + 1] ?? null,
      })
    }
  } finally {
    await run.close()
  }
})

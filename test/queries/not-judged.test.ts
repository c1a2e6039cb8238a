// Where nothing can be judged no view says "0 at risk", and what-if answers in percent whatever unit and direction the forecasts have.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planSparkJob } from '../../src-main/engine/spark/plan-spark-job.ts'
import { queryFleet } from '../../src-main/queries/fleet/fleet-query.ts'
import { withRunFolder } from '../../src-main/queries/run/open-run-folder.ts'
import { queryServers } from '../../src-main/queries/servers/servers-query.ts'
import { evaluateScenario, openWhatIfSession } from '../../src-main/queries/what-if/evaluate-scenario.ts'
import { readReportContent } from '../../src-main/report/report-content.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import { isJudgedRun } from '../../src-shared/ipc/run-view.ts'
import { scenarioSchema, type FleetResult } from '../../src-shared/ipc/what-if.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type ForecastRow } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const whatIf = async (folder: string, scenario: object): Promise<FleetResult> =>
  withRunFolder(folder, async ({ database, contents }) =>
    evaluateScenario(await openWhatIfSession(database, contents), {
      scenario: scenarioSchema.parse(scenario),
      grid: true,
      max_listed: null,
    }),
  )

describe('a run of bytes alone', () => {
  const bytes = seriesRows({ server: 'a', metric: 'net_bytes', actual: times(20, 5000), horizon: times(5, 6000) })

  test('is not judged in overview, list, report and what-if', async () => {
    const { folder } = await workspace.analyse(await workspace.writeForecasts('bytes.parquet', bytes), {
      config: { breach_probability: false },
    })
    await withRunFolder(folder, async (run) => {
      expect(isJudgedRun(run.overview)).toBe(false)
      const page = await queryServers(run, {
        folder,
        metric: 'net_bytes',
        filter: noFilter,
        columns: ['server_id', 'risk_level'],
        sort: { column: 'server_id', descending: false },
        offset: 0,
        limit: 10,
      })
      expect(page.rows).toEqual([['a', 'not judged']])
      const report = await readReportContent(run)
      expect(report.finding).toBe('1 server not judged: no metric is in percent or has a threshold (net_bytes)')
      expect(report.facts).toContainEqual(['At risk', 'not judged'])
    })
    expect(await whatIf(folder, {})).toMatchObject({ is_judged: false })
  })

  test('warns when its Spark job is planned, and says how a unit is stated', async () => {
    const inputs = [await workspace.writeForecasts('planned.parquet', bytes)]
    const out = join(workspace.folder, 'plan')
    expect((await planSparkJob({ inputs, out, config: {} })).warnings).toEqual([
      {
        code: 'not-judged',
        message:
          'The servers are not judged: no metric is in percent or has a threshold (net_bytes). If one is in percent, state it: --unit net_bytes=percent.',
      },
    ])
    expect((await planSparkJob({ inputs, out, config: { metric_units: { net_bytes: 'percent' } } })).warnings).toEqual([])
  })
})

/** Measured 60 or 70 in turn, forecast 65 and then 76: the same fleet in percent used, fractions used and percent free. */
const fleetAs = (metric: string, write: (percent: number) => number): ForecastRow[] =>
  seriesRows({
    server: 'a',
    metric,
    actual: Array.from({ length: 40 }, (_, day) => write(day % 2 === 0 ? 60 : 70)),
    predicted: times(40, write(65)),
    horizon: times(10, write(76)),
  })

test('what-if answers alike for percent, fractions and free space', async () => {
  const answers = async (rows: ForecastRow[], config: Readonly<Record<string, unknown>>): Promise<object> => {
    const { folder } = await workspace.analyse(await workspace.writeForecasts(`${rows[0]!.metric}.parquet`, rows), { config })
    const rounded = ({ is_judged, run, outcome, grid }: FleetResult): unknown =>
      JSON.parse(JSON.stringify({ is_judged, run, outcome, grid }), (key, value: unknown) =>
        key === 'metric' ? null : typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value,
      )
    return { lower: rounded(await whatIf(folder, { threshold: 70 })), growth: rounded(await whatIf(folder, { growth_percent: 10 })) }
  }
  const percent = await answers(
    fleetAs('mem_used', (value) => value),
    {},
  )
  // Paths of 71 to 81 have a P95 of 81, above 70 for certain.
  expect(percent).toMatchObject({ lower: { is_judged: true, outcome: { at_risk_servers: 1 } } })
  expect(
    await answers(
      fleetAs('mem_share', (value) => value / 100),
      { metric_units: { mem_share: 'fraction' } },
    ),
  ).toEqual(percent)
  expect(
    await answers(
      fleetAs('mem_free_percent', (value) => 100 - value),
      { metric_directions: { mem_free_percent: 'below' } },
    ),
  ).toEqual(percent)
})

test('a server at risk whose forecast stays below the threshold has the first breach of its paths', async () => {
  // Residuals of 6 either way around 78: every path has a P95 of 84.
  const rows = seriesRows({
    server: 'a',
    actual: Array.from({ length: 40 }, (_, day) => (day % 2 === 0 ? 72 : 84)),
    predicted: times(40, 78),
    horizon: times(10, 78),
  })
  const { folder } = await workspace.analyse(await workspace.writeForecasts('expected.parquet', rows))
  await withRunFolder(folder, async (run) => {
    const { soonest } = await queryFleet(run, { folder, metric: 'cpu_p95', filter: noFilter, groupBy: 'region' })
    expect(soonest).toMatchObject([{ server_id: 'a', first_breach_at: null }])
    const expected = soonest[0]!.expected_first_breach!
    expect(run.overview.soonestBreach).toMatchObject({ serverId: 'a', isExpected: true, atMs: Date.parse(expected) })
    const report = await readReportContent(run)
    expect(report.tables[0]!.rows[0]![3]).toMatch(/^expected \d+ Feb 2026$/)
  })
})

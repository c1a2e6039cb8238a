// When capacity is ordered: by the first of the metrics that decide, worked out by hand.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { recommendationEntrySchema } from '../../../src-shared/artefacts/recommendations.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const list = z.object({ recommendations: z.array(recommendationEntrySchema) })
const entryOf = async (run: FinishedRun, server: string): Promise<z.infer<typeof recommendationEntrySchema>> =>
  (await run.json(runFiles.recommendations, list)).recommendations.find(({ server_id }) => server_id === server)!

/** Forty exact backtest days from 1 January on, so that every path is the forecast; the horizon begins on 10 February. */
const exactRows = (server: string, metric: string, horizon: readonly number[]): ForecastRow[] =>
  seriesRows({ server, actual: times(40, 50), predicted: times(40, 50), horizon }).map((row) => ({ ...row, metric }))

describe('a server with two metrics', () => {
  let run: FinishedRun
  beforeAll(async () => {
    run = await workspace.analyse(
      await workspace.writeForecasts('two-metrics.parquet', [
        // The processor rises from 50 to 95 after forty days: the least headroom. Memory is just above the threshold from the first day on.
        ...exactRows('db', 'cpu_p95', [...times(40, 50), ...times(20, 95)]),
        ...exactRows('db', 'mem_p95', times(60, 82)),
      ]),
      { config: { lead_time_days: 10 } },
    )
  })

  test('orders for the metric that breaches first, although the other one has less headroom', async () => {
    // Memory breaches on 10 February; ten days before is 31 January, before the last measured day, 9 February.
    expect(await entryOf(run, 'db')).toMatchObject({
      recommendation: 'add capacity',
      metric: 'mem_p95',
      order_by: '2026-01-31T00:00:00Z',
      is_order_late: true,
    })
    expect(await run.riskOf('db', 'cpu_p95')).toMatchObject({ headroom_points: -15, is_limiting: false, is_at_risk: true })
  })
  test('each metric has a date of its own', async () => {
    const [dates] = await workspace.query(`
      SELECT list(strftime(first_breach_p20, '%Y-%m-%d') ORDER BY metric)::VARCHAR AS first, list(strftime(expected_first_breach, '%Y-%m-%d') ORDER BY metric)::VARCHAR AS median
      FROM '${run.folder}/server_risk.parquet'`)
    expect(dates).toEqual({ first: '[2026-03-22, 2026-02-10]', median: '[2026-03-22, 2026-02-10]' })
  })
  test('without a stated capacity it is told in percent', async () => {
    // 95 / 80 - 1 = 18.75 %.
    const { reason, units_to_add, percent_to_add } = await entryOf(run, 'db')
    expect(units_to_add).toBeNull()
    expect(percent_to_add).toBeCloseTo(18.75, 9)
    expect(reason).toContain('Add 19 % capacity. Order by 2026-01-31, which has passed')
  })
})

test('a metric whose own probability does not exceed the limit does not bring the order forward', async () => {
  // Memory is above the threshold on its first day alone: no sustained breach, so that only the processor decides.
  const run = await workspace.analyse(
    await workspace.writeForecasts('one-decides.parquet', [
      ...exactRows('db', 'cpu_p95', [...times(40, 50), ...times(20, 95)]),
      ...exactRows('db', 'mem_p95', [90, ...times(59, 50)]),
    ]),
    { config: { lead_time_days: 10 } },
  )
  // Forty days after 10 February is 22 March.
  expect(await entryOf(run, 'db')).toMatchObject({ metric: 'cpu_p95', order_by: '2026-03-12T00:00:00Z', is_order_late: false })
})

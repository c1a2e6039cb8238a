// A server's page: each metric has its own series, other models and marks, though all come from one read.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { queryServer } from '../../../src-main/queries/servers/server-query.ts'
import { seriesRows, timeAfter, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'

const start = '2026-02-20'
const [measured, ahead] = [30, 20]

/** Measured `level`, forecast `error` above it, by each of three models. */
const metricOf = (server: string, metric: string, level: number, errors: Readonly<Record<string, number>>) =>
  Object.entries(errors).flatMap(([model, error]) =>
    seriesRows({
      server,
      metric,
      model,
      start,
      actual: times(measured, level),
      predicted: times(measured, level + error),
      horizon: times(ahead, level + error),
    }),
  )

let workspace: ForecastWorkspace
let run: OpenRun
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const forecasts = await workspace.writeForecasts('two-metrics.parquet', [
    ...metricOf('web-1', 'cpu_p95', 40, { ets: 1, naive: 5, arima: 3 }),
    ...metricOf('web-1', 'mem_p95', 60, { ets: 4, naive: 2, arima: 6 }),
    ...metricOf('web-2', 'cpu_p95', 20, { ets: 1, naive: 5, arima: 3 }),
  ])
  const { folder } = await workspace.analyse(forecasts)
  run = await openRunFolder(folder)
})
afterAll(async () => {
  await run.close()
  await workspace.close()
})

const dayOf = (index: number): number => Date.parse(`${timeAfter(start, index)}Z`)

describe('a server with two metrics and three models', () => {
  test('shows the selected model of each over history and horizon, and the horizons of the others by name', async () => {
    const { metrics } = await queryServer(run, { folder: '', serverId: 'web-1' })
    const shown = metrics.map(({ metric, model, series, otherModels }) => ({
      metric,
      model,
      measured: [...series.measured].map((value) => (Number.isNaN(value) ? null : value)),
      forecast: [...series.forecast],
      others: otherModels.map((other) => [other.model, ...other.forecast]),
    }))
    expect(shown).toEqual([
      {
        metric: 'cpu_p95',
        model: 'ets',
        measured: [...times(measured, 40), ...times(ahead, null)],
        forecast: times(measured + ahead, 41),
        others: [
          ['arima', ...times(ahead, 43)],
          ['naive', ...times(ahead, 45)],
        ],
      },
      {
        metric: 'mem_p95',
        model: 'naive',
        measured: [...times(measured, 60), ...times(ahead, null)],
        forecast: times(measured + ahead, 62),
        others: [
          ['arima', ...times(ahead, 66)],
          ['ets', ...times(ahead, 64)],
        ],
      },
    ])
  })

  test('has its times in order, and the quarter end within them, on each metric', async () => {
    const { metrics } = await queryServer(run, { folder: '', serverId: 'web-1' })
    for (const { series, otherModels, marks } of metrics) {
      expect([...series.timesMs]).toEqual(Array.from({ length: measured + ahead }, (_, index) => dayOf(index)))
      for (const { timesMs } of otherModels) expect([timesMs[0], timesMs.at(-1)]).toEqual([dayOf(measured), dayOf(measured + ahead - 1)])
      const quarterEnds = marks.filter(({ kind }) => kind === 'eoq')
      expect(quarterEnds).toHaveLength(1)
      expect(quarterEnds[0]!.toMs).toBe(Date.parse('2026-04-01T00:00:00Z'))
    }
  })

  test('holds nothing of another server', async () => {
    const { metrics } = await queryServer(run, { folder: '', serverId: 'web-2' })
    expect(metrics.map(({ metric, series }) => [metric, new Set(series.forecast)])).toEqual([['cpu_p95', new Set([21])]])
  })
})

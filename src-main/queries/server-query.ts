// One server of a run: its figures per metric, its place under the risk order and its accountable model's line.
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { ServerDetail, ServerRequest } from '../../src-shared/run-view.ts'
import { serverRiskRowSchema } from '../../src-shared/server-risk.ts'
import type { Database } from '../database/database.ts'
import { unitOf, type OpenRun } from './open-run.ts'
import { rankedServersSql } from './server-order.ts'

const times = ['last_measured_at', 'horizon_start', 'horizon_end', 'first_breach_at', 'expected_first_breach', 'order_by'] as const

const wholeNumbers = ['horizon_periods', 'periods_over', 'longest_breach_run', 'cluster', 'backtest_points'] as const

/** Times as ISO 8601 text and whole numbers of any width as INTEGER. */
const replacements = [
  ...times.map((name) => `strftime(${name}, '%Y-%m-%dT%H:%M:%SZ') AS ${name}`),
  "list_transform(breach_probability_dates, lambda moment: strftime(moment, '%Y-%m-%dT%H:%M:%SZ')) AS breach_probability_dates",
  ...wholeNumbers.map((name) => `CAST(${name} AS INTEGER) AS ${name}`),
].join(', ')

const rowsSql = `
  SELECT * REPLACE (${replacements})
  FROM server_risk WHERE server_id = $1 ORDER BY metric`

const rankSql = `
  SELECT CAST(rank + 1 AS INTEGER) AS rank, CAST((SELECT count(*) FROM ranked) AS INTEGER) AS of
  FROM ranked WHERE server_id = $2`

const seriesSql = `
  SELECT
    CAST(epoch_ms(ts) AS DOUBLE) AS time,
    CAST(CASE WHEN is_horizon THEN NULL ELSE actual END AS DOUBLE) AS measured,
    predicted AS forecast
  FROM flagged WHERE is_selected AND server_id = $1 AND metric = $2 ORDER BY ts`

export const queryServer = async (run: OpenRun, { serverId }: ServerRequest): Promise<ServerDetail> => {
  const rows = await run.database.rows(rowsSql, serverRiskRowSchema, [serverId])
  if (rows.length === 0) throw new HeadroomError('query-refused', `The run has no server "${serverId}".`)
  const metrics: ServerDetail['metrics'] = []
  for (const row of rows) {
    const place = await run.database.row(
      `WITH ranked AS (${rankedServersSql('risk')}) ${rankSql}`,
      z.object({ rank: z.number(), of: z.number() }),
      [row.metric, serverId],
    )
    metrics.push({
      ...row,
      unit: unitOf(run, row.metric),
      rank: place.rank,
      rankedServers: place.of,
      series: await readSeries(run.database, serverId, row.metric),
    })
  }
  return { serverId, metrics: inOverviewOrder(run, metrics) }
}

const readSeries = async (database: Database, serverId: string, metric: string): Promise<ServerDetail['metrics'][number]['series']> => {
  const { time = [], measured = [], forecast = [] } = await database.columns(seriesSql, [serverId, metric])
  const number = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN)
  return {
    timesMs: Float64Array.from(time, number),
    measured: Float32Array.from(measured, number),
    forecast: Float32Array.from(forecast, number),
  }
}

const inOverviewOrder = (run: OpenRun, metrics: ServerDetail['metrics']): ServerDetail['metrics'] => {
  const order = run.overview.metrics.map(({ name }) => name)
  return [...metrics].sort((a, b) => order.indexOf(a.metric) - order.indexOf(b.metric))
}

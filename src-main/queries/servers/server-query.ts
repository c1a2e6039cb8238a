// One server of a run: its figures per metric, its rank by risk and the series of its selected model.
import { markedDaySchema } from '../../../src-shared/artefacts/selected-series.ts'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { ServerDetail, ServerRequest } from '../../../src-shared/ipc/run-view.ts'
import { serverRiskRowSchema, serverRiskTimeColumns } from '../../../src-shared/artefacts/server-risk.ts'
import type { Database } from '../../database/database.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'
import { findRecommendation } from '../recommendations/recommendations-query.ts'
import { createTimeMarks, riskOrderSql } from '../../forecasts/heatmap-rules.ts'
import { exhaustionSql } from './servers-query.ts'

const integerColumns = ['horizon_periods', 'periods_over', 'longest_breach_run', 'cluster', 'backtest_points'] as const

/** Times as ISO 8601 text and whole numbers of any width as INTEGER. */
const replacements = (): string =>
  [
    ...serverRiskTimeColumns().map((name) => `strftime(${name}, '%Y-%m-%dT%H:%M:%SZ') AS ${name}`),
    "list_transform(breach_probability_dates, lambda moment: strftime(moment, '%Y-%m-%dT%H:%M:%SZ')) AS breach_probability_dates",
    ...integerColumns.map((name) => `CAST(${name} AS INTEGER) AS ${name}`),
  ].join(', ')

const rowsSql = ({ zone }: OpenRun): string => `
  SELECT * REPLACE (${replacements()}), ${exhaustionSql(zone)} AS exhaustion
  FROM server_risk WHERE server_id = $1 ORDER BY metric`

/** Whether a row comes before the server's own in `riskOrderSql`. $2 to $4: the server's `server_id`, `is_at_risk` and `horizon_p95`. */
const precedesSql = `
  is_at_risk > $3 OR is_at_risk = $3 AND (
    coalesce(horizon_p95, '-Infinity') > coalesce(CAST($4 AS DOUBLE), '-Infinity')
    OR coalesce(horizon_p95, '-Infinity') = coalesce(CAST($4 AS DOUBLE), '-Infinity') AND server_id < $2)`

/**
 * Its place by risk among the servers with the metric bound as $1, and its neighbours: rows are compared with its own, and
 * not sorted.
 */
const rankSql = `
  WITH ranked AS (SELECT server_id, is_at_risk, horizon_p95 FROM server_risk WHERE metric = $1)
  SELECT CAST(count(*) FILTER (${precedesSql}) + 1 AS INTEGER) AS rank, CAST(count(*) AS INTEGER) AS of,
         (SELECT server_id FROM ranked WHERE ${precedesSql} ORDER BY is_at_risk, horizon_p95 NULLS FIRST, server_id DESC LIMIT 1) AS before,
         (SELECT server_id FROM ranked WHERE NOT (${precedesSql}) AND server_id <> $2 ORDER BY ${riskOrderSql} LIMIT 1) AS after
  FROM ranked`

/** Module 05 folders are read without bounds. */
const seriesSql = (run: OpenRun): string => {
  const boundSql = (name: string): string => (run.contents.kind === 'headroom' ? name : 'CAST(NULL AS DOUBLE)')
  return `
  SELECT
    CAST(epoch_ms(ts) AS DOUBLE) AS time,
    CAST(CASE WHEN is_horizon THEN NULL ELSE actual END AS DOUBLE) AS measured,
    predicted AS forecast,
    ${boundSql('yhat_lower')} AS lower,
    ${boundSql('yhat_upper')} AS upper
  FROM flagged WHERE is_selected AND server_id = $1 AND metric = $2 ORDER BY ts`
}

const otherModelsSql = `
  SELECT model, CAST(epoch_ms(ts) AS DOUBLE) AS time, predicted AS forecast
  FROM flagged WHERE NOT is_selected AND is_horizon AND server_id = $1 AND metric = $2 ORDER BY model, ts`

const marksSql = (run: OpenRun): string => `
  SELECT CAST(epoch_ms(date_trunc('day', ${run.zone.localSql('ts')})) AS DOUBLE) AS day, coalesce(bool_or(is_eoq), false) AS is_eoq, coalesce(bool_or(is_holiday), false) AS is_holiday
  FROM flagged WHERE is_selected AND server_id = $1 AND metric = $2 GROUP BY 1 HAVING bool_or(is_eoq) OR bool_or(is_holiday) ORDER BY 1`

export const queryServer = async (run: OpenRun, { serverId }: ServerRequest): Promise<ServerDetail> => {
  const rows = await run.database.rows(rowsSql(run), serverRiskRowSchema.extend({ exhaustion: z.string().nullable() }), [serverId])
  if (rows.length === 0) throw new HeadroomError('query-refused', `The run has no server "${serverId}".`)
  const metrics: ServerDetail['metrics'] = []
  for (const row of rows) {
    const ranking = await run.database.row(
      rankSql,
      z.object({ rank: z.number(), of: z.number(), before: z.string().nullable(), after: z.string().nullable() }),
      [row.metric, serverId, row.is_at_risk, row.horizon_p95],
    )
    metrics.push({
      ...row,
      unit: requireMetricUnit(run, row.metric),
      rank: ranking.rank,
      rankedServers: ranking.of,
      previousServer: ranking.before,
      nextServer: ranking.after,
      series: await readSeries(run, serverId, row.metric),
      otherModels: await readOtherModels(run.database, serverId, row.metric),
      marks: await readMarks(run, serverId, row.metric),
    })
  }
  return { serverId, metrics: sortMetricsAsOverview(run, metrics), recommendation: await findRecommendation(run, serverId) }
}

type Figures = ServerDetail['metrics'][number]

const readSeries = async (run: OpenRun, serverId: string, metric: string): Promise<Figures['series']> => {
  const { time, measured, forecast, lower, upper } = await run.database.columns(
    seriesSql(run),
    { time: 'number', measured: 'number?', forecast: 'number?', lower: 'number?', upper: 'number?' },
    [serverId, metric],
  )
  return {
    timesMs: time,
    measured: Float32Array.from(measured),
    forecast: Float32Array.from(forecast),
    lower: Float32Array.from(lower),
    upper: Float32Array.from(upper),
  }
}

const readOtherModels = async (database: Database, serverId: string, metric: string): Promise<Figures['otherModels']> => {
  const { model, time, forecast } = await database.columns(otherModelsSql, { model: 'text', time: 'number', forecast: 'number?' }, [
    serverId,
    metric,
  ])
  const names = [...new Set(model)]
  return names.map((name) => {
    const from = model.indexOf(name)
    const to = model.lastIndexOf(name) + 1
    return {
      model: name,
      timesMs: time.slice(from, to),
      forecast: Float32Array.from(forecast.subarray(from, to)),
    }
  })
}

const readMarks = async (run: OpenRun, serverId: string, metric: string): Promise<Figures['marks']> => {
  const days = await run.database.rows(marksSql(run), markedDaySchema, [serverId, metric])
  return createTimeMarks(days, Math.max(86_400_000, run.overview.stepMs), await run.holidayNames(), run.zone)
}

const sortMetricsAsOverview = (run: OpenRun, metrics: ServerDetail['metrics']): ServerDetail['metrics'] => {
  const order = run.overview.metrics.map(({ name }) => name)
  return [...metrics].sort((a, b) => order.indexOf(a.metric) - order.indexOf(b.metric))
}

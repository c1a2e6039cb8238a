// One server of a run: its figures per metric, its rank by risk and the series of its selected model.
import type { MarkedDay } from '../../../src-shared/artefacts/selected-series.ts'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { ServerDetail, ServerRequest } from '../../../src-shared/ipc/run-view.ts'
import { serverRiskRowSchema, serverRiskTimeColumns } from '../../../src-shared/artefacts/server-risk.ts'
import type { WholeColumns } from '../../database/read-columns.ts'
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

/**
 * The selected models' rows of all metrics, and the horizons of the others: in one read, as each looks through the whole file. Module 05
 * folders are read without bounds.
 */
const seriesSql = (run: OpenRun): string => {
  const boundSql = (name: string): string => (run.contents.kind === 'headroom' ? name : 'CAST(NULL AS DOUBLE)')
  return `
  SELECT
    metric, coalesce(model, '') AS model, CAST(is_selected AS INTEGER) AS selected,
    CAST(epoch_ms(ts) AS DOUBLE) AS time,
    CAST(CASE WHEN is_horizon THEN NULL ELSE actual END AS DOUBLE) AS measured,
    predicted AS forecast,
    ${boundSql('yhat_lower')} AS lower,
    ${boundSql('yhat_upper')} AS upper,
    CAST(epoch_ms(date_trunc('day', ${run.zone.localSql('ts')})) AS DOUBLE) AS day,
    CAST(coalesce(is_eoq, false) AS INTEGER) AS is_eoq,
    CAST(coalesce(is_holiday, false) AS INTEGER) AS is_holiday
  FROM flagged WHERE server_id = $1 AND (is_selected OR NOT is_selected AND is_horizon)
  ORDER BY metric, selected DESC, CASE WHEN is_selected THEN NULL ELSE model END, ts`
}

const seriesColumns = {
  metric: 'text',
  model: 'text',
  selected: 'number',
  time: 'number',
  measured: 'number?',
  forecast: 'number?',
  lower: 'number?',
  upper: 'number?',
  day: 'number',
  is_eoq: 'number',
  is_holiday: 'number',
} as const

type SeriesRows = WholeColumns<typeof seriesColumns>

export const queryServer = async (run: OpenRun, { serverId }: ServerRequest): Promise<ServerDetail> => {
  const rows = await run.database.rows(rowsSql(run), serverRiskRowSchema.extend({ exhaustion: z.string().nullable() }), [serverId])
  if (rows.length === 0) throw new HeadroomError('query-refused', `The run has no server "${serverId}".`)
  const metrics: ServerDetail['metrics'] = []
  const series = await run.database.columns(seriesSql(run), seriesColumns, [serverId])
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
      series: selectedSeriesOf(series, row.metric),
      otherModels: otherModelsOf(series, row.metric),
      marks: await marksOf(run, series, row.metric),
    })
  }
  return { serverId, metrics: sortMetricsAsOverview(run, metrics), recommendation: await findRecommendation(run, serverId) }
}

type Figures = ServerDetail['metrics'][number]

/** Rows `from` up to, but without, `to`, which are neighbours. */
interface RowRange {
  readonly from: number
  readonly to: number
}

const findRange = ({ metric }: SeriesRows, isWanted: (row: number) => boolean, name: string): RowRange => {
  const isOwn = (row: number): boolean => metric[row] === name && isWanted(row)
  let from = 0
  while (from < metric.length && !isOwn(from)) from++
  let to = from
  while (to < metric.length && isOwn(to)) to++
  return { from, to }
}

const selectedRange = (rows: SeriesRows, metric: string): RowRange => findRange(rows, (row) => rows.selected[row] === 1, metric)

const selectedSeriesOf = (rows: SeriesRows, metric: string): Figures['series'] => {
  const { from, to } = selectedRange(rows, metric)
  const singles = (values: Float64Array): Float32Array<ArrayBuffer> => Float32Array.from(values.subarray(from, to))
  return {
    timesMs: rows.time.slice(from, to),
    measured: singles(rows.measured),
    forecast: singles(rows.forecast),
    lower: singles(rows.lower),
    upper: singles(rows.upper),
  }
}

const otherModelsOf = (rows: SeriesRows, metric: string): Figures['otherModels'] => {
  const all = findRange(rows, (row) => rows.selected[row] === 0, metric)
  const models = [...new Set(rows.model.slice(all.from, all.to))]
  return models.map((model) => {
    const { from, to } = findRange(rows, (row) => rows.selected[row] === 0 && rows.model[row] === model, metric)
    return { model, timesMs: rows.time.slice(from, to), forecast: Float32Array.from(rows.forecast.subarray(from, to)) }
  })
}

const marksOf = async (run: OpenRun, rows: SeriesRows, metric: string): Promise<Figures['marks']> => {
  const { from, to } = selectedRange(rows, metric)
  const days = new Map<number, MarkedDay>()
  for (let row = from; row < to; row++) {
    const day = rows.day[row]!
    const known = days.get(day)
    const marked = {
      day,
      is_eoq: rows.is_eoq[row] === 1 || (known?.is_eoq ?? false),
      is_holiday: rows.is_holiday[row] === 1 || (known?.is_holiday ?? false),
    }
    if (marked.is_eoq || marked.is_holiday) days.set(day, marked)
  }
  const inOrder = [...days.values()].sort((a, b) => a.day - b.day)
  return createTimeMarks(inOrder, Math.max(86_400_000, run.overview.stepMs), await run.holidayNames(), run.zone)
}

const sortMetricsAsOverview = (run: OpenRun, metrics: ServerDetail['metrics']): ServerDetail['metrics'] => {
  const order = run.overview.metrics.map(({ name }) => name)
  return [...metrics].sort((a, b) => order.indexOf(a.metric) - order.indexOf(b.metric))
}

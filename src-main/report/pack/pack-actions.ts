// What a pack says to do: orders by date, the servers most likely to run out, and savings.
import { z } from 'zod'
import { probabilityText } from '../../../src-shared/artefacts/likelihood.ts'
import { dueText } from '../../../src-shared/artefacts/due-text.ts'
import { fixedFormatting as text } from '../../../src-shared/chart-options/format.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { Recommendation } from '../../../src-shared/ipc/fleet-view.ts'
import type { RunHistory } from '../../../src-shared/ipc/run-history.ts'
import { queryCapacity } from '../../queries/capacity/capacity-query.ts'
import { queryRecommendations, readActions } from '../../queries/recommendations/recommendations-query.ts'
import type { OpenRun } from '../../queries/run/open-run.ts'
import { datesOf } from '../report-content.ts'
import { formatUsd, numberColumn, orDash, textColumn, type ReportTable } from '../report-table.ts'

const maxOrders = 200
const likeliestServers = 20

/** Orders that are neither dismissed nor done, the earliest first. */
export const readOrdersTable = async (run: OpenRun): Promise<ReportTable> => {
  const { overview } = run
  const orders = (await readActions(run)).filter(({ recommendation }) => recommendation === 'add capacity').sort(byOrderDate)
  const { shortDayAndYear } = datesOf(overview)
  const date = (iso: string | null): string => (iso === null ? '–' : shortDayAndYear(Date.parse(iso)))
  return {
    title: 'Orders',
    ...(orders.length > maxOrders ? { note: `The first ${maxOrders} of ${text.count(orders.length)}.` } : {}),
    columns: [
      textColumn('Order by'),
      textColumn('Due'),
      textColumn('Server'),
      textColumn('Add'),
      textColumn('First breach'),
      textColumn('Why'),
      textColumn('Decision'),
    ],
    rows: orders
      .slice(0, maxOrders)
      .map((order) => [
        date(order.order_by),
        dueText(order, overview.horizon?.startMs ?? null, () => 'In time', shortDayAndYear),
        order.server_id,
        order.capacity_to_add ?? '–',
        date(order.breach_at),
        order.summary,
        order.verdict ?? 'open',
      ]),
  }
}

const byOrderDate = (a: Recommendation, b: Recommendation): number =>
  (a.order_by ?? '~') < (b.order_by ?? '~') ? -1 : (a.order_by ?? '~') > (b.order_by ?? '~') ? 1 : a.server_id < b.server_id ? -1 : 1

const likeliestSchema = z.object({
  server_id: z.string(),
  unit: z.string().nullable(),
  metric: z.string(),
  probability: z.number().nullable(),
  breach_ms: z.number().nullable(),
  recommendation: z.string().nullable(),
})

export const readLikeliestTable = async (run: OpenRun, { lasting }: RunHistory): Promise<ReportTable> => {
  const rows = await run.database.rows(
    `SELECT server_id, business_unit AS unit, metric, server_at_risk_probability AS probability,
            CAST(epoch_ms(coalesce(first_breach_at, expected_first_breach)) AS DOUBLE) AS breach_ms, recommendation
     FROM server_risk WHERE is_server_at_risk AND is_limiting
     ORDER BY probability DESC NULLS LAST, breach_ms NULLS LAST, server_id LIMIT ${likeliestServers}`,
    likeliestSchema,
  )
  const runsAtRisk = new Map(lasting.map((risk) => [risk.server_id, risk.runs]))
  const atRisk = run.overview.counts.atRisk
  const { shortDayAndYear } = datesOf(run.overview)
  return {
    title: 'Likeliest',
    ...(atRisk > rows.length ? { note: `The first ${rows.length} of ${text.count(atRisk)} at risk.` } : {}),
    columns: [
      textColumn('Server'),
      textColumn('Business unit'),
      textColumn('Metric'),
      numberColumn('Probability'),
      numberColumn('Runs'),
      textColumn('First breach'),
      textColumn('Recommendation'),
    ],
    rows: rows.map((row) => [
      row.server_id,
      row.unit ?? '–',
      row.metric,
      orDash(row.probability, (value) => probabilityText(value, (percent) => text.value(percent, '%'))),
      text.count(runsAtRisk.get(row.server_id) ?? 1),
      orDash(row.breach_ms, shortDayAndYear),
      row.recommendation ?? '–',
    ]),
  }
}

/** Each server counts once. Rightsizing is known where the run holds its capacity. */
export const readSavingsTable = async (run: OpenRun): Promise<ReportTable> => {
  const { report } = await queryCapacity(run)
  const { totalsByRecommendation } = await queryRecommendations(run, {
    folder: run.overview.folder,
    metric: run.overview.metrics[0]?.name ?? '',
    filter: noFilter,
    verdict: 'all',
    offset: 0,
    limit: 0,
  })
  const rightsized =
    report === null ? [] : [{ name: 'rightsize', servers: report.rightsizing.servers.length, usd: report.savings.rightsize_usd }]
  const moved = totalsByRecommendation.map(({ recommendation, servers, monthly_savings_usd: usd }) => ({
    name: recommendation,
    servers,
    usd,
  }))
  const steps = [...moved, ...rightsized].filter(({ usd }) => usd > 0)
  const total = {
    name: 'together',
    servers: steps.reduce((sum, { servers }) => sum + servers, 0),
    usd: steps.reduce((sum, { usd }) => sum + usd, 0),
  }
  return {
    title: 'Savings',
    columns: [textColumn('Recommendation'), numberColumn('Servers'), numberColumn('Savings a month')],
    rows: (steps.length > 1 ? [...steps, total] : steps).map(({ name, servers, usd }) => [name, text.count(servers), formatUsd(usd)]),
  }
}

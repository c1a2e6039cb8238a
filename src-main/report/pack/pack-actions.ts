// What a pack says to do: orders by date, the servers most likely to run out, and savings.
import { z } from 'zod'
import { probabilityText } from '../../../src-shared/artefacts/likelihood.ts'
import { fixedFormatting as text } from '../../../src-shared/chart-options/format.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { Recommendation } from '../../../src-shared/ipc/fleet-view.ts'
import type { RunHistory } from '../../../src-shared/ipc/run-history.ts'
import { zoneClock, type ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import { queryCapacity } from '../../queries/capacity/capacity-query.ts'
import { queryRecommendations, readActions } from '../../queries/recommendations/recommendations-query.ts'
import type { OpenRun } from '../../queries/run/open-run.ts'
import { referenceDay } from '../../queries/run/reference-day.ts'
import { datesOf } from '../report-content.ts'
import { formatUsd, numberColumn, orDash, textColumn, type ReportTable } from '../report-table.ts'

export const ordersTitle = 'What to order, by date'
const maxOrders = 200
/** On the first page. */
const firstOrders = 8
const likeliestServers = 20

export interface PackOrder extends Recommendation {
  readonly isOverdue: boolean
}

/** Orders that are neither dismissed nor done, the earliest first, in the order of the Overview. `asOf`, YYYY-MM-DD: what was due before it is overdue. */
export const readOrders = async (run: OpenRun, asOf: string): Promise<readonly PackOrder[]> => {
  const { startMs } = referenceDay(run, asOf)
  const orders = (await readActions(run, asOf)).filter(({ recommendation }) => recommendation === 'add capacity')
  return orders.map((order) => ({ ...order, isOverdue: order.order_by !== null && Date.parse(order.order_by) < startMs }))
}

/** Of the first page: what to order first, and since when it is overdue. */
export const createFirstOrdersTable = (orders: readonly PackOrder[], writeDate: (timeMs: number) => string): ReportTable => {
  const date = (iso: string | null): string => (iso === null ? '–' : writeDate(Date.parse(iso)))
  const overdue = orders.filter(({ isOverdue }) => isOverdue).length
  return {
    title: 'Order first',
    ...(orders.length > firstOrders
      ? {
          note: `The first ${firstOrders} of ${text.count(orders.length)} orders, ${text.count(overdue)} of them overdue. All are under: ${ordersTitle}.`,
        }
      : {}),
    columns: [textColumn('Order by'), textColumn('Server'), textColumn('Add'), textColumn('First breach'), textColumn('Decision')],
    rows: orders
      .slice(0, firstOrders)
      .map((order) => [
        order.isOverdue ? `Overdue since ${date(order.order_by)}` : date(order.order_by),
        order.server_id,
        order.capacity_to_add ?? '–',
        date(order.breach_at),
        orderVerdict(order),
      ]),
  }
}

export const readOrdersTable = async (run: OpenRun, orders: readonly PackOrder[]): Promise<ReportTable> => {
  const { overview } = run
  const leadTimes = await readLeadTimes(run)
  const clock = zoneClock(run.zone.name)
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
      textColumn('Earliest breach'),
      numberColumn('Lead time'),
      textColumn('First breach'),
      textColumn('Why'),
      textColumn('Decision'),
    ],
    rows: orders.slice(0, maxOrders).map((order) => [
      date(order.order_by),
      // The date is in the first column.
      order.isOverdue ? 'Overdue' : 'In time',
      order.server_id,
      order.capacity_to_add ?? '–',
      orDash(earliestBreachMs(order, leadTimes.get(order.server_id), clock), shortDayAndYear),
      orDash(leadTimes.get(order.server_id), daysText),
      date(order.breach_at),
      order.summary,
      orderVerdict(order),
    ]),
  }
}

const daysText = (days: number): string => `${text.count(days)} ${days === 1 ? 'day' : 'days'}`

const orderVerdict = ({ verdict, verdict_until: until }: Recommendation): string => {
  if (verdict === null && until !== null) return `open, was dismissed until ${text.shortDayAndYear(Date.parse(until))}`
  return verdict ?? 'open'
}

const dayMs = 86_400_000

/** What the order date was computed from: it lies the lead time after it, in days of the clock. */
const earliestBreachMs = ({ order_by: orderBy }: Recommendation, leadTimeDays: number | undefined, clock: ZoneClock): number | null =>
  orderBy === null || leadTimeDays === undefined ? null : clock.toInstant(clock.toLocal(Date.parse(orderBy)) + leadTimeDays * dayMs)

const readLeadTimes = async ({ database }: OpenRun): Promise<ReadonlyMap<string, number>> => {
  const rows = await database.rows(
    "SELECT server_id, CAST(lead_time_days AS DOUBLE) AS days FROM server_risk WHERE is_limiting AND recommendation = 'add capacity'",
    z.object({ server_id: z.string(), days: z.number() }),
  )
  return new Map(rows.map(({ server_id, days }) => [server_id, days]))
}

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

const stayingSchema = z.object({ in_small_groups: z.int(), without_room: z.int() })

/**
 * Why underutilised servers stay: servers of one business unit, region and criticality are a group, which keeps two; in a larger one no other
 * server has room for them. Those that are at risk or watched are left out.
 */
export const describeStaying = async ({ database, contents: { manifest } }: OpenRun): Promise<string[]> => {
  const { in_small_groups: small, without_room: full } = await database.row(
    `WITH servers AS (
       SELECT server_id, any_value(business_unit) AS unit, any_value(region) AS region, any_value(criticality) AS criticality,
              bool_or(is_underutilized) AS is_underutilized, any_value(recommendation) FILTER (is_limiting) AS recommendation
       FROM server_risk GROUP BY server_id
     ), grouped AS (
       SELECT *, count(*) FILTER (recommendation IS NULL OR recommendation NOT IN ('retire', 'consolidate')) OVER (PARTITION BY unit, region, criticality) AS staying
       FROM servers
     )
     SELECT CAST(count(*) FILTER (staying <= 2) AS INTEGER) AS in_small_groups, CAST(count(*) FILTER (staying > 2) AS INTEGER) AS without_room
     FROM grouped WHERE is_underutilized AND recommendation = 'keep'`,
    stayingSchema,
  )
  const stay = (servers: number): string => `${text.count(servers)} underutilised ${servers === 1 ? 'server stays' : 'servers stay'}`
  return [
    ...(small === 0 ? [] : [`${stay(small)}, since each group of one business unit, region and criticality keeps two servers.`]),
    ...(full === 0
      ? []
      : [
          `${stay(full)}, since no other server of the group takes the load within ${manifest?.config.consolidation_target ?? 60} %, or too little is known of it.`,
        ]),
  ]
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

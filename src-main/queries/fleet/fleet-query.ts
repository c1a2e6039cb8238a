// The figures of a fleet under the filter: what the overview says of risk, time, certainty, idle capacity and savings.
import { z } from 'zod'
import { certainProbability, likelyProbability, possibleProbability } from '../../../src-shared/artefacts/likelihood.ts'
import { fleetFiguresSchema, namedServerSchema, type FleetFigures, type FleetFiguresRequest } from '../../../src-shared/ipc/fleet-view.ts'
import { periodAt, periodSql, periodStartMs, type PeriodGrid } from '../../forecasts/heatmap-rules.ts'
import { filterCondition } from './fleet-filter.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'

const dayMs = 86_400_000
const maxCalendarBins = 60
const maxSoonestServers = 8
const maxGroups = 12

const intColumn = (expression: string, name: string): string => `CAST(coalesce(${expression}, 0) AS INTEGER) AS ${name}`
const doubleColumn = (expression: string, name: string): string => `CAST(${expression} AS DOUBLE) AS ${name}`
const isRemovableSql = "recommendation IN ('retire', 'consolidate')"

const totals = [
  intColumn('count(*)', 'servers'),
  intColumn('count(*) FILTER (is_at_risk)', 'at_risk'),
  intColumn("count(*) FILTER (risk_level = 'high')", 'high_risk'),
  intColumn('count(*) FILTER (first_breach_at IS NOT NULL)', 'breaching'),
  intColumn('count(*) FILTER (is_underutilized)', 'underutilized'),
  intColumn('count(*) FILTER (is_order_late)', 'late_orders'),
  doubleColumn('sum(CAST(at_risk_probability AS DECIMAL(18, 9))) FILTER (WHERE NOT is_silent)', 'expected_at_risk'),
  doubleColumn('sum(CAST(breach_probability AS DECIMAL(18, 9))) FILTER (WHERE NOT is_silent)', 'expected_breaches'),
  intColumn(`count(*) FILTER (at_risk_probability >= ${certainProbability} AND NOT is_silent)`, 'certain'),
  intColumn(
    `count(*) FILTER (at_risk_probability > ${possibleProbability} AND at_risk_probability <= ${likelyProbability} AND NOT is_silent)`,
    'possible',
  ),
  intColumn(`count(*) FILTER (${isRemovableSql})`, 'removable'),
  doubleColumn(`coalesce(sum(CAST(monthly_cost_usd AS DECIMAL(18, 4))) FILTER (${isRemovableSql}), 0)`, 'savings_usd'),
  doubleColumn('coalesce(sum(CAST(monthly_cost_usd AS DECIMAL(18, 4))), 0)', 'monthly_cost_usd'),
  doubleColumn(
    "coalesce(sum(CAST(units_to_add AS DECIMAL(18, 4))) FILTER (recommendation = 'add capacity' AND is_limiting), 0)",
    'units_to_add',
  ),
  doubleColumn('median(mae)', 'median_mae'),
  doubleColumn('median(mase)', 'median_mase'),
  ...['eoq', 'month_end', 'holiday', 'ordinary'].map((cause) => intColumn(`sum(breaches_${cause})`, `cause_${cause}`)),
].join(', ')

const { recommendationCounts, groups } = fleetFiguresSchema.shape
const breachesSchema = z.object({ bin: z.int(), at_risk: z.int(), brief: z.int() })
const totalsSchema = fleetFiguresSchema
  .omit({ recommendationCounts: true, calendar: true, calendarStepMs: true, soonest: true, groups: true, causes: true })
  .extend({ cause_eoq: z.int(), cause_month_end: z.int(), cause_holiday: z.int(), cause_ordinary: z.int() })

const namedServerColumns = `server_id, horizon_p95, strftime(first_breach_at, '%Y-%m-%dT%H:%M:%SZ') AS first_breach_at,
  strftime(expected_first_breach, '%Y-%m-%dT%H:%M:%SZ') AS expected_first_breach,
  CAST(days_to_breach AS DOUBLE) AS days_to_breach, at_risk_probability, p95_median, risk_level`

/** Bins of whole days or steps on the run's clock, as many to a bin as keep the calendar readable, from the day on which the horizon begins. */
const createCalendar = ({ overview, zone }: OpenRun): { grid: PeriodGrid; bins: number } => {
  const { extent, horizon, stepMs } = overview
  const unit = Math.max(dayMs, stepMs)
  const firstMs = horizon?.startMs ?? extent.startMs
  const originMs = zone.toInstant(Math.floor(zone.toLocal(firstMs) / dayMs) * dayMs)
  const lastMs = horizon === null ? firstMs : horizon.endMs - stepMs
  const units = Math.floor(periodAt({ zone, originMs, stepMs: unit }, lastMs)) + 1
  const size = Math.ceil(units / maxCalendarBins)
  return { grid: { zone, originMs, stepMs: size * unit }, bins: Math.ceil(units / size) }
}

export const queryFleet = async (run: OpenRun, request: FleetFiguresRequest): Promise<FleetFigures> => {
  requireMetricUnit(run, request.metric)
  const { where, parameters } = filterCondition(request.filter, [request.metric])
  const from = `FROM server_risk WHERE metric = $1 AND (${where})`
  const { cause_eoq, cause_month_end, cause_holiday, cause_ordinary, ...figures } = await run.database.row(
    `SELECT ${totals} ${from}`,
    totalsSchema,
    parameters,
  )
  const { grid, bins } = createCalendar(run)
  const breaches = await run.database.rows(
    `SELECT CAST(${periodSql(grid, 'first_breach_at')} AS INTEGER) AS bin,
            ${intColumn('count(*) FILTER (is_at_risk)', 'at_risk')}, ${intColumn('count(*) FILTER (NOT is_at_risk)', 'brief')}
     ${from} AND first_breach_at IS NOT NULL GROUP BY 1`,
    breachesSchema,
    parameters,
  )
  const breachesByBin = new Map(breaches.map(({ bin, ...counts }) => [bin, counts]))
  return {
    ...figures,
    recommendationCounts: await run.database.rows(
      `SELECT recommendation, ${intColumn('count(*)', 'servers')} ${from} AND recommendation IS NOT NULL GROUP BY 1 ORDER BY 1`,
      recommendationCounts.element,
      parameters,
    ),
    calendar: Array.from({ length: bins }, (_, bin) => ({
      atMs: periodStartMs(grid, bin),
      ...(breachesByBin.get(bin) ?? { at_risk: 0, brief: 0 }),
    })),
    calendarStepMs: grid.stepMs,
    soonest: await run.database.rows(
      `SELECT ${namedServerColumns} ${from} AND is_at_risk ORDER BY server_risk.first_breach_at NULLS LAST, server_risk.expected_first_breach NULLS LAST, server_risk.horizon_p95 DESC, server_id LIMIT ${maxSoonestServers}`,
      namedServerSchema,
      parameters,
    ),
    groups: await run.database.rows(
      `SELECT coalesce(${request.groupBy}, '') AS "group", ${intColumn('count(*)', 'servers')}, ${intColumn('count(*) FILTER (is_at_risk)', 'at_risk')},
              ${intColumn('count(*) FILTER (is_underutilized)', 'underutilized')},
              ${doubleColumn(`coalesce(sum(CAST(monthly_cost_usd AS DECIMAL(18, 4))) FILTER (${isRemovableSql}), 0)`, 'savings_usd')},
              ${doubleColumn('coalesce(sum(CAST(monthly_cost_usd AS DECIMAL(18, 4))), 0)', 'monthly_cost_usd')}
       ${from} GROUP BY 1 ORDER BY at_risk DESC, servers DESC, "group" LIMIT ${maxGroups}`,
      groups.element,
      parameters,
    ),
    causes: { eoq: cause_eoq, month_end: cause_month_end, holiday: cause_holiday, ordinary: cause_ordinary },
  }
}

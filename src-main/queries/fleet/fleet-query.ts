// The figures of a fleet under the filter: what the overview says of risk, time, certainty, idle capacity and savings.
import { z } from 'zod'
import { certainProbability, likelyProbability, possibleProbability } from '../../../src-shared/artefacts/likelihood.ts'
import { groupCountSchema } from '../../../src-shared/artefacts/run-summary.ts'
import { isFilterActive } from '../../../src-shared/ipc/fleet-filter.ts'
import { fleetFiguresSchema, namedServerSchema, type FleetFigures, type FleetFiguresRequest } from '../../../src-shared/ipc/fleet-view.ts'
import { createPeriodGrid, periodAt, periodSql, periodStartMs, periodZone, type PeriodGrid } from '../../forecasts/heatmap-rules.ts'
import { filterCondition } from './fleet-filter.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const maxCalendarBins = 60
const maxSoonestServers = 8
const maxGroups = 12

const intColumn = (expression: string, name: string): string => `CAST(coalesce(${expression}, 0) AS INTEGER) AS ${name}`
const doubleColumn = (expression: string, name: string): string => `CAST(${expression} AS DOUBLE) AS ${name}`
const isRemovableSql = "recommendation IN ('retire', 'consolidate')"

const expectedAtRisk = doubleColumn('sum(CAST(at_risk_probability AS DECIMAL(18, 9))) FILTER (WHERE NOT is_silent)', 'expected_at_risk')

const totals = [
  intColumn('count(*)', 'servers'),
  intColumn('count(*) FILTER (is_at_risk)', 'at_risk'),
  intColumn("count(*) FILTER (risk_level = 'high')", 'high_risk'),
  intColumn('count(*) FILTER (is_underutilized)', 'underutilized'),
  expectedAtRisk,
  doubleColumn('sum(CAST(breach_probability AS DECIMAL(18, 9))) FILTER (WHERE NOT is_silent)', 'expected_breaches'),
  intColumn(`count(*) FILTER (at_risk_probability >= ${certainProbability} AND NOT is_silent)`, 'certain'),
  intColumn(
    `count(*) FILTER (at_risk_probability > ${possibleProbability} AND at_risk_probability <= ${likelyProbability} AND NOT is_silent)`,
    'possible',
  ),
  intColumn(`count(*) FILTER (${isRemovableSql})`, 'removable'),
  doubleColumn(`coalesce(sum(CAST(monthly_cost_usd AS DECIMAL(18, 4))) FILTER (${isRemovableSql}), 0)`, 'savings_usd'),
  doubleColumn(
    "coalesce(sum(CAST(units_to_add AS DECIMAL(18, 4))) FILTER (recommendation = 'add capacity' AND is_limiting), 0)",
    'units_to_add',
  ),
].join(', ')

const breachesSchema = z.object({ bin: z.int(), certain: z.int(), likely: z.int(), possible: z.int(), brief: z.int() })
const totalsSchema = fleetFiguresSchema.omit({ calendar: true, calendarStepMs: true, soonest: true, groups: true })

/** Servers by how sure a sustained breach is; a server belongs to one of them at most. */
const breachCounts = [
  intColumn(`count(*) FILTER (is_at_risk AND coalesce(at_risk_probability >= ${certainProbability}, false))`, 'certain'),
  intColumn(`count(*) FILTER (is_at_risk AND NOT coalesce(at_risk_probability >= ${certainProbability}, false))`, 'likely'),
  intColumn(`count(*) FILTER (NOT is_at_risk AND at_risk_probability > ${possibleProbability})`, 'possible'),
  intColumn('count(*) FILTER (NOT is_at_risk AND at_risk_probability IS NULL)', 'brief'),
].join(', ')

const namedServerColumns = `server_id, horizon_p95, strftime(first_breach_at, '%Y-%m-%dT%H:%M:%SZ') AS first_breach_at,
  strftime(expected_first_breach, '%Y-%m-%dT%H:%M:%SZ') AS expected_first_breach,
  CAST(days_to_breach AS DOUBLE) AS days_to_breach, at_risk_probability, p95_median, risk_level`

/** Where the forecast itself stays below the threshold, the simulated paths say when to expect a breach. */
const firstBreachSql = 'coalesce(first_breach_at, expected_first_breach)'

/** A horizon shorter than this is shown by the hour, where the data is. */
const hourlyHorizonMs = 4 * dayMs
/** From this length on a horizon is shown by the week. */
const weeklyHorizonMs = 28 * dayMs

/** Bins of hours, days, weeks or months from the start of the horizon, as many to a bin as keep the calendar readable. */
const createCalendar = ({ overview, zone }: OpenRun): { grid: PeriodGrid; bins: number } => {
  const { extent, horizon, stepMs } = overview
  const firstMs = horizon?.startMs ?? extent.startMs
  const lastMs = horizon === null ? firstMs : horizon.endMs - stepMs
  const spanMs = lastMs + stepMs - firstMs
  const isHourly = stepMs < dayMs && spanMs < hourlyHorizonMs
  const unit = Math.max(stepMs, isHourly ? hourMs : spanMs < weeklyHorizonMs ? dayMs : 7 * dayMs)
  const clock = periodZone(zone, unit)
  const originMs = isHourly ? firstMs : clock.toInstant(Math.floor(clock.toLocal(firstMs) / dayMs) * dayMs)
  const units = Math.floor(periodAt(createPeriodGrid(zone, originMs, unit), lastMs)) + 1
  const grid = createPeriodGrid(zone, originMs, Math.ceil(units / maxCalendarBins) * unit)
  return { grid, bins: Math.floor(periodAt(grid, lastMs)) + 1 }
}

export const queryFleet = async (run: OpenRun, request: FleetFiguresRequest): Promise<FleetFigures> => {
  requireMetricUnit(run, request.metric)
  const { where, parameters } = filterCondition(request.filter, [request.metric])
  const from = `FROM server_risk WHERE metric = $1 AND (${where})`
  const figures = await run.database.row(`SELECT ${totals} ${from}`, totalsSchema, parameters)
  const { grid, bins } = createCalendar(run)
  const breaches = await run.database.rows(
    `SELECT CAST(${periodSql(grid, firstBreachSql)} AS INTEGER) AS bin, ${breachCounts}
     ${from} AND NOT is_silent AND ${firstBreachSql} IS NOT NULL GROUP BY 1`,
    breachesSchema,
    parameters,
  )
  const breachesByBin = new Map(breaches.map(({ bin, ...counts }) => [bin, counts]))
  return {
    ...figures,
    calendar: Array.from({ length: bins }, (_, bin) => ({
      atMs: periodStartMs(grid, bin),
      ...(breachesByBin.get(bin) ?? { certain: 0, likely: 0, possible: 0, brief: 0 }),
    })),
    calendarStepMs: grid.stepMs,
    soonest: await run.database.rows(
      `SELECT ${namedServerColumns} ${from} AND is_at_risk ORDER BY server_risk.first_breach_at NULLS LAST, server_risk.expected_first_breach NULLS LAST, server_risk.horizon_p95 DESC, server_id LIMIT ${maxSoonestServers}`,
      namedServerSchema,
      parameters,
    ),
    groups: withIntervals(
      run,
      request,
      await run.database.rows(
        `SELECT coalesce(${request.groupBy}, '') AS "group", ${intColumn('count(*)', 'servers')}, ${intColumn('count(*) FILTER (is_at_risk)', 'at_risk')},
              ${expectedAtRisk},
              ${intColumn('count(*) FILTER (is_underutilized)', 'underutilized')},
              ${doubleColumn(`coalesce(sum(CAST(monthly_cost_usd AS DECIMAL(18, 4))) FILTER (${isRemovableSql}), 0)`, 'savings_usd')},
              ${doubleColumn('coalesce(sum(CAST(monthly_cost_usd AS DECIMAL(18, 4))), 0)', 'monthly_cost_usd')}
       ${from} GROUP BY 1 ORDER BY expected_at_risk DESC NULLS LAST, at_risk DESC, servers DESC, "group" LIMIT ${maxGroups}`,
        fleetFiguresSchema.shape.groups.element.omit({ expected_low: true, expected_high: true }),
        parameters,
      ),
    ),
  }
}

const groupCountsSchema = z.object({ at_risk_groups: z.array(groupCountSchema) })

/** Intervals are of whole groups: a filter takes servers out of them. */
const withIntervals = (
  { contents }: OpenRun,
  { metric, filter, groupBy }: FleetFiguresRequest,
  rows: readonly Omit<FleetFigures['groups'][number], 'expected_low' | 'expected_high'>[],
): FleetFigures['groups'] => {
  const counts = isFilterActive(filter) ? [] : (groupCountsSchema.safeParse(contents.summary).data?.at_risk_groups ?? [])
  const byGroup = new Map(
    counts.filter((count) => count.metric === metric && count.group_by === groupBy).map((count) => [count.group, count]),
  )
  return rows.map((row) => {
    const { low, high } = byGroup.get(row.group) ?? { low: null, high: null }
    return { ...row, expected_low: low, expected_high: high }
  })
}

// What if a business driver grows, or follows its plan: the P95 of the metrics that follow it, with the interval of their slopes.
import { listValue } from '@duckdb/node-api'
import { z } from 'zod'
import type { DriverChange, DriverEffect } from '../../../src-shared/ipc/what-if.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { CapacityDriver, CapacitySummary } from '../../../src-shared/artefacts/capacity.ts'
import type { DriverMonth } from '../../../src-shared/ipc/capacity-view.ts'
import { readCapacityReport } from './read-capacity-report.ts'
import type { OpenRun } from '../run/open-run.ts'
import { assertDistinctEntries } from '../what-if/scenario-parameters.ts'
import { RunCache } from '../run/run-cache.ts'

const nextWithout = (known: readonly string[], hadTable: boolean): string => {
  if (known.length > 0) return `Drivers of the run: ${known.join(', ')}.`
  return hadTable ? 'No metric follows a driver of its table; headroom capacity says why.' : 'Analyse again with --drivers.'
}

const p95Schema = z.object({ server_id: z.string(), metric: z.string(), p95: z.number(), high_threshold: z.number().nullable() })
type MetricP95 = z.infer<typeof p95Schema>

const metricKey = ({ server_id, metric }: Pick<MetricP95, 'server_id' | 'metric'>): string => JSON.stringify([server_id, metric])

const p95sOfRuns = new RunCache<ReadonlyMap<string, MetricP95>>()

/** Of the servers that follow a driver. `drivers`: all of the run. */
const findP95s = (run: OpenRun, drivers: readonly CapacityDriver[]): Promise<ReadonlyMap<string, MetricP95>> =>
  p95sOfRuns.get(run, '', async () => {
    // A plan of a driver that nothing follows; an empty list has no type.
    if (drivers.length === 0) return new Map()
    const rows = await run.database.rows(
      `SELECT server_id, metric, coalesce(p95_median, horizon_p95) AS p95, high_threshold FROM server_risk
       WHERE horizon_p95 IS NOT NULL AND server_id IN (SELECT unnest($1))`,
      p95Schema,
      [listValue([...new Set(drivers.map(({ server_id: serverId }) => serverId))])],
    )
    return new Map(rows.map((row) => [metricKey(row), row]))
  })

/** The P95 with so much more of the driver; low and high by the 95 % interval of the slope. */
const moveP95 = (
  { slope, slope_low, slope_high }: CapacityDriver,
  p95: number,
  added: number,
): { readonly p95: number; readonly p95_low: number; readonly p95_high: number } => {
  const limits = [p95 + slope_low * added, p95 + slope_high * added]
  return { p95: p95 + slope * added, p95_low: Math.min(...limits), p95_high: Math.max(...limits) }
}

/** What each month of the drivers' plans does to the metrics that follow them. */
export const describeDriverPlans = async (run: OpenRun, { drivers, driver_plans: plans }: CapacitySummary): Promise<DriverMonth[]> => {
  if (plans.length === 0) return []
  const riskOf = await findP95s(run, drivers)
  return plans.map(({ driver, group, month, value }) => {
    const moved = drivers
      .filter((row) => row.driver === driver && row.group === group)
      .flatMap((row) => {
        const risk = riskOf.get(metricKey(row))
        const limit = risk?.high_threshold ?? null
        if (risk === undefined || limit === null) return []
        return [{ server_id: row.server_id, metric: row.metric, limit, ...moveP95(row, risk.p95, value - row.current) }]
      })
    const above = moved.filter(({ p95, limit }) => p95 > limit).sort((a, b) => b.p95 - b.limit - (a.p95 - a.limit))
    const [first] = above
    return {
      driver,
      group,
      month,
      value,
      metrics: moved.length,
      above: above.length,
      above_low: moved.filter(({ p95_low, limit }) => p95_low > limit).length,
      above_high: moved.filter(({ p95_high, limit }) => p95_high > limit).length,
      first:
        first === undefined
          ? null
          : { server_id: first.server_id, metric: first.metric, p95: first.p95, p95_low: first.p95_low, p95_high: first.p95_high },
    }
  })
}

/** Rows by falling P95; changes of several drivers add up only in the eye of the reader. Throws scenario-invalid for a driver that no metric follows. */
export const evaluateDriverChanges = async (run: OpenRun, changes: readonly DriverChange[]): Promise<DriverEffect[]> => {
  if (changes.length === 0) return []
  assertDistinctEntries(changes, ({ driver, group }) => `change of ${driver}${group === null ? '' : ` of ${group}`}`)
  const drivers = (await readCapacityReport(run.contents))?.drivers ?? []
  for (const { driver, group } of changes) {
    if (drivers.some((row) => row.driver === driver && (group === null || row.group === group))) continue
    const known = [...new Set(drivers.map((row) => row.driver))]
    throw new HeadroomError('scenario-invalid', `No metric of the run follows ${driver}${group === null ? '' : ` of ${group}`}.`, {
      next: nextWithout(known, (run.contents.manifest?.drivers_table ?? null) !== null),
    })
  }
  const riskOf = await findP95s(run, drivers)
  return changes
    .flatMap(({ driver, group, percent }) =>
      drivers
        .filter((row) => row.driver === driver && (group === null || row.group === group))
        .flatMap((row): DriverEffect[] => {
          const risk = riskOf.get(metricKey(row))
          if (risk === undefined) return []
          const moved = moveP95(row, risk.p95, (row.current * percent) / 100)
          const isAbove = (value: number): boolean => risk.high_threshold !== null && value > risk.high_threshold
          return [
            {
              server_id: row.server_id,
              metric: row.metric,
              driver,
              group: row.group,
              percent,
              run_p95: risk.p95,
              ...moved,
              high_threshold: risk.high_threshold,
              is_newly_above: isAbove(moved.p95) && !isAbove(risk.p95),
            },
          ]
        }),
    )
    .sort((a, b) => b.p95 - a.p95 || (a.server_id < b.server_id ? -1 : 1))
}

// What if a business driver grows: the P95 of the metrics that follow it, with the interval of their slopes.
import { z } from 'zod'
import type { DriverChange, DriverEffect } from '../../../src-shared/ipc/what-if.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { readCapacityReport } from './capacity-query.ts'
import type { OpenRun } from '../run/open-run.ts'

/** Rows by falling P95; changes of several drivers add up only in the eye of the reader. Throws scenario-invalid for a driver that no metric follows. */
export const evaluateDriverChanges = async (run: OpenRun, changes: readonly DriverChange[]): Promise<DriverEffect[]> => {
  if (changes.length === 0) return []
  const drivers = (await readCapacityReport(run.contents))?.drivers ?? []
  for (const { driver, group } of changes) {
    if (drivers.some((row) => row.driver === driver && (group === null || row.group === group))) continue
    const known = [...new Set(drivers.map((row) => row.driver))]
    throw new HeadroomError('scenario-invalid', `No metric of the run follows ${driver}${group === null ? '' : ` of ${group}`}.`, {
      next: known.length === 0 ? 'Analyse again with --drivers.' : `Drivers of the run: ${known.join(', ')}.`,
    })
  }
  const risks = await run.database.rows(
    'SELECT server_id, metric, coalesce(p95_median, horizon_p95) AS p95, high_threshold FROM server_risk WHERE horizon_p95 IS NOT NULL',
    z.object({ server_id: z.string(), metric: z.string(), p95: z.number(), high_threshold: z.number().nullable() }),
  )
  const riskOf = new Map(risks.map((risk) => [JSON.stringify([risk.server_id, risk.metric]), risk]))
  return changes
    .flatMap(({ driver, group, percent }) =>
      drivers
        .filter((row) => row.driver === driver && (group === null || row.group === group))
        .flatMap((row): DriverEffect[] => {
          const risk = riskOf.get(JSON.stringify([row.server_id, row.metric]))
          if (risk === undefined) return []
          const added = (row.current * percent) / 100
          const [a, b] = [risk.p95 + row.slope_low * added, risk.p95 + row.slope_high * added]
          const p95 = risk.p95 + row.slope * added
          const isAbove = (value: number): boolean => risk.high_threshold !== null && value > risk.high_threshold
          return [
            {
              server_id: row.server_id,
              metric: row.metric,
              driver,
              group: row.group,
              percent,
              run_p95: risk.p95,
              p95,
              p95_low: Math.min(a, b),
              p95_high: Math.max(a, b),
              high_threshold: risk.high_threshold,
              is_newly_above: isAbove(p95) && !isAbove(risk.p95),
            },
          ]
        }),
    )
    .sort((a, b) => b.p95 - a.p95 || (a.server_id < b.server_id ? -1 : 1))
}

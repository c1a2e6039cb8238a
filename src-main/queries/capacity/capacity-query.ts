// Capacity of a run: limiting resources and volumes from server_risk, hosts and clusters as capacity.json states them.
import { z } from 'zod'
import { capacityViewSchema, type CapacityView } from '../../../src-shared/ipc/capacity-view.ts'
import type { OpenRun } from '../run/open-run.ts'
import { describeDriverPlans } from './driver-changes.ts'
import { readCapacityReport } from './read-capacity-report.ts'

const maxVolumes = 1000

export const queryCapacity = async (run: OpenRun): Promise<CapacityView> => {
  const { database, zone, contents } = run
  const resources = await database.rows(
    `SELECT business_unit, metric, servers, limits,
            row_number() OVER (PARTITION BY is_fleet, business_unit ORDER BY limits DESC, metric) = 1 AS is_limiting
     FROM (
       SELECT business_unit, metric, CAST(count(*) AS INTEGER) AS servers, CAST(count(*) FILTER (is_limiting_resource) AS INTEGER) AS limits,
              grouping(business_unit) = 1 AS is_fleet
       FROM server_risk WHERE high_threshold IS NOT NULL AND NOT is_silent
       GROUP BY GROUPING SETS ((metric), (business_unit, metric)) HAVING is_fleet OR business_unit IS NOT NULL)
     ORDER BY is_fleet DESC, business_unit, limits DESC, metric`,
    capacityViewSchema.shape.resources.element,
  )
  const volumes = await database.rows(
    `SELECT server_id, metric, capacity, capacity_unit, growth_per_day,
            ${(['full_at', 'full_earliest', 'full_latest'] as const).map((column) => `${zone.isoSql(column)} AS ${column}`).join(', ')},
            CAST(date_diff('second', last_measured_at, r.full_at) / 86400.0 AS DOUBLE) AS days_until_full
     FROM server_risk r WHERE growth_per_day IS NOT NULL
     ORDER BY r.full_at NULLS LAST, growth_per_day DESC, server_id, metric LIMIT ${maxVolumes}`,
    capacityViewSchema.shape.volumes.element,
  )
  const { count } = await database.row(
    'SELECT CAST(count(growth_per_day) AS INTEGER) AS count FROM server_risk',
    z.object({ count: z.int() }),
  )
  const report = await readCapacityReport(contents)
  const driverMonths = report === null ? [] : await describeDriverPlans(run, report)
  return { report, resources, volumes, volume_count: count, driver_months: driverMonths }
}

// What quarter ends, holidays and weekends do: the fleet's season as the run states it, and the servers that feel it most.
import { z } from 'zod'
import { seasonReportSchema } from '../../../src-shared/artefacts/season.ts'
import type { FilteredRequest, SeasonResponse } from '../../../src-shared/ipc/fleet-view.ts'
import { filterCondition } from './fleet-filter.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'

const strongestSchema = z.object({
  server_id: z.string(),
  eoq_uplift_points: z.number(),
  eoq_uplift_quarters: z.int(),
  eoq_uplift_standard_error: z.number().nullable(),
})

export const querySeason = async (run: OpenRun, { metric, filter }: FilteredRequest): Promise<SeasonResponse> => {
  requireMetricUnit(run, metric)
  const summary = seasonReportSchema.safeParse(run.contents.summary?.['season']).data
  const { where, parameters } = filterCondition(filter, [metric])
  const strongest = await run.database.rows(
    `SELECT server_id, eoq_uplift_points, CAST(eoq_uplift_quarters AS INTEGER) AS eoq_uplift_quarters, eoq_uplift_standard_error
     FROM server_risk WHERE metric = $1 AND (${where}) AND eoq_uplift_points IS NOT NULL
     ORDER BY server_risk.eoq_uplift_points DESC, server_id LIMIT 12`,
    strongestSchema,
    parameters,
  )
  return {
    season: summary?.metrics.find((season) => season.metric === metric) ?? null,
    eoqWindowDays: summary?.eoq_window_days ?? null,
    eoqMonths: summary?.eoq_months ?? null,
    holidayCountry: summary?.holiday_country ?? null,
    strongest,
  }
}

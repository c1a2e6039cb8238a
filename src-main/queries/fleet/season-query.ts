// Quarter ends, holidays and weekends: the fleet's season as the run states it, and the most affected servers.
import { seasonReportSchema } from '../../../src-shared/artefacts/season.ts'
import { seasonResponseSchema, type FilteredRequest, type SeasonResponse } from '../../../src-shared/ipc/fleet-view.ts'
import { filterCondition } from './fleet-filter.ts'
import { requireMetricUnit, type OpenRun } from '../run/open-run.ts'

export const querySeason = async (run: OpenRun, { metric, filter }: FilteredRequest): Promise<SeasonResponse> => {
  requireMetricUnit(run, metric)
  const summary = seasonReportSchema.safeParse(run.contents.summary?.['season']).data
  const { where, parameters } = filterCondition(filter, [metric])
  const strongest = await run.database.rows(
    `SELECT server_id, eoq_uplift_points, CAST(eoq_uplift_quarters AS INTEGER) AS eoq_uplift_quarters,
            eoq_uplift_low, eoq_uplift_high
     FROM server_risk WHERE metric = $1 AND (${where}) AND eoq_uplift_points IS NOT NULL
     ORDER BY server_risk.eoq_uplift_points DESC, server_id LIMIT 12`,
    seasonResponseSchema.shape.strongest.element,
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

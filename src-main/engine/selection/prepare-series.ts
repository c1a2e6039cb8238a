// Tables `series` (one row per server and metric: identity, group, thresholds, last measured time) and the view `forecast` with `is_horizon`.
import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import { isHorizonSql } from '../../forecasts/forecast-columns.ts'
import { maxSilentSteps, ownSlotSql, slotSql, type TimeGrid } from '../../forecasts/time-grid.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Method } from '../methods/method.ts'
import { seriesGridSql } from './series-grids.ts'

/** Reads `series_models` and `server_attributes`. Series are numbered by server_id, then metric. */
export const prepareSeries = async (
  database: Database,
  config: AnalysisConfig,
  method: Method,
  grids: readonly TimeGrid[],
): Promise<void> => {
  await database.run(`CREATE OR REPLACE TABLE thresholds AS ${method.thresholdsQuery(config)}`)
  await database.run(`CREATE OR REPLACE TABLE series AS ${seriesQuery(config, method.name === 'headroom' ? grids : null)}`)
  const { complete } = await database.row(
    'SELECT coalesce(bool_and(stated = row_count), false) AS complete FROM series_models',
    z.object({ complete: z.boolean() }),
  )
  await database.run(
    `CREATE OR REPLACE VIEW forecast AS ${complete ? 'SELECT *, is_future AS is_horizon FROM forecast_rows' : forecastQuery}`,
  )
  await database.run(
    complete
      ? `CREATE OR REPLACE VIEW horizon_counts AS SELECT server_id, metric, model, stated_horizon AS horizon_points FROM series_models`
      : `CREATE OR REPLACE TABLE horizon_counts_counted AS ${horizonCountsQuery};
         CREATE OR REPLACE VIEW horizon_counts AS SELECT * FROM horizon_counts_counted`,
  )
}

/** SQL for whether all series of a server were last measured long before the others, each by its own steps. */
const isSilentSql = (grids: readonly TimeGrid[]): string => {
  const [grid, ...others] = grids
  if (others.length === 0)
    return `coalesce(${slotSql(grid!, 'dataset_measured_at')} - ${slotSql(grid!, 'server_measured_at')} > ${maxSilentSteps}, false)`
  const [last, own] = ['dataset_measured_at', 'last_measured_at'].map((time) => ownSlotSql(grids, 'grid', time))
  return `coalesce(bool_and(${last} - ${own} > ${maxSilentSteps}) OVER (PARTITION BY server_id), false)`
}

/** SQL for the rows of `series`. Without `grids` no server is silent. */
export const seriesQuery = (
  config: Pick<AnalysisConfig, 'cost_per_instance' | 'lead_time_days'>,
  grids: readonly TimeGrid[] | null,
): string => `
    SELECT CAST(row_number() OVER (ORDER BY s.server_id, s.metric) - 1 AS INTEGER) AS series_id,
           s.server_id, s.metric, s.last_measured_at,
           a.business_unit, a.region, a.criticality,
           coalesce(a.monthly_cost_usd, ${config.cost_per_instance}) AS monthly_cost_usd,
           coalesce(a.capacity_units, 1) AS capacity_units,
           coalesce(a.lead_time_days, ${config.lead_time_days}) AS lead_time_days,
           t.high AS high_threshold, t.very_high AS very_high_threshold, s.is_silent, s.horizon_after
    FROM (
      SELECT server_id, metric, last_measured_at,
             coalesce(last_measured_at, CASE WHEN last_at > dataset_measured_at THEN dataset_measured_at END) AS horizon_after,
             ${grids === null ? 'false' : isSilentSql(grids)} AS is_silent
      FROM (
        SELECT *, max(last_measured_at) OVER () AS dataset_measured_at,
               max(last_measured_at) OVER (PARTITION BY server_id) AS server_measured_at
        FROM (SELECT server_id, metric, max(last_measured_at) AS last_measured_at, max(last_at) AS last_at${grids !== null && grids.length > 1 ? `, ${seriesGridSql(grids)} AS grid` : ''} FROM series_models GROUP BY ALL) measured
      ) compared
    ) s
    LEFT JOIN server_attributes a USING (server_id)
    LEFT JOIN thresholds t ON t.metric = s.metric AND t.criticality IS NOT DISTINCT FROM a.criticality
    ORDER BY series_id`

/** SQL for the rows of `forecast`, with and without a column `is_future`. */
export const forecastQuery = `
  SELECT f.*, ${isHorizonSql('f', 's.horizon_after')} AS is_horizon
  FROM forecast_rows f JOIN (SELECT server_id, metric, horizon_after FROM series) s USING (server_id, metric)`

export const horizonCountsQuery = `
  SELECT server_id, metric, model, count(*) FILTER (WHERE is_horizon AND predicted IS NOT NULL) AS horizon_points
  FROM forecast GROUP BY ALL`

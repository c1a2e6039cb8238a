// Hold-out accuracy of the selection: models selected on the earlier backtest windows, measured on the last one.
import { z } from 'zod'
import { holdOutSchema, type HoldOutAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'
import type { Database } from '../../database/database.ts'
import { ownSlotSql, type TimeGrid } from '../../forecasts/time-grid.ts'
import { fixedPointOfSums, fixedSumSql, type FixedPoint } from '../../statistics/fixed-point.ts'
import { errorWeightSql, minCommonPoints } from './select-models.ts'
import { joinGridsSql } from './series-grids.ts'

/** SQL for the series that are tested, with the slot before their last window: as long as the horizon, but at most half of the backtest. */
const spansSql = (grids: readonly TimeGrid[]): string => `
      SELECT s.series_id, s.server_id, s.metric${grids.length === 1 ? '' : ', any_value(grid) AS grid'},
             ${ownSlotSql(grids, 'any_value(grid)', 's.last_measured_at')} - least(max(t.horizon_points), min(t.common_points) // 2) AS last_early_slot
      FROM (
        SELECT series_id, model, horizon_points, backtest_points, common_points FROM candidates WHERE is_long AND backtest_points > 0
      ) t JOIN series s USING (series_id) ${joinGridsSql(grids)}
      GROUP BY s.series_id, s.server_id, s.metric, s.last_measured_at
      HAVING min(t.common_points) >= ${minCommonPoints} AND max(t.backtest_points - t.common_points) = 0`

/**
 * SQL for the rows of `hold_out_errors` (series_id, model, late_points, late_error): each candidate's errors on the last window. Series whose
 * candidates cover different times have none. `condition` holds for every row of a last window.
 */
export const holdOutErrorsQuery = (grids: readonly TimeGrid[], fixedPoint: FixedPoint, condition = 'true'): string => `
    SELECT p.series_id, f.model, count(*) AS late_points, ${fixedSumSql('abs(f.actual - f.predicted)', fixedPoint)} AS late_error
    FROM forecast f JOIN (${spansSql(grids)}) p USING (server_id, metric)
    WHERE NOT f.is_horizon AND f.actual IS NOT NULL AND f.predicted IS NOT NULL AND ${ownSlotSql(grids, 'p.grid', 'f.ts')} > p.last_early_slot
          AND ${condition}
    GROUP BY p.series_id, f.model`

/** SQL for no rows of `hold_out_errors`: a forced model was not selected. */
export const noHoldOutErrorsQuery =
  'SELECT series_id, model, CAST(0 AS BIGINT) AS late_points, CAST(0 AS DOUBLE) AS late_error FROM candidates WHERE model <> model'

/** SQL for the same rows where `condition` alone tells the rows of the last window: they are added up before they are joined. */
const commonWindowQuery = (grids: readonly TimeGrid[], fixedPoint: FixedPoint, condition: string): string => `
    SELECT p.series_id, late.model, late.late_points, late.late_error
    FROM (
      SELECT server_id, metric, model, count(*) AS late_points, ${fixedSumSql('abs(actual - predicted)', fixedPoint)} AS late_error
      FROM forecast WHERE NOT is_horizon AND actual IS NOT NULL AND predicted IS NOT NULL AND ${condition}
      GROUP BY server_id, metric, model
    ) late JOIN (${spansSql(grids)}) p USING (server_id, metric)`

/** Creates `hold_out_errors`. Reads `candidates`, `series`, `forecast`. */
export const collectHoldOutErrors = async (
  database: Database,
  grids: readonly TimeGrid[],
  fixedPoint: FixedPoint,
  forcedModel: string | undefined,
): Promise<void> => {
  const query = forcedModel === undefined ? await ownHoldOutQuery(database, grids, fixedPoint) : noHoldOutErrorsQuery
  await database.run(`CREATE OR REPLACE TABLE hold_out_errors AS ${query}`)
}

/** Lets DuckDB skip most times before it reads any values; steps of the calendar, and several steps, have no such limit. */
const ownHoldOutQuery = async (database: Database, grids: readonly TimeGrid[], fixedPoint: FixedPoint): Promise<string> => {
  const [grid, ...others] = grids
  if (grid === undefined || others.length > 0 || grid.step.unit !== 'second') return holdOutErrorsQuery(grids, fixedPoint)
  const { first_late_us, is_common } = await database.row(
    `SELECT CAST((min(last_early_slot) + 1) * ${grid.stepSeconds * 1_000_000} AS VARCHAR) AS first_late_us,
            coalesce(min(last_early_slot) = max(last_early_slot), false) AS is_common
     FROM (${spansSql(grids)})`,
    z.object({ first_late_us: z.string().nullable(), is_common: z.boolean() }),
  )
  const condition = first_late_us === null ? 'false' : `ts >= make_timestamp(${first_late_us})`
  return is_common ? commonWindowQuery(grids, fixedPoint, condition) : holdOutErrorsQuery(grids, fixedPoint, condition)
}

/** Reads `hold_out_errors`, `candidates`, `selected_models`, `series`. A row per metric. */
export const measureHoldOut = async (database: Database): Promise<HoldOutAccuracy[]> =>
  database.rows(
    `WITH errors AS (
       SELECT s.metric, c.series_id, c.model, c.mae, x.model IS NOT NULL AS is_selected, l.late_error / l.late_points AS late_mae,
              (c.mae * c.common_points - l.late_error) / (c.common_points - l.late_points) AS early_mae
       FROM hold_out_errors l JOIN candidates c USING (series_id, model) JOIN series s USING (series_id)
       LEFT JOIN selected_models x ON x.series_id = c.series_id AND x.model = c.model
       WHERE c.is_long AND l.late_points < c.common_points
     ), ranked AS (
       SELECT *, row_number() OVER (PARTITION BY series_id ORDER BY weighed_mae, model) AS position
       FROM (SELECT *, early_mae * ${errorWeightSql} AS weighed_mae FROM errors)
     ), series_errors AS (
       SELECT metric, series_id, max(mae) FILTER (WHERE is_selected) AS selected_mae, max(late_mae) FILTER (WHERE position = 1) AS late_mae
       FROM ranked GROUP BY metric, series_id
     )
     SELECT metric, CAST(count(*) AS DOUBLE) AS series,
            ${fixedSumSql('selected_mae', fixedPointOfSums)} / count(*) AS in_sample_mae,
            ${fixedSumSql('late_mae', fixedPointOfSums)} / count(*) AS hold_out_mae
     FROM series_errors WHERE selected_mae IS NOT NULL GROUP BY metric ORDER BY metric`,
    holdOutSchema,
  )

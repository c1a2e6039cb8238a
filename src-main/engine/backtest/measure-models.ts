// model_accuracy.json: fleet-wide accuracy of each model over the backtest (analysis definition, section 3).
import { z } from 'zod'
import { modelRowSchema, type ModelAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'
import type { Database } from '../../database/database.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { RunWarning } from '../../../src-shared/run/run-event.ts'
import { measureHoldOut } from '../selection/hold-out.ts'
import { fixedPointOfSums, fixedSumSql } from '../../statistics/fixed-point.ts'

/** Reads `series_models`, `series`, `series_risk`, `candidates`, `selected_models`, `hold_out_errors`. Means are over backtest points, medians over series. */
export const measureModels = async (
  database: Database,
  config: AnalysisConfig,
): Promise<{ accuracy: Pick<ModelAccuracy, 'interval_level' | 'models' | 'hold_out' | 'is_coverage_checked'>; warnings: RunWarning[] }> => {
  const models = await database.rows(
    `WITH sums AS (
       SELECT model, CAST(count(*) AS DOUBLE) AS series, CAST(sum(backtest_points) AS DOUBLE) AS backtest_points,
              ${fixedSumSql('absolute_error', fixedPointOfSums)} AS absolute_error,
              ${fixedSumSql('signed_error', fixedPointOfSums)} AS signed_error,
              ${fixedSumSql('symmetric_error', fixedPointOfSums)} AS symmetric_error,
              CAST(sum(bounded_points) AS DOUBLE) AS interval_points, CAST(sum(covered_points) AS DOUBLE) AS covered_points,
              ${fixedSumSql('pinball_95', fixedPointOfSums)} AS pinball_95, CAST(sum(pinball_points) AS DOUBLE) AS pinball_points
       FROM series_models GROUP BY model
     ), medians AS (SELECT model, median(mae) AS median_mae, median(mase) AS median_mase FROM candidates GROUP BY model),
     wins AS (SELECT model, CAST(count(*) AS DOUBLE) AS series_won FROM selected_models GROUP BY model)
     SELECT model, series, coalesce(series_won, 0) AS series_won, backtest_points,
            absolute_error / nullif(backtest_points, 0) AS mae, median_mae,
            symmetric_error / nullif(backtest_points, 0) AS smape_percent, median_mase,
            absolute_error / nullif(backtest_points, 0) / 2 AS pinball_50, pinball_95 / nullif(pinball_points, 0) AS pinball_95,
            signed_error / nullif(backtest_points, 0) AS bias,
            interval_points, covered_points / nullif(interval_points, 0) AS interval_coverage
     FROM sums LEFT JOIN medians USING (model) LEFT JOIN wins USING (model) ORDER BY model`,
    modelRowSchema,
  )
  const modelsWithoutBounds = models.filter((model) => model.backtest_points > 0 && model.interval_points === 0)
  const warnings =
    modelsWithoutBounds.length === 0
      ? []
      : [
          {
            code: 'no-backtest-bounds',
            message: `The backtest of ${modelsWithoutBounds.map(({ model }) => model).join(', ')} has no bounds, so their coverage is unknown.`,
            count: modelsWithoutBounds.length,
          },
        ]
  const accuracy = {
    interval_level: config.interval_level,
    models,
    is_coverage_checked: await isLeadCovered(database),
    hold_out: await measureHoldOut(database),
  }
  return { accuracy, warnings }
}

/** Whether every selected model's backtest states a lead as long as its horizon. Else nominal coverage cannot be checked. */
const isLeadCovered = async (database: Database): Promise<boolean> => {
  const { is_covered } = await database.row(
    `SELECT coalesce(bool_and(coalesce(m.backtest_lead_seconds >= date_diff('second', r.last_measured_at, r.horizon_end),
                                       m.backtest_lead_periods >= r.horizon_periods, false)), false) AS is_covered
     FROM series_risk r JOIN series_models m USING (server_id, metric, model) WHERE r.horizon_periods > 0`,
    z.object({ is_covered: z.boolean() }),
  )
  return is_covered
}

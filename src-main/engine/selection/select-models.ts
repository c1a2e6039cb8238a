// Selects a model for each series: the one with the lowest mean absolute error over the common times of those that reach far enough.
import { z } from 'zod'
import { literal, type Database } from '../../database/database.ts'
import { ensembleName, modelNames } from '../../forecasting/model-names.ts'
import { queryNaiveErrors, storeNaiveErrors } from '../backtest/naive-errors.ts'
import { fixedSumSql, type FixedPoint } from '../../statistics/fixed-point.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import { validationError, validationMessages } from '../../forecasts/validation-rules.ts'

/** With fewer common times, the errors of the whole fleet decide instead of those of the series. */
export const minCommonPoints = 14

/**
 * Creates `candidates` (series_id, model, is_long, common_points, mae, mase, ...) and `selected_models` (series_id, model). Returns whether
 * `naive_errors`, the denominator of MASE, is complete. If not, it is empty: no decision needed it, and the backtests of the selected
 * models fill it later. If the models of a series share no time, the medians of the fleet include each model's error over all its times.
 * Analysis definition, section 3. MASE: Hyndman and Koehler 2006.
 */
export const selectModels = async (
  database: Database,
  grids: readonly TimeGrid[],
  fixedPoint: FixedPoint,
  datasetName: string,
  forcedModel: string | undefined,
): Promise<{ hasNaiveErrors: boolean }> => {
  await storeNaiveErrors(database, [])
  await createCandidates(database, fixedPoint)
  const { candidates } = await database.row(
    'SELECT CAST(count(*) AS DOUBLE) AS candidates FROM candidates',
    z.object({ candidates: z.number() }),
  )
  if (candidates === 0) {
    throw validationError('input-no-horizon', validationMessages.noFutureRows(datasetName))
  }
  if (forcedModel !== undefined) await assertModelKnown(database, forcedModel, datasetName)
  const { is_decided } = await database.row(
    `SELECT bool_and(series_common_points >= ${minCommonPoints}) AS is_decided FROM candidates`,
    z.object({ is_decided: z.boolean() }),
  )
  // For series with short backtests, the median MASE of the fleet decides.
  if (!is_decided) await queryNaiveErrors(database, grids, fixedPoint)
  await selectBest(database, forcedModel)
  if (is_decided && (await areBacktestsComplete(database))) return { hasNaiveErrors: false }
  if (is_decided) await queryNaiveErrors(database, grids, fixedPoint)
  return { hasNaiveErrors: true }
}

/** Whether the selected model's backtest covers every measured time of each series. */
const areBacktestsComplete = async (database: Database): Promise<boolean> => {
  const { are_whole } = await database.row(
    `SELECT coalesce(bool_and(m.backtest_points = w.measured), true) AS are_whole
     FROM (SELECT server_id, metric, max(measured) AS measured FROM series_models GROUP BY ALL) w
     JOIN series s USING (server_id, metric) LEFT JOIN selected_models x USING (series_id)
     LEFT JOIN series_models m ON m.server_id = s.server_id AND m.metric = s.metric AND m.model = x.model`,
    z.object({ are_whole: z.boolean() }),
  )
  return are_whole
}

/** Among own forecasts, a single model must have an error this much lower than that of their ensemble. */
const ensembleAdvantage = 0.8

/**
 * SQL for the factor of a candidate's error; needs `series_id` and `model`. Short backtests favour single models by chance: on hold-out
 * windows their ensemble is more accurate. A series with a model of another program is decided by plain errors.
 */
export const errorWeightSql = `CASE WHEN model = ${literal(ensembleName)}
    AND count(CASE WHEN model NOT IN (${modelNames.map(literal).join(', ')}) THEN 1 END) OVER (PARTITION BY series_id) = 0 THEN ${ensembleAdvantage} ELSE 1 END`

/** SQL for the rows of `selected_models` if no model is forced. */
export const selectedModelsQuery = `
         WITH fleet AS (
           SELECT model, median(coalesce(mase, own_mase)) AS median_mase, median(coalesce(mae, own_mae)) AS median_mae
           FROM candidates WHERE is_long GROUP BY model
         ),
         weighed AS (SELECT *, mae * ${errorWeightSql} AS weighed_mae FROM candidates WHERE is_long),
         ranked AS (
           SELECT c.series_id, c.model,
                  row_number() OVER (PARTITION BY c.series_id ORDER BY
                    CASE WHEN c.series_common_points >= ${minCommonPoints} THEN c.weighed_mae END NULLS LAST,
                    CASE WHEN c.series_common_points < ${minCommonPoints} THEN f.median_mase END NULLS LAST,
                    CASE WHEN c.series_common_points < ${minCommonPoints} THEN f.median_mae END NULLS LAST,
                    c.model) AS position
           FROM weighed c JOIN fleet f USING (model)
         )
         SELECT series_id, model FROM ranked WHERE position = 1 ORDER BY series_id`

const selectBest = async (database: Database, forcedModel: string | undefined): Promise<void> =>
  database.run(
    `CREATE OR REPLACE TABLE selected_models AS ${forcedModel === undefined ? selectedModelsQuery : forcedModelQuery(forcedModel)}`,
  )

/** SQL for the rows of `selected_models` if one model is forced, whatever its horizon. */
export const forcedModelQuery = (model: string): string =>
  `SELECT series_id, model FROM candidates WHERE model = ${literal(model)} ORDER BY series_id`

const assertModelKnown = async (database: Database, model: string, datasetName: string): Promise<void> => {
  const knownModels = await database.rows('SELECT DISTINCT model FROM candidates ORDER BY model LIMIT 20', z.object({ model: z.string() }))
  if (knownModels.some((row) => row.model === model)) return
  const names = knownModels.map((row) => row.model).join(', ')
  throw validationError('input-model-unknown', validationMessages.unknownModel(`Column model of ${datasetName}`, model, names))
}

/**
 * If all candidates cover the same backtest times (equal count and fingerprint of the times), the sums of `series_models` give their
 * errors. Only the other series are joined row by row.
 */
const createCandidates = async (database: Database, fixedPoint: FixedPoint): Promise<void> => {
  await database.run(`CREATE OR REPLACE TABLE candidate_rows AS ${candidateRowsQuery}`)
  await database.run(`CREATE OR REPLACE TABLE unaligned_errors AS ${unalignedErrorsQuery(fixedPoint)}`)
  await database.run(`CREATE OR REPLACE TABLE candidate_errors AS ${candidateErrorsQuery}`)
  await database.run('DROP TABLE candidate_rows; DROP TABLE unaligned_errors')
  await database.run(`CREATE OR REPLACE VIEW candidates AS ${candidatesQuery}`)
}

/** SQL for whether all candidates of a series with a backtest have the same value. */
const isSameForTested = (value: string): string => {
  const tested = `CASE WHEN m.backtest_points > 0 THEN ${value} END`
  return `coalesce(min(${tested}) OVER series_window = max(${tested}) OVER series_window, true)`
}

/** How far a model looks ahead, in seconds; values may be missing on the way. */
const reachSql = "date_diff('second', coalesce(s.last_measured_at, m.first_at), m.last_at)"

/** SQL for the rows of `candidate_rows`. `is_long`: the model reaches nine tenths of the longest horizon of its series. */
export const candidateRowsQuery = `
    SELECT c.*, count(CASE WHEN is_long AND backtest_points > 0 THEN 1 END) OVER (PARTITION BY series_id) AS tested_candidates
    FROM (
    SELECT s.series_id, m.*, h.horizon_points,
           10 * ${reachSql} >= 9 * max(${reachSql}) OVER series_window AS is_long,
           ${isSameForTested('m.backtest_points')} AND ${isSameForTested('m.backtest_times')} AS aligned
    FROM series_models m JOIN horizon_counts h USING (server_id, metric, model) JOIN series s USING (server_id, metric)
    WHERE h.horizon_points > 0
    WINDOW series_window AS (PARTITION BY s.series_id)
    ) c`

/** SQL for the rows of `unaligned_errors`. */
export const unalignedErrorsQuery = (fixedPoint: FixedPoint): string => `
    WITH tested AS (
      SELECT c.series_id, c.model, c.is_long, c.tested_candidates, f.ts, abs(f.actual - f.predicted) AS error
      FROM forecast f JOIN candidate_rows c USING (server_id, metric, model)
      WHERE NOT c.aligned AND NOT f.is_horizon AND f.actual IS NOT NULL AND f.predicted IS NOT NULL
    ), common AS (
      SELECT series_id, ts FROM tested GROUP BY series_id, ts, tested_candidates
      HAVING count(CASE WHEN is_long THEN 1 END) = tested_candidates
    )
    SELECT series_id, model, count(*) AS common_points, ${fixedSumSql('error', fixedPoint)} AS absolute_error
    FROM tested SEMI JOIN common USING (series_id, ts) GROUP BY ALL`

/** SQL for the rows of `candidate_errors`. */
export const candidateErrorsQuery = `
    WITH scored AS (
      SELECT c.series_id, c.model, c.is_long, c.horizon_points, c.backtest_points, c.absolute_error / nullif(c.backtest_points, 0) AS own_mae,
             CAST(CASE WHEN c.aligned THEN c.backtest_points ELSE coalesce(u.common_points, 0) END AS INTEGER) AS common_points,
             CASE WHEN c.aligned THEN c.absolute_error ELSE u.absolute_error END AS absolute_error
      FROM candidate_rows c LEFT JOIN unaligned_errors u USING (series_id, model)
    )
    SELECT s.series_id, s.model, s.is_long, s.horizon_points, s.backtest_points, s.common_points,
           max(CASE WHEN s.is_long THEN s.common_points END) OVER (PARTITION BY s.series_id) AS series_common_points,
           s.absolute_error / nullif(s.common_points, 0) AS mae, s.own_mae
    FROM scored s ORDER BY s.series_id, s.model`

/** SQL for the rows of `candidates`. */
export const candidatesQuery = `
    SELECT c.*, c.mae / n.naive_error AS mase, c.own_mae / n.naive_error AS own_mase
    FROM candidate_errors c LEFT JOIN naive_errors n USING (series_id)`

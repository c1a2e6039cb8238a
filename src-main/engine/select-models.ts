// The accountable model of each series: least mean absolute error over the backtest times that its candidates share.
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { fixedSum, type FixedPoint } from './fixed-point.ts'
import type { TimeGrid } from './detect-granularity.ts'

/** Below this many common timestamps a series' own errors do not decide. */
export const fewestCommonPoints = 14

/**
 * Creates `candidates` (series_id, model, common_points, mae, mase, ...) and `selected_models` (series_id, model).
 * Where the models of a series share no time at all, the fleet's medians take their errors over their own times.
 * Analysis definition, section 3. MASE: Hyndman and Koehler 2006.
 */
export const selectModels = async (
  database: Database,
  grid: TimeGrid,
  fixedPoint: FixedPoint,
  sourceName: string,
  forcedModel: string | undefined,
): Promise<void> => {
  await makeNaiveErrors(database, grid, fixedPoint)
  await makeCandidates(database, fixedPoint)
  const { candidates } = await database.row(
    'SELECT CAST(count(*) AS DOUBLE) AS candidates FROM candidates',
    z.object({ candidates: z.number() }),
  )
  if (candidates === 0) {
    throw new HeadroomError('input-no-horizon', `${sourceName} has no future rows: column is_future or actual marks none.`, {
      next: 'Include the forecast rows that lie after the last measured time.',
    })
  }
  if (forcedModel !== undefined) await assertModelKnown(database, forcedModel, sourceName)
  await database.run(
    forcedModel === undefined
      ? `CREATE OR REPLACE TABLE selected_models AS
         WITH fleet AS (
           SELECT model, median(coalesce(mase, own_mase)) AS median_mase, median(coalesce(mae, own_mae)) AS median_mae
           FROM candidates GROUP BY model
         ),
         ranked AS (
           SELECT c.series_id, c.model,
                  row_number() OVER (PARTITION BY c.series_id ORDER BY
                    CASE WHEN c.series_common_points >= ${fewestCommonPoints} THEN c.mae END NULLS LAST,
                    CASE WHEN c.series_common_points < ${fewestCommonPoints} THEN f.median_mase END NULLS LAST,
                    CASE WHEN c.series_common_points < ${fewestCommonPoints} THEN f.median_mae END NULLS LAST,
                    c.model) AS place
           FROM candidates c JOIN fleet f USING (model)
         )
         SELECT series_id, model FROM ranked WHERE place = 1 ORDER BY series_id`
      : 'CREATE OR REPLACE TABLE selected_models AS SELECT series_id, model FROM candidates WHERE model = ? ORDER BY series_id',
    forcedModel === undefined ? [] : [forcedModel],
  )
}

const assertModelKnown = async (database: Database, model: string, sourceName: string): Promise<void> => {
  const known = await database.rows('SELECT DISTINCT model FROM candidates ORDER BY model LIMIT 20', z.object({ model: z.string() }))
  if (known.some((row) => row.model === model)) return
  throw new HeadroomError('input-model-unknown', `Column model of ${sourceName} has no forecasts by "${model}".`, {
    next: `Use one of ${known.map((row) => row.model).join(', ')}.`,
  })
}

/** Mean |actual(t) - actual(t - lag)| per series over exact pairs, from the model that covers most of the measured times. */
const makeNaiveErrors = async (database: Database, grid: TimeGrid, fixedPoint: FixedPoint): Promise<void> => {
  await database.run(`
    CREATE OR REPLACE TABLE naive_errors AS
    WITH witness AS (
      SELECT s.series_id, m.server_id, m.metric, arg_max(m.model, (m.measured, -m.place)) AS model
      FROM (SELECT *, row_number() OVER (PARTITION BY server_id, metric ORDER BY model) AS place FROM series_models) m
      JOIN series s USING (server_id, metric)
      WHERE m.measured > 0 GROUP BY ALL
    ), measured AS (
      SELECT w.series_id, f.ts, f.actual FROM forecast_rows f JOIN witness w USING (server_id, metric, model)
      WHERE f.actual IS NOT NULL AND NOT coalesce(f.is_future, false)
    )
    SELECT series_id, nullif(${fixedSum('abs(a.actual - b.actual)', fixedPoint)} / count(*), 0) AS naive_error
    FROM measured a JOIN (SELECT series_id, ts + to_seconds(${grid.lagSeconds}) AS ts, actual FROM measured) b USING (series_id, ts)
    GROUP BY series_id`)
}

/**
 * Where all candidates cover the same backtest times (equal count and fingerprint of the times), the survey's sums are
 * the answer; the other series alone are joined row by row.
 */
const makeCandidates = async (database: Database, fixedPoint: FixedPoint): Promise<void> => {
  await database.run(`
    CREATE OR REPLACE TABLE candidate_rows AS
    SELECT s.series_id, m.*, h.horizon_points,
           count(*) FILTER (WHERE m.backtest_points > 0) OVER series_window AS tested_candidates,
           count(DISTINCT (m.backtest_points, m.backtest_times)) FILTER (WHERE m.backtest_points > 0) OVER series_window <= 1 AS aligned
    FROM series_models m JOIN horizon_counts h USING (server_id, metric, model) JOIN series s USING (server_id, metric)
    WHERE h.horizon_points > 0
    WINDOW series_window AS (PARTITION BY s.series_id)`)
  await database.run(`
    CREATE OR REPLACE TABLE unaligned_errors AS
    WITH tested AS (
      SELECT c.series_id, c.model, c.tested_candidates, f.ts, abs(f.actual - f.predicted) AS error
      FROM forecast f JOIN candidate_rows c USING (server_id, metric, model)
      WHERE NOT c.aligned AND NOT f.is_horizon AND f.actual IS NOT NULL AND f.predicted IS NOT NULL
    ), common AS (
      SELECT series_id, ts FROM tested GROUP BY series_id, ts, tested_candidates HAVING count(*) = tested_candidates
    )
    SELECT series_id, model, count(*) AS common_points, ${fixedSum('error', fixedPoint)} AS absolute_error
    FROM tested SEMI JOIN common USING (series_id, ts) GROUP BY ALL`)
  await database.run(`
    CREATE OR REPLACE TABLE candidates AS
    WITH scored AS (
      SELECT c.series_id, c.model, c.horizon_points, c.backtest_points, c.absolute_error / nullif(c.backtest_points, 0) AS own_mae,
             CAST(CASE WHEN c.aligned THEN c.backtest_points ELSE coalesce(u.common_points, 0) END AS INTEGER) AS common_points,
             CASE WHEN c.aligned THEN c.absolute_error ELSE u.absolute_error END AS absolute_error
      FROM candidate_rows c LEFT JOIN unaligned_errors u USING (series_id, model)
    )
    SELECT s.series_id, s.model, s.horizon_points, s.backtest_points, s.common_points,
           max(s.common_points) OVER (PARTITION BY s.series_id) AS series_common_points,
           s.absolute_error / nullif(s.common_points, 0) AS mae,
           s.absolute_error / nullif(s.common_points, 0) / n.naive_error AS mase,
           s.own_mae, s.own_mae / n.naive_error AS own_mase
    FROM scored s LEFT JOIN naive_errors n USING (series_id)
    ORDER BY s.series_id, s.model`)
  await database.run('DROP TABLE candidate_rows; DROP TABLE unaligned_errors')
}

// What reconciliation reads of a run: its forecasts once more with their marks, counted per model of each series.
import { join } from 'node:path'
import { z } from 'zod'
import { runFiles, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { escapeGlob, literal, type Database } from '../../database/database.ts'
import type { TimeZone } from '../../calendar/time-zone.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import { fixedPointFor, type FixedPoint } from '../../statistics/fixed-point.ts'
import { isHorizonSql } from '../../forecasts/forecast-columns.ts'
import { canonicalColumnsSql } from '../../forecasts/canonical-rows.ts'
import { openForecastDataset } from '../../forecasts/forecast-dataset.ts'
import { mixHorizons, module05Thresholds } from '../../engine/methods/module05.ts'
import { selectUpgradedServerRisk } from '../run/missing-columns.ts'

/** Module 05's quarter ends are days of the run's zone; holidays it marks as this run does. */
const module05Calendar = (zone: TimeZone): Calendar => ({
  isEoq: (ts) => `(month(${zone.localSql(ts)}) IN (3, 6, 9, 12) AND ${isLastOfMonthSql(zone.localSql(ts))})`,
  isHoliday: () => 'f.is_holiday',
  zone,
})

export const isLastOfMonthSql = (ts: string): string => `last_day(CAST(${ts} AS DATE)) = CAST(${ts} AS DATE)`

/**
 * Creates `server_risk` (the run's table), `forecast_rows`, the view `forecast` (with `is_horizon` and the run's `is_eoq`,
 * `is_holiday`), `series`, `mixed_horizon` (Module 05's future means and seasonal peaks) and `tallies`: per server, metric and
 * model the rows above each threshold. Returns how to add up repeatably.
 */
export const createTallies = async (database: Database, folder: string, manifest: RunManifest, zone: TimeZone): Promise<FixedPoint> => {
  const serverRiskFile = `read_parquet(${literal(escapeGlob(join(folder, runFiles.serverRisk)))})`
  await database.run(`CREATE OR REPLACE TABLE server_risk AS ${await selectUpgradedServerRisk(database, serverRiskFile)}`)
  const map = Object.fromEntries(manifest.mapped_columns.map(({ role, column }) => [role, column]))
  const reading = { ...manifest.config, map, wide: undefined }
  const { expressions } = await openForecastDataset(database, [join(folder, runFiles.flaggedForecasts)], reading, { flags: 'ignored' })
  await database.run(`
    CREATE OR REPLACE TABLE series AS
    SELECT CAST(row_number() OVER (ORDER BY server_id, metric) - 1 AS INTEGER) AS series_id, server_id, metric, model AS selected_model,
           last_measured_at, high_threshold, very_high_threshold
    FROM server_risk ORDER BY series_id`)
  await database.run(`
    CREATE OR REPLACE VIEW forecast AS
    SELECT n.*, ${isHorizonSql('n', 's.last_measured_at')} AS is_horizon,
           coalesce(n.model = s.selected_model, false) AS is_selected, s.high_threshold, s.very_high_threshold
    FROM (
      SELECT ${canonicalColumnsSql(expressions, ['server_id', 'metric', 'model', 'ts', 'actual', 'predicted', 'is_future'])},
             source.is_eoq, source.is_holiday
      FROM source
    ) n JOIN series s USING (server_id, metric)`)
  const { largest } = await database.row(
    'SELECT coalesce(max(abs(predicted)), 0) AS largest FROM forecast_rows',
    z.object({ largest: z.number() }),
  )
  const fixedPoint = fixedPointFor(largest)
  await mixHorizons(database, module05Calendar(zone), fixedPoint)
  await database.run(talliesQuery)
  return fixedPoint
}

const countAboveSql = (limit: string | number, rows = 'true'): string => `CAST(count_if(${rows} AND predicted > ${limit}) AS BIGINT)`

const talliesQuery = `
  CREATE OR REPLACE TABLE tallies AS
  SELECT server_id, metric, model, is_selected, high_threshold, very_high_threshold,
         count(*) AS row_count,
         ${countAboveSql(module05Thresholds.high)} AS over_module05_high, ${countAboveSql(module05Thresholds.very_high)} AS over_module05_very_high,
         ${countAboveSql('high_threshold')} AS over_high, ${countAboveSql('very_high_threshold')} AS over_very_high,
         ${countAboveSql('high_threshold', 'is_horizon')} AS horizon_over_high,
         ${countAboveSql('very_high_threshold', 'is_horizon')} AS horizon_over_very_high,
         max(predicted) AS peak, max(predicted) FILTER (NOT is_horizon) AS backtest_peak, max(predicted) FILTER (is_horizon) AS horizon_peak,
         max(predicted) FILTER (is_horizon AND (is_eoq OR is_holiday)) AS seasonal_peak
  FROM forecast
  GROUP BY server_id, metric, model, is_selected, high_threshold, very_high_threshold`

// Opens a run folder of Module 05: computes what it lacks (server risk, selected models) in the database and writes nothing.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { module05FolderConfig } from '../../../src-shared/config/analysis-config.ts'
import { utcClock } from '../../../src-shared/run/zone-clock.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { escapeGlob, identifier, literal, type Database } from '../../database/database.ts'
import { measureBacktests } from '../backtest/measure-backtests.ts'
import { estimateBreaches } from '../breach/estimate-breaches.ts'
import { readSimulationTask } from '../breach/path-batches.ts'
import { assessFleet } from '../analyze.ts'
import type { AssessedFleet } from '../fleet-stages.ts'
import { silentProgress } from '../progress.ts'
import { headroom } from './headroom.ts'
import { assignRecommendations } from '../recommendations/assign-recommendations.ts'
import { canonicalColumnsSql } from '../../forecasts/canonical-rows.ts'
import { withoutNanSql } from '../../forecasts/value-sql.ts'
import { isHorizonSql } from '../../forecasts/forecast-columns.ts'
import { readMetricColumns, storeSeriesCapacity } from '../capacity/series-capacity.ts'
import { createServerTables, serverRiskQuery, type ServerClusterRow } from '../artefacts/write-server-risk.ts'

/**
 * Creates the relations that queries read: `flagged` (server_id, metric, model, ts, actual, predicted, is_horizon,
 * is_selected, is_eoq, is_holiday) and `server_risk`. The folder's flags and clusters are used where it has them.
 */
export const assessModule05Run = async (database: Database, folder: string): Promise<void> => {
  const config = module05FolderConfig()
  const flaggedFile = join(folder, runFiles.flaggedForecasts)
  const fleet = await assessFleet(
    { database, config, method: headroom, progress: silentProgress },
    { inputs: [flaggedFile] },
    { flags: 'ignored' },
  )
  const { measures } = await measureBacktests(database, config, fleet)
  await applyFolderFindings(database, fleet)
  await estimateBreaches(database, config, await readSimulationTask(database, config, fleet.grid, measures), undefined)
  const { fleet: recommended } = await assignRecommendations(database, config, null, null, null, utcClock)
  await storeSeriesCapacity(database, await readMetricColumns(database, config))
  await createServerTables(database, await readClusters(database, folder), recommended)
  await database.run(`CREATE OR REPLACE TABLE server_risk AS ${serverRiskQuery}`)
  await createFlaggedView(database, fleet)
}

const flagColumn = (fleet: AssessedFleet, name: string): string | undefined => {
  const match = fleet.dataset.schema.find(({ column }) => column.toLowerCase() === name)
  return match === undefined ? undefined : identifier(match.column)
}

/** Module 05 wrote flags as whole numbers. */
const flagValue = (column: string): string => `(${withoutNanSql(`CAST(source.${column} AS DOUBLE)`)} <> 0)`

/** Module 05's seasonal peaks and underutilised servers replace Headroom's. */
const applyFolderFindings = async (database: Database, fleet: AssessedFleet): Promise<void> => {
  const underutilizedColumn = flagColumn(fleet, 'is_underutilized')
  const seasonalPeakColumn = flagColumn(fleet, 'seasonal_peak_risk')
  const { server_id, metric } = fleet.dataset.expressions
  if (underutilizedColumn !== undefined) {
    await database.run(`
      UPDATE series_risk SET is_underutilized = module05.flag
      FROM (SELECT ${server_id} AS server_id, coalesce(bool_or(${flagValue(underutilizedColumn)}), false) AS flag FROM source GROUP BY 1) module05
      WHERE module05.server_id = series_risk.server_id`)
  }
  if (seasonalPeakColumn !== undefined) {
    await database.run(`
      UPDATE series_risk SET seasonal_peak_risk = module05.peak
      FROM (SELECT ${server_id} AS server_id, ${metric} AS metric, max(${withoutNanSql(`CAST(source.${seasonalPeakColumn} AS DOUBLE)`)}) AS peak FROM source GROUP BY 1, 2) module05
      WHERE module05.server_id = series_risk.server_id AND module05.metric = series_risk.metric`)
  }
}

const createFlaggedView = async (database: Database, fleet: AssessedFleet): Promise<void> => {
  const { expressions } = fleet.dataset
  const flagExpression = (name: string, computed: string): string => {
    const folderColumn = flagColumn(fleet, name)
    return folderColumn === undefined ? computed : `coalesce(${flagValue(folderColumn)}, false)`
  }
  await database.run(`
    CREATE OR REPLACE VIEW flagged AS
    SELECT n.server_id, n.metric, n.model, n.ts, n.actual, n.predicted,
           ${isHorizonSql('n', 'r.last_measured_at')} AS is_horizon,
           coalesce(n.model = r.model, false) AS is_selected, n.is_eoq, n.is_holiday
    FROM (
      SELECT ${canonicalColumnsSql(expressions, ['server_id', 'metric', 'model', 'ts', 'actual', 'predicted', 'is_future'])},
             ${flagExpression('is_eoq', fleet.calendar.isEoq(expressions.ts))} AS is_eoq,
             ${flagExpression('is_holiday', fleet.calendar.isHoliday(expressions.ts))} AS is_holiday
      FROM source
    ) n JOIN server_risk r USING (server_id, metric)`)
}

const readClusters = async (database: Database, folder: string): Promise<ServerClusterRow[]> => {
  const path = join(folder, runFiles.clusters)
  if (!existsSync(path)) return []
  const rows = await database.rows(
    `SELECT CAST(server_id AS VARCHAR) AS server_id, CAST(cluster AS INTEGER) AS cluster FROM read_csv(${literal(escapeGlob(path))})`,
    z.object({ server_id: z.string(), cluster: z.int().nullable() }),
  )
  return rows.map(({ server_id, cluster }) => [server_id, cluster, cluster === null ? null : `cluster ${cluster}`])
}

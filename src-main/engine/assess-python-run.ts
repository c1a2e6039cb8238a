// A folder of the Python original, opened: what it lacks (server risk, the accountable model) is computed into the database, nothing is written.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { completeConfig } from '../../src-shared/analysis-config.ts'
import { runFiles } from '../../src-shared/run-manifest.ts'
import { identifier, literal, type Database } from '../database/database.ts'
import { measureBacktests } from './measure-backtests.ts'
import { estimateBreaches } from './breach/estimate-breaches.ts'
import { assessFleet, type AssessedFleet } from './assess-fleet.ts'
import { disposeServers } from './recommend.ts'
import { literalPath } from './source-files.ts'
import { makeServerMarks, serverRiskQuery, type ClusterMark } from './write-server-risk.ts'

/**
 * Creates the relations that queries read: `flagged` (server_id, metric, model, ts, actual, predicted, is_horizon,
 * is_selected, is_eoq, is_holiday) and `server_risk`. The folder's own flags and clusters are kept where it has them.
 */
export const assessPythonRun = async (database: Database, folder: string): Promise<void> => {
  const config = completeConfig({}, 'headroom')
  const flaggedFile = join(folder, runFiles.flaggedForecasts)
  const fleet = await assessFleet(
    database,
    { inputs: [flaggedFile], method: 'headroom' },
    config,
    { start: () => undefined },
    { flags: 'left aside' },
  )
  const { evidence } = await measureBacktests(database, config, fleet)
  await keepOwnFindings(database, fleet)
  await estimateBreaches(database, config, fleet.grid, evidence, undefined)
  await makeServerMarks(database, await readClusters(database, folder), await disposeServers(database, config))
  await database.run(`CREATE OR REPLACE TABLE server_risk AS ${serverRiskQuery}`)
  await makeFlagged(database, fleet)
}

const flagColumn = (fleet: AssessedFleet, name: string): string | undefined => {
  const found = fleet.source.schema.find(({ column }) => column.toLowerCase() === name)
  return found === undefined ? undefined : identifier(found.column)
}

/** Flags were whole numbers there. */
const flagValue = (column: string): string => `(CAST(source.${column} AS DOUBLE) <> 0)`

/** The original's findings per server win over ours: its seasonal peak and its idle servers. */
const keepOwnFindings = async (database: Database, fleet: AssessedFleet): Promise<void> => {
  const idle = flagColumn(fleet, 'is_underutilized')
  const seasonal = flagColumn(fleet, 'seasonal_peak_risk')
  const { server_id, metric } = fleet.source.expressions
  if (idle !== undefined) {
    await database.run(`
      UPDATE series_risk SET is_underutilized = own.flag
      FROM (SELECT ${server_id} AS server_id, coalesce(bool_or(${flagValue(idle)}), false) AS flag FROM source GROUP BY 1) own
      WHERE own.server_id = series_risk.server_id`)
  }
  if (seasonal !== undefined) {
    await database.run(`
      UPDATE series_risk SET seasonal_peak_risk = own.peak
      FROM (SELECT ${server_id} AS server_id, ${metric} AS metric, nullif(max(CAST(source.${seasonal} AS DOUBLE)), CAST('NaN' AS DOUBLE)) AS peak FROM source GROUP BY 1, 2) own
      WHERE own.server_id = series_risk.server_id AND own.metric = series_risk.metric`)
  }
}

const makeFlagged = async (database: Database, fleet: AssessedFleet): Promise<void> => {
  const { server_id, metric, model, ts, actual, predicted, is_future } = fleet.source.expressions
  const mark = (name: string, computed: string): string => {
    const own = flagColumn(fleet, name)
    return own === undefined ? computed : `coalesce(${flagValue(own)}, false)`
  }
  await database.run(`
    CREATE OR REPLACE VIEW flagged AS
    SELECT n.server_id, n.metric, n.model, n.ts, n.actual, n.predicted,
           coalesce(n.is_future, n.actual IS NULL AND (r.last_measured_at IS NULL OR n.ts > r.last_measured_at)) AS is_horizon,
           coalesce(n.model = r.model, false) AS is_selected, n.is_eoq, n.is_holiday
    FROM (
      SELECT ${server_id} AS server_id, ${metric} AS metric, ${model} AS model, ${ts} AS ts,
             ${actual} AS actual, ${predicted} AS predicted, ${is_future} AS is_future,
             ${mark('is_eoq', fleet.calendar.isEoq(ts))} AS is_eoq,
             ${mark('is_holiday', fleet.calendar.isHoliday(ts))} AS is_holiday
      FROM source
    ) n JOIN server_risk r USING (server_id, metric)`)
}

const readClusters = async (database: Database, folder: string): Promise<ClusterMark[]> => {
  const path = join(folder, runFiles.clusters)
  if (!existsSync(path)) return []
  const rows = await database.rows(
    `SELECT CAST(server_id AS VARCHAR) AS server_id, CAST(cluster AS INTEGER) AS cluster FROM read_csv(${literal(literalPath(path))})`,
    z.object({ server_id: z.string(), cluster: z.int().nullable() }),
  )
  return rows.map(({ server_id, cluster }) => [server_id, cluster, cluster === null ? null : `cluster ${cluster}`])
}

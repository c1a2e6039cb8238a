// The capacity behind each series, in its own unit, and when it last changed.
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { capacityColumnOf, capacityUnits, type CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import { literal, type Database } from '../../database/database.ts'

/**
 * By metric; absent where it has none. Processors count in `capacity_units` where neither a server nor the history states cores. Reads `series`,
 * `server_attributes`, `capacity_history`.
 */
export const readMetricColumns = async (
  database: Database,
  config: Pick<AnalysisConfig, 'metric_capacities'>,
): Promise<ReadonlyMap<string, CapacityColumn>> => {
  const metrics = await database.rows('SELECT DISTINCT metric FROM series ORDER BY metric', z.object({ metric: z.string() }))
  const { hasCores } = await database.row(
    `SELECT coalesce(bool_or(cores > 0), false) OR EXISTS (SELECT 1 FROM capacity_history WHERE capacity_column = 'cores') AS "hasCores"
     FROM server_attributes`,
    z.object({ hasCores: z.boolean() }),
  )
  return new Map(
    metrics.flatMap(({ metric }) => {
      const column = capacityColumnOf(config, metric)
      return column === undefined ? [] : [[metric, column === 'cores' && !hasCores ? 'capacity_units' : column]]
    }),
  )
}

/** Creates `capacity_history` without a row: capacities that forecasts state are entered later. */
export const createCapacityHistory = async (database: Database): Promise<void> => {
  await database.run(
    'CREATE OR REPLACE TABLE capacity_history (server_id VARCHAR, capacity_column VARCHAR, since TIMESTAMP, capacity DOUBLE)',
  )
}

/**
 * Creates `series_capacity` (series_id, capacity, capacity_unit, capacity_changes, capacity_changed_at), a row per series whose capacity is known and
 * above 0. Reads `series`, `server_attributes`, `capacity_history`.
 */
export const storeSeriesCapacity = async (database: Database, columns: ReadonlyMap<string, CapacityColumn>): Promise<void> => {
  const caseSql = (valueOf: (column: CapacityColumn) => string): string =>
    columns.size === 0
      ? 'NULL'
      : `CASE s.metric ${[...columns].map(([metric, column]) => `WHEN ${literal(metric)} THEN ${valueOf(column)}`).join(' ')} END`
  await database.run(`
    CREATE OR REPLACE TABLE series_capacity AS
    SELECT * FROM (
      SELECT s.series_id, CAST(coalesce(h.latest, ${caseSql((column) => `a.${column}`)}) AS DOUBLE) AS capacity,
             CAST(${caseSql((column) => literal(capacityUnits[column]))} AS VARCHAR) AS capacity_unit,
             CAST(coalesce(h.changes, 0) AS INTEGER) AS capacity_changes, h.changed_at AS capacity_changed_at
      FROM series s LEFT JOIN server_attributes a USING (server_id)
      LEFT JOIN (SELECT server_id, capacity_column, arg_max(capacity, since) AS latest, count(*) - 1 AS changes,
                        CASE WHEN count(*) > 1 THEN max(since) END AS changed_at
                 FROM capacity_history GROUP BY ALL) h
        ON h.server_id = s.server_id AND h.capacity_column = CAST(${caseSql(literal)} AS VARCHAR))
    WHERE capacity > 0 ORDER BY series_id`)
}

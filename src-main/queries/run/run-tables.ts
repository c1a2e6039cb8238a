// The two relations that every query reads, `flagged` and `server_risk`, as views of a run folder's files.
import { join } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles, runFormatVersion, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { escapeGlob, identifier, literal, type Database } from '../../database/database.ts'
import type { RunContents } from './run-contents.ts'
import { horizonAfterSql, isHorizonSql, type MappedColumns, requiredRoles } from '../../forecasts/forecast-columns.ts'
import { canonicalColumnsSql, canonicalExpressions } from '../../forecasts/canonical-rows.ts'
import { selectUpgradedServerRisk } from './missing-columns.ts'

/** A Module 05 folder, which has no manifest, is assessed first; that takes the main schema. */
export const createRunTables = async (database: Database, { folder, manifest }: RunContents, schema = 'main'): Promise<void> => {
  if (manifest !== null) return createTablesFromFiles(database, folder, manifest, schema)
  const { assessModule05Run } = await import('../../engine/methods/assess-module05-run.ts')
  await assessModule05Run(database, folder)
}

/**
 * `flagged`: server_id VARCHAR, metric VARCHAR, model VARCHAR, ts TIMESTAMP, actual, predicted, yhat_lower, yhat_upper DOUBLE (NaN
 * as NULL), is_horizon, is_selected, is_eoq, is_holiday BOOLEAN: the flagged forecasts under Headroom's column names; the file keeps
 * the user's. `flagged_rows` has is_future instead of is_horizon, and row_number, a row's position in the file (NULL where a column of
 * the user has the name of DuckDB's row number). `server_risk`: as in src-shared/artefacts/server-risk.ts, also for runs of older
 * versions. Both are created in `schema`, so that one database can hold several runs.
 */
const createTablesFromFiles = async (database: Database, folder: string, manifest: RunManifest, schema: string): Promise<void> => {
  await createServerRisk(database, { folder }, schema, isViewed(manifest) ? 'VIEW' : 'TABLE')
  await createFlaggedRows(database, { folder, manifest }, schema)
  const schemaName = identifier(schema)
  await database.run(`
    CREATE OR REPLACE VIEW ${schemaName}.flagged AS
    SELECT
      n.server_id, n.metric, n.model, n.ts, n.actual, n.predicted, n.yhat_lower, n.yhat_upper,
      ${isHorizonSql('n', horizonAfterSql('r'))} AS is_horizon,
      n.is_selected, n.is_eoq, n.is_holiday
    FROM ${schemaName}.flagged_rows n LEFT JOIN ${schemaName}.server_risk r ON r.server_id = n.server_id AND r.metric = n.metric`)
}

/** As a table, all columns of so many series take some 400 MB. */
const maxSeriesInTable = 200_000

/** A view of a large fleet reads the columns that a query names. Columns that an older version did not write are computed once. */
const isViewed = ({ counts, format_version }: RunManifest): boolean =>
  counts.series > maxSeriesInTable && format_version === runFormatVersion

/** `server_risk` alone, in `schema`; a view reads the columns that a query names. */
export const createServerRisk = async (
  database: Database,
  { folder }: Pick<RunContents, 'folder'>,
  schema: string,
  kind: 'TABLE' | 'VIEW',
): Promise<void> => {
  const schemaName = identifier(schema)
  await database.run(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`)
  const serverRisk = await selectUpgradedServerRisk(
    database,
    `read_parquet(${fileOf(folder, runFiles.serverRisk)}, hive_partitioning = false)`,
  )
  await database.run(`CREATE OR REPLACE ${kind} ${schemaName}.server_risk AS ${serverRisk}`)
}

/** `flagged_rows` alone, in `schema`. */
export const createFlaggedRows = async (
  database: Database,
  { folder, manifest }: { readonly folder: string; readonly manifest: RunManifest },
  schema: string,
): Promise<void> => {
  const expressions = canonicalExpressions(readMappedColumns(folder, manifest), manifest.config)
  const isNumbered = !manifest.schema.some((field) => field.column.toLowerCase() === 'file_row_number')
  const schemaName = identifier(schema)
  await database.run(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`)
  await database.run(`
    CREATE OR REPLACE VIEW ${schemaName}.flagged_rows AS
      SELECT
        ${canonicalColumnsSql(expressions, canonicalNames)},
        f.is_selected, f.is_eoq, f.is_holiday,
        ${isNumbered ? 'f.file_row_number' : 'CAST(NULL AS BIGINT)'} AS row_number
      FROM read_parquet(${fileOf(folder, runFiles.flaggedForecasts)}${isNumbered ? ', file_row_number = true' : ''}, hive_partitioning = false) f`)
}

const fileOf = (folder: string, name: string): string => literal(escapeGlob(join(folder, name)))

const canonicalNames = ['server_id', 'metric', 'model', 'ts', 'actual', 'predicted', 'yhat_lower', 'yhat_upper', 'is_future'] as const

/** Throws run-damaged. */
const readMappedColumns = (folder: string, manifest: RunManifest): MappedColumns => {
  const columns = new Map(manifest.mapped_columns.map(({ role, column, type }) => [role, { column, type }]))
  const missing = requiredRoles.find((role) => !columns.has(role))
  if (missing !== undefined) throw new HeadroomError('run-damaged', `The manifest of ${folder} does not say which column is ${missing}.`)
  return Object.fromEntries(columns) as MappedColumns
}

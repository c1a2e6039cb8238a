// The two relations that every query reads, `flagged` and `server_risk`, as views of a run folder's files.
import { join } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { identifier, literal, type Database } from '../../database/database.ts'
import type { RunContents } from './run-contents.ts'
import { selectUpgradedServerRisk } from './missing-columns.ts'
import { escapeGlob } from '../../database/sql-text.ts'

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
  const types = new Map(manifest.mapped_columns.map(({ role, column, type }) => [role, { column, type }]))
  const column = (role: string): string | null => {
    const mapping = types.get(role)
    return mapping === undefined ? null : `f.${identifier(mapping.column)}`
  }
  const requiredColumn = (role: string): string => {
    const columnSql = column(role)
    if (columnSql === null) throw new HeadroomError('run-damaged', `The manifest of ${folder} does not say which column is ${role}.`)
    return columnSql
  }
  const number = (expression: string): string =>
    `CASE WHEN isnan(CAST(${expression} AS DOUBLE)) THEN NULL ELSE CAST(${expression} AS DOUBLE) END`
  const time = requiredColumn('timestamp')
  // A plain cast of text would drop its offset silently.
  const isText = /CHAR|TEXT|STRING/i.test(types.get('timestamp')?.type ?? '')
  const ts = isText ? `CAST(CAST(${time} AS TIMESTAMPTZ) AS TIMESTAMP)` : `CAST(${time} AS TIMESTAMP)`
  const optionalNumber = (role: string): string => {
    const columnSql = column(role)
    return columnSql === null ? 'CAST(NULL AS DOUBLE)' : number(columnSql)
  }
  const textOr = (columnSql: string | null, missing: string): string =>
    columnSql === null ? literal(missing) : `coalesce(CAST(${columnSql} AS VARCHAR), ${literal(missing)})`
  const isFuture = column('is_future')
  const isNumbered = !manifest.schema.some((field) => field.column.toLowerCase() === 'file_row_number')
  const file = (name: string): string => literal(escapeGlob(join(folder, name)))
  const schemaName = identifier(schema)
  await database.run(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`)
  const serverRisk = await selectUpgradedServerRisk(database, `read_parquet(${file(runFiles.serverRisk)})`)
  await database.run(`CREATE OR REPLACE TABLE ${schemaName}.server_risk AS ${serverRisk}`)
  await database.run(`
    CREATE OR REPLACE VIEW ${schemaName}.flagged_rows AS
      SELECT
        CAST(${requiredColumn('server_id')} AS VARCHAR) AS server_id,
        ${textOr(column('metric'), manifest.config.target_metric)} AS metric,
        ${textOr(column('model'), 'forecast')} AS model,
        ${ts} AS ts,
        ${optionalNumber('actual')} AS actual,
        ${number(requiredColumn('predicted'))} AS predicted,
        ${optionalNumber('yhat_lower')} AS yhat_lower,
        ${optionalNumber('yhat_upper')} AS yhat_upper,
        ${isFuture === null ? 'CAST(NULL AS BOOLEAN)' : `CAST(${isFuture} AS BOOLEAN)`} AS is_future,
        f.is_selected, f.is_eoq, f.is_holiday,
        ${isNumbered ? 'f.file_row_number' : 'CAST(NULL AS BIGINT)'} AS row_number
      FROM read_parquet(${file(runFiles.flaggedForecasts)}${isNumbered ? ', file_row_number = true' : ''}) f`)
  await database.run(`
    CREATE OR REPLACE VIEW ${schemaName}.flagged AS
    SELECT
      n.server_id, n.metric, n.model, n.ts, n.actual, n.predicted, n.yhat_lower, n.yhat_upper,
      coalesce(n.is_future, n.actual IS NULL AND (r.last_measured_at IS NULL OR n.ts > r.last_measured_at)) AS is_horizon,
      n.is_selected, n.is_eoq, n.is_holiday
    FROM ${schemaName}.flagged_rows n LEFT JOIN ${schemaName}.server_risk r ON r.server_id = n.server_id AND r.metric = n.metric`)
}

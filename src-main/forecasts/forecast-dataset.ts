// Opens forecasts in DuckDB: `source` is the dataset as it is, `forecast_rows` the same rows by canonical names and types.
import { z } from 'zod'
import { identifier, literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { readFileSchemas, assertCompatibleColumns, assertRequiredColumns } from './file-schemas.ts'
import { isFlagColumn, mapColumns, type MappedColumns, type ForecastColumn } from './forecast-columns.ts'
import { assertUnchanged, findForecastFiles, parquetRelationSql, type ForecastFile } from './forecast-files.ts'

export interface ForecastDataset {
  readonly files: readonly ForecastFile[]
  /** Name of the dataset in messages: the file, or "the dataset of N files". */
  readonly name: string
  readonly schema: readonly ForecastColumn[]
  readonly columns: MappedColumns
  /** SQL over `source` for the canonical value of each role. */
  readonly expressions: ForecastExpressions
}

export interface ForecastExpressions {
  readonly server_id: string
  readonly metric: string
  readonly model: string
  readonly ts: string
  readonly actual: string
  readonly predicted: string
  readonly yhat_lower: string
  readonly yhat_upper: string
  /** As the dataset states it; NULL where it does not. */
  readonly is_future: string
  readonly cutoff: string
  readonly horizon_offset: string
}

/** Creates the views `source` and `forecast_rows`. `flags`: whether flag columns of an earlier analysis are refused or left aside. */
export const openForecastDataset = async (
  database: Database,
  inputs: readonly string[],
  config: Pick<AnalysisConfig, 'target_metric'>,
  flags: 'rejected' | 'ignored' = 'rejected',
): Promise<ForecastDataset> => {
  const files = await findForecastFiles(database, inputs)
  const name = files.length === 1 ? files[0]!.name : `the dataset of ${files.length} files`
  try {
    return await openFiles(database, files, name, config, flags)
  } catch (thrown) {
    throw await explainFailure({ files, name }, thrown)
  }
}

const openFiles = async (
  database: Database,
  files: readonly ForecastFile[],
  name: string,
  config: Pick<AnalysisConfig, 'target_metric'>,
  flags: 'rejected' | 'ignored',
): Promise<ForecastDataset> => {
  const schemas = await readFileSchemas(database, files).catch((cause: unknown) => {
    throw damagedFileError(files, name, cause)
  })
  assertCompatibleColumns(schemas)
  const columnRows = await database
    .run(`CREATE OR REPLACE VIEW source AS SELECT * FROM ${parquetRelationSql(files)}`)
    .then(() => database.rows('DESCRIBE source', z.object({ column_name: z.string(), column_type: z.string() })))
    .catch((cause: unknown) => {
      throw damagedFileError(files, name, cause)
    })
  const schema = columnRows.map((row) => ({ column: row.column_name, type: row.column_type }))
  const columns = mapColumns(flags === 'rejected' ? schema : schema.filter((column) => !isFlagColumn(column)), name)
  assertRequiredColumns(schemas, columns)
  const expressions = canonicalExpressions(columns, config.target_metric)
  await database.run(`CREATE OR REPLACE VIEW forecast_rows AS ${forecastRowsQuery(expressions)}`)
  return { files, name, schema, columns, expressions }
}

export const forecastRowsQuery = (expressions: ForecastExpressions): string => `SELECT ${canonicalColumnsSql(expressions)} FROM source`

/** Canonical columns for a SELECT over the rows as they were given. */
export const canonicalColumnsSql = (
  expressions: ForecastExpressions,
  names: readonly (keyof ForecastExpressions)[] = Object.keys(expressions) as (keyof ForecastExpressions)[],
): string => names.map((name) => `${expressions[name]} AS ${identifier(name)}`).join(', ')

/** A failure to read, told as damage of the file that DuckDB names; what has nothing to do with reading stays as it was. */
export const damagedFileError = (files: readonly ForecastFile[], name: string, cause: unknown): unknown => {
  if (!(cause instanceof HeadroomError) || cause.code !== 'query-failed') return cause
  const damagedFileEntry = files.find(({ path }) => cause.message.includes(path))
  return new HeadroomError(
    'input-not-parquet',
    `${damagedFileEntry?.name ?? name} is a damaged Parquet file: its contents cannot be read.`,
    {
      next: 'Write, copy or download the file again.',
      cause,
    },
  )
}

/** How DuckDB begins its complaints about values; those about our own SQL begin otherwise. */
const dataErrorPattern = /^(Invalid Input|IO|Conversion|Out of Range|Serialization|Invalid) Error|^Invalid unicode/

/** What a failure of a set that was opened means: the files changed meanwhile, or hold what cannot be taken; else it stays as it was. */
export const explainFailure = async ({ files, name }: Pick<ForecastDataset, 'files' | 'name'>, cause: unknown): Promise<unknown> => {
  if (!(cause instanceof HeadroomError) || (cause.code !== 'query-failed' && cause.code !== 'input-not-parquet')) return cause
  await assertUnchanged(files)
  return dataErrorPattern.test(cause.message) ? damagedFileError(files, name, cause) : cause
}

export const canonicalExpressions = (columns: MappedColumns, targetMetric: string): ForecastExpressions => {
  const textSql = (column: ForecastColumn | undefined, fallbackSql: string): string =>
    column === undefined ? fallbackSql : `coalesce(CAST(${identifier(column.column)} AS VARCHAR), ${fallbackSql})`
  return {
    server_id: `CAST(${identifier(columns.server_id.column)} AS VARCHAR)`,
    metric: textSql(columns.metric, literal(targetMetric)),
    model: textSql(columns.model, literal('forecast')),
    ts: instantSql(columns.timestamp),
    actual: numberSql(columns.actual),
    predicted: numberSql(columns.predicted),
    yhat_lower: numberSql(columns.yhat_lower),
    yhat_upper: numberSql(columns.yhat_upper),
    is_future: columns.is_future === undefined ? 'CAST(NULL AS BOOLEAN)' : `CAST(${identifier(columns.is_future.column)} AS BOOLEAN)`,
    cutoff: columns.cutoff === undefined ? 'CAST(NULL AS TIMESTAMP)' : instantSql(columns.cutoff),
    horizon_offset: numberSql(columns.horizon_offset),
  }
}

/** A number in DOUBLE; NaN counts as NULL, since in DuckDB NaN is greater than every threshold. */
const numberSql = (column: ForecastColumn | undefined): string => {
  if (column === undefined) return 'CAST(NULL AS DOUBLE)'
  const value = `CAST(${identifier(column.column)} AS DOUBLE)`
  return /^(FLOAT|DOUBLE)$/.test(column.type) ? `nullif(${value}, CAST('NaN' AS DOUBLE))` : value
}

/** A time in UTC without zone. Text goes through TIMESTAMPTZ: a plain cast would drop the offset silently. */
const instantSql = (column: ForecastColumn): string => {
  const name = identifier(column.column)
  if (column.type === 'VARCHAR') return `CAST(TRY_CAST(${name} AS TIMESTAMPTZ) AS TIMESTAMP)`
  return `CAST(${name} AS TIMESTAMP)`
}

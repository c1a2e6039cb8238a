// Opens forecasts in DuckDB: `source` is the dataset as it is, `forecast_rows` the same rows by canonical names and types.
import { z } from 'zod'
import { escapeGlob, identifier, literal, type Database } from '../database/database.ts'
import { readFileFooter, topLevelElements } from '../parquet/parquet-footer.ts'
import { ThriftError } from '../parquet/thrift-compact.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { fractionMetrics, type UnitConfig } from '../../src-shared/config/metric-units.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import {
  describeType,
  isBinary,
  isFlagColumn,
  isRoleName,
  mapColumns,
  type MappedColumns,
  type ForecastColumn,
} from './forecast-columns.ts'
import { describeLeftOut, maxNamed, sortFolderKeys } from './dataset-files.ts'
import {
  assertUnchanged,
  commonFolderKeys,
  findForecastFiles,
  folderValueSql,
  parquetRelationSql,
  type ForecastFile,
} from './forecast-files.ts'
import { unreadableReason } from './unreadable-parquet.ts'

export interface ForecastDataset {
  readonly files: readonly ForecastFile[]
  /** Name of the dataset in messages: the file, or "the dataset of N files". */
  readonly name: string
  readonly schema: readonly ForecastColumn[]
  readonly columns: MappedColumns
  /** SQL over `source` for the canonical value of each role. */
  readonly expressions: ForecastExpressions
  /** The SELECT of `source`, with one more column. */
  readonly sourceQuery: (column: string) => string
  /** Keys of the folders that are no columns, since the files hold them. */
  readonly repeatedKeys: readonly string[]
  /** About files that were left out, and about folders whose key differs from the file's column. */
  readonly warnings: readonly RunWarning[]
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
  config: UnitConfig,
  flags: 'rejected' | 'ignored' = 'rejected',
): Promise<ForecastDataset> => {
  const { files, leftOut } = await findForecastFiles(database, inputs)
  const name = files.length === 1 ? files[0]!.name : `the dataset of ${files.length} files`
  try {
    const dataset = await openFiles(database, files, name, config, flags)
    return { ...dataset, warnings: [...leftOutWarnings(leftOut), ...(await findFolderConflicts(database, dataset))] }
  } catch (thrown) {
    throw await explainFailure({ files, name }, thrown)
  }
}

const leftOutWarnings = (leftOut: readonly string[]): RunWarning[] =>
  leftOut.length === 0
    ? []
    : [
        {
          code: 'files-left-out',
          message: describeLeftOut(leftOut),
          count: leftOut.length,
          examples: [...leftOut].sort().slice(0, maxNamed),
        },
      ]

const openFiles = async (
  database: Database,
  files: readonly ForecastFile[],
  name: string,
  config: UnitConfig,
  flags: 'rejected' | 'ignored',
): Promise<Omit<ForecastDataset, 'warnings'>> => {
  const schemas = await readFileSchemas(database, files).catch((cause: unknown) => {
    throw damagedFileError(files, name, cause)
  })
  assertCompatibleColumns(schemas)
  const fileColumns = schemas.flatMap((schema) => schema.columns.map(({ column }) => column))
  const { added, repeated } = sortFolderKeys(commonFolderKeys(files), fileColumns)
  const relation = parquetRelationSql(files, repeated.length > 0 ? 'ignored' : 'read')
  const describeSource = async (columnsSql: string): Promise<ForecastColumn[]> => {
    await database.run(`CREATE OR REPLACE VIEW source AS SELECT ${columnsSql} FROM ${relation}`)
    const described = await database.rows(
      `SELECT ${nameBytesSql('column_name')} AS name, column_type AS type FROM (DESCRIBE source)`,
      describedSchema,
    )
    return described.map(({ name: column, type }) => ({ column, type }))
  }
  const openSource = async (): Promise<{ schema: ForecastColumn[]; columnsSql: string }> => {
    // DuckDB reads all keys or none.
    let columnsSql = repeated.length > 0 ? ['*', ...added.map(folderColumnSql)].join(', ') : '*'
    const schema = await describeSource(columnsSql)
    const fileNames = new Set(fileColumns.map((column) => column.toLowerCase()))
    const reservedKeys = schema.filter((column) => isFlagColumn(column) && !fileNames.has(column.column.toLowerCase()))
    if (reservedKeys.length === 0) return { schema, columnsSql }
    columnsSql = `* EXCLUDE (${reservedKeys.map(({ column }) => identifier(column)).join(', ')})`
    return { schema: await describeSource(columnsSql), columnsSql }
  }
  const { schema, columnsSql } = await openSource().catch((cause: unknown) => {
    throw damagedFileError(files, name, cause)
  })
  const columns = mapColumns(flags === 'rejected' ? schema : schema.filter((column) => !isFlagColumn(column)), name)
  assertRequiredColumns(schemas, columns)
  const expressions = canonicalExpressions(columns, config)
  await database.run(`CREATE OR REPLACE VIEW forecast_rows AS ${forecastRowsQuery(expressions)}`)
  const sourceQuery = (column: string): string => `SELECT ${columnsSql}, ${column} FROM ${relation}`
  return { files, name, schema, columns, expressions, sourceQuery, repeatedKeys: repeated }
}

/** As DuckDB reads a key: text serves all roles but one. */
const folderColumnSql = (key: string): string =>
  `${key.toLowerCase() === 'is_future' ? `CAST(${folderValueSql(key)} AS BOOLEAN)` : folderValueSql(key)} AS ${identifier(key)}`

/** The day of a time, since folders are named by days; other values as they are. */
const findFolderConflicts = async (
  database: Database,
  { files, schema, repeatedKeys }: Pick<ForecastDataset, 'files' | 'schema' | 'repeatedKeys'>,
): Promise<RunWarning[]> => {
  const warnings: RunWarning[] = []
  for (const key of repeatedKeys) {
    const column = schema.find((candidate) => candidate.column.toLowerCase() === key.toLowerCase())
    if (column === undefined) continue
    const [value, folder] = [identifier(column.column), folderValueSql(key)]
    const type = /^(TIMESTAMP|DATE)/.test(column.type) ? 'DATE' : column.type
    const { count } = await database.row(
      `SELECT CAST(count(DISTINCT filename) AS DOUBLE) AS count FROM ${parquetRelationSql(files, 'ignored')}
       WHERE CAST(${value} AS ${type}) IS DISTINCT FROM TRY_CAST(${folder} AS ${type})`,
      z.object({ count: z.number() }),
    )
    if (count === 0) continue
    const message = `Column ${column.column} differs from the name of the folder in ${count.toLocaleString('en-US')} ${count === 1 ? 'file' : 'files'}: the column counts.`
    warnings.push({ code: 'folder-key-differs', message, count, examples: [key] })
  }
  return warnings
}

/** A name in hexadecimal digits: as text it loses a byte order mark on its way from DuckDB. */
const nameBytesSql = (name: string): string => `hex(encode(${name}))`
const nameSchema = z.string().transform((digits) => Buffer.from(digits, 'hex').toString('utf8'))
const describedSchema = z.object({ name: nameSchema, type: z.string() })

export const forecastRowsQuery = (expressions: ForecastExpressions): string => `SELECT ${canonicalColumnsSql(expressions)} FROM source`

/** Canonical columns for a SELECT over the rows as they were given. */
export const canonicalColumnsSql = (
  expressions: ForecastExpressions,
  names: readonly (keyof ForecastExpressions)[] = Object.keys(expressions) as (keyof ForecastExpressions)[],
): string => names.map((name) => `${expressions[name]} AS ${identifier(name)}`).join(', ')

/** Reports a failed read as damage of the file that DuckDB names; any other failure is returned unchanged. */
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
  const failure = dataErrorPattern.test(cause.message) ? damagedFileError(files, name, cause) : cause
  return failure instanceof HeadroomError && failure.code === 'input-not-parquet' ? await explainUnreadable(files, failure) : failure
}

/** The reason of a whole file that cannot be read; else the failure as it is. */
const explainUnreadable = async (files: readonly ForecastFile[], failure: HeadroomError): Promise<HeadroomError> => {
  for (const { path, name } of files) {
    try {
      const { metaData } = await readFileFooter(path)
      const reason = unreadableReason(metaData, name)
      if (reason !== undefined) return reason
    } catch (thrown) {
      if (!(thrown instanceof ThriftError)) throw thrown
    }
  }
  return failure
}

/** Values of metrics that are stated as fractions become percent. */
export const canonicalExpressions = (columns: MappedColumns, config: UnitConfig): ForecastExpressions => {
  const textSql = (column: ForecastColumn | undefined, fallbackSql: string): string =>
    column === undefined ? fallbackSql : `coalesce(${nameSql(column)}, ${fallbackSql})`
  const metric = textSql(columns.metric, literal(config.target_metric))
  const fractions = fractionMetrics(config).map(literal)
  const valueSql = (column: ForecastColumn | undefined): string => {
    const value = numberSql(column)
    return column === undefined || fractions.length === 0
      ? value
      : `${value} * CASE WHEN ${metric} IN (${fractions.join(', ')}) THEN 100 ELSE 1 END`
  }
  return {
    server_id: nameSql(columns.server_id),
    metric,
    model: textSql(columns.model, literal('forecast')),
    ts: instantSql(columns.timestamp),
    actual: valueSql(columns.actual),
    predicted: valueSql(columns.predicted),
    yhat_lower: valueSql(columns.yhat_lower),
    yhat_upper: valueSql(columns.yhat_upper),
    is_future: columns.is_future === undefined ? 'CAST(NULL AS BOOLEAN)' : `CAST(${identifier(columns.is_future.column)} AS BOOLEAN)`,
    cutoff: columns.cutoff === undefined ? 'CAST(NULL AS TIMESTAMP)' : instantSql(columns.cutoff),
    horizon_offset: numberSql(columns.horizon_offset),
  }
}

const nameSql = (column: ForecastColumn): string =>
  isBinary(column) ? `decode(${identifier(column.column)})` : `CAST(${identifier(column.column)} AS VARCHAR)`

/**
 * A value of which NaN counts as NULL: in DuckDB NaN is greater than every threshold. Compared with NaN, DuckDB would trust the minimum
 * and maximum in the footers, which leave NaN out, and drop the comparison.
 */
export const withoutNanSql = (value: string): string => `CASE WHEN isnan(${value}) THEN NULL ELSE ${value} END`

const numberSql = (column: ForecastColumn | undefined): string => {
  if (column === undefined) return 'CAST(NULL AS DOUBLE)'
  const value = `CAST(${identifier(column.column)} AS DOUBLE)`
  return /^(FLOAT|DOUBLE)$/.test(column.type) ? withoutNanSql(value) : value
}

/** A time in UTC without zone. Text goes through TIMESTAMPTZ: a plain cast would drop the offset silently. */
const instantSql = (column: ForecastColumn): string => {
  const name = identifier(column.column)
  if (column.type === 'VARCHAR') return `CAST(TRY_CAST(${name} AS TIMESTAMPTZ) AS TIMESTAMP)`
  return `CAST(${name} AS TIMESTAMP)`
}

interface FileSchema {
  readonly file: ForecastFile
  readonly columns: readonly ForecastColumn[]
}

const elementSchema = z.object({ path: z.string(), name: nameSchema, type: z.string().nullable(), children: z.number() })

/** The columns of each file, from its footer; nested ones as one column. */
const readFileSchemas = async (database: Database, files: readonly ForecastFile[]): Promise<FileSchema[]> => {
  const elements = await database.rows(
    `SELECT file_name AS path, ${nameBytesSql('name')} AS name, duckdb_type AS type, CAST(coalesce(num_children, 0) AS DOUBLE) AS children
     FROM parquet_schema([${files.map(({ path }) => literal(escapeGlob(path))).join(', ')}]) ORDER BY file_name, column_id`,
    elementSchema,
  )
  const byPath = new Map<string, z.infer<typeof elementSchema>[]>()
  for (const element of elements) {
    const fileElements = byPath.get(element.path)
    if (fileElements === undefined) byPath.set(element.path, [element])
    else fileElements.push(element)
  }
  return files.map((file) => ({ file, columns: topColumns(byPath.get(file.path) ?? []) }))
}

const topColumns = (elements: readonly z.infer<typeof elementSchema>[]): ForecastColumn[] =>
  topLevelElements(elements, ({ children }) => children).map(({ name, type, children }) => ({
    column: name,
    type: children > 0 ? 'STRUCT' : (type ?? ''),
  }))

/**
 * Refuses columns whose kind of value differs between files. Columns without a role may be text in some files: united they are
 * text in all. A column without any value agrees with every other.
 */
const assertCompatibleColumns = (schemas: readonly FileSchema[]): void => {
  const firstSeen = new Map<string, { readonly name: string; readonly type: string }>()
  for (const { file, columns } of schemas) {
    for (const { column, type } of columns) {
      const kind = valueKindOf(type)
      if (kind === 'nothing') continue
      const key = column.toLowerCase()
      const first = firstSeen.get(key)
      if (first === undefined) {
        firstSeen.set(key, { name: file.name, type })
        continue
      }
      const kinds = [kind, valueKindOf(first.type)]
      if (kinds[0] === kinds[1] || (!isRoleName(column) && kinds.includes('text'))) continue
      if (key === 'is_future' && kinds.every((valueKind) => valueKind === 'true and false' || valueKind === 'numbers')) continue
      throw new HeadroomError(
        'input-column-conflict',
        `Column ${column} of ${file.name} holds ${describeType(type)}, but in ${first.name} it holds ${describeType(first.type)}.`,
        { next: 'Write all files of the dataset with one schema.' },
      )
    }
  }
}

const valueKindOf = (type: string): string => {
  const described = describeType(type)
  if (/numbers/.test(described)) return 'numbers'
  return described === 'dates' ? 'times' : described
}

/** Refuses a file without one of the columns that every row needs; those of a partitioned tree's folder names are in none. */
const assertRequiredColumns = (schemas: readonly FileSchema[], { server_id, timestamp, predicted }: MappedColumns): void => {
  for (const { column } of [server_id, timestamp, predicted]) {
    const hasColumn = ({ columns }: FileSchema): boolean =>
      columns.some((candidate) => candidate.column.toLowerCase() === column.toLowerCase())
    const fileWithColumn = schemas.find(hasColumn)
    const fileWithoutColumn = fileWithColumn === undefined ? undefined : schemas.find((schema) => !hasColumn(schema))
    if (fileWithColumn === undefined || fileWithoutColumn === undefined) continue
    throw new HeadroomError(
      'input-column-missing',
      `${fileWithoutColumn.file.name} has no column ${column}, which ${fileWithColumn.file.name} has; it has ${fileWithoutColumn.columns.map((candidate) => candidate.column).join(', ')}.`,
      { next: 'Write all files of the dataset with one schema.' },
    )
  }
}

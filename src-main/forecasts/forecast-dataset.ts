// Opens forecasts in DuckDB: `source` is the dataset as it is, or converted, `forecast_rows` the same rows by canonical names and types.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { escapeGlob, identifier, literal, type Database } from '../database/database.ts'
import { readFileFooter, topLevelElements } from '../parquet/parquet-footer.ts'
import { ThriftError } from '../parquet/thrift-compact.ts'
import { findUnknownMetrics, type MetricChoice } from './chosen-metrics.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { fractionMetrics, turnedMetrics, type UnitConfig } from '../../src-shared/config/metric-units.ts'
import type { InputMapping } from '../../src-shared/run/input-mapping.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import {
  assertColumns,
  assertRequiredRoles,
  describeType,
  isFlagColumn,
  isNumericType,
  isRoleName,
  plainName,
  rejectFlagColumns,
  type ColumnRole,
  type MappedColumns,
  type ForecastColumn,
} from './forecast-columns.ts'
import { convertForecasts, dropEarlierCutoffs, hasOverlappingCutoffs, quantilesSql, type ReadGroup } from './convert-forecasts.ts'
import { describeLeftOut, folderKeys, maxNamed, sortFolderKeys } from './dataset-files.ts'
import {
  assertUnchanged,
  commonFolderKeys,
  findForecastFiles,
  folderValueSql,
  parquetRelationSql,
  type ForecastFile,
} from './forecast-files.ts'
import { instantSql, nameSql, numberSql, serverNameSql } from './value-sql.ts'
import { assertStatedColumns, findLayout, findLayouts } from './readers/find-layout.ts'
import type { Layout, QuantileColumn, ReadingConfig, SourceColumn } from './readers/layout.ts'
import { openTextFiles, readingText, type SourceGroup } from './readers/text-files.ts'
import { unreadableReason } from './unreadable-parquet.ts'

export interface ForecastDataset {
  /** As the user named them. */
  readonly files: readonly ForecastFile[]
  /** The Parquet files that are read: the same, or the converted one. */
  readonly readFiles: readonly ForecastFile[]
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
  /** How the files were read. */
  readonly mapping: InputMapping
  /** Roles that several columns could play, the one that was taken first. */
  readonly candidates: Layout['candidates']
  /** Files of the named folders that are not read. */
  readonly leftOut: readonly string[]
  /** Rows of text files by their paths; Parquet states them itself. */
  readonly textRows?: ReadonlyMap<string, number>
  /** About files that were left out, and about folders whose key differs from the file's column. */
  readonly warnings: readonly RunWarning[]
  /** Undefined: all metrics. `forecast_rows` holds only these. */
  readonly chosenMetrics: readonly string[] | undefined
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
  /** MAP(DOUBLE, DOUBLE) of level 0..1 -> value; NULL where the dataset has bounds alone. */
  readonly quantiles: string
  /** As the dataset states it; NULL where it does not. */
  readonly is_future: string
  readonly cutoff: string
  readonly horizon_offset: string
}

export interface OpenOptions {
  /** How to treat flag columns of an earlier analysis. */
  readonly flags?: 'rejected' | 'ignored'
  /** Called before anything is converted, with the files whose rows may be. */
  readonly onFound?: (files: readonly ForecastFile[]) => Promise<void>
  /** Folder for converted rows; without it only Parquet in long form is read. */
  readonly conversionFolder?: string
  /** Whether files without any forecast are read too. */
  readonly measurements?: 'refused' | 'read'
}

/** Creates the views `source` and `forecast_rows`. */
export const openForecastDataset = async (
  database: Database,
  inputs: readonly string[],
  config: ReadingConfig,
  options: OpenOptions = {},
): Promise<ForecastDataset> => {
  const { files, leftOut } = await findForecastFiles(database, inputs)
  const name = files.length === 1 ? files[0]!.name : `the dataset of ${files.length} files`
  try {
    const direct = files.every(({ format }) => format === 'parquet')
      ? await openLongParquet(database, files, name, config, options)
      : undefined
    const dataset = direct ?? (await openConverted(database, files, name, config, options))
    return {
      ...dataset,
      leftOut,
      chosenMetrics: config.metrics,
      warnings: [
        ...leftOutWarnings(leftOut),
        ...dataset.warnings,
        ...(await findFolderConflicts(database, dataset)),
        ...(await findUnknownMetrics(database, dataset, config)),
      ],
    }
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

/** Undefined where the rows must be converted first. */
const openLongParquet = async (
  database: Database,
  files: readonly ForecastFile[],
  name: string,
  config: ReadingConfig,
  { flags = 'rejected', measurements = 'refused' }: OpenOptions,
): Promise<Omit<ForecastDataset, 'chosenMetrics'> | undefined> => {
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
  const own = flags === 'rejected' ? schema : schema.filter((column) => !isFlagColumn(column))
  rejectFlagColumns(own, name)
  assertStatedColumns(config.map, own, name)
  const layout = findLongLayout(own, schemas, config, name)
  if (layout === undefined) return undefined
  if (layout.groups[0]!.predicted === undefined) {
    if (measurements === 'read') return undefined
    assertRequiredRoles({ server_id: true, timestamp: true }, own, name)
  }
  const columns = mappedColumns(layout)
  assertColumns(columns, own, name)
  assertRequiredColumns(schemas, columns)
  const { quantiles } = layout.groups[0]!
  const expressions = canonicalExpressions(columns, config, quantiles)
  await database.run(`CREATE OR REPLACE VIEW forecast_rows AS ${forecastRowsQuery(expressions, config)}`)
  if (columns.cutoff !== undefined && (await hasOverlappingCutoffs(database))) return undefined
  return {
    files,
    readFiles: files,
    name,
    schema,
    columns,
    expressions,
    sourceQuery: (column) => `SELECT ${columnsSql}, ${column} FROM ${relation}`,
    repeatedKeys: repeated,
    candidates: layout.candidates,
    leftOut: [],
    mapping: longMapping(files, schema, layout, await readIntervalLevel(database, columns.interval_level, 'source', name)),
    warnings: [],
  }
}

const sourceColumn = (column: ForecastColumn): SourceColumn => ({
  ...column,
  sql: identifier(column.column),
  isNumeric: isNumericType(column.type),
})

/** The layout of all files together, where it is long and each file plays the same roles with the same columns. */
const findLongLayout = (
  columns: readonly ForecastColumn[],
  schemas: readonly FileSchema[],
  config: ReadingConfig,
  name: string,
): Layout | undefined => {
  const sets = distinctSchemas(schemas)
  if (sets.length > 1 && sets.some((schema) => hasOtherRoles(schema, columns, config))) return undefined
  const layout = findLayout(columns.map(sourceColumn), config, name)
  const isLong = (layout.reader === 'long' || layout.reader === 'measurements') && layout.isServerFileName !== true
  return isLong ? layout : undefined
}

const distinctSchemas = (schemas: readonly FileSchema[]): FileSchema[] => [
  ...new Map(
    schemas.map((schema) => [
      schema.columns
        .map(({ column }) => plainName(column))
        .sort()
        .join('\n'),
      schema,
    ]),
  ).values(),
]

/** Whether a file by itself has another column than the whole dataset in some role. */
const hasOtherRoles = ({ columns, file }: FileSchema, all: readonly ForecastColumn[], config: ReadingConfig): boolean => {
  const isShared = ({ column }: ForecastColumn): boolean => columns.some((candidate) => plainName(candidate.column) === plainName(column))
  const others = all.filter((column) => !isShared(column))
  const keys = others.filter(({ column }) => folderKeyNames(file).includes(plainName(column)))
  const read = (list: readonly ForecastColumn[]): Layout | undefined => {
    try {
      return findLayout(list.map(sourceColumn), config, file.name)
    } catch (thrown) {
      if (thrown instanceof HeadroomError) return undefined
      throw thrown
    }
  }
  const [own, whole] = [read([...columns, ...keys]), read(all)]
  if (own === undefined) return false
  if (whole === undefined) return true
  const columnOf = (layout: Layout, role: ColumnRole): string =>
    plainName(layout.roles.find((entry) => entry.role === role)?.columns.join('\n') ?? '')
  return own.reader !== whole.reader || own.roles.some(({ role }) => columnOf(own, role) !== columnOf(whole, role))
}

const folderKeyNames = ({ path }: ForecastFile): string[] => folderKeys(path).map(plainName)

/** The columns of a long layout by their roles. */
const mappedColumns = ({ keys, groups }: Layout): MappedColumns => {
  const { predicted, actual, yhat_lower, yhat_upper } = groups[0]!
  const columns = { ...keys, predicted, actual, yhat_lower, yhat_upper }
  const entries = Object.entries(columns).flatMap(([role, column]) =>
    column === undefined ? [] : [[role, { column: column.column, type: column.type }] as const],
  )
  return Object.fromEntries(entries) as unknown as MappedColumns
}

/** The columns of Spark output, which keeps those of a long input. */
export const longColumns = (
  schema: readonly ForecastColumn[],
  config: ReadingConfig & { readonly interval_level: number },
  name: string,
): { columns: MappedColumns; mapping: InputMapping } => {
  const layout = findLayout(schema.map(sourceColumn), config, name)
  const columns = mappedColumns(layout)
  // A level that the rows state is the plan's by now; without such a column none is stated.
  return { columns, mapping: longMapping([], schema, layout, columns.interval_level === undefined ? null : config.interval_level) }
}

/** `level`: as a column states it. */
const longMapping = (
  files: readonly ForecastFile[],
  schema: readonly ForecastColumn[],
  layout: Layout,
  level: number | null,
): InputMapping => {
  const used = new Set(layout.roles.flatMap((role) => role.columns))
  return {
    files: [
      {
        files: files.map(({ path }) => path),
        format: 'parquet',
        reader: layout.reader,
        roles: [...layout.roles],
        unused: schema.flatMap(({ column }) => (used.has(column) ? [] : [column])),
      },
    ],
    is_converted: false,
    decimal: null,
    date_order: null,
    interval_level: layout.groups[0]!.level ?? level,
    earlier_cutoff_rows: 0,
  }
}

const levelsSchema = z.object({ least: z.number().nullable(), greatest: z.number().nullable() })

/** The one level that a column states, as a share. Throws input-unclear where it states several. */
const readIntervalLevel = async (
  database: Database,
  column: ForecastColumn | undefined,
  relation: string,
  name: string,
): Promise<number | null> => {
  if (column === undefined) return null
  const { least, greatest } = await database.row(
    `SELECT CAST(min(${identifier(column.column)}) AS DOUBLE) AS least, CAST(max(${identifier(column.column)}) AS DOUBLE) AS greatest FROM ${relation}`,
    levelsSchema,
  )
  if (least === null || greatest === null) return null
  if (least !== greatest) {
    throw new HeadroomError('input-unclear', `Column ${column.column} of ${name} holds levels from ${least} to ${greatest}.`, {
      next: 'Keep the rows of one level.',
    })
  }
  const level = least > 1 ? least / 100 : least
  return level > 0 && level < 1 ? level : null
}

/** Files of any format and layout, converted once to canonical Parquet. */
const openConverted = async (
  database: Database,
  files: readonly ForecastFile[],
  name: string,
  config: ReadingConfig,
  { conversionFolder, onFound, measurements = 'refused' }: OpenOptions,
): Promise<Omit<ForecastDataset, 'chosenMetrics'>> => {
  if (conversionFolder === undefined) {
    throw new HeadroomError('input-not-parquet', `${name} must be converted before it is read in parts.`, {
      next: 'Write Parquet with the columns server_id, timestamp and predicted, one row per forecast.',
    })
  }
  await onFound?.(files)
  const groups = await readGroups(database, files, name, config, measurements)
  const converted = await convertForecasts(database, groups, config, join(conversionFolder, 'converted.parquet'))
  const cleared = await dropEarlierCutoffs(database, converted.path, converted.columns, join(conversionFolder, 'latest.parquet'))
  const path = cleared?.path ?? converted.path
  const { size, ino, mtimeMs } = await stat(path)
  const readFile: ForecastFile = { path, bytes: size, modified: `${ino} ${mtimeMs}`, name, format: 'parquet', compression: 'none' }
  const relation = parquetRelationSql([readFile], 'ignored')
  await database.run(`CREATE OR REPLACE VIEW source AS SELECT * FROM ${relation}`)
  const columns = Object.fromEntries(converted.columns.map((column) => [column.column, column])) as unknown as MappedColumns
  const expressions = canonicalExpressions(columns, config)
  await database.run(`CREATE OR REPLACE VIEW forecast_rows AS ${forecastRowsQuery(expressions, config)}`)
  const levels = [...new Set(groups.flatMap(({ layout }) => layout.groups.flatMap(({ level }) => level ?? [])))]
  if (levels.length > 1) {
    throw new HeadroomError('input-unclear', `The bounds of ${name} have different levels: ${levels.join(', ')}.`, {
      next: 'Write the bounds of one level for all models and files.',
    })
  }
  return {
    files,
    readFiles: [readFile],
    name,
    schema: converted.columns,
    columns,
    expressions,
    sourceQuery: (column) => `SELECT *, ${column} FROM ${relation}`,
    repeatedKeys: [],
    textRows: converted.textRows,
    candidates: groups.flatMap(({ layout }) => layout.candidates),
    leftOut: [],
    mapping: {
      files: groups.map(({ group, layout }) => {
        const used = new Set(layout.roles.flatMap((role) => role.columns))
        return {
          files: group.files.map((file) => file.path),
          format: group.files[0]!.format,
          reader: group.document ?? layout.reader,
          roles: [...layout.roles],
          unused: group.columns.flatMap(({ column }) => (used.has(column) ? [] : [column])),
        }
      }),
      is_converted: true,
      decimal: converted.decimal,
      date_order: converted.dateOrder,
      interval_level: levels[0] ?? (await readIntervalLevel(database, columns.interval_level, 'source', name)),
      earlier_cutoff_rows: cleared?.rows ?? 0,
    },
    warnings: groups.some(({ layout }) => layout.isServerFileName === true)
      ? [
          {
            code: 'server-from-file-name',
            message: 'No column names the servers: each file is one server, named after the file.',
            count: files.length,
            examples: files.slice(0, maxNamed).map((file) => file.name),
          },
        ]
      : [],
  }
}

/** Files with equal columns together, each group with its layout. Throws HeadroomError. */
const readGroups = async (
  database: Database,
  files: readonly ForecastFile[],
  name: string,
  config: ReadingConfig,
  measurements: 'refused' | 'read',
): Promise<ReadGroup[]> => {
  const parquetFiles = files.filter(({ format }) => format === 'parquet')
  const groups: SourceGroup[] = [
    ...(parquetFiles.length === 0 ? [] : await openParquetGroups(database, parquetFiles)),
    ...(await openTextFiles(
      database,
      files.filter(({ format }) => format !== 'parquet'),
    )),
  ].map(withFolderColumns)
  return findLayouts(groups, config, name, measurements)
}

export interface FirstRows {
  /** Columns of the first files, as they are. */
  readonly schema: readonly ForecastColumn[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** The first rows as they are, as text; of files of several kinds those of the first. */
export const readFirstRows = async (database: Database, files: readonly ForecastFile[], maxRows: number): Promise<FirstRows> => {
  const [first] = files
  const alike = files.filter(({ format }) => format === first?.format)
  const groups =
    first?.format === 'parquet' ? await openParquetGroups(database, alike.slice(0, 1)) : await openTextFiles(database, alike.slice(0, 1))
  const [group] = groups.map(withFolderColumns)
  if (group === undefined) return { schema: [], rows: [] }
  const rows = await readingText(group.files, () =>
    database.rows(
      `SELECT [${group.columns.map(({ sql }) => `CAST(${sql} AS VARCHAR)`).join(', ')}] AS fields FROM ${group.relation} LIMIT ${maxRows}`,
      z.object({ fields: z.array(z.string().nullable()) }),
    ),
  )
  return { schema: group.columns.map(({ column, type }) => ({ column, type })), rows: rows.map(({ fields }) => fields) }
}

const withFolderColumns = (group: SourceGroup): SourceGroup => {
  const { added } = sortFolderKeys(
    commonFolderKeys(group.files),
    group.columns.map(({ column }) => column),
  )
  const keys = added.map((key): SourceColumn => ({ column: key, type: 'VARCHAR', sql: folderValueSql(key, '__file'), isNumeric: false }))
  return { ...group, columns: [...group.columns, ...keys] }
}

const openParquetGroups = async (database: Database, files: readonly ForecastFile[]): Promise<SourceGroup[]> => {
  const schemas = await readFileSchemas(database, files)
  const groups: SourceGroup[] = []
  for (const { columns: first } of distinctSchemas(schemas)) {
    const names = first
      .map(({ column }) => plainName(column))
      .sort()
      .join('\n')
    const groupFiles = schemas.flatMap(({ file, columns }) =>
      columns
        .map(({ column }) => plainName(column))
        .sort()
        .join('\n') === names
        ? [file]
        : [],
    )
    const relation = parquetRelationSql(groupFiles, 'ignored', '__file')
    const described = await database.rows(
      `SELECT ${nameBytesSql('column_name')} AS name, column_type AS type FROM (DESCRIBE SELECT * EXCLUDE __file FROM ${relation})`,
      describedSchema,
    )
    groups.push({ files: groupFiles, relation, columns: described.map(({ name: column, type }) => sourceColumn({ column, type })) })
  }
  return groups
}

/** As DuckDB reads a key: text serves all roles but one. */
const folderColumnSql = (key: string): string =>
  `${key.toLowerCase() === 'is_future' ? `CAST(${folderValueSql(key)} AS BOOLEAN)` : folderValueSql(key)} AS ${identifier(key)}`

/** The day of a time, since folders are named by days; other values as they are. */
const findFolderConflicts = async (
  database: Database,
  { readFiles: files, schema, repeatedKeys }: Pick<ForecastDataset, 'readFiles' | 'schema' | 'repeatedKeys'>,
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

export const forecastRowsQuery = (expressions: ForecastExpressions, { metrics }: MetricChoice): string =>
  `SELECT ${canonicalColumnsSql(expressions)} FROM source${metrics === undefined ? '' : ` WHERE ${expressions.metric} IN (${metrics.map(literal).join(', ')})`}`

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
  for (const { path, name, format } of files) {
    if (format !== 'parquet') continue
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

/** Fractions become percent, and percentages of which a low value is the risk become used shares. */
export const canonicalExpressions = (
  columns: MappedColumns,
  config: UnitConfig,
  quantiles: readonly QuantileColumn[] = [],
): ForecastExpressions => {
  const textSql = (column: ForecastColumn | undefined, fallbackSql: string): string =>
    column === undefined ? fallbackSql : `coalesce(${nameSql(column, identifier(column.column))}, ${fallbackSql})`
  const metric = textSql(columns.metric, literal(config.target_metric))
  const fractions = fractionMetrics(config).map(literal)
  const valueSql = (column: ForecastColumn | undefined): string => {
    const value = numberColumnSql(column)
    return column === undefined || fractions.length === 0
      ? value
      : `${value} * CASE WHEN ${metric} IN (${fractions.join(', ')}) THEN 100 ELSE 1 END`
  }
  const turned = turnedMetrics(config).map(literal)
  const riskSql = (value: string, turnedValue = value): string =>
    turned.length === 0 ? value : `CASE WHEN ${metric} IN (${turned.join(', ')}) THEN 100 - ${turnedValue} ELSE ${value} END`
  const [lower, upper] = [valueSql(columns.yhat_lower), valueSql(columns.yhat_upper)]
  const hasQuantiles = quantiles.length > 0 || columns.quantiles !== undefined
  const givenQuantiles =
    quantiles.length === 0
      ? columns.quantiles === undefined
        ? 'CAST(NULL AS MAP(DOUBLE, DOUBLE))'
        : identifier(columns.quantiles.column)
      : quantilesSql(quantiles.map(({ level, column }) => ({ level, value: valueSql(column) })))
  return {
    server_id: serverNameSql(columns.server_id, nameSql(columns.server_id, identifier(columns.server_id.column))),
    metric,
    model: textSql(columns.model, literal('forecast')),
    ts: instantSql(columns.timestamp, identifier(columns.timestamp.column)),
    actual: riskSql(valueSql(columns.actual)),
    predicted: riskSql(valueSql(columns.predicted)),
    yhat_lower: riskSql(lower, upper),
    yhat_upper: riskSql(upper, lower),
    quantiles:
      turned.length === 0 || !hasQuantiles
        ? givenQuantiles
        : `CASE WHEN ${metric} IN (${turned.join(', ')}) THEN ${turnedQuantilesSql(givenQuantiles)} ELSE ${givenQuantiles} END`,
    is_future: columns.is_future === undefined ? 'CAST(NULL AS BOOLEAN)' : `CAST(${identifier(columns.is_future.column)} AS BOOLEAN)`,
    cutoff: columns.cutoff === undefined ? 'CAST(NULL AS TIMESTAMP)' : instantSql(columns.cutoff, identifier(columns.cutoff.column)),
    horizon_offset: numberColumnSql(columns.horizon_offset),
  }
}

/** The quantile of a used share at level p is 100 minus that of the unused share at 1 - p. */
const turnedQuantilesSql = (quantiles: string): string =>
  `map_from_entries(list_transform(map_entries(${quantiles}), lambda entry: {'key': round(1 - entry.key, 9), 'value': 100 - entry.value}))`

const numberColumnSql = (column: ForecastColumn | undefined): string =>
  column === undefined ? 'CAST(NULL AS DOUBLE)' : numberSql(column, identifier(column.column))

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

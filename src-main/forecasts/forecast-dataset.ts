// Opens forecasts in DuckDB: `source` is the dataset as it is, or converted, `forecast_rows` the same rows by canonical names and types.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { identifier, type Database } from '../database/database.ts'
import { canonicalExpressions, forecastRowsQuery, type ForecastExpressions } from './canonical-rows.ts'
import { findUnknownMetrics } from './chosen-metrics.ts'
import { explainFailure } from './dataset-failures.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { InputMapping } from '../../src-shared/run/input-mapping.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import {
  assertCompatibleColumns,
  assertRequiredColumns,
  describedSchema,
  distinctSchemas,
  nameBytesSql,
  readFileSchemas,
  sourceColumn,
  type FileSchema,
} from './file-schemas.ts'
import {
  assertColumns,
  assertRequiredRoles,
  isEpochType,
  isFlagColumn,
  plainName,
  rejectFlagColumns,
  type ColumnRole,
  type MappedColumns,
  type ForecastColumn,
} from './forecast-columns.ts'
import { convertForecasts, dropEarlierCutoffs, hasOverlappingCutoffs, type ReadGroup } from './convert-forecasts.ts'
import { describeLeftOut, folderKeys, maxNamed, sortFolderKeys } from './dataset-files.ts'
import { commonFolderKeys, findForecastFiles, folderValueSql, parquetRelationSql, type ForecastFile } from './forecast-files.ts'
import { readWholeText } from './readers/compressed-text.ts'
import { splitComposites } from './readers/composite-columns.ts'
import { assertStatedColumns, findLayout, type MeasurementsOption } from './readers/find-layout.ts'
import { valueRoles, type Layout, type ReadingConfig } from './readers/layout.ts'
import { firstPartLength, type Extent } from './readers/text-files.ts'
import { unreadColumnWarnings } from './unread-columns.ts'
import { readGroups } from './source-groups.ts'

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
  /** Rows of the first part, where that alone was read. */
  readonly firstPartRows: number | null
  /** About files that were left out, and about folders whose key differs from the file's column. */
  readonly warnings: readonly RunWarning[]
  /** Undefined: all metrics. `forecast_rows` holds only these. */
  readonly chosenMetrics: readonly string[] | undefined
}

export interface OpenOptions {
  /** How to treat flag columns of an earlier analysis. */
  readonly flags?: 'rejected' | 'ignored'
  /** Called before anything is converted, with the files whose rows may be. */
  readonly onFound?: (files: readonly ForecastFile[]) => Promise<void>
  /** Folder for converted rows; without it only Parquet in long form is read. */
  readonly conversionFolder?: string
  /** How much is read of text files; by default all. */
  readonly extent?: Extent
  /** Whether files without any forecast are opened too. */
  readonly measurements?: MeasurementsOption
}

/** Whether the rows hold forecasts; else they are measurements alone. */
export const hasForecasts = ({ columns }: { readonly columns: Partial<MappedColumns> }): boolean => columns.predicted !== undefined

/** Creates the views `source` and `forecast_rows`. */
export const openForecastDataset = async (
  database: Database,
  inputs: readonly string[],
  config: ReadingConfig,
  options: OpenOptions = {},
): Promise<ForecastDataset> => {
  const { files, leftOut } = await findForecastFiles(database, inputs, config.encoding)
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
        ...unreadColumnWarnings(dataset.mapping, config),
        ...(await findFolderConflicts(database, dataset)),
        ...(dataset.firstPartRows === null ? await findUnknownMetrics(database, dataset, config) : []),
      ],
    }
  } catch (thrown) {
    throw await explainFailure(database, { files, name }, thrown)
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
  { flags = 'rejected', measurements = 'refused', conversionFolder }: OpenOptions,
): Promise<Omit<ForecastDataset, 'chosenMetrics'> | undefined> => {
  const schemas = await readFileSchemas(database, files)
  assertCompatibleColumns(schemas)
  const fileColumns = schemas.flatMap((schema) => schema.columns.map(({ column }) => column))
  const { added, repeated } = sortFolderKeys(commonFolderKeys(files), fileColumns)
  assertTruthFolders(files, added)
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
  const { schema, columnsSql } = await openSource()
  const own = flags === 'rejected' ? schema : schema.filter((column) => !isFlagColumn(column))
  rejectFlagColumns(own, name)
  const split = await splitComposites(database, { columns: own.map(sourceColumn), relation: 'source', name, isText: false })
  if (split.some(({ part }) => part !== undefined)) return undefined
  assertStatedColumns(config.map, own, name)
  const layout = findLongLayout(own, schemas, config, name)
  if (layout === undefined) return undefined
  if (layout.groups[0]!.predicted === undefined) {
    if (measurements !== 'refused') return undefined
    assertRequiredRoles({ server_id: true, timestamp: true }, own, name)
  }
  const columns = mappedColumns(layout)
  // Numbers since 1970 become times once, so that no later step has to know them.
  if (isEpochType(columns.timestamp.type)) return undefined
  const isText = valueRoles.some((role) => columns[role]?.type === 'VARCHAR')
  if (isText && conversionFolder !== undefined) return undefined
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
    firstPartRows: null,
    mapping: longMapping(files, schema, layout, await readIntervalLevel(database, columns.interval_level, 'source', name)),
    warnings: [],
  }
}

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
  givenName = column?.column,
): Promise<number | null> => {
  if (column === undefined) return null
  const { least, greatest } = await database.row(
    `SELECT CAST(min(${identifier(column.column)}) AS DOUBLE) AS least, CAST(max(${identifier(column.column)}) AS DOUBLE) AS greatest FROM ${relation}`,
    levelsSchema,
  )
  if (least === null || greatest === null) return null
  if (least !== greatest) {
    throw new HeadroomError('input-unclear', `Column ${givenName} of ${name} holds levels from ${least} to ${greatest}.`, {
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
  { conversionFolder, onFound, measurements = 'refused', extent = 'all' }: OpenOptions,
): Promise<Omit<ForecastDataset, 'chosenMetrics'>> => {
  if (conversionFolder === undefined) {
    throw new HeadroomError('input-not-parquet', `${name} must be converted before it is read in parts.`, {
      next: 'Write Parquet with the columns server_id, timestamp and predicted, one row per forecast.',
    })
  }
  await onFound?.(files)
  const checkedFiles = extent === 'all' ? files : files.filter(({ bytes }) => bytes <= firstPartLength)
  const { groups, converted } = await readWholeText(checkedFiles, async () => {
    const found = await readGroups(database, files, name, config, measurements, extent)
    return { groups: found, converted: await convertForecasts(database, found, config, join(conversionFolder, 'converted.parquet')) }
  })
  const cleared = await dropEarlierCutoffs(database, converted.path, converted.columns, join(conversionFolder, 'latest.parquet'))
  const path = cleared?.path ?? converted.path
  const { size, ino, mtimeMs } = await stat(path)
  const readFile: ForecastFile = {
    path,
    bytes: size,
    modified: `${ino} ${mtimeMs}`,
    name,
    format: 'parquet',
    compression: 'none',
    encoding: 'utf-8',
  }
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
    firstPartRows: countFirstPart(groups, converted.textRows),
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
      interval_level:
        levels[0] ??
        (await readIntervalLevel(database, columns.interval_level, 'source', name, groups[0]!.layout.keys.interval_level?.column)),
      earlier_cutoff_rows: cleared?.rows ?? 0,
    },
    warnings: layoutWarnings(groups, files),
  }
}

/** About what a layout takes for granted. */
const layoutWarnings = (groups: readonly ReadGroup[], files: readonly ForecastFile[]): RunWarning[] => {
  const warnings: RunWarning[] = []
  const warn = (code: string, message: string, about: readonly ForecastFile[]): void => {
    warnings.push({ code, message, count: about.length, examples: about.slice(0, maxNamed).map((file) => file.name) })
  }
  if (groups.some(({ layout }) => layout.isServerFileName === true)) {
    warn('server-from-file-name', 'No column names the servers: each file is one server, named after the file.', files)
  }
  const assumed = groups.filter(({ layout }) => layout.assumed !== undefined)
  const about = assumed.flatMap(({ group }) => group.files)
  if (assumed[0]?.layout.assumed === 'predicted') {
    warn('assumed-values', 'The columns of the servers count as forecasts. If they were measured: --map actual=*.', about)
  } else if (assumed.length > 0) {
    warn('assumed-values', 'The columns of the servers count as measured. If they are forecasts: --map predicted=*.', about)
  }
  return warnings
}

/** Null where no file has more rows than its first part. */
const countFirstPart = (groups: readonly ReadGroup[], textRows: ReadonlyMap<string, number>): number | null => {
  const rowsOf = ({ files }: ReadGroup['group']): number => files.reduce((sum, { path }) => sum + (textRows.get(path) ?? 0), 0)
  const isCut = groups.some(({ group }) => group.firstPart !== undefined && rowsOf(group) >= group.firstPart.rows)
  return isCut ? groups.reduce((sum, { group }) => sum + rowsOf(group), 0) : null
}

/** What DuckDB reads as true, false or missing. */
const truthFolder = /^(true|false|[tf10yn]|yes|no|__HIVE_DEFAULT_PARTITION__)$/i

/** Throws input-column-type for a folder such as `is_future=2`. */
const assertTruthFolders = (files: readonly ForecastFile[], keys: readonly string[]): void => {
  if (!keys.some((key) => key.toLowerCase() === 'is_future')) return
  for (const { path, name } of files) {
    const value = /[\\/]is_future=([^\\/]*)(?=[\\/])/i.exec(path)?.[1]
    if (value === undefined || truthFolder.test(value)) continue
    throw new HeadroomError('input-column-type', `The folder of ${name} is named is_future=${value}, which is neither true nor false.`, {
      next: 'Name it is_future=true or is_future=false.',
    })
  }
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

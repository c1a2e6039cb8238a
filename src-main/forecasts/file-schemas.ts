// Columns of the single Parquet files of a dataset, and whether the files agree.
import { z } from 'zod'
import { escapeGlob, identifier, literal, type Database } from '../database/database.ts'
import { topLevelElements } from '../parquet/parquet-footer.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { describeType, isNumericType, isRoleName, plainName, type ForecastColumn, type MappedColumns } from './forecast-columns.ts'
import type { ForecastFile } from './forecast-files.ts'
import { describeWideDecimal, isUnreadableDecimal } from './unreadable-parquet.ts'
import type { SourceColumn } from './readers/layout.ts'

/** A name in hexadecimal digits: as text it loses a byte order mark on its way from DuckDB. */
export const nameBytesSql = (name: string): string => `hex(encode(${name}))`
const nameSchema = z.string().transform((digits) => Buffer.from(digits, 'hex').toString('utf8'))
export const describedSchema = z.object({ name: nameSchema, type: z.string() })

export interface FileSchema {
  readonly file: ForecastFile
  readonly columns: readonly ForecastColumn[]
}

const elementSchema = z.object({
  path: z.string(),
  name: nameSchema,
  type: z.string().nullable(),
  children: z.number(),
  precision: z.number().nullable(),
  fixedBytes: z.number().nullable(),
})
type SchemaElement = z.infer<typeof elementSchema>

/** Of the footers of Parquet files, in their order, depth first. Throws input-not-parquet for decimals that DuckDB misreads. */
export const readSchemaElements = async (
  database: Database,
  files: readonly Pick<ForecastFile, 'path' | 'name'>[],
): Promise<SchemaElement[]> => {
  const elements = await database.rows(
    `SELECT file_name AS path, ${nameBytesSql('name')} AS name, duckdb_type AS type, CAST(coalesce(num_children, 0) AS DOUBLE) AS children,
            CAST("precision" AS DOUBLE) AS "precision", CASE WHEN type = 'FIXED_LEN_BYTE_ARRAY' THEN CAST(type_length AS DOUBLE) END AS "fixedBytes"
     FROM parquet_schema([${files.map(({ path }) => literal(escapeGlob(path))).join(', ')}]) ORDER BY file_name, column_id`,
    elementSchema,
  )
  const wide = elements.find(({ precision, fixedBytes }) => isUnreadableDecimal(precision ?? undefined, fixedBytes ?? undefined))
  if (wide === undefined) return elements
  const [problem, next] = describeWideDecimal(wide.name, wide.precision!)
  throw new HeadroomError('input-not-parquet', `${files.find(({ path }) => path === wide.path)?.name ?? wide.path} ${problem}.`, { next })
}

/** The columns of each file, from its footer; nested ones as one column. */
export const readFileSchemas = async (database: Database, files: readonly ForecastFile[]): Promise<FileSchema[]> => {
  const elements = await readSchemaElements(database, files)
  const byPath = new Map<string, SchemaElement[]>()
  for (const element of elements) {
    const fileElements = byPath.get(element.path)
    if (fileElements === undefined) byPath.set(element.path, [element])
    else fileElements.push(element)
  }
  return files.map((file) => ({ file, columns: topColumns(byPath.get(file.path) ?? []) }))
}

const topColumns = (elements: readonly SchemaElement[]): ForecastColumn[] =>
  topLevelElements(elements, ({ children }) => children).map(({ name, type, children }) => ({
    column: name,
    type: children > 0 ? 'STRUCT' : (type ?? ''),
  }))

/**
 * Refuses columns whose kind of value differs between files. Columns without a role may be text in some files: united they are
 * text in all. A column without any value agrees with every other.
 */
export const assertCompatibleColumns = (schemas: readonly FileSchema[]): void => {
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
export const assertRequiredColumns = (schemas: readonly FileSchema[], { server_id, timestamp, predicted }: MappedColumns): void => {
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

export const distinctSchemas = (schemas: readonly FileSchema[]): FileSchema[] => [
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

/** A column of a Parquet file. */
export const sourceColumn = (column: ForecastColumn): SourceColumn => ({
  ...column,
  sql: identifier(column.column),
  isNumeric: isNumericType(column.type),
  isTime: /^(TIMESTAMP|DATE)/.test(column.type),
})

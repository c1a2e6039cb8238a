// The files of one set against each other: a column that one of them lacks, or holds as another kind of value, is named by its file.
import { z } from 'zod'
import { escapeGlob, literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { topLevelElements } from '../parquet/parquet-footer.ts'
import { describeType, isRoleName, type MappedColumns, type ForecastColumn } from './forecast-columns.ts'
import type { ForecastFile } from './forecast-files.ts'

export interface FileSchema {
  readonly file: ForecastFile
  readonly columns: readonly ForecastColumn[]
}

const elementSchema = z.object({ path: z.string(), name: z.string(), type: z.string().nullable(), children: z.number() })

/** The columns of each file, from its footer; nested ones as one column. None for a single file, which has nothing to disagree with. */
export const readFileSchemas = async (database: Database, files: readonly ForecastFile[]): Promise<FileSchema[]> => {
  if (files.length < 2) return []
  const elements = await database.rows(
    `SELECT file_name AS path, name, duckdb_type AS type, CAST(coalesce(num_children, 0) AS DOUBLE) AS children
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

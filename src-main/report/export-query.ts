// All rows of the user's own query as a file: CSV, Parquet, JSON or a workbook, written whole or not at all.
import { writeFile } from 'node:fs/promises'
import { byteOrderMark, csvLine } from '../../src-shared/artefacts/cell-text.ts'
import type { ExportTarget } from '../../src-shared/ipc/export-rows.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { isNumericType, maxExportedBytes, maxExportedRows, type queryFormats } from '../../src-shared/ipc/user-sql.ts'
import { runUserSql, type UserSqlResult } from '../queries/user-sql/run-user-sql.ts'
import { Database, identifier, literal } from '../database/database.ts'
import { replaceFile } from '../run-folder/replace-file.ts'
import { writeSheets } from './write-sheets.ts'

interface ExportQueryRequest extends ExportTarget {
  readonly folder: string
  readonly sql: string
  readonly format: (typeof queryFormats)[number]
}

/** Throws what the query throws, usage where it has too many rows, file-not-written. */
export const exportQuery = async (
  { folder, sql, format, path, hasByteOrderMark }: ExportQueryRequest,
  memoryLimit: string,
): Promise<{ path: string; rows: number }> => {
  const result = await runUserSql(folder, sql, { maxRows: maxExportedRows, maxBytes: maxExportedBytes, memoryLimit })
  if (result.hasMore) {
    throw new HeadroomError('usage', `The query gives more than ${maxExportedRows.toLocaleString('en-US')} rows.`, {
      next: 'Add a LIMIT or a WHERE, or use headroom query RUN "..." --csv.',
    })
  }
  let draft = path
  const write = async (stagingPath: string): Promise<void> => {
    draft = stagingPath
    if (format === 'xlsx') {
      await writeSheets(stagingPath, [{ name: 'Query', columns: result.columns, rows: result.rows }])
    } else if (format === 'parquet') await writeParquet(stagingPath, result)
    else await writeFile(stagingPath, format === 'csv' ? csvText(result, hasByteOrderMark) : jsonText(result))
  }
  try {
    await replaceFile(path, write)
  } catch (cause) {
    // What the query itself did wrong is known by now: DuckDB writes a Parquet file, too.
    if (cause instanceof HeadroomError && cause.code !== 'query-failed' && !cause.message.includes(draft)) throw cause
    throw new HeadroomError('file-not-written', `${path} cannot be written.`, { cause })
  }
  return { path, rows: result.rows.length }
}

const csvText = ({ columns, types, rows }: UserSqlResult, hasByteOrderMark: boolean): string => {
  const isNumber = types.map(isNumericType)
  return `${hasByteOrderMark ? byteOrderMark : ''}${[csvLine(columns), ...rows.map((row) => csvLine(row, isNumber))].join('\n')}\n`
}

const jsonText = ({ columns, rows }: UserSqlResult): string =>
  `${JSON.stringify(
    rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null]))),
    null,
    1,
  )}\n`

/** Uses a separate database, because the one that ran the query may not write. Types without a match in Parquet become text. */
const writeParquet = async (path: string, { columns, types, rows }: UserSqlResult): Promise<void> => {
  const database = await Database.open()
  try {
    const texts = rows.map((row) => columns.map((_, index) => toText(row[index])))
    await database.storeRows('result', Object.fromEntries(columns.map((_, index) => [`c${index}`, 'VARCHAR' as const])), texts)
    const select = columns.map((name, index) => {
      const type = storedType(types[index] ?? 'VARCHAR', () => texts.map((row) => row[index] ?? ''))
      return `${castTo(`c${index}`, type)} AS ${identifier(name)}`
    })
    await database.run(`COPY (SELECT ${select.join(', ')} FROM result) TO ${literal(path)} (FORMAT parquet)`)
  } finally {
    database.close()
  }
}

const toText = (value: UserSqlResult['rows'][number][number] | undefined): string | null => {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** DuckDB writes whole numbers of 128 bits to Parquet as doubles, which round them. */
const storedType = (type: string, texts: () => readonly string[]): string => {
  if (!type.includes('HUGEINT')) return type
  return isNumericType(type) && texts().every((text) => text.replace('-', '').length <= 38) ? 'DECIMAL(38,0)' : 'VARCHAR'
}

const scalarType =
  /^(BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(\d+,\s*\d+\)|DATE|TIME|TIMESTAMP(_\w+)?( WITH TIME ZONE)?)$/

const castTo = (column: string, type: string): string => {
  if (scalarType.test(type)) return `CAST(${column} AS ${type})`
  return /\]$|^STRUCT\(/.test(type) ? `CAST(CAST(${column} AS JSON) AS ${type})` : column
}

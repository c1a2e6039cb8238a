// Writes the answer of a query as a Parquet file in the types that the query gave it.
import { Database, identifier, literal } from '../database/database.ts'
import type { UserSqlResult } from '../queries/user-sql/run-user-sql.ts'

/** In a separate database: the one that the query ran in may not write. Types that Parquet has no match for become text. */
export const writeParquet = async (path: string, { columns, types, rows }: UserSqlResult): Promise<void> => {
  const database = await Database.open()
  try {
    const texts = rows.map((row) => columns.map((_, index) => toText(row[index])))
    await database.storeRows('answer', Object.fromEntries(columns.map((_, index) => [`c${index}`, 'VARCHAR' as const])), texts)
    const select = columns.map((name, index) => `${castTo(`c${index}`, types[index] ?? 'VARCHAR')} AS ${identifier(name)}`)
    await database.run(`COPY (SELECT ${select.join(', ')} FROM answer) TO ${literal(path)} (FORMAT parquet)`)
  } finally {
    database.close()
  }
}

const toText = (value: UserSqlResult['rows'][number][number] | undefined): string | null => {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const scalarType =
  /^(BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(\d+,\s*\d+\)|DATE|TIME|TIMESTAMP(_\w+)?( WITH TIME ZONE)?)$/

const castTo = (column: string, type: string): string => {
  if (scalarType.test(type)) return `CAST(${column} AS ${type})`
  return /\]$|^STRUCT\(/.test(type) ? `CAST(CAST(${column} AS JSON) AS ${type})` : column
}

// The user's own SQL over a run: one SELECT on the run's tables, in a DuckDB that can reach these files and nothing else.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBTypeId,
  JsonDuckDBValueConverter,
  StatementType,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBValueConverter,
  type Json,
} from '@duckdb/node-api'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { QueryTables } from '../../../src-shared/ipc/user-sql.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { escapeGlob, literal } from '../../database/database.ts'
import { readRunFolder, type RunFolder } from '../../run-folder/read-run-folder.ts'
import { clustersFileSql, renamedColumnsSql } from '../run/missing-columns.ts'

export interface UserSqlResult {
  readonly columns: readonly string[]
  /** DuckDB's names of the columns' types. */
  readonly types: readonly string[]
  /** Values as JSON: times as ISO 8601 text in UTC, numbers that a double would round as text. */
  readonly rows: readonly (readonly Json[])[]
  /** Whether rows were left out by `maxRows`. */
  readonly hasMore: boolean
}

const parquetReader = (path: string): string => `read_parquet(${path})`
/** The columns of Module 05's file are guessed. */
const csvReader = (path: string, kind: RunFolder['kind']): string => (kind === 'headroom' ? clustersFileSql(path) : `read_csv(${path})`)

const runTables = {
  forecasts: { file: runFiles.flaggedForecasts, reader: parquetReader },
  server_risk: { file: runFiles.serverRisk, reader: parquetReader },
  server_clusters: { file: runFiles.clusters, reader: csvReader },
} as const

/** Throws query-refused for anything but one SELECT, query-failed with DuckDB's words for a SELECT that fails. */
export const runUserSql = async (run: string, sql: string, options: UserSqlOptions = {}): Promise<UserSqlResult> => {
  const rows: Json[][] = []
  const { maxRows = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = options
  let bytes = 0
  const header = await streamUserSql(run, sql, options, (row) => {
    if (rows.length < maxRows) bytes += sizeOf(row)
    if (bytes > maxBytes) {
      throw new HeadroomError('query-failed', `The result is larger than ${maxBytes / 1e6} MB.`, {
        next: 'Select fewer rows or columns, or use headroom query RUN "..." --csv.',
        sql,
      })
    }
    rows.push(row)
    return rows.length <= maxRows
  })
  const hasMore = rows.length > maxRows
  return { ...header, rows: hasMore ? rows.slice(0, maxRows) : rows, hasMore }
}

/** Of a row as JSON, roughly. */
const sizeOf = (row: readonly Json[]): number =>
  row.reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? value.length : typeof value === 'object' ? JSON.stringify(value).length : 8),
    0,
  )

export type UserSqlHeader = Pick<UserSqlResult, 'columns' | 'types'>

/**
 * Passes the rows one by one and holds one chunk of them at a time. `onRow` returns false to stop, or a promise to be waited for.
 * Throws as `runUserSql`.
 */
export const streamUserSql = async (
  run: string,
  sql: string,
  options: Pick<UserSqlOptions, 'signal' | 'memoryLimit'>,
  onRow: (row: Json[]) => boolean | Promise<boolean>,
  onHeader: (header: UserSqlHeader) => void = () => undefined,
): Promise<UserSqlHeader> =>
  withLockedRun(run, options, async (connection) => {
    const prepared = await prepareSelect(connection, sql)
    try {
      const result = await prepared.stream()
      const header = { columns: uniqueNames(result.columnNames()), types: result.columnTypes().map(String) }
      onHeader(header)
      for (;;) {
        const chunk = await result.fetchChunk()
        if (chunk === null || chunk.rowCount === 0) return header
        const { rowCount } = chunk
        for (let row = 0; row < rowCount; row++) {
          const going = onRow(chunk.convertRowValues(row, toJson))
          if (!(typeof going === 'boolean' ? going : await going)) return header
        }
        if (options.signal?.aborted === true) throw new HeadroomError('cancelled', 'Cancelled.')
      }
    } catch (cause) {
      throw cause instanceof HeadroomError ? cause : await toQueryError(connection, cause, sql)
    }
  })

/** Later columns of one name get a number: a, a:1. */
const uniqueNames = (names: readonly string[]): string[] => {
  const taken = new Set<string>()
  const given = new Set(names)
  return names.map((name) => {
    let unique = name
    for (let number = 1; taken.has(unique) || (unique !== name && given.has(unique)); number++) unique = `${name}:${number}`
    taken.add(unique)
    return unique
  })
}

export interface UserSqlOptions {
  readonly signal?: AbortSignal | undefined
  readonly maxRows?: number | undefined
  readonly maxBytes?: number | undefined
  /** DuckDB size text such as "1GB". */
  readonly memoryLimit?: string | undefined
}

const columnSchema = z.tuple([z.string(), z.string(), z.string()])

/** The tables that the run has, with their columns in order. */
export const describeRunTables = async (run: string): Promise<QueryTables> =>
  withLockedRun(run, {}, async (connection) => {
    const reader = await connection.runAndReadAll(
      'SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index',
    )
    const found = new Map<string, { name: string; type: string }[]>(Object.keys(runTables).map((name) => [name, []]))
    for (const row of reader.getRowsJS()) {
      const [table, name, type] = columnSchema.parse(row)
      found.get(table)?.push({ name, type })
    }
    return [...found].filter(([, columns]) => columns.length > 0).map(([name, columns]) => ({ name, columns }))
  })

const withLockedRun = async <Value>(
  run: string,
  { signal, memoryLimit }: UserSqlOptions,
  work: (connection: DuckDBConnection) => Promise<Value>,
): Promise<Value> => {
  const found = await readRunFolder(run)
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(memoryLimit === undefined ? {} : { memory_limit: memoryLimit }),
  })
  const connection = await instance.connect()
  const interrupt = (): void => connection.interrupt()
  signal?.addEventListener('abort', interrupt)
  try {
    await lockDownToRun(connection, found)
    return await work(connection)
  } catch (thrown) {
    if (signal?.aborted === true) throw new HeadroomError('cancelled', 'Cancelled.', { cause: thrown })
    throw thrown
  } finally {
    signal?.removeEventListener('abort', interrupt)
    connection.closeSync()
    instance.closeSync()
  }
}

/** Only the named files can be read, nothing is spilled to disk, and settings cannot be changed any more. */
const lockDownToRun = async (connection: DuckDBConnection, { folder, kind }: RunFolder): Promise<void> => {
  const present = Object.entries(runTables).filter(([, { file }]) => existsSync(join(folder, file)))
  // DuckDB asks for leave twice: for the pattern that a reader is given, and for the file that it finds.
  const paths = present.flatMap(([, { file }]) => [join(folder, file), escapeGlob(join(folder, file))]).map(literal)
  await connection.run("SET GLOBAL TimeZone = 'UTC'")
  await connection.run("SET temp_directory = ''")
  await connection.run(`SET allowed_paths = [${paths.join(', ')}]`)
  await connection.run('SET enable_external_access = false')
  for (const [name, { file, reader }] of present) {
    await createView(connection, name, reader(literal(escapeGlob(join(folder, file))), kind)).catch((cause: unknown) => {
      throw new HeadroomError('run-damaged', `${file} of the run cannot be read.`, { next: 'Download or analyse the run again.', cause })
    })
  }
  await connection.run('SET lock_configuration = true')
}

const createView = async (connection: DuckDBConnection, name: string, relation: string): Promise<void> => {
  const columns = (await connection.run(`SELECT * FROM ${relation} LIMIT 0`)).columnNames()
  const renamed = name === 'server_risk' ? renamedColumnsSql(new Set(columns)) : ''
  await connection.run(`CREATE VIEW ${name} AS SELECT *${renamed} FROM ${relation}`)
}

const prepareSelect = async (connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> => {
  if (/^[\s;]*$/.test(sql))
    throw new HeadroomError('query-refused', 'There is no statement to run.', { next: 'Write a single SELECT.', sql })
  const statements = await connection.extractStatements(sql).catch(async (cause: unknown) => {
    throw await toQueryError(connection, cause, sql)
  })
  if (statements.count !== 1) {
    throw new HeadroomError('query-refused', `Exactly one statement can be run, not ${statements.count}.`, {
      next: 'Write a single SELECT.',
      sql,
    })
  }
  const prepared = await statements.prepare(0).catch(async (cause: unknown) => {
    throw await toQueryError(connection, cause, sql)
  })
  if (prepared.statementType !== StatementType.SELECT || !(await isWrittenAsSelect(connection, sql))) {
    throw new HeadroomError('query-refused', 'Only SELECT can be run: a run folder is never changed.', {
      next: 'Write a single SELECT.',
      sql,
    })
  }
  return prepared
}

/** DuckDB prepares PRAGMA as a SELECT of its own. */
const isWrittenAsSelect = async (connection: DuckDBConnection, sql: string): Promise<boolean> => {
  const reader = await connection.runAndReadAll(
    "SELECT json_serialize_sql($1::VARCHAR) LIKE '%Only SELECT statements can be serialized%'",
    [sql],
  )
  return reader.getRowsJS()[0]?.[0] === false
}

const integerTypes = new Set([DuckDBTypeId.BIGINT, DuckDBTypeId.UBIGINT, DuckDBTypeId.HUGEINT, DuckDBTypeId.UHUGEINT])
const timestampTypes = new Set([
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
  DuckDBTypeId.TIMESTAMP_TZ,
])

/** A double gives back every decimal of so many digits. */
const maxExactDigits = 15

const toDecimal = (value: DuckDBDecimalValue): Json => {
  const text = String(value)
  const digits = String(value.value).replace(/^-/, '').replace(/0+$/, '').length
  return digits <= maxExactDigits && Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER ? Number(text) : text
}

/** The library writes every wide number as text and times with a blank; nested values pass through here as well. */
const toJson: DuckDBValueConverter<Json> = (value, type, converter) => {
  if (value === null) return null
  if (typeof value === 'bigint' && integerTypes.has(type.typeId)) {
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)
  }
  if (value instanceof DuckDBDecimalValue) return toDecimal(value)
  if (timestampTypes.has(type.typeId)) return String(value).replace(/^(\d{4,}-\d\d-\d\d) ([\d:.]+?)(\+00)?$/, '$1T$2Z')
  return JsonDuckDBValueConverter(value, type, converter)
}

/** Those that the run has: a folder of Module 05 has no server_risk. */
const readTableNames = async (connection: DuckDBConnection): Promise<string[]> => {
  const reader = await connection.runAndReadAll('SELECT view_name FROM duckdb_views() WHERE NOT internal')
  const found = new Set(reader.getRows().map(([name]) => String(name)))
  return Object.keys(runTables).filter((name) => found.has(name))
}

const toQueryError = async (connection: DuckDBConnection, cause: unknown, sql: string): Promise<HeadroomError> => {
  const message = (cause instanceof Error ? cause.message : String(cause)).replace(/^Failed to extract statements: /, '')
  if (message.startsWith('Out of Memory Error')) {
    return new HeadroomError('query-failed', 'The query needs more than its memory limit.', { next: 'Select less data.', cause, sql })
  }
  const tables = await readTableNames(connection).catch(() => Object.keys(runTables))
  return new HeadroomError('query-failed', message, { next: `Tables: ${tables.join(', ')}.`, cause, sql })
}

// The DuckDB seam: opens a database with bounded memory and threads, runs SQL whose rows are validated, and obeys an AbortSignal.
import {
  DOUBLE,
  DuckDBDataChunk,
  DuckDBInstance,
  INTEGER,
  type DuckDBConnection,
  type DuckDBResult,
  type DuckDBValue,
} from '@duckdb/node-api'
import type { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { keepByteOrderMarks } from './byte-order-marks.ts'
import {
  ColumnCollector,
  fillVector,
  readChunk,
  type ChunkColumns,
  type ColumnKinds,
  type WholeColumnKinds,
  type WholeColumns,
} from './read-columns.ts'
import { ResultMemory } from './result-memory.ts'

export interface DatabaseOptions {
  /** At least 2 are used: a single thread writes Parquet by another path, with other bytes. */
  readonly threads?: number | undefined
  /** DuckDB size text such as "1GB". */
  readonly memoryLimit?: string | undefined
  /** Folder for what does not fit into memory. */
  readonly spillFolder?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Whether `progress` tells anything; DuckDB then looks through its plan at each task, which takes a few hundredths of the time of small statements. */
  readonly tracksProgress?: boolean
  /** Called once another thread opens the database. */
  readonly whileOpening?: (() => unknown) | undefined
}

export type SqlParameters = DuckDBValue[]

export type StoredColumns = Readonly<Record<string, 'VARCHAR' | 'INTEGER' | 'DOUBLE'>>

/** Quotes a column or table name for SQL. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Quotes a text for the few places of SQL that take no bound parameter (COPY targets, file lists in views). DuckDB's parser ends at NUL. */
export const literal = (text: string): string => {
  const parts = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`)
  return parts.length === 1 ? parts[0]! : `(${parts.join(' || chr(0) || ')})`
}

/** A path where DuckDB expects a pattern: without this `run[1]` would be read as `run1`. */
export const escapeGlob = (path: string): string => path.replace(/[*?[]/g, '[$&]')

/**
 * One connection to an in-memory database in UTC, on which statements run in turn; `openConnection` gives another. Close it when done: DuckDB
 * keeps threads and memory until then.
 */
export class Database {
  readonly connection: DuckDBConnection
  readonly threads: number
  readonly #spillFolder: string | undefined
  readonly #instance: DuckDBInstance
  readonly #ownsInstance: boolean
  readonly #signal: AbortSignal | undefined
  readonly #interrupt: () => void
  readonly #results: ResultMemory
  #lastStatement = Promise.resolve()

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    threads: number,
    signal: AbortSignal | undefined,
    ownsInstance: boolean,
    spillFolder: string | undefined,
    results: ResultMemory,
  ) {
    this.#results = results
    this.#instance = instance
    this.#ownsInstance = ownsInstance
    this.#spillFolder = spillFolder
    this.connection = connection
    this.threads = threads
    this.#signal = signal
    this.#interrupt = () => connection.interrupt()
    signal?.addEventListener('abort', this.#interrupt)
  }

  static async open(options: DatabaseOptions = {}): Promise<Database> {
    keepByteOrderMarks()
    const threads = Math.max(2, options.threads ?? (await defaultThreads()))
    const opening = DuckDBInstance.create(':memory:', {
      threads: String(threads),
      preserve_insertion_order: 'true',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      ...(options.memoryLimit === undefined ? {} : { memory_limit: options.memoryLimit }),
      ...(options.spillFolder === undefined ? {} : { temp_directory: options.spillFolder }),
    })
    options.whileOpening?.()
    const instance = await opening
    const connection = await instance.connect()
    const database = new Database(
      instance,
      connection,
      threads,
      options.signal,
      true,
      options.spillFolder,
      new ResultMemory(options.memoryLimit),
    )
    await database.run("SET GLOBAL TimeZone = 'UTC'")
    // Otherwise each statement would open all files of a large dataset again.
    await database.run('SET GLOBAL parquet_metadata_cache = true')
    // Freed memory goes back to the system at once: threads of the engine need it next.
    if (options.memoryLimit !== undefined)
      await database.run("SET GLOBAL allocator_background_threads = true; SET GLOBAL allocator_flush_threshold = '16MiB'")
    if (options.tracksProgress === true) await database.trackProgress()
    return database
  }

  /** Other code may write files here too; the opener of the database removes the folder. */
  get spillFolder(): string {
    if (this.#spillFolder === undefined) throw new HeadroomError('internal', 'This database was opened without a folder to spill into.')
    return this.#spillFolder
  }

  /** Runs a statement for its effect. */
  async run(sql: string, parameters: SqlParameters = []): Promise<void> {
    await this.#guarded(sql, () => this.connection.run(sql, parameters))
  }

  /** Runs a query and parses its rows by the schema. BIGINT arrives as bigint, TIMESTAMP as Date. */
  async rows<Row>(sql: string, row: z.ZodType<Row>, parameters: SqlParameters = []): Promise<Row[]> {
    const reader = await this.#guarded(sql, () => this.connection.runAndReadAll(sql, parameters))
    const parsed = reader.getRowObjectsJS().map((candidate) => row.parse(candidate))
    this.#results.releaseRows(parsed.length, reader.columnCount)
    return parsed
  }

  /** The first row of a query that always has one. */
  async row<Row>(sql: string, row: z.ZodType<Row>, parameters: SqlParameters = []): Promise<Row> {
    const [first] = await this.rows(sql, row, parameters)
    if (first === undefined) throw new HeadroomError('internal', 'A query that always has a row returned none.', { sql })
    return first
  }

  /** Runs a query and returns the named columns as a whole: for thousands of rows and more, without an object per row. */
  async columns<const Kinds extends WholeColumnKinds>(
    sql: string,
    kinds: Kinds,
    parameters: SqlParameters = [],
  ): Promise<WholeColumns<Kinds>> {
    return this.#guarded(sql, async () => {
      const result = await this.connection.run(sql, parameters)
      const [names, columns] = [result.columnNames(), new ColumnCollector(kinds, result.rowCount)]
      for (;;) {
        const chunk = await result.fetchChunk()
        if (chunk === null || chunk.rowCount === 0) return columns.finish()
        const read = readChunk(chunk, names, kinds)
        columns.add(read, chunk.rowCount)
        this.#results.release(read)
      }
    })
  }

  /**
   * Streams the named columns chunk by chunk, with one chunk in memory at a time. DuckDB computes a streamed query on one thread: create a
   * table first where the query is expensive.
   */
  async scan<const Kinds extends ColumnKinds>(sql: string, kinds: Kinds, onChunk: (columns: ChunkColumns<Kinds>) => void): Promise<void> {
    await this.#guarded(sql, async () => this.#readStream(await this.connection.stream(sql), kinds, onChunk))
  }

  /** As `columns`, in two steps: a query computes in the background on all threads; the function returned reads it chunk by chunk. */
  async beginColumns<const Kinds extends ColumnKinds>(
    sql: string,
    kinds: Kinds,
  ): Promise<(onChunk: (columns: ChunkColumns<Kinds>) => void) => Promise<void>> {
    const result = await this.#guarded(sql, () => this.connection.run(sql))
    return (onChunk) => this.#guarded(sql, () => this.#readStream(result, kinds, onChunk))
  }

  /** A second connection to the same tables, for a statement that runs in parallel. Close it before this one. */
  async openConnection(): Promise<Database> {
    const connection = await this.#instance.connect()
    return new Database(this.#instance, connection, this.threads, this.#signal, false, this.#spillFolder, this.#results)
  }

  /** Bytes that DuckDB may take: as configured, else its share of the machine's memory. */
  async memoryLimit(): Promise<number> {
    const reader = await this.#guarded('memory_limit', () => this.connection.runAndReadAll("SELECT current_setting('memory_limit')"))
    const text = String(reader.getRows()[0]?.[0])
    const [, size, unit] = /^([\d.]+) (bytes|[KMGT]iB)$/.exec(text) ?? []
    if (size === undefined) throw new HeadroomError('internal', `DuckDB states its memory limit as ${text}.`)
    return Number(size) * 1024 ** ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit!)
  }

  /** DuckDB measures progress only for connections that show a bar; the bar itself stays off. */
  async trackProgress(): Promise<void> {
    await this.run('SET enable_progress_bar = true; SET enable_progress_bar_print = false')
  }

  /** Share done of the query under way, 0..1, as DuckDB guesses it; 0 unless it is tracked. */
  progress(): number {
    return Math.max(0, this.connection.progress.percentage) / 100
  }

  /** Creates or replaces a table and appends rows, a value per column; fast for some hundred thousand rows. */
  async storeRows(table: string, columns: StoredColumns, rows: Iterable<readonly (string | number | null)[]>): Promise<void> {
    const definition = Object.entries(columns).map(([name, type]) => `${identifier(name)} ${type}`)
    await this.run(`CREATE OR REPLACE TABLE ${identifier(table)} (${definition.join(', ')})`)
    await this.appendRows(table, columns, rows)
  }

  /** Appends to a table that `storeRows` made with the same columns. */
  async appendRows(table: string, columns: StoredColumns, rows: Iterable<readonly (string | number | null)[]>): Promise<void> {
    const types = Object.values(columns)
    await this.#guarded(`APPEND ${table}`, async () => {
      const appender = await this.connection.createAppender(table)
      for (const row of rows) {
        row.forEach((value, column) => {
          if (value === null) appender.appendNull()
          else if (typeof value === 'string') appender.appendVarchar(value)
          else if (types[column] === 'INTEGER') appender.appendInteger(value)
          else appender.appendDouble(value)
        })
        appender.endRow()
      }
      appender.closeSync()
    })
  }

  /** Appends whole columns, INTEGER and DOUBLE in the order of the table's, to an existing table; fast for millions of rows. `attached`: the name of its database. */
  async appendColumns(table: string, columns: readonly (Int32Array | Float64Array)[], attached: string | null = null): Promise<void> {
    const rows = columns[0]?.length ?? 0
    await this.#guarded(`APPEND ${table}`, async () => {
      const appender = await this.connection.createAppender(table, null, attached)
      const chunk = DuckDBDataChunk.create(columns.map((values) => (values instanceof Int32Array ? INTEGER : DOUBLE)))
      for (let from = 0; from < rows; from += rowsPerChunk) {
        const to = Math.min(rows, from + rowsPerChunk)
        chunk.reset()
        chunk.rowCount = to - from
        columns.forEach((values, index) => fillVector(chunk.getColumnVector(index), values.subarray(from, to)))
        appender.appendDataChunk(chunk)
      }
      appender.closeSync()
    })
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#interrupt)
    this.connection.closeSync()
    if (this.#ownsInstance) this.#instance.closeSync()
  }

  async #readStream<const Kinds extends ColumnKinds>(
    result: DuckDBResult,
    kinds: Kinds,
    onChunk: (columns: ChunkColumns<Kinds>) => void,
  ): Promise<void> {
    const names = result.columnNames()
    for (;;) {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) return
      const columns = readChunk(chunk, names, kinds)
      onChunk(columns)
      this.#results.release(columns)
    }
  }

  async #guarded<T>(sql: string, work: () => Promise<T>): Promise<T> {
    if (isAborted(this.#signal)) throw cancelledError()
    // In turn: a second statement would close the result that is still being read, at times without an error.
    const previous = this.#lastStatement
    let release = (): void => undefined
    this.#lastStatement = new Promise((resolve) => (release = resolve))
    await previous
    try {
      return await work()
    } catch (cause) {
      // An interrupt surfaces as an ordinary query error; only the signal distinguishes them.
      throw isAborted(this.#signal) ? cancelledError(cause) : toDatabaseError(cause, sql)
    } finally {
      release()
    }
  }
}

/** DuckDB's own size of a vector. */
const rowsPerChunk = 2048

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

const defaultThreads = async (): Promise<number> => (await import('node:os')).availableParallelism()

const cancelledError = (cause?: unknown): HeadroomError => new HeadroomError('cancelled', 'Cancelled.', { cause })

/** The sentence and the next step for a failure of DuckDB: disk-full, memory-exceeded or query-failed. */
const toDatabaseError = (cause: unknown, sql: string): HeadroomError => {
  const message = cause instanceof Error ? cause.message : String(cause)
  // What does not fit into memory is spilled; where that fails, DuckDB speaks of memory first.
  if (/No space left on device|not enough disk space|failed to offload data block/i.test(message)) {
    return new HeadroomError('disk-full', 'The disk is full.', { next: 'Free some space and run again.', cause, sql })
  }
  const [, fault] = /(File too large|Too many open files|Input\/output error)/i.exec(message) ?? []
  if (fault !== undefined) {
    return new HeadroomError('file-not-written', `The system reports: ${fault.toLowerCase()}.`, {
      next: 'Check the disk and the limits of this process (ulimit), then run again.',
      cause,
      sql,
    })
  }
  const [, path] = /Cannot open file "(.+)": /.exec(message) ?? []
  if (path !== undefined && /^\s*COPY /.test(sql) && sql.includes(` TO ${literal(path)} (`)) {
    return new HeadroomError('file-not-written', `${path} cannot be written.`, {
      next: 'Choose a folder that you may write to.',
      cause,
      sql,
    })
  }
  if (/Out of Memory/i.test(message)) {
    return new HeadroomError('memory-exceeded', 'The analysis needs more memory than its limit allows.', {
      next: 'Raise --memory-limit, or analyse the servers in parts.',
      cause,
      sql,
    })
  }
  return new HeadroomError('query-failed', message, { cause, sql, isRaw: true })
}

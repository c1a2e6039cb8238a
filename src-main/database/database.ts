// The DuckDB seam: opens a database with bounded memory and threads, runs SQL whose rows are validated, and obeys an AbortSignal.
import { DuckDBInstance, DuckDBListVector, type DuckDBConnection, type DuckDBDataChunk, type DuckDBValue } from '@duckdb/node-api'
import type { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'

export interface DatabaseOptions {
  /** At least 2 are used: a single thread writes Parquet by another path, with other bytes. */
  readonly threads?: number | undefined
  /** DuckDB size text such as "1GB". */
  readonly memoryLimit?: string | undefined
  /** Folder for what does not fit into memory. */
  readonly spillFolder?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export type SqlParameters = DuckDBValue[]

export type NumberArray = Float64Array | Float32Array | Int32Array

export type StoredColumns = Readonly<Record<string, 'VARCHAR' | 'INTEGER' | 'DOUBLE'>>

/** Quotes a column or table name for SQL. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Quotes a text for the few places of SQL that take no bound parameter (COPY targets, file lists in views). */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

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
  #lastStatement = Promise.resolve()

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    threads: number,
    signal: AbortSignal | undefined,
    ownsInstance: boolean,
    spillFolder: string | undefined,
  ) {
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
    const threads = Math.max(2, options.threads ?? (await defaultThreads()))
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(threads),
      preserve_insertion_order: 'true',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      ...(options.memoryLimit === undefined ? {} : { memory_limit: options.memoryLimit }),
      ...(options.spillFolder === undefined ? {} : { temp_directory: options.spillFolder }),
    })
    const connection = await instance.connect()
    const database = new Database(instance, connection, threads, options.signal, true, options.spillFolder)
    await database.run("SET GLOBAL TimeZone = 'UTC'")
    // Otherwise each statement would open all files of a large dataset again.
    await database.run('SET GLOBAL parquet_metadata_cache = true')
    await database.#trackProgress()
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
    return reader.getRowObjectsJS().map((candidate) => row.parse(candidate))
  }

  /** The first row of a query that always has one. */
  async row<Row>(sql: string, row: z.ZodType<Row>, parameters: SqlParameters = []): Promise<Row> {
    const [first] = await this.rows(sql, row, parameters)
    if (first === undefined) throw new HeadroomError('internal', 'A query that always has a row returned none.', { sql })
    return first
  }

  /** Runs a query and returns its columns, without an object per row: for arrays of many thousand values. */
  async columns(sql: string, parameters: SqlParameters = []): Promise<Record<string, unknown[]>> {
    const reader = await this.#guarded(sql, () => this.connection.runAndReadAll(sql, parameters))
    return reader.getColumnsObjectJS()
  }

  /** A second connection to the same tables, for a statement that runs in parallel. Close it before this one. */
  async openConnection(): Promise<Database> {
    const secondary = new Database(this.#instance, await this.#instance.connect(), this.threads, this.#signal, false, this.#spillFolder)
    await secondary.#trackProgress()
    return secondary
  }

  /** Runs a query of numbers into one Float64Array per column; NULL becomes NaN. For millions of values. */
  async numbers(sql: string, columns: number, parameters: SqlParameters = []): Promise<Float64Array[]> {
    return this.#guarded(sql, async () => {
      const result = await this.connection.run(sql, parameters)
      const chunks = await result.fetchAllChunks()
      const total = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0)
      const arrays = Array.from({ length: columns }, () => new Float64Array(total))
      let offset = 0
      for (const chunk of chunks) {
        // Read once: every access to rowCount calls into DuckDB.
        const { rowCount } = chunk
        arrays.forEach((array, index) => {
          const vector = chunk.getColumnVector(index)
          for (let row = 0; row < rowCount; row++) {
            const value = vector.getItem(row)
            array[offset + row] = value === null ? Number.NaN : Number(value)
          }
        })
        offset += rowCount
      }
      return arrays
    })
  }

  /**
   * Streams a query of DOUBLE, FLOAT or INTEGER columns without NULL, chunk by chunk. DuckDB computes a streamed query on one thread and
   * owns the arrays: create a table first where the query is expensive, and copy what outlives the call.
   */
  async scan(sql: string, columns: number, onChunk: (values: readonly NumberArray[]) => void): Promise<void> {
    await this.#streamChunks(sql, (chunk, rowCount) =>
      onChunk(
        Array.from({ length: columns }, (_, index) => {
          const items = typedItems(chunk.getColumnVector(index))
          if (items === null) throw new HeadroomError('internal', 'A column of plain numbers was expected.', { sql })
          return items.subarray(0, rowCount)
        }),
      ),
    )
  }

  /**
   * Streams a query whose first column is a number and the next ones lists of numbers without NULL, row by row in the query's order. The
   * arrays are reused: copy what outlives the call. For millions of values that belong to thousands of keys.
   */
  async scanLists(sql: string, lists: number, onRow: (key: number, lists: readonly Float64Array[]) => void): Promise<void> {
    const buffers = Array.from({ length: lists }, () => new Float64Array(0))
    await this.#streamChunks(sql, (chunk, rowCount) => {
      const keys = chunk.getColumnVector(0)
      const vectors = buffers.map((_, index) => chunk.getColumnVector(index + 1))
      for (let row = 0; row < rowCount; row++) {
        const values = vectors.map((vector, index) => {
          if (!(vector instanceof DuckDBListVector)) throw new HeadroomError('internal', 'A column of lists was expected.', { sql })
          const from = vector.getEntryOffset(row)
          const length = vector.getEntryLength(row)
          if (buffers[index]!.length < length) buffers[index] = new Float64Array(length)
          const buffer = buffers[index]!
          const { childVector } = vector
          const items = typedItems(childVector)
          if (items !== null) buffer.set(items.subarray(from, from + length))
          else for (let item = 0; item < length; item++) buffer[item] = Number(childVector.getItem(from + item))
          return buffer.subarray(0, length)
        })
        onRow(Number(keys.getItem(row)), values)
      }
    })
  }

  /** Holds one chunk at a time. Every access to rowCount calls into DuckDB: it is read once. */
  async #streamChunks(sql: string, onChunk: (chunk: DuckDBDataChunk, rowCount: number) => void): Promise<void> {
    await this.#guarded(sql, async () => {
      const result = await this.connection.stream(sql)
      for (;;) {
        const chunk = await result.fetchChunk()
        const rowCount = chunk?.rowCount ?? 0
        if (chunk === null || rowCount === 0) return
        onChunk(chunk, rowCount)
      }
    })
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
  async #trackProgress(): Promise<void> {
    await this.run('SET enable_progress_bar = true; SET enable_progress_bar_print = false')
  }

  /** Share done of the query under way, 0..1, as DuckDB guesses it. */
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

  close(): void {
    this.#signal?.removeEventListener('abort', this.#interrupt)
    this.connection.closeSync()
    if (this.#ownsInstance) this.#instance.closeSync()
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
      // An interrupt surfaces as an ordinary query error; only the signal tells the two apart.
      throw isAborted(this.#signal) ? cancelledError(cause) : toDatabaseError(cause, sql)
    } finally {
      release()
    }
  }
}

/** The numbers behind a vector: reading each through getItem takes several times as long. */
const typedItems = (vector: object): NumberArray | null => {
  const items: unknown = Reflect.get(vector, 'items')
  return items instanceof Float64Array || items instanceof Float32Array || items instanceof Int32Array ? items : null
}

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
  if (/Out of Memory/i.test(message)) {
    return new HeadroomError('memory-exceeded', 'The analysis needs more memory than its limit allows.', {
      next: 'Raise --memory-limit, or analyse the servers in parts.',
      cause,
      sql,
    })
  }
  return new HeadroomError('query-failed', message, { cause, sql })
}

// Frees the results of DuckDB that were read, beyond a share of the database's memory limit.
// DuckDB frees one when JavaScript collects the objects that stand for it; V8 does not see how large they are and may wait for minutes.
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parseMemorySize } from '../../src-shared/config/memory-size.ts'

/** Of the limit, as long as a collection of some hundredths of a second does not come too often. */
const waitingShare = 1 / 6
const minWaitingBytes = 32e6
/** An object of V8, without its characters. */
const bytesPerText = 16

/** Of a row, measured: DuckDB's client, the parser and their caller make an object each, with its numbers and texts. */
const bytesPerCell = 192

let collect: (() => void) | undefined

/** Frees what nobody holds any more: memory outside of V8's heap does not hurry it. */
export const collectGarbage = (): void => {
  collect ??= findCollector()
  collect()
}

/** Rows whose result fills a good part of a small database's memory. */
const manyRows = 100_000

/** The same after a result of many rows: DuckDB counts it until JavaScript has collected it. */
export const collectAfter = async (rows: number): Promise<void> => {
  if (rows < manyRows) return
  collectGarbage()
  // Node frees what objects stood for when its event loop goes round.
  for (let round = 0; round < 2; round++) await setImmediate()
}

/** V8's own collector, which it hides from programs that do not ask for it. */
const findCollector = (): (() => void) => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

/** The results of a database that were read and are still in memory. */
export class ResultMemory {
  readonly #maxWaitingBytes: number
  #waitingBytes = 0

  /** `memoryLimit`: of the database, as DuckDB writes it, such as "650000000B"; without one nothing is collected. */
  constructor(memoryLimit: string | undefined) {
    const limit = memoryLimit === undefined ? Number.NaN : (bytesIn(memoryLimit) ?? parseMemorySize(memoryLimit))
    this.#maxWaitingBytes = Number.isNaN(limit) ? Number.POSITIVE_INFINITY : Math.max(minWaitingBytes, limit * waitingShare)
  }

  /** Columns of a chunk that was read; nothing of it but copies may be used afterwards. */
  release(columns: Readonly<Record<string, ColumnValues>>): void {
    for (const values of Object.values(columns)) this.#waitingBytes += sizeOf(values)
    this.#collectIfMuch()
  }

  /** Rows that were read as objects, and parsed into others. */
  releaseRows(rows: number, columns: number): void {
    this.#waitingBytes += rows * columns * bytesPerCell
    this.#collectIfMuch()
  }

  #collectIfMuch(): void {
    if (this.#waitingBytes < this.#maxWaitingBytes) return
    this.#waitingBytes = 0
    collectGarbage()
  }
}

const bytesIn = (text: string): number | undefined => {
  const [, digits] = /^(\d+)B$/.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits)
}

/** Numbers of a column, its texts, or an array of numbers per row. */
type ColumnValues = ArrayBufferView | readonly (Float64Array | string | null)[]

const sizeOf = (values: ColumnValues): number => {
  if (ArrayBuffer.isView(values)) return values.byteLength
  if (!(values[0] instanceof Float64Array)) return values.length * bytesPerText
  // Lists are views of one array.
  let bytes = 0
  for (let row = 0; row < values.length; row++) bytes += (values[row] as Float64Array).byteLength
  return bytes
}

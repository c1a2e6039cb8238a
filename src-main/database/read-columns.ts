// Reads chunks of a DuckDB result as typed columns: numbers as typed arrays, texts as strings, lists of numbers row by row. Writes numbers likewise.
import { DuckDBDecimalValue, DuckDBListVector, type DuckDBDataChunk, type DuckDBVector } from '@duckdb/node-api'
import { HeadroomError } from '../../src-shared/run/errors.ts'

export type NumberArray = Float64Array | Float32Array | Int32Array

/** The values of a column by its kind. A kind with `?` takes NULL: NaN for a number, null for a text. Lists hold no NULL. */
interface ColumnValues {
  readonly number: NumberArray
  readonly 'number?': NumberArray
  readonly text: readonly string[]
  readonly 'text?': readonly (string | null)[]
  /** One array per row. */
  readonly list: readonly Float64Array[]
}

/** Kind of each column of a query by its name. */
export type ColumnKinds = Readonly<Record<string, keyof ColumnValues>>

/** Columns of one chunk. DuckDB owns the arrays: copy what outlives the call. */
export type ChunkColumns<Kinds extends ColumnKinds> = { readonly [Name in keyof Kinds]: ColumnValues[Kinds[Name]] }

interface WholeColumnValues extends Pick<ColumnValues, 'text' | 'text?'> {
  readonly number: Float64Array<ArrayBuffer>
  readonly 'number?': Float64Array<ArrayBuffer>
}

export type WholeColumnKinds = Readonly<Record<string, keyof WholeColumnValues>>

/** Columns of a complete result. */
export type WholeColumns<Kinds extends WholeColumnKinds> = { readonly [Name in keyof Kinds]: WholeColumnValues[Kinds[Name]] }

/** `names`: of the result's columns, in their order. */
export const readChunk = <Kinds extends ColumnKinds>(
  chunk: DuckDBDataChunk,
  names: readonly string[],
  kinds: Kinds,
): ChunkColumns<Kinds> => {
  // Read once: every access to rowCount calls into DuckDB.
  const { rowCount } = chunk
  return Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => [name, readers[kind](chunk.getColumnVector(columnIndex(names, name)), rowCount)]),
  ) as ChunkColumns<Kinds>
}

/** Copies chunk after chunk into columns of the result's length, so that one copy is in memory. */
export class ColumnCollector<Kinds extends WholeColumnKinds> {
  readonly #columns: readonly (readonly [name: string, values: Float64Array<ArrayBuffer> | TextCollector])[]
  #rows = 0

  constructor(kinds: Kinds, rows: number) {
    this.#columns = Object.entries(kinds).map(([name, kind]) => [
      name,
      kind.startsWith('number') ? new Float64Array(rows) : new TextCollector(),
    ])
  }

  add(chunk: ChunkColumns<Kinds>, rows: number): void {
    for (const [name, values] of this.#columns) {
      const read = chunk[name as keyof Kinds]
      if (values instanceof Float64Array) values.set(read as NumberArray, this.#rows)
      else values.add(read as readonly (string | null)[])
    }
    this.#rows += rows
  }

  finish(): WholeColumns<Kinds> {
    return Object.fromEntries(
      this.#columns.map(([name, values]) => [name, values instanceof Float64Array ? values : values.texts]),
    ) as WholeColumns<Kinds>
  }
}

/** Different texts of a column up to which equal ones are one object: metrics and models, but not servers. */
const maxSharedTexts = 256

/** A million metrics as a million objects would fill V8's heap, which it looks through again and again. */
class TextCollector {
  readonly texts: (string | null)[] = []
  #known: Map<string, string> | undefined = new Map()

  add(texts: readonly (string | null)[]): void {
    for (const text of texts) this.texts.push(text === null || this.#known === undefined ? text : this.#share(this.#known, text))
  }

  #share(known: Map<string, string>, text: string): string {
    const shared = known.get(text)
    if (shared !== undefined) return shared
    known.set(text, text)
    if (known.size > maxSharedTexts) this.#known = undefined
    return text
  }
}

/** As a row is stored: NULL for NaN. */
export const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

const columnIndex = (names: readonly string[], name: string): number => {
  const index = names.indexOf(name)
  if (index === -1) throw new HeadroomError('internal', `The query has no column "${name}".`)
  return index
}

const readNumbers = (vector: DuckDBVector, rowCount: number, isNullable: boolean): NumberArray => {
  const items = typedItems(vector)
  if (items !== null && !mayHoldNull(vector)) return items.subarray(0, rowCount)
  const values = new Float64Array(rowCount)
  for (let row = 0; row < rowCount; row++) {
    const value = vector.getItem(row)
    if (typeof value === 'number' || typeof value === 'bigint') values[row] = Number(value)
    else if (value instanceof DuckDBDecimalValue) values[row] = value.toDouble()
    else if (value === null && isNullable) values[row] = Number.NaN
    else throw unexpectedValue(value)
  }
  return values
}

const readTexts = (vector: DuckDBVector, rowCount: number, isNullable: boolean): (string | null)[] =>
  Array.from({ length: rowCount }, (_, row) => {
    const value = vector.getItem(row)
    if (typeof value === 'string' || (value === null && isNullable)) return value
    throw unexpectedValue(value)
  })

const readLists = (vector: DuckDBVector, rowCount: number): Float64Array[] => {
  if (!(vector instanceof DuckDBListVector)) throw unexpectedValue(vector.getItem(0))
  const items = readNumbers(vector.childVector, vector.childVector.itemCount, false)
  const values = items instanceof Float64Array ? items : Float64Array.from(items)
  return Array.from({ length: rowCount }, (_, row) => {
    const from = vector.getEntryOffset(row)
    return values.subarray(from, from + vector.getEntryLength(row))
  })
}

const readers = {
  number: (vector, rowCount) => readNumbers(vector, rowCount, false),
  'number?': (vector, rowCount) => readNumbers(vector, rowCount, true),
  text: (vector, rowCount) => readTexts(vector, rowCount, false),
  'text?': (vector, rowCount) => readTexts(vector, rowCount, true),
  list: readLists,
} satisfies Record<keyof ColumnValues, (vector: DuckDBVector, rowCount: number) => unknown>

/** The numbers behind a vector: reading each through getItem takes several times as long. */
const typedItems = (vector: DuckDBVector): NumberArray | null => {
  const items: unknown = Reflect.get(vector, 'items')
  return items instanceof Float64Array || items instanceof Float32Array || items instanceof Int32Array ? items : null
}

/** Writes numbers without NULL to a vector of their type. */
export const fillVector = (vector: DuckDBVector, values: Int32Array | Float64Array): void => {
  const items = typedItems(vector)
  if (items === null) throw unexpectedValue(values)
  items.set(values)
  vector.flush()
}

/** Whether the validity mask has an unset bit; bits after the last row count too. */
const mayHoldNull = (vector: DuckDBVector): boolean => {
  const mask: unknown = Reflect.get(Reflect.get(vector, 'validity') as object, 'data')
  return mask instanceof BigUint64Array && mask.some((word) => word !== 0xffff_ffff_ffff_ffffn)
}

const unexpectedValue = (value: unknown): HeadroomError =>
  new HeadroomError('internal', `A column holds ${value === null ? 'NULL' : typeof value}, which its kind does not allow.`)

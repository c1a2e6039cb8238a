// Writes Parquet files of plain, uncompressed columns, group by group: texts, numbers, times, and lists of numbers and times.
import { closeSync, openSync, writeSync } from 'node:fs'
import { footerBytes, footerFields, listOfStructs, parquetMagic } from './parquet-footer.ts'
import {
  dataPage,
  physicalTypes,
  plainEncoding,
  uncompressed,
  type PlainColumn,
  type PlainNumbers,
  type PlainType,
} from './plain-layout.ts'
import { thriftTypes, writeThrift, type ThriftField, type ThriftStruct } from './thrift-compact.ts'

/** The rows of a column in one group. Whole numbers beyond 32 bits and times are in a Float64Array. */
export type PlainValues =
  | { readonly texts: readonly string[] }
  | { readonly numbers: PlainNumbers }
  | { readonly numbers: PlainNumbers; /** Values of each row. */ readonly lengths: Uint32Array }

const levelEncoding = 3
const repetitions = { required: 0, repeated: 2 } as const
const convertedTypes = { text: 0, list: 3 } as const

const whole = (value: number): ThriftField => ({ type: thriftTypes.i32, value })
const long = (value: number): ThriftField => ({ type: thriftTypes.i64, value })
const text = (value: string): ThriftField => ({ type: thriftTypes.binary, value: Buffer.from(value) })
const struct = (fields: readonly (readonly [id: number, field: ThriftField])[]): ThriftStruct => new Map(fields)
const structField = (fields: readonly (readonly [id: number, field: ThriftField])[] = []): ThriftField => ({
  type: thriftTypes.struct,
  value: struct(fields),
})
const structList = (items: readonly ThriftStruct[]): ThriftField => ({ type: thriftTypes.list, value: listOfStructs(items) })

/**
 * Writes one file. Keeps none open between calls, so that the folder can be removed at any time. Same columns and groups give the same bytes.
 * Throws the file system's errors.
 */
export class PlainWriter {
  readonly #path: string
  readonly #columns: readonly PlainColumn[]
  readonly #groups: ThriftStruct[] = []
  #rows = 0
  #at = 0

  /** The file must not exist. */
  constructor(path: string, columns: readonly PlainColumn[]) {
    this.#path = path
    this.#columns = columns
    this.#append([parquetMagic], 'wx')
  }

  /** Appends a group of rows: values of every column, in their order. */
  writeGroup(rows: number, values: readonly PlainValues[]): void {
    const from = this.#at
    const chunks = this.#columns.map((column, index) => this.#writeChunk(column, values[index]!, rows))
    const bytes = this.#at - from
    this.#groups.push(
      struct([
        [footerFields.rowGroup.columns, structList(chunks)],
        [footerFields.rowGroup.totalByteSize, long(bytes)],
        [footerFields.rowGroup.numRows, long(rows)],
        [footerFields.rowGroup.fileOffset, long(from)],
        [footerFields.rowGroup.totalCompressedSize, long(bytes)],
      ]),
    )
    this.#rows += rows
  }

  /** Ends the file, with notes under keys. */
  finish(notes: Readonly<Record<string, string>>, createdBy: string): void {
    const { schema, numRows, rowGroups, keyValueMetadata, createdBy: creator, columnOrders } = footerFields.fileMetaData
    const elements = this.#columns.flatMap(schemaElements)
    const root = struct([
      [footerFields.schemaElement.name, text('schema')],
      [footerFields.schemaElement.numChildren, whole(this.#columns.length)],
    ])
    const keyValues = Object.entries(notes).map(([key, value]) =>
      struct([
        [1, text(key)],
        [2, text(value)],
      ]),
    )
    const metaData = struct([
      [1, whole(1)],
      [schema, structList([root, ...elements])],
      [numRows, long(this.#rows)],
      [rowGroups, structList(this.#groups)],
      [keyValueMetadata, structList(keyValues)],
      [creator, text(createdBy)],
      // The order of a type, for each column: without it readers may not use the statistics.
      [columnOrders, structList(this.#columns.map(() => struct([[1, structField()]])))],
    ])
    this.#append([footerBytes(metaData)])
  }

  #writeChunk(column: PlainColumn, values: PlainValues, rows: number): ThriftStruct {
    const levels = 'lengths' in values ? encodeLevels(values.lengths) : { bytes: [], count: rows }
    const encoded = 'texts' in values ? encodeTexts(values.texts) : encodeNumbers(column.type, values.numbers)
    const size = encoded.length + levels.bytes.reduce((sum, { length }) => sum + length, 0)
    const header = writeThrift(
      struct([
        [1, whole(dataPage)],
        [2, whole(size)],
        [3, whole(size)],
        [
          5,
          structField([
            [1, whole(levels.count)],
            [2, whole(plainEncoding)],
            [3, whole(levelEncoding)],
            [4, whole(levelEncoding)],
          ]),
        ],
      ]),
    )
    const offset = this.#at
    this.#append([header, ...levels.bytes, encoded])
    const bytes = this.#at - offset
    const { pathInSchema, codec, totalUncompressedSize, totalCompressedSize, dataPageOffset } = footerFields.columnMetaData
    const metaData = struct([
      [1, whole(physicalTypes[column.type])],
      [2, { type: thriftTypes.list, value: { type: thriftTypes.i32, items: [plainEncoding, levelEncoding] } }],
      [
        pathInSchema,
        { type: thriftTypes.list, value: { type: thriftTypes.binary, items: pathOf(column).map((name) => Buffer.from(name)) } },
      ],
      [codec, whole(uncompressed)],
      [5, long(levels.count)],
      [totalUncompressedSize, long(bytes)],
      [totalCompressedSize, long(bytes)],
      [dataPageOffset, long(offset)],
      ...('texts' in values && values.texts.length > 0 ? [[12, rangeOf(values.texts)] as const] : []),
    ])
    return struct([
      [footerFields.columnChunk.fileOffset, long(offset)],
      [footerFields.columnChunk.metaData, { type: thriftTypes.struct, value: metaData }],
    ])
  }

  #append(parts: readonly Uint8Array[], flag = 'a'): void {
    const file = openSync(this.#path, flag)
    try {
      for (const part of parts) {
        for (let written = 0; written < part.length;) written += writeSync(file, part, written)
        this.#at += part.length
      }
    } finally {
      closeSync(file)
    }
  }
}

const listNames = ['list', 'element'] as const
const pathOf = ({ name, isList = false }: PlainColumn): string[] => [name, ...(isList ? listNames : [])]

const schemaElements = ({ name, type, isList = false }: PlainColumn): ThriftStruct[] => {
  const { type: physical, name: label, numChildren, convertedType, logicalType } = footerFields.schemaElement
  const repetition = 3
  const leaf = struct([
    [physical, whole(physicalTypes[type])],
    [repetition, whole(repetitions.required)],
    [label, text(isList ? 'element' : name)],
    ...(type === 'text'
      ? [[convertedType, whole(convertedTypes.text)] as const, [logicalType, structField([[1, structField()]])] as const]
      : []),
    // A timestamp without zone, in microseconds.
    ...(type === 'time'
      ? [
          [
            logicalType,
            structField([
              [
                8,
                structField([
                  [1, { type: thriftTypes.false, value: false }],
                  [2, structField([[2, structField()]])],
                ]),
              ],
            ]),
          ] as const,
        ]
      : []),
  ])
  if (!isList) return [leaf]
  return [
    struct([
      [repetition, whole(repetitions.required)],
      [label, text(name)],
      [numChildren, whole(1)],
      [convertedType, whole(convertedTypes.list)],
      [logicalType, structField([[3, structField()]])],
    ]),
    struct([
      [repetition, whole(repetitions.repeated)],
      [label, text('list')],
      [numChildren, whole(1)],
    ]),
    leaf,
  ]
}

/** Least and greatest text, by their bytes. */
const rangeOf = (texts: readonly string[]): ThriftField => {
  let [least, greatest] = [Buffer.from(texts[0]!), Buffer.from(texts[0]!)]
  for (let row = 1; row < texts.length; row++) {
    if (texts[row] === texts[row - 1]) continue
    const candidate = Buffer.from(texts[row]!)
    if (candidate.compare(least) < 0) least = candidate
    if (candidate.compare(greatest) > 0) greatest = candidate
  }
  return structField([
    [3, long(0)],
    [5, { type: thriftTypes.binary, value: greatest }],
    [6, { type: thriftTypes.binary, value: least }],
  ])
}

/** Runs of equal levels of one bit, each as its length and its value. */
class LevelRuns {
  readonly #bytes: number[] = [0, 0, 0, 0]
  #level = 0
  #length = 0

  add(level: 0 | 1, count: number): void {
    if (count === 0) return
    if (level !== this.#level) this.#flush()
    this.#level = level
    this.#length += count
  }

  finish(): Uint8Array {
    this.#flush()
    const bytes = Buffer.from(this.#bytes)
    bytes.writeUInt32LE(bytes.length - 4)
    return bytes
  }

  #flush(): void {
    if (this.#length === 0) return
    let header = this.#length * 2
    while (header >= 128) {
      this.#bytes.push((header % 128) | 0x80)
      header = Math.floor(header / 128)
    }
    this.#bytes.push(header, this.#level)
    this.#length = 0
  }
}

/** Repetition levels (0 begins a row) and definition levels (0 is an empty list). */
const encodeLevels = (lengths: Uint32Array): { readonly bytes: Uint8Array[]; readonly count: number } => {
  const [repetition, definition] = [new LevelRuns(), new LevelRuns()]
  let count = 0
  for (const length of lengths) {
    repetition.add(0, 1)
    if (length > 0) repetition.add(1, length - 1)
    if (length > 0) definition.add(1, length)
    else definition.add(0, 1)
    count += Math.max(1, length)
  }
  return { bytes: [repetition.finish(), definition.finish()], count }
}

const encodeTexts = (texts: readonly string[]): Uint8Array => {
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, value) => sum + 4 + Buffer.byteLength(value), 0))
  let at = 0
  for (const value of texts) {
    const written = bytes.write(value, at + 4)
    bytes.writeUInt32LE(written, at)
    at += 4 + written
  }
  return bytes
}

const bytesOf = ({ buffer, byteOffset, byteLength }: PlainNumbers): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)

const encodeNumbers = (type: PlainType, numbers: PlainNumbers): Uint8Array => {
  if (type !== 'time' && type !== 'long') return bytesOf(numbers)
  const words = new Uint32Array(2 * numbers.length)
  for (let index = 0; index < numbers.length; index++) {
    const high = Math.floor(numbers[index]! / 2 ** 32)
    words[2 * index] = numbers[index]! - high * 2 ** 32
    words[2 * index + 1] = high
  }
  return new Uint8Array(words.buffer)
}

// Parquet files of plain, uncompressed columns: texts, numbers, times, and lists of numbers and times. Written group by group, read back as typed arrays.
import { closeSync, openSync, writeSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import {
  footerBytes,
  footerFields,
  listOfStructs,
  numberAt,
  parquetMagic,
  readFooter,
  readKeyValue,
  structAt,
  structsAt,
  textAt,
  textsAt,
} from './parquet-footer.ts'
import { readThriftAtStart, ThriftError, thriftTypes, writeThrift, type ThriftField, type ThriftStruct } from './thrift-compact.ts'

/** Times are microseconds since 1970, UTC without zone. */
export type PlainType = 'text' | 'whole' | 'time' | 'long' | 'float' | 'double'

export interface PlainColumn {
  readonly name: string
  readonly type: PlainType
  /** One list per row, which may be empty; no value is NULL. Texts have no lists. */
  readonly isList?: boolean
}

export type PlainNumbers = Int32Array | Float32Array | Float64Array

/** The rows of a column in one group. Whole numbers beyond 32 bits and times are in a Float64Array. */
export type PlainValues =
  | { readonly texts: readonly string[] }
  | { readonly numbers: PlainNumbers }
  | { readonly numbers: PlainNumbers; /** Values of each row. */ readonly lengths: Uint32Array }

/** Types, encodings and repetitions by the numbers of the specification (parquet.thrift). */
const physicalTypes: Readonly<Record<PlainType, number>> = { text: 6, whole: 1, time: 2, long: 2, float: 4, double: 5 }
const valueBytes: Readonly<Record<Exclude<PlainType, 'text'>, number>> = { whole: 4, time: 8, long: 8, float: 4, double: 8 }
const plainEncoding = 0
const levelEncoding = 3
const uncompressed = 0
const repetitions = { required: 0, repeated: 2 } as const
const convertedTypes = { text: 0, list: 3 } as const
/** Of a data page, first version. */
const dataPage = 0

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

/** Lists of a group: row r has values[offsets[r]..offsets[r + 1]]. */
export interface PlainLists<Numbers extends PlainNumbers = PlainNumbers> {
  readonly offsets: Uint32Array
  readonly values: Numbers
}

interface ChunkPlace {
  readonly type: number
  readonly offset: number
  readonly bytes: number
  readonly range: { readonly least: string; readonly greatest: string } | null
}

/** A group of rows of a file that PlainWriter wrote. */
export interface PlainGroup {
  readonly rows: number
  readonly chunks: ReadonlyMap<string, ChunkPlace>
}

/** Reads a file that PlainWriter wrote. Throws ThriftError where it is another or damaged, and what the file system throws. Close it. */
export class PlainReader {
  readonly #file: FileHandle
  readonly #end: number
  readonly #metaData: ThriftStruct
  readonly groups: readonly PlainGroup[]

  private constructor(file: FileHandle, end: number, metaData: ThriftStruct) {
    this.#file = file
    this.#end = end
    this.#metaData = metaData
    this.groups = structsAt(metaData, footerFields.fileMetaData.rowGroups).map(readGroup)
  }

  static async open(path: string): Promise<PlainReader> {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const { metaData, start } = await readFooter({ bytes: size, read: (from, length) => readBytes(file, from, length) })
      return new PlainReader(file, start, metaData)
    } catch (thrown) {
      await file.close()
      throw thrown
    }
  }

  /** A note that the writer left. */
  note(key: string): string | undefined {
    return readKeyValue(this.#metaData, key)
  }

  async texts(group: PlainGroup, column: string): Promise<string[]> {
    const { bytes } = await this.#readPage(group, column, 'text')
    const texts: string[] = []
    for (let at = 0; at < bytes.length;) {
      const length = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : bytes.length
      if (at + 4 + length > bytes.length) throw new ThriftError('a text ends behind its page')
      texts.push(bytes.toString('utf8', at + 4, at + 4 + length))
      at += 4 + length
    }
    if (texts.length !== group.rows) throw new ThriftError('a page holds other rows than its group')
    return texts
  }

  /** Of type `whole`. */
  async wholes(group: PlainGroup, column: string): Promise<Int32Array> {
    const { bytes } = await this.#readPage(group, column, 'whole')
    return this.#inRows(group, new Int32Array(copyOf(bytes, 4)))
  }

  /** Of type `long`, as doubles. */
  async longs(group: PlainGroup, column: string): Promise<Float64Array> {
    const { bytes } = await this.#readPage(group, column, 'long')
    return this.#inRows(group, decodeLongs(bytes))
  }

  floatLists(group: PlainGroup, column: string): Promise<PlainLists<Float32Array>> {
    return this.#readLists(group, column, 'float', (bytes) => new Float32Array(copyOf(bytes, 4)))
  }

  doubleLists(group: PlainGroup, column: string): Promise<PlainLists<Float64Array>> {
    return this.#readLists(group, column, 'double', (bytes) => new Float64Array(copyOf(bytes, 8)))
  }

  /** Microseconds since 1970. */
  timeLists(group: PlainGroup, column: string): Promise<PlainLists<Float64Array>> {
    return this.#readLists(group, column, 'time', decodeLongs)
  }

  /** Where the lists of a column begin and end, without their values. */
  async listOffsets(group: PlainGroup, column: string, type: Exclude<PlainType, 'text'>): Promise<Uint32Array> {
    for (let length = levelBytes; ; length *= 8) {
      const { bytes, count, isWhole } = await this.#readPage(group, column, type, length)
      try {
        const repetition = readLevels(bytes, 0)
        return listOffsets(repetition.runs, readLevels(bytes, repetition.end).runs, group.rows, count)
      } catch (thrown) {
        if (!(thrown instanceof ThriftError) || isWhole) throw thrown
      }
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  #inRows<Numbers extends PlainNumbers>(group: PlainGroup, numbers: Numbers): Numbers {
    if (numbers.length !== group.rows) throw new ThriftError('a page holds other rows than its group')
    return numbers
  }

  async #readLists<Numbers extends PlainNumbers>(
    group: PlainGroup,
    column: string,
    type: Exclude<PlainType, 'text'>,
    decode: (bytes: Buffer) => Numbers,
  ): Promise<PlainLists<Numbers>> {
    const { bytes, count } = await this.#readPage(group, column, type)
    const repetition = readLevels(bytes, 0)
    const definition = readLevels(bytes, repetition.end)
    const offsets = listOffsets(repetition.runs, definition.runs, group.rows, count)
    const values = decode(bytes.subarray(definition.end))
    if (values.length !== offsets[group.rows]) throw new ThriftError('a page holds other values than its levels say')
    return { offsets, values }
  }

  /** The bytes of a column's only page, or its first `maxBytes`, without its header, and its number of levels. */
  async #readPage(
    group: PlainGroup,
    column: string,
    type: PlainType,
    maxBytes = Number.POSITIVE_INFINITY,
  ): Promise<{ readonly bytes: Buffer; readonly count: number; readonly isWhole: boolean }> {
    const place = group.chunks.get(column)
    if (place?.type !== physicalTypes[type]) throw new ThriftError(`there is no column ${column} of type ${type}`)
    if (place.offset < parquetMagic.length || place.bytes < 0 || place.offset + place.bytes > this.#end)
      throw new ThriftError('a page lies outside the file')
    const length = Math.min(place.bytes, maxBytes)
    const chunk = await readBytes(this.#file, place.offset, length)
    if (chunk.length < length) throw new ThriftError('the file ends too early')
    const { struct: header, length: headerLength } = readThriftAtStart(chunk)
    const page = structAt(header, 5)
    if (numberAt(header, 1) !== dataPage || numberAt(header, 3) !== place.bytes - headerLength || numberAt(page, 2) !== plainEncoding)
      throw new ThriftError('a page is not plain')
    return { bytes: chunk.subarray(headerLength), count: numberAt(page, 1) ?? 0, isWhole: length === place.bytes }
  }
}

/** Levels of a thousand lists take a part of it. */
const levelBytes = 64 * 1024

const readBytes = async (file: FileHandle, from: number, length: number): Promise<Buffer> => {
  const buffer = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, from + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

const readGroup = (group: ThriftStruct): PlainGroup => {
  const { pathInSchema, codec, totalCompressedSize, dataPageOffset } = footerFields.columnMetaData
  const chunks = structsAt(group, footerFields.rowGroup.columns).map((chunk): [string, ChunkPlace] => {
    const metaData = structAt(chunk, footerFields.columnChunk.metaData)
    if (numberAt(metaData, codec) !== uncompressed) throw new ThriftError('a page is compressed')
    const statistics = metaData.has(12) ? structAt(metaData, 12) : undefined
    const [greatest, least] = [5, 6].map((field) => (statistics === undefined ? undefined : textAt(statistics, field)))
    return [
      textsAt(metaData, pathInSchema)[0] ?? '',
      {
        type: numberAt(metaData, 1) ?? -1,
        offset: numberAt(metaData, dataPageOffset) ?? -1,
        bytes: numberAt(metaData, totalCompressedSize) ?? -1,
        range: least === undefined || greatest === undefined ? null : { least, greatest },
      },
    ]
  })
  const rows = numberAt(group, footerFields.rowGroup.numRows) ?? -1
  if (rows < 0) throw new ThriftError('a group states no number of rows')
  return { rows, chunks: new Map(chunks) }
}

/** A copy that begins where its values may begin. */
const copyOf = (bytes: Buffer, size: number): ArrayBuffer => {
  if (bytes.length % size !== 0) throw new ThriftError('a page ends within a value')
  const copy = new ArrayBuffer(bytes.length)
  new Uint8Array(copy).set(bytes)
  return copy
}

const decodeLongs = (bytes: Buffer): Float64Array<ArrayBuffer> => {
  const words = new DataView(copyOf(bytes, valueBytes.long))
  const numbers = new Float64Array(bytes.length / valueBytes.long)
  for (let index = 0; index < numbers.length; index++)
    numbers[index] = words.getInt32(8 * index + 4, true) * 2 ** 32 + words.getUint32(8 * index, true)
  return numbers
}

/** Levels of one bit: values and lengths of the runs by turns, and where the next part begins. */
const readLevels = (bytes: Buffer, from: number): { readonly runs: readonly number[]; readonly end: number } => {
  if (from + 4 > bytes.length) throw new ThriftError('levels are missing')
  const end = from + 4 + bytes.readUInt32LE(from)
  if (end > bytes.length) throw new ThriftError('levels end behind their page')
  const runs: number[] = []
  for (let at = from + 4; at < end;) {
    let [header, factor, byte] = [0, 1, 0x80]
    while (byte >= 0x80) {
      if (at >= end) throw new ThriftError('levels end within a run')
      byte = bytes[at++]!
      header += (byte & 0x7f) * factor
      factor *= 128
    }
    const level = at < end ? bytes[at++]! : 2
    if (header % 2 !== 0 || level > 1) throw new ThriftError('levels are packed otherwise')
    runs.push(level, header / 2)
  }
  return { runs, end }
}

/** Repetition 0 begins a row; definition 0 is an empty list, which has one level and no value. */
const listOffsets = (repetition: readonly number[], definition: readonly number[], rows: number, count: number): Uint32Array => {
  const starts = new Float64Array(rows)
  let [row, level] = [0, 0]
  for (let run = 0; run < repetition.length; run += 2) {
    const length = repetition[run + 1]!
    if (level + length > count) throw new ThriftError('a page has other levels than it says')
    if (repetition[run] === 0) {
      if (row + length > rows) throw new ThriftError('a page holds other rows than its group')
      for (let index = 0; index < length; index++) starts[row++] = level + index
    }
    level += length
  }
  if (row !== rows || level !== count) throw new ThriftError('a page holds other rows than its group')
  const offsets = new Uint32Array(rows + 1)
  // Of each row: its levels, less one where it is an empty list.
  let empty = 0
  let [at, position] = [0, 0]
  for (let run = 0; run < definition.length; run += 2) {
    const until = position + definition[run + 1]!
    const isEmpty = definition[run] === 0
    for (; at < rows && starts[at]! < until; at++) {
      offsets[at] = starts[at]! - empty
      if (isEmpty) empty++
    }
    position = until
  }
  if (at !== rows || position !== count) throw new ThriftError('a page has other levels than it says')
  offsets[rows] = count - empty
  return offsets
}

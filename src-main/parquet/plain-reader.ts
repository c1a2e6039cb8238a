// Reads the columns of files that plain-writer wrote, as typed arrays, group by group.
import { open, type FileHandle } from 'node:fs/promises'
import { footerFields, numberAt, parquetMagic, readFooter, readKeyValue, structAt, structsAt, textAt, textsAt } from './parquet-footer.ts'
import { dataPage, physicalTypes, plainEncoding, uncompressed, type PlainNumbers, type PlainType } from './plain-layout.ts'
import { readThriftAtStart, ThriftError, type ThriftStruct } from './thrift-compact.ts'

/** Lists of a group: row r has values[offsets[r]..offsets[r + 1]]. */
export interface PlainLists<Numbers extends PlainNumbers = PlainNumbers> {
  readonly offsets: Uint32Array
  readonly values: Numbers
}

/** Texts of a group by row. */
export interface TextPage {
  readonly text: (row: number) => string
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
    const page = await this.textPage(group, column)
    return Array.from({ length: group.rows }, (_, row) => page.text(row))
  }

  /** Texts as bytes, until they are asked for. */
  async textPage(group: PlainGroup, column: string): Promise<TextPage> {
    const { bytes } = await this.#readPage(group, column, 'text')
    const starts = new Uint32Array(group.rows + 1)
    let [row, at] = [0, 0]
    while (at < bytes.length) {
      const length = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : bytes.length
      if (at + 4 + length > bytes.length) throw new ThriftError('a text ends behind its page')
      at += 4 + length
      starts[++row] = at
    }
    if (row !== group.rows) throw new ThriftError('a page holds other rows than its group')
    return { text: (of) => bytes.toString('utf8', starts[of]! + 4, starts[of + 1]) }
  }

  /** Of type `whole`. */
  async wholes(group: PlainGroup, column: string): Promise<Int32Array> {
    const { bytes } = await this.#readPage(group, column, 'whole')
    return this.#inRows(group, new Int32Array(...aligned(bytes, 4)))
  }

  /** Of type `long`, as doubles. */
  async longs(group: PlainGroup, column: string): Promise<Float64Array> {
    const { bytes } = await this.#readPage(group, column, 'long')
    return this.#inRows(group, decodeLongs(bytes))
  }

  floatLists(group: PlainGroup, column: string): Promise<PlainLists<Float32Array>> {
    return this.#readLists(group, column, 'float', (bytes) => new Float32Array(...aligned(bytes, 4)))
  }

  doubleLists(group: PlainGroup, column: string): Promise<PlainLists<Float64Array>> {
    return this.#readLists(group, column, 'double', (bytes) => new Float64Array(...aligned(bytes, 8)))
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

/** Moves the values to where they may begin, over the levels or the header before them: there is no second copy. */
const aligned = (bytes: Buffer, size: number): [buffer: ArrayBuffer, from: number, length: number] => {
  if (bytes.length % size !== 0) throw new ThriftError('a page ends within a value')
  const { buffer, byteOffset, length } = bytes as Buffer<ArrayBuffer>
  const from = byteOffset - (byteOffset % size)
  if (from < byteOffset) new Uint8Array(buffer).copyWithin(from, byteOffset, byteOffset + length)
  return [buffer, from, length / size]
}

const longBytes = 8

const decodeLongs = (bytes: Buffer): Float64Array<ArrayBuffer> => {
  if (bytes.length % longBytes !== 0) throw new ThriftError('a page ends within a value')
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const numbers = new Float64Array(bytes.length / longBytes)
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

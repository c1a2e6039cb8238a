// Whether a Parquet file's pages agree with their checksums, where writers state them, and with footer and headers; DuckDB compares neither.
// Source: PageHeader and ColumnMetaData in parquet.thrift of Apache Parquet.
import { open, type FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { crc32 } from './crc32.ts'
import { footerFields, numberAt, readFileFooter, structAt, structsAt, textAt, textsAt } from './parquet-footer.ts'
import { readThriftAtStart, ThriftError, type ThriftStruct } from './thrift-compact.ts'

const pageHeader = { uncompressedPageSize: 2, compressedPageSize: 3, crc: 4, dataPage: 5, dataPageV2: 8 } as const
/** The first field of both data page headers. */
const pageValues = 1
/** In pages of version 2 the levels lie uncompressed before the values. */
const dataPageV2 = { definitionLevelsBytes: 5, repetitionLevelsBytes: 6, isCompressed: 7 } as const
const codecs = { none: 0, snappy: 1, gzip: 2 } as const
/** Of ColumnMetaData and Statistics: only contradictions are looked for. */
const columnFields = { numValues: 5, statistics: 12 } as const
const statistics = { oldMax: 1, oldMin: 2, nullCount: 3, max: 5, min: 6 } as const
const repetition = { field: 3, repeated: 2 } as const
/** A length of 32 bits in groups of seven. */
const maxVarintBytes = 5
const gunzipPage = promisify(gunzip)
const { fileMetaData, schemaElement, rowGroup, columnChunk, columnMetaData } = footerFields

export interface PageChecksums {
  /** Pages that state a checksum, and agree with it. */
  readonly checkedPages: number
  /** Column of the first page that disagrees, names of nested ones joined by dots. */
  readonly damagedColumn?: string
}

/** Throws ThriftError where footer or page headers cannot be read, what the file system throws, and the reason of `signal`. */
export const checkPageChecksums = async (path: string, signal?: AbortSignal): Promise<PageChecksums> => {
  const { metaData } = await readFileFooter(path)
  const file = await open(path, 'r')
  try {
    let checkedPages = 0
    const repeated = new Set(
      structsAt(metaData, fileMetaData.schema)
        .filter((element) => numberAt(element, repetition.field) === repetition.repeated)
        .map((element) => textAt(element, schemaElement.name)),
    )
    for (const group of structsAt(metaData, fileMetaData.rowGroups)) {
      const rows = numberAt(group, rowGroup.numRows)
      for (const chunk of structsAt(group, rowGroup.columns)) {
        signal?.throwIfAborted()
        if (chunk.has(columnChunk.cryptoMetadata)) continue
        const column = structAt(chunk, columnChunk.metaData)
        const names = textsAt(column, columnMetaData.pathInSchema)
        const isFlat = names.length === 1 && !repeated.has(names[0])
        const contradicts = statesValuesAmongNulls(column) || (isFlat && numberAt(column, columnFields.numValues) !== rows)
        const checked = contradicts ? 'damaged' : await checkChunk(file, column)
        if (checked === 'damaged') return { checkedPages, damagedColumn: names.join('.') }
        checkedPages += checked
      }
    }
    return { checkedPages }
  } finally {
    await file.close()
  }
}

/** DuckDB takes a column without values for empty; a writer states least and greatest of values only. NaN is what some state of none. */
const statesValuesAmongNulls = (column: ThriftStruct): boolean => {
  const stated = structIn(column, columnFields.statistics)
  if (stated === undefined || (numberAt(stated, statistics.nullCount) ?? 0) < (numberAt(column, columnFields.numValues) ?? 0)) return false
  return [statistics.min, statistics.max, statistics.oldMin, statistics.oldMax].some((id) => {
    const value = stated.get(id)?.value
    return value instanceof Uint8Array && value.length > 0 && !isNaNValue(value)
  })
}

const isNaNValue = (value: Uint8Array): boolean => {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  return (value.length === 8 && Number.isNaN(view.getFloat64(0, true))) || (value.length === 4 && Number.isNaN(view.getFloat32(0, true)))
}

const structIn = (struct: ThriftStruct, id: number): ThriftStruct | undefined => {
  const value = struct.get(id)?.value
  return value instanceof Map ? value : undefined
}

/** The number of pages of a column chunk that agree with a checksum: the one of the page, or gzip's. */
const checkChunk = async (file: FileHandle, column: ThriftStruct): Promise<number | 'damaged'> => {
  const data = numberAt(column, columnMetaData.dataPageOffset) ?? 0
  // Some writers state 0 for "no dictionary".
  let at = Math.min(data, numberAt(column, columnMetaData.dictionaryPageOffset) || data)
  const end = at + (numberAt(column, columnMetaData.totalCompressedSize) ?? 0)
  const codec = numberAt(column, columnMetaData.codec)
  let checkedPages = 0
  let values = 0
  while (at < end) {
    const { struct, length } = await readPageHeader(file, at, end)
    const size = numberAt(struct, pageHeader.compressedPageSize)
    if (size === undefined || size < 0 || at + length + size > end) return 'damaged'
    const stated = numberAt(struct, pageHeader.crc)
    const dataPage = structIn(struct, pageHeader.dataPageV2) ?? structIn(struct, pageHeader.dataPage)
    values += dataPage === undefined ? 0 : (numberAt(dataPage, pageValues) ?? 0)
    const isWhole = stated !== undefined || codec === codecs.gzip
    const page = await readAt(file, at + length, isWhole ? size : Math.min(size, levelBytes(struct) + maxVarintBytes))
    if (isWhole && page.length < size) return 'damaged'
    if (stated !== undefined && crc32(page) !== stated >>> 0) return 'damaged'
    if (!(await hasStatedLength(struct, codec, page, size))) return 'damaged'
    if (isWhole) checkedPages++
    at += length + size
  }
  return values === (numberAt(column, columnFields.numValues) ?? 0) ? checkedPages : 'damaged'
}

const readAt = async (file: FileHandle, at: number, length: number): Promise<Buffer> => {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}

const levelBytes = (header: ThriftStruct): number => {
  const version2 = structIn(header, pageHeader.dataPageV2)
  if (version2 === undefined) return 0
  return (numberAt(version2, dataPageV2.definitionLevelsBytes) ?? 0) + (numberAt(version2, dataPageV2.repetitionLevelsBytes) ?? 0)
}

/** The length without compression, where the codec shows it. DuckDB inflates gzip without comparing the checksum at its end. */
const hasStatedLength = async (header: ThriftStruct, codec: number | undefined, page: Buffer, size: number): Promise<boolean> => {
  const unpacked = numberAt(header, pageHeader.uncompressedPageSize)
  const isStored = structIn(header, pageHeader.dataPageV2)?.get(dataPageV2.isCompressed)?.value === false
  if (codec === codecs.none || isStored) return unpacked === size
  const levels = levelBytes(header)
  const values = page.subarray(levels)
  if (values.length === 0) return true
  if (codec === codecs.snappy) return readVarint(values) === (unpacked ?? 0) - levels
  if (codec !== codecs.gzip) return true
  return gunzipPage(values).then(
    ({ length }) => length === (unpacked ?? 0) - levels,
    () => false,
  )
}

/** Snappy begins with the length of what it packs. */
const readVarint = (bytes: Uint8Array): number => {
  let value = 0
  for (const [index, byte] of bytes.subarray(0, maxVarintBytes).entries()) {
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) break
  }
  return value
}

/** Most headers fit; those with statistics of long texts do not. */
const firstHeaderBytes = 1024

const readPageHeader = async (file: FileHandle, at: number, end: number): Promise<{ struct: ThriftStruct; length: number }> => {
  for (let length = firstHeaderBytes; ; length *= 16) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(length, end - at)), 0, Math.min(length, end - at), at)
    try {
      return readThriftAtStart(buffer.subarray(0, bytesRead))
    } catch (thrown) {
      if (!(thrown instanceof ThriftError) || at + length >= end) throw thrown
    }
  }
}

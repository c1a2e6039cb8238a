// Whether a Parquet file's pages agree with their checksums, where writers state them, and with footer and headers; DuckDB compares neither.
// Source: PageHeader and ColumnMetaData in parquet.thrift of Apache Parquet.
import { open, type FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip, type ZlibOptions } from 'node:zlib'
import { crc32 } from './crc32.ts'
import { countEmptyValues } from './definition-levels.ts'
import { footerFields, numberAt, readFileFooter, structAt, structsAt, textAt, textsAt, topLevelElements } from './parquet-footer.ts'
import { readVarint, unpackSnappyStart } from './snappy-start.ts'
import { readThriftAtStart, ThriftError, type ThriftStruct } from './thrift-compact.ts'

const pageHeader = {
  type: 1,
  uncompressedPageSize: 2,
  compressedPageSize: 3,
  crc: 4,
  dataPage: 5,
  dictionaryPage: 7,
  dataPageV2: 8,
} as const
/** Field of each type's own part of the header. */
const partsByType: ReadonlyMap<number, number> = new Map([
  [0, pageHeader.dataPage],
  [2, pageHeader.dictionaryPage],
  [3, pageHeader.dataPageV2],
])
/** The first field of both data page headers. */
const pageValues = 1
const dataPageV1 = { definitionLevelEncoding: 3 } as const
/** In pages of version 2 the levels lie uncompressed before the values. */
const dataPageV2 = { nullCount: 2, definitionLevelsBytes: 5, repetitionLevelsBytes: 6, isCompressed: 7 } as const
const rleEncoding = 3
const codecs = { none: 0, snappy: 1, gzip: 2 } as const
/** Of ColumnMetaData and Statistics: only contradictions are looked for. */
const columnFields = { numValues: 5, statistics: 12 } as const
const statistics = { oldMax: 1, oldMin: 2, nullCount: 3, max: 5, min: 6 } as const
const repetition = { field: 3, required: 0, optional: 1 } as const
/** Levels take a bit per value, or a few bytes per run of them. */
const maxLevelBytes = (values: number): number => 1024 + Math.ceil(values / 2)
/** Of most pages: a column without empty values has one run of them. */
const firstLevelBytes = 256
/** A copy of 64 bytes takes two at least. */
const maxSnappyRatio = 32
const gunzipPage = promisify<Uint8Array, ZlibOptions, Buffer>(gunzip)
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
    const repetitions = new Map(
      topLevelElements(structsAt(metaData, fileMetaData.schema), (element) => numberAt(element, schemaElement.numChildren) ?? 0).map(
        (element) => [textAt(element, schemaElement.name), numberAt(element, repetition.field)],
      ),
    )
    for (const group of structsAt(metaData, fileMetaData.rowGroups)) {
      const rows = numberAt(group, rowGroup.numRows)
      for (const chunk of structsAt(group, rowGroup.columns)) {
        signal?.throwIfAborted()
        if (chunk.has(columnChunk.cryptoMetadata)) continue
        const column = structAt(chunk, columnChunk.metaData)
        const names = textsAt(column, columnMetaData.pathInSchema)
        const flat = names.length === 1 ? repetitions.get(names[0]) : undefined
        const isFlat = flat === repetition.required || flat === repetition.optional
        const contradicts = statesValuesAmongNulls(column) || (isFlat && numberAt(column, columnFields.numValues) !== rows)
        const checked = contradicts ? 'damaged' : await checkChunk(file, column, flat === repetition.optional)
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

/** The number of pages of a column chunk that agree with a checksum: the one of the page, or gzip's. `hasLevels`: of a flat column that may be empty. */
const checkChunk = async (file: FileHandle, column: ThriftStruct, hasLevels: boolean): Promise<number | 'damaged'> => {
  const data = numberAt(column, columnMetaData.dataPageOffset) ?? 0
  // Some writers state 0 for "no dictionary".
  let at = Math.min(data, numberAt(column, columnMetaData.dictionaryPageOffset) || data)
  const end = at + (numberAt(column, columnMetaData.totalCompressedSize) ?? 0)
  const codec = numberAt(column, columnMetaData.codec)
  let checkedPages = 0
  let values = 0
  let empty: number | undefined = hasLevels ? 0 : undefined
  while (at < end) {
    const { struct, length, bytes } = await readPageHeader(file, at, end)
    const size = numberAt(struct, pageHeader.compressedPageSize)
    if (size === undefined || size < 0 || at + length + size > end || !hasPartOfItsType(struct)) return 'damaged'
    const stated = numberAt(struct, pageHeader.crc)
    const pageValueCount = valuesOf(struct)
    const levels = levelBytes(struct)
    if ((pageValueCount ?? 0) < 0 || levels < 0 || levels > size) return 'damaged'
    values += pageValueCount ?? 0
    const isWhole = stated !== undefined || codec === codecs.gzip
    const readStart = async (wanted: number): Promise<Buffer> =>
      length + wanted <= bytes.length ? bytes.subarray(length, length + wanted) : readAt(file, at + length, wanted)
    const firstBytes = Math.min(size, levels + firstLevelBytes)
    const page = await readStart(isWhole ? size : firstBytes)
    if (isWhole && page.length < size) return 'damaged'
    if (stated !== undefined && crc32(page) !== stated >>> 0) return 'damaged'
    const countedValues = hasLevels ? pageValueCount : undefined
    let emptyInPage = await countEmpty(struct, codec, codec === codecs.gzip ? page : page.subarray(0, firstBytes), size, countedValues)
    if (emptyInPage === 'further on') {
      const furtherBytes = Math.min(size, levels + maxLevelBytes(pageValueCount ?? 0))
      emptyInPage = await countEmpty(struct, codec, isWhole ? page : await readStart(furtherBytes), size, countedValues)
    }
    if (emptyInPage === 'damaged') return 'damaged'
    if (countedValues !== undefined) {
      empty = empty === undefined || typeof emptyInPage !== 'number' ? undefined : empty + emptyInPage
    }
    if (isWhole) checkedPages++
    at += length + size
  }
  if (values !== (numberAt(column, columnFields.numValues) ?? 0)) return 'damaged'
  const statedEmpty = numberAt(structIn(column, columnFields.statistics) ?? new Map(), statistics.nullCount)
  return empty === undefined || statedEmpty === undefined || empty === statedEmpty ? checkedPages : 'damaged'
}

/** A reader that goes by the type and one that goes by the parts see the same page. */
const hasPartOfItsType = (header: ThriftStruct): boolean => {
  const own = partsByType.get(numberAt(header, pageHeader.type) ?? -1)
  return [...partsByType.values()].every((part) => header.has(part) === (part === own))
}

/** Of a data page; undefined for a dictionary. */
const valuesOf = (header: ThriftStruct): number | undefined => {
  const dataPage = structIn(header, pageHeader.dataPageV2) ?? structIn(header, pageHeader.dataPage)
  return dataPage === undefined ? undefined : (numberAt(dataPage, pageValues) ?? 0)
}

/** Undefined where they cannot be counted. Further on: the page goes on, and so do its levels. */
type EmptyCount = number | 'damaged' | 'further on' | undefined

/** `page`: its first bytes at least. `values`: undefined where nobody counts which are empty. */
const countEmpty = async (
  header: ThriftStruct,
  codec: number | undefined,
  page: Uint8Array,
  size: number,
  values: number | undefined,
): Promise<EmptyCount> => {
  const unpacked = await unpackStart(header, codec, page, size)
  if (unpacked === 'damaged') return 'damaged'
  return values === undefined ? undefined : emptyValuesOf(header, page, unpacked, values)
}

/** Undefined where the levels cannot be read: by their encoding, or since `unpacked` is undefined for a codec that is not known here. */
const emptyValuesOf = (header: ThriftStruct, page: Uint8Array, unpacked: Uint8Array | undefined, values: number): EmptyCount => {
  const version2 = structIn(header, pageHeader.dataPageV2)
  if (version2 !== undefined) {
    const from = numberAt(version2, dataPageV2.repetitionLevelsBytes) ?? 0
    const empty = countEmptyValues(page.subarray(from, levelBytes(header)), values) ?? 'damaged'
    return empty === numberAt(version2, dataPageV2.nullCount) ? empty : 'damaged'
  }
  const version1 = structIn(header, pageHeader.dataPage)!
  if (unpacked === undefined || numberAt(version1, dataPageV1.definitionLevelEncoding) !== rleEncoding) return undefined
  if (unpacked.length < lengthBytes) return 'damaged'
  const length = new DataView(unpacked.buffer, unpacked.byteOffset).getUint32(0, true)
  // Levels in many small runs: only their start was read.
  if (lengthBytes + length > unpacked.length && unpacked.length < (numberAt(header, pageHeader.uncompressedPageSize) ?? 0))
    return 'further on'
  return countEmptyValues(unpacked.subarray(lengthBytes, lengthBytes + length), values) ?? 'damaged'
}

/** In pages of version 1 the levels follow their length. */
const lengthBytes = 4

const readAt = async (file: FileHandle, at: number, length: number): Promise<Buffer> => {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}

const levelBytes = (header: ThriftStruct): number => {
  const version2 = structIn(header, pageHeader.dataPageV2)
  if (version2 === undefined) return 0
  return (numberAt(version2, dataPageV2.definitionLevelsBytes) ?? 0) + (numberAt(version2, dataPageV2.repetitionLevelsBytes) ?? 0)
}

/**
 * The start of a page's part that may be compressed, where the codec is known. Damaged where its length is not the stated one. DuckDB inflates
 * gzip without comparing the checksum at its end.
 */
const unpackStart = async (
  header: ThriftStruct,
  codec: number | undefined,
  page: Uint8Array,
  size: number,
): Promise<Uint8Array | 'damaged' | undefined> => {
  const unpackedBytes = numberAt(header, pageHeader.uncompressedPageSize) ?? 0
  const isStored = structIn(header, pageHeader.dataPageV2)?.get(dataPageV2.isCompressed)?.value === false
  if (codec === codecs.none || isStored) return unpackedBytes === size ? page : 'damaged'
  const levels = levelBytes(header)
  const values = page.subarray(levels)
  if (values.length === 0) return values
  if (codec === codecs.snappy) {
    if (readVarint(values, 0)?.value !== unpackedBytes - levels) return 'damaged'
    const wanted = Math.min(unpackedBytes - levels, maxLevelBytes(valuesOf(header) ?? 0), values.length * maxSnappyRatio)
    return unpackSnappyStart(values, wanted) ?? 'damaged'
  }
  if (codec !== codecs.gzip) return undefined
  // A page that inflates to more than it states is none.
  return gunzipPage(values, { maxOutputLength: Math.max(1, unpackedBytes - levels) }).then(
    (unpacked) => (unpacked.length === unpackedBytes - levels ? unpacked : 'damaged'),
    () => 'damaged' as const,
  )
}

/** Most headers fit; those with statistics of long texts do not. */
const firstHeaderBytes = 1024

/** `length`: of the header. `bytes`: those read, with some of the page. */
const readPageHeader = async (
  file: FileHandle,
  at: number,
  end: number,
): Promise<{ readonly struct: ThriftStruct; readonly length: number; readonly bytes: Buffer }> => {
  for (let length = firstHeaderBytes; ; length *= 16) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(length, end - at)), 0, Math.min(length, end - at), at)
    try {
      return { ...readThriftAtStart(buffer.subarray(0, bytesRead)), bytes: buffer.subarray(0, bytesRead) }
    } catch (thrown) {
      if (!(thrown instanceof ThriftError) || at + length >= end) throw thrown
    }
  }
}

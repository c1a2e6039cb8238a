// The checksums of a Parquet file's pages, compared with their bytes. Writers may leave them out; DuckDB does not compare them.
// Source: PageHeader in parquet.thrift of Apache Parquet.
import { open, type FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { crc32 } from './crc32.ts'
import { footerFields, numberAt, readFileFooter, structAt, structsAt, textsAt } from './parquet-footer.ts'
import { readThriftAtStart, ThriftError, type ThriftStruct } from './thrift-compact.ts'

const pageHeader = { compressedPageSize: 3, crc: 4, dataPageV2: 8 } as const
/** In pages of version 2 the levels lie uncompressed before the values. */
const dataPageV2 = { definitionLevelsBytes: 5, repetitionLevelsBytes: 6, isCompressed: 7 } as const
const gzipCodec = 2
const gunzipPage = promisify(gunzip)
const { fileMetaData, rowGroup, columnChunk, columnMetaData } = footerFields

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
    for (const group of structsAt(metaData, fileMetaData.rowGroups)) {
      for (const chunk of structsAt(group, rowGroup.columns)) {
        signal?.throwIfAborted()
        const column = structAt(chunk, columnChunk.metaData)
        const checked = await checkChunk(file, column)
        if (checked === 'damaged') return { checkedPages, damagedColumn: textsAt(column, columnMetaData.pathInSchema).join('.') }
        checkedPages += checked
      }
    }
    return { checkedPages }
  } finally {
    await file.close()
  }
}

/** The number of pages of a column chunk that agree with their checksum: the one of the page, which a writer states for all or for none, or gzip's. */
const checkChunk = async (file: FileHandle, column: ThriftStruct): Promise<number | 'damaged'> => {
  const data = numberAt(column, columnMetaData.dataPageOffset) ?? 0
  // Some writers state 0 for "no dictionary".
  let at = Math.min(data, numberAt(column, columnMetaData.dictionaryPageOffset) || data)
  const end = at + (numberAt(column, columnMetaData.totalCompressedSize) ?? 0)
  const isGzip = numberAt(column, columnMetaData.codec) === gzipCodec
  let pages = 0
  while (at < end) {
    const { struct, length } = await readPageHeader(file, at, end)
    const size = numberAt(struct, pageHeader.compressedPageSize)
    if (size === undefined || size < 0 || at + length + size > end) throw new ThriftError('a page ends behind its column')
    const stated = numberAt(struct, pageHeader.crc)
    if (stated === undefined && !isGzip) return pages
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, at + length)
    if (bytesRead < size || (stated !== undefined && crc32(buffer) !== stated >>> 0)) return 'damaged'
    if (isGzip && !(await isWholeGzip(struct, buffer))) return 'damaged'
    pages++
    at += length + size
  }
  return pages
}

/** DuckDB inflates without comparing the checksum at the end. */
const isWholeGzip = async (header: ThriftStruct, page: Buffer): Promise<boolean> => {
  const stated = header.get(pageHeader.dataPageV2)?.value
  const version2 = stated instanceof Map ? stated : undefined
  if (version2?.get(dataPageV2.isCompressed)?.value === false) return true
  const levels =
    version2 === undefined
      ? 0
      : (numberAt(version2, dataPageV2.definitionLevelsBytes) ?? 0) + (numberAt(version2, dataPageV2.repetitionLevelsBytes) ?? 0)
  const values = page.subarray(levels)
  if (values.length === 0) return true
  return gunzipPage(values).then(
    () => true,
    () => false,
  )
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

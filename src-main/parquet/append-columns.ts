// Joins Parquet files into one and appends columns: pages are copied as they are, only the footer is new.
import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import {
  footerBytes,
  footerFields,
  listOfStructs,
  numberAt,
  parquetMagic,
  readFileFooter,
  snappyCodec,
  structAt,
  structsAt,
  textAt,
  topLevelColumns,
  withFields,
  withoutPageIndexes,
  type ParquetFooter,
} from './parquet-footer.ts'
import { ThriftError, writeThrift, type ThriftStruct } from './thrift-compact.ts'

const { fileMetaData, schemaElement, rowGroup, columnChunk, columnMetaData } = footerFields

/** Files whose row groups fit into one file unchanged. */
export interface JoinableFiles {
  readonly files: readonly JoinableFile[]
  /** Top-level columns of each of the files, in order. */
  readonly columns: readonly string[]
}

export interface JoinableFile {
  readonly path: string
  readonly footer: ParquetFooter
  /** Rows of each row group. */
  readonly groupRows: readonly number[]
}

/** Their row groups are those of the result: neither so great that one fills the memory, nor so small that footers outgrow pages. */
const maxGroupRows = 4_000_000
const minMeanGroupRows = 20_000
const maxGroupsWithoutMinimum = 32

/** Writers whose chunk sizes leave out the dictionary page's header (PARQUET-816). */
const writersWithWrongChunkSizes = /^parquet-(mr version 1\.[0-2]\.|cpp version (0|1\.[0-2])\.)/

/**
 * Reads the footers. `undefined` where the files cannot be joined page by page: columns that differ, encryption, another compression than
 * snappy, chunks in other files, row groups of an unsuitable size, footers out of the ordinary.
 */
export const findJoinableFiles = async (paths: readonly string[]): Promise<JoinableFiles | undefined> => {
  try {
    const files: JoinableFile[] = []
    for (const path of paths) {
      const footer = await readFileFooter(path)
      const groups = structsAt(footer.metaData, fileMetaData.rowGroups)
      if (!groups.every((group) => hasSupportedPages(group, footer.start))) return undefined
      files.push({ path, footer, groupRows: groups.map((group) => numberAt(group, rowGroup.numRows) ?? -1) })
    }
    const groupRows = files.flatMap((file) => file.groupRows)
    const rows = groupRows.reduce((sum, count) => sum + count, 0)
    const isSized = groupRows.every((count) => count >= 0 && count <= maxGroupRows)
    if (!isSized || (groupRows.length > maxGroupsWithoutMinimum && rows / groupRows.length < minMeanGroupRows)) return undefined
    const [first] = files
    if (first === undefined || !files.every((file) => haveSameColumns(file.footer.metaData, first.footer.metaData))) return undefined
    if (
      first.footer.metaData.has(fileMetaData.encryption) ||
      writersWithWrongChunkSizes.test(textAt(first.footer.metaData, fileMetaData.createdBy) ?? '')
    )
      return undefined
    return { files, columns: topLevelColumns(first.footer.metaData) }
  } catch (thrown) {
    if (thrown instanceof ThriftError) return undefined
    throw thrown
  }
}

const hasSupportedPages = (group: ThriftStruct, end: number): boolean =>
  structsAt(group, rowGroup.columns).every((chunk) => {
    if (chunk.has(columnChunk.filePath) || chunk.has(columnChunk.cryptoMetadata)) return false
    const metaData = structAt(chunk, columnChunk.metaData)
    const from = Math.min(
      numberAt(metaData, columnMetaData.dataPageOffset) ?? -1,
      numberAt(metaData, columnMetaData.dictionaryPageOffset) ?? Number.POSITIVE_INFINITY,
    )
    const length = numberAt(metaData, columnMetaData.totalCompressedSize) ?? -1
    return numberAt(metaData, columnMetaData.codec) === snappyCodec && from >= parquetMagic.length && length >= 0 && from + length <= end
  })

/** The same columns by the same writer, in whose footers the statistics mean the same. */
const haveSameColumns = (left: ThriftStruct, right: ThriftStruct): boolean =>
  [fileMetaData.schema, fileMetaData.createdBy, fileMetaData.columnOrders].every((field) =>
    bytesOf(left, field).equals(bytesOf(right, field)),
  )

const bytesOf = (struct: ThriftStruct, id: number): Buffer => {
  const field = struct.get(id)
  return Buffer.from(field === undefined ? [] : writeThrift(new Map([[id, field]])))
}

/**
 * Writes `target`: all row groups of the files, in order, each with its own columns and those of its part. `parts` yields Parquet files
 * whose row groups, taken together, have as many rows each as those of the files (empty ones left out); all parts have the same columns. Statistics, dictionaries and Bloom filters stay;
 * page indexes and the writers' own notes (which describe a schema without the new columns) are left out. Returns the SHA-256 of the file, lower-case
 * hexadecimal. Throws HeadroomError, and what the file system throws.
 */
export const appendColumns = (target: string, files: JoinableFiles, parts: AsyncIterable<string>, signal?: AbortSignal): Promise<string> =>
  joinFiles(target, files, parts, signal)

/** As `appendColumns`, without further columns: one file that holds the rows of all, in order. */
export const concatenateFiles = (target: string, files: JoinableFiles, signal?: AbortSignal): Promise<string> =>
  joinFiles(target, files, undefined, signal)

const joinFiles = async (
  target: string,
  { files }: JoinableFiles,
  parts: AsyncIterable<string> | undefined,
  signal: AbortSignal | undefined,
): Promise<string> => {
  const output = await open(target, 'wx')
  try {
    const appender = new FileAppender(output, signal)
    await appender.write(parquetMagic)
    const joined: ThriftStruct[] = []
    for (const { path, footer } of files) {
      const offsetShift = await appender.copy(path, footer.start)
      for (const group of structsAt(footer.metaData, fileMetaData.rowGroups)) {
        if (numberAt(group, rowGroup.numRows) !== 0) joined.push(shiftGroupOffsets(group, offsetShift))
      }
    }
    let partSchema: readonly ThriftStruct[] = []
    let index = 0
    for await (const path of parts ?? []) {
      const part = await readFileFooter(path)
      const offsetShift = await appender.copy(path, part.start)
      partSchema = structsAt(part.metaData, fileMetaData.schema).slice(1)
      for (const group of structsAt(part.metaData, fileMetaData.rowGroups)) {
        const fileGroup = joined[index]
        if (fileGroup === undefined || numberAt(group, rowGroup.numRows) !== numberAt(fileGroup, rowGroup.numRows)) {
          throw new HeadroomError('internal', `The columns of ${path} have other rows than those they belong to.`)
        }
        joined[index] = appendGroupColumns(fileGroup, shiftGroupOffsets(group, offsetShift), index)
        index++
      }
    }
    if (parts !== undefined && index !== joined.length) throw new HeadroomError('internal', 'Columns of some row groups are missing.')
    await appender.write(footerBytes(createJoinedFooter(files, joined, partSchema)))
    await output.sync()
    return appender.sha256()
  } finally {
    await output.close()
  }
}

/** The row group as it reads when its pages lie `moved` bytes further on. */
const shiftGroupOffsets = (group: ThriftStruct, offsetShift: number): ThriftStruct => {
  const shiftOffset = (struct: ThriftStruct, field: number): number | undefined => {
    const at = numberAt(struct, field)
    return at === undefined || at === 0 ? at : at + offsetShift
  }
  const columns = structsAt(group, rowGroup.columns).map((chunk) => {
    const metaData = structAt(chunk, columnChunk.metaData)
    const offsets = [
      columnMetaData.dataPageOffset,
      columnMetaData.indexPageOffset,
      columnMetaData.dictionaryPageOffset,
      columnMetaData.bloomFilterOffset,
    ]
    const moves = Object.fromEntries(offsets.map((field) => [field, shiftOffset(metaData, field)]))
    return withFields(withoutPageIndexes(chunk), {
      [columnChunk.fileOffset]: shiftOffset(chunk, columnChunk.fileOffset),
      [columnChunk.metaData]: withFields(metaData, moves),
    })
  })
  return withFields(group, { [rowGroup.columns]: listOfStructs(columns), [rowGroup.fileOffset]: shiftOffset(group, rowGroup.fileOffset) })
}

const appendGroupColumns = (fileGroup: ThriftStruct, part: ThriftStruct, ordinal: number): ThriftStruct => {
  const appendedChunks = structsAt(part, rowGroup.columns)
  const sizeOf = (field: number): number =>
    appendedChunks.reduce((sum, chunk) => sum + (numberAt(structAt(chunk, columnChunk.metaData), field) ?? 0), 0)
  const compressed = numberAt(fileGroup, rowGroup.totalCompressedSize)
  return withFields(fileGroup, {
    [rowGroup.columns]: listOfStructs([...structsAt(fileGroup, rowGroup.columns), ...appendedChunks]),
    [rowGroup.totalByteSize]: (numberAt(fileGroup, rowGroup.totalByteSize) ?? 0) + sizeOf(columnMetaData.totalUncompressedSize),
    [rowGroup.totalCompressedSize]: compressed === undefined ? undefined : compressed + sizeOf(columnMetaData.totalCompressedSize),
    // A 16-bit field: left out where there are more row groups than it can count.
    [rowGroup.ordinal]: ordinal < 2 ** 15 ? ordinal : undefined,
  })
}

const createJoinedFooter = (
  files: readonly JoinableFile[],
  groups: readonly ThriftStruct[],
  partSchema: readonly ThriftStruct[],
): ThriftStruct => {
  const metaData = files[0]!.footer.metaData
  const [root, ...elements] = structsAt(metaData, fileMetaData.schema)
  const orders = metaData.get(fileMetaData.columnOrders)
  // Every order there is so far is the one of its type: an empty struct as the first alternative.
  const byType: ThriftStruct = new Map([[1, { type: 12, value: new Map() }]])
  return withFields(metaData, {
    [fileMetaData.schema]: listOfStructs([
      withFields(root!, { [schemaElement.numChildren]: (numberAt(root!, schemaElement.numChildren) ?? 0) + partSchema.length }),
      ...elements,
      ...partSchema,
    ]),
    [fileMetaData.numRows]: groups.reduce((sum, group) => sum + (numberAt(group, rowGroup.numRows) ?? 0), 0),
    [fileMetaData.rowGroups]: listOfStructs(groups),
    [fileMetaData.keyValueMetadata]: undefined,
    [fileMetaData.columnOrders]:
      orders === undefined
        ? undefined
        : listOfStructs([...structsAt(metaData, fileMetaData.columnOrders), ...partSchema.map(() => byType)]),
  })
}

const copyBytes = 8 * 1024 * 1024

/** Writes to the end of a file, one piece after the other, and hashes what it writes: reading it again later would take longer. */
class FileAppender {
  readonly #output: FileHandle
  #buffer: Buffer | undefined
  readonly #signal: AbortSignal | undefined
  readonly #hash = createHash('sha256')
  #at = 0

  constructor(output: FileHandle, signal: AbortSignal | undefined) {
    this.#output = output
    this.#signal = signal
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    let written = 0
    while (written < bytes.length)
      written += (await this.#output.write(bytes, written, bytes.length - written, this.#at + written)).bytesWritten
    this.#at += bytes.length
  }

  /** Of all that was written. Nothing can be written any more. */
  sha256(): string {
    return this.#hash.digest('hex')
  }

  /** A buffer that is used again, no greater than what has to be copied. */
  #bufferFor(bytes: number): Buffer {
    const needed = Math.min(copyBytes, Math.max(1, bytes))
    if (this.#buffer === undefined || this.#buffer.length < needed) this.#buffer = Buffer.allocUnsafeSlow(needed)
    return this.#buffer
  }

  /** Appends the pages of a file, up to its footer; returns how far they have moved. */
  async copy(path: string, end: number): Promise<number> {
    const offsetShift = this.#at - parquetMagic.length
    const buffer = this.#bufferFor(end - parquetMagic.length)
    const input = await open(path, 'r')
    try {
      for (let from = parquetMagic.length; from < end;) {
        if (this.#signal?.aborted === true) throw new HeadroomError('cancelled', 'Cancelled.')
        const { bytesRead } = await input.read(buffer, 0, Math.min(buffer.length, end - from), from)
        if (bytesRead === 0) {
          throw new HeadroomError('internal', `${path} became shorter while it was read.`, { next: 'Was it replaced? Run again.' })
        }
        await this.write(buffer.subarray(0, bytesRead))
        from += bytesRead
      }
    } finally {
      await input.close()
    }
    return offsetShift
  }
}

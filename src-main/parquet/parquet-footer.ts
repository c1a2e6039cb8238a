// The footer of a Parquet file, by the names of its specification (parquet.thrift of Apache Parquet), as far as joining files needs it.
import { open, type FileHandle } from 'node:fs/promises'
import {
  readThrift,
  thriftTypes,
  ThriftError,
  writeThrift,
  type ThriftList,
  type ThriftStruct,
  type ThriftValue,
} from './thrift-compact.ts'

/** Field numbers of the structs that are read or changed here. */
export const footerFields = {
  fileMetaData: { schema: 2, numRows: 3, rowGroups: 4, keyValueMetadata: 5, createdBy: 6, columnOrders: 7, encryption: 8 },
  schemaElement: { name: 4, numChildren: 5 },
  rowGroup: { columns: 1, totalByteSize: 2, numRows: 3, fileOffset: 5, totalCompressedSize: 6, ordinal: 7 },
  columnChunk: { filePath: 1, fileOffset: 2, metaData: 3, offsetIndexOffset: 4, columnIndexLength: 7, cryptoMetadata: 8 },
  columnMetaData: {
    codec: 4,
    totalUncompressedSize: 6,
    totalCompressedSize: 7,
    dataPageOffset: 9,
    indexPageOffset: 10,
    dictionaryPageOffset: 11,
    bloomFilterOffset: 14,
  },
} as const

export const snappyCodec = 1

/** "PAR1", at the start and at the end of a file. */
export const parquetMagic = Buffer.from('PAR1', 'latin1')
const tailBytes = 8

export interface ParquetFooter {
  readonly metaData: ThriftStruct
  /** Where the footer begins: the pages lie between the mark at the start and here. */
  readonly start: number
}

/** Throws ThriftError where the footer cannot be read, and what the file system throws. */
export const readFooter = async (path: string): Promise<ParquetFooter> => {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const tail = await readAt(file, size - tailBytes, tailBytes)
    const length = tail.readUInt32LE(0)
    const start = size - tailBytes - length
    if (start < parquetMagic.length) throw new ThriftError('the footer does not fit into the file')
    return { metaData: readThrift(await readAt(file, start, length)), start }
  } finally {
    await file.close()
  }
}

const readAt = async (file: FileHandle, from: number, length: number): Promise<Buffer> => {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, from)
  if (bytesRead < length) throw new ThriftError('the file ends too early')
  return buffer
}

/** What follows the pages of a file: the footer, its length, the mark. */
export const footerBytes = (metaData: ThriftStruct): Buffer => {
  const bytes = writeThrift(metaData)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([bytes, length, parquetMagic])
}

export const numberAt = (struct: ThriftStruct, field: number): number | undefined => {
  const value = struct.get(field)?.value
  return typeof value === 'number' ? value : undefined
}

export const textAt = (struct: ThriftStruct, field: number): string | undefined => {
  const value = struct.get(field)?.value
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined
}

/** Throws ThriftError where the field is no list of structs. */
export const structsAt = (struct: ThriftStruct, field: number): readonly ThriftStruct[] => {
  const list = struct.get(field)?.value
  if (!isList(list)) throw new ThriftError(`field ${field} is no list`)
  return list.items.map((item) => {
    if (!(item instanceof Map)) throw new ThriftError(`field ${field} holds no structs`)
    return item
  })
}

/** Throws ThriftError where the field is no struct. */
export const structAt = (struct: ThriftStruct, field: number): ThriftStruct => {
  const value = struct.get(field)?.value
  if (!(value instanceof Map)) throw new ThriftError(`field ${field} is no struct`)
  return value
}

export const listOfStructs = (items: readonly ThriftStruct[]): ThriftList => ({ type: thriftTypes.struct, items })

/** A copy with some fields replaced; those that are `undefined` are left out. The type of a field that was there stays. */
export const withFields = (struct: ThriftStruct, changes: Readonly<Record<number, ThriftValue | undefined>>): ThriftStruct => {
  const changed: ThriftStruct = new Map(struct)
  for (const [key, value] of Object.entries(changes)) {
    const id = Number(key)
    const field = changed.get(id)
    if (value === undefined) changed.delete(id)
    else if (field !== undefined) changed.set(id, { type: field.type, value })
  }
  return changed
}

const isList = (value: ThriftValue | undefined): value is ThriftList =>
  typeof value === 'object' && !(value instanceof Map) && !(value instanceof Uint8Array)

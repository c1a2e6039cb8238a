// The footer of a Parquet file, local or in a bucket, by the names of its specification (parquet.thrift of Apache Parquet).
import { open } from 'node:fs/promises'
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
  schemaElement: { type: 1, typeLength: 2, name: 4, numChildren: 5, convertedType: 6, precision: 8, logicalType: 10 },
  rowGroup: { columns: 1, totalByteSize: 2, numRows: 3, fileOffset: 5, totalCompressedSize: 6, ordinal: 7 },
  columnChunk: { filePath: 1, fileOffset: 2, metaData: 3, offsetIndexOffset: 4, columnIndexLength: 7, cryptoMetadata: 8 },
  columnMetaData: {
    pathInSchema: 3,
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
/** Length of the footer and the magic. */
const endBytes = 8
/** Most footers fit into what is read first. */
const firstReadBytes = 64 * 1024

/** A file, wherever its bytes lie. */
export interface ByteSource {
  readonly bytes: number
  readonly read: (from: number, length: number) => Promise<Uint8Array>
}

export interface ParquetFooter {
  readonly metaData: ThriftStruct
  /** Where the footer begins: the pages lie between the mark at the start and here. */
  readonly start: number
}

/** Throws ThriftError where the footer cannot be read or is longer than `maxBytes`, and what the source throws. */
export const readFooter = async ({ bytes, read }: ByteSource, maxBytes = Number.POSITIVE_INFINITY): Promise<ParquetFooter> => {
  const readEnd = async (length: number): Promise<Buffer> => {
    const received = await read(bytes - length, length)
    if (received.length < length) throw new ThriftError('the file ends too early')
    return Buffer.from(received.buffer, received.byteOffset, received.byteLength)
  }
  if (bytes < parquetMagic.length + endBytes) throw new ThriftError('the file is too short')
  const end = await readEnd(Math.min(bytes, firstReadBytes))
  if (!end.subarray(-parquetMagic.length).equals(parquetMagic)) throw new ThriftError('the file does not end as Parquet does')
  const length = end.readUInt32LE(end.length - endBytes)
  const start = bytes - endBytes - length
  if (start < parquetMagic.length || length > maxBytes) throw new ThriftError('the footer does not fit into the file')
  const footer = length + endBytes <= end.length ? end.subarray(-length - endBytes) : await readEnd(length + endBytes)
  return { metaData: readThrift(footer.subarray(0, length)), start }
}

/** As `readFooter`, of a local file. */
export const readFileFooter = async (path: string, maxBytes?: number): Promise<ParquetFooter> => {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const read: ByteSource['read'] = async (from, length) => {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, from)
      return buffer.subarray(0, bytesRead)
    }
    return await readFooter({ bytes: size, read }, maxBytes)
  } finally {
    await file.close()
  }
}

/** Rows of all row groups. Throws ThriftError. */
export const footerRows = (metaData: ThriftStruct): number => {
  const rows = numberAt(metaData, footerFields.fileMetaData.numRows)
  if (rows === undefined) throw new ThriftError('the footer states no number of rows')
  return rows
}

/** Bytes of all pages without their compression. */
export const footerUnpackedBytes = (metaData: ThriftStruct): number =>
  structsAt(metaData, footerFields.fileMetaData.rowGroups).reduce(
    (sum, group) => sum + (numberAt(group, footerFields.rowGroup.totalByteSize) ?? 0),
    0,
  )

/** A text that a writer added under a key. */
export const readKeyValue = (metaData: ThriftStruct, key: string): string | undefined => {
  if (!metaData.has(footerFields.fileMetaData.keyValueMetadata)) return undefined
  const entries = structsAt(metaData, footerFields.fileMetaData.keyValueMetadata)
  const entry = entries.find((candidate) => textAt(candidate, 1) === key)
  return entry === undefined ? undefined : textAt(entry, 2)
}

export interface FooterColumn {
  readonly column: string
  readonly isNumeric: boolean
}

/** The columns, nested ones as one. Throws ThriftError. */
export const footerColumns = (metaData: ThriftStruct): FooterColumn[] =>
  topLevelElements(structsAt(metaData, footerFields.fileMetaData.schema), childCount).map((element) => ({
    column: textAt(element, footerFields.schemaElement.name) ?? '',
    isNumeric: childCount(element) === 0 && isNumericElement(element),
  }))

/** Their names. Throws ThriftError. */
export const topLevelColumns = (metaData: ThriftStruct): string[] => footerColumns(metaData).map(({ column }) => column)

const childCount = (element: ThriftStruct): number => numberAt(element, footerFields.schemaElement.numChildren) ?? 0

/** INT32, INT64, FLOAT, DOUBLE. */
const numericTypes = new Set([1, 2, 4, 5])
/** Converted types of dates and times, 6 to 10; fields of the logical type: DATE 6, TIME 7, TIMESTAMP 8, DECIMAL 5. */
const convertedTypes = { decimal: 5, firstTime: 6, lastTime: 10 } as const
const logicalTypes = { decimal: 5, firstTime: 6, lastTime: 8 } as const

const isNumericElement = (element: ThriftStruct): boolean => {
  const { type, convertedType, logicalType } = footerFields.schemaElement
  const converted = numberAt(element, convertedType) ?? -1
  const logical = element.has(logicalType) ? ([...structAt(element, logicalType).keys()][0] ?? -1) : -1
  if (converted === convertedTypes.decimal || logical === logicalTypes.decimal) return true
  const isTime =
    (converted >= convertedTypes.firstTime && converted <= convertedTypes.lastTime) ||
    (logical >= logicalTypes.firstTime && logical <= logicalTypes.lastTime)
  return numericTypes.has(numberAt(element, type) ?? -1) && !isTime
}

/** The elements of a whole column: a schema lists its elements depth first, below one root. */
export const topLevelElements = <Element>(schema: readonly Element[], childCount: (element: Element) => number): Element[] => {
  const columns: Element[] = []
  let nested = 0
  for (const element of schema.slice(1)) {
    if (nested === 0) columns.push(element)
    nested = Math.max(0, nested - 1) + childCount(element)
  }
  return columns
}

/** Of a column chunk whose pages move: page indexes lie elsewhere in the file and are left out. */
export const withoutPageIndexes = (chunk: ThriftStruct): ThriftStruct => {
  const { offsetIndexOffset, columnIndexLength } = footerFields.columnChunk
  return new Map([...chunk].filter(([id]) => id < offsetIndexOffset || id > columnIndexLength))
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

/** None where the field is no list of texts. */
export const textsAt = (struct: ThriftStruct, field: number): string[] => {
  const list = struct.get(field)?.value
  return isList(list) ? list.items.flatMap((item) => (item instanceof Uint8Array ? [Buffer.from(item).toString('utf8')] : [])) : []
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

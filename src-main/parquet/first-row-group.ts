// A Parquet file cut down to its first row group: what shows a set's columns and times without the rest of it.
import { open } from 'node:fs/promises'
import {
  footerBytes,
  footerFields,
  listOfStructs,
  numberAt,
  readFileFooter,
  structAt,
  structsAt,
  withFields,
  withoutPageIndexes,
} from './parquet-footer.ts'

const { fileMetaData, rowGroup, columnChunk, columnMetaData } = footerFields

/** Bytes of a file, both included. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** Where the pages of the first row group with rows lie; undefined without one. The file needs its footer alone. Throws ThriftError. */
export const findFirstRowGroupRange = async (path: string): Promise<ByteRange | undefined> => {
  const { metaData } = await readFileFooter(path)
  const group = structsAt(metaData, fileMetaData.rowGroups).find((candidate) => (numberAt(candidate, rowGroup.numRows) ?? 0) > 0)
  if (group === undefined) return undefined
  const chunks = structsAt(group, rowGroup.columns).map((chunk) => {
    const columnMeta = structAt(chunk, columnChunk.metaData)
    const data = numberAt(columnMeta, columnMetaData.dataPageOffset) ?? 0
    const from = Math.min(data, numberAt(columnMeta, columnMetaData.dictionaryPageOffset) ?? data)
    return { from, to: from + (numberAt(columnMeta, columnMetaData.totalCompressedSize) ?? 0) - 1 }
  })
  return { from: Math.min(...chunks.map(({ from }) => from)), to: Math.max(...chunks.map(({ to }) => to)) }
}

/** Rewrites the footer in place, so that the file holds its first row group and no other. */
export const truncateToFirstRowGroup = async (path: string): Promise<void> => {
  const { metaData, start } = await readFileFooter(path)
  const groups = structsAt(metaData, fileMetaData.rowGroups)
  const first = groups.find((group) => (numberAt(group, rowGroup.numRows) ?? 0) > 0)
  if (first === undefined) return
  // Bloom filters lie elsewhere in the file.
  const columns = structsAt(first, rowGroup.columns).map((chunk) =>
    withFields(withoutPageIndexes(chunk), {
      [columnChunk.metaData]: withFields(structAt(chunk, columnChunk.metaData), { [columnMetaData.bloomFilterOffset]: undefined }),
    }),
  )
  const firstGroupFooter = withFields(metaData, {
    [fileMetaData.numRows]: numberAt(first, rowGroup.numRows),
    [fileMetaData.rowGroups]: listOfStructs([withFields(first, { [rowGroup.columns]: listOfStructs(columns) })]),
  })
  const file = await open(path, 'r+')
  try {
    await file.truncate(start)
    const bytes = footerBytes(firstGroupFooter)
    await file.write(bytes, 0, bytes.length, start)
  } finally {
    await file.close()
  }
}

// Why whole Parquet files cannot be read: encrypted columns, codecs that DuckDB lacks, no columns. The engine and the cloud's checks share it.
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { footerFields, numberAt, structsAt, textsAt, topLevelColumns } from '../parquet/parquet-footer.ts'
import type { ThriftStruct } from '../parquet/thrift-compact.ts'

/** By the numbers of parquet.thrift. */
const unreadableCodecs: Readonly<Record<number, string>> = { 3: 'LZO', 5: "Hadoop's LZ4" }

/** `undefined` if nothing in the footer prevents reading. Throws ThriftError if the footer is damaged. */
export const unreadableReason = (metaData: ThriftStruct, fileName: string): HeadroomError | undefined => {
  const refuse = (sentence: string, next: string): HeadroomError =>
    new HeadroomError('input-not-parquet', `${fileName} ${sentence}.`, { next })
  if (topLevelColumns(metaData).length === 0) return refuse('has no columns', 'Check the pipeline that writes it.')
  for (const rowGroup of structsAt(metaData, footerFields.fileMetaData.rowGroups)) {
    for (const chunk of structsAt(rowGroup, footerFields.rowGroup.columns)) {
      const column = chunk.get(footerFields.columnChunk.metaData)?.value
      const columnMetaData = column instanceof Map ? column : undefined
      if (chunk.has(footerFields.columnChunk.cryptoMetadata)) {
        const path = columnMetaData === undefined ? [] : textsAt(columnMetaData, footerFields.columnMetaData.pathInSchema)
        return refuse(
          `cannot be read: ${path.length === 0 ? 'a column' : `column ${path.join('.')}`} is encrypted`,
          'Write it without encryption.',
        )
      }
      const codec = columnMetaData === undefined ? undefined : numberAt(columnMetaData, footerFields.columnMetaData.codec)
      const codecName = codec === undefined ? undefined : unreadableCodecs[codec]
      if (codecName !== undefined) return refuse(`is compressed by ${codecName}, which cannot be read`, 'Write it with snappy or zstd.')
    }
  }
  return undefined
}

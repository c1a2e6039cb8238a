// Why whole Parquet files cannot be read: encrypted columns, codecs that DuckDB lacks, wide decimals, no columns. The engine and the cloud's checks share it.
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { footerFields, numberAt, structsAt, textAt, textsAt, topLevelColumns } from '../parquet/parquet-footer.ts'
import type { ThriftStruct } from '../parquet/thrift-compact.ts'

/** By the numbers of parquet.thrift. */
const fixedLengthBytes = 7
const unreadableCodecs: Readonly<Record<number, string>> = { 3: 'LZO', 5: "Hadoop's LZ4" }

/** DuckDB's own decimals end here. Wider ones it reads as doubles, and wrongly where their bytes are no multiple of 8. */
const maxDecimalDigits = 38

/** `precision`: undefined for other types. `fixedBytes`: undefined where values differ in length. */
export const isUnreadableDecimal = (precision: number | undefined, fixedBytes: number | undefined): boolean =>
  precision !== undefined && precision > maxDecimalDigits && (fixedBytes === undefined || fixedBytes % 8 !== 0)

/** What a file does with such a column, and what to do. */
export const describeWideDecimal = (column: string, precision: number): readonly [problem: string, next: string] => [
  `holds decimals of ${precision} digits in column ${column}; at most ${maxDecimalDigits} can be read`,
  `Write them as DOUBLE, or with at most ${maxDecimalDigits} digits.`,
]

/** `undefined` if nothing in the footer prevents reading. Throws ThriftError if the footer is damaged. */
export const unreadableReason = (metaData: ThriftStruct, fileName: string): HeadroomError | undefined => {
  const refuse = (sentence: string, next: string): HeadroomError =>
    new HeadroomError('input-not-parquet', `${fileName} ${sentence}.`, { next })
  if (topLevelColumns(metaData).length === 0) return refuse('has no columns', 'Check the pipeline that writes it.')
  for (const element of structsAt(metaData, footerFields.fileMetaData.schema)) {
    const { type, typeLength, name, precision } = footerFields.schemaElement
    const digits = numberAt(element, precision)
    const isFixed = numberAt(element, type) === fixedLengthBytes
    if (isUnreadableDecimal(digits, isFixed ? numberAt(element, typeLength) : undefined))
      return refuse(...describeWideDecimal(textAt(element, name) ?? '', digits!))
  }
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

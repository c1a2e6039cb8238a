// The format of a text file by its first bytes, for local files and objects in S3; and what other files are.
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { isParquetName } from '../../src-shared/run/parquet-files.ts'
import { textFormatOf } from './dataset-files.ts'

export interface TextFormat {
  readonly format: 'csv' | 'json'
  readonly compression: 'none' | 'gzip' | 'zstd'
  readonly encoding: 'utf-8' | 'utf-16' | 'latin-1'
}

/** Of CSV files whose first bytes do not tell it. */
export type StatedEncoding = AnalysisConfig['encoding']

/** So many bytes tell text from other files. */
export const textHeadBytes = 4096

const gzipMagic = '1f8b'
const zstdMagic = '28b52ffd'
const utf16Mark = 'fffe'
const swappedUtf16Mark = 'feff'
const otherFormats: readonly (readonly [magic: string, sentence: string, next: string])[] = [
  ['504b0304', 'is a workbook or a ZIP archive', 'Save the sheet as CSV UTF-8, or unpack the archive.'],
  ['d0cf11e0', 'is an old Excel workbook', 'Save the sheet as CSV UTF-8.'],
  ['4f5243', 'is an ORC file', 'Convert it to Parquet first.'],
  ['4f626a01', 'is an Avro file', 'Convert it to Parquet first.'],
]

/** JSON is UTF-8 by its definition, whatever is stated of CSV. */
export const encodingOf = (format: TextFormat['format'], stated: StatedEncoding): TextFormat['encoding'] =>
  format === 'csv' ? (stated ?? 'utf-8') : 'utf-8'

/** The format of a file that does not begin as Parquet does. Throws input-not-parquet, input-empty. */
export const recogniseText = (name: string, head: Buffer, stated?: StatedEncoding): TextFormat => {
  const refuse = (sentence: string, next: string): HeadroomError => new HeadroomError('input-not-parquet', `${name} ${sentence}.`, { next })
  if (isParquetName(name)) throw refuse('is not a Parquet file', 'Convert it to Parquet first.')
  const hex = head.toString('hex', 0, 4)
  const other = otherFormats.find(([start]) => hex.startsWith(start))
  if (other !== undefined) throw refuse(other[1], other[2])
  if (hex.startsWith(swappedUtf16Mark)) throw refuse('is UTF-16 text of swapped bytes, which cannot be read', 'Save it as CSV UTF-8.')
  // "Unicode text" of Excel.
  if (hex.startsWith(utf16Mark)) return { format: 'csv', compression: 'none', encoding: 'utf-16' }
  const compression = hex.startsWith(gzipMagic) ? 'gzip' : hex.startsWith(zstdMagic) ? 'zstd' : 'none'
  if (compression !== 'none') {
    const packed = textFormatOf(name) ?? 'csv'
    return { format: packed, compression, encoding: encodingOf(packed, stated) }
  }
  if (head.includes(0)) throw refuse('is not a Parquet, CSV or JSON file', 'Convert it to one of them first.')
  const text = head
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart()
  if (text === '') throw new HeadroomError('input-empty', `${name} holds nothing but blanks.`, { next: 'Write it again.' })
  const format = /^(\{|\[\s*(\{|\]|$))/.test(text) ? 'json' : 'csv'
  return { format, compression, encoding: encodingOf(format, stated) }
}

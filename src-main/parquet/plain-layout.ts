// What writer and reader of plain columns share: Parquet files of uncompressed columns, one page per column and group. Numbers from parquet.thrift.

/** Times are microseconds since 1970, UTC without zone. */
export type PlainType = 'text' | 'whole' | 'time' | 'long' | 'float' | 'double'

export interface PlainColumn {
  readonly name: string
  readonly type: PlainType
  /** One list per row, which may be empty; no value is NULL. Texts have no lists. */
  readonly isList?: boolean
}

export type PlainNumbers = Int32Array | Float32Array | Float64Array

/** Types, encodings and codecs by the numbers of the specification. */
export const physicalTypes: Readonly<Record<PlainType, number>> = { text: 6, whole: 1, time: 2, long: 2, float: 4, double: 5 }
export const plainEncoding = 0
export const uncompressed = 0
/** Of a data page, first version. */
export const dataPage = 0

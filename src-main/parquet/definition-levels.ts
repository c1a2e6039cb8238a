// Which values of a page of a flat column are empty: the definition levels at its start, each 0 or 1.
// Source: "Run Length Encoding / Bit-Packing Hybrid" in Encodings.md of Apache Parquet.
import { readVarint } from './snappy-start.ts'

/** Of each byte. */
const zeroBits = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest > 0; rest &= rest - 1) ones++
  return 8 - ones
})

/** Number of levels that are 0 among the first `count`; undefined where the bytes are no such levels or end too early. */
export const countEmptyValues = (levels: Uint8Array, count: number): number | undefined => {
  let [at, left, empty] = [0, count, 0]
  while (left > 0) {
    const header = readVarint(levels, at)
    if (header === undefined) return undefined
    at = header.next
    const isPacked = header.value % 2 === 1
    const groups = Math.floor(header.value / 2)
    if (groups === 0) return undefined
    if (isPacked) {
      const packed = Math.min(groups * 8, left)
      const bytes = Math.ceil(packed / 8)
      if (at + bytes > levels.length) return undefined
      for (let index = at; index < at + bytes; index++) empty += zeroBits[levels[index]!]!
      // The bits after the last level fill its byte.
      const unused = bytes * 8 - packed
      if (unused > 0) empty -= zeroBits[levels[at + bytes - 1]! | (0xff >> unused)]!
      at += groups
      left -= packed
    } else {
      const level = levels[at++]
      if (level === undefined || level > 1 || groups > left) return undefined
      if (level === 0) empty += groups
      left -= groups
    }
  }
  return empty
}

// The first bytes of what Snappy packed. Source: format_description.txt of google/snappy.

/** A number in groups of seven bits, and where the next byte lies. Undefined where the bytes end first or it has more than 32 bits. */
export const readVarint = (bytes: Uint8Array, from: number): { readonly value: number; readonly next: number } | undefined => {
  let value = 0
  for (let group = 0; group < 5; group++) {
    const byte = bytes[from + group]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * group)
    if (byte < 0x80) return { value, next: from + group + 1 }
  }
  return undefined
}

/** Up to `wanted` bytes; fewer where the packed bytes end too early, undefined where they are no Snappy. */
export const unpackSnappyStart = (packed: Uint8Array, wanted: number): Uint8Array | undefined => {
  let at = readVarint(packed, 0)?.next
  if (at === undefined) return undefined
  const out = new Uint8Array(wanted)
  let filled = 0
  const little = (from: number, bytes: number): number => {
    let value = 0
    for (let index = bytes - 1; index >= 0; index--) value = value * 256 + (packed[from + index] ?? 0)
    return value
  }
  while (filled < wanted && at < packed.length) {
    const tag = packed[at++]!
    const kind = tag & 3
    if (kind === 0) {
      const short = tag >> 2
      const extra = short < 60 ? 0 : short - 59
      const length = (extra === 0 ? short : little(at, extra)) + 1
      at += extra
      const literal = packed.subarray(at, at + Math.min(length, wanted - filled))
      out.set(literal, filled)
      filled += literal.length
      at += length
      continue
    }
    const offsetBytes = kind === 1 ? 1 : kind === 2 ? 2 : 4
    if (at + offsetBytes > packed.length) break
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const offset = kind === 1 ? ((tag >> 5) << 8) | packed[at]! : little(at, offsetBytes)
    at += offsetBytes
    if (offset === 0 || offset > filled) return undefined
    for (let index = 0; index < length && filled < wanted; index++, filled++) out[filled] = out[filled - offset]!
  }
  return out.subarray(0, filled)
}

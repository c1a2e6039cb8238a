// The checksums that a zip archive states of what it holds, by its central directory (APPNOTE.TXT of PKWARE, 4.3.12 to 4.3.16).

const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const locatorSignature = 0x07064b50
const entrySignature = 0x02014b50
const endBytes = 22
const maxCommentBytes = 0xffff

/** CRC-32 by name. Throws RangeError for what is no archive, or holds two entries of one name. */
export const readZipEntries = (bytes: Uint8Array): ReadonlyMap<string, number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = findEnd(view)
  let [count, at] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)]
  if (end >= 20 && view.getUint32(end - 20, true) === locatorSignature) {
    const end64 = Number(view.getBigUint64(end - 12, true))
    if (view.getUint32(end64, true) === end64Signature)
      [count, at] = [Number(view.getBigUint64(end64 + 32, true)), Number(view.getBigUint64(end64 + 48, true))]
  }
  const entries = new Map<string, number>()
  for (let entry = 0; entry < count; entry++) {
    if (view.getUint32(at, true) !== entrySignature) throw new RangeError('No entry where the directory has one.')
    const [nameBytes, extraBytes, commentBytes] = [
      view.getUint16(at + 28, true),
      view.getUint16(at + 30, true),
      view.getUint16(at + 32, true),
    ]
    const isUtf8 = (view.getUint16(at + 8, true) & 0x800) !== 0
    const name = new TextDecoder(isUtf8 ? 'utf-8' : 'latin1').decode(bytes.subarray(at + 46, at + 46 + nameBytes))
    if (entries.has(name)) throw new RangeError('Two entries of one name.')
    entries.set(name, view.getUint32(at + 16, true))
    at += 46 + nameBytes + extraBytes + commentBytes
  }
  return entries
}

const findEnd = (view: DataView): number => {
  const last = view.byteLength - endBytes
  for (let at = last; at >= Math.max(0, last - maxCommentBytes); at--) if (view.getUint32(at, true) === endSignature) return at
  throw new RangeError('No end of an archive.')
}

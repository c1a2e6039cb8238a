// Thrift's compact protocol, as Parquet footers are written in it: read into plain values and written back without loss.
// Source: the protocol's specification (thrift-compact-protocol.md of Apache Thrift).

/** Fields by number, in their order. Unknown fields stay unchanged. */
export type ThriftStruct = Map<number, ThriftField>

export interface ThriftField {
  readonly type: ThriftType
  readonly value: ThriftValue
}

export interface ThriftList {
  readonly type: ThriftType
  readonly items: readonly ThriftValue[]
}

/** Whole numbers of any width and doubles are numbers; texts and binary values are bytes. */
export type ThriftValue = boolean | number | Uint8Array | ThriftList | ThriftStruct

export const thriftTypes = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
} as const
export type ThriftType = number

/** The bytes are no compact Thrift, or hold what footers do not (maps, whole numbers beyond 2^53). */
export class ThriftError extends Error {}

/** Deeper nesting is an attack, not a footer. */
const maxDepth = 64

/** Reads one struct from the start of `bytes`. Binary values are views into them. Throws ThriftError. */
export const readThrift = (bytes: Uint8Array): ThriftStruct => readThriftAtStart(bytes).struct

/** The same with the number of bytes that it takes. */
export const readThriftAtStart = (bytes: Uint8Array): { readonly struct: ThriftStruct; readonly length: number } => {
  const reader = new ThriftReader(bytes)
  return { struct: reader.struct(0), length: reader.bytesRead }
}

export const writeThrift = (struct: ThriftStruct): Uint8Array => {
  const writer = new ThriftWriter()
  writer.struct(struct)
  return writer.finish()
}

class ThriftReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get bytesRead(): number {
    return this.#at
  }

  struct(depth: number): ThriftStruct {
    if (depth > maxDepth) throw new ThriftError('nested too deep')
    const fields: ThriftStruct = new Map()
    let id = 0
    for (;;) {
      const header = this.#byte()
      if (header === 0) return fields
      const type = header & 0x0f
      id = header >> 4 === 0 ? this.#whole() : id + (header >> 4)
      fields.set(id, { type, value: this.#value(type, depth) })
    }
  }

  #value(type: ThriftType, depth: number): ThriftValue {
    switch (type) {
      case thriftTypes.true:
        return true
      case thriftTypes.false:
        return false
      case thriftTypes.byte:
        return this.#byte()
      case thriftTypes.i16:
      case thriftTypes.i32:
      case thriftTypes.i64:
        return this.#whole()
      case thriftTypes.double:
        return this.#view.getFloat64(this.#take(8), true)
      case thriftTypes.binary: {
        const length = this.#unsigned()
        const from = this.#take(length)
        return this.#bytes.subarray(from, from + length)
      }
      case thriftTypes.list:
      case thriftTypes.set:
        return this.#list(depth)
      case thriftTypes.struct:
        return this.struct(depth + 1)
      default:
        throw new ThriftError(`type ${type} is not one of a footer`)
    }
  }

  #list(depth: number): ThriftList {
    const header = this.#byte()
    const type = header & 0x0f
    const count = header >> 4 === 15 ? this.#unsigned() : header >> 4
    // Every item takes a byte at least, so a count beyond them is a lie that must not allocate.
    if (count > this.#bytes.length - this.#at) throw new ThriftError('a list ends behind the bytes')
    const items: ThriftValue[] = []
    for (let item = 0; item < count; item++) items.push(isBoolean(type) ? this.#byte() === thriftTypes.true : this.#value(type, depth))
    return { type, items }
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!
  }

  /** Offset of the next `count` bytes. */
  #take(count: number): number {
    const from = this.#at
    if (from + count > this.#bytes.length) throw new ThriftError('the bytes end too early')
    this.#at += count
    return from
  }

  #unsigned(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.#byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) break
      factor *= 128
    }
    if (!Number.isSafeInteger(value)) throw new ThriftError('a whole number is too great')
    return value
  }

  /** Zigzag: 0, -1, 1, -2, ... */
  #whole(): number {
    const value = this.#unsigned()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

const isBoolean = (type: ThriftType): boolean => type === thriftTypes.true || type === thriftTypes.false

class ThriftWriter {
  #bytes = Buffer.alloc(64 * 1024)
  #at = 0

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  struct(fields: ThriftStruct): void {
    let last = 0
    for (const [id, { type, value }] of fields) {
      const writtenType = isBoolean(type) ? (value === true ? thriftTypes.true : thriftTypes.false) : type
      const step = id - last
      if (step > 0 && step < 16) {
        this.#byte((step << 4) | writtenType)
      } else {
        this.#byte(writtenType)
        this.#whole(id)
      }
      last = id
      if (!isBoolean(type)) this.#value(type, value)
    }
    this.#byte(0)
  }

  #value(type: ThriftType, value: ThriftValue): void {
    if (value instanceof Map) this.struct(value)
    else if (value instanceof Uint8Array) {
      this.#unsigned(value.length)
      this.#reserve(value.length)
      this.#bytes.set(value, this.#at)
      this.#at += value.length
    } else if (typeof value === 'object') this.#list(value)
    else if (type === thriftTypes.double) {
      this.#reserve(8)
      this.#at = this.#bytes.writeDoubleLE(Number(value), this.#at)
    } else if (type === thriftTypes.byte) this.#byte(Number(value))
    else this.#whole(Number(value))
  }

  #list({ type, items }: ThriftList): void {
    if (items.length < 15) {
      this.#byte((items.length << 4) | type)
    } else {
      this.#byte(0xf0 | type)
      this.#unsigned(items.length)
    }
    for (const item of items) {
      if (isBoolean(type)) this.#byte(item === true ? thriftTypes.true : thriftTypes.false)
      else this.#value(type, item)
    }
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  #unsigned(value: number): void {
    let remaining = value
    while (remaining >= 128) {
      this.#byte((remaining % 128) | 0x80)
      remaining = Math.floor(remaining / 128)
    }
    this.#byte(remaining)
  }

  #whole(value: number): void {
    this.#unsigned(value < 0 ? -2 * value - 1 : 2 * value)
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const enlarged = Buffer.alloc(2 * (this.#at + count))
    enlarged.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = enlarged
  }
}

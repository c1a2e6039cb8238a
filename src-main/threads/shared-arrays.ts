// Typed arrays in memory that all threads see.

export const sharedFloats = (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(length * 8))

export const sharedSingles = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(length * 4))

export const sharedIntegers = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4))

export const sharedCounts = (length: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(length * 4))

/** The same numbers in memory that all threads see. */
export const shareFloats = (values: Float64Array): Float64Array => {
  const shared = sharedFloats(values.length)
  shared.set(values)
  return shared
}

/** Gives shared arrays that may be overwritten when the next ones are asked for: V8 frees shared memory late, and each thread must have let go of it. */
export class ReusedArrays {
  readonly #buffers = new Map<string, SharedArrayBuffer>()

  /** `length` single-precision numbers. `name`: arrays of different names do not share memory. */
  singles(name: string, length: number): Float32Array {
    return new Float32Array(this.#bufferOf(name, length * 4), 0, length)
  }

  /** As many integers of 32 bits. */
  integers(name: string, length: number): Int32Array {
    return new Int32Array(this.#bufferOf(name, length * 4), 0, length)
  }

  #bufferOf(name: string, bytes: number): SharedArrayBuffer {
    const known = this.#buffers.get(name)
    const buffer = known !== undefined && known.byteLength >= bytes ? known : new SharedArrayBuffer(bytes)
    this.#buffers.set(name, buffer)
    return buffer
  }
}
